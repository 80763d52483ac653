"""Make .venv with the locked dependencies and churnlab itself: python3 tools/bootstrap.py [--dev] [--spark].

Standard library only, and text that an older Python can still parse, so that it gets as far as saying what is needed.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python is told so in one line
    sys.exit(
        f"churnlab needs Python 3.11 or newer, not {sys.version_info[0]}.{sys.version_info[1]} ({sys.executable}). "
        "Name a newer one, for example: make studies PYTHON=python3.12"
    )

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "churnlab-set-up"
LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
SPARK_LOCK = ROOT / "requirements-spark.lock"
SPARK_STAMP = VENV / "churnlab-spark"


class SetUpError(Exception):
    """What stopped the set-up, in one line."""


def main() -> int:
    """Bring .venv up to date; return the exit code."""
    parser = argparse.ArgumentParser(description="Make .venv with the locked dependencies and churnlab itself.")
    parser.add_argument("--dev", action="store_true", help="also what the tests, the checks and JupyterLab need")
    parser.add_argument("--spark", action="store_true", help="also Spark, for its tests (some 435 MB)")
    options = parser.parse_args()
    try:
        set_up(dev=options.dev)
        if options.spark:
            add_spark()
    except (SetUpError, OSError) as error:
        print(f"Set-up stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Set-up interrupted; the same command starts it again.", file=sys.stderr)
        return 130
    return 0


def set_up(*, dev: bool) -> None:
    """Install what is missing; do nothing where the stamp says that nothing is."""
    present = STAMP.read_text(encoding="utf-8") if STAMP.is_file() and PYTHON.exists() else ""
    sufficient = [DEV_LOCK] if dev else [LOCK, DEV_LOCK]
    if present in [stamp_for(lock) for lock in sufficient]:
        return
    uv = shutil.which("uv")
    if not present.startswith(f"{ROOT}\n") or not (uv or has_pip()):
        make_venv(with_pip=uv is None)
    install(sufficient[0], uv)
    STAMP.write_text(stamp_for(sufficient[0]), encoding="utf-8")


def add_spark() -> None:
    """Install Spark beside what is there, unless its own stamp says that it is."""
    if SPARK_STAMP.is_file() and SPARK_STAMP.read_text(encoding="utf-8") == stamp_for(SPARK_LOCK):
        return
    install(SPARK_LOCK, shutil.which("uv"))
    SPARK_STAMP.write_text(stamp_for(SPARK_LOCK), encoding="utf-8")


def stamp_for(lock: Path) -> str:
    """Return what the stamp says once `lock` is installed: this folder, and a digest of all that decides the rest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    decisive = [project["build-system"], project["project"], project["tool"]["hatch"]]
    digest = hashlib.sha256(lock.read_bytes() + json.dumps(decisive, sort_keys=True).encode())
    return f"{ROOT}\n{digest.hexdigest()}\n"


def has_pip() -> bool:
    """Whether .venv can install without uv."""
    return any(VENV.glob("lib/python*/site-packages/pip/__main__.py"))


def make_venv(*, with_pip: bool) -> None:
    """Make an empty .venv in place of whatever stands there, which is absent, unfinished or was made elsewhere."""
    if with_pip and importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        packages = f"python3-venv python{version}-venv"
        raise SetUpError(f"Python's venv module has no pip here. On Debian or Ubuntu: sudo apt install {packages}")
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        print("Removing the present .venv: it is unfinished, or was not made here.", flush=True)
        shutil.rmtree(VENV)
    options = [] if with_pip else ["--without-pip"]
    run("Making .venv", [sys.executable, "-m", "venv", *options, str(VENV)])


def install(lock: Path, uv: str | None) -> None:
    """Install the locked dependencies, then this folder as the package churnlab."""
    if uv:
        tool, duration = [uv, "pip", "install", "--python", str(PYTHON), "--compile-bytecode"], "half a minute with uv"
    else:
        tool, duration = [str(PYTHON), "-m", "pip", "install"], "one or two minutes with pip"
    print(f"This is done once and takes {duration}.", flush=True)
    run(f"Installing the packages of {lock.name}", [*tool, "--quiet", "--require-hashes", "-r", str(lock)])
    run("Linking churnlab", [*tool, "--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT)])


def run(task: str, command: list[str]) -> None:
    """Run a command, with the seconds counted on a terminal; what it complains about stays visible."""
    ignored = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"}
    environment = {name: value for name, value in os.environ.items() if name not in ignored}
    environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_USER": "0"}
    print(f"{task} ...", flush=True)
    started = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL) as process:
        while process.poll() is None:
            time.sleep(0.1)
            if sys.stderr.isatty():
                print(f"\r{time.monotonic() - started:.0f} s \r", end="", file=sys.stderr, flush=True)
    if process.returncode:
        raise SetUpError(f"'{task}' failed, for the reason above. Is the package index within reach (network, proxy)?")


if __name__ == "__main__":
    sys.exit(main())

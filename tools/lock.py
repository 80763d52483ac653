"""Make the locks and environment.yml from pyproject.toml: python tools/lock.py [--upgrade].

For maintainers; needs uv. Without --upgrade, a pin that still fits stays as it is.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REGENERATE = "# Made from pyproject.toml by: python tools/lock.py (--upgrade takes newer releases)\n"
LOCK, DEV_LOCK, SPARK_LOCK = "requirements.lock", "requirements-dev.lock", "requirements-spark.lock"
ENVIRONMENT = "environment.yml"
CONTENTS = {
    LOCK: "# What the studies and their sample data need, and what it takes to install churnlab itself.\n",
    DEV_LOCK: f"# The pins of {LOCK}, and those of the tests, the checks and JupyterLab.\n",
    SPARK_LOCK: f"# What the tests on Spark need beside {DEV_LOCK}.\n",
}
APART = {"scheduler"}
"""Extras that need an environment of their own: jupyter-scheduler holds the time zones at those of 2024."""
CONDA = """\
#   conda env create -f environment.yml && conda activate churnlab
# conda brings Python, pip and make; pip brings the pins of requirements-dev.lock, without hashes,
# because pip refuses an editable package (the last line) beside hashes.
name: churnlab
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - make
  - pip:
"""


def main() -> None:
    """Write the four files, then check that the extras outside them can be added."""
    parser = argparse.ArgumentParser(description="Make the locks and environment.yml from pyproject.toml.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest releases that fit")
    upgrade = ["--upgrade"] if parser.parse_args().upgrade else []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = "\n".join(project["build-system"]["requires"])
    spark = "\n".join(project["project"]["optional-dependencies"]["spark"])
    write_lock(LOCK, build, ["pyproject.toml", *upgrade, "--extra", "samples"])
    write_lock(DEV_LOCK, build, ["pyproject.toml", *upgrade, *extras("samples", "lab", "dev"), "--constraint", LOCK])
    write_lock(SPARK_LOCK, spark, [*upgrade, "--constraint", DEV_LOCK])
    write_environment(project["project"])
    added = extras(*sorted(set(project["project"]["optional-dependencies"]) - APART))
    resolve(build, ["pyproject.toml", *added, "--constraint", DEV_LOCK, "--constraint", SPARK_LOCK])


def extras(*names: str) -> list[str]:
    """Return uv's options for some extras."""
    return [part for name in names for part in ("--extra", name)]


def resolve(requirements: str, options: list[str]) -> None:
    """Let uv solve requirements, and files among the options, for every platform and Python from 3.11 on."""
    command = ["uv", "pip", "compile", "-", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--fork-strategy", "fewest", "--no-emit-index-url", "--no-annotate", "--no-header", *options]
    try:
        done = subprocess.run(command, cwd=ROOT, input=requirements, text=True, stdout=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        sys.exit("uv is not on the PATH; it can be had with: pip install uv")
    if done.returncode:
        sys.exit(f"uv found no solution with the options {' '.join(options)}")


def write_lock(name: str, requirements: str, options: list[str]) -> None:
    """Write a requirements file of pins with their hashes."""
    resolve(requirements, ["--generate-hashes", "--output-file", name, *options])
    path = ROOT / name
    path.write_text(REGENERATE + CONTENTS[name] + path.read_text(encoding="utf-8"), encoding="utf-8")


def write_environment(project: dict) -> None:
    """Write the pins for conda's pip section: first those that pyproject.toml names."""
    lock = (ROOT / DEV_LOCK).read_text(encoding="utf-8")
    pins = [line.removesuffix(" \\") for line in lock.splitlines() if "==" in line]
    optional = project["optional-dependencies"]
    named = {
        name_of(line) for line in [*project["dependencies"], *optional["samples"], *optional["lab"], *optional["dev"]]
    }
    direct = [f"      - {pin}\n" for pin in pins if name_of(pin) in named]
    others = [f"      - {pin}\n" for pin in pins if name_of(pin) not in named]
    first, second = "      # named in pyproject.toml\n", "      # what these need\n"
    text = "".join([REGENERATE, CONDA, first, *direct, second, *others, "      - -e .\n"])
    (ROOT / ENVIRONMENT).write_text(text, encoding="utf-8")


def name_of(requirement: str) -> str:
    """Return the package's name in a requirement, as locks spell it."""
    return re.split(r"[^\w.-]", requirement)[0].lower()


if __name__ == "__main__":
    main()

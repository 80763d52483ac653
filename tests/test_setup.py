"""pyproject.toml, the locks, environment.yml and the notebooks are in step; the set-up does what it says."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.lock", "requirements-dev.lock"]
SPARK_LOCK = "requirements-spark.lock"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

Bootstrap = Callable[..., subprocess.CompletedProcess[str]]


def read_pins(lock: str) -> dict[tuple[str, str], Requirement]:
    """Return every pin of a lock, by name and condition."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return by_name(line.removesuffix(" \\") for line in lines if line[:1] not in "# ")


def by_name(lines: Iterable[str]) -> dict[tuple[str, str], Requirement]:
    """Return requirements by name and condition."""
    requirements = [Requirement(line) for line in lines]
    return {(canonicalize_name(each.name), str(each.marker or "")): each for each in requirements}


def named_in_project(lock: str) -> list[Requirement]:
    """Return what pyproject.toml asks for and the lock must hold."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    lines = project["project"]["dependencies"] + project["build-system"]["requires"]
    return [Requirement(line) for line in (lines if lock == LOCKS[0] else lines + extras["lab"] + extras["dev"])]


@pytest.mark.parametrize("lock", LOCKS)
def test_truth_every_named_package_is_locked_within_its_range(lock: str) -> None:
    """A pin exists for each requirement of pyproject.toml and lies in its range."""
    pins = read_pins(lock)
    for wanted in named_in_project(lock):
        versions = [str(pin.specifier).removeprefix("==") for (name, _), pin in pins.items() if name == wanted.name]
        assert versions, f"{wanted} is not in {lock}"
        assert all(wanted.specifier.contains(version) for version in versions), f"{lock} breaks {wanted}"


@pytest.mark.parametrize("lock", [*LOCKS, SPARK_LOCK])
def test_truth_every_pin_has_hashes_and_no_address(lock: str) -> None:
    """A lock can be installed from any index, and only what was checked."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(read_pins(lock))
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_truth_dev_lock_holds_the_same_pins_and_more() -> None:
    """The tests run on the versions that the studies run on."""
    runtime, dev = ({name: pin.specifier for (name, _), pin in read_pins(lock).items()} for lock in LOCKS)
    assert runtime.items() < dev.items()


def test_truth_spark_lock_adds_to_the_dev_lock() -> None:
    """Spark is locked within its range, and its lock changes no pin of the tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (wanted,) = (Requirement(line) for line in project["project"]["optional-dependencies"]["spark"])
    spark, dev = (
        {name: pin.specifier for (name, _), pin in read_pins(lock).items()} for lock in (SPARK_LOCK, LOCKS[1])
    )
    assert wanted.specifier.contains(str(spark[wanted.name]).removeprefix("=="))
    assert {name: dev[name] for name in spark if name in dev} == {name: spark[name] for name in spark if name in dev}


def test_truth_conda_users_get_the_pins_of_the_dev_lock() -> None:
    """environment.yml lists every pin of the dev lock, then churnlab itself."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, *_, pip = environment["dependencies"]
    assert environment["name"] == "churnlab"
    assert python.startswith("python=3.1")
    assert pip["pip"][-1] == "-e ."
    assert by_name(pip["pip"][:-1]) == read_pins(LOCKS[1])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_truth_notebook_is_kept_without_outputs(notebook: Path) -> None:
    """A notebook is kept as it is before its first run: no outputs, no execution counts."""
    code = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [cell["source"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_truth_notebook_has_one_parameters_cell(notebook: Path) -> None:
    """The cell tagged `parameters` is a study's interface."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tagged = [cell["cell_type"] for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    assert tagged == ["code"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of what the set-up reads, in a folder whose name has a space."""
    folder = tmp_path / "a project"
    (folder / "tools").mkdir(parents=True)
    for name in ["pyproject.toml", *LOCKS, SPARK_LOCK, "tools/bootstrap.py"]:
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def bootstrap(folder: Path) -> Bootstrap:
    """Return a function that runs the set-up with a stand-in for uv, which notes its arguments in `calls`."""
    (folder / "bin").mkdir()
    uv = folder / "bin" / "uv"
    uv.write_text('#!/bin/sh\necho "$@" >> calls\nexit ${UV_EXIT:-0}\n', encoding="utf-8")
    uv.chmod(0o755)

    def run(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "tools/bootstrap.py", *options]
        environment = os.environ | {"PATH": f"{folder / 'bin'}:/bin:/usr/bin"} | variables
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    return run


def calls_of_uv(folder: Path) -> int:
    """Return how often the stand-in for uv was called."""
    return len((folder / "calls").read_text(encoding="utf-8").splitlines())


def test_invariant_second_set_up_does_nothing(folder: Path, bootstrap: Bootstrap) -> None:
    """What is installed is not installed again, and nothing is said about it."""
    assert bootstrap("--dev").returncode == 0
    again = bootstrap()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert calls_of_uv(folder) == 2


def test_invariant_set_up_follows_the_lock(folder: Path, bootstrap: Bootstrap) -> None:
    """A changed lock is installed; so is the rest when the tests are wanted after the studies."""
    bootstrap()
    bootstrap("--dev")
    assert calls_of_uv(folder) == 4
    (folder / LOCKS[1]).write_text("", encoding="utf-8")
    bootstrap("--dev")
    assert calls_of_uv(folder) == 6


def test_invariant_spark_is_added_once(folder: Path, bootstrap: Bootstrap) -> None:
    """Spark comes beside what the tests need, once; the ordinary set-up after it has nothing to do."""
    assert bootstrap("--dev", "--spark").returncode == 0
    assert SPARK_LOCK in (folder / "calls").read_text(encoding="utf-8")
    assert calls_of_uv(folder) == 4
    for options in (["--dev", "--spark"], ["--dev"]):
        assert bootstrap(*options).stdout == ""
    assert calls_of_uv(folder) == 4


def test_invariant_unfinished_environment_is_made_again(folder: Path, bootstrap: Bootstrap) -> None:
    """A .venv whose set-up was cut short is not trusted."""
    debris = folder / ".venv" / "debris"
    debris.parent.mkdir()
    debris.touch()
    assert bootstrap().returncode == 0
    assert not debris.exists()


def test_invariant_failed_top_up_leaves_what_worked(folder: Path, bootstrap: Bootstrap) -> None:
    """Without a network the tests cannot be set up, but the studies still run."""
    bootstrap()
    assert bootstrap("--dev", UV_EXIT="2").returncode == 1
    assert bootstrap().stdout == ""


def test_input_failed_installation_ends_in_one_line(bootstrap: Bootstrap) -> None:
    """When packages cannot be installed, the last word is ours and no traceback precedes it."""
    failed = bootstrap(UV_EXIT="2")
    assert failed.returncode == 1
    assert failed.stderr == (
        "Set-up stopped: 'Installing the packages of requirements.lock' failed, for the reason above. "
        "Is the package index within reach (network, proxy)?\n"
    )


def test_input_python_without_pip_names_the_package_to_install(folder: Path) -> None:
    """Debian's Python without python3-venv gets one line that says what to install."""
    program = (
        "import runpy, sys; sys.modules['ensurepip'] = None; runpy.run_path('tools/bootstrap.py', run_name='__main__')"
    )
    failed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert failed.returncode == 1
    assert failed.stderr == (
        "Set-up stopped: Python's venv module has no pip here. "
        f"On Debian or Ubuntu: sudo apt install python3-venv python{version}-venv\n"
    )
    assert not (folder / ".venv").exists()

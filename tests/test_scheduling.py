"""The examples of docs/scheduling.md: each is run as it stands, but for the folder."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

from churnlab.studies.relative_dates import resolve_date

PAGE = (Path(__file__).parents[1] / "docs" / "scheduling.md").read_text(encoding="utf-8")
FOLDER = "/srv/retention"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project with a plan, a small study, and a `.venv` that is this one."""
    code = {"cell_type": "code", "execution_count": None, "outputs": [], "metadata": {}}
    parameters = {**code, "metadata": {"tags": ["parameters"]}, "source": "factor: int = 2  # any [1, 9]"}
    body = {**code, "source": "from churnlab import studies\nstudies.open_study('tiny').value('f', 'F', factor)"}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = {"cells": [parameters, body], "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}
    for folder in ("notebooks", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "notebooks" / "tiny.ipynb").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "studies.toml").write_text("[[study]]\nname = 'tiny'\n", encoding="utf-8")
    program = tmp_path / ".venv" / "bin" / "churnlab"
    start = f'exec {shlex.quote(sys.executable)} -c "from churnlab.cli import main; main()" "$@"'
    program.write_text(f"#!/bin/sh\n{start}\n", encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def runs_of(project: Path) -> list[Path]:
    return list(project.glob("runs/tiny/*/report.html"))


def test_truth_cron_line_runs_the_plan(project: Path) -> None:
    """The line has five fields of time, no per cent sign, and a command that a shell can run from anywhere."""
    line = blocks("cron")[0].splitlines()[1]
    command = line.split(maxsplit=5)[5]
    assert re.fullmatch(r"15 2 \* \* \* ", line.removesuffix(command))
    assert "%" not in command
    done = subprocess.run(["/bin/sh", "-c", command.replace(FOLDER, str(project))], cwd="/", check=False)
    assert (done.returncode, len(runs_of(project))) == (0, 1)
    (project / "studies.toml").write_text("[[study]]\nname = 'none'\n", encoding="utf-8")
    told = command.replace(FOLDER, str(project)).replace("mail -s", "echo")
    done = subprocess.run(["/bin/sh", "-c", told], capture_output=True, text=True, check=False)
    assert "studies failed" in done.stdout


def test_truth_systemd_service_runs_the_plan(project: Path, tmp_path: Path) -> None:
    """The service's command runs the plan in its folder; systemd itself finds nothing wrong, where it is there."""
    units = {block.splitlines()[0].removeprefix("# "): block for block in blocks("ini")}
    assert set(units) == {"studies.service", "studies.timer"}
    fields = dict(line.split("=", 1) for line in units["studies.service"].splitlines() if "=" in line)
    command, folder = (fields[name].replace(FOLDER, str(project)) for name in ("ExecStart", "WorkingDirectory"))
    done = subprocess.run(command.split(), cwd=folder, check=False)
    assert (done.returncode, len(runs_of(project))) == (0, 1)
    if program := shutil.which("systemd-analyze"):
        for name, text in units.items():
            (tmp_path / name).write_text(text.replace(FOLDER, str(project)), encoding="utf-8")
        paths = [str(tmp_path / name) for name in units]
        done = subprocess.run([program, "verify", *paths], capture_output=True, text=True, check=False)
        assert "studies" not in done.stderr


def test_truth_workflow_uses_the_commands_of_the_readme() -> None:
    """The workflow is YAML, and runs what the README tells to run."""
    workflow = yaml.safe_load(blocks("yaml")[0])
    [command] = [step["run"] for step in workflow["jobs"]["studies"]["steps"] if "run" in step]
    makefile = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
    assert f"\n{command.removeprefix('make ')}:" in makefile


def test_truth_plan_of_the_page_is_a_plan() -> None:
    """The page's plan names a study of the kit, parameters that it has, and a date in words."""
    from churnlab.studies import find_study

    plan = tomllib.loads(blocks("toml")[0])
    [study] = plan["study"]
    declared = {parameter.name for parameter in find_study(study["name"]).parameters}
    assert set(study["parameters"]) | set(plan["defaults"]) <= declared
    assert resolve_date(study["parameters"]["as_of"], date(2024, 2, 15)) == date(2024, 2, 1)


def test_truth_papermill_alone_gives_the_same_numbers(project: Path) -> None:
    """`papermill notebook out -p name value` runs a study unchanged, and shows what the run folder would hold."""
    assert "papermill notebooks/" in PAGE
    command = [
        sys.executable,
        "-m",
        "papermill",
        "notebooks/tiny.ipynb",
        "out.ipynb",
        "-p",
        "factor",
        "7",
        "-k",
        "python3",
    ]
    subprocess.run(
        command, cwd=project, check=True, capture_output=True, env={**os.environ, "PYTHONWARNINGS": "ignore"}
    )
    cells = json.loads((project / "out.ipynb").read_text(encoding="utf-8"))["cells"]
    assert any("factor = 7" in "".join(cell["source"]) for cell in cells)
    assert not (project / "runs").exists()

"""Runs a study: checks what it is given, executes it, and leaves a run folder, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from churnlab.errors import DataError
from churnlab.studies.address import address_of, ingredients
from churnlab.studies.catalogue import Study, find_study
from churnlab.studies.execution import Progress, execute
from churnlab.studies.folder import one_at_a_time, publish, staging, sweep
from churnlab.studies.inputs import Input, check_unchanged, find_inputs, link_inputs
from churnlab.studies.judgement import Execution
from churnlab.studies.manifest import describe, log_of, write_json, write_records
from churnlab.studies.report import write_report
from churnlab.studies.secrets import refuse_secrets
from churnlab.studies.stopping import Stop
from churnlab.studies.values import check_values

EXIT_CODES = {"done": 0, "unchanged": 0, "failed": 1, "data": 2, "timeout": 124}


@dataclass(frozen=True, kw_only=True, eq=False)
class RunResult:
    """What became of a run: its status, its folder, and why in one line if it failed."""

    study: str
    address: str
    status: Literal["done", "unchanged", "failed", "data", "timeout"]
    folder: Path
    message: str
    seconds: float

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return EXIT_CODES[self.status]


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """A study with everything decided: its values, its files, and so its address."""

    study: Study
    values: dict[str, Any]
    inputs: tuple[Input, ...]
    parts: dict[str, str]
    code: bool

    @property
    def address(self) -> str:
        """The fingerprint of all that decides the outcome."""
        return address_of(self.parts)


def run(
    study: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    out: str | Path = "runs",
    notebooks: str | Path | None = None,
    code: bool = False,
    force: bool = False,
    timeout: float | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> RunResult:
    """Run a study, unless the very same run is there already.

    Parameters
    ----------
    study : str
        The name of a notebook, without its ending.
    parameters : mapping, optional
        Values by name; what is not given keeps its default.
    out : path
        The folder of all runs.
    notebooks : path, optional
        Where the studies are, as in ``find_studies``.
    code : bool
        Whether the report shows the code.
    force : bool
        Whether to run again what was run before.
    timeout : float, optional
        Seconds that the notebook may take.
    progress : callable, optional
        Called with the number of cells done and in all.
    stop : Stop, optional
        Ends the run from another thread.

    Returns
    -------
    RunResult
        Where the run is and what became of it; a study that fails is a result, not an error.

    Raises
    ------
    ParameterError
        If there is no such study, or a parameter is unknown, of the wrong kind, out of range, or a missing file.
    KeyboardInterrupt
        If it was stopped.
    """
    task, stop = prepare(find_study(study, notebooks), parameters or {}, code=code), stop or Stop()
    home = Path(out) / study
    sweep(home)
    with one_at_a_time(home, task.address, stop):
        if (home / task.address).is_dir() and not force:
            return _result(task, "unchanged", home / task.address)
        return _run(task, home, force=force, timeout=timeout, progress=progress, stop=stop)


def _run(
    task: Task, home: Path, *, force: bool, timeout: float | None, progress: Progress | None, stop: Stop
) -> RunResult:
    with staging(home) as folder:
        started = datetime.now(UTC)
        built = folder / "run"
        outcome = build(task, folder, built, timeout=timeout, progress=progress, stop=stop)
        log = log_of(task.inputs, started)
        write_records(built, _description(task), {"status": outcome.status, "message": outcome.message}, log)
        return _publish(task, outcome, built, home, force=force, seconds=log["seconds"])


def prepare(study: Study, given: Mapping[str, Any], *, code: bool) -> Task:
    """Check what a study is given and fingerprint all that decides its outcome.

    Parameters
    ----------
    study : Study
        The study.
    given : mapping
        Values by name.
    code : bool
        Whether the report shows the code.

    Returns
    -------
    Task
        Ready to be executed.

    Raises
    ------
    ParameterError
        As for ``run``.
    """
    refuse_secrets(given)
    values = check_values(study.parameters, given)
    inputs = find_inputs(study.parameters, values)
    values |= {given.parameter: given.value for given in inputs}
    parts = ingredients(study.notebook, values, inputs, code=code)
    return Task(study=study, values=values, inputs=inputs, parts=parts, code=code)


def build(
    task: Task,
    folder: Path,
    built: Path,
    *,
    timeout: float | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Execution:
    """Execute a task and write everything of its run folder but the records.

    Parameters
    ----------
    task : Task
        What to execute.
    folder : Path
        A folder for what is needed only meanwhile.
    built : Path
        The run folder to make.
    timeout, progress, stop
        As for ``run``.

    Returns
    -------
    Execution
        The verdict.

    Raises
    ------
    OSError
        If the folders cannot be written.
    """
    built.mkdir()
    (folder / "scratch").mkdir()
    link_inputs(task.inputs, folder / "scratch")
    outcome = execute(
        task.study.notebook, task.values, workshop=folder, output=built, timeout=timeout, progress=progress, stop=stop
    )
    outcome = _recheck(task, outcome)
    write_json(built / "notebook.ipynb", outcome.notebook)
    if outcome.status == "done":
        write_report(built, _description(task), outcome.notebook)
    else:
        (built / "error.txt").write_text(f"{outcome.message}\n\n{outcome.traceback}".strip() + "\n", encoding="utf-8")
    return outcome


def _recheck(task: Task, outcome: Execution) -> Execution:
    """Let a run fail whose data changed under it, since its address would be false."""
    try:
        check_unchanged(task.inputs)
    except DataError as error:
        return Execution(status="data", message=str(error), traceback="", notebook=outcome.notebook)
    return outcome


def _publish(task: Task, outcome: Execution, built: Path, home: Path, *, force: bool, seconds: float) -> RunResult:
    failed = home / "failed" / task.address
    if outcome.status != "done":
        publish(built, failed, replace=True)
        return _result(task, outcome.status, failed, outcome.message, seconds)
    fresh = publish(built, home / task.address, replace=force)
    if failed.is_dir():
        failed.rename(built.parent / "past failure")  # goes with the staging folder
    return _result(task, "done" if fresh else "unchanged", home / task.address, "", seconds)


def _description(task: Task) -> dict[str, Any]:
    return describe(
        task.study.name,
        task.study.title,
        parts=task.parts,
        address=task.address,
        values=task.values,
        inputs=task.inputs,
        code=task.code,
    )


def _result(
    task: Task,
    status: Literal["done", "unchanged", "failed", "data", "timeout"],
    folder: Path,
    message: str = "",
    seconds: float = 0.0,
) -> RunResult:
    return RunResult(
        study=task.study.name, address=task.address, status=status, folder=folder, message=message, seconds=seconds
    )

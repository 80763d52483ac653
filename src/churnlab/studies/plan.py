"""Runs a list of studies, one after the other, from a plan in a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnlab.errors import ChurnlabError, ParameterError
from churnlab.studies.catalogue import find_study
from churnlab.studies.runner import RunResult, prepare, run

_KEYS = {"name", "parameters"}


@dataclass(frozen=True, kw_only=True)
class PlannedStudy:
    """One line of a plan: a study and the values that it is given."""

    name: str
    parameters: dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedRun:
    """What became of one line of a plan; a refusal has a message but no run."""

    planned: PlannedStudy
    result: RunResult | None
    message: str

    @property
    def status(self) -> str:
        """The run's status, or ``refused``."""
        return self.result.status if self.result else "refused"

    @property
    def exit_code(self) -> int:
        """What this line adds to the exit code of the plan."""
        return self.result.exit_code if self.result else 2


def read_plan(path: str | Path = "studies.toml") -> tuple[PlannedStudy, ...]:
    """Read a plan.

    Parameters
    ----------
    path : path
        A TOML file with ``[[study]]`` tables, each with ``name`` and ``parameters``; ``[defaults]`` are parameters
        for all of them.

    Returns
    -------
    tuple of PlannedStudy
        In the order of the file.

    Raises
    ------
    ParameterError
        If the file is missing, is not TOML, or holds anything else.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"the plan {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"the plan {path} is not valid TOML: {error}") from None
    studies, defaults = content.pop("study", []), content.pop("defaults", {})
    if content or not isinstance(studies, list) or not studies or not isinstance(defaults, dict):
        raise ParameterError(f"the plan {path} must hold [[study]] tables and, if wanted, one [defaults] table")
    return tuple(_planned(study, defaults, path) for study in studies)


def check_plan(plan: tuple[PlannedStudy, ...], *, notebooks: str | Path | None = None) -> tuple[str, ...]:
    """Find what would be refused, without running anything.

    Parameters
    ----------
    plan : tuple of PlannedStudy
        The plan.
    notebooks : path, optional
        Where the studies are.

    Returns
    -------
    tuple of str
        A line for every problem.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    problems = []
    for planned in plan:
        try:
            prepare(find_study(planned.name, notebooks), planned.parameters, code=False)
        except ChurnlabError as error:
            problems.append(f"{planned.name}: {error}")
    return tuple(problems)


def run_plan(plan: tuple[PlannedStudy, ...], **options: Any) -> Iterator[PlannedRun]:
    """Run the studies of a plan one after the other; one that fails does not stop the others.

    Parameters
    ----------
    plan : tuple of PlannedStudy
        The plan.
    **options
        As for ``run``.

    Yields
    ------
    PlannedRun
        As each is done.

    Raises
    ------
    OSError
        If the folder of runs cannot be written.
    """
    for planned in plan:
        try:
            result = run(planned.name, planned.parameters, **options)
        except ChurnlabError as error:
            yield PlannedRun(planned=planned, result=None, message=str(error))
        else:
            yield PlannedRun(planned=planned, result=result, message=result.message)


def worst_exit_code(runs: list[PlannedRun]) -> int:
    """Return the exit code of a whole plan: that of its worst study.

    Examples
    --------
    >>> worst_exit_code([])
    0
    """
    return max((run.exit_code for run in runs), key=[0, 2, 124, 1].index, default=0)


def _planned(study: Any, defaults: dict[str, Any], path: str | Path) -> PlannedStudy:
    own = study.get("parameters", {}) if isinstance(study, dict) else None
    if not isinstance(own, dict) or set(study) - _KEYS or not isinstance(study.get("name"), str):
        raise ParameterError(f"a [[study]] of the plan {path} needs a `name`, may have `parameters`, and no more")
    return PlannedStudy(name=study["name"], parameters={**defaults, **own})

"""Reads a plan: a list of studies in a TOML file, with shared values, matrices and dates in words."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from churnlab.errors import ChurnlabError, ParameterError
from churnlab.studies.catalogue import find_study
from churnlab.studies.relative_dates import resolve_dates
from churnlab.studies.runner import prepare


@dataclass(frozen=True, kw_only=True)
class PlannedStudy:
    """One run of a plan: a study, the values that it is given, and those that tell it from its siblings."""

    name: str
    parameters: dict[str, Any]
    varied: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The study's name and what is varied, in one line for messages."""
        varied = ", ".join(f"{name}={' '.join(str(value).split())}" for name, value in self.varied.items())
        return f"{self.name} ({varied})" if varied else self.name


def read_plan(path: str | Path = "studies.toml") -> tuple[PlannedStudy, ...]:
    """Read a plan.

    Parameters
    ----------
    path : path
        A TOML file with ``[[study]]`` tables, each with ``name``, ``parameters`` and ``matrix``, which lists values
        for some parameters: every combination is a run. ``[defaults]`` are parameters for all studies.

    Returns
    -------
    tuple of PlannedStudy
        In the order of the file; the last parameter of a matrix varies fastest.

    Raises
    ------
    ParameterError
        If the file is missing, is not TOML, or holds anything else, or the same run twice.
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
    plan = tuple(planned for study in studies for planned in _planned(study, defaults, path))
    for place, planned in enumerate(plan):
        if planned in plan[:place]:
            raise ParameterError(f"the plan {path} holds the same run twice: {planned.label}")
    return plan


def choose(plan: tuple[PlannedStudy, ...], names: tuple[str, ...]) -> tuple[PlannedStudy, ...]:
    """Return the runs of some studies only.

    Parameters
    ----------
    plan : tuple of PlannedStudy
        The plan.
    names : tuple of str
        Studies; none means all.

    Returns
    -------
    tuple of PlannedStudy
        In the order of the plan.

    Raises
    ------
    ParameterError
        If the plan has no such study.
    """
    known = sorted({planned.name for planned in plan})
    missing = [name for name in names if name not in known]
    if missing:
        raise ParameterError(f"the plan has no study {', '.join(missing)}; it has: {', '.join(known)}")
    return tuple(planned for planned in plan if not names or planned.name in names)


def with_dates(planned: PlannedStudy, today: date, notebooks: str | Path | None = None) -> PlannedStudy:
    """Return a run with dates in place of words such as ``month-start``.

    Parameters
    ----------
    planned : PlannedStudy
        A run of a plan.
    today : date
        The day that the words are about.
    notebooks : path, optional
        Where the studies are.

    Returns
    -------
    PlannedStudy
        The same, with plain values.

    Raises
    ------
    ParameterError
        If there is no such study, or a date leaves the calendar.
    """
    declared = find_study(planned.name, notebooks).parameters
    parameters = resolve_dates(declared, planned.parameters, today)
    varied = {name: parameters[name] for name in planned.varied}
    return PlannedStudy(name=planned.name, parameters=parameters, varied=varied)


def check_plan(plan: tuple[PlannedStudy, ...], *, today: date, notebooks: str | Path | None = None) -> tuple[str, ...]:
    """Find what would be refused, without running anything.

    Parameters
    ----------
    plan : tuple of PlannedStudy
        The plan.
    today : date
        The day that relative dates are about.
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
            parameters = with_dates(planned, today, notebooks).parameters
            prepare(find_study(planned.name, notebooks), parameters, code=False)
        except ChurnlabError as error:
            problems.append(f"{planned.label}: {error}")
    return tuple(problems)


def _planned(study: Any, defaults: Mapping[str, Any], path: str | Path) -> Iterator[PlannedStudy]:
    kinds = {"name": str, "parameters": dict, "matrix": dict}
    if not isinstance(study, dict) or set(study) - set(kinds) or "name" not in study:
        raise ParameterError(_form_of_study(path))
    if not all(isinstance(value, kinds[key]) for key, value in study.items()):
        raise ParameterError(_form_of_study(path))
    own, matrix = study.get("parameters", {}), study.get("matrix", {})
    _check_matrix(study["name"], matrix, own, path)
    for values in itertools.product(*matrix.values()):
        varied = dict(zip(matrix, values, strict=True))
        yield PlannedStudy(name=study["name"], parameters={**defaults, **own, **varied}, varied=varied)


def _form_of_study(path: str | Path) -> str:
    return f"a [[study]] of the plan {path} needs a `name`, may have `parameters` and `matrix`, and no more"


def _check_matrix(name: str, matrix: Mapping[str, Any], own: Mapping[str, Any], path: str | Path) -> None:
    for parameter, values in matrix.items():
        if not isinstance(values, list) or not values:
            raise ParameterError(f"{name} in the plan {path}: the matrix must give a list of values for `{parameter}`")
        if parameter in own:
            raise ParameterError(f"{name} in the plan {path}: `{parameter}` stands both in parameters and in matrix")

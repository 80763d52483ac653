"""The course of a study's headline numbers over its runs, each drawn as a line small enough for a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WIDTH, _HEIGHT, _MARGIN = 132, 34, 4


@dataclass(frozen=True, kw_only=True)
class Course:
    """A number's latest value and the points (x, low, estimate, high) of its line in a box of 132 by 34."""

    label: str
    latest: Mapping[str, Any]
    line: str
    band: str
    end: tuple[float, float]
    alt: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """Runs of a study that differ in dates and data only, the newest first, and the courses of their numbers."""

    name: str
    runs: Sequence[Mapping[str, Any]]
    courses: Sequence[Course]


def to_series(runs: Sequence[Mapping[str, Any]], varied: Sequence[str]) -> list[Series]:
    """Group the runs of a study into series.

    Parameters
    ----------
    runs : sequence of mapping
        Runs with ``parameters`` and ``headlines``, newest first.
    varied : sequence of str
        The parameters in which any of them differ.

    Returns
    -------
    list of Series
        In the order of their newest runs. Dates do not tell series apart: they are what a course runs over.

    Raises
    ------
    Nothing
        Any records will do.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        groups.setdefault(_name(run["parameters"], varied), []).append(run)
    return [Series(name=name, runs=group, courses=_courses(group)) for name, group in groups.items()]


def is_overtaken(failure: Mapping[str, Any], done: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the study of a failure was done later, with parameters that differ in dates only.

    Parameters
    ----------
    failure : mapping
        A failed run, with ``study``, ``parameters`` and ``began``.
    done : sequence of mapping
        Runs that are done.

    Returns
    -------
    bool
        A parameter that only one of the two runs has does not count.

    Raises
    ------
    Nothing
        Any records will do.
    """
    later = (run for run in done if run["study"] == failure["study"] and run["began"] > failure["began"])
    return any(_are_alike(run["parameters"], failure["parameters"]) for run in later)


def _are_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    pairs = [(one[name], other[name]) for name in one if name in other]
    return all(a == b or all(_DAY.fullmatch(str(value)) for value in (a, b)) for a, b in pairs)


def _name(parameters: Mapping[str, Any], varied: Sequence[str]) -> str:
    told = {name: parameters.get(name) for name in varied if not _DAY.fullmatch(str(parameters.get(name)))}
    return ", ".join(f"{name}: {value}" for name, value in told.items() if value is not None)


def _courses(runs: Sequence[Mapping[str, Any]]) -> list[Course]:
    return [_course(key, list(reversed(runs))) for key in runs[0]["headlines"]]


def _course(key: str, runs: Sequence[Mapping[str, Any]]) -> Course:
    numbers = [run["headlines"][key] for run in runs if key in run["headlines"]]
    known = [number for number in numbers if number["estimate"] is not None]
    latest = numbers[-1]
    if len(known) < 2:
        return Course(label=latest["label"], latest=latest, line="", band="", end=(0.0, 0.0), alt="")
    rows = [(_or(number["low"], number), number["estimate"], _or(number["high"], number)) for number in known]
    floor, ceiling = min(low for low, _, _ in rows), max(high for _, _, high in rows)
    across = [_MARGIN + place * (_WIDTH - 2 * _MARGIN) / (len(rows) - 1) for place in range(len(rows))]
    low, middle, high = ([_height(row[part], floor, ceiling) for row in rows] for part in range(3))
    line = list(zip(across, middle, strict=True))
    band = [*zip(across, high, strict=True), *reversed(list(zip(across, low, strict=True)))]
    return Course(
        label=latest["label"],
        latest=latest,
        line=_points(line),
        band=_points(band),
        end=line[-1],
        alt=f"{latest['label']} over {len(rows)} runs",
    )


def _or(value: float | None, number: Mapping[str, Any]) -> float:
    return float(number["estimate"] if value is None else value)


def _height(value: float, floor: float, ceiling: float) -> float:
    share = (value - floor) / (ceiling - floor) if ceiling > floor else 0.5
    return _MARGIN + (1 - share) * (_HEIGHT - 2 * _MARGIN)


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)

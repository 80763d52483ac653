"""Compares two runs of a study: what went in, and which headline number moved by more than it should."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from churnlab.errors import ParameterError
from churnlab.studies.manifest import Record, read_run

Verdict = Literal["same", "within", "moved", "unknown", "new", "gone"]

WORDS: dict[Verdict, str] = {
    "same": "the same",
    "within": "within what its interval allows",
    "moved": "moved by more than its interval allows",
    "unknown": "has no interval to judge it by",
    "new": "new",
    "gone": "no longer put out",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that went into the runs and is not the same in both."""

    kind: Literal["parameter", "data", "version", "code"]
    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Move:
    """A number of both runs, as results.json keeps it; `difference` is after less before."""

    key: str
    label: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    headline: bool
    difference: float | None
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs of a study: their folders and starts, what differs in what went in, and what came out."""

    study: str
    title: str
    before: Path
    after: Path
    started: tuple[str, str]
    changes: tuple[Change, ...]
    moves: tuple[Move, ...]

    @property
    def flagged(self) -> tuple[Move, ...]:
        """The headline numbers that moved by more than they should, appeared or went."""
        return tuple(move for move in self.moves if move.headline and move.verdict in ("moved", "new", "gone"))


def compare_runs(before: str | Path, after: str | Path) -> Comparison:
    """Compare two runs of the same study.

    Parameters
    ----------
    before, after : path
        Two run folders.

    Returns
    -------
    Comparison
        What went in and differs; every number with its difference and whether its intervals allow it.

    Raises
    ------
    ParameterError
        If a folder holds no finished run, or the runs are of different studies.

    Notes
    -----
    A difference is more than the intervals allow if it exceeds √(a² + b²), with a and b the arms of the two intervals
    that point at each other: for normal estimates from independent data, a test at the level of the intervals. Two
    runs that share data vary less than that, so that the rule errs on the quiet side; two runs of the same data and
    parameters must agree to a millionth.
    """
    first, second = _finished(before), _finished(after)
    names = (first.manifest["study"], second.manifest["study"])
    if names[0] != names[1]:
        raise ParameterError(f"these are runs of different studies: {names[0]} and {names[1]}")
    changes = tuple(_changes(first.manifest, second.manifest))
    same_input = not any(change.kind in ("parameter", "data") for change in changes)
    return Comparison(
        study=names[0],
        title=second.manifest["title"],
        before=first.folder,
        after=second.folder,
        started=(first.log["started"], second.log["started"]),
        changes=changes,
        moves=tuple(_moves(first.results, second.results, same_input=same_input)),
    )


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain JSON values."""
    return {
        "study": comparison.study,
        "before": {"run": str(comparison.before), "started": comparison.started[0]},
        "after": {"run": str(comparison.after), "started": comparison.started[1]},
        "changes": [vars(change) for change in comparison.changes],
        "numbers": [vars(move) for move in comparison.moves],
        "flagged": [move.key for move in comparison.flagged],
    }


def write_page(comparison: Comparison, path: Path) -> None:
    """Write a comparison as a page that works from the disk.

    Raises
    ------
    ParameterError
        If the page cannot be written.
    """
    from jinja2 import Environment, FileSystemLoader

    from churnlab.studies.report import TEMPLATES, prepare_environment

    environment = Environment(loader=FileSystemLoader([TEMPLATES, TEMPLATES / "report"]), autoescape=True)
    prepare_environment(environment)
    page = environment.get_template("compare.html.j2").render(comparison=comparison, words=WORDS)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ParameterError(f"the page {path} cannot be written: {error.strerror}") from None


def _finished(folder: str | Path) -> Record:
    record = read_run(folder)
    if record.manifest["status"] != "done":
        raise ParameterError(f"{folder} is a failed run: it has no numbers to compare")
    return record


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    found = [Change(kind="parameter", name=name, before=old, after=new) for name, old, new in _unequal(before, after)]
    for name in dict.fromkeys((*before["data"], *after["data"])):
        old, new = (manifest["data"].get(name, []) for manifest in (before, after))
        if [file["sha256"] for file in old] != [file["sha256"] for file in new]:
            found.append(Change(kind="data", name=name, before=_data(old), after=_data(new)))
    versions = _unequal(before, after, "versions")
    found += [Change(kind="version", name=name, before=old, after=new) for name, old, new in versions]
    for part, words in (("notebook", "the study's notebook"), ("package", "churnlab's own code")):
        old, new = before["ingredients"].get(part, ""), after["ingredients"].get(part, "")
        if old != new:
            found.append(Change(kind="code", name=words, before=old[:8], after=new[:8]))
    return found


def _unequal(
    before: Mapping[str, Any], after: Mapping[str, Any], part: str = "parameters"
) -> list[tuple[str, str, str]]:
    names = dict.fromkeys((*before[part], *after[part]))
    pairs = [(name, before[part].get(name), after[part].get(name)) for name in names]
    return [(name, str(old), str(new)) for name, old, new in pairs if old != new]


def _data(files: list[Mapping[str, Any]]) -> str:
    size = sum(file["bytes"] for file in files)
    return (
        f"{Path(files[0]['name']).name}, {size:,} bytes" if len(files) == 1 else f"{len(files)} files, {size:,} bytes"
    )


def _moves(before: Mapping[str, Any], after: Mapping[str, Any], *, same_input: bool) -> list[Move]:
    old, new = before.get("numbers", {}), after.get("numbers", {})
    moves = [_move(key, old.get(key), new.get(key), same_input=same_input) for key in dict.fromkeys((*new, *old))]
    return sorted(moves, key=lambda move: not move.headline)


def _move(key: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, *, same_input: bool) -> Move:
    latest: Mapping[str, Any] = new or old or {}
    known = old is not None and new is not None and None not in (old["estimate"], new["estimate"])
    return Move(
        key=key,
        label=latest["label"],
        before=old,
        after=new,
        headline=bool(latest["headline"]),
        difference=new["estimate"] - old["estimate"] if known and old and new else None,
        verdict=_verdict(old, new, same_input=same_input),
    )


def _verdict(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, *, same_input: bool) -> Verdict:
    if old is None or new is None:
        return "new" if old is None else "gone"
    before, after = old["estimate"], new["estimate"]
    if before is None or after is None:
        return "same" if before == after else "moved"
    if math.isclose(before, after, rel_tol=1e-6, abs_tol=1e-12):
        return "same"
    if same_input:
        return "moved"
    arms = [_arm(old, upwards=after > before), _arm(new, upwards=after < before)]
    if None in arms:
        return "unknown"
    return "moved" if abs(after - before) > math.hypot(*(arm or 0.0 for arm in arms)) else "within"


def _arm(number: Mapping[str, Any], *, upwards: bool) -> float | None:
    end = number["high" if upwards else "low"]
    return None if end is None else abs(end - number["estimate"])

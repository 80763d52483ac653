"""Runs a run again and says whether the same came out."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from churnlab.errors import ParameterError
from churnlab.studies.canonical import source_of
from churnlab.studies.catalogue import to_study
from churnlab.studies.execution import Progress
from churnlab.studies.inputs import sha256_of
from churnlab.studies.manifest import Record, read_results, read_run
from churnlab.studies.runner import Task, build, prepare

RELATIVE_TOLERANCE = 1e-6
_TOLD = 20  # differences of a file; the rest are counted
_WIDTH = 200  # letters of a value
_CAUSES = {
    "notebook": "the notebook in the run was edited after the run",
    "parameters": "the parameters in the manifest were edited after the run",
    "data": "the data is not the data of the run",
    "package": "churnlab's own code is not that of the run",
    "lock": "the lock of the dependencies is not that of the run",
    "versions": "the installed versions are not those of the run",
}


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What held when a run was run again, what differed, and what had changed before."""

    level: Literal["identical", "equal", "different"]
    differences: tuple[str, ...]
    causes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return 3 if self.level == "different" else 0


def verify(run: str | Path, *, data: str | Path | None = None, progress: Progress | None = None) -> Verification:
    """Execute a run again and compare what comes out.

    Parameters
    ----------
    run : path
        A run folder.
    data : path, optional
        Where the data is now, if not where it was.
    progress : callable, optional
        Called with the number of cells done and in all.

    Returns
    -------
    Verification
        ``identical`` (every byte), ``equal`` (every number, within a relative tolerance of 1e-6) or ``different``.

    Raises
    ------
    ParameterError
        If the folder is no finished run, or its data is not to be found.
    """
    record = read_run(run)
    if record.manifest["status"] != "done":
        raise ParameterError(f"{run} is a failed run: there is nothing to verify")
    task = _task_of(record, data)
    with tempfile.TemporaryDirectory(prefix="churnlab-verify-") as folder:
        built = Path(folder).resolve() / "run"
        outcome = build(task, Path(folder).resolve(), built, progress=progress)
        causes = tuple(
            text for part, text in _CAUSES.items() if task.parts[part] != record.manifest["ingredients"].get(part)
        )
        if outcome.status != "done":
            failure = f"this time it failed: {outcome.message}"
            return Verification(level="different", differences=(failure,), causes=causes)
        return compare(record, built, causes)


def _task_of(record: Record, data: str | Path | None) -> Task:
    path = record.folder / "notebook.ipynb"
    try:
        notebook = source_of(json.loads(path.read_text(encoding="utf-8")))
        study = to_study(record.manifest["study"], notebook)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(f"{path} cannot be read as a notebook") from None
    given = {**record.manifest["parameters"], **record.log["inputs"]}
    if data is not None:
        given["data"] = str(data)
    return prepare(study, given, code=record.manifest["code"])


def compare(record: Record, built: Path, causes: tuple[str, ...]) -> Verification:
    """Compare the files of a run with those of its repetition.

    Parameters
    ----------
    record : Record
        The run.
    built : Path
        The folder of its repetition.
    causes : tuple of str
        What had changed before.

    Returns
    -------
    Verification
        The level that held, and every difference.

    Raises
    ------
    ParameterError
        If the run's results cannot be read.
    """
    names = sorted(_files(record.folder) | _files(built))
    changed = [name for name in names if _hash(record.folder / name) != _hash(built / name)]
    altered = [name for name, kept in record.manifest["files"].items() if _hash(record.folder / name) != kept]
    edits = tuple(f"{name} was edited or removed after the run" for name in altered)
    numbers = tuple(_number_differences(record.folder, built, changed))
    level: Literal["identical", "equal", "different"] = "different" if numbers else "equal" if changed else "identical"
    bytes_only = tuple(f"{name}: other bytes" for name in changed if not any(line.startswith(name) for line in numbers))
    return Verification(level=level, differences=numbers + bytes_only, causes=edits + causes)


def _files(folder: Path) -> set[str]:
    records = {"manifest.json", "log.json"}
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - records


def _hash(path: Path) -> str:
    return sha256_of(path) if path.is_file() else ""


def _number_differences(before: Path, after: Path, changed: list[str]) -> Iterator[str]:
    for name in changed:
        kept, made = before / name, after / name
        if not (kept.is_file() and made.is_file()):
            yield f"{name}: only in {'the run' if kept.is_file() else 'its repetition'}"
        elif name == "results.json":
            yield from _first(name, _differences(name, read_results(before), read_results(after)))
        elif name.startswith("tables/"):
            yield from _first(name, _differences(name, _read_table(kept), _read_table(made)))


def _first(name: str, differences: Iterator[str]) -> Iterator[str]:
    """Yield the first differences of a file, and how many more there are."""
    yield from islice(differences, _TOLD)
    if more := sum(1 for _ in differences):
        yield f"{name}: and {more:,} more"


def _read_table(path: Path) -> Any:
    import duckdb

    with duckdb.connect() as connection:
        frame = connection.read_parquet(str(path)).df()
    return {str(name): list(frame[name].astype(object).where(frame[name].notna(), None)) for name in frame}


def _differences(place: str, before: Any, after: Any) -> Iterator[str]:
    """Walk two nested structures and name every value that moved."""
    before, after = (value.tolist() if hasattr(value, "tolist") else value for value in (before, after))
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(f"{place}: {key}", before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
            yield from _differences(f"{place} [{number}]", old, new)
    elif not _same(before, after):
        yield f"{place}: was {_shown(before)}, now {_shown(after)}{_by_how_much(before, after)}"


def _shown(value: Any) -> str:
    text = repr(value)
    if len(text) <= _WIDTH:
        return text
    return f"{len(value):,} values" if isinstance(value, list) else f"{text[:_WIDTH]}…"


def _same(before: Any, after: Any) -> bool:
    if _are_numbers(before, after):
        both_missing = math.isnan(before) and math.isnan(after)
        return both_missing or math.isclose(before, after, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    return bool(before == after)


def _by_how_much(before: Any, after: Any) -> str:
    if not _are_numbers(before, after) or before == 0:
        return ""
    return f" ({100 * (after - before) / abs(before):+.3g} %)"


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)

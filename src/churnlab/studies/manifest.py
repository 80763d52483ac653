"""What a run records of itself: what is the same in every identical run, and, apart from it, what is not."""

from __future__ import annotations

import json
import platform
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from churnlab.errors import ParameterError
from churnlab.studies.address import versions
from churnlab.studies.inputs import Input, sha256_of

_Kinds = dict[str, Any]  # what isinstance takes, by key
_MANIFEST: _Kinds = {"study": str, "title": str, "status": str, "message": str, "code": bool}
_MANIFEST |= dict.fromkeys(("parameters", "data", "versions", "ingredients", "files"), dict)
_LOG: _Kinds = {"started": str, "seconds": (int, float), "inputs": dict}
_RESULTS: _Kinds = {"answer": list, "numbers": dict, "figures": dict, "tables": dict}
_AMOUNT = (int, float, type(None))
_NUMBER: _Kinds = {"label": str, "unit": str, "headline": bool, "digits": (int, type(None))}
_NUMBER |= dict.fromkeys(("estimate", "low", "high"), _AMOUNT)
_TABLE: _Kinds = {"file": str, "caption": str, "customer_level": bool}


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """A run that was read back: its folder, manifest, log and results."""

    folder: Path
    manifest: dict[str, Any]
    log: dict[str, Any]
    results: dict[str, Any]


def describe(
    name: str,
    title: str,
    *,
    parts: Mapping[str, str],
    address: str,
    values: Mapping[str, Any],
    inputs: Sequence[Input],
    code: bool,
) -> dict[str, Any]:
    """Return what identifies a run before it has been executed.

    Parameters
    ----------
    name, title : str
        The study.
    parts, address
        Its ingredients and their fingerprint.
    values : mapping
        The effective parameters.
    inputs : sequence of Input
        The files that it reads.
    code : bool
        Whether the report shows the code.

    Returns
    -------
    dict
        The manifest, but for the outcome.

    Raises
    ------
    Nothing
        Everything was checked before.
    """
    return {
        "address": address,
        "study": name,
        "title": title,
        "parameters": dict(values),
        "data": {
            given.parameter: [{"name": file.name, "bytes": file.size, "sha256": file.sha256} for file in given.files]
            for given in inputs
        },
        "seed": values.get("seed"),
        "code": code,
        "versions": versions(),
        "ingredients": dict(parts),
    }


def write_records(
    folder: Path, description: Mapping[str, Any], outcome: Mapping[str, str], log: Mapping[str, Any]
) -> None:
    """Write manifest.json and log.json, the last files of a run.

    Parameters
    ----------
    folder : Path
        The run, with all its other files.
    description : mapping
        What ``describe`` returned.
    outcome : mapping
        ``status`` and ``message``.
    log : mapping
        What differs between identical runs.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    files = {str(path.relative_to(folder)): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    write_json(folder / "log.json", log)
    write_json(folder / "manifest.json", {**description, **outcome, "files": files})


def log_of(inputs: Sequence[Input], started: datetime) -> dict[str, Any]:
    """Return when, how long and where a run took place, and where its input files were."""
    finished = datetime.now(UTC)
    return {
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round((finished - started).total_seconds(), 1),
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "inputs": {given.parameter: given.given for given in inputs},
    }


def read_run(folder: str | Path) -> Record:
    """Read a run back.

    Parameters
    ----------
    folder : path
        A run folder.

    Returns
    -------
    Record
        Its manifest, log and results.

    Raises
    ------
    ParameterError
        If the folder holds no readable run.
    """
    folder = Path(folder)
    if not (folder / "manifest.json").is_file():
        raise ParameterError(f"{folder} is no run folder: it has no manifest.json")
    return Record(
        folder=folder,
        manifest=_read_json(folder / "manifest.json", _MANIFEST),
        log=_read_json(folder / "log.json", _LOG),
        results=read_results(folder),
    )


def read_results(folder: Path) -> dict[str, Any]:
    """Return the content of a run's results.json; a study that put out nothing has none."""
    path = folder / "results.json"
    if not path.is_file():
        return {}
    results = _read_json(path, _RESULTS)
    for part, kinds in (("numbers", _NUMBER), ("tables", _TABLE)):
        for key, entry in results[part].items():
            _check(entry, kinds, f"{path}, {part}, `{key}`")
    return results


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as readable JSON text."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_json(path: Path, kinds: _Kinds) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ParameterError(f"{path} cannot be read") from None
    return _check(content, kinds, str(path))


def _check(content: Any, kinds: _Kinds, place: str) -> dict[str, Any]:
    """Return a record if it has the form that every run writes: a spoilt one must not pass for numbers."""
    if not isinstance(content, dict):
        raise ParameterError(f"{place} holds no record of a run")
    for key, kind in kinds.items():
        if not isinstance(content.get(key, ...), kind):
            raise ParameterError(
                f"{place} holds no whole record of a run: `{key}` is missing, or is not what it should be"
            )
    return content

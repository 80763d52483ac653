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
        manifest=_read_json(folder / "manifest.json"),
        log=_read_json(folder / "log.json"),
        results=read_results(folder),
    )


def read_results(folder: Path) -> dict[str, Any]:
    """Return the content of a run's results.json; a study that put out nothing has none."""
    path = folder / "results.json"
    return _read_json(path) if path.is_file() else {}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as readable JSON text."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ParameterError(f"{path} cannot be read") from None
    if not isinstance(content, dict):
        raise ParameterError(f"{path} holds no record of a run")
    return content

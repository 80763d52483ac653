"""Writes runs/index.html: every run of every study, from the records in the run folders."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from churnlab.errors import ParameterError
from churnlab.studies.courses import is_overtaken, to_series
from churnlab.studies.manifest import Record, read_run
from churnlab.studies.report import TEMPLATES, prepare_environment


def write_index(out: str | Path = "runs") -> Path:
    """Write the page of all runs: failures first, then by study the course of its numbers and its runs, newest first.

    A failure after which the same study was done, with the same parameters but for dates, stands at the end.

    Parameters
    ----------
    out : path
        The folder of all runs.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    from jinja2 import Environment, FileSystemLoader

    out = Path(out)
    environment = Environment(loader=FileSystemLoader([TEMPLATES, TEMPLATES / "report"]), autoescape=True)
    prepare_environment(environment)
    spoilt: list[str] = []
    done, failed = (_runs(sorted(out.glob(f"*/{place}manifest.json")), spoilt) for place in ("*/", "failed/*/"))
    names = sorted({run["study"] for run in done})
    studies = [_section([run for run in done if run["study"] == name]) for name in names]
    past = [run for run in failed if is_overtaken(run, done)]
    failed = [run for run in failed if run not in past]
    page = environment.get_template("index.html.j2").render(studies=studies, failed=failed, past=past, spoilt=spoilt)
    _replace(out / "index.html", page)
    return out / "index.html"


def _runs(manifests: Sequence[Path], spoilt: list[str]) -> list[dict[str, Any]]:
    """Read the runs, newest first; what cannot be read is said in `spoilt` and hides no other."""
    records = []
    for folder in (path.parent for path in manifests if not path.parent.name.startswith(".")):
        try:
            records.append(read_run(folder))
        except ParameterError as error:
            spoilt.append(str(error))
    return [_row(record) for record in sorted(records, key=lambda record: record.log["started"], reverse=True)]


def _row(record: Record) -> dict[str, Any]:
    kept = Path(record.manifest["study"])
    place = kept / record.folder.name if record.manifest["status"] == "done" else kept / "failed" / record.folder.name
    return {
        **record.manifest,
        "place": place.as_posix(),
        "began": record.log["started"],
        "started": record.log["started"].replace("T", " ")[:16],
        "seconds": record.log["seconds"],
        "headlines": {key: number for key, number in record.results.get("numbers", {}).items() if number["headline"]},
    }


def _section(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the runs of a study with the parameters that tell them apart, and the course of its numbers."""
    latest = runs[0]["parameters"]
    varied = [name for name in latest if any(run["parameters"].get(name) != latest[name] for run in runs)]
    return {"latest": runs[0], "runs": runs, "varied": varied, "series": to_series(runs, varied)}


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    handle, name = tempfile.mkstemp(prefix=".index-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)

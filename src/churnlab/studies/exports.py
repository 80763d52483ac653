"""Takes a run elsewhere: as a PDF, as Markdown for pasting, as CSV that a spreadsheet cannot be tricked with."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnlab.errors import ParameterError
from churnlab.studies.headline import estimate_text, interval_text
from churnlab.studies.manifest import read_results

if TYPE_CHECKING:
    import pandas as pd

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
)
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def write_pdf(run: str | Path, path: str | Path) -> Path:
    """Print the report of a run to a PDF, by Chromium without a window.

    Parameters
    ----------
    run : path
        A run folder.
    path : path
        The file to write.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ParameterError
        If the run has no report, the path is a folder, there is no Chromium or Chrome, or it writes nothing.
    """
    report, path = Path(run) / "report.html", Path(path)
    if not report.is_file():
        raise ParameterError(f"{run} has no report.html: is it a finished run?")
    if path.is_dir():
        raise ParameterError(f"{path} is a folder: name a file in it, such as {path / 'report.pdf'}")
    browser = os.environ.get("CHURNLAB_BROWSER") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise ParameterError(
            "a PDF needs Chromium or Chrome, and neither was found (on Debian: apt install chromium); "
            "or open report.html in any browser and print it"
        )
    with tempfile.TemporaryDirectory(prefix="churnlab-pdf-") as folder:
        printed = Path(folder) / "report.pdf"
        said = _print(browser, report.resolve(), printed)
        if not printed.is_file():
            raise ParameterError(f"{browser} wrote no PDF: {said}")
        _move(printed, path)
    return path


def write_markdown(run: str | Path, path: str | Path, *, customers: bool = False) -> Path:
    """Write the answer, the numbers and the tables of a run as Markdown.

    Parameters
    ----------
    run : path
        A run folder.
    path : path
        The file to write.
    customers : bool
        Whether tables of single customers are written too.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ParameterError
        If the folder holds no finished run, or the file cannot be written.
    """
    results, path = _results(run), Path(path)
    parts = [_escape(text) for text in results["answer"]]
    parts.append(_markdown_table(("number", "estimate", "interval"), _number_rows(results["numbers"])))
    for _, table, frame in _tables(run, results, customers=customers):
        parts += [f"**{_escape(table['caption'])}**"] if table["caption"] else []
        parts.append(_frame_to_markdown(frame))
    _write(path, "\n\n".join(parts) + "\n")
    return path


def write_csv(run: str | Path, folder: str | Path, *, customers: bool = False) -> list[Path]:
    """Write every table of a run as a CSV file in UTF-8.

    Parameters
    ----------
    run : path
        A run folder.
    folder : path
        Where the files go; made if it is not there.
    customers : bool
        Whether tables of single customers are written too.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ParameterError
        If the folder holds no finished run, or a file cannot be written.

    Notes
    -----
    A text that a spreadsheet would take for a formula (it begins with ``=``, ``+``, ``-``, ``@``, a tab or a return)
    gets an apostrophe in front, as OWASP advises. Numbers are written as they are.
    """
    written = []
    for name, _, frame in _tables(run, _results(run), customers=customers):
        path = Path(folder) / f"{name}.csv"
        harmless = frame.rename(columns=lambda column: _harmless(str(column)))
        _write(path, harmless.map(_harmless).to_csv(index=False))
        written.append(path)
    return written


def customer_tables(run: str | Path) -> list[str]:
    """Return the names of a run's tables of single customers, which are exported only when asked for.

    Raises
    ------
    ParameterError
        If the folder holds no finished run.
    """
    return [name for name, table in _results(run)["tables"].items() if table["customer_level"]]


def _print(browser: str, report: Path, printed: Path) -> str:
    """Let the browser print, with a profile of its own; return the last that it said."""
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium's sandbox refuses to work for root
    command = [browser, *_QUIET, *as_root, f"--user-data-dir={printed.parent / 'profile'}"]
    try:
        done = subprocess.run(  # noqa: S603  (a list of arguments, no shell)
            [*command, f"--print-to-pdf={printed}", report.as_uri()], capture_output=True, timeout=120, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]


def _move(source: Path, path: Path) -> None:
    try:
        shutil.move(source, path)
    except OSError as error:
        raise ParameterError(f"{path} cannot be written: {error.strerror}") from None


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ParameterError(f"{path} cannot be written: {error.strerror}") from None


def _results(run: str | Path) -> dict[str, Any]:
    results = read_results(Path(run))
    if not results:
        raise ParameterError(f"{run} has no results.json: is it a finished run?")
    return results


def _tables(
    run: str | Path, results: Mapping[str, Any], *, customers: bool
) -> Iterator[tuple[str, Mapping[str, Any], pd.DataFrame]]:
    import duckdb

    for name, table in results["tables"].items():
        if customers or not table["customer_level"]:
            with duckdb.connect() as connection:
                yield name, table, connection.read_parquet(str(Path(run) / table["file"])).df()


def _number_rows(numbers: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return what the report opens with first, then the rest."""
    ordered = sorted(numbers.values(), key=lambda number: not number["headline"])
    return [(number["label"], estimate_text(number), interval_text(number)) for number in ordered]


def _frame_to_markdown(frame: pd.DataFrame) -> str:
    from churnlab.display import format_number

    def text(value: Any) -> str:
        return format_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)

    rows = [tuple(map(text, row)) for row in frame.itertuples(index=False)]
    return _markdown_table(tuple(map(str, frame.columns)), rows)


def _markdown_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_escape, line)) + " |" for line in lines)


def _escape(text: str) -> str:
    """Keep a text from being read as Markdown or HTML."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{letter}" if letter in "\\|`*_[]" else letter for letter in plain)


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_SIGNS) else value

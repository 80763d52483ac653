"""Commands about runs: make one, make it again, compare two, take one elsewhere."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnlab.cli.console import (
    Force,
    Notebooks,
    Out,
    Timeout,
    cell_progress,
    plainly,
    print_table,
    read_texts,
    say_error,
)
from churnlab.errors import ParameterError

if TYPE_CHECKING:
    from churnlab.studies import RunResult
    from churnlab.studies.comparison import Comparison

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]


@plainly
def run(  # noqa: PLR0917  (Typer makes options of them)
    study: Annotated[str, typer.Argument(help="The study.")],
    parameter: Annotated[list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="A parameter.")] = None,
    data: Annotated[str | None, typer.Option("--data", help="The parameter `data`: a file or a sample.")] = None,
    out: Out = Path("runs"),
    notebooks: Notebooks = None,
    code: Annotated[bool, typer.Option("--code", help="Show the code in the report.")] = False,
    force: Force = False,
    timeout: Timeout = None,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Write the report to this PDF too (needs Chromium).")
    ] = None,
) -> int:
    """Run a study and leave its report in a run folder."""
    from churnlab import studies
    from churnlab.studies.exports import write_pdf
    from churnlab.studies.index import write_index
    from churnlab.studies.relative_dates import resolve_dates
    from churnlab.studies.values import read_texts as to_values

    texts = read_texts([*(parameter or []), *([f"data={data}"] if data is not None else [])])
    declared = studies.find_study(study, notebooks).parameters
    values = resolve_dates(declared, to_values(declared, texts), date.today())
    with cell_progress(study) as progress:
        result = studies.run(
            study, values, out=out, notebooks=notebooks, code=code, force=force, timeout=timeout, progress=progress
        )
    write_index(out)
    if result.exit_code:
        return say_error(
            f"{study}: {result.message}\nsee {result.folder}/error.txt and notebook.ipynb", result.exit_code
        )
    print(f"{study}: {_took(result)}\n{result.folder / 'report.html'}")
    if pdf is not None:
        write_pdf(result.folder, pdf)
        print(pdf)
    return 0


@plainly
def verify(
    run_folder: RunFolder,
    data: Annotated[Path | None, typer.Option("--data", help="Where the data is now.")] = None,
) -> int:
    """Run a run again and say whether the same comes out."""
    from churnlab import studies

    with cell_progress("verify") as progress:
        outcome = studies.verify(run_folder, data=data, progress=progress)
    words = {
        "identical": "identical: every byte came out again",
        "equal": "equal: every number came out again within 1e-6 of its size, but some bytes differ",
        "different": "different: the run did not come out again",
    }
    print("\n".join((words[outcome.level], *(f"- {line}" for line in (*outcome.causes, *outcome.differences)))))
    return outcome.exit_code


@plainly
def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A run folder.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Another run of the same study.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page to this file too.")] = None,
) -> int:
    """Say what changed between two runs, and which number moved by more than it should."""
    from churnlab.studies import comparison

    found = comparison.compare_runs(before, after)
    if html is not None:
        comparison.write_page(found, html)
    if as_json:
        print(json.dumps(comparison.to_json(found), indent=1, ensure_ascii=False))
    else:
        _print_comparison(found)
    return 0


@plainly
def export(
    run_folder: RunFolder,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Print the report to this file (needs Chromium).")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write numbers and tables to this file.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a CSV file for each table into this folder.")] = None,
    customers: Annotated[bool, typer.Option("--customers", help="Tables of single customers too.")] = False,
) -> int:
    """Take a run elsewhere: as PDF, as Markdown for pasting, or as CSV for spreadsheets."""
    from churnlab.studies import exports

    if pdf is markdown is csv is None:
        raise ParameterError("say what to export: --pdf FILE, --markdown FILE or --csv FOLDER")
    written = [exports.write_pdf(run_folder, pdf)] if pdf else []
    written += [exports.write_markdown(run_folder, markdown, customers=customers)] if markdown else []
    written += exports.write_csv(run_folder, csv, customers=customers) if csv else []
    print("".join(f"{path}\n" for path in written), end="")
    left_out = [] if customers or not (markdown or csv) else exports.customer_tables(run_folder)
    if left_out:
        print(f"Left out, since a row is a single customer (--customers takes them too): {', '.join(left_out)}")
    return 0


def _print_comparison(found: Comparison) -> None:
    from churnlab.studies.comparison import WORDS
    from churnlab.studies.headline import difference_text, estimate_text

    rows = [
        (
            move.label,
            *(estimate_text(number) if number else "–" for number in (move.before, move.after)),
            difference_text(move.difference),
            WORDS[move.verdict],
        )
        for move in found.moves
    ]
    print_table(("number", "before", "after", "difference", "verdict"), rows)
    for change in found.changes:
        print(f"{change.kind} {change.name}: {change.before} → {change.after}")
    if not found.changes:
        print("Parameters, data, versions and code are the same.")


def _took(result: RunResult) -> str:
    return "unchanged, it was run before" if result.status == "unchanged" else f"done in {result.seconds:g} s"

"""The command line: ``churnlab list | show | run | verify | plan | check``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from churnlab.errors import ChurnlabError, ParameterError

if TYPE_CHECKING:
    from churnlab.studies.execution import Progress
    from churnlab.studies.plan import PlannedRun

P = ParamSpec("P")

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
plan_app = typer.Typer(no_args_is_help=True, help="Run or check the studies that a plan lists.")
app.add_typer(plan_app, name="plan")

Notebooks = Annotated[Path | None, typer.Option("--notebooks", help="The folder of studies.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", help="The folder of all runs.")]
Force = Annotated[bool, typer.Option("--force", help="Run again what was run before.")]
Timeout = Annotated[float | None, typer.Option("--timeout", min=0.001, help="Seconds that a study may take.")]
Plan = Annotated[Path, typer.Argument(help="The plan.")]


class _Terminated(KeyboardInterrupt):
    """The system asked the process to end."""


def main() -> None:
    """Run the command line.

    Raises
    ------
    SystemExit
        Always, with the exit code.
    """
    signal.signal(signal.SIGTERM, _terminate)
    app()


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated


def _plainly(command: Callable[P, int]) -> Callable[P, None]:
    """Make a command end with its exit code, and with one clear message where it cannot go on."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except ChurnlabError as error:
            code = _say_error(str(error), 2)
        except _Terminated:
            code = _say_error("terminated; nothing half made was left", 143)
        except KeyboardInterrupt:
            code = _say_error("interrupted; nothing half made was left", 130)
        except OSError as error:
            code = _say_error(f"{error.filename or 'the disk'}: {error.strerror or error}", 1)
        raise typer.Exit(code)

    return wrapped


def _say_error(message: str, code: int) -> int:
    print(f"churnlab: {message}", file=sys.stderr)
    return code


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        from churnlab import __version__

        print(f"churnlab {__version__}")
        raise typer.Exit


@app.command("list")
@_plainly
def list_studies(notebooks: Notebooks = None) -> int:
    """List the studies."""
    from churnlab.studies import find_studies

    rows = [(study.name, study.title, study.question) for study in find_studies(notebooks).values()]
    _print_table(("study", "title", "question"), rows)
    return 0


@app.command()
@_plainly
def show(study: Annotated[str, typer.Argument(help="The study.")], notebooks: Notebooks = None) -> int:
    """Show what a study asks and which parameters it takes."""
    from churnlab.studies import find_study

    found = find_study(study, notebooks)
    print("\n".join(line for line in (found.title, found.question, "") if line or found.parameters))
    rows = [
        (parameter.name, parameter.kind, repr(parameter.default), str(parameter.range or ""), parameter.help)
        for parameter in found.parameters
    ]
    _print_table(("parameter", "kind", "default", "range", "meaning"), rows)
    return 0


@app.command()
@_plainly
def run(  # noqa: PLR0917  (Typer makes options of them)
    study: Annotated[str, typer.Argument(help="The study.")],
    parameter: Annotated[list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="A parameter.")] = None,
    data: Annotated[str | None, typer.Option("--data", help="The parameter `data`: a file or a sample.")] = None,
    out: Out = Path("runs"),
    notebooks: Notebooks = None,
    code: Annotated[bool, typer.Option("--code", help="Show the code in the report.")] = False,
    force: Force = False,
    timeout: Timeout = None,
) -> int:
    """Run a study and leave its report in a run folder."""
    from churnlab import studies
    from churnlab.studies.index import write_index
    from churnlab.studies.values import read_texts

    texts = _texts([*(parameter or []), *([f"data={data}"] if data is not None else [])])
    values = read_texts(studies.find_study(study, notebooks).parameters, texts)
    with _progress(study) as progress:
        result = studies.run(
            study, values, out=out, notebooks=notebooks, code=code, force=force, timeout=timeout, progress=progress
        )
    write_index(out)
    if result.exit_code:
        return _say_error(
            f"{study}: {result.message}\nsee {result.folder}/error.txt and notebook.ipynb", result.exit_code
        )
    print(f"{study}: {_took(result)}\n{result.folder / 'report.html'}")
    return 0


@app.command()
@_plainly
def verify(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    data: Annotated[Path | None, typer.Option("--data", help="Where the data is now.")] = None,
) -> int:
    """Run a run again and say whether the same comes out."""
    from churnlab import studies

    with _progress("verify") as progress:
        outcome = studies.verify(run_folder, data=data, progress=progress)
    words = {
        "identical": "identical: every byte came out again",
        "equal": "equal: every number came out again within 1e-6 of its size, but some bytes differ",
        "different": "different: the run did not come out again",
    }
    print("\n".join((words[outcome.level], *(f"- {line}" for line in (*outcome.causes, *outcome.differences)))))
    return outcome.exit_code


@plan_app.command("run")
@_plainly
def plan_run(
    plan: Plan = Path("studies.toml"),
    out: Out = Path("runs"),
    notebooks: Notebooks = None,
    force: Force = False,
    timeout: Timeout = None,
) -> int:
    """Run every study of a plan; one that fails does not stop the others."""
    from churnlab.studies.index import write_index
    from churnlab.studies.plan import read_plan, run_plan, worst_exit_code

    runs: list[PlannedRun] = []
    for planned in read_plan(plan):
        with _progress(planned.name) as progress:
            runs += run_plan((planned,), out=out, notebooks=notebooks, force=force, timeout=timeout, progress=progress)
    _print_table(
        ("study", "outcome", "what happened"),
        [
            (done.planned.name, done.status, done.message or str(done.result.folder if done.result else ""))
            for done in runs
        ],
    )
    print(f"\nAll runs: {write_index(out)}")
    return worst_exit_code(runs)


@plan_app.command("check")
@_plainly
def plan_check(plan: Plan = Path("studies.toml"), notebooks: Notebooks = None) -> int:
    """Find what a plan run would refuse, without running anything."""
    from churnlab.studies.plan import check_plan, read_plan

    planned = read_plan(plan)
    problems = check_plan(planned, notebooks=notebooks)
    if problems:
        return _say_error("\n".join(problems), 2)
    print(f"{plan}: all is well with {len(planned)} {'study' if len(planned) == 1 else 'studies'}")
    return 0


@app.command()
@_plainly
def check(
    file: Annotated[Path, typer.Argument(help="A CSV, Parquet or Excel file, or a pattern.")],
    contract: Annotated[str, typer.Option("--as", metavar="CONTRACT", help="What it should be, such as ORDERS.")],
    columns: Annotated[Path | None, typer.Option("--columns", help="A TOML file that maps your column names.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The day up to which the data goes.")] = None,
) -> int:
    """Check a table against a contract; print its profile or everything that is wrong with it."""
    from churnlab import tables

    profile = tables.read(file, contract, columns=columns, as_of=as_of).profile()
    _print_table(tuple(profile.columns), [tuple(map(str, row)) for row in profile.itertuples(index=False)])
    return 0


def _texts(pairs: list[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ParameterError(f"-p takes name=value, but it was given {pair!r}")
        if name in texts:
            raise ParameterError(f"`{name}` was given twice")
        texts[name] = text
    return texts


def _took(result: Any) -> str:
    return "unchanged, it was run before" if result.status == "unchanged" else f"done in {result.seconds:g} s"


@contextmanager
def _progress(name: str) -> Iterator[Progress]:
    """Show a bar that grows with each cell on a terminal, and plain lines elsewhere."""
    if not sys.stdout.isatty():
        yield lambda done, total: print(f"{name}: cell {done} of {total}", flush=True)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bar:
        line = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(line, completed=done, total=total)


def _print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns: in a table on a terminal, as text with two spaces between elsewhere."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*head, box=None, header_style="bold", pad_edge=False)
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())

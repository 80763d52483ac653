"""Commands about plans of several studies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnlab.cli.console import Force, Notebooks, Out, Timeout, Today, plainly, plan_progress, print_table, say_error
from churnlab.errors import ChurnlabError, ParameterError

if TYPE_CHECKING:
    from churnlab.studies.plan import PlannedStudy
    from churnlab.studies.plan_runs import PlannedRun

plan_app = typer.Typer(no_args_is_help=True, help="Run or check the studies that a plan lists.")

Plan = Annotated[Path, typer.Argument(help="The plan.")]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="STUDY", help="Only this study; may be repeated.")]


@plan_app.command("run")
@plainly
def plan_run(  # noqa: PLR0917  (Typer makes options of them)
    plan: Plan = Path("studies.toml"),
    out: Out = Path("runs"),
    notebooks: Notebooks = None,
    only: Only = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Studies at a time; by default what processors and memory allow."),
    ] = None,
    force: Force = False,
    timeout: Timeout = None,
    today: Today = None,
) -> int:
    """Run every study of a plan; one that fails does not stop the others."""
    from churnlab.studies.index import write_index
    from churnlab.studies.plan_runs import run_plan, worst_exit_code
    from churnlab.studies.resources import default_workers

    planned, done = _settle(_read(plan, only), _day(today), notebooks)
    workers = min(workers or default_workers(), max(len(planned), 1))
    with _shared_memory(workers), plan_progress([each.label for each in planned]) as progress:
        options = {"out": out, "notebooks": notebooks, "force": force, "timeout": timeout}
        with closing(run_plan(planned, workers=workers, progress=progress, **options)) as runs:
            for each in runs:
                done.append(each)
                print(f"{each.planned.label}: {each.status}", flush=True)
    _print_summary(done)
    print(f"\nAll runs: {write_index(out)}")
    return worst_exit_code(done)


@plan_app.command("check")
@plainly
def plan_check(
    plan: Plan = Path("studies.toml"), notebooks: Notebooks = None, only: Only = None, today: Today = None
) -> int:
    """Find what a plan run would refuse, without running anything."""
    from churnlab.studies.plan import check_plan

    planned = _read(plan, only)
    problems = check_plan(planned, today=_day(today), notebooks=notebooks)
    if problems:
        return say_error("\n".join(problems), 2)
    print(f"{plan}: all is well with {len(planned)} {'run' if len(planned) == 1 else 'runs'}")
    return 0


def _read(plan: Path, only: list[str] | None) -> tuple[PlannedStudy, ...]:
    from churnlab.studies.plan import choose, read_plan

    return choose(read_plan(plan), tuple(only or ()))


def _day(text: str | None) -> date:
    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"--today takes a date such as 2024-12-31, not {text!r}") from None


def _settle(
    plan: tuple[PlannedStudy, ...], day: date, notebooks: Path | None
) -> tuple[list[PlannedStudy], list[PlannedRun]]:
    """Put dates in place of words; what names no study is refused, and the others go on."""
    from churnlab.studies.plan import with_dates
    from churnlab.studies.plan_runs import PlannedRun

    settled, refused = [], []
    for planned in plan:
        try:
            settled.append(with_dates(planned, day, notebooks))
        except ChurnlabError as error:
            refused.append(PlannedRun(planned=planned, status="refused", message=str(error)))
    return settled, refused


@contextmanager
def _shared_memory(workers: int) -> Iterator[None]:
    """Give each of several studies its share of the memory, unless the user has said how much."""
    from churnlab.studies.resources import engine_memory

    if workers == 1 or "CHURNLAB_MEMORY" in os.environ:
        yield
        return
    os.environ["CHURNLAB_MEMORY"] = engine_memory(workers)
    try:
        yield
    finally:
        del os.environ["CHURNLAB_MEMORY"]


def _print_summary(runs: list[PlannedRun]) -> None:
    order = ["failed", "timeout", "data", "refused", "done", "unchanged"]
    rows = [
        (
            run.planned.label,
            run.status,
            f"{run.result.seconds:g} s" if run.result and run.result.seconds else "",
            run.message or str(run.result.folder if run.result else ""),
        )
        for run in sorted(runs, key=lambda run: (order.index(run.status), run.planned.label))
    ]
    print()
    print_table(("study", "outcome", "time", "what happened, or where it is"), rows)

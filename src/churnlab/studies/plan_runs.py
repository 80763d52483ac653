"""Runs a plan: several studies at the same time, none of which can stop the others."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

from churnlab.errors import ChurnlabError
from churnlab.studies.plan import PlannedStudy
from churnlab.studies.runner import EXIT_CODES, RunResult, run
from churnlab.studies.stopping import GLANCE, Stop

PlanProgress = Callable[[int, int, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedRun:
    """What became of one run of a plan; what was refused, or met a disk that refuses, has no result."""

    planned: PlannedStudy
    status: str
    message: str
    result: RunResult | None = None

    @property
    def exit_code(self) -> int:
        """What this run adds to the exit code of the plan."""
        return {**EXIT_CODES, "refused": 2}[self.status]


def run_plan(
    plan: Sequence[PlannedStudy], *, workers: int = 1, progress: PlanProgress | None = None, **options: Any
) -> Generator[PlannedRun, None, None]:
    """Run the studies of a plan; one that fails does not stop the others.

    Parameters
    ----------
    plan : sequence of PlannedStudy
        The plan, with plain dates.
    workers : int
        How many studies run at the same time.
    progress : callable, optional
        Called with a study's place in the plan, and the number of its cells done and in all.
    **options
        As for ``run``.

    Yields
    ------
    PlannedRun
        As each is done.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted; everything that runs is ended first.
    """
    stop = Stop()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="study")
    try:
        futures: list[Future[PlannedRun]] = []
        for place, planned in enumerate(plan):
            told = partial(progress, place) if progress else None
            futures.append(pool.submit(_run, planned, progress=told, stop=stop, **options))
        pending = set(futures)
        while pending:
            done, pending = wait(pending, timeout=GLANCE, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BaseException:
        stop.now()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def worst_exit_code(runs: Sequence[PlannedRun]) -> int:
    """Return the exit code of a whole plan: that of its worst study.

    Examples
    --------
    >>> worst_exit_code([])
    0
    """
    return max((run.exit_code for run in runs), key=[0, 2, 124, 1].index, default=0)


def _run(planned: PlannedStudy, **options: Any) -> PlannedRun:
    try:
        result = run(planned.name, planned.parameters, **options)
    except ChurnlabError as error:
        return PlannedRun(planned=planned, status="refused", message=str(error))
    except OSError as error:
        message = f"{error.filename or 'the disk'}: {error.strerror or error}"
        return PlannedRun(planned=planned, status="failed", message=message)
    return PlannedRun(planned=planned, status=result.status, message=result.message, result=result)

"""Executes a study in a child process."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from churnlab.studies.canonical import canonical
from churnlab.studies.judgement import Execution, failed, judge
from churnlab.studies.secrets import masks, remove_leaks, scrub, secrets_in
from churnlab.studies.stopping import GLANCE, Stop

Progress = Callable[[int, int], None]

_STEADY_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "315532800",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONUNBUFFERED": "1",
}


def execute(
    notebook: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    workshop: Path,
    output: Path,
    timeout: float | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Execution:
    """Execute a notebook in a process of its own.

    Parameters
    ----------
    notebook : mapping
        The study's source.
    values : mapping
        The values of its parameters, as JSON.
    workshop : Path
        A folder for what is needed only meanwhile; its ``scratch`` is the notebook's working directory.
    output : Path
        The folder that the study writes its numbers, tables and figures to.
    timeout : float, optional
        Seconds that the whole notebook may take.
    progress : callable, optional
        Called with the number of cells done and in all.
    stop : Stop, optional
        Ends the execution from another thread.

    Returns
    -------
    Execution
        The verdict and the canonical notebook.

    Raises
    ------
    OSError
        If the folders cannot be written.
    KeyboardInterrupt
        If it was stopped.
    """
    executed, mark, scratch = workshop / "executed.ipynb", workshop / "mark", workshop / "scratch"
    scratch.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="cl-", ignore_cleanup_errors=True) as kernel:  # a socket's path must be short
        job = {"notebook": notebook, "parameters": dict(values), "executed": str(executed), "mark": str(mark)}
        (workshop / "job.json").write_text(json.dumps({**job, "kernel": kernel}), encoding="utf-8")
        timed_out, done = _work(workshop, output, timeout, progress, stop or Stop())
    result = _read(executed) or notebook
    secrets = secrets_in(values)
    hidden = {str(scratch): ".", str(output): "."} | masks(secrets)
    clean = canonical(result, hide=hidden)
    leaks = remove_leaks(output, secrets)
    if timed_out:
        return Execution(status="timeout", message=f"not done within {timeout:g} seconds", traceback="", notebook=clean)
    if leaks:
        return failed(f"a secret was put out, and was removed again: {', '.join(leaks)}", clean)
    log = scrub((workshop / "worker.log").read_text(encoding="utf-8", errors="replace"), secrets)
    return judge(clean, finished=mark.is_file(), done=done, log=log)


def _read(executed: Path) -> dict[str, Any] | None:
    """Return the executed notebook; None if the worker wrote none, or not to its end, as on a full disk."""
    try:
        content: dict[str, Any] = json.loads(executed.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


def _work(
    workshop: Path, output: Path, timeout: float | None, progress: Progress | None, stop: Stop
) -> tuple[bool, int]:
    """Run the worker to its end; return whether time was up, and how many cells were executed."""
    timed_out = threading.Event()
    with (workshop / "worker.log").open("wb") as log:
        worker = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            [sys.executable, "-P", "-m", "churnlab.studies.worker", str(workshop / "job.json")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=workshop / "scratch",
            env={**os.environ, **_STEADY_ENVIRONMENT, "CHURNLAB_OUTPUT": str(output)},
            start_new_session=True,
        )

    def stop_late() -> None:
        timed_out.set()
        _stop(worker)

    timer = threading.Timer(timeout, stop_late) if timeout else None
    try:
        if timer:
            timer.start()
        with stop.ending(lambda: _stop(worker)):
            done = _follow(worker, progress)
    finally:
        if timer:
            timer.cancel()
        _stop(worker)
        if worker.stdout is not None:
            worker.stdout.close()
    return timed_out.is_set(), done


def _follow(worker: subprocess.Popen[bytes], progress: Progress | None) -> int:
    done = 0
    for line in _lines(worker.stdout):
        event = json.loads(line)
        done = event["done"]
        if progress is not None and done <= event["total"]:  # the mark's cell is not the study's
            progress(done, event["total"])
    return done


def _lines(pipe: IO[bytes] | None) -> Iterator[bytes]:
    """Yield the lines of a pipe as they come, and look up now and then for signals."""
    rest = b""
    while pipe is not None:
        if select.select([pipe], [], [], GLANCE)[0]:
            read = os.read(pipe.fileno(), 65536)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            yield from lines


def _stop(worker: subprocess.Popen[bytes]) -> None:
    """Close the worker's input, at which it ends its kernel and itself; insist if it does not."""
    with suppress(OSError):
        if worker.stdin is not None:
            worker.stdin.close()
    try:
        worker.wait(timeout=5)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()

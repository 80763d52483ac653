"""Executes a study in a child process and judges what became of it."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from churnlab.studies.canonical import INJECTED_TAG, canonical
from churnlab.studies.secrets import masks, remove_leaks, scrub, secrets_in
from churnlab.studies.stopping import GLANCE, Stop

Status = Literal["done", "failed", "data", "timeout"]
Progress = Callable[[int, int], None]

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
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
_USER_ERRORS = ("DataError", "ParameterError")


@dataclass(frozen=True, kw_only=True, eq=False)
class Execution:
    """What became of a notebook: the verdict, why in one line, the traceback, and the notebook itself."""

    status: Status
    message: str
    traceback: str
    notebook: dict[str, Any]


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
    job = {"notebook": notebook, "parameters": dict(values), "executed": str(executed), "mark": str(mark)}
    (workshop / "job.json").write_text(json.dumps(job), encoding="utf-8")
    timed_out, done = _work(workshop, output, timeout, progress, stop or Stop())
    result = _read(executed) or notebook
    secrets = secrets_in(values)
    hidden = {str(scratch): ".", str(output): "."} | masks(secrets)
    clean = canonical(result, hide=hidden)
    leaks = remove_leaks(output, secrets)
    if timed_out:
        return _verdict("timeout", f"not done within {timeout:g} seconds", clean)
    if leaks:
        return _verdict("failed", f"a secret was put out, and was removed again: {', '.join(leaks)}", clean)
    log = scrub((workshop / "worker.log").read_text(encoding="utf-8", errors="replace"), secrets)
    return judge(clean, finished=mark.is_file(), done=done, log=log)


def _read(executed: Path) -> dict[str, Any] | None:
    """Return the executed notebook; None if the worker wrote none, or not to its end, as on a full disk."""
    try:
        content: dict[str, Any] = json.loads(executed.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


def judge(notebook: dict[str, Any], *, finished: bool, done: int, log: str = "") -> Execution:
    """Decide whether the study was done.

    Parameters
    ----------
    notebook : dict
        The executed notebook.
    finished : bool
        Whether the cell after the last one was executed.
    done : int
        How many cells of code the kernel reported as executed.
    log : str
        What the worker said on its standard error.

    Returns
    -------
    Execution
        Done only if every cell was executed, none shows an error, and every figure has a text for those who
        cannot see it.

    Raises
    ------
    KeyError
        If the mapping is not a notebook.
    """
    code = _numbered_code(notebook["cells"])
    for number, cell in code:
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                return _failure(number, output, notebook)
            if _is_mute_figure(output):
                text = f"cell {number} shows a figure without alt text; show it with study.figure(ax, name, alt=...)"
                return _verdict("failed", text, notebook)
    if finished and all(cell["execution_count"] is not None for _, cell in code):
        return _verdict("done", "", notebook)
    if done:
        last = code[min(done, len(code) - 1)][0]
        return _verdict("failed", f"the kernel died in cell {last} (is there enough memory?)", notebook, log)
    return _verdict("failed", "the notebook could not be executed: " + _last_line(log), notebook, log)


def _numbered_code(cells: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """Return the cells of code that are executed, with their numbers in the notebook as it was written."""
    injected = [INJECTED_TAG in cell["metadata"].get("tags", []) for cell in cells]
    numbers = [place - sum(injected[:place]) for place in range(1, len(cells) + 1)]
    return [
        (number, cell)
        for number, cell in zip(numbers, cells, strict=True)
        if cell["cell_type"] == "code" and cell["source"].strip()
    ]


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


def _failure(number: int, output: Mapping[str, Any], notebook: dict[str, Any]) -> Execution:
    traceback = _COLOURS.sub("", "\n".join(output["traceback"]))
    if output["ename"] in _USER_ERRORS:
        return _verdict("data", output["evalue"], notebook, traceback)
    if output["ename"] == "SystemExit":
        return _verdict("failed", f"cell {number} left the notebook with sys.exit", notebook, traceback)
    first_line = (output["evalue"].splitlines() or [""])[0]
    return _verdict("failed", f"cell {number} failed: {output['ename']}: {first_line}", notebook, traceback)


def _is_mute_figure(output: Mapping[str, Any]) -> bool:
    images = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
    texts = [output.get("metadata", {}).get(kind, {}).get("alt", "").strip() for kind in images]
    return bool(images) and not any(texts)


def _last_line(log: str) -> str:
    return (log.strip().splitlines() or ["the worker left no word"])[-1]


def _verdict(status: Status, message: str, notebook: dict[str, Any], traceback: str = "") -> Execution:
    return Execution(status=status, message=message, traceback=traceback, notebook=notebook)

"""Judges what became of a notebook that was executed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from churnlab.studies.canonical import INJECTED_TAG

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_USER_ERRORS = ("DataError", "ParameterError")


@dataclass(frozen=True, kw_only=True, eq=False)
class Execution:
    """What became of a notebook: the verdict, why in one line, the traceback, and the notebook itself."""

    status: Literal["done", "failed", "data", "timeout"]
    message: str
    traceback: str
    notebook: dict[str, Any]


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
                return failed(text, notebook)
    if finished and all(cell["execution_count"] is not None for _, cell in code):
        return Execution(status="done", message="", traceback="", notebook=notebook)
    if done:
        last = code[min(done, len(code) - 1)][0]
        return failed(f"the kernel died in cell {last} (is there enough memory?)", notebook, log)
    return failed("the notebook could not be executed: " + _last_line(log), notebook, log)


def _numbered_code(cells: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """Return the cells of code that are executed, with their numbers in the notebook as it was written."""
    injected = [INJECTED_TAG in cell["metadata"].get("tags", []) for cell in cells]
    numbers = [place - sum(injected[:place]) for place in range(1, len(cells) + 1)]
    return [
        (number, cell)
        for number, cell in zip(numbers, cells, strict=True)
        if cell["cell_type"] == "code" and cell["source"].strip()
    ]


def failed(message: str, notebook: dict[str, Any], traceback: str = "") -> Execution:
    """Return the verdict that a study failed."""
    return Execution(status="failed", message=message, traceback=traceback, notebook=notebook)


def _failure(number: int, output: Mapping[str, Any], notebook: dict[str, Any]) -> Execution:
    traceback = _COLOURS.sub("", "\n".join(output["traceback"]))
    if output["ename"] in _USER_ERRORS:
        return Execution(status="data", message=output["evalue"], traceback=traceback, notebook=notebook)
    if output["ename"] == "SystemExit":
        return failed(f"cell {number} left the notebook with sys.exit", notebook, traceback)
    first_line = (output["evalue"].splitlines() or [""])[0]
    return failed(f"cell {number} failed: {output['ename']}: {first_line}", notebook, traceback)


def _is_mute_figure(output: Mapping[str, Any]) -> bool:
    images = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
    texts = [output.get("metadata", {}).get(kind, {}).get("alt", "").strip() for kind in images]
    return bool(images) and not any(texts)


def _last_line(log: str) -> str:
    return (log.strip().splitlines() or ["the worker left no word"])[-1]

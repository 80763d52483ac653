"""Executes one notebook in a process of its own: ``python -m churnlab.studies.worker JOB.json``.

The parent reads one JSON line per executed cell from standard output, and holds standard input open: when that
closes, for whatever reason, kernel and worker end at once.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import shutil
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from churnlab.studies.canonical import END_TAG


def main(job_path: str) -> None:
    """Execute the notebook of a job file and leave the result where the job says.

    Parameters
    ----------
    job_path : str
        A JSON file with ``notebook``, ``parameters``, ``executed`` (where the result goes), ``mark`` (a file that
        is made when the last cell was reached) and ``kernel`` (an empty folder for what the kernel needs).

    Raises
    ------
    Exception
        Whatever the execution raises; the parent judges by the notebook and the mark.
    """
    job = json.loads(Path(job_path).read_text(encoding="utf-8"))
    events = _take_standard_output()
    folder, managers = Path(job["kernel"]), list[Any]()
    threading.Thread(target=_end_with_parent, args=(managers, folder), daemon=True).start()
    _settle(folder)
    try:
        managers.append(_kernel_manager(folder))
        _execute(job, managers[0], events)
    finally:
        _end_kernels(managers)


def _take_standard_output() -> IO[str]:
    """Keep the pipe to the parent for events alone; whatever else is printed goes to standard error."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _settle(folder: Path) -> None:
    """Keep the user's own Jupyter and matplotlib settings from changing a result."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        os.environ[name] = str(folder / name.lower())
        (folder / name.lower()).mkdir()
    settings = folder / "matplotlibrc"
    settings.write_text("svg.hashsalt: churnlab\n", encoding="utf-8")
    os.environ["MATPLOTLIBRC"] = str(settings)


def _kernel_manager(folder: Path) -> Any:
    from jupyter_client.manager import AsyncKernelManager

    connection = str(folder / "kernel.json")
    return AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "k"), connection_file=connection)


def _execute(job: dict[str, Any], manager: Any, events: IO[str]) -> None:
    # nbformat's schema checker would import a slow module that no notebook needs
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import nbformat
    import papermill

    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    notebook = nbformat.from_dict(_with_end(job["notebook"], job["mark"]))  # type: ignore[no-untyped-call]
    written = sum(cell["cell_type"] == "code" for cell in job["notebook"]["cells"])
    total = written + bool(job["parameters"])  # one more cell holds the injected parameters
    done = itertools.count(1)

    def report(**_: Any) -> None:
        with suppress(BrokenPipeError):
            print(json.dumps({"done": next(done), "total": total}), file=events, flush=True)

    papermill.execute_notebook(
        notebook,
        job["executed"],
        parameters=job["parameters"],
        kernel_name="python3",
        language="python",
        progress_bar=False,
        record_timing=False,
        coalesce_streams=True,
        km=manager,
        on_cell_executed=report,
    )


def _with_end(notebook: dict[str, Any], mark: str) -> dict[str, Any]:
    """Append a cell that leaves a mark: only then was every cell before it executed."""
    end: dict[str, Any] = {
        "cell_type": "code",
        "id": END_TAG,
        "metadata": {"tags": [END_TAG]},
        "source": f"__import__('pathlib').Path({mark!r}).touch()",
        "execution_count": None,
        "outputs": [],
    }
    cells = [{"id": f"cell-{number:03d}", **cell} for number, cell in enumerate(notebook["cells"])]
    return {**notebook, "cells": [*cells, end], "nbformat": 4, "nbformat_minor": 5}


def _end_with_parent(managers: list[Any], folder: Path) -> None:
    """Wait for the parent's end; what it cannot remove any more is removed here."""
    while os.read(0, 1):
        pass
    _end_kernels(managers)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _end_kernels(managers: list[Any]) -> None:
    for manager in managers:
        group = getattr(manager.provisioner, "pgid", None)
        with suppress(ProcessLookupError, PermissionError):
            if group:
                os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
    sys.stderr.flush()
    os._exit(0)

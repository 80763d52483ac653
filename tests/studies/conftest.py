"""Small studies that the tests run, and a way to find processes that outlived theirs."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from churnlab import studies

PARAMETERS = """\
from pathlib import Path
factor: float = 2.0  # what the numbers are multiplied by (0, 10]
label: str = "plain"  # any text
data: Path | None = None  # a CSV file
seed: int = 1  # of the random numbers [0, inf)
"""

EVERYTHING = (
    "import pandas as pd\nimport matplotlib.pyplot as plt\nfrom churnlab import studies",
    "study = studies.open_study('small')\nframe = pd.DataFrame({'x': [1, 2, 3]}).assign(y=lambda f: f.x * factor)",
    "study.table(frame, 'numbers', caption='Numbers')",
    "fig, ax = plt.subplots()\nax.plot(frame.x, frame.y)\nstudy.figure(ax, 'line', alt='A rising line.', caption='Line')",
    "study.headline('total', 'Total', frame.y.sum(), low=1.0, high=20.0, unit='orders', method='a sum')",
    "study.value('empty', 'Nothing', float('nan'))\nstudy.answer('The total is known.')\nprint(object(), {'b', 'a', 'c'})",
)

QUICK = ("from churnlab import studies", "study = studies.open_study('quick')", "study.value('f', 'Factor', factor)")

Make = Callable[..., Path]


def notebook(cells: tuple[str, ...], parameters: str = PARAMETERS) -> dict[str, Any]:
    """Return a notebook with a title, a question, a parameters cell and these code cells."""
    code = {"cell_type": "code", "execution_count": None, "outputs": []}
    words = {"cell_type": "markdown", "id": "words", "metadata": {}, "source": "# A small study\n\nDoes it work?"}
    declared = {**code, "id": "declared", "metadata": {"tags": ["parameters"]}, "source": parameters}
    rest = [{**code, "id": f"code-{place}", "metadata": {}, "source": text} for place, text in enumerate(cells)]
    return {"cells": [words, declared, *rest], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def leftovers(folder: Path, *, patience: float = 30.0) -> list[str]:
    """Return the processes that still work for runs below a folder once they have had time to end."""
    deadline = time.monotonic() + patience
    while (found := _processes(str(folder))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _processes(mark: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if f"CHURNLAB_OUTPUT={mark}".encode() in environment and process.name != str(os.getpid()):
            found.append(process.name)
    return found


@pytest.fixture
def make_study(tmp_path: Path) -> Make:
    """Write a notebook into a folder of its own and return that folder."""

    def make(name: str, cells: tuple[str, ...] = QUICK, parameters: str = PARAMETERS) -> Path:
        folder = tmp_path / "notebooks"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook(cells, parameters)), encoding="utf-8")
        return folder

    return make


@pytest.fixture
def living() -> Callable[[Path], list[str]]:
    """Find the processes that still work for runs below a folder."""
    return leftovers


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[studies.RunResult, studies.RunResult]:
    """Run the same study in two places; what one test process ran, the others find."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "twice"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "small.ipynb").write_text(json.dumps(notebook(EVERYTHING)), encoding="utf-8")
        first, second = (
            studies.run("small", {"factor": 3}, notebooks=folder, out=folder / place)
            for place in ("one", "another place")
        )
    return first, second


@pytest.fixture(scope="session")
def results(two_runs: tuple[studies.RunResult, studies.RunResult]) -> Mapping[str, Any]:
    """Read what the small study put out."""
    content: dict[str, Any] = json.loads((two_runs[0].folder / "results.json").read_text(encoding="utf-8"))
    return content

"""What `import churnlab` and the start of the command line may load."""

import subprocess
import sys

import pytest

HEAVY = {
    "duckdb",
    "lifelines",
    "matplotlib",
    "nbformat",
    "pandas",
    "papermill",
    "scipy",
    "seaborn",
    "sklearn",
    "statsmodels",
}


@pytest.mark.parametrize("module", ["churnlab", "churnlab.cli"])
def test_invariant_import_loads_nothing_heavy(module: str) -> None:
    """Libraries that take long to import wait until they are used."""
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    assert not loaded & HEAVY

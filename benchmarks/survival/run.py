"""Times churnlab's models of churn beside other ways to the same: python benchmarks/survival/run.py --rows 1000000.

Every task runs in a process of its own, in rounds, so that all meet the same load; the table holds medians of processor
seconds, imports and reading left out, and by how much memory rose. Peers live in an environment of their own: name its Python.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OWN_ONLY = ("concordance_error", "discrete", "predict")
PLAN = {
    "churnlab": (
        "cox",
        "kinds",
        "plans",
        "pieces",
        "diary",
        "robust",
        "ph_test",
        "concordance",
        "weibull",
        "curves",
        *OWN_ONLY,
    ),
    "lifelines": ("cox", "kinds", "plans", "pieces", "diary", "concordance", "weibull", "curves"),
    "sksurv": ("cox",),
    "statsmodels": ("cox",),
    "R": ("cox", "kinds", "plans", "pieces", "diary", "robust", "ph_test", "concordance", "weibull"),
}
QUADRATIC = {"lifelines": ("robust", "ph_test"), "sksurv": ("concordance",)}
"""Only where there are few enough rows."""


def main() -> None:
    """Make the data, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description="Time churnlab's models of churn beside other ways to the same.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of an environment with the peers")
    parser.add_argument("--libraries", nargs="+", choices=list(PLAN), default=list(PLAN))
    parser.add_argument("--tasks", nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([sys.executable, str(HERE / "data.py"), str(options.rows), str(options.seed), name], check=True)  # noqa: S603
        runs: dict[tuple[str, str], list[dict[str, float]]] = {}
        for _ in range(options.rounds):
            for library in options.libraries:
                quadratic = QUADRATIC.get(library, ()) if options.rows <= 20_000 else ()
                for task in (*PLAN[library], *quadratic):
                    if options.tasks is None or task in options.tasks:
                        result = run_task(library, task, name, options)
                        if result:
                            runs.setdefault((task, library), []).append(result)
        print_table(runs, options)


def run_task(library: str, task: str, folder: str, options: argparse.Namespace) -> dict[str, float] | None:
    """Run a task in a process of its own; None if its library is not there."""
    if library == "R":
        command = ["Rscript", str(HERE / "tasks.R"), task, folder]
    else:
        python = sys.executable if library == "churnlab" else options.peers
        if python is None:
            return None
        command = [python, str(HERE / "tasks.py"), library, task, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode:
        print(f"{library} {task}: failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{library} {task}: {result}", file=sys.stderr)
    return result


def print_table(runs: dict[tuple[str, str], list[dict[str, float]]], options: argparse.Namespace) -> None:
    """Print medians, and how many times as long each library took as churnlab did."""
    print(f"{options.rows:,} rows, medians of {options.rounds}\n")
    print("| task | library | processor seconds | × churnlab | memory rose by, MB | agrees to |")
    print("|---|---|---|---|---|---|")
    for (task, library), results in sorted(runs.items(), key=lambda item: item[0][0]):
        spent = statistics.median(result["processor"] for result in results)
        rise = statistics.median(result["peak"] - result["before"] for result in results)
        own = runs.get((task, "churnlab"))
        times = spent / statistics.median(result["processor"] for result in own) if own else float("nan")
        memory = "" if library == "R" else f"{rise:,.0f}"
        print(f"| {task} | {library} | {spent:.2f} | {times:.1f} | {memory} | {agreement(own, results)} |")


def agreement(own: list[dict] | None, results: list[dict]) -> str:
    """Return the largest difference from what churnlab found."""
    if not own or own is results or len(own[0]["found"]) != len(results[0]["found"]):
        return ""
    return f"{max(abs(a - b) for a, b in zip(own[0]['found'], results[0]['found'], strict=True)):.0e}"


if __name__ == "__main__":
    main()

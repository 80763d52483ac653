"""Times churnlab's features beside other ways to the same numbers: python benchmarks/features/run.py --rows 1000000.

Every variant runs in a process of its own, in rounds, so that all meet the same load; the table holds medians. Peers
live in environments of their own, since they need other versions: name their Python, or they are left out.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OWN = [
    "scan_keys", "scan_all", "plain_sum", "sort", "scan_csv", "check", "check_csv", "rfm", "hand_floats", "hand",
    "snapshot", "snapshot_in_parts", "pandas",
]  # fmt: skip
SAME = [("hand", "snapshot"), ("hand", "pandas"), ("rfm", "rfm_lifetimes"), ("rfm", "rfm_pymc")]


def main() -> None:
    """Make the orders, run the rounds, compare the results, print the table."""
    options = read_options()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        orders = folder / "orders.parquet"
        # In a process of its own: what this one held at its peak would count as memory of each that it starts.
        make = [sys.executable, str(HERE / "orders.py"), str(options.rows), str(options.seed), str(orders)]
        if {"scan_csv", "check_csv"} & set(options.variants):
            make.append(str(orders.with_suffix(".csv")))
        subprocess.run(make, check=True)  # noqa: S603 - no shell
        pythons = choose_variants(options)
        runs: dict[str, list[dict[str, float]]] = {variant: [] for variant in pythons}
        for _ in range(options.rounds):
            for variant, python in pythons.items():
                runs[variant].append(run_variant(python, variant, orders, folder / f"{variant}.parquet"))
        for left, right in SAME:
            if left in runs and right in runs:
                compare_results(folder / f"{left}.parquet", folder / f"{right}.parquet")
        print_table(runs, options)


def read_options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description="Time churnlab's features beside other ways to the same numbers.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the temporary files go")
    parser.add_argument("--variants", nargs="+", choices=OWN, default=OWN)
    for peer in ("lifetimes", "pymc", "featuretools"):
        parser.add_argument(f"--{peer}", metavar="PYTHON", help=f"the Python of an environment with {peer}")
    return parser.parse_args()


def choose_variants(options: argparse.Namespace) -> dict[str, str]:
    """Return the Python that runs each variant; say what is left out."""
    pythons = dict.fromkeys(options.variants, sys.executable)
    peers = {"rfm_lifetimes": options.lifetimes, "rfm_pymc": options.pymc, "featuretools": options.featuretools}
    for variant, python in peers.items():
        if python is None:
            print(f"{variant}: left out, no environment named", file=sys.stderr)
        else:
            pythons[variant] = python
    return pythons


def run_variant(python: str, variant: str, orders: Path, result: Path) -> dict[str, float]:
    """Run a variant in a process of its own; return seconds, processor seconds and peak memory in GB."""
    command = [python, str(HERE / "variants.py"), variant, str(orders), str(result)]
    shutil.rmtree(result.with_suffix(""), ignore_errors=True)
    result.unlink(missing_ok=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - no shell
        line = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{variant} failed with exit code {process.returncode}")
    measured: dict[str, float] = json.loads(line)
    print(f"{variant}: {measured}", file=sys.stderr)
    return measured | {"memory": usage.ru_maxrss / 1024**2}


def compare_results(left: Path, right: Path) -> None:
    """Stop unless both results hold the same customers with the same numbers."""
    import pandas as pd

    frames = [pd.read_parquet(path).sort_values("customer_id", ignore_index=True) for path in (left, right)]
    columns = [column for column in frames[0].columns if column in frames[1].columns]
    first, second = (frame[columns] for frame in frames)
    if "monetary_value" in columns:  # other packages give 0 where there is no repeat order
        first, second = (frame.fillna({"monetary_value": 0.0}) for frame in (first, second))
    pd.testing.assert_frame_equal(
        first, second, check_dtype=False, rtol=1e-6, atol=1e-6, obj=f"{left.stem}, {right.stem}"
    )


def print_table(runs: dict[str, list[dict[str, float]]], options: argparse.Namespace) -> None:
    """Print medians as a table in Markdown."""
    print(f"{options.rows:,} rows, seed {options.seed}, {options.rounds} rounds\n")
    print("| variant | seconds, reading included | of these on the read table | processor seconds | peak memory, GB |")
    print("|---|---|---|---|---|")
    for variant, measured in runs.items():
        middle = {key: statistics.median(run[key] for run in measured) for key in measured[0]}
        print(
            f"| {variant} | {middle['seconds']:.2f} | {middle['work']:.2f} | {middle['cpu']:.1f} | {middle['memory']:.2f} |"
        )


if __name__ == "__main__":
    main()

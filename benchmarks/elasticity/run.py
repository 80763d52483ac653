"""Times elasticities beside other ways to the same: python benchmarks/elasticity/run.py --pyfixest ENV/bin/python.

Every variant runs in a process of its own, in rounds, so that all meet the same load; the table holds medians. pyfixest lives in an
environment of its own; name its Python, or it is left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ["pyfixest_map", "pyfixest_map_lean", "pyfixest_lsmr"]
# products, stores, weeks; a fifth of the rows is left out where there are stores
PANELS = {"1": (100, 50, 250), "10": (1000, 50, 250), "slopes": (5000, 1, 200)}


def main() -> None:
    """Make the data, run the rounds, compare, print the tables."""
    options = read_options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for panel in options.panels:
            path = Path(folder) / f"{panel}.parquet"
            sizes = [str(size) for size in (*PANELS[panel], options.seed)]
            subprocess.run([sys.executable, str(HERE / "prices.py"), *sizes, str(path)], check=True)  # noqa: S603 - no shell
            runs: dict[str, list[dict[str, float]]] = {}
            for _ in range(options.rounds):
                for variant, python in choose_variants(panel, options.pyfixest).items():
                    runs.setdefault(variant, []).append(run_variant(python, variant, path))
            print_table(panel, runs)
            path.unlink()


def read_options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description="Time churnlab's elasticities beside other ways to the same.")
    parser.add_argument(
        "--panels", nargs="+", choices=list(PANELS), default=list(PANELS), help="millions of rows, or slopes"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where the temporary files go")
    parser.add_argument("--pyfixest", metavar="PYTHON", help="the Python of an environment with pyfixest")
    return parser.parse_args()


def choose_variants(panel: str, pyfixest: str | None) -> dict[str, str]:
    """Return the Python that runs each variant."""
    if panel == "slopes":
        return dict.fromkeys(["slopes", "slopes_formula", "slopes_arrays"], sys.executable)
    own = dict.fromkeys(["fit", "stream", "specify"], sys.executable)
    return own | (dict.fromkeys(PEERS, pyfixest) if pyfixest else {})


def run_variant(python: str, variant: str, path: Path) -> dict[str, float]:
    """Run one variant in a process of its own and return what it says."""
    command = [python, "-W", "ignore", str(HERE / "variants.py"), variant, str(path)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # clustered errors of pyfixest 0.60 depend on it
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)  # noqa: S603 - no shell
    found: dict[str, float] = json.loads(done.stdout.decode().splitlines()[-1])
    print(f"{variant}: {found}", file=sys.stderr, flush=True)
    return found


def print_table(panel: str, runs: dict[str, list[dict[str, float]]]) -> None:
    """Print medians; the formula loop did a twentieth of the products and is scaled."""
    print(f"\npanel {panel}\n| variant | processor seconds | seconds | peak memory, GB | estimate | std_error |")
    print("|---|---|---|---|---|---|")
    for variant, found in runs.items():
        scale = 20 if variant == "slopes_formula" else 1
        middle = {name: statistics.median(run[name] for run in found) for name in found[0]}
        print(
            f"| {variant} | {scale * middle['cpu']:.2f} | {scale * middle['wall']:.2f} | {middle['memory']:.2f} "
            f"| {middle['estimate']:.9f} | {middle['std_error']:.9f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

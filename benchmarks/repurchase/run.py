"""Time fits and forecasts beside other packages, each in a process of its own.

python benchmarks/repurchase/run.py --customers 23570 --lifetimes ENV/bin/python --pymc ENV/bin/python
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
HORIZON = 90.0


def histories(customers: int, path: Path) -> None:
    """Write customers of the BG/NBD model in whole days, aged 400 to 600 days."""
    from churnlab import simulate

    rfm = simulate.simulate_rfm(customers, r=0.25, alpha=30.8, a=0.8, b=2.4, T=600, seed=1)
    recency = np.ceil(rfm["recency"])
    np.savez(path, frequency=rfm["frequency"], recency=recency, T=np.maximum(np.ceil(rfm["T"]), recency))


def measure(python: str, name: str, path: Path, timeout: float) -> dict | None:
    command = [python, str(HERE / "variants.py"), name, str(path), str(HORIZON)]
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - the interpreters named on the command line
            command, capture_output=True, text=True, env=env, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"{name}: more than {timeout:.0f} s", flush=True)
        return None
    if done.returncode != 0:
        print(f"{name}: {done.stderr.strip().splitlines()[-1]}", flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=23_570)
    parser.add_argument("--lifetimes", help="a Python with lifetimes")
    parser.add_argument("--pymc", help="a Python with PyMC-Marketing")
    parser.add_argument("--models", nargs="+", default=["bg_nbd", "pareto_nbd"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=900.0)
    options = parser.parse_args()
    pythons = {"churnlab": sys.executable, "lifetimes": options.lifetimes, "pymc": options.pymc}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "histories.npz"
        histories(options.customers, path)
        rows = []
        for model in options.models:
            for package, python in pythons.items():
                if python is None:
                    continue
                rounds = options.rounds if package == "churnlab" else 1
                found = [measure(python, f"{model} {package}", path, options.timeout) for _ in range(rounds)]
                rows += [{"model": model, "package": package, **each} for each in found if each]
    table = pd.DataFrame(rows)
    table["theta"] = table["theta"].map(lambda values: " ".join(f"{value:.5g}" for value in values))
    best = table.groupby(["model", "package"], sort=False).agg(
        {"fit": "min", "forecast": "min", "peak": "max", "theta": "first", "alive": "first", "expected": "first"}
    )
    best["total"] = best["fit"] + best["forecast"]
    for model in options.models:
        if (model, "churnlab") in best.index:
            best.loc[[model], "times"] = (
                best.loc[[model], "total"] / best.loc[(model, "churnlab"), "total"]
            ).to_numpy()
    print(f"{options.customers:,} customers, processor seconds, peak GB")
    print(best.round(3).to_string())


if __name__ == "__main__":
    main()

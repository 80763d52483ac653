"""Collapse histories of very many customers on the engine, then fit them: python collapsed.py --customers 100000000."""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

from churnlab import repurchase
from churnlab.repurchase.simulate_histories import simulate_drop_out_at_order

TRUTH = {"r": 0.25, "alpha": 30.8, "a": 0.8, "b": 2.4}


def write(folder: Path, customers: int, part: int) -> None:
    """Write every customer's history in whole days, one file a part."""
    for seed in range(customers // part):
        age = np.random.default_rng(10_000 + seed).uniform(400, 600, part)
        rfm = simulate_drop_out_at_order(age, **TRUTH, seed=seed)
        recency = np.ceil(rfm["recency"]).astype("int16")
        rfm = (
            rfm[["frequency"]]
            .astype("int32")
            .assign(recency=recency, T=np.maximum(np.ceil(rfm["T"]), recency).astype("int16"))
        )
        rfm.to_parquet(folder / f"{seed}.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000_000)
    parser.add_argument("--part", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), options.customers, options.part)
        clocks = [time.perf_counter(), time.process_time()]
        groups = duckdb.sql(
            f"""SELECT frequency, CAST(recency AS DOUBLE) AS recency, CAST("T" AS DOUBLE) AS "T", CAST(count(*) AS DOUBLE) AS weight
FROM read_parquet('{folder}/*.parquet') GROUP BY ALL"""
        ).df()
        print(
            f"query: {time.perf_counter() - clocks[0]:.1f} s, {time.process_time() - clocks[1]:.1f} processor s, {len(groups):,} rows"
        )
    for name in ("bg_nbd", "mbg_nbd", "pareto_nbd"):
        clocks = [time.perf_counter(), time.process_time()]
        fit = getattr(repurchase, f"fit_{name}")(groups)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"{name}: {time.perf_counter() - clocks[0]:.1f} s, {time.process_time() - clocks[1]:.1f} processor s, peak {peak:.2f} GB"
        )
        print(fit, fit.tidy()["std_error"].round(5).tolist(), flush=True)


if __name__ == "__main__":
    main()

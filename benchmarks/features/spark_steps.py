"""Times the steps of a snapshot on Spark and on DuckDB: python benchmarks/features/spark_steps.py --rows 1000000.

Spark runs here as a cluster of two executors on this machine, which shows what the steps cost beside each other, not
what a cluster can do.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orders import make_orders
from variants import AS_OF, NAMES, choose_features

from churnlab import features, tables


def main() -> None:
    """Make the orders, time the steps on both engines, print the table."""
    parser = argparse.ArgumentParser(description="Time the steps of a snapshot on Spark and on DuckDB.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.parquet"
        make_orders(options.rows, options.seed, path)
        there: dict[str, float] = {}
        session = _timed(there, "start a session", _start_spark)
        for step in ("first", "second"):
            _steps(there, session.read.parquet(str(path)), Path(folder) / f"spark-{step}", f", {step} time")
        session.stop()
        here: dict[str, float] = {}
        for step in ("first", "second"):
            _steps(here, path, Path(folder) / f"duckdb-{step}.parquet", f", {step} time")
    print(f"{options.rows:,} rows\n\n| step | Spark, s | DuckDB, s |\n|---|---|---|")
    for step, seconds in there.items():
        print(f"| {step} | {seconds:.1f} | {here.get(step, 0):.1f} |")


def _start_spark() -> Any:
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local-cluster[2,1,2048]").config("spark.executor.memory", "2g")
    for name, value in (
        ("sql.shuffle.partitions", "4"),
        ("ui.enabled", "false"),
        ("ui.showConsoleProgress", "false"),
        ("sql.session.timeZone", "UTC"),
    ):
        builder = builder.config(f"spark.{name}", value)
    return builder.getOrCreate()


def _steps(seconds: dict[str, float], source: Any, result: Path, suffix: str) -> None:
    """Read and check, summarise, describe; what is described is written where it was computed."""
    orders = _timed(seconds, f"check the contract{suffix}", lambda: tables.read(source, "ORDERS"))
    _timed(seconds, f"to_rfm_groups{suffix}", lambda: features.to_rfm_groups(orders, as_of=AS_OF, unit="week"))
    snap = features.snapshot(orders, as_of=AS_OF, features=choose_features(NAMES))
    _timed(seconds, f"20 features, written{suffix}", lambda: orders.engine.write(snap.sql, result))


def _timed(seconds: dict[str, float], step: str, work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    done = work()
    seconds[step] = time.perf_counter() - started
    return done


if __name__ == "__main__":
    main()

"""Lifecycle, cohorts, churn rates and segments are the same on Spark as on DuckDB."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from churnlab import features, tables
from churnlab.tables import Table

AS_OF = "2024-07-01"
MEANS = 1e-9
"""Relative tolerance of numbers made by division or of medians, which engines compute in different orders."""

QUARTERS = ["2024-01-01", "2024-04-01", AS_OF]

OF_ORDERS: dict[str, Callable[[Table], pd.DataFrame]] = {
    "cohorts by month": lambda orders: features.to_cohorts(orders, as_of=AS_OF, by="quarter", period="month"),
    "cohorts by week": lambda orders: features.to_cohorts(orders, as_of=AS_OF, by="week", period="quarter"),
    "repurchase": lambda orders: features.repurchase_rates(orders, as_of=AS_OF, within_days=60),
    "average order": lambda orders: features.average_orders(orders, as_of=AS_OF),
    "lifecycle": lambda orders: features.to_lifecycle(orders, as_of=AS_OF),
    "lifecycle counts": lambda orders: features.lifecycle_counts(orders, as_of=QUARTERS[1:]),
    "lifecycle moves": lambda orders: features.lifecycle_transitions(
        orders, as_of=QUARTERS[1:], rules=features.LifecycleRules(rhythm_of_all=30)
    ),
    "activity": lambda orders: features.activity_churn(orders, dates=QUARTERS[:2], window_days=30),
    "segments": lambda orders: features.rfm_segments(features.rfm_scores(features.to_rfm(orders, as_of=AS_OF))),
    "panel": lambda orders: features.snapshots(orders, as_of=QUARTERS[1:], features=["orders", "amount_total"]),
}

OF_SUBSCRIPTIONS: dict[str, Callable[[Table], pd.DataFrame]] = {
    "counts": lambda contracts: features.to_churn_counts(contracts, dates=QUARTERS),
    "rates": lambda contracts: features.to_churn_rates(contracts, dates=QUARTERS[:2]),
}


def _make_orders() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    days = pd.to_timedelta(rng.integers(0, 600 * 24, 700), unit="h")
    customers = rng.integers(0, 90, 700) ** 2 // 90
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:02d}" for number in customers],
            "date": (pd.Timestamp("2023-01-01") + days).astype("datetime64[us]"),
            "amount": rng.choice([0.1, 0.2, 1.005, 19.99, 1234.5678], 700),
        }
    )


def _make_contracts() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    start = pd.Timestamp("2023-06-01") + pd.to_timedelta(rng.integers(0, 400, 200), unit="D")
    end = (start + pd.to_timedelta(rng.integers(1, 300, 200), unit="D")).where(rng.random(200) < 0.6)
    frame = pd.DataFrame({"customer_id": rng.integers(0, 80, 200), "start": start, "end": end})
    frame["price"] = rng.choice([9.99, 19.99, 0.1], 200)
    return frame.astype({"start": "datetime64[us]", "end": "datetime64[us]"})


@pytest.fixture(scope="module")
def on_both(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Table, Table]]:
    """Return each table on DuckDB and on Spark, from the same file."""
    folder: Path = tmp_path_factory.mktemp("tables")
    both = {}
    for name, frame in {"orders": _make_orders(), "subscriptions": _make_contracts()}.items():
        path = str(folder / f"{name}.parquet")
        duckdb.from_df(frame).write_parquet(path)
        both[name] = (tables.read(path, name), tables.read(spark.read.parquet(path).cache(), name))
    return both


def _assert_same(make: Callable[[Table], pd.DataFrame], both: tuple[Table, Table]) -> None:
    here, there = (make(table) for table in both)
    assert len(here) > 1
    for name in here.columns:
        exact = not pd.api.types.is_float_dtype(here[name])
        pd.testing.assert_series_equal(
            here[name], there[name], check_dtype=False, check_exact=exact, rtol=MEANS, atol=MEANS
        )
    assert list(here.columns) == list(there.columns)


@pytest.mark.parametrize("name", OF_ORDERS)
def test_truth_frames_of_orders_are_the_same_on_spark(on_both: dict[str, tuple[Table, Table]], name: str) -> None:
    """What is counted of orders is the same, row by row, on both engines."""
    _assert_same(OF_ORDERS[name], on_both["orders"])


@pytest.mark.parametrize("name", OF_SUBSCRIPTIONS)
def test_truth_churn_of_contracts_is_the_same_on_spark(on_both: dict[str, tuple[Table, Table]], name: str) -> None:
    """Customers and revenue kept, lost and won are the same on both engines."""
    _assert_same(OF_SUBSCRIPTIONS[name], on_both["subscriptions"])


def test_truth_leaks_are_looked_for_on_spark(on_both: dict[str, tuple[Table, Table]]) -> None:
    """The check of leaks runs where the tables are."""
    snap = features.snapshot(on_both["orders"][1], as_of=AS_OF, features=["orders", "amount_mean"])
    report = features.check_leakage(snap)
    assert report["checked"].all()
    assert not report["leaks"].any()

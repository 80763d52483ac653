"""Features, targets and summaries are the same on Spark as on DuckDB."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from churnlab import features, tables
from churnlab.features.dialects import DIALECTS
from churnlab.tables import Table

AS_OF = "2024-07-01"
MEANS = 1e-9
"""Relative tolerance of means, medians, slopes and entropies, which engines add up in different orders."""

SUMS = {"amount_total", "amount_7", "amount_30", "amount_90", "amount_ahead"}
"""Money that is added up and not divided."""

BUILDERS: dict[str, tuple[features.Feature, ...]] = {
    "frequency": features.frequency(),
    "rhythm": features.rhythm(),
    "money": features.money(),
    "windows": features.windows((7, 30, 90)),
    "shares": features.shares("channel", ["web", "l'eau", "back\\slash"]),
    "preference": (*features.preference("category"), *features.preference("channel")),
    "calendar": features.calendar(),
    "discounts": features.discounts(),
    "first_order": features.first_order("channel", "category"),
    "trouble": (*features.frequency(), *features.trouble()),
    "use": features.use(30),
    "reach": (*features.frequency(), *features.reach()),
    "referrals": features.referrals(),
    "survey": features.survey(),
    "who": features.who("region", "income"),
}


def _some(rng: np.random.Generator, n: int, values: list[Any]) -> list[Any]:
    return [values[index] for index in rng.integers(len(values), size=n)]


def _dated(rng: np.random.Generator, n: int, customers: int) -> dict[str, Any]:
    """Return customers and moments: several on a day, some at midnight of as_of and after it."""
    minutes = rng.integers(0, 2 * 365 * 24 * 4, size=n) * 15
    dates = pd.Timestamp("2023-01-01") + pd.to_timedelta(minutes, unit="min")
    return {"customer_id": _some(rng, n, [f"C{number:03d}" for number in range(customers)]), "date": dates}


def _make_frames() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(7)
    orders = pd.DataFrame(
        {
            **_dated(rng, 900, 60),
            "amount": rng.choice([0.0, 0.1, 0.2, 0.3, 1.005, 19.99, 1234.5678], 900),
            "category": _some(rng, 900, ["a", "b", "B", "é", None]),
            "channel": _some(rng, 900, ["web", "l'eau", "back\\slash", None]),
            "discount": rng.choice([0.0, 0.05, np.nan], 900),
        }
    )
    once = pd.DataFrame(
        {"customer_id": ["only", "zero"], "date": pd.Timestamp("2024-06-30 23:59"), "amount": [5.0, 0.0]}
    )
    edge = pd.DataFrame({"customer_id": ["C000", "edge"], "date": pd.Timestamp(AS_OF), "amount": [7.0, 8.0]})
    cases = pd.DataFrame(
        {
            **_dated(rng, 200, 40),
            "kind": _some(rng, 200, ["complaint", "return"]),
            "resolution": _some(rng, 200, ["refund", "repair", None]),
        }
    )
    cases["resolved"] = (cases["date"] + pd.to_timedelta(rng.integers(0, 60, 200), unit="D")).where(
        rng.random(200) < 0.7
    )
    usage = pd.DataFrame({**_dated(rng, 400, 50), "quantity": rng.choice([0.0, 1.5, 3.0], 400)})
    offers = pd.DataFrame({**_dated(rng, 200, 50), "treated": rng.random(200) < 0.5})
    answers = pd.DataFrame(
        {
            **_dated(rng, 150, 30),
            "respondent_id": np.arange(150),
            "outcome": rng.choice([1.0, 5.0, np.nan], 150),
            "recommend": rng.choice([0.0, 6.0, 7.0, 9.0, np.nan], 150),
        }
    )
    answers["date"] = answers["date"].dt.floor("30D")
    people = pd.DataFrame({"customer_id": [f"C{number:03d}" for number in range(50)]})
    people["region"] = _some(rng, 50, ["North", "South", None])
    people["referred_by"] = [None if number % 3 else f"C{(number + 7) % 50:03d}" for number in range(50)]
    people["income"] = rng.choice([1000.5, np.nan], 50)
    return {
        "orders": pd.concat([orders, once, edge], ignore_index=True),
        "cases": cases,
        "usage": usage,
        "offers": offers,
        "answers": answers,
        "customers": people,
    }


@pytest.fixture(scope="module")
def on_both(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Table], dict[str, Table]]:
    """Return the same tables on DuckDB and on Spark, from the same files."""
    folder = tmp_path_factory.mktemp("tables")
    here, there = {}, {}
    for name, frame in _make_frames().items():
        path = str(folder / f"{name}.parquet")
        dates = frame.select_dtypes("datetime").columns
        duckdb.from_df(frame.astype(dict.fromkeys(dates, "datetime64[us]"))).write_parquet(
            path
        )  # Spark has no nanoseconds
        here[name] = tables.read(path, name)
        there[name] = tables.read(spark.read.parquet(path), name)
    return here, there


def _frame(given: Mapping[str, Table], **options: Any) -> pd.DataFrame:
    return features.snapshot(given, as_of=AS_OF, **options).to_frame()


def _assert_same(here: pd.DataFrame, there: pd.DataFrame) -> None:
    """Whole numbers, labels and money are equal; numbers made by division agree to the named tolerance."""
    assert list(here.columns) == list(there.columns)
    for name in here.columns:
        left, right = here[name], there[name]
        exact = not pd.api.types.is_float_dtype(left) or name in SUMS
        pd.testing.assert_series_equal(left, right, check_dtype=False, check_exact=exact, rtol=MEANS, atol=MEANS)


@pytest.mark.parametrize("builder", BUILDERS)
def test_truth_every_builder_is_the_same_on_spark(
    on_both: tuple[dict[str, Table], dict[str, Table]], builder: str
) -> None:
    """Every feature has the same value for every customer on both engines."""
    here, there = (_frame(given, features=BUILDERS[builder]) for given in on_both)
    assert len(here) > 55
    assert here.drop(columns="customer_id").notna().any().all()
    _assert_same(here, there)


def test_truth_targets_and_population_are_the_same_on_spark(
    on_both: tuple[dict[str, Table], dict[str, Table]],
) -> None:
    """Targets after a gap, for customers of a population, are the same on both engines."""
    options: dict[str, Any] = {
        "features": ["orders", "orders_change_90"],
        "targets": ["orders_ahead", "amount_ahead", "ordered_ahead", "silent_ahead"],
        "horizon": 90,
        "gap": 7,
        "population": features.Population(within=120, first_before=30),
    }
    here, there = (_frame(given, **options) for given in on_both)
    assert here["orders_change_90"].min() < 0 < here["orders_change_90"].max()
    assert 0 < len(here) < 60
    _assert_same(here, there)


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_truth_rfm_is_the_same_on_spark(on_both: tuple[dict[str, Table], dict[str, Table]], unit: Any) -> None:
    """Frequency, recency, T, monetary value and their groups are the same on both engines."""
    here, there = (given["orders"] for given in on_both)
    for summarise in (features.to_rfm, features.to_rfm_groups):
        _assert_same(summarise(here, as_of=AS_OF, unit=unit), summarise(there, as_of=AS_OF, unit=unit))


def test_truth_future_is_the_same_on_spark(on_both: tuple[dict[str, Table], dict[str, Table]]) -> None:
    """Orders and money in the window after a date are the same, to the last cent, on both engines."""
    here, there = (features.to_future(given["orders"], as_of=AS_OF, horizon=20) for given in on_both)
    pd.testing.assert_frame_equal(here, there, check_dtype=False, check_exact=True)


def test_truth_buckets_on_spark_are_a_partition(on_both: tuple[dict[str, Table], dict[str, Table]]) -> None:
    """Each customer is in one bucket, whatever the engine's hash."""
    orders = on_both[1]["orders"]
    bucket = DIALECTS["spark"].bucket("customer_id", 4)
    rows = orders.engine.rows(f"SELECT DISTINCT customer_id, {bucket} FROM {orders.view}")
    assert {number for _, number in rows} == {0, 1, 2, 3}
    assert len(rows) == len({customer for customer, _ in rows})


def test_truth_money_on_spark_adds_up_exactly(spark: Any) -> None:
    """A million cents added up one by one are ten thousand, not nearly so."""
    frame = spark.sql("SELECT 1 AS customer_id, DATE '2024-01-01' AS date, 0.01e0 AS amount FROM range(1000000)")
    orders = tables.read(frame, "ORDERS")
    assert str(orders.engine.rows(f"SELECT sum(amount) FROM {orders.view}")[0][0]) == "10000.0000"


def test_truth_spark_writes_what_duckdb_reads(
    on_both: tuple[dict[str, Table], dict[str, Table]], tmp_path: Path
) -> None:
    """What Spark writes is a folder of Parquet files with the same rows."""
    orders = on_both[1]["orders"]
    orders.engine.write(f"SELECT customer_id, amount FROM {orders.view}", tmp_path / "orders")
    written = duckdb.sql(f"SELECT count(*), sum(amount) FROM '{tmp_path}/orders/*.parquet'").fetchall()
    assert written == orders.engine.rows(f"SELECT count(*), sum(amount) FROM {orders.view}")


def test_truth_snapshot_on_spark_is_written_once(
    on_both: tuple[dict[str, Table], dict[str, Table]], tmp_path: Path
) -> None:
    """A snapshot is written from Spark group by group, with its manifest, and not again while nothing changes."""
    snap = features.snapshot(on_both[1], as_of=AS_OF, features=["orders", "amount_total"])
    folder = snap.write(tmp_path, partitions=3)
    written = duckdb.read_parquet(f"{folder}/*/*.parquet", hive_partitioning=False).order("customer_id").df()
    pd.testing.assert_frame_equal(written, snap.to_frame(), check_dtype=False)
    before = (folder / "manifest.json").stat().st_mtime_ns
    assert (snap.write(tmp_path, partitions=3) / "manifest.json").stat().st_mtime_ns == before

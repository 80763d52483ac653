"""Spells, start–stop rows and counts are the same on Spark as on DuckDB."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from churnlab import survival, tables
from churnlab.tables import Table


@pytest.fixture(scope="module")
def on_both(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Table], dict[str, Table]]:
    """Return the same tables on DuckDB and on Spark, from the same files."""
    folder = tmp_path_factory.mktemp("spells")
    frame = survival.simulate_subscriptions(200, days=400, monthly_churn=0.1, returning=0.5, seed=3)
    frame["end"] = frame["end"] + pd.to_timedelta(frame.index % 3 * 7, unit="h")
    changes = frame[["customer_id", "start", "price"]].rename(columns={"start": "date", "price": "now"})
    changes["date"] = changes["date"] + pd.to_timedelta(changes.index % 50, unit="D")
    orders = frame[["customer_id", "start"]].rename(columns={"start": "date"}).assign(amount=1.0)
    contracts = {"subscriptions": "SUBSCRIPTIONS", "changes": survival.periods.CHANGES, "orders": "ORDERS"}
    here, there = {}, {}
    for name, part in {"subscriptions": frame, "changes": changes, "orders": orders}.items():
        path = str(Path(folder) / f"{name}.parquet")
        dates = part.select_dtypes("datetime").columns
        duckdb.from_df(part.astype(dict.fromkeys(dates, "datetime64[us]"))).write_parquet(path)
        here[name] = tables.read(path, contracts[name])
        there[name] = tables.read(spark.read.parquet(path), contracts[name])
    return here, there


def _assert_same(here: pd.DataFrame, there: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        here.astype(dict.fromkeys(here.select_dtypes("datetime").columns, "datetime64[us]")),
        there.astype(dict.fromkeys(there.select_dtypes("datetime").columns, "datetime64[us]")),
        check_dtype=False,
        rtol=1e-12,
    )


@pytest.mark.parametrize("options", [{}, {"longest_gap": 45, "unit": "month"}, {"observed_from": "2023-06-01"}])
def test_truth_spells_are_the_same_on_spark(
    on_both: tuple[dict[str, Table], dict[str, Table]], options: dict[str, Any]
) -> None:
    """Spells of contracts, with gaps, units and late entry, are the same on both engines."""
    asked = {"as_of": "2023-12-01", "covariates": ["plan", "price"], "zero_durations": "half_day", **options}
    here, there = (survival.to_spells(given["subscriptions"], **asked) for given in on_both)
    assert here["churned"].any()
    _assert_same(here, there)
    counted = [survival.count_contracts(given["subscriptions"], as_of="2023-12-01") for given in on_both]
    pd.testing.assert_frame_equal(*counted)


def test_truth_periods_counts_and_orders_are_the_same_on_spark(
    on_both: tuple[dict[str, Table], dict[str, Table]],
) -> None:
    """Start–stop rows, counts, spells of orders and merged contracts are the same on both engines."""
    found = []
    for given in on_both:
        spells = survival.to_spells_table(given["subscriptions"], as_of="2023-12-01", covariates=["plan"])
        found.append(
            (
                survival.to_periods(spells, given["changes"], columns=["now"]),
                survival.to_spell_counts(spells, by=["plan"]),
                survival.to_order_spells(given["orders"], as_of="2023-12-01", silence=60),
                survival.merge_overlaps(given["subscriptions"])
                .to_frame()
                .sort_values(["customer_id", "start"], ignore_index=True),
                survival.to_follow_up(given["subscriptions"], as_of="2023-09-01", horizon=2),
            )
        )
    for here, there in zip(*found, strict=True):
        assert len(here) > 50
        _assert_same(here, there)

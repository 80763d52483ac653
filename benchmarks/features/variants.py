"""Runs one variant in a process of its own: python variants.py NAME ORDERS.parquet RESULT.parquet.

Prints the seconds of the work itself, without imports, as one line of JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

AS_OF = "2025-07-01"
LAST_DAY = "2025-06-30"
KEYS = ["customer_id", "date", "amount"]
NAMES = [
    "orders", "tenure_days", "recency_days", "orders_per_30_days", "gap_mean_days", "gap_median_days", "gap_variation",
    "amount_total", "amount_mean", "amount_last", "amount_variation", "orders_30", "orders_90", "orders_365",
    "amount_90", "weekend_share", "channel_web_share", "channel_shop_share", "category_main", "category_tried",
]  # fmt: skip

TOUCHES = {
    "customer_id": "bit_xor(customer_id)",
    "date": "bit_xor(epoch_us(date))",
    "amount": "sum(amount)",
    "category": "sum(length(category))",
    "channel": "sum(length(channel))",
}

HAND = """
WITH seen AS (
    SELECT customer_id, date_diff('day', CAST(date AS DATE), DATE '2025-07-01') AS age, {amount} AS amount, category,
        channel, isodow(date) >= 6 AS weekend
    FROM '{path}' WHERE date < TIMESTAMP '2025-07-01'
),
days AS (
    SELECT *, lag(age) OVER (PARTITION BY customer_id ORDER BY age DESC) - age AS gap
    FROM (SELECT customer_id, age, sum(amount) AS amount FROM seen GROUP BY customer_id, age)
),
habits AS (
    SELECT customer_id, count(*) AS orders, max(age) AS tenure_days, min(age) AS recency_days,
        30.0e0 * count(*) / max(age) AS orders_per_30_days, (max(age) - min(age)) / nullif(count(*) - 1, 0) AS gap_mean_days,
        median(1.0e0 * gap) AS gap_median_days, stddev_samp(gap) / avg(gap) AS gap_variation,
        CAST(sum(amount) AS DOUBLE) AS amount_total, CAST(sum(amount) AS DOUBLE) / count(*) AS amount_mean,
        CAST(min_by(amount, age) AS DOUBLE) AS amount_last,
        stddev_samp(CAST(amount AS DOUBLE)) / nullif(CAST(sum(amount) AS DOUBLE) / count(*), 0) AS amount_variation,
        count_if(age <= 30) AS orders_30, count_if(age <= 90) AS orders_90, count_if(age <= 365) AS orders_365,
        CAST(sum(CASE WHEN age <= 90 THEN amount ELSE 0 END) AS DOUBLE) AS amount_90
    FROM days GROUP BY customer_id
),
shares AS (
    SELECT customer_id, count_if(weekend) / count(*) AS weekend_share,
        count_if(channel = 'web') / count(channel) AS channel_web_share,
        count_if(channel = 'shop') / count(channel) AS channel_shop_share
    FROM seen GROUP BY customer_id
),
tastes AS (
    SELECT customer_id, min(CASE WHEN n = most THEN category END) AS category_main, count(*) AS category_tried
    FROM (
        SELECT *, max(n) OVER (PARTITION BY customer_id) AS most
        FROM (SELECT customer_id, category, count(*) AS n FROM seen WHERE category IS NOT NULL GROUP BY ALL)
    )
    GROUP BY customer_id
)
SELECT * FROM habits LEFT JOIN shares USING (customer_id) LEFT JOIN tastes USING (customer_id) ORDER BY customer_id
"""


def scan(path: str, columns: list[str]) -> None:
    """Decode columns and do next to nothing with them."""
    import duckdb

    touched = ", ".join(TOUCHES[name] for name in columns)
    duckdb.connect().execute(f"SELECT {touched} FROM '{path}'").fetchall()


def scan_keys(path: str, _: str) -> None:
    """Scan what RFM needs."""
    scan(path, KEYS)


def scan_all(path: str, _: str) -> None:
    """Scan all five columns."""
    scan(path, [*KEYS, "category", "channel"])


PLAIN_SUM = "SELECT sum(s) FROM (SELECT customer_id, sum(amount) AS s FROM '{path}' GROUP BY customer_id)"
SORT = """
SELECT max(number), max(amount) FROM (
    SELECT amount, dense_rank() OVER (PARTITION BY customer_id ORDER BY CAST(date AS DATE)) AS number FROM '{path}'
)
"""
TEXTS = """
SELECT sum(length(customer_id)), sum(length(date)), sum(length(amount)), sum(length(category)), sum(length(channel))
FROM read_csv('{path}', all_varchar=true)
"""


def plain_sum(path: str, _: str) -> None:
    """Group by customer, and nothing but one sum: less than any summary of customers."""
    _fetch(PLAIN_SUM.format(path=path))


def sort(path: str, _: str) -> None:
    """Sort each customer's days, and nothing else."""
    _fetch(SORT.format(path=path))


def scan_csv(path: str, _: str) -> None:
    """Split the lines of a CSV file, and add up the lengths of its texts."""
    _fetch(TEXTS.format(path=Path(path).with_suffix(".csv")))


def _fetch(sql: str) -> None:
    import duckdb

    duckdb.connect().execute(sql).fetchall()


def check(path: str, _: str) -> None:
    """Read the table against its contract."""
    from churnlab import tables

    tables.read(path, "ORDERS")


def check_csv(path: str, result: str) -> None:
    """Read the same orders against the contract from a CSV file."""
    check(str(Path(path).with_suffix(".csv")), result)


def rfm(path: str, _: str) -> Any:
    """Summarise as churnlab does, from a table that was read before."""
    from churnlab import features, tables

    orders = tables.read(path, "ORDERS")
    started = time.perf_counter()
    frame = features.to_rfm(orders, as_of=AS_OF, unit="day")
    return frame, time.perf_counter() - started


def rfm_lifetimes(path: str, _: str) -> Any:
    """Summarise as lifetimes does."""
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    data = pd.read_parquet(path, columns=KEYS)
    data = data[data["date"] < AS_OF]
    return summary_data_from_transaction_data(
        data, "customer_id", "date", "amount", observation_period_end=LAST_DAY, freq="D"
    ).reset_index()


def rfm_pymc(path: str, _: str) -> Any:
    """Summarise as PyMC-Marketing does."""
    import pandas as pd
    from pymc_marketing.clv import rfm_summary

    data = pd.read_parquet(path, columns=KEYS)
    data = data[data["date"] < AS_OF]
    return rfm_summary(data, "customer_id", "date", "amount", observation_period_end=LAST_DAY, time_unit="D")


def choose_features(names: list[str]) -> list[Any]:
    """Return features by name, out of those that the columns of the orders allow."""
    from churnlab import features

    known = [*features.DEFAULTS, *features.shares("channel", ["web", "shop"]), *features.preference("category")]
    by_name = {feature.name: feature for feature in known}
    return [by_name[name] for name in names]


def _snapshot(path: str) -> Any:
    from churnlab import features, tables

    return features.snapshot(tables.read(path, "ORDERS"), as_of=AS_OF, features=choose_features(NAMES))


def snapshot(path: str, result: str) -> Any:
    """Compute 20 features as churnlab does, from a table that was read before."""
    snap = _snapshot(path)
    started = time.perf_counter()
    snap.tables["orders"].engine.write(snap.sql, Path(result))
    return None, time.perf_counter() - started


def snapshot_in_parts(path: str, result: str) -> Any:
    """Compute 20 features for an eighth of the customers at a time."""
    snap = _snapshot(path)
    started = time.perf_counter()
    snap.write(Path(result).with_suffix(""), partitions=8)
    return None, time.perf_counter() - started


def hand(path: str, result: str) -> None:
    """Compute the same by hand-written SQL, money exact."""
    _by_hand(path, result, "CAST(amount AS DECIMAL(18, 4))")


def hand_floats(path: str, result: str) -> None:
    """Compute the same by hand-written SQL, money in floats."""
    _by_hand(path, result, "amount")


def _by_hand(path: str, result: str, amount: str) -> None:
    import duckdb

    duckdb.connect().sql(HAND.format(path=path, amount=amount)).write_parquet(result, compression="zstd")


def pandas(path: str, result: str) -> None:
    """Compute the same with vectorised pandas."""
    import numpy as np
    import pandas as pd

    data = pd.read_parquet(path)
    data = data[data["date"] < AS_OF]
    data["age"] = (pd.Timestamp(AS_OF) - data["date"].dt.normalize()).dt.days.astype("int32")
    days = data.groupby(["customer_id", "age"], sort=True)["amount"].sum().reset_index()
    days = days.sort_values(["customer_id", "age"], ascending=[True, False], kind="stable")
    by = days["customer_id"]
    days["gap"] = days["age"].shift().where(by == by.shift()) - days["age"]
    for length in (30, 90, 365):
        days[f"orders_{length}"] = days["age"] <= length
    days["amount_90"] = days["amount"].where(days["age"] <= 90, 0.0)
    groups = days.groupby("customer_id")
    out = groups.agg(
        orders=("age", "size"), tenure_days=("age", "max"), recency_days=("age", "min"), amount_total=("amount", "sum"),
        amount_last=("amount", "last"), amount_std=("amount", "std"), gap_std=("gap", "std"), gap_mean=("gap", "mean"),
        gap_median_days=("gap", "median"), orders_30=("orders_30", "sum"), orders_90=("orders_90", "sum"),
        orders_365=("orders_365", "sum"), amount_90=("amount_90", "sum"),
    )  # fmt: skip
    out["orders_per_30_days"] = 30 * out["orders"] / out["tenure_days"]
    out["gap_mean_days"] = (out["tenure_days"] - out["recency_days"]) / (out["orders"] - 1).replace(0, np.nan)
    out["gap_variation"] = out["gap_std"] / out["gap_mean"]
    out["amount_mean"] = out["amount_total"] / out["orders"]
    out["amount_variation"] = out["amount_std"] / out["amount_mean"]
    data["weekend_share"] = data["date"].dt.dayofweek >= 5
    for value in ("web", "shop"):
        data[f"channel_{value}_share"] = data["channel"] == value
    shares = ["weekend_share", "channel_web_share", "channel_shop_share"]
    out[shares] = data.groupby("customer_id")[shares].mean()
    counts = data.groupby(["customer_id", "category"]).size().rename("n").reset_index()
    counts = counts.sort_values(["customer_id", "n", "category"], ascending=[True, False, True])
    tastes = counts.groupby("customer_id")["category"]
    out["category_main"], out["category_tried"] = tastes.first(), tastes.size()
    out[NAMES].reset_index().to_parquet(result)


def featuretools(path: str, _: str) -> Any:
    """Compute a dozen features of the same kind with featuretools."""
    import featuretools as ft
    import pandas as pd

    data = pd.read_parquet(path)
    data = data[data["date"] < AS_OF].reset_index(names="line")
    entities = ft.EntitySet().add_dataframe(data, "orders", index="line", time_index="date")
    entities.normalize_dataframe("orders", "customers", "customer_id")
    frame, _ = ft.dfs(
        entityset=entities,
        target_dataframe_name="customers",
        agg_primitives=["count", "sum", "mean", "std", "median", "last", "avg_time_between", "num_unique", "mode"],
        trans_primitives=[],
    )
    return frame


VARIANTS: dict[str, Callable[[str, str], Any]] = {
    each.__name__: each
    for each in (
        scan_keys, scan_all, plain_sum, sort, scan_csv, check, check_csv, rfm,
        rfm_lifetimes, rfm_pymc, snapshot, snapshot_in_parts, hand, hand_floats, pandas,
        featuretools,
    )
}  # fmt: skip


def main(name: str, path: str, result: str) -> None:
    """Run a variant, and say how long the whole took and how long the work on a table that was read before."""
    _import_for(name)
    started, before = time.perf_counter(), time.process_time()
    done = VARIANTS[name](path, result)
    seconds = time.perf_counter() - started
    frame, work = done if isinstance(done, tuple) else (done, seconds)
    print(json.dumps({"seconds": seconds, "work": work, "cpu": time.process_time() - before}))
    if frame is not None:
        frame.reset_index(drop=True).to_parquet(result)


def _import_for(name: str) -> None:
    import duckdb  # noqa: F401
    import pandas  # noqa: F401

    if name in ("check", "check_csv", "rfm", "snapshot", "snapshot_in_parts"):
        from churnlab import features, tables  # noqa: F401
    if name == "rfm_lifetimes":
        import lifetimes  # noqa: F401
    if name == "rfm_pymc":
        import pymc_marketing.clv  # noqa: F401
    if name == "featuretools":
        import featuretools  # noqa: F401


if __name__ == "__main__":
    main(*sys.argv[1:])

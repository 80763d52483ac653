"""Retention and repurchase: by cohort and age, by order number."""

from datetime import date

import numpy as np
import pandas as pd

from churnlab.errors import DataError
from churnlab.features.history import days_sql, to_cut
from churnlab.features.intervals import with_share
from churnlab.features.periods import DAYS_PER_PERIOD, Period, after, check_period, start_sql
from churnlab.features.units import require_whole
from churnlab.tables import Table

__all__ = ["repurchase_rates", "to_cohorts"]


def to_cohorts(
    orders: Table,
    *,
    as_of: str | date,
    by: Period = "month",
    period: Period = "month",
    observed_until: str | date | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Follow customers who first ordered in the same period of the calendar as they age.

    Parameters
    ----------
    orders
        A table of ORDERS; orders of a customer on one day count as one.
    as_of
        The day from which on nothing is known.
    by
        The period of the calendar that makes a cohort: ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``.
    period
        The unit of age.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per cohort and age, in order: `cohort` (its first day), `age` (0 is the first period, that of the first
        order), `customers`, `buyers` (who ordered at that age), `retention` (their share, 1 at age 0) with Wilson's
        limits `conf_low, conf_high`, `orders`, `revenue` and `average_order` (NaN where there is none).

    Raises
    ------
    DataError
        If no order lies before `as_of`, the orders end before it, or no cohort is observed for a whole period.
    ParameterError
        If an argument is no date, a period is unknown, or the level is out of range.

    Notes
    -----
    Age is counted from each customer's own first order in periods of their average length (a month is 30.4375 days), so
    that all have had the same time at each age, whichever day of the month they came. An age is given only once the
    last to join could have reached its end before `as_of`: what is not fully observed is absent, not 0. Customers who
    came before the table begins look new in it: leave out the first cohorts where that may be.

    Examples
    --------
    >>> from churnlab import datasets
    >>> to_cohorts(datasets.load_cdnow_sample(), as_of="1998-07-01").query("age == 0")["customers"].tolist()
    [781, 857, 719]
    """
    check_period(by, "by")
    check_period(period, "period")
    cut = to_cut(orders, as_of, observed_until)
    found = orders.engine.frame(_cohorts_sql(orders, cut, by=by, period=period))
    ages = _observed_ages(found["cohort"], cut, by=by, length=DAYS_PER_PERIOD[period])
    if ages.empty:
        raise DataError(
            f"No cohort of {orders.label} has been observed for a whole {period} before {cut.isoformat()}. Try a "
            "shorter period."
        )
    frame = ages.merge(found, on=["cohort", "age"], how="left")
    frame[["buyers", "orders"]] = frame[["buyers", "orders"]].fillna(0).astype("int64")
    frame["revenue"] = frame["revenue"].fillna(0.0)
    frame["customers"] = frame.groupby("cohort")["buyers"].transform("first")
    frame = with_share(frame, "buyers", "customers", name="retention", conf_level=conf_level)
    frame["average_order"] = frame["revenue"] / frame["orders"].where(frame["orders"] > 0)
    columns = ["cohort", "age", "customers", "buyers", "retention", "conf_low", "conf_high"]
    return frame[[*columns, "orders", "revenue", "average_order"]]


def _cohorts_sql(orders: Table, cut: date, *, by: str, period: str) -> str:
    return f"""SELECT cohort, age, count(DISTINCT customer_id) AS buyers, count(*) AS orders,
    CAST(sum(amount) AS DOUBLE) AS revenue
FROM (
    SELECT customer_id, amount, {start_sql("first_day", by)} AS cohort,
        CAST(floor((first_age - age) / {DAYS_PER_PERIOD[period]!r}e0) AS BIGINT) AS age
    FROM (
        SELECT customer_id, amount, age,
            max(age) OVER (PARTITION BY customer_id) AS first_age, min(day) OVER (PARTITION BY customer_id) AS first_day
        FROM ({days_sql(orders, cut)})
    )
)
GROUP BY cohort, age
ORDER BY cohort, age"""


def _observed_ages(cohorts: pd.Series, cut: date, *, by: str, length: float) -> pd.DataFrame:
    """Return every cohort and age that its last possible customer has reached the end of."""
    starts = cohorts.drop_duplicates().reset_index(drop=True)
    days = (pd.Timestamp(cut) - after(starts, by)).dt.days + 1
    ages = np.maximum(np.floor(days / length), 0).astype(int)
    return pd.DataFrame(
        {"cohort": starts.repeat(ages), "age": np.concatenate([np.arange(n) for n in ages])}
    ).reset_index(drop=True)


def repurchase_rates(
    orders: Table,
    *,
    as_of: str | date,
    within_days: int,
    up_to: int = 10,
    observed_until: str | date | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return the share of buyers who buy again within a period, after their first, second, third … order.

    Parameters
    ----------
    orders
        A table of ORDERS; orders of a customer on one day count as one.
    as_of
        The day from which on nothing is known.
    within_days
        Length of the period.
    up_to
        The last order number to follow.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per order number: `order_number` (1: from the first order to the second), `buyers`, `again` (who ordered
        again within the period), `rate` with Wilson's limits `conf_low, conf_high`, and `not_yet_observed`.

    Raises
    ------
    DataError
        If no order lies before `as_of`, the orders end before it, or none has been observed for the whole period.
    ParameterError
        If `as_of` is no date, a number is no whole one or below 1, or the level is out of range.

    Notes
    -----
    The repurchase (repeat purchase) rate of the textbooks, for example Farris et al. (2010), Marketing metrics, chapter 2.
    Whoever placed the order fewer than `within_days` whole days before `as_of` counts neither as a buyer nor as one who
    bought again, even if she already has: counting her early success alone would raise the rate. She is counted in
    `not_yet_observed`.

    Examples
    --------
    >>> from churnlab import datasets
    >>> rates = repurchase_rates(datasets.load_cdnow_sample(), as_of="1998-07-01", within_days=90)
    >>> rates[["order_number", "buyers", "rate"]].head(2).round(3)
       order_number  buyers   rate
    0             1    2357  0.291
    1             2    1106  0.433
    """
    within_days, up_to = require_whole("within_days", within_days), require_whole("up_to", up_to)
    cut = to_cut(orders, as_of, observed_until)
    frame = orders.engine.frame(f"""SELECT order_number,
    count(CASE WHEN age > {within_days} THEN 1 END) AS buyers,
    count(CASE WHEN age > {within_days} AND gap <= {within_days} THEN 1 END) AS again,
    count(CASE WHEN age <= {within_days} THEN 1 END) AS not_yet_observed
FROM (
    SELECT age, row_number() OVER (PARTITION BY customer_id ORDER BY age DESC) AS order_number,
        age - lead(age) OVER (PARTITION BY customer_id ORDER BY age DESC) AS gap
    FROM ({days_sql(orders, cut)})
)
WHERE order_number <= {up_to}
GROUP BY order_number
HAVING count(CASE WHEN age > {within_days} THEN 1 END) > 0
ORDER BY order_number""")
    if frame.empty:
        raise DataError(
            f"No order of {orders.label} lies {within_days + 1} or more days before {cut.isoformat()}, so none has been "
            "observed for the whole period. Try a smaller within_days."
        )
    frame = with_share(frame, "again", "buyers", name="rate", conf_level=conf_level)
    return frame[["order_number", "buyers", "again", "rate", "conf_low", "conf_high", "not_yet_observed"]]

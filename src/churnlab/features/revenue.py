"""What an order is worth, over time."""

from datetime import date

import pandas as pd

from churnlab.errors import DataError
from churnlab.features.history import days_sql, to_cut
from churnlab.features.intervals import ratio_interval
from churnlab.features.periods import Period, after, check_period, start_sql
from churnlab.tables import Table

__all__ = ["average_orders"]


def average_orders(
    orders: Table,
    *,
    as_of: str | date,
    period: Period = "month",
    observed_until: str | date | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return what an order is worth on average, period by period of the calendar.

    Parameters
    ----------
    orders
        A table of ORDERS; orders of a customer on one day count as one.
    as_of
        The day from which on nothing is known.
    period
        ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per period with an order that ends by `as_of`: `start` (its first day), `buyers`, `orders`, `revenue`,
        `average_order` with limits `conf_low, conf_high` (NaN where there is one buyer).

    Raises
    ------
    DataError
        If no order lies before `as_of`, the orders end before it, or no period is whole.
    ParameterError
        If `as_of` is no date, the period is unknown, or the level is out of range.

    Notes
    -----
    Revenue over orders, with the limits of a ratio of two sums over buyers (:func:`ratio_interval`): orders of one
    buyer are alike, so the interval is wider than that of a mean over orders. The first period is as it is in the table,
    which may begin in its midst.

    Examples
    --------
    >>> from churnlab import datasets
    >>> average_orders(datasets.load_cdnow_sample(), as_of="1998-07-01")["average_order"].head(2).round(2).tolist()
    [32.75, 35.01]
    """
    check_period(period, "period")
    cut = to_cut(orders, as_of, observed_until)
    # 19 digits, since DuckDB keeps a product of two decimals of 18 within 18
    found = orders.engine.frame(f"""SELECT start, count(*) AS n, sum(x) AS x, sum(y) AS y,
    sum(x * x) AS xx, sum(x * y) AS xy, sum(y * y) AS yy
FROM (
    SELECT customer_id, {start_sql("day", period)} AS start, count(*) AS x, CAST(sum(amount) AS DECIMAL(19, 4)) AS y
    FROM ({days_sql(orders, cut)})
    GROUP BY customer_id, {start_sql("day", period)}
)
GROUP BY start
ORDER BY start""")
    sums = found[after(found["start"], period) <= pd.Timestamp(cut)].reset_index(drop=True)
    if sums.empty:
        raise DataError(f"No whole {period} of {orders.label} lies before {cut.isoformat()}. Try a shorter period.")
    average = ratio_interval(sums, conf_level=conf_level)
    return pd.DataFrame(
        {
            "start": sums["start"],
            "buyers": sums["n"],
            "orders": sums["x"].astype("int64"),
            "revenue": sums["y"].astype("float64"),
            "average_order": average["estimate"],
            "conf_low": average["conf_low"],
            "conf_high": average["conf_high"],
        }
    )

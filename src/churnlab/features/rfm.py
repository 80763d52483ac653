"""Frequency, recency, T and monetary value of each customer as of a date, and what she did afterwards."""

import warnings
from datetime import date, timedelta
from numbers import Real

import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.features.dialects import DIALECTS
from churnlab.features.history import require_covered
from churnlab.features.units import Unit, days_per, shift
from churnlab.tables import Table, require_table, to_date

__all__ = ["to_future", "to_rfm", "to_rfm_groups"]

_SILENT_DAYS = 31


def to_rfm(orders: Table, *, as_of: str | date, unit: Unit = "week") -> pd.DataFrame:
    """Summarise each customer's orders before a date as frequency, recency, T and monetary value.

    Orders of one customer on one day count as one. The first day with an order is not counted: it makes a customer.

    Parameters
    ----------
    orders
        A table of ORDERS.
    as_of
        The day from which on nothing is known; only orders strictly before it are used.
    unit
        Unit of `recency` and `T`: ``"day"``, ``"week"``, ``"month"`` or ``"year"``. Fractions are kept.

    Returns
    -------
    DataFrame
        One row per customer with an order before `as_of`, in order of `customer_id`: `customer_id`; `frequency`, the
        number of later days with an order; `recency`, her age at the last of them; `T`, her age at the end of the day
        before `as_of`; `monetary_value`, the mean amount of those days (NaN where there are none).

    Raises
    ------
    DataError
        If no order lies before `as_of`.
    ParameterError
        If `as_of` is no date or `unit` is unknown.

    Notes
    -----
    The definitions of Fader, Hardie and Lee (2005), as in R's BTYD (`dc.ElogToCbsCbt`) and lifetimes
    (`summary_data_from_transaction_data`, whose `observation_period_end` is the day before `as_of`). `recency` is an
    age; the time since the last order is ``T - recency``.

    Examples
    --------
    >>> from churnlab import datasets
    >>> to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01").head(2).round(1)
      customer_id  frequency  recency     T  monetary_value
    0       00004          2     30.4  38.9            22.3
    1       00018          0      0.0  38.4             NaN
    """
    return _summarise("SELECT * FROM ({rfm}) ORDER BY customer_id", orders, as_of, unit)


def to_rfm_groups(orders: Table, *, as_of: str | date, unit: Unit = "week") -> pd.DataFrame:
    """Count the customers of each distinct frequency, recency and T: all that a transaction model needs.

    Parameters
    ----------
    orders
        A table of ORDERS.
    as_of
        The day from which on nothing is known.
    unit
        Unit of `recency` and `T`.

    Returns
    -------
    DataFrame
        One row per distinct combination, in order: `frequency`, `recency`, `T`, `weight` (number of customers).

    Raises
    ------
    DataError
        If no order lies before `as_of`.
    ParameterError
        If `as_of` is no date or `unit` is unknown.

    Examples
    --------
    >>> from churnlab import datasets
    >>> len(to_rfm_groups(datasets.load_cdnow_sample(), as_of="1997-10-01"))
    1016
    """
    columns = "frequency, recency, T"
    query = f"SELECT {columns}, count(*) AS weight FROM ({{rfm}}) GROUP BY {columns} ORDER BY {columns}"
    return _summarise(query, orders, as_of, unit)


def to_future(
    orders: Table,
    *,
    as_of: str | date,
    horizon: float,
    unit: Unit = "week",
    observed_until: str | date | None = None,
) -> pd.DataFrame:
    """Count what each customer known before a date did in the window from that date on.

    Parameters
    ----------
    orders
        A table of ORDERS.
    as_of
        First day of the window.
    horizon
        Length of the window in units of time; it is taken to the nearest whole day.
    unit
        Unit of `horizon`.
    observed_until
        The day up to which, not including it, the table is complete; by default the day after its last order.

    Returns
    -------
    DataFrame
        The customers of :func:`to_rfm` in the same order: `customer_id`; `orders`, the number of days with an order
        in the window; `amount`, the money spent in it.

    Raises
    ------
    DataError
        If no order lies before `as_of`, or the table does not cover the window.
    ParameterError
        If an argument is no date, `unit` is unknown or `horizon` is not positive.

    Examples
    --------
    >>> from churnlab import datasets
    >>> to_future(datasets.load_cdnow_sample(), as_of="1997-10-01", horizon=39)["orders"].sum()
    np.int64(1882)
    """
    require_table(orders, "ORDERS")
    start = to_date(as_of, "as_of")
    if not (isinstance(horizon, Real) and horizon > 0):
        raise ParameterError(f"`horizon` must be above 0, not {horizon!r}.")
    end = shift(start, horizon, unit)
    require_covered(orders, end, observed_until)
    future = f"date >= TIMESTAMP '{start.isoformat()}' AND date < TIMESTAMP '{end.isoformat()}'"
    frame = orders.engine.frame(
        f"""SELECT
    customer_id,
    count(DISTINCT CASE WHEN {future} THEN CAST(date AS DATE) END) AS orders,
    CAST(coalesce(sum(CASE WHEN {future} THEN amount END), 0) AS DOUBLE) AS amount
FROM {orders.view}
GROUP BY customer_id
HAVING min(date) < TIMESTAMP '{start.isoformat()}'
ORDER BY customer_id"""
    )
    if frame.empty:
        raise DataError(f"{orders.label} has no order before as_of {start.isoformat()}.")
    return frame


def _rfm_sql(orders: Table, as_of: date, unit: str) -> str:
    """Return the SQL that numbers each customer's days: to sort takes less time and memory than to group by day."""
    length = f"{days_per(unit)!r}e0"
    days = DIALECTS[orders.engine.dialect].days
    last_day = f"DATE '{(as_of - timedelta(days=1)).isoformat()}'"
    return f"""SELECT
    customer_id,
    CAST(max(number) - 1 AS BIGINT) AS frequency,
    {days("max(day)", "min(day)")} / {length} AS recency,
    {days(last_day, "min(day)")} / {length} AS T,
    CAST(sum(CASE WHEN number > 1 THEN amount END) AS DOUBLE) / nullif(max(number) - 1, 0) AS monetary_value
FROM (
    SELECT customer_id, day, amount, dense_rank() OVER (PARTITION BY customer_id ORDER BY day) AS number
    FROM (
        SELECT customer_id, CAST(date AS DATE) AS day, amount
        FROM {orders.view}
        WHERE date < TIMESTAMP '{as_of.isoformat()}'
    )
)
GROUP BY customer_id"""


def _summarise(query: str, orders: Table, as_of: str | date, unit: Unit) -> pd.DataFrame:
    require_table(orders, "ORDERS")
    day = to_date(as_of, "as_of")
    frame = orders.engine.frame(query.format(rfm=_rfm_sql(orders, day, unit)))
    if frame.empty:
        raise DataError(f"{orders.label} has no order before as_of {day.isoformat()}.")
    silent = float((frame["T"] - frame["recency"]).min()) * days_per(unit)
    if silent > _SILENT_DAYS:
        warnings.warn(
            f"{orders.label} has no order in the {silent:.0f} days before as_of {day.isoformat()}. If the table ends "
            "earlier than that, customers look more silent than they are.",
            stacklevel=3,
        )
    return frame

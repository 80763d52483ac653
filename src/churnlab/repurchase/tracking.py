"""Repeat orders by period of the calendar: what happened, and what the model expected."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.features import Unit, days_per
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.tables import Table, to_date

__all__ = ["to_tracking"]

Array = npt.NDArray[np.float64]


def to_tracking(
    orders: Table, fit: TransactionFit, *, as_of: str | date, until: str | date, unit: Unit = "week"
) -> pd.DataFrame:
    """Track the repeat orders of the customers known before a date, period by period, beside the model's expectation.

    Parameters
    ----------
    orders
        A table of ORDERS.
    fit
        A model fitted as of `as_of`, in the same unit.
    as_of
        Only customers who first ordered before it are tracked; the periods from it on are held out.
    until
        The day up to which, not including it, periods are made; a last period that it would cut is left off.
    unit
        Length of a period. Periods are laid so that one of them begins on `as_of`.

    Returns
    -------
    DataFrame
        One row per period: `period` (its number), `start` (its first day), `end` (the day after its last), `held_out`,
        `actual` and `expected` repeat orders, and `actual_cumulative`, `expected_cumulative` by its end.

    Raises
    ------
    ParameterError
        If the dates leave no whole period before `as_of`.

    Notes
    -----
    The expectation is that of new customers (Fader, Hardie and Lee 2005, equation 9), summed over the days on which
    they first ordered, as in R's `bgnbd.ExpectedCumulativeTransactions`. A repeat order is a later day with an order.
    """
    cut, end = to_date(as_of, "as_of"), to_date(until, "until")
    length = days_per(unit)
    births = orders.engine.frame(_births_sql(orders, cut))
    repeats = orders.engine.frame(_repeats_sql(orders, cut, end))
    first = births["day"].min().date()
    before, after = int(np.ceil((cut - first).days / length)), int(((end - cut).days + 0.5) / length)
    if before < 1 or before + after < 2:
        raise ParameterError(f"There is no whole {unit} between {first.isoformat()} and {end.isoformat()}.")
    edges = np.round((np.arange(before + after + 1) - before) * length)
    place = np.searchsorted(edges, _days_from(repeats["day"], cut), side="right") - 1
    actual = np.bincount(place, repeats["orders"].to_numpy(float), minlength=len(edges))[: len(edges) - 1]
    expected = np.diff(
        _expected_by(edges, _days_from(births["day"], cut), births["customers"].to_numpy(float), fit, length)
    )
    return pd.DataFrame(
        {
            "period": np.arange(1, before + after + 1),
            "start": pd.to_datetime([cut + timedelta(days=int(edge)) for edge in edges[:-1]]),
            "end": pd.to_datetime([cut + timedelta(days=int(edge)) for edge in edges[1:]]),
            "held_out": edges[:-1] >= 0,
            "actual": actual,
            "expected": expected,
            "actual_cumulative": actual.cumsum(),
            "expected_cumulative": expected.cumsum(),
        }
    )


def _births_sql(orders: Table, cut: date) -> str:
    return f"""SELECT day, count(*) AS customers
FROM (SELECT min(CAST(date AS DATE)) AS day FROM {orders.view} GROUP BY customer_id)
WHERE day < DATE '{cut.isoformat()}' GROUP BY day ORDER BY day"""


def _repeats_sql(orders: Table, cut: date, end: date) -> str:
    return f"""SELECT CAST(date AS DATE) AS day, count(DISTINCT customer_id) AS orders
FROM (SELECT customer_id, date, min(CAST(date AS DATE)) OVER (PARTITION BY customer_id) AS first FROM {orders.view})
WHERE first < DATE '{cut.isoformat()}' AND CAST(date AS DATE) > first AND date < TIMESTAMP '{end.isoformat()}'
GROUP BY 1 ORDER BY 1"""


def _days_from(days: pd.Series, origin: date) -> Array:
    return np.asarray((pd.to_datetime(days) - pd.Timestamp(origin)).dt.days, dtype=np.float64)


def _expected_by(edges: Array, births: Array, customers: Array, fit: TransactionFit, length: float) -> Array:
    """Return the repeat orders expected before each edge; an age runs to the end of the day before it, as T does."""
    ages = np.maximum(edges[:, None] - 1 - births[None, :], 0) / length
    distinct, place = np.unique(ages, return_inverse=True)
    total: Array = fit.expected_orders_of_new(distinct)[place].reshape(ages.shape) @ customers
    return total

"""Churn as orders show it: who was active, and fell silent."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from churnlab.errors import DataError
from churnlab.features.history import require_covered, to_cut, to_days
from churnlab.features.intervals import with_share
from churnlab.features.units import require_whole
from churnlab.tables import Table

__all__ = ["activity_churn"]


def activity_churn(
    orders: Table,
    *,
    dates: Sequence[str | date],
    window_days: int,
    observed_until: str | date | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return the share of active customers who fall silent: churn where there is no contract to end.

    Parameters
    ----------
    orders
        A table of ORDERS.
    dates
        Dates that ascend.
    window_days
        Who ordered in so many days before a date is active, and who does not in so many days from it on is lost.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per date: `as_of`, `customers` (active), `lost`, `churn` with Wilson's limits `conf_low, conf_high`.

    Raises
    ------
    DataError
        If no order lies before a date, the orders do not cover a window, or nobody is active.
    ParameterError
        If an argument is no date, the dates do not ascend, the window is below 1 day, or the level is out of range.

    Notes
    -----
    Gold (2020), chapter 2, activity-based churn. A lost customer may come back after the window: the longer it is, the
    fewer do, and the later the rate is known.

    Examples
    --------
    >>> from churnlab import datasets
    >>> activity_churn(datasets.load_cdnow_sample(), dates=["1998-01-01"], window_days=90)["churn"].round(3).tolist()
    [0.512]
    """
    window_days = require_whole("window_days", window_days)
    rows = []
    for day in to_days(dates, "dates"):
        cut = to_cut(orders, day, observed_until)
        require_covered(orders, cut + timedelta(days=window_days), observed_until)
        customers, lost = orders.engine.rows(_activity_sql(orders, cut, window_days))[0]
        if customers == 0:
            raise DataError(f"{orders.label} has no order in the {window_days} days before {cut.isoformat()}.")
        rows.append((pd.Timestamp(cut), customers, lost))
    frame = pd.DataFrame(rows, columns=["as_of", "customers", "lost"])
    return with_share(frame, "lost", "customers", name="churn", conf_level=conf_level)


def _activity_sql(orders: Table, cut: date, window_days: int) -> str:
    day, window = f"TIMESTAMP '{cut.isoformat()} 00:00:00'", timedelta(days=window_days)
    return f"""SELECT count(*), count(CASE WHEN later = 0 THEN 1 END)
FROM (
    SELECT customer_id,
        max(CASE WHEN date < {day} THEN 1 ELSE 0 END) AS active, max(CASE WHEN date < {day} THEN 0 ELSE 1 END) AS later
    FROM {orders.view}
    WHERE date >= TIMESTAMP '{(cut - window).isoformat()}' AND date < TIMESTAMP '{(cut + window).isoformat()}'
    GROUP BY customer_id
)
WHERE active = 1"""

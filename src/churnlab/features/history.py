"""A customer's days with an order before a date: the one place where the frames of this package cut time."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from churnlab.errors import DataError, ParameterError
from churnlab.features.dialects import DIALECTS
from churnlab.tables import Table, require_table, to_date

__all__ = ["days_sql", "observed_end", "require_covered", "to_cut", "to_days"]


def days_sql(orders: Table, cut: date) -> str:
    """Return the SQL of the days with an order before a date.

    Parameters
    ----------
    orders
        A table of ORDERS.
    cut
        The day from which on nothing is known.

    Returns
    -------
    str
        One row per customer and day: `customer_id`, `day`, `age` (whole days until `cut`; 1 is the day before) and
        `amount` (DECIMAL, so that sums are exact).
    """
    age = DIALECTS[orders.engine.dialect].days(f"DATE '{cut.isoformat()}'", "CAST(date AS DATE)")
    return f"""SELECT customer_id, CAST(date AS DATE) AS day, {age} AS age, CAST(sum(amount) AS DECIMAL(18, 4)) AS amount
    FROM {orders.view}
    WHERE date < TIMESTAMP '{cut.isoformat()} 00:00:00'
    GROUP BY customer_id, CAST(date AS DATE)"""


def to_cut(orders: Table, as_of: str | date, observed_until: str | date | None = None) -> date:
    """Return the day on which time is cut, once it is sure that the orders cover the time before it.

    Parameters
    ----------
    orders
        A table of ORDERS.
    as_of
        The day from which on nothing is known.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.

    Raises
    ------
    DataError
        If no order lies before `as_of`, the orders end before it, or the table is none of ORDERS.
    ParameterError
        If an argument is no date, or `orders` is no table.
    """
    require_table(orders, "ORDERS")
    cut = to_date(as_of, "as_of")
    first = orders.engine.rows(f"SELECT CAST(min(date) AS DATE) FROM {orders.view}")[0][0]
    if cut <= first:
        raise DataError(
            f"{orders.label} has no order before as_of {cut.isoformat()}: the first is on {first.isoformat()}."
        )
    require_covered(orders, cut, observed_until)
    return cut


def require_covered(orders: Table, end: date, observed_until: str | date | None = None) -> None:
    """Refuse a day that lies after the end of the orders, because customers would look more silent than they are.

    Parameters
    ----------
    orders
        A table of ORDERS.
    end
        The day up to which, not including it, orders are needed.
    observed_until
        The day up to which, not including it, they are complete; by default the day after the last one.

    Raises
    ------
    DataError
        If they end earlier.
    ParameterError
        If `observed_until` is no date.
    """
    until = observed_end(orders, observed_until)
    if end > until:
        last = orders.engine.rows(f"SELECT CAST(max(date) AS DATE) FROM {orders.view}")[0][0]
        raise DataError(
            f"{end.isoformat()} lies {(end - until).days} days after the end of {orders.label} (last order: "
            f"{last.isoformat()}). Choose an earlier date or a shorter window; or, if the table is complete until then, "
            "say so in observed_until."
        )


def observed_end(orders: Table, observed_until: str | date | None = None) -> date:
    """Return the day up to which, not including it, the orders are complete.

    Parameters
    ----------
    orders
        A table of ORDERS.
    observed_until
        That day, if it is known; by default the day after the last order.

    Raises
    ------
    ParameterError
        If `observed_until` is no date.

    Examples
    --------
    >>> from churnlab import datasets
    >>> observed_end(datasets.load_cdnow())
    datetime.date(1998, 7, 1)
    """
    if observed_until is not None:
        return to_date(observed_until, "observed_until")
    last: date = orders.engine.rows(f"SELECT CAST(max(date) AS DATE) FROM {orders.view}")[0][0]
    return last + timedelta(days=1)


def to_days(dates: Sequence[str | date], name: str, *, least: int = 1) -> tuple[date, ...]:
    """Return several dates as days, which must ascend.

    Parameters
    ----------
    dates
        Text, dates or timestamps: a list, or what ``pandas.date_range`` makes.
    name
        Of the argument, for messages.
    least
        How many there must be.

    Raises
    ------
    ParameterError
        If one is no date, there are too few, or they do not ascend.

    Examples
    --------
    >>> len(to_days(["2024-01-01", "2024-02-01"], "dates"))
    2
    """
    if isinstance(dates, str | date):
        raise ParameterError(f"`{name}` must be a list of dates, not {dates!r}.")
    days = tuple(to_date(day, name) for day in dates)
    if len(days) < least:
        raise ParameterError(f"`{name}` must hold {least} or more dates, not {len(days)}.")
    for before, after in pairwise(days):
        if after <= before:
            raise ParameterError(f"`{name}` must ascend, but {after.isoformat()} comes after {before.isoformat()}.")
    return days

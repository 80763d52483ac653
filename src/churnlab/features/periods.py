"""Periods of the calendar: which one a day lies in, and how long one is on average."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import pandas as pd

from churnlab.errors import ParameterError
from churnlab.features.units import days_per

__all__ = ["DAYS_PER_PERIOD", "Period", "after", "check_period", "start_sql"]

Period = Literal["week", "month", "quarter", "year"]

DAYS_PER_PERIOD: Mapping[str, float] = MappingProxyType(
    {"week": days_per("week"), "month": days_per("month"), "quarter": 3 * days_per("month"), "year": days_per("year")}
)
"""Average length of each period in days."""

_OFFSETS = {
    "week": pd.DateOffset(weeks=1),
    "month": pd.DateOffset(months=1),
    "quarter": pd.DateOffset(months=3),
    "year": pd.DateOffset(years=1),
}


def check_period(period: str, name: str) -> None:
    """Refuse what is no period of the calendar.

    Raises
    ------
    ParameterError
        If there is no such period; it names the argument.
    """
    if period not in DAYS_PER_PERIOD:
        raise ParameterError(f"`{name}` must be {', '.join(map(repr, DAYS_PER_PERIOD))}, not {period!r}.")


def start_sql(day: str, period: str) -> str:
    """Return the SQL of the first day of the period that a day lies in; weeks begin on Monday.

    Examples
    --------
    >>> start_sql("day", "month")
    "CAST(date_trunc('month', day) AS DATE)"
    """
    return f"CAST(date_trunc('{period}', {day}) AS DATE)"


def after(starts: pd.Series, period: str) -> pd.Series:
    """Return the first day of the next period, for the first days of some.

    Examples
    --------
    >>> after(pd.Series([pd.Timestamp("2024-02-01")]), "quarter").dt.date.tolist()
    [datetime.date(2024, 5, 1)]
    """
    later: pd.Series = starts + _OFFSETS[period]
    return later

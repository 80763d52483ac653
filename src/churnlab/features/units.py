"""Units of time: everything is counted in days and divided by the length of the unit; whole numbers are whole."""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Literal, SupportsIndex

from churnlab.errors import ParameterError

__all__ = ["DAYS_PER_UNIT", "Unit", "days_per", "require_whole", "shift"]

_MOST = 100_000

Unit = Literal["day", "week", "month", "year"]

DAYS_PER_UNIT: Mapping[str, float] = MappingProxyType({"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25})
"""Length of each unit in days; a month is the twelfth part of a year of 365.25 days."""


def days_per(unit: str) -> float:
    """Return the length of a unit of time in days.

    Raises
    ------
    ParameterError
        If there is no such unit.

    Examples
    --------
    >>> days_per("week")
    7.0
    """
    if unit not in DAYS_PER_UNIT:
        raise ParameterError(f"`unit` must be {', '.join(map(repr, DAYS_PER_UNIT))}, not {unit!r}.")
    return DAYS_PER_UNIT[unit]


def shift(day: date, periods: float, unit: str) -> date:
    """Return the day so many units later (or earlier), to the nearest whole day.

    Raises
    ------
    ParameterError
        If there is no such unit, or no such day in the calendar.

    Examples
    --------
    >>> shift(date(1997, 10, 1), 39, "week")
    datetime.date(1998, 7, 1)
    """
    try:
        return day + timedelta(days=round(periods * days_per(unit)))
    except (OverflowError, ValueError):  # too far, infinite, or no number
        raise ParameterError(f"There is no day {periods!r} times a {unit} from {day.isoformat()}.") from None


def require_whole(name: str, value: Any, *, least: int = 1) -> int:
    """Return a whole number from `least` to 100,000 (in days: 273 years), or refuse what is none.

    Parameters
    ----------
    name
        Of the argument, for messages.
    value
        What was given.
    least
        The smallest that will do.

    Raises
    ------
    ParameterError
        If it is no whole number or out of range.

    Examples
    --------
    >>> require_whole("within_days", 30)
    30
    """
    if isinstance(value, SupportsIndex) and not isinstance(value, bool) and least <= (number := int(value)) <= _MOST:
        return number
    raise ParameterError(f"`{name}` must be a whole number from {least} to {_MOST:,}, not {value!r}.")

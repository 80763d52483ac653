"""Dates that a plan says in words, such as ``month-start - 3 months``, so that next month's run needs no edit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import UnionType
from typing import Any, Union, get_args, get_origin

from churnlab.errors import ParameterError
from churnlab.studies.parameters import Parameter

_FORM = re.compile(
    r"(today|yesterday|week-start|month-start|quarter-start|year-start)"
    r"(?:\s*([+-])\s*(\d{1,4})\s*(day|week|month|quarter|year)s?)?"
)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def resolve_date(text: str, today: date) -> date | None:
    """Return the date that words mean on a day, or None if they are no such words.

    Parameters
    ----------
    text
        ``today``, ``yesterday``, or the first day of what the day lies in (``week-start``, which is a Monday,
        ``month-start``, ``quarter-start``, ``year-start``); after it, if wanted, a shift such as ``- 3 months``.
    today
        The day.

    Returns
    -------
    date or None
        A shift by months that would miss the end of a month ends on its last day.

    Raises
    ------
    ParameterError
        If the shift leaves the calendar.

    Examples
    --------
    >>> resolve_date("month-start - 1 day", date(2024, 3, 15))
    datetime.date(2024, 2, 29)
    """
    found = _FORM.fullmatch(text.strip().lower())
    if found is None:
        return None
    anchor, sign, amount, unit = found.groups()
    start = _anchor(anchor, today)
    if sign is None:
        return start
    try:
        return _shift(start, int(amount) * (1 if sign == "+" else -1), unit)
    except (ValueError, OverflowError):
        raise ParameterError(f"{text!r} leaves the calendar") from None


def resolve_dates(parameters: Sequence[Parameter], given: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return values by name, with dates in place of words wherever a parameter is declared a date.

    Parameters
    ----------
    parameters
        What the study declares.
    given
        Values by name.
    today
        The day that the words are about.

    Returns
    -------
    dict
        What is no such word stays as it is, for the check of values to judge.

    Raises
    ------
    ParameterError
        If a shift leaves the calendar.
    """
    dated = {parameter.name for parameter in parameters if _is_date(parameter.type)}
    return {
        name: (resolve_date(value, today) or value) if name in dated and isinstance(value, str) else value
        for name, value in given.items()
    }


def _is_date(kind: Any) -> bool:
    if get_origin(kind) in (Union, UnionType):
        return any(map(_is_date, get_args(kind)))
    return kind is date


def _anchor(word: str, today: date) -> date:
    if word == "week-start":
        return today - timedelta(days=today.weekday())
    if word == "yesterday":
        return today - timedelta(days=1)
    month = {"month-start": today.month, "quarter-start": (today.month - 1) // 3 * 3 + 1, "year-start": 1}.get(word)
    return today if month is None else today.replace(month=month, day=1)


def _shift(start: date, amount: int, unit: str) -> date:
    if unit in ("day", "week"):
        return start + timedelta(days=amount * (7 if unit == "week" else 1))
    months = start.year * 12 + start.month - 1 + amount * _MONTHS[unit]
    first = date(months // 12, months % 12 + 1, 1)
    following = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
    return first.replace(day=min(start.day, (following - timedelta(days=1)).day))

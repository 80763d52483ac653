"""A headline number: how it is kept, and how number, unit and interval are written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from churnlab.errors import ParameterError


def to_number(
    key: str,
    label: str,
    estimate: float,
    interval: tuple[float | None, float | None],
    *,
    unit: str,
    method: str,
    digits: int | None,
) -> dict[str, Any]:
    """Return a number as results.json keeps it: finite, or null with the reason.

    Parameters
    ----------
    key, label, estimate, unit, method, digits
        As for ``StudyOutput.headline``.
    interval : tuple
        Its two ends, or None twice.

    Returns
    -------
    dict
        The entry.

    Raises
    ------
    ParameterError
        If only one end of the interval is given.
    """
    low, high = interval
    if (low is None) != (high is None):
        raise ParameterError(f"number `{key}` has only one end of its interval")
    plain = {"estimate": _finite(estimate), "low": _finite(low), "high": _finite(high)}
    number = {"label": label, **plain, "unit": unit, "method": method, "digits": digits}
    missing = [
        f"{part} is {float(value):g}"
        for part, value in zip(plain, (estimate, low, high), strict=True)
        if value is not None and plain[part] is None
    ]
    return {**number, "reason": ", ".join(missing)} if missing else number


def estimate_text(number: Mapping[str, Any]) -> str:
    """Write a number of results.json with its unit.

    Examples
    --------
    >>> estimate_text({"estimate": 1234.5, "unit": "orders", "digits": None})
    '1,234 orders'
    >>> estimate_text({"estimate": 12.5, "unit": "%", "digits": 3})
    '12.5\u202f%'
    """
    text = amount_text(number)
    if not number["unit"] or number["estimate"] is None:
        return text
    return f"{text}\u202f{number['unit']}" if len(number["unit"]) == 1 else f"{text} {number['unit']}"


def amount_text(number: Mapping[str, Any]) -> str:
    """Write a number of results.json without its unit; a dash if there is none."""
    return _text(number["estimate"], number["digits"])


def interval_text(number: Mapping[str, Any]) -> str:
    """Write the interval of a number of results.json in words, or nothing if it has none.

    Examples
    --------
    >>> interval_text({"low": 10, "high": 12.25, "digits": 3})
    'between 10 and 12.2'
    """
    if number["low"] is None or number["high"] is None:
        return ""
    return f"between {_text(number['low'], number['digits'])} and {_text(number['high'], number['digits'])}"


def difference_text(value: float | None) -> str:
    """Write a difference with its sign; a dash if there is none.

    Examples
    --------
    >>> difference_text(1234.5), difference_text(-0.25), difference_text(None)
    ('+1,234', '−0.25', '–')
    """
    if value is None:
        return "–"
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + _text(abs(value), None)


def card_html(number: Mapping[str, Any]) -> str:
    """Write a number of results.json as a paragraph for a notebook."""
    return (
        f"<p>{escape(number['label'])}: <strong>{escape(estimate_text(number))}</strong>"
        f" {escape(interval_text(number))}</p>"
    )


def _finite(value: float | None) -> float | int | None:
    if value is None or not math.isfinite(value):
        return None
    plain = value.item() if hasattr(value, "item") else value
    return plain if isinstance(plain, int) else float(plain)


def _text(value: float | None, digits: int | None) -> str:
    from churnlab.display import format_number

    return format_number(float("nan") if value is None else value, digits or 4)

"""How a headline number is written: the number, its unit and its interval."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any


def estimate_text(number: Mapping[str, Any]) -> str:
    """Write a number of results.json with its unit.

    Examples
    --------
    >>> estimate_text({"estimate": 1234.5, "unit": "orders", "digits": None})
    '1,234 orders'
    >>> estimate_text({"estimate": 12.5, "unit": "%", "digits": 3})
    '12.5\u202f%'
    """
    text = _text(number["estimate"], number["digits"])
    if not number["unit"] or number["estimate"] is None:
        return text
    return f"{text}\u202f{number['unit']}" if len(number["unit"]) == 1 else f"{text} {number['unit']}"


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


def card_html(number: Mapping[str, Any]) -> str:
    """Write a number of results.json as a paragraph for a notebook."""
    return (
        f"<p>{escape(number['label'])}: <strong>{escape(estimate_text(number))}</strong>"
        f" {escape(interval_text(number))}</p>"
    )


def _text(value: float | None, digits: int | None) -> str:
    from churnlab.display import format_number

    return "–" if value is None else format_number(value, digits or 4)

"""How results and tables look in JupyterLab and in a report: plain escaped HTML."""

from html import escape
from math import floor, log10
from typing import Any, Protocol

import pandas as pd

__all__ = ["format_number", "frame_to_html", "to_html"]


class Result(Protocol):
    """What every fitted model can show of itself."""

    def tidy(self) -> pd.DataFrame:
        """One row per term."""

    def glance(self) -> pd.DataFrame:
        """One row for the model."""


def format_number(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits, thousands set apart, and no exponent within reason.

    Examples
    --------
    >>> format_number(23570), format_number(0.2425945), format_number(-9582.4292)
    ('23,570', '0.2426', '-9,582')
    """
    if pd.isna(value):
        return "–"
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "-∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    if abs(value) < 1e-4:
        return f"{value:.{digits - 1}g}"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if rounded.is_integer() else f"{rounded:,}"


def frame_to_html(frame: pd.DataFrame, *, title: str = "", digits: int = 4, rows: int = 30) -> str:
    """Return a frame as an HTML table: escaped, numbers rounded and set right, long frames cut with a note.

    Parameters
    ----------
    frame
        Any frame; its index is not shown.
    title
        A caption.
    digits
        Significant digits of fractional numbers.
    rows
        How many rows are shown at most.
    """
    shown = frame.head(rows)
    numeric = [pd.api.types.is_numeric_dtype(kind) and kind != "bool" for kind in frame.dtypes]
    columns = [_column(shown.iloc[:, place], digits, str(name)) for place, name in enumerate(frame.columns)]
    head = "".join(_cell("th", str(name), number) for name, number in zip(frame.columns, numeric, strict=True))
    body = "".join(
        f"<tr>{''.join(_cell('td', text, number) for text, number in zip(row, numeric, strict=True))}</tr>"
        for row in zip(*columns, strict=True)
    )
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    more = f"<p>{rows:,} of {len(frame):,} rows are shown.</p>" if len(frame) > rows else ""
    return f'<table class="churnlab">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}'


def _cell(tag: str, text: str, number: bool) -> str:
    return f'<{tag} style="text-align:{"right" if number else "left"}">{escape(text)}</{tag}>'


def _column(values: pd.Series, digits: int, name: str = "") -> list[str]:
    """Return the texts of a column: its numbers with the same decimals, unless a small one would lose its digits."""
    if name.startswith("p_value"):
        return [_p_value(value) for value in values]
    if not pd.api.types.is_float_dtype(values.dtype):
        return [_text(value, digits) for value in values]
    finite = [abs(float(value)) for value in values if pd.notna(value)]
    largest = max(finite, default=0.0)
    if largest in (0.0, float("inf")) or all(value.is_integer() for value in finite):
        return [_text(value, digits) for value in values]
    decimals = max(0, digits - 1 - floor(log10(largest)))
    nonzero = sorted(value for value in finite if value > 0)
    mixed = bool((values > 0).any() and (values < 0).any())  # then some may well be near 0
    small = nonzero[len(nonzero) // 2] if mixed else nonzero[0]
    if small < 10 ** (1 - decimals):  # in a column of mixed units it would keep fewer than two digits
        return [_text(value, digits) for value in values]
    return [f"{round(value, decimals) + 0.0:,.{decimals}f}" if pd.notna(value) else "–" for value in values]


def _p_value(value: float) -> str:
    """Return a p-value with four decimals: more say nothing, and none is zero."""
    return "–" if pd.isna(value) else "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _text(value: Any, digits: int) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d}" if pd.notna(value) else "–"
    if isinstance(value, str):
        return value
    if not pd.api.types.is_scalar(value):  # a list in a cell
        return str(value)
    if value is None or pd.isna(value):
        return "–"
    return format_number(value, digits) if isinstance(value, int | float) or hasattr(value, "dtype") else str(value)


def to_html(result: Result) -> str:
    """Return a fitted model as HTML: its line, its model figures, its terms."""
    line = f"<p><strong>{escape(repr(result))}</strong></p>"
    return line + frame_to_html(result.tidy()) + frame_to_html(result.glance())

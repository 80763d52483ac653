"""Gives every column of a pandas frame one plain type, looking at all its rows, so that no engine guesses from a few."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from churnlab.errors import DataError

__all__ = ["plain_frame", "refuse_names"]

_PLAIN_KINDS = "biufMm"  # bool, int, unsigned, float, datetime, timedelta
_DTYPES = {
    "string": "string",
    "boolean": "boolean",
    "integer": "Int64",
    "floating": "float64",
    "mixed-integer-float": "float64",
    "datetime": "datetime64[us]",
    "datetime64": "datetime64[us]",
    "date": "datetime64[us]",
}


def plain_frame(frame: pd.DataFrame, label: str, decimal: str) -> pd.DataFrame:
    """Return a frame of numbers, dates and text alone.

    A column of objects takes the type that all its values share; where they share none, each is written as text
    (dates in ISO 8601, numbers with the decimal sign that the layout says numbers in text have). An index with a name is a
    column, as after ``set_index("customer_id")`` or ``groupby("customer_id")``.

    Raises
    ------
    DataError
        If the frame has no columns, or they lack names of their own.
    """
    names = ["" if _is_missing(name) else str(name) for name in frame.columns]
    refuse_names(names, label)
    columns = (frame.iloc[:, place] for place in range(len(names)))
    plain = {name: _plain(column, decimal) for name, column in zip(names, columns, strict=True)}
    return pd.DataFrame(_named_levels(frame, names, decimal) | plain)


def _named_levels(frame: pd.DataFrame, names: list[str], decimal: str) -> dict[str, "pd.Series[Any]"]:
    taken = {name.lower() for name in names}
    levels = {str(name): level for level, name in enumerate(frame.index.names) if not _is_missing(name)}
    return {
        name: _plain(pd.Series(frame.index.get_level_values(level), index=frame.index), decimal)
        for name, level in levels.items()
        if name.lower() not in taken
    }


def _is_missing(name: Any) -> bool:
    return name is None or name != name  # noqa: PLR0124 (NaN alone differs from itself)


def _plain(column: "pd.Series[Any]", decimal: str) -> "pd.Series[Any]":
    if column.dtype.kind in _PLAIN_KINDS:
        return column
    values = column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
    dtype: Any = _DTYPES.get(pd.api.types.infer_dtype(values, skipna=True))
    if dtype is not None:
        try:
            return values.astype(dtype)
        except (OverflowError, TypeError, ValueError):
            pass  # whole numbers beyond 64 bits, dates with zones: kept as text
    return values.map(lambda value: _text(value, decimal), na_action="ignore").astype("string")


def _text(value: Any, decimal: str) -> str:
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, float | np.floating | Decimal):
        return str(value).replace(".", decimal)
    return str(value)


def refuse_names(names: Iterable[str], label: str) -> None:
    """Refuse a table without columns, a column without a name, and names that SQL takes for the same.

    Raises
    ------
    DataError
        Saying which.
    """
    names = [name.strip() for name in names]
    if not any(names):
        raise DataError(f"{label} has no columns with names.")
    if "" in names:
        raise DataError(f"{label}: column {names.index('') + 1} of {len(names)} has no name. Give it one.")
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            raise DataError(f"{label} has two columns named `{seen[name.lower()]}` and `{name}`. Rename one of them.")
        seen[name.lower()] = name

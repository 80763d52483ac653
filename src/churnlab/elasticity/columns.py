"""Whether a frame has what a function needs of it."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError

__all__ = ["numbers_of", "require_columns"]


def require_columns(frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Refuse a frame without rows or without a column.

    Raises
    ------
    DataError
        If a column is missing, or there is no row.

    Examples
    --------
    >>> require_columns(pd.DataFrame({"estimate": [1.0]}), ("estimate",))
    """
    missing = [name for name in names if name not in frame]
    if missing:
        raise DataError(
            f"The frame has no column {', '.join(f'`{name}`' for name in missing)}; it has "
            f"{', '.join(f'`{name}`' for name in frame)}."
        )
    if frame.empty:
        raise DataError(f"The frame has no rows, only the columns {', '.join(f'`{name}`' for name in frame)}.")


def numbers_of(frame: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """Return a column as numbers (n,), NaN where a cell is empty.

    Raises
    ------
    DataError
        If there is no such column, or a cell is no number.

    Examples
    --------
    >>> numbers_of(pd.DataFrame({"price": ["1.5", None]}), "price")
    array([1.5, nan])
    """
    if name not in frame:
        raise DataError(f"There is no column `{name}`; there are {', '.join(f'`{other}`' for other in frame)}.")
    values = frame[name]
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.isnan(numbers) & values.notna().to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"`{name}` must be a number: {int(wrong.sum()):,} of {len(frame):,} rows break this (first: row {row + 1:,}: "
            f"{values.iloc[row]!r}). Try: correct it, or leave these rows out."
        )
    return numbers

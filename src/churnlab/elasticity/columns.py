"""Whether a frame has what a function needs of it."""

import pandas as pd

from churnlab.errors import DataError

__all__ = ["require_columns"]


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

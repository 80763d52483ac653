"""Writes the files of a run that a study puts out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from churnlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def write_text(path: Path, text: str) -> None:
    """Write a text; make its folder if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_table(frame: pd.DataFrame, name: str, path: Path) -> None:
    """Write a table as Parquet.

    Raises
    ------
    DataError
        If it holds what cannot be stored.
    """
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with duckdb.connect(config={"threads": 1}) as connection:
            duckdb.from_df(frame, connection=connection).write_parquet(str(path), compression="zstd")
    except duckdb.Error as error:
        raise DataError(f"table `{name}` cannot be stored: {str(error).splitlines()[0]}") from None

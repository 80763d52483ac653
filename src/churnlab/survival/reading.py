"""Spells out of a file or a frame, durations of zero among them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from churnlab import datasets, tables
from churnlab.errors import DataError, ParameterError
from churnlab.tables import CONTRACTS, Table

__all__ = ["read_spells"]


def read_spells(
    data: Any,
    *,
    columns: Mapping[str, str] | str | Path | None = None,
    zero_durations: Literal["refuse", "leave_out"] = "refuse",
) -> Table:
    """Read a table of spells, and say what to do with customers of whom nothing has been seen yet.

    Parameters
    ----------
    data
        ``"telco"``, or what :func:`churnlab.tables.read` takes.
    columns
        A column map, as :func:`churnlab.tables.read` takes it.
    zero_durations
        What to do with durations of 0: ``"refuse"`` the table, or ``"leave_out"`` these rows and count them in its label.
        In billed periods they are customers who have not been billed yet.

    Returns
    -------
    Table
        SPELLS.

    Raises
    ------
    DataError
        If the source cannot be read or breaks the contract, or a duration is 0 and not to be left out.
    ParameterError
        If `zero_durations` is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> read_spells(pd.DataFrame({"duration": [0, 3], "churned": [False, True]}), zero_durations="leave_out")
    Table(SPELLS: 1 rows of the frame (1 rows of duration 0 left out))
    """
    if zero_durations not in ("refuse", "leave_out"):
        raise ParameterError(f"`zero_durations` must be 'refuse' or 'leave_out', not {zero_durations!r}.")
    if isinstance(data, str | Path) and str(data) == "telco":
        return datasets.load_telco()
    spells = CONTRACTS["SPELLS"]
    duration = replace(spells.columns[0], above=None, minimum=0)
    table = tables.read(data, replace(spells, columns=(duration, *spells.columns[1:])), columns=columns)
    zeros = int(table.engine.rows(f"SELECT count(*) FROM {table.view} WHERE duration = 0")[0][0])
    if zeros and zero_durations == "refuse":
        raise DataError(
            f"{zeros:,} of {table.n:,} rows of {table.label} have a duration of 0. If nothing has been seen of these customers "
            'yet, try: zero_durations="leave_out", which counts them.'
        )
    if zeros:
        table = table.where("duration > 0", label=f"{table.label} ({zeros:,} rows of duration 0 left out)")
    return replace(table, contract=spells)

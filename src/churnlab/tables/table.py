"""A table that keeps its contract: a small frozen handle on rows that stay where they are."""

import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnlab import display
from churnlab.engines import Engine, default_engine
from churnlab.errors import DataError, ParameterError
from churnlab.tables.checks import match_columns, refuse_breaches, typed_query
from churnlab.tables.contract import Contract
from churnlab.tables.contracts import find_contract
from churnlab.tables.failures import first_line
from churnlab.tables.layout import Layout, read_layout
from churnlab.tables.profile import profile_view
from churnlab.tables.sources import Source, open_source

__all__ = ["Table", "read", "to_date"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Table:
    """Rows that keep a contract, on an engine.

    Attributes
    ----------
    contract
        The contract that was checked.
    engine
        Where the rows are.
    view
        The name of the checked columns on the engine, for SQL of your own.
    label
        What the table is called in messages.
    n
        Number of rows as they came.
    parent
        The table that this one is a part of.
    """

    contract: Contract
    engine: Engine
    view: str
    label: str
    n: int
    parent: "Table | None" = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: the contract's own, then the others."""
        return tuple(self.engine.types(self.view))

    def to_frame(self) -> pd.DataFrame:
        """Return all rows as a pandas frame, in the order in which they came.

        Raises
        ------
        DataError
            If the rows cannot be read any more: the file is damaged further on, or was taken away.
        """
        with self._reading():
            return self.engine.frame(f"SELECT * FROM {self.view}")

    def where(self, condition: str, *, label: str = "") -> "Table":
        """Return the rows that keep an SQL condition, as a table of the same contract.

        Parameters
        ----------
        condition
            SQL over the table's columns, written by you: ``"amount > 0"``.
        label
            What to call the result in messages.

        Raises
        ------
        DataError
            If no row keeps it.
        ParameterError
            If it is no SQL condition on the columns of the table.
        """
        with self._reading():
            names = ", ".join(self.columns)
        try:
            view = self.engine.create_view(f"SELECT * FROM {self.view} WHERE {condition}")
        except self.engine.failure as error:
            raise ParameterError(
                f"The condition {condition!r} cannot be asked of {self.label}: {first_line(error)}. "
                f"Its columns are {names}."
            ) from None
        with self._reading():
            n = int(self.engine.rows(f"SELECT count(*) FROM {view}")[0][0])
        if n == 0:
            self.engine.drop(view)
            raise DataError(f"No row of {self.label} keeps the condition {condition}.")
        part = replace(self, view=view, label=label or f"{self.label} where {condition}", n=n, parent=self)
        weakref.finalize(part, self.engine.drop, view)
        return part

    def profile(self) -> pd.DataFrame:
        """Return what the table holds, two columns: `what`, `value`; repeated and left-out rows are counted.

        Raises
        ------
        DataError
            If the rows cannot be read any more.
        """
        with self._reading():
            return profile_view(self.engine, self.view, self.contract, label=self.label, rows_read=self.n)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except self.engine.failure as error:
            raise DataError(f"{self.label} cannot be read: {first_line(error)}.") from None

    def __repr__(self) -> str:
        return f"Table({self.contract.name}: {self.n:,} rows of {self.label})"

    def _repr_html_(self) -> str:
        return display.frame_to_html(self.profile(), title=f"{self.label} as {self.contract.name}")


def read(
    source: Any,
    contract: str | Contract,
    *,
    columns: Mapping[str, str] | str | Path | None = None,
    layout: Layout | None = None,
    as_of: str | date | None = None,
    engine: Engine | None = None,
) -> Table:
    """Read a table and check it against a contract.

    Parameters
    ----------
    source
        Path or glob of CSV, Parquet or Excel files; pandas, Polars or Arrow frame; DuckDB relation;
        Spark frame.
    contract
        ``"ORDERS"``, ``"RFM"``, …; :data:`churnlab.tables.CONTRACTS` lists them.
    columns
        The table's own names, as ``{"customer_id": "household"}``, or the path of a TOML file with tables ``[columns]``
        and ``[layout]`` (see :func:`churnlab.tables.read_layout`).
    layout
        How the table writes things down: encoding, decimal sign, dates.
    as_of
        The day of the extract: rows dated on it or later are refused.
    engine
        Where files and frames of this process are queried; the shared engine in memory by default. A relation and a
        Spark frame stay where they are.

    Returns
    -------
    Table
        A handle; a file's rows stay in the file.

    Raises
    ------
    DataError
        If the source cannot be read, or rules are broken: all of them, each with column, rule, number of rows, the
        first one, and what to try.
    ParameterError
        If there is no such contract, or `columns` is given twice.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"who": [1, 1], "date": ["2024-01-01", "2024-02-01"], "amount": [9.5, 12]})
    >>> read(frame, "ORDERS", columns={"customer_id": "who"})
    Table(ORDERS: 2 rows of the frame)
    """
    agreed = contract if isinstance(contract, Contract) else find_contract(contract)
    layout = _layout(columns, layout)
    day = None if as_of is None else to_date(as_of, "as_of")
    raw = open_source(source, layout, engine or default_engine())
    try:
        return _check(raw, agreed, layout, day)
    except Exception:
        raw.close()
        raise


def _check(raw: Source, contract: Contract, layout: Layout, as_of: date | None) -> Table:
    matched, missing = match_columns(raw, contract, layout)
    n = refuse_breaches(raw, contract, matched, missing, layout=layout, as_of=as_of)
    view = raw.engine.create_view(typed_query(raw, contract, matched, layout))
    table = Table(contract=contract, engine=raw.engine, view=view, label=raw.label, n=n)
    weakref.finalize(table, _forget, raw, view)
    if layout.negative_amounts == "leave_out" and not raw.engine.rows(f"SELECT 1 FROM {view} LIMIT 1"):
        raise DataError(f"All rows of {raw.label} have an amount below zero, and the layout leaves those out.")
    return table


def _layout(columns: Mapping[str, str] | str | Path | None, layout: Layout | None) -> Layout:
    if layout is not None and not isinstance(layout, Layout):
        raise ParameterError(f"`layout` must be a tables.Layout, not {layout!r}.")
    if columns is None:
        return layout or Layout()
    if isinstance(columns, str | Path):
        if layout is not None:
            raise ParameterError("Give the layout in the column map or as `layout`, not both.")
        return read_layout(columns)
    return replace(layout or Layout(), columns=columns)


def _forget(source: Source, view: str) -> None:
    source.engine.drop(view)
    source.close()


def to_date(value: str | date, name: str) -> date:
    """Return a day given as text (2024-12-31), date or timestamp.

    Raises
    ------
    ParameterError
        If the text is no date; it names the argument.

    Examples
    --------
    >>> to_date("1997-10-01", "as_of")
    datetime.date(1997, 10, 1)
    """
    try:
        if isinstance(value, np.datetime64):
            value = pd.Timestamp(value)
        return date(value.year, value.month, value.day) if isinstance(value, date) else date.fromisoformat(value)
    except (ValueError, TypeError):  # pandas' NaT is a date without a year
        raise ParameterError(f"`{name}` must be a date as in 2024-12-31, not {value!r}.") from None

"""A table that keeps its contract: a small frozen handle on rows that stay where they are."""

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from churnlab import display
from churnlab.engines import Engine, default_engine
from churnlab.errors import DataError, ParameterError
from churnlab.tables.checks import match_columns, refuse_breaches, typed_query
from churnlab.tables.contracts import Contract, find_contract
from churnlab.tables.dialects import DIALECTS
from churnlab.tables.layout import Layout, read_layout
from churnlab.tables.sources import open_source

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
        """Return all rows as a pandas frame, in the order in which they came."""
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
        """
        view = self.engine.create_view(f"SELECT * FROM {self.view} WHERE {condition}")
        n = int(self.engine.rows(f"SELECT count(*) FROM {view}")[0][0])
        if n == 0:
            raise DataError(f"No row of {self.label} keeps the condition {condition}.")
        part = replace(self, view=view, label=label or f"{self.label} where {condition}", n=n, parent=self)
        weakref.finalize(part, _forget, self.engine, view)
        return part

    def profile(self) -> pd.DataFrame:
        """Return what the table holds, two columns: `what`, `value`; repeated and left-out rows are counted."""
        facts: dict[str, Any] = {"table": self.label, "contract": self.contract.name, "rows": self.n}
        kept = self._number("count(*)")
        if kept < self.n:
            facts["rows left out (amount below zero)"] = self.n - kept
        if "customer_id" in self.columns:
            facts["customers"] = self._number("count(DISTINCT customer_id)")
        for column in self.contract.columns:
            if column.kind == "date" and column.name in self.columns:
                facts |= self._period(column.name)
        if "amount" in self.columns:
            facts["total amount"] = self.engine.rows(f"SELECT sum(amount) FROM {self.view}")[0][0]
            facts["rows with amount 0"] = self._number("count_if(amount = 0)")
        facts["repeated rows (kept)"] = self._repeated(kept)
        for name in self.columns:
            missing = self._number(f"count(*) - count({self._quote(name)})")
            if missing:
                facts[f"missing {name}"] = missing
        return pd.DataFrame({"what": list(facts), "value": [_worded(value) for value in facts.values()]})

    def _quote(self, name: str) -> str:
        return DIALECTS[self.engine.dialect].quote(name)

    def _number(self, expression: str) -> int:
        return int(self.engine.rows(f"SELECT {expression} FROM {self.view}")[0][0])

    def _period(self, name: str) -> dict[str, str]:
        quoted = self._quote(name)
        first, last = self.engine.rows(f"SELECT min({quoted}), max({quoted}) FROM {self.view}")[0]
        if first is None:
            return {}
        return {f"first {name}": f"{first:%Y-%m-%d}", f"last {name}": f"{last:%Y-%m-%d}"}

    def _repeated(self, kept: int) -> int:
        distinct = self.engine.rows(f"SELECT count(*) FROM (SELECT DISTINCT * FROM {self.view})")[0][0]
        return kept - int(distinct)

    def __repr__(self) -> str:
        return f"Table({self.contract.name}: {self.n:,} rows of {self.label})"

    def _repr_html_(self) -> str:
        return display.frame_to_html(self.profile(), title=f"{self.label} as {self.contract.name}")


def _worded(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if hasattr(value, "quantize") else str(value)


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
    agreed = find_contract(contract) if isinstance(contract, str) else contract
    layout = _layout(columns, layout)
    raw = open_source(source, layout, engine or default_engine())
    matched, missing = match_columns(raw, agreed, layout)
    day = None if as_of is None else to_date(as_of, "as_of")
    n = refuse_breaches(raw, agreed, matched, missing, layout=layout, as_of=day)
    view = raw.engine.create_view(typed_query(raw, agreed, matched, layout))
    table = Table(contract=agreed, engine=raw.engine, view=view, label=raw.label, n=n)
    weakref.finalize(table, _forget, raw.engine, view, raw.view)
    return table


def _layout(columns: Mapping[str, str] | str | Path | None, layout: Layout | None) -> Layout:
    if columns is None:
        return layout or Layout()
    if isinstance(columns, str | Path):
        if layout is not None:
            raise ParameterError("Give the layout in the column map or as `layout`, not both.")
        return read_layout(columns)
    return replace(layout or Layout(), columns=columns)


def _forget(engine: Engine, *views: str) -> None:
    for view in views:
        engine.drop(view)


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
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        raise ParameterError(f"`{name}` must be a date as in 2024-12-31, not {value!r}.") from None

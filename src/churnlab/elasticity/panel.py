"""The columns of a table of prices as arrays, with what a model refuses said in words."""

import difflib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import tables
from churnlab.elasticity.groups import Group, combine_groups, group_values, repeated_rows
from churnlab.engines import default_engine
from churnlab.errors import DataError, ParameterError
from churnlab.tables import Table
from churnlab.tables.dialects import DIALECTS

__all__ = ["CALENDAR", "Panel", "calendar_part", "open_panel", "refuse_rows"]

Array = npt.NDArray[np.float64]

CALENDAR = ("year", "quarter", "month")
"""Effects that are parts of the period, where no column has that name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """A checked table of prices, from which columns are taken one at a time.

    Attributes
    ----------
    table
        The rows.
    n
        How many.
    frame
        The pandas frame that they came from, if they did: its plain columns of numbers and dates need no query.
    taken
        The groups that were taken before.
    """

    table: Table
    n: int
    frame: pd.DataFrame | None = None
    taken: dict[str, Group] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.table.columns

    def number(self, name: str) -> Array:
        """Return a column of numbers (n,), which may be written as text, as those of a CSV file are.

        Raises
        ------
        DataError
            If it is not there, is no number, or has cells that are empty or infinite.
        """
        values = self._column(name, plain="iufb")
        if not pd.api.types.is_numeric_dtype(values.dtype):
            values = _read_numbers(name, values)
        found: Array = values.to_numpy(dtype=np.float64, na_value=np.nan)
        refuse_rows(
            ~np.isfinite(found), found, f"`{name}` must be there, and finite", "leave these rows or the column out"
        )
        return found

    def price(self) -> Array:
        """Return the prices (n,).

        Raises
        ------
        DataError
            If there are fewer than two.
        """
        price = self.number("price")
        if price.min() == price.max():
            raise DataError(
                f"`price` is {price[0]:g} in all {self.n:,} rows: without a price that changed, nothing can be said about how "
                "demand answers. Try: more periods, or more products."
            )
        return price

    def group(self, name: str) -> Group:
        """Return the group of each row: a column, several as ``"product:store"``, or a part of the date.

        Raises
        ------
        DataError
            If a column is not there or has empty cells.
        """
        if name not in self.taken:
            parts = () if name in self.names else tuple(name.split(":"))
            self.taken[name] = (
                combine_groups(name, [self.group(part) for part in parts]) if len(parts) > 1 else self._read_group(name)
            )
        return self.taken[name]

    def _read_group(self, name: str) -> Group:
        if name not in self.names and name in CALENDAR:
            return group_values(name, calendar_part(self._column("period"), name))
        values = self._column(name)
        refuse_rows(values.isna().to_numpy(), values.to_numpy(), f"`{name}` must be there", "leave these rows out")
        return group_values(name, values)

    def refuse_repeats(self) -> None:
        """Make sure that a product has one row in each period (and store).

        Raises
        ------
        DataError
            If it has more.
        """
        keys = [name for name in ("product", "store", "period") if name in self.names]
        seen = repeated_rows([self.group(":".join(keys[:-1])), self.group("period")])
        if not seen.any():
            return
        row = int(np.argmax(seen))
        values = ", ".join(f"{key} {self._column(key).iloc[row]}" for key in keys)
        raise DataError(
            f"A product must have one row in each {' and '.join(keys[1:])}: {int(seen.sum()):,} of {self.n:,} rows come on "
            f"top (first: row {row + 1:,}: {values}). Try: elasticity.to_prices, which adds up what was sold; or name the column of "
            "the store `store`."
        )

    def _column(self, name: str, plain: str = "iubM") -> "pd.Series[Any]":
        """Return a column: as it came if its NumPy kind is among the plain ones, which the check leaves as they are."""
        if name not in self.names:
            near = difflib.get_close_matches(name, self.names, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"The columns are {', '.join(self.names)}."
            raise DataError(f"There is no column `{name}`: {hint}")
        if (
            self.frame is not None
            and isinstance(self.frame[name].dtype, np.dtype)
            and self.frame[name].dtype.kind in plain
        ):
            return pd.Series(self.frame[name].to_numpy(), copy=False)
        quote = DIALECTS[self.table.engine.dialect].quote
        return self.table.engine.frame(f"SELECT {quote(name)} FROM {self.table.view}").iloc[:, 0]


def _read_numbers(name: str, values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column of text as numbers."""
    numbers: pd.Series[Any] = pd.to_numeric(values.astype(str), errors="coerce")
    wrong = (numbers.isna() & values.notna()).to_numpy()
    refuse_rows(
        wrong,
        values.to_numpy(),
        f"`{name}` is not a number",
        "name it among `effects`, if it says to which group a row belongs",
    )
    return numbers


def calendar_part(period: "pd.Series[Any]", name: str) -> "pd.Series[Any]":
    """Return the year, quarter or month of the year of each date."""
    part: pd.Series[Any] = getattr(period.dt, name)
    return part


def open_panel(prices: Any) -> Panel:
    """Check prices against their contract, with one row for each product in a period (and store).

    Parameters
    ----------
    prices
        A table of PRICES, or anything that :func:`churnlab.tables.read` reads as one.

    Raises
    ------
    DataError
        If it breaks the contract, or a product has several rows in a period.
    ParameterError
        If it is a table of another contract.
    """
    if isinstance(prices, Table) and prices.contract.name != "PRICES":
        raise ParameterError(f"A table of PRICES is needed, not of {prices.contract.name}. Try: elasticity.to_prices.")
    table = prices if isinstance(prices, Table) else tables.read(_lent(prices), "PRICES")
    plain = isinstance(prices, pd.DataFrame) and prices.columns.is_unique
    panel = Panel(table=_in_order(table), n=table.n, frame=prices if plain else None)
    panel.refuse_repeats()
    return panel


def _lent(prices: Any) -> Any:
    """Return a frame of plain numbers and dates as a source that is read where it is, since a panel lives for one call only."""
    if not isinstance(prices, pd.DataFrame):
        return prices
    names = {name.strip().lower() for name in prices if isinstance(name, str)} - {""}
    if len(names) < len(prices.columns) or not all(_is_plain(prices[name]) for name in prices):
        return prices
    engine = default_engine()
    return tables.Source(engine, engine.register(prices), "the frame")


def _is_plain(column: "pd.Series[Any]") -> bool:
    """Tell whether a column is one piece of memory with numbers or dates in it."""
    return isinstance(column.dtype, np.dtype) and column.dtype.kind in "biufM" and column.to_numpy().flags.c_contiguous


def _in_order(table: Table) -> Table:
    """Return the table on an engine that gives every column in the same order."""
    return table if table.engine.dialect == "duckdb" else tables.read(table.to_frame(), "PRICES")


def refuse_rows(broken: npt.NDArray[np.bool_], values: Any, rule: str, advice: str) -> None:
    """Refuse rows that break a rule, with their number and the first of them.

    Parameters
    ----------
    broken
        Whether each row breaks it (n,).
    values
        What the rows hold (n,).
    rule, advice
        The rule as a sentence without its end, and what to try.

    Raises
    ------
    DataError
        If one does.
    """
    if not broken.any():
        return
    row = int(np.argmax(broken))
    raise DataError(
        f"{rule}: {int(broken.sum()):,} of {len(broken):,} rows break this (first: row {row + 1:,}: {values[row]}). Try: {advice}."
    )

"""Customers counted per distinct history: the arrays that transaction models are fitted on and asked about."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError
from churnlab.repurchase.history import History

__all__ = ["Column", "Counts", "ages", "require_repeat_buyers", "to_counts"]

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_DENSE = 4
"""A column is tabulated by its distinct values where rows are so many times as many, and whole numbers by all they may be."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """A column (m,) as its distinct values (d,) and, for each row, the place of its value among them (m,)."""

    values: Array
    place: Rows

    @property
    def rows(self) -> Array:
        """The column itself (m,)."""
        return self.values[self.place]

    def take(self, rows: Rows | slice) -> "Column":
        """Return some of the rows; where few rows share a value, each row has its own."""
        place = self.place[rows]
        if len(self.values) * _DENSE <= len(place):
            return Column(values=self.values, place=place)
        return Column(values=self.values[place], place=np.arange(len(place)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Distinct histories, m of them.

    Attributes
    ----------
    frequency, recency, T
        Columns (m,).
    weight
        Number of customers of each (m,).
    covariates
        Their covariates (m, c); c may be 0.
    """

    frequency: Column
    recency: Column
    T: Column
    weight: Array
    covariates: Array = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def n(self) -> float:
        """Number of customers."""
        return float(self.weight.sum())

    def __len__(self) -> int:
        return len(self.weight)

    def take(self, rows: Rows | slice) -> "Counts":
        """Return some of the histories."""
        return Counts(
            frequency=self.frequency.take(rows),
            recency=self.recency.take(rows),
            T=self.T.take(rows),
            weight=self.weight[rows],
            covariates=self.covariates[rows],
        )

    def chunks(self, size: int) -> Iterator["Counts"]:
        """Yield the histories in turn, so many at a time."""
        for start in range(0, len(self), size):
            yield self.take(slice(start, start + size))

    def in_units(self, unit: float) -> "Counts":
        """Return the same histories with times divided by a unit."""
        return Counts(
            frequency=self.frequency,
            recency=Column(values=self.recency.values / unit, place=self.recency.place),
            T=Column(values=self.T.values / unit, place=self.T.place),
            weight=self.weight,
            covariates=self.covariates,
        )


def to_counts(history: History, covariates: Array | None = None) -> tuple[Counts, Rows]:
    """Count customers per distinct history.

    Parameters
    ----------
    history
        Of n rows.
    covariates
        What else tells histories apart (n, c).

    Returns
    -------
    Counts, array (n,)
        The distinct histories in order of their columns, so that they do not depend on the order of the rows; and for
        each row the place of its own.
    """
    extra = np.zeros((len(history.T), 0)) if covariates is None else covariates
    columns = [history.frequency, history.recency, history.T, *extra.T]
    coded = [_column(column) for column in columns]
    first, row_of = _distinct(coded)
    weight: Array = np.bincount(row_of, history.weight, minlength=len(first)).astype(np.float64)
    frequency, recency, T = (Column(values=column.values, place=column.place[first]) for column in coded[:3])
    counts = Counts(frequency=frequency, recency=recency, T=T, weight=weight, covariates=extra[first])
    return counts, row_of


def ages(counts: Counts) -> tuple[Counts, Rows]:
    """Return the distinct pairs of frequency and T, with recency 0, and for each history the place of its pair."""
    first, row_of = _distinct([counts.frequency, counts.T])
    pairs = Counts(
        frequency=counts.frequency.take(first),
        recency=Column(values=np.zeros(1), place=np.zeros(len(first), dtype=np.intp)),
        T=counts.T.take(first),
        weight=np.bincount(row_of, counts.weight, minlength=len(first)).astype(np.float64),
        covariates=np.zeros((len(first), 0)),
    )
    return pairs, row_of


def _column(values: Array) -> Column:
    whole = (
        values.astype(np.int64) if len(values) and 0 <= values.min() <= values.max() < _DENSE * len(values) else None
    )
    if whole is not None and (whole == values).all():
        place, distinct = _renumbered(whole, int(whole.max()) + 1)
        return Column(values=distinct.astype(np.float64), place=place)
    place, unique = pd.factorize(values, sort=True)
    return Column(values=unique, place=place)


def _distinct(columns: list[Column]) -> tuple[Rows, Rows]:
    """Return the first row of each distinct combination, in order, and for each row the place of its combination."""
    code, size = columns[0].place.astype(np.int64), len(columns[0].values)
    for column in columns[1:]:
        if size <= _DENSE * len(code) or size * len(column.values) > 2**62:
            code, unique = _renumbered(code, size)
            size = len(unique)
        code, size = code * len(column.values) + column.place, size * len(column.values)
    place, unique = _renumbered(code, size)
    first = np.empty(len(unique), dtype=np.intp)
    first[place[::-1]] = np.arange(len(place) - 1, -1, -1)
    return first, place


def _renumbered(code: npt.NDArray[np.int64], size: int) -> tuple[Rows, npt.NDArray[np.int64]]:
    """Return for each code its place among the distinct ones, and these in order; codes lie below `size`."""
    if size <= _DENSE * len(code):
        there = np.zeros(size, dtype=np.bool_)
        there[code] = True
        return (np.cumsum(there) - 1)[code], np.flatnonzero(there)
    place, unique = pd.factorize(code)
    order = np.argsort(unique)
    rank = np.empty(len(unique), dtype=np.intp)
    rank[order] = np.arange(len(unique))
    return rank[place], unique[order]


def require_repeat_buyers(counts: Counts) -> None:
    """Refuse one customer, or customers none of whom has ordered again.

    Raises
    ------
    DataError
        If that is so.
    """
    if counts.n < 2:
        raise DataError("A model of customers takes more than one customer.")
    if not (counts.frequency.rows > 0).any():
        raise DataError(
            f"None of {counts.n:,.0f} customers has ordered again, so there is no repeat buying to model. Try a longer "
            "period, or check that as_of and the dates are what you think."
        )

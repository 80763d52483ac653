"""Customers counted per distinct history: the arrays that transaction models are fitted on and asked about."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from churnlab.errors import DataError
from churnlab.repurchase.columns import AnyColumn, Column, alike, begins, codes, to_column
from churnlab.repurchase.history import History

__all__ = ["Counts", "ages", "as_they_are", "count_histories", "require_repeat_buyers", "to_counts"]

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


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

    frequency: AnyColumn
    recency: AnyColumn
    T: AnyColumn
    weight: Array
    covariates: Array = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def n(self) -> float:
        """Number of customers."""
        return float(self.weight.sum())

    @cached_property
    def weight_by_frequency(self) -> Array:
        """Number of customers of each value of frequency (d,)."""
        return np.bincount(self.frequency.place, self.weight, minlength=len(self.frequency.values)).astype(np.float64)

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

    def sample(self, size: int) -> "Counts":
        """Return the histories of so many customers, evenly taken in the order of the histories."""
        taken = (np.arange(size) + 0.5) * (self.n / size)
        rows, times = np.unique(np.searchsorted(np.cumsum(self.weight), taken), return_counts=True)
        return replace(self.take(rows), weight=times.astype(np.float64) * (self.n / size))

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


def count_histories(history: History, covariates: Array | None = None) -> Counts:
    """Count customers per distinct history.

    Parameters
    ----------
    history
        Of n rows.
    covariates
        What else tells histories apart (n, c).

    Returns
    -------
    Counts
        The distinct histories in order of their columns, so that they do not depend on the order of the rows.
    """
    columns = _columns(history)
    sizes = [len(column.values) for column in columns]
    if covariates is not None or math.prod(sizes) > 2**62 or (history.weight != 1).any():
        return to_counts(history, covariates)[0]
    code, _ = codes(columns)
    code.sort()
    first = np.flatnonzero(begins(code))
    places = map(np.ascontiguousarray, np.unravel_index(code[first], sizes))
    frequency, recency, T = (
        Column(values=each.values, place=place) for each, place in zip(columns, places, strict=True)
    )
    weight = np.diff(first, append=len(code)).astype(np.float64)
    return Counts(frequency=frequency, recency=recency, T=T, weight=weight, covariates=np.zeros((len(first), 0)))


def to_counts(history: History, covariates: Array | None = None) -> tuple[Counts, Rows]:
    """Count customers per distinct history, and say which is whose.

    Parameters
    ----------
    history, covariates
        As in :func:`count_histories`.

    Returns
    -------
    Counts, array (n,)
        The distinct histories, and for each row the place of its own.
    """
    extra = [] if covariates is None else [to_column(column) for column in covariates.T]
    columns = [*_columns(history), *extra]
    some, row_of = alike(columns)
    frequency, recency, T = (each.take(some) for each in columns[:3])
    weight = np.bincount(row_of, history.weight, minlength=len(some)).astype(np.float64)
    known = np.zeros((len(some), 0)) if covariates is None else covariates[some]
    return Counts(frequency=frequency, recency=recency, T=T, weight=weight, covariates=known), row_of


def as_they_are(history: History) -> Counts:
    """Return each row as a history of its own, in the order of the rows."""
    frequency, recency, T = _columns(history)
    none = np.zeros((len(history.T), 0))
    return Counts(frequency=frequency, recency=recency, T=T, weight=history.weight, covariates=none)


def ages(counts: Counts) -> tuple[Counts, Rows]:
    """Return the distinct pairs of frequency and T, with recency 0 and each once, and for each history its pair's place."""
    frequency, T = counts.frequency, counts.T
    some, place = alike([frequency, T])
    pairs = Counts(
        frequency=frequency.take(some),
        recency=Column(values=np.zeros(1), place=np.zeros(len(some), dtype=np.intp)),
        T=T.take(some),
        weight=np.ones(len(some)),
        covariates=np.zeros((len(some), 0)),
    )
    return pairs, place


def _columns(history: History) -> list[AnyColumn]:
    return [to_column(column) for column in (history.frequency, history.recency, history.T)]


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

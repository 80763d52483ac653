"""Columns as values and places among them, and which rows are alike in several columns."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["AnyColumn", "Column", "WholeColumn", "alike", "begins", "codes", "to_column"]

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_DENSE = 4
"""A column is tabulated by its values where rows are so many times as many."""
_CHUNK = 65_536
"""Rows that are looked at a time, so that what is made of them stays small."""
_LARGEST = 2**62
"""The code of a row stays below this, alone or beside the row's own number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """A column (m,) as values in order (d,) and, for each row, the place of its value among them (m,)."""

    values: Array
    place: Rows

    def __len__(self) -> int:
        return len(self.place)

    @property
    def rows(self) -> Array:
        """The column itself (m,)."""
        return self.values[self.place]

    def places(self, rows: slice) -> Rows:
        """Return the places of some rows."""
        return self.place[rows]

    def take(self, rows: Rows | slice) -> "Column":
        """Return some of the rows; where few rows share a value, each row has its own."""
        return _compact(self.values, self.place[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class WholeColumn:
    """A column (m,) of whole numbers that lie close together: a place is a number less the least, worked out when asked for.

    `values` are all whole numbers from the least to the most (d,), whether they occur or not.
    """

    rows: Array
    values: Array

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def place(self) -> Rows:
        """The place of each row's value (m,)."""
        return self.places(slice(None))

    def places(self, rows: Rows | slice) -> Rows:
        """Return the places of some rows."""
        place = self.rows[rows].astype(np.intp)
        place -= int(self.values[0])
        return place

    def take(self, rows: Rows | slice) -> Column:
        """Return some of the rows."""
        return _compact(self.values, self.places(rows))


AnyColumn = Column | WholeColumn


def to_column(rows: Array) -> AnyColumn:
    """Return a column by its values."""
    low, high = (float(rows.min()), float(rows.max())) if len(rows) else (0.0, np.inf)
    close = high - low < len(rows) / _DENSE and max(-low, high) < 2**53
    if close and all((np.floor(rows[some]) == rows[some]).all() for some in _slices(len(rows))):
        return WholeColumn(rows=rows, values=np.arange(low, high + 1))
    place, unique = pd.factorize(rows, sort=True)
    return Column(values=unique, place=place)


def alike(columns: Sequence[AnyColumn]) -> tuple[Rows, Rows]:
    """Return a row of each distinct combination, in order, and for each row (n,) the place of its combination."""
    code, size = codes(columns)
    place = _place(code, size)
    some = np.empty(int(place.max()) + 1, dtype=np.intp)
    for rows in _slices(len(place)):
        some[place[rows]] = np.arange(rows.start, min(rows.stop, len(place)))
    return some, place


def codes(columns: Sequence[AnyColumn]) -> tuple[Rows, int]:
    """Return one whole number for each row (n,), in the order of the columns, and what all of them lie below.

    It is the row's place in an array that has an axis for each column, unless that array had more than 2⁶² cells.
    """
    size = math.prod(len(column.values) for column in columns)
    if size > _LARGEST and len(columns) > 2:
        first, below = codes(columns[:-1])
        place = _place(first, below)
        shorter = Column(values=np.arange(float(place.max()) + 1), place=place)
        return codes([shorter, columns[-1]])
    code = np.empty(len(columns[0]), dtype=np.intp)
    for rows in _slices(len(code)):
        part = columns[0].places(rows)
        for column in columns[1:]:
            part = part * len(column.values)
            part += column.places(rows)
        code[rows] = part
    return code, size


def begins(ordered: Rows) -> npt.NDArray[np.bool_]:
    """Return where a code differs from the one before it (n,)."""
    first = np.empty(len(ordered), dtype=np.bool_)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def _place(code: Rows, size: int) -> Rows:
    """Return the place of each code among the distinct ones, in order: by a table where they are few, else by sorting.

    The codes are overwritten.
    """
    n = len(code)
    if size <= n:
        there = np.zeros(size, dtype=np.bool_)
        for rows in _slices(n):
            there[code[rows]] = True
        rank = np.cumsum(there) - 1
        for rows in _slices(n):
            code[rows] = rank.take(code[rows])
        return code
    bits = n.bit_length()
    if size > _LARGEST >> bits:
        row = np.argsort(code, kind="stable")
        ordered = code[row]
    else:
        ordered = code
        ordered <<= bits
        ordered |= np.arange(n)
        ordered.sort()
        row = ordered & (2**bits - 1)
        ordered >>= bits
    place = np.empty(n, dtype=np.intp)
    place[row] = np.cumsum(begins(ordered)) - 1
    return place


def _compact(values: Array, place: Rows) -> Column:
    if len(values) * _DENSE <= len(place):
        return Column(values=values, place=place)
    return Column(values=values[place], place=np.arange(len(place)))


def _slices(n: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, n, _CHUNK))

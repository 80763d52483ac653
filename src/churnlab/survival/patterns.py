"""Rows alike in everything that a model sees, counted: many customers, few patterns."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.survival.design import Covariate, Design
from churnlab.survival.spell_arrays import SpellArrays

__all__ = ["Patterns", "collapse_rows"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_PROBE = 2_000
_MOST_VALUES = 256
_LARGEST = 2**62
_BLOCK = 65536
"""Rows of a block, so that it stays in the processor's cache."""
_TABLE = 2**24
"""How many combinations are counted by a table of all; beyond it they are looked up."""
_WIDEST = 2**20
"""So far whole numbers may lie apart."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Patterns:
    """The m kinds of rows: the design's columns, their times with the number of customers as weight, their strata."""

    frame: pd.DataFrame
    observations: SpellArrays
    stratum: npt.NDArray[np.intp] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Column:
    """A column (n,) whose values, less the lowest, are whole numbers below `size`; or places among some values."""

    source: npt.NDArray[Any]
    size: int
    low: int = 0
    values: npt.NDArray[Any] | None = None

    def encode(self, rows: slice, kind: type) -> npt.NDArray[Any]:
        number: npt.NDArray[Any] = self.source[rows].astype(kind, copy=False)
        return number - self.low if self.low else number

    def decode(self, number: Codes) -> npt.NDArray[Any]:
        return number + self.low if self.values is None else self.values[number]


def collapse_rows(
    frame: pd.DataFrame, design: Design, observations: SpellArrays, stratum: npt.NDArray[np.intp] | None = None
) -> Patterns | None:
    """Return a row of each kind and how many customers it stands for, or None where that saves little.

    Parameters
    ----------
    frame
        With the design's columns (n rows).
    design
        Of columns; after a formula rows are not compared.
    observations
        The n times at risk.
    stratum
        Number of each row's stratum (n,), or None.

    Returns
    -------
    Patterns
        Of at most n / 4 kinds, in the order of their values. None also where a cell is empty or not finite, so that it is
        refused with its place among all rows.

    Notes
    -----
    A row's columns become the digits of one number. These numbers are counted, and the digits of those that occur are
    turned back into values, so that no row is looked up.
    """
    if design.formula is not None or len(frame) < _PROBE:
        return None
    columns = []
    for column in _columns(frame, design, observations, stratum):
        if column is None:
            return None
        columns.append(column)
    size = prod(column.size for column in columns)
    if size > _LARGEST:
        return None
    weight = None if (observations.weight == 1).all() else observations.weight
    counted = _count(_encode(columns, len(frame), size), size, weight)
    if counted is None:
        return None
    kinds, number = counted
    values = _decode(kinds, columns)
    named, times = values[: len(design.covariates)], iter(values[len(design.covariates) :])
    return Patterns(
        frame=pd.DataFrame({part.name: _named(part, own) for part, own in zip(design.covariates, named, strict=True)}),
        observations=SpellArrays(
            duration=next(times).astype(np.float64),
            churned=next(times).astype(np.bool_),
            entry=None if observations.entry is None else next(times).astype(np.float64),
            weight=number,
        ),
        stratum=None if stratum is None else next(times).astype(np.intp),
    )


def _columns(
    frame: pd.DataFrame, design: Design, observations: SpellArrays, stratum: npt.NDArray[np.intp] | None
) -> Iterator[_Column | None]:
    for covariate in design.covariates:
        yield _covariate(covariate, frame[covariate.name])
    for part in (observations.duration, observations.churned, observations.entry, stratum):
        if part is not None:
            yield _column(part)


def _covariate(covariate: Covariate, column: pd.Series) -> _Column | None:
    if covariate.levels is not None:
        return _Column(source=covariate.codes(column), size=len(covariate.levels))
    if isinstance(column.dtype, np.dtype):
        return _column(column.to_numpy())
    return _column(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _column(values: npt.NDArray[Any]) -> _Column | None:
    """Return values (n,) as a column that can be counted; None if they look continuous or some are not finite."""
    if values.dtype == bool:
        return _Column(source=values.view(np.int8), size=2)
    low, high = float(values.min()), float(values.max())
    if high - low < _WIDEST and abs(low) < _LARGEST and _is_whole(values):
        return _Column(source=values, size=int(high - low) + 1, low=int(low))
    if len(np.unique(values[:_PROBE])) > _MOST_VALUES:
        return None
    place, known = pd.factorize(values, use_na_sentinel=False)
    return _Column(source=place, size=len(known), values=known) if np.isfinite(known).all() else None


def _is_whole(values: npt.NDArray[Any]) -> bool:
    if values.dtype.kind in "iu":
        return True
    blocks = (values[start : start + _BLOCK] for start in range(0, len(values), _BLOCK))
    return all(bool((np.rint(block) == block).all()) for block in blocks)


def _encode(columns: list[_Column], n: int, size: int) -> Codes:
    """Return for each row one number below `size`, of which its columns are the digits (n,)."""
    kind = np.float64 if size <= 2**53 else np.int64
    code = np.empty(n, dtype=np.int64)
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = np.zeros(len(code[rows]), dtype=kind)
        for column in columns:
            if column.size > 1:
                block *= column.size
                block += column.encode(rows, kind)
        code[rows] = block
    return code


def _count(code: Codes, size: int, weight: Array | None) -> tuple[Codes, Array] | None:
    """Return which codes of (n,), below size, occur, in order (m,), and their weights (m,)."""
    n = len(code)
    if size <= _TABLE:
        count = np.bincount(code, weight, size)
        kinds: Codes = np.flatnonzero(count)
    else:
        if len(np.unique(code[:: max(1, n // 50_000)])) > 0.8 * min(n, 50_000):
            return None
        place, found = pd.factorize(code)
        order = np.argsort(found)
        count, kinds = np.bincount(place, weight)[order], found[order]
    if len(kinds) > n / 4:
        return None
    return kinds, (count[kinds] if size <= _TABLE else count).astype(np.float64)


def _decode(kinds: Codes, columns: list[_Column]) -> list[npt.NDArray[Any]]:
    """Return the value of each column in each kind (m,)."""
    values: list[npt.NDArray[Any]] = []
    for column in reversed(columns):
        rest = kinds // column.size
        values.insert(0, column.decode(kinds - rest * column.size))
        kinds = rest
    return values


def _named(covariate: Covariate, values: npt.NDArray[Any]) -> Any:
    if covariate.levels is None:
        return values.astype(np.float64)
    return pd.Categorical.from_codes(values, categories=pd.Index(list(covariate.levels)))  # type: ignore[arg-type]  # any integers

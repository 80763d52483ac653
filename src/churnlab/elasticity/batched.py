"""Solves many small regressions at once, one for each group of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

__all__ = ["Slopes", "fit_slopes"]

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]

_BLOCK = 100_000
"""Rows that are worked on at a time, so that what is computed on the way stays near the processor."""
_CONSTANT = 1e-20
"""Share of a column's sum of squares as it was below which it is constant but for rounding."""
_EXACT = 1e-20
"""Share of the outcome's sum of squares as it was below which residuals are rounding alone."""
_REPEATED = 1e-10
"""Share of a column's sum of squares below which nothing of it is left beside the columns before it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Slopes:
    """One regression per group, of which the slope of the last column is kept.

    Attributes
    ----------
    estimate
        Slope of the last column (J,); NaN where it cannot be told.
    variance, robust_variance
        Of the estimates (J,): for equal variances, and HC1.
    df
        Rows less parameters (J,).
    residual_variance
        (J,).
    smearing
        Mean of exp(residual) (J,).
    constant, repeated, exact
        Whether the last column does not vary at all, or not beside the others, or residuals are 0, so that no error is
        known (J,).
    """

    estimate: Array
    variance: Array
    robust_variance: Array
    df: Array
    residual_variance: Array
    smearing: Array
    constant: npt.NDArray[np.bool_]
    repeated: npt.NDArray[np.bool_]
    exact: npt.NDArray[np.bool_]


def fit_slopes(outcome: Array, columns: Sequence[Array], groups: Counts, units: Counts) -> Slopes:
    """Regress the outcome on the columns in each group of rows, with a level of its own for each unit within it.

    Parameters
    ----------
    outcome
        Rows of a unit stand together, and so do the units of a group (n,).
    columns
        The one of interest last; k of them (n,).
    groups
        How many rows each group has (J,).
    units
        How many rows each unit has.

    Notes
    -----
    Cross-products by group, then Gauss-Jordan elimination in all groups at once. A column before the last that is constant in
    a group, or repeats the columns before it there, is left out of that group alone.
    """
    parts = [
        _fit_block(np.stack([outcome[rows], *(column[rows] for column in columns)]), some, within)
        for rows, some, within in _blocks(groups, units)
    ]
    return Slopes(**{part.name: np.concatenate([getattr(one, part.name) for one in parts]) for part in fields(Slopes)})


def _blocks(groups: Counts, units: Counts) -> Iterator[tuple[slice, Counts, Counts]]:
    """Yield rows of whole groups, the sizes of these groups, and those of their units."""
    group_ends, unit_ends = np.cumsum(groups), np.cumsum(units)
    first = first_unit = start = 0
    while first < len(groups):
        last = max(int(np.searchsorted(group_ends, start + _BLOCK, side="right")), first + 1)
        end = int(group_ends[last - 1])
        last_unit = int(np.searchsorted(unit_ends, end, side="right"))
        yield slice(start, end), groups[first:last], units[first_unit:last_unit]
        first, first_unit, start = last, last_unit, end


def _fit_block(columns: Array, groups: Counts, units: Counts) -> Slopes:
    """Fit the outcome, the first of the columns (1 + k, n), on the others in each group; the columns are changed."""
    starts, unit_starts = _starts(groups), _starts(units)
    unit_group = np.searchsorted(starts, unit_starts, side="right") - 1
    means = np.add.reduceat(columns, unit_starts, axis=1) / units
    columns -= np.repeat(means, units, axis=1)
    products = _cross_products(columns, starts)
    # Rounding is that of the numbers as they were.
    as_were = [np.bincount(unit_group, units * mean**2, len(groups)) for mean in means]
    squares = np.einsum("kkg->gk", products)
    raw_squares = squares + np.column_stack(as_were)
    varies = (squares > _CONSTANT * raw_squares)[:, 1:]
    inverse, used = _sweep(
        np.ascontiguousarray(products[1:, 1:].transpose(2, 0, 1)),
        np.where(varies, squares[:, 1:] * _REPEATED, np.inf),
    )
    coefficients = np.einsum("gjk,kg->jg", inverse, products[1:, 0])
    df = (groups - np.bincount(unit_group, minlength=len(groups)) - used.sum(axis=1)).astype(np.float64)
    residuals, direction = columns[0], np.zeros_like(columns[0])
    for place, column in enumerate(columns[1:]):
        residuals -= np.repeat(coefficients[place], groups) * column
        direction += np.repeat(inverse[:, -1, place], groups) * column
    rss = np.add.reduceat(residuals**2, starts)
    direction *= residuals
    exact = rss <= _EXACT * raw_squares[:, 0]
    told = used[:, -1] & (df > 0) & ~exact
    with np.errstate(invalid="ignore", divide="ignore"):
        residual_variance = rss / df
        robust = np.add.reduceat(direction**2, starts) * groups / df
    return Slopes(
        estimate=np.where(told, coefficients[-1], np.nan),
        variance=np.where(told, residual_variance * inverse[:, -1, -1], np.nan),
        robust_variance=np.where(told, robust, np.nan),
        df=df,
        residual_variance=np.where(told, residual_variance, np.nan),
        smearing=np.add.reduceat(np.exp(residuals), starts) / groups,
        constant=~varies[:, -1],
        repeated=varies[:, -1] & ~used[:, -1],
        exact=used[:, -1] & (df > 0) & exact,
    )


def _starts(counts: Counts) -> Counts:
    """Return where each part begins, from how long the parts are."""
    return np.cumsum(counts) - counts


def _cross_products(columns: Array, starts: Counts) -> Array:
    """Return the products of m columns (m, n) with each other, added up from start to start (m, m, J)."""
    m = len(columns)
    products = np.empty((m, m, len(starts)))
    for left in range(m):
        for right in range(left + 1):
            products[left, right] = np.add.reduceat(columns[left] * columns[right], starts)
            products[right, left] = products[left, right]
    return products


def _sweep(gram: Array, least: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return the inverse of each matrix (J, k, k), 0 for columns left out, and which columns were used (J, k).

    A column is left out where less than `least` (J, k) is left of its sum of squares beside the columns before it.
    """
    size, k, _ = gram.shape
    swept = gram.copy()
    used = np.zeros((size, k), dtype=bool)
    for place in range(k):
        pivot = swept[:, place, place].copy()
        used[:, place] = pivot > least[:, place]
        safe = np.where(used[:, place], pivot, 1.0)
        row, column = swept[:, place, :] / safe[:, None], swept[:, :, place].copy()
        reduced = swept - column[:, :, None] * row[:, None, :]
        reduced[:, place, :] = row
        reduced[:, :, place] = -column / safe[:, None]
        reduced[:, place, place] = 1 / safe
        swept = np.where(used[:, place][:, None, None], reduced, swept)
    both = used[:, :, None] & used[:, None, :]
    return np.where(both, swept, 0.0), used

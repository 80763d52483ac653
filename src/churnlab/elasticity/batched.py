"""Solves many small regressions at once, one for each group of rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Slopes", "fit_slopes"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

_CONSTANT = 1e-20
"""Share of a column's sum of squares as it was below which it is constant but for rounding."""
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
    constant, repeated
        Whether the last column does not vary at all, or not beside the others (J,).
    """

    estimate: Array
    variance: Array
    robust_variance: Array
    df: Array
    residual_variance: Array
    smearing: Array
    constant: npt.NDArray[np.bool_]
    repeated: npt.NDArray[np.bool_]


def fit_slopes(outcome: Array, columns: Array, codes: Codes, *, raw_squares: Array, free: Array) -> Slopes:
    """Regress the outcome on the columns in each group of rows.

    Parameters
    ----------
    outcome
        Without the effects of units within groups (n,).
    columns
        Likewise, the one of interest last (n, k).
    codes
        The group of each row (n,).
    raw_squares
        Sums of squares of the columns as they were, from which rounding is judged (J, k).
    free
        Rows less unit effects in each group (J,).

    Notes
    -----
    Cross-products by group, then Gauss-Jordan elimination in all groups at once. A column before the last that is constant in
    a group, or repeats the columns before it there, is left out of that group alone.
    """
    size = len(free)
    gram, moments = _cross_products(outcome, columns, codes, size)
    squares = np.einsum("gkk->gk", gram)
    varies = squares > _CONSTANT * raw_squares
    inverse, used = _sweep(gram, np.where(varies, squares * _REPEATED, np.inf))
    last = columns.shape[1] - 1
    coefficients = np.einsum("gjk,gk->gj", inverse, moments)
    df = free - used.sum(axis=1)
    told = used[:, last] & (df > 0)
    residuals, direction = outcome.copy(), np.zeros_like(outcome)
    for place in range(last + 1):
        residuals -= coefficients[codes, place] * columns[:, place]
        direction += inverse[codes, last, place] * columns[:, place]
    with np.errstate(invalid="ignore", divide="ignore"):
        residual_variance = np.bincount(codes, residuals**2, size) / df
        rows = np.bincount(codes, minlength=size)
        meat = np.bincount(codes, (residuals * direction) ** 2, size)
        return Slopes(
            estimate=np.where(told, coefficients[:, last], np.nan),
            variance=np.where(told, residual_variance * inverse[:, last, last], np.nan),
            robust_variance=np.where(told, meat * rows / df, np.nan),
            df=df,
            residual_variance=np.where(told, residual_variance, np.nan),
            smearing=np.bincount(codes, np.exp(residuals), size) / rows,
            constant=~varies[:, last],
            repeated=varies[:, last] & ~used[:, last],
        )


def _cross_products(outcome: Array, columns: Array, codes: Codes, size: int) -> tuple[Array, Array]:
    """Return X'X (J, k, k) and X'y (J, k) by group."""
    k = columns.shape[1]
    gram, moments = np.empty((size, k, k)), np.empty((size, k))
    for left in range(k):
        moments[:, left] = np.bincount(codes, columns[:, left] * outcome, size)
        for right in range(left + 1):
            gram[:, left, right] = np.bincount(codes, columns[:, left] * columns[:, right], size)
            gram[:, right, left] = gram[:, left, right]
    return gram, moments


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

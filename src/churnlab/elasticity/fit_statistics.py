"""Columns to be fitted, and what is said of a fit as a whole."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.blocks import row_blocks
from churnlab.elasticity.design import Design

__all__ = ["FitStatistics", "fit_statistics", "outcome_and_regressors", "squares_around_mean", "weighted"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FitStatistics:
    """What least squares says of a fit as a whole; the fields are explained by the results that hold them."""

    residual_variance: float
    smearing: float
    price_mean: float
    price_low: float
    price_high: float
    log_likelihood: float
    r_squared: float
    r_squared_within: float


def outcome_and_regressors(design: Design, more: Array | None = None) -> tuple[Array, Array]:
    """Return log quantity beside the regressors (and more columns), and their sums of squares around the mean.

    Returns
    -------
    array (n, 1 + k), columns contiguous
        May be changed in place.
    array (1 + k,)
    """
    k = len(design.columns)
    columns = np.empty((design.n, 1 + k + (0 if more is None else more.shape[1])), order="F")
    np.log(design.quantity, out=columns[:, 0])
    for place, column in enumerate(design.columns):
        columns[:, 1 + place] = column
    if more is not None:
        columns[:, 1 + k :] = more
    return columns, np.array([squares_around_mean(column, design.weights) for column in columns.T])


def squares_around_mean(column: Array, weights: Array | None = None) -> float:
    """Return the (weighted) sum of squares of a column (n,) around its mean: exactly 0 where it does not vary."""
    if column.min() == column.max():
        return 0.0
    mean, squares = np.average(column, weights=weights), 0.0
    for rows in row_blocks(len(column)):
        centred = column[rows] - mean
        squares += float(centred @ weighted(centred, None if weights is None else weights[rows]))
    return squares


def weighted(columns: Array, weights: Array | None) -> Array:
    """Return columns (n,) or (n, k) times the weights of the rows."""
    if weights is None:
        return columns
    return columns * (weights if columns.ndim == 1 else weights[:, None])


def fit_statistics(design: Design, residuals: Array, outcome: Array, squares: float, parameters: int) -> FitStatistics:
    """Describe a fit of log quantity.

    Parameters
    ----------
    design
        What was fitted on.
    residuals
        Of log quantity (n,).
    outcome
        Log quantity without the effects (n,).
    squares
        Sum of squares of log quantity around its mean.
    parameters
        K: coefficients and levels of effects.
    """
    rss = float(residuals @ weighted(residuals, design.weights))
    within = float(outcome @ weighted(outcome, design.weights))
    log_weights = 0.0 if design.weights is None else float(np.log(design.weights).sum())
    n = design.n
    return FitStatistics(
        residual_variance=rss / (n - parameters),
        smearing=_mean_of_exponentials(residuals, design.weights),
        price_mean=float(np.average(design.price, weights=design.weights)),
        price_low=float(design.price.min()),
        price_high=float(design.price.max()),
        log_likelihood=-n / 2 * (float(np.log(2 * np.pi * rss / n)) + 1) + log_weights / 2 if rss > 0 else float("inf"),
        r_squared=1 - rss / squares if squares > 0 else float("nan"),
        r_squared_within=1 - rss / within if within > 0 else float("nan"),
    )


def _mean_of_exponentials(numbers: Array, weights: Array | None) -> float:
    parts = (
        weighted(np.exp(numbers[rows]), None if weights is None else weights[rows]) for rows in row_blocks(len(numbers))
    )
    return sum(float(part.sum()) for part in parts) / (len(numbers) if weights is None else float(weights.sum()))

"""Composites of items by partial least squares: the weights that make them predict one another (path weighting)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError

__all__ = ["Composites", "path_coefficients", "weigh_items"]

Array = npt.NDArray[np.float64]

_STEPS = 300
_CHANGE = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Composites:
    """Weights and loadings of items (b, k, c) and the correlations of the composites (b, c, c)."""

    weights: Array
    loadings: Array
    correlation: Array


def weigh_items(correlation: Array, blocks: npt.NDArray[np.bool_], paths: npt.NDArray[np.bool_]) -> Composites:
    """Return composites from the correlations of the items.

    Parameters
    ----------
    correlation
        Of the k items (b, k, k), b matrices at once.
    blocks
        Which items belong to which of c constructs (k, c).
    paths
        Whether the construct of the row leads to that of the column (c, c).

    Raises
    ------
    ConvergenceError
        If the weights do not settle.

    Notes
    -----
    Wold (1982); Lohmöller (1989), mode A with path weighting: a construct's inner proxy sums those that lead to it by
    their regression coefficients and those it leads to by their correlations; an item's weight is its covariance with the
    proxy of its construct.
    """
    weights = _unit(np.broadcast_to(blocks.astype(float), (len(correlation), *blocks.shape)), correlation)
    for _ in range(_STEPS):
        between = weights.swapaxes(1, 2) @ correlation @ weights
        inner = np.where(paths.T, between, 0.0) + path_coefficients(between, paths)
        ahead = _unit(np.where(blocks, correlation @ weights @ inner, 0.0), correlation)
        moved = float(np.abs(ahead - weights).max())
        weights = ahead
        if moved < _CHANGE:
            loadings = np.where(blocks, correlation @ weights, 0.0)
            turn = np.where(loadings.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
            weights, loadings = weights * turn, loadings * turn
            between = weights.swapaxes(1, 2) @ correlation @ weights
            return Composites(weights=weights, loadings=loadings, correlation=between)
    raise ConvergenceError(f"The weights of the items did not settle in {_STEPS} steps. Try: other blocks of items.")


def _unit(weights: Array, correlation: Array) -> Array:
    """Return weights that give each composite a variance of 1."""
    variance = (weights * (correlation @ weights)).sum(axis=1, keepdims=True)
    scaled: Array = weights / np.sqrt(variance)
    return scaled


def path_coefficients(between: Array, paths: npt.NDArray[np.bool_]) -> Array:
    """Return the standardised coefficients (b, c, c) of each construct (column) on those that lead to it (rows)."""
    coefficients = np.zeros(between.shape)
    for column in range(between.shape[1]):
        lead = np.flatnonzero(paths[:, column])
        if len(lead):
            own = between[:, lead][:, :, lead]
            coefficients[:, lead, column] = np.linalg.solve(own, between[:, lead, column][:, :, None])[:, :, 0]
    return coefficients

"""Relative weights: R² divided by way of the nearest uncorrelated drivers (Johnson, Genizi)."""

import numpy as np
import numpy.typing as npt

__all__ = ["nearest_uncorrelated", "relative_weights"]

Array = npt.NDArray[np.float64]


def nearest_uncorrelated(drivers: Array) -> Array:
    """Return the symmetric root (b, p, p) of correlations: how drivers correlate with their uncorrelated counterparts."""
    values, vectors = np.linalg.eigh(drivers)
    root: Array = (vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]) @ vectors.swapaxes(1, 2)
    return root


def relative_weights(correlation: Array) -> Array:
    """Return each driver's share of R² by Johnson's relative weights.

    Parameters
    ----------
    correlation
        Correlations (b, k, k) of k - 1 drivers and, last, the outcome; b matrices at once.

    Returns
    -------
    array (b, k - 1)
        They add up to R².

    Notes
    -----
    Johnson (2000), A heuristic method for estimating the relative weight of predictor variables; the same numbers as
    Genizi (1993). R: `relaimpo` type "genizi", `rwa`. With L the symmetric root of the drivers' correlations, the
    outcome is regressed on the counterparts, which gives b = L⁻¹r, and each b² is handed back by the squares of L.

    Examples
    --------
    >>> orthogonal = np.array([[[1.0, 0.0, 0.6], [0.0, 1.0, 0.3], [0.6, 0.3, 1.0]]])
    >>> relative_weights(orthogonal).round(2).tolist()
    [[0.36, 0.09]]
    """
    root = nearest_uncorrelated(correlation[:, :-1, :-1])
    slopes = np.linalg.solve(root, correlation[:, :-1, -1:])
    weights: Array = ((root**2) @ slopes**2)[:, :, 0]
    return weights

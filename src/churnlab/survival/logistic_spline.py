"""A smooth curve of outcome over predicted probability: logistic regression on a restricted cubic spline."""

import numpy as np
import numpy.typing as npt

__all__ = ["restricted_cubic_spline", "smooth_probability"]

Array = npt.NDArray[np.float64]

_KNOTS = (0.05, 0.35, 0.65, 0.95)
_SMALLEST = 1e-9
_STEPS = 50


def smooth_probability(predicted: Array, outcome: npt.NDArray[np.bool_], weight: Array) -> Array:
    """Return the smoothed share of outcomes at each predicted probability.

    Parameters
    ----------
    predicted
        Probabilities (n,).
    outcome
        What came (n,).
    weight
        0 where the outcome is not known (n,).

    Returns
    -------
    array (n,)
        With fewer than five distinct predictions, the mean outcome at each.
    """
    values, code = np.unique(predicted, return_inverse=True)
    if len(values) <= len(_KNOTS):
        sums = np.bincount(code, weights=weight)
        means = np.divide(np.bincount(code, weights=weight * outcome), sums, out=np.array(values), where=sums > 0)
        return np.asarray(means[code])
    inside = np.clip(predicted, _SMALLEST, 1 - _SMALLEST)
    x = restricted_cubic_spline(np.log(-np.log1p(-inside)))
    return _fitted(x, outcome.astype(np.float64), weight)


def restricted_cubic_spline(x: Array) -> Array:
    """Return a constant, x, and the cubic terms between knots, linear beyond the outer ones.

    Parameters
    ----------
    x
        Numbers (n,), of which five or more differ.

    Returns
    -------
    array (n, k)

    Notes
    -----
    Harrell (2015), Regression modeling strategies, equation 2.24, with four knots at his quantiles; knots that coincide are
    taken once. R: `rms::rcs`.
    """
    scaled = (x - x.mean()) / x.std()
    knots = np.unique(np.quantile(scaled, _KNOTS))
    columns = [np.ones_like(scaled), scaled]
    if len(knots) > 2:
        last, before, span = knots[-1], knots[-2], (knots[-1] - knots[0]) ** 2

        def cubed(knot: float) -> Array:
            return np.asarray(np.maximum(scaled - knot, 0) ** 3)

        for knot in knots[:-2]:
            bend = cubed(before) * (last - knot) / (last - before) - cubed(last) * (before - knot) / (last - before)
            columns.append((cubed(knot) - bend) / span)
    return np.column_stack(columns)


def _fitted(x: Array, outcome: Array, weight: Array) -> Array:
    """Return fitted probabilities of a weighted logistic regression, by Newton's steps with a trace of a ridge."""
    ridge = 1e-12 * weight.sum() * np.eye(x.shape[1])
    coefficients = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        probability = _logistic(x @ coefficients)
        slope = x.T @ (weight * (outcome - probability)) - ridge @ coefficients
        curvature = (x * (weight * probability * (1 - probability))[:, None]).T @ x + ridge
        step = np.linalg.solve(curvature, slope)
        coefficients = coefficients + step * min(1.0, 5 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-10:
            break
    return _logistic(x @ coefficients)


def _logistic(x: Array) -> Array:
    from scipy.special import expit

    return np.asarray(expit(x))

"""Logistic regression with weights and limits that hold where a customer stands in several rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError

__all__ = ["LogisticMaximum", "maximise_logistic"]

Array = npt.NDArray[np.float64]

_STEPS, _LARGEST = 50, 30.0


@dataclass(frozen=True, kw_only=True, eq=False)
class LogisticMaximum:
    """Coefficients (k,), their robust covariance (k, k), log-likelihood, and clusters."""

    coefficient: Array
    covariance: Array
    log_likelihood: float
    clusters: int


def maximise_logistic(x: Array, y: Array, *, weight: Array, cluster: npt.NDArray[np.intp]) -> LogisticMaximum:
    """Fit by Newton's method.

    Parameters
    ----------
    x
        Columns (n, k), the constant among them.
    y
        0 or 1 (n,).
    weight
        Survey weights (n,).
    cluster
        Number of the cluster of each row (n,), from 0.

    Raises
    ------
    ConvergenceError
        If no maximum is found: a column tells the ones from the zeros, or is a sum of others.

    Notes
    -----
    Sandwich covariance with scores added up by cluster, times g / (g - 1) (Liang and Zeger 1986).
    """
    coefficient = np.zeros(x.shape[1])
    before = -np.inf
    for _ in range(_STEPS):
        index = x @ coefficient
        mean = 1 / (1 + np.exp(-np.clip(index, -500, 500)))
        log_likelihood = float(weight @ (y * index - np.logaddexp(0, index)))
        information = (x * (weight * mean * (1 - mean))[:, None]).T @ x
        score = x.T @ (weight * (y - mean))
        if log_likelihood - before < 1e-10 * abs(log_likelihood) and np.isfinite(before):
            covariance = _sandwich(x * (weight * (y - mean))[:, None], information, cluster)
            return LogisticMaximum(
                coefficient=coefficient,
                covariance=covariance,
                log_likelihood=log_likelihood,
                clusters=int(cluster.max()) + 1,
            )
        if log_likelihood < before:
            break
        before = log_likelihood
        coefficient = coefficient + _solve(information, score)
        if np.abs(coefficient * x.std(axis=0)).max() > _LARGEST:
            break
    raise ConvergenceError(
        "No maximum was found: a column tells those who did from those who did not, or nearly so. Try: fewer adjustments, or "
        "wider groups."
    )


def _solve(information: Array, score: Array) -> Array:
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(scale, scale)
    if np.linalg.eigvalsh(scaled)[0] < 1e-10:
        raise ConvergenceError("The columns of the regression determine one another. Try: leave one of `adjust` out.")
    step: Array = np.linalg.solve(scaled, score / scale) / scale
    return step


def _sandwich(rows: Array, information: Array, cluster: npt.NDArray[np.intp]) -> Array:
    """Return the covariance (k, k), given the scores of the rows (n, k)."""
    clusters = int(cluster.max()) + 1
    scores = np.zeros((clusters, rows.shape[1]))
    np.add.at(scores, cluster, rows)
    bread = np.linalg.inv(information)
    covariance: Array = bread @ (scores.T @ scores) @ bread * clusters / max(clusters - 1, 1)
    return covariance

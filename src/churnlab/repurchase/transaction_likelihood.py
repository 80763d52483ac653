"""The log-likelihood of all customers under a model of orders, with derivatives, penalty and covariates."""

import numpy as np
import numpy.typing as npt

from churnlab.likelihood import Derivatives
from churnlab.repurchase.covariates import Covariates
from churnlab.repurchase.distinct import Counts
from churnlab.repurchase.transaction_model import RowDerivatives, TransactionModel

__all__ = ["row_log_likelihood", "total_log_likelihood"]

Array = npt.NDArray[np.float64]

_CHUNK = 8_192
"""Histories that are worked on at a time, so that their arrays stay near the processor."""


def row_log_likelihood(model: TransactionModel, covariates: Covariates, theta: Array, counts: Counts) -> Array:
    """Return the log-likelihood (m,) of each history."""
    values = []
    for chunk in counts.chunks(_CHUNK):
        parameters = covariates.parameters(theta, chunk.covariates)
        values.append(model.smooth(parameters, chunk.frequency.rows).value + model.paths(parameters, chunk).value)
    return np.concatenate(values)


def total_log_likelihood(
    model: TransactionModel, covariates: Covariates, theta: Array, counts: Counts, *, penalty: float = 0.0
) -> Derivatives:
    """Return the log-likelihood of all customers, less penalty / 2 · Σ u², with gradient and Hessian in theta.

    Parameters
    ----------
    theta
        The k parameters of the model, then the e effects of covariates (k + e,).
    penalty
        On u: the logarithms of the parameters, and the effects as they are.

    Notes
    -----
    The models' derivatives are in the logarithms of the parameters of each row, in which the effects are linear.
    """
    k = len(model.terms)
    sums = _Sums(len(theta), k, covariates)
    if not covariates.effects:
        parameters = covariates.parameters(theta, counts.covariates)
        smooth = model.smooth(parameters, counts.frequency.values)
        sums.add(smooth, counts.weight_by_frequency, counts.covariates)
    for chunk in counts.chunks(_CHUNK):
        parameters = covariates.parameters(theta, chunk.covariates)
        if covariates.effects:
            sums.add(model.smooth(parameters, chunk.frequency.rows), chunk.weight, chunk.covariates)
        sums.add(model.paths(parameters, chunk), chunk.weight, chunk.covariates)
    u = np.append(np.log(theta[:k]), theta[k:])
    sums.value -= penalty / 2 * float(u @ u)
    sums.gradient -= penalty * u
    sums.hessian -= penalty * np.eye(len(u))
    slope = np.append(theta[:k], np.ones(len(theta) - k))
    bent = np.diag(np.append(sums.gradient[:k], np.zeros(len(theta) - k)))
    return Derivatives(
        value=sums.value, gradient=sums.gradient / slope, hessian=(sums.hessian - bent) / np.outer(slope, slope)
    )


class _Sums:
    """Sums over histories, in the logarithms of the k parameters and the effects."""

    def __init__(self, size: int, k: int, covariates: Covariates) -> None:
        self.value, self.gradient, self.hessian = 0.0, np.zeros(size), np.zeros((size, size))
        self._effects = covariates.effects
        self._source = [*range(k), *(place for place, _, _ in covariates.effects)]

    def add(self, rows: RowDerivatives, weight: Array, values: Array) -> None:
        factor = self._factors(values, len(weight))
        self.value += float(weight @ rows.value)
        self.gradient += self._spread(rows.gradient, factor) @ weight
        for i, first in enumerate(self._source):
            for j, second in enumerate(self._source):
                bend = rows.bends.get((min(first, second), max(first, second)))
                if bend is None or i > j:
                    continue
                part = float(bend @ weight) if factor is None else float(bend @ (weight * factor[i] * factor[j]))
                self.hessian[i, j] += part
                self.hessian[j, i] += part if i != j else 0.0
        for share, direction in zip(rows.spread_weight, rows.spread, strict=True):
            wide = self._spread(direction, factor)
            self.hessian += (wide * (share * weight)) @ wide.T

    def _factors(self, values: Array, m: int) -> Array | None:
        """Return what each row's derivatives are multiplied by (size, m), or None where that is 1 throughout."""
        if not self._effects:
            return None
        ones = np.ones((len(self._source) - len(self._effects), m))
        return np.vstack([ones, *(sign * values[:, column] for _, sign, column in self._effects)])

    def _spread(self, rows: Array, factor: Array | None) -> Array:
        return rows if factor is None else rows[self._source] * factor

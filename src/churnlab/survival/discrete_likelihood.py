"""The likelihood of discrete time: in each period each pattern of covariates has so many at risk, so many of whom leave."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from churnlab.likelihood import Derivatives

__all__ = ["Link", "PeriodCounts", "PeriodLikelihood", "count_periods", "link_derivatives", "natural_spline"]

Array = npt.NDArray[np.float64]
Link = Literal["logit", "cloglog"]

_CELLS = 2**20
"""How many cells, patterns × periods, are worked on at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PeriodCounts:
    """Rows sorted by pattern: the first row of each pattern (P + 1,), and for each row its times and weights (n,)."""

    first: npt.NDArray[np.intp]
    pattern: npt.NDArray[np.intp]
    stop: npt.NDArray[np.intp]
    entry: npt.NDArray[np.intp] | None
    weight: Array
    churned: Array

    def cells(self, start: int, end: int, periods: int) -> tuple[Array, Array]:
        """Return how many of each pattern from start to end are at risk in each period, and leave in it (P, T)."""
        rows = slice(self.first[start], self.first[end])
        shape = (end - start, periods + 1)
        place = (self.pattern[rows] - start) * shape[1]
        size = shape[0] * shape[1]
        risk: Array = np.bincount(place + self.stop[rows], self.weight[rows], size).astype(np.float64)
        left: Array = np.bincount(place + self.stop[rows], self.churned[rows], size).astype(np.float64)
        if self.entry is not None:
            risk = risk - np.bincount(place + self.entry[rows], self.weight[rows], size)
        at_risk = np.cumsum(risk.reshape(shape)[:, ::-1], axis=1)[:, ::-1]
        return at_risk[:, 1:], left.reshape(shape)[:, 1:]


def count_periods(
    pattern: npt.NDArray[np.intp],
    stop: npt.NDArray[np.intp],
    entry: npt.NDArray[np.intp] | None,
    weight: Array,
    churned: npt.NDArray[np.bool_],
) -> PeriodCounts:
    """Sort rows (n,) by the number of their pattern."""
    order = np.argsort(pattern, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(pattern))])
    return PeriodCounts(
        first=first.astype(np.intp),
        pattern=pattern[order],
        stop=stop[order],
        entry=None if entry is None else entry[order],
        weight=weight[order],
        churned=(weight * churned)[order],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PeriodLikelihood:
    """Log-likelihood of a baseline (T, q) and covariates of the patterns (p, P), in q + p coefficients.

    Periods that are not `open` (T,) have no hazard.
    """

    link: Link
    baseline: Array
    open: npt.NDArray[np.bool_]
    matrix: Array
    counts: PeriodCounts

    def at(self, theta: Array) -> Derivatives:
        """Return the log-likelihood with gradient and Hessian."""
        periods, q = self.baseline.shape
        level = self.baseline @ theta[:q]
        step = max(1, _CELLS // periods)
        k, patterns = len(theta), self.matrix.shape[1]
        value, gradient, hessian = 0.0, np.zeros(k), np.zeros((k, k))
        for start in range(0, patterns, step):
            end = min(start + step, patterns)
            x = self.matrix[:, start:end]
            at_risk, left = self.counts.cells(start, end, periods)
            at_risk[:, ~self.open] = 0.0
            eta = (theta[q:] @ x)[:, None] + level
            cell, slope, bend = link_derivatives(self.link, eta, at_risk, left)
            value += float(cell.sum())
            gradient[:q] += self.baseline.T @ slope.sum(axis=0)
            gradient[q:] += x @ slope.sum(axis=1)
            hessian[:q, :q] += (self.baseline.T * bend.sum(axis=0)) @ self.baseline
            hessian[q:, q:] += (x * bend.sum(axis=1)) @ x.T
            hessian[q:, :q] += x @ bend @ self.baseline
        hessian[:q, q:] = hessian[q:, :q].T
        return Derivatives(value=value, gradient=gradient, hessian=hessian)


def link_derivatives(link: Link, eta: Array, at_risk: Array, left: Array) -> tuple[Array, Array, Array]:
    """Return the binomial log-likelihood of each cell, without its constant, and two derivatives by the predictor."""
    from scipy.special import expit

    if link == "logit":
        hazard = expit(eta)
        slope = at_risk * hazard
        return left * eta - at_risk * np.logaddexp(0.0, eta), left - slope, -slope * (1 - hazard)
    rate = np.exp(np.minimum(eta, 700.0))
    stayed = (at_risk - left) * rate
    hazard = -np.expm1(-rate)
    tiny = np.maximum(hazard, 1e-300)
    u = np.where(rate > 1e-300, rate * np.exp(-rate) / tiny, 1.0)
    return left * np.log(tiny) - stayed, left * u - stayed, left * u * (1 - rate - u) - stayed


def natural_spline(x: Array, knots: Array) -> Array:
    """Return a basis of natural cubic splines at x (n,) with knots (k,): a constant, x, and k - 2 more (n, k).

    Notes
    -----
    Hastie, Tibshirani and Friedman (2009), The elements of statistical learning, equation 5.4: linear beyond the outer
    knots.
    """

    def bent(knot: float) -> Array:
        top: Array = np.maximum(x - knot, 0.0) ** 3 - np.maximum(x - knots[-1], 0.0) ** 3
        scaled: Array = top / (knots[-1] - knot)
        return scaled

    last = bent(float(knots[-2]))
    scale = (knots[-1] - knots[0]) ** 2
    return np.stack([np.ones_like(x), x, *((bent(float(knot)) - last) / scale for knot in knots[:-2])], axis=1)

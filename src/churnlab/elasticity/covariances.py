"""Covariances of coefficients: independent, robust, clustered, and for errors that hang together in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.groups import Group, combine_groups, is_nested
from churnlab.errors import DataError

__all__ = [
    "Moments",
    "clustered",
    "clustered_parameters",
    "clustered_scores",
    "hc1",
    "hc3",
    "iid",
    "newey_west",
    "parameters",
    "parameters_of_sizes",
]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """What covariances are made of.

    Attributes
    ----------
    regressors
        (n, k).
    errors
        Each row's residual times its weight (n,).
    bread
        Inverse of the weighted cross-products of the regressors (k, k).
    residual_variance
        Of a row of weight 1.
    parameters
        K: coefficients, and levels of the effects.
    """

    regressors: Array
    errors: Array
    bread: Array
    residual_variance: float
    parameters: int

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.errors)

    @cached_property
    def scores(self) -> Array:
        """Each row's part in the equations that the coefficients solve (n, k)."""
        return self.regressors * self.errors[:, None]


def parameters(k: int, groups: Sequence[Group]) -> int:
    """Return K: coefficients, and levels of the effects, of which every one beyond the first repeats the constant."""
    return parameters_of_sizes(k, [group.size for group in groups])


def parameters_of_sizes(k: int, sizes: Sequence[int]) -> int:
    """Return K from the numbers of levels of the effects; without effects there is a constant."""
    return k + sum(sizes) - len(sizes) + 1 if sizes else k + 1


def clustered_parameters(k: int, groups: Sequence[Group], clusters: Sequence[Group]) -> int:
    """Return K for clustered errors, to which effects that lie within clusters do not count.

    Notes
    -----
    The rule of R's `fixest` (``K.fixef = "nested"``).
    """
    free = [group for group in groups if not any(is_nested(group, cluster) for cluster in clusters)]
    return parameters(k, free)


def iid(moments: Moments) -> Array:
    """Return the covariance for independent errors of equal variance (k, k)."""
    return moments.residual_variance * moments.bread


def hc1(moments: Moments) -> Array:
    """Return the covariance that is robust to unequal variances (k, k), times n / (n - K)."""
    return _sandwich(moments, moments.scores.T @ moments.scores) * moments.n / (moments.n - moments.parameters)


def hc3(moments: Moments, leverage: Array) -> Array:
    """Return the covariance of MacKinnon and White's HC3 (k, k): each residual over 1 - leverage.

    Raises
    ------
    DataError
        If a row has leverage 1: it alone decides a parameter.
    """
    if (leverage > 1 - 1e-10).any():
        row = int(np.argmax(leverage))
        raise DataError(
            f"Row {row:,} of those fitted on decides a coefficient all by itself, so that its error is not known. "
            'Try: errors="hc1", or another specification.'
        )
    scores = moments.scores / (1 - leverage)[:, None]
    return _sandwich(moments, scores.T @ scores)


def clustered_scores(scores: Array, cluster: Group) -> Array:
    """Add up scores (n, k) by cluster (G, k)."""
    return np.column_stack([np.bincount(cluster.codes, column, cluster.size) for column in scores.T])


def clustered(moments: Moments, clusters: Sequence[Group], parameters: int) -> Array:
    """Return the covariance that lets errors hang together within clusters, of one way or several (k, k).

    Parameters
    ----------
    moments
        Of the fit.
    clusters
        The ways to cluster.
    parameters
        K by :func:`clustered_parameters`.

    Raises
    ------
    DataError
        If there is one cluster only.

    Notes
    -----
    Cameron, Gelbach and Miller (2011), equation 2.11: ways one by one, less their intersections, and so on; times
    (n - 1) / (n - K) and G / (G - 1) with G the clusters of the way that has fewest, as in R's `fixest`. A negative eigenvalue,
    which several ways can bring about, is set to 0.
    """
    fewest = min(clusters, key=lambda cluster: cluster.size)
    if fewest.size < 2:
        raise DataError(
            f"There is only one cluster of `{fewest.name}`, and clustered errors take two or more (better: 30). "
            'Try: errors="hc1", or errors="hac" for one series in time.'
        )
    meat = np.zeros_like(moments.bread)
    for size in range(1, len(clusters) + 1):
        for some in combinations(clusters, size):
            together = some[0] if size == 1 else combine_groups("", some)
            # column by column, as all scores at once take much memory
            sums = [np.bincount(together.codes, x * moments.errors, together.size) for x in moments.regressors.T]
            meat += (-1) ** (size + 1) * np.inner(sums, sums)
    factor = (moments.n - 1) / (moments.n - parameters) * fewest.size / (fewest.size - 1)
    covariance = _sandwich(moments, meat) * factor
    return covariance if len(clusters) == 1 else _not_negative(covariance)


def _not_negative(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    if values.min() >= 0:
        return covariance
    mended: Array = (vectors * np.maximum(values, 0)) @ vectors.T
    return mended


def newey_west(moments: Moments, unit: Group, period: Group, lags: int) -> Array:
    """Return the covariance of Newey and West within each unit's series (k, k), times n / (n - K).

    Parameters
    ----------
    moments
        Of the fit.
    unit
        Whose series a row belongs to.
    period
        The row's place in time; levels in the order of time.
    lags
        Up to how many periods apart errors may hang together; weights fall linearly to 0 beyond.

    Notes
    -----
    Newey and West (1987), equation 5. Periods count by the calendar of the data: rows around a gap are as far apart as they
    are in time. R: `sandwich::NeweyWest(lag, prewhite = FALSE, adjust = TRUE)` for one series.
    """
    order = np.lexsort((period.codes, unit.codes))
    scores, of, at = moments.scores[order], unit.codes[order], period.codes[order]
    meat = scores.T @ scores
    for step in range(1, min(lags, len(order) - 1) + 1):
        distance = at[step:] - at[:-step]
        near = (of[step:] == of[:-step]) & (distance <= lags)
        weight = np.where(near, 1 - distance / (lags + 1), 0.0)
        part = (scores[step:] * weight[:, None]).T @ scores[:-step]
        meat += part + part.T
    return _sandwich(moments, meat) * moments.n / (moments.n - moments.parameters)


def _sandwich(moments: Moments, meat: Array) -> Array:
    covariance: Array = moments.bread @ meat @ moments.bread
    return covariance

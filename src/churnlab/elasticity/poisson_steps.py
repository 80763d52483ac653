"""Iteratively reweighted least squares for the Poisson model, with fixed effects absorbed at every step."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.absorb import Absorbed, absorb
from churnlab.elasticity.coefficients import independent_terms
from churnlab.elasticity.covariances import Moments, clustered, clustered_parameters, hc1, iid, parameters
from churnlab.elasticity.design import Design, Specification
from churnlab.elasticity.fit_statistics import squares_around_mean, weighted
from churnlab.elasticity.semidefinite import inverse
from churnlab.errors import ConvergenceError, DataError

__all__ = ["PoissonMaximum", "maximise_poisson", "poisson_uncertainty"]

Array = npt.NDArray[np.float64]

_STEPS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class PoissonMaximum:
    """The maximum of the Poisson likelihood.

    Attributes
    ----------
    kept
        Places of the estimated terms.
    coefficients
        (k,).
    regressors
        Without effects, by the weights of the last step (n, k).
    expected
        Expected quantities (n,).
    absorbed
        Working outcome and all regressors without their effects.
    bread
        Inverse of the information (k, k).
    deviance, log_likelihood, null_log_likelihood
        At the maximum, and of one mean for all.
    """

    kept: list[int]
    coefficients: Array
    regressors: Array
    expected: Array
    absorbed: Absorbed
    bread: Array
    deviance: float
    log_likelihood: float
    null_log_likelihood: float


def maximise_poisson(design: Design, asked: Specification) -> PoissonMaximum:
    """Find the coefficients whose expected quantities fit best.

    Raises
    ------
    DataError
        If a term does not vary beside the effects, or repeats others.
    ConvergenceError
        If the deviance does not settle.
    """
    quantity = design.quantity
    expected = (quantity + quantity.mean()) / 2
    predictor, deviance = np.log(expected), np.inf
    for _ in range(_STEPS):
        working = predictor + (quantity - expected) / expected
        absorbed = absorb(_beside(working, design.regressors), design.groups, expected)
        kept, coefficients, bread, left = _solve(design, asked, absorbed, expected)
        predictor, expected, after = _halved(quantity, predictor, working - left, deviance)
        if abs(deviance - after) <= 1e-12 * (abs(after) + 0.1):
            return PoissonMaximum(
                kept=kept,
                coefficients=coefficients,
                regressors=absorbed.residuals[:, [1 + place for place in kept]],
                expected=expected,
                absorbed=absorbed,
                bread=bread,
                deviance=after,
                log_likelihood=_log_likelihood(quantity, expected),
                null_log_likelihood=_log_likelihood(quantity, np.full(design.n, quantity.mean())),
            )
        deviance = after
    raise ConvergenceError(f"The Poisson model did not settle within {_STEPS} steps. Try: fewer effects or controls.")


def _beside(working: Array, regressors: Array) -> Array:
    columns = np.empty((len(working), 1 + regressors.shape[1]), order="F")
    columns[:, 0], columns[:, 1:] = working, regressors
    return columns


def _solve(
    design: Design, asked: Specification, absorbed: Absorbed, weights: Array
) -> tuple[list[int], Array, Array, Array]:
    """Return the places of the terms, their coefficients, the inverse of their cross-products, the residuals."""
    outcome, regressors = absorbed.residuals[:, 0], absorbed.residuals[:, 1:]
    moments = weighted(regressors, weights)
    gram = moments.T @ regressors
    squares = np.array([squares_around_mean(column, weights) for column in design.regressors.T])
    kept = independent_terms(design.terms, squares, gram, effects=asked.effects, optional=asked.moderators)
    bread = inverse(gram[np.ix_(kept, kept)])
    coefficients = bread @ (moments[:, kept].T @ outcome)
    return kept, coefficients, bread, outcome - regressors[:, kept] @ coefficients


def _halved(quantity: Array, before: Array, after: Array, deviance: float) -> tuple[Array, Array, float]:
    """Return the predictor on the way to `after` at which the deviance does not rise, expected quantities, deviance."""
    for _ in range(30):
        expected = np.exp(np.minimum(after, 700.0))
        found = _deviance(quantity, expected)
        if np.isfinite(found) and found <= deviance * (1 + 1e-9) + 1e-9:
            return after, expected, found
        after = (before + after) / 2
    return after, expected, found


def _deviance(quantity: Array, expected: Array) -> float:
    from scipy.special import xlogy

    return 2 * float((xlogy(quantity, quantity / expected) - (quantity - expected)).sum())


def _log_likelihood(quantity: Array, expected: Array) -> float:
    from scipy.special import gammaln, xlogy

    return float((xlogy(quantity, expected) - expected - gammaln(quantity + 1)).sum())


def poisson_uncertainty(design: Design, found: PoissonMaximum, errors: str) -> tuple[Array, float]:
    """Return the covariance of the coefficients (k, k) and the dispersion; factors for small samples as in R's `fixest`.

    Raises
    ------
    DataError
        If there are no more rows than parameters, or one cluster only.
    """
    k = len(found.kept)
    total = parameters(k, design.groups)
    if design.n <= total:
        raise DataError(
            f"There are {design.n:,} rows for {total:,} parameters, effects included. Try: more rows, or coarser effects."
        )
    gap = design.quantity - found.expected
    dispersion = float((gap**2 / found.expected).sum()) / (design.n - total)
    moments = Moments(
        regressors=found.regressors,
        errors=gap,
        bread=found.bread,
        residual_variance=(design.n - 1) / (design.n - total),
        parameters=total,
    )
    if errors == "cluster":
        nested = clustered_parameters(k, design.groups, design.clusters)
        return clustered(moments, design.clusters, nested), dispersion
    return (hc1(moments) if errors == "hc1" else iid(moments)), dispersion

"""Draws noisy estimates of many products towards what they have in common."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.semidefinite import inverse
from churnlab.errors import ConvergenceError

__all__ = ["Population", "Shrunk", "fit_population", "shrink"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """How the true values of J products are spread: around what their attributes say.

    Attributes
    ----------
    coefficients
        Of the attributes (q,).
    covariance
        Theirs (q, q).
    spread
        τ: the standard deviation of true values around them.
    """

    coefficients: Array
    covariance: Array
    spread: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Shrunk:
    """Estimates of each product drawn towards the population's, with standard errors, each (J,)."""

    estimate: Array
    std_error: Array


def fit_population(estimate: Array, std_error: Array, attributes: Array) -> Population:
    """Estimate the mean and the spread of true values from noisy estimates of them.

    Parameters
    ----------
    estimate, std_error
        (J,), J > q.
    attributes
        (J, q), the constant among them.

    Raises
    ------
    ConvergenceError
        If the iteration does not settle.

    Notes
    -----
    Restricted maximum likelihood of the model b = Zγ + u + e with u ~ N(0, τ²), e ~ N(0, s²): Fisher scoring as in Viechtbauer
    (2005), equation 12. R: `metafor::rma(method = "REML")`. A spread of 0 is a possible result.
    """
    variance = std_error**2
    # The start only has to be of the right size, and is exact where all errors are alike.
    spread = max(float(np.var(estimate)) - float(np.median(variance)), 0.1 * float(np.median(variance)))
    for _ in range(500):
        weight = 1 / (variance + spread)
        covariance = inverse((attributes * weight[:, None]).T @ attributes)
        residual = estimate - attributes @ (covariance @ (attributes.T @ (weight * estimate)))
        # P = W - W Z (Z'WZ)^-1 Z'W; its trace and that of its square without forming it
        hat = weight * np.einsum("ij,jk,ik->i", attributes, covariance, attributes)
        squared = (attributes * (weight**2)[:, None]).T @ attributes @ covariance
        trace = float((weight * (1 - hat)).sum())
        trace_squared = float((weight**2 * (1 - 2 * hat)).sum()) + float(np.trace(squared @ squared))
        step = (float((weight * residual) @ (weight * residual)) - trace) / trace_squared
        after = max(spread + step, 0.0)
        if abs(after - spread) <= 1e-12 * (after + float(variance.min())):
            return _population(estimate, variance, attributes, after)
        spread = after
    raise ConvergenceError(
        "The spread of the elasticities could not be estimated. Try: leave out products with few rows."
    )


def _population(estimate: Array, variance: Array, attributes: Array, spread: float) -> Population:
    weight = 1 / (variance + spread)
    covariance = inverse((attributes * weight[:, None]).T @ attributes)
    coefficients = covariance @ (attributes.T @ (weight * estimate))
    return Population(coefficients=coefficients, covariance=covariance, spread=float(np.sqrt(spread)))


def shrink(estimate: Array, std_error: Array, attributes: Array, population: Population) -> Shrunk:
    """Return the expected true values given the estimates, by how much each estimate tells.

    Parameters
    ----------
    estimate, std_error
        (J,).
    attributes
        (J, q), as the population was fitted with.
    population
        Of the true values.

    Notes
    -----
    Morris (1983), Parametric empirical Bayes inference, section 5: the estimate is drawn by B = s² / (s² + τ²) towards the
    mean; the variance is s² (1 - B), and what is not known of the mean and of τ² on top.
    """
    variance, between = std_error**2, population.spread**2
    pull = variance / (variance + between)
    mean = attributes @ population.coefficients
    of_mean = np.einsum("ij,jk,ik->i", attributes, population.covariance, attributes)
    j, q = attributes.shape
    of_spread = 2 / max(j - q - 2, 1) * pull**2 * (estimate - mean) ** 2
    total = variance * (1 - pull) + pull**2 * of_mean + of_spread
    return Shrunk(estimate=pull * mean + (1 - pull) * estimate, std_error=np.sqrt(total))

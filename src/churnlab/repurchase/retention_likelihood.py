"""The formulas of retention by contract: the shifted beta-geometric and the beta-discrete-Weibull model, on arrays.

At each renewal a customer leaves with a probability that is beta(alpha, beta) over customers; in the Weibull model what
she has passed after t renewals counts as t^c of them. theta is (alpha, beta) or (alpha, beta, c).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.likelihood import Derivatives

__all__ = ["Losses", "log_survival", "total_log_likelihood"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Losses:
    """How many customers left at each renewal (m,), and how many were still there after a last one (l,)."""

    renewal: Array
    lost: Array
    last: Array
    left: Array


def log_survival(theta: Array, t: Array) -> Array:
    """Log-probability (m,) of staying for t renewals."""
    from scipy.special import betaln

    alpha, beta = theta[:2]
    passed = t ** theta[2] if len(theta) > 2 else t
    survival: Array = betaln(alpha, beta + passed) - betaln(alpha, beta)
    return survival


def total_log_likelihood(theta: Array, losses: Losses) -> Derivatives:
    """Log-likelihood of a table of survivors, with gradient and Hessian in theta."""
    before, after = (_derivatives(theta, losses.renewal - step) for step in (1.0, 0.0))
    leaving = _log_difference(before, after)
    staying = _derivatives(theta, losses.last)
    value, gradient, hessian = (
        part @ losses.lost + other @ losses.left for part, other in zip(leaving, staying, strict=True)
    )
    return Derivatives(value=float(value), gradient=gradient, hessian=hessian)


Parts = tuple[Array, Array, Array]
"""Values (m,), gradients (k, m) and Hessians (k, k, m)."""


def _log_difference(first: Parts, second: Parts) -> Parts:
    """Return log(S₁ - S₂), with derivatives, from those of log S₁ and of the smaller log S₂."""
    ratio = np.exp(second[0] - first[0])
    more, less = 1 / (1 - ratio), ratio / (1 - ratio)
    gradient = more * first[1] - less * second[1]
    hessian = more * (first[2] + _outer(first[1])) - less * (second[2] + _outer(second[1])) - _outer(gradient)
    return first[0] + np.log1p(-ratio), gradient, hessian


def _outer(gradient: Array) -> Array:
    product: Array = gradient[:, None] * gradient[None, :]
    return product


def _derivatives(theta: Array, t: Array) -> Parts:
    """Return log-survival with its derivatives."""
    from scipy.special import digamma, polygamma

    alpha, beta = theta[:2]
    log_t = np.log(np.where(t > 0, t, 1.0))
    passed = t ** theta[2] if len(theta) > 2 else t
    whole, own = alpha + beta + passed, beta + passed
    by_alpha = digamma(alpha + beta) - digamma(whole)
    by_passed = digamma(own) - digamma(whole)
    by_beta = by_alpha + digamma(own) - digamma(beta)
    aa = polygamma(1, alpha + beta) - polygamma(1, whole)
    bb = aa + polygamma(1, own) - polygamma(1, beta)
    gradient, hessian = np.stack([by_alpha, by_beta]), np.array([[aa, aa], [aa, bb]])
    if len(theta) > 2:
        bend = polygamma(1, own) - polygamma(1, whole)
        speed = passed * log_t
        ac, bc = -polygamma(1, whole) * speed, bend * speed
        cc = bend * speed**2 + by_passed * speed * log_t
        gradient = np.stack([by_alpha, by_beta, by_passed * speed])
        hessian = np.array([[aa, aa, ac], [aa, bb, bc], [ac, bc, cc]])
    return log_survival(theta, t), gradient, hessian

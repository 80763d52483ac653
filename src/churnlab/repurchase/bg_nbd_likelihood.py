"""The numbers of the BG/NBD model (Fader, Hardie and Lee 2005), on arrays.

Throughout, theta = (r, alpha, a, b): buying rates are gamma(r, alpha) over customers, and after each order a customer
drops out with a probability that is beta(a, b) over customers. x, t_x, T are frequency, recency and T, arrays (m,).
"""

import numpy as np
import numpy.typing as npt

from churnlab.likelihood import Derivatives
from churnlab.repurchase.counts import Counts

__all__ = ["alive_probability", "expected_orders", "log_likelihood", "order_probability", "total_log_likelihood"]

Array = npt.NDArray[np.float64]

_STEP = 1e-3
_DIRECTION = np.array([-(2**0.5), 0.0, 1.0, 3**0.5])


def log_likelihood(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Log-likelihood (m,) of each history: equation 6, with the sum of its last factor taken in logarithms."""
    from scipy.special import gammaln

    r, alpha, a, b = theta
    smooth = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    smooth += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    total: Array = smooth + np.logaddexp(*_log_paths(theta, x, t_x, T))
    return total


def _log_paths(theta: Array, x: Array, t_x: Array, T: Array) -> tuple[Array, Array]:
    """Logarithms of the two ways to be silent since t_x: still alive, or gone right after the last order."""
    r, alpha, a, b = theta
    alive = -(r + x) * np.log(alpha + T)
    repeat = np.where(x > 0, b + x - 1, 1.0)
    gone = np.where(x > 0, np.log(a) - np.log(repeat) - (r + x) * np.log(alpha + t_x), -np.inf)
    return alive, gone


def alive_probability(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Probability (m,) of being alive at T: the share of the first path. It is 1 where x = 0."""
    from scipy.special import expit

    alive, gone = _log_paths(theta, x, t_x, T)
    share: Array = expit(alive - gone)
    return share


def order_probability(theta: Array, x: Array, t_x: Array, T: Array, horizon: float) -> Array:
    """Probability (m,) of at least one order in (T, T + horizon]: 1 - L(x, t_x, T + horizon) / L(x, t_x, T)."""
    r, alpha, _, _ = theta
    active: Array = -np.expm1((r + x) * (np.log(alpha + T) - np.log(alpha + T + horizon)))
    return alive_probability(theta, x, t_x, T) * active


def expected_orders(theta: Array, x: Array, t_x: Array, T: Array, horizon: float) -> Array:
    """Return the expected number of orders (m,) in (T, T + horizon]; with x = t_x = T = 0, that of a new customer.

    Equation 10 with Euler's transformation of the hypergeometric function (Abramowitz and Stegun 15.3.3), which keeps
    its first arguments small, so that neither many orders nor a + b < 1 overflow.
    """
    return alive_probability(theta, x, t_x, T) * _expected_if_alive(theta, x, T, horizon)


def _expected_if_alive(theta: Array, x: Array, T: Array, horizon: float) -> Array:
    """Return the expectation given being alive, interpolated across its removable singularities.

    They lie at a = 1, at a + b = 1 where x = 0, and, for the hypergeometric function as computed, at whole r - a. The
    four points of the interpolation, of order h⁴, lie on a line through theta that crosses all three.
    """
    _, _, a, b = theta
    expected = _hypergeometric_form(theta, x, T, horizon)
    near = ~np.isfinite(expected) | (abs(a - 1) < _STEP / 2) | ((abs(a + b - 1) < _STEP) & (x == 0))
    if near.any():
        sides = [
            _hypergeometric_form(theta * np.exp(step * _DIRECTION), x[near], T[near], horizon)
            for step in (_STEP, -_STEP, 2 * _STEP, -2 * _STEP)
        ]
        expected[near] = (4 * (sides[0] + sides[1]) - (sides[2] + sides[3])) / 6
    return expected


def _hypergeometric_form(theta: Array, x: Array, T: Array, horizon: float) -> Array:
    from scipy.special import hyp2f1

    r, alpha, a, b = theta
    c = a + b + x - 1
    z = horizon / (alpha + T + horizon)
    with np.errstate(divide="ignore", invalid="ignore"):
        stay = np.exp((a - 1) * np.log1p(-z)) * hyp2f1(a + b - 1 - r, a - 1, c, z)
        expected: Array = c / (a - 1) * (1 - stay)
    return expected


def total_log_likelihood(theta: Array, counts: Counts) -> Derivatives:
    """Log-likelihood of all customers with gradient (4,) and Hessian (4, 4) in theta."""
    x, t_x, T, weight = counts.frequency, counts.recency, counts.T, counts.weight
    value = float(weight @ log_likelihood(theta, x, t_x, T))
    gradient, hessian = _smooth_derivatives(theta, counts)
    r, alpha, a, b = theta
    gone = 1 - alive_probability(theta, x, t_x, T)
    repeat = np.where(x > 0, b + x - 1, 1.0)
    rate = r + x
    zero = np.zeros_like(x)
    slope_alive = np.stack([-np.log(alpha + T), -rate / (alpha + T), zero, zero])
    slope_gone = np.stack([-np.log(alpha + t_x), -rate / (alpha + t_x), zero + 1 / a, -1 / repeat])
    gradient += (slope_alive * (1 - gone) + slope_gone * gone) @ weight
    difference = slope_gone - slope_alive
    hessian += (difference * (weight * gone * (1 - gone))) @ difference.T
    mixed = -weight @ ((1 - gone) / (alpha + T) + gone / (alpha + t_x))
    bent = weight @ (rate * ((1 - gone) / (alpha + T) ** 2 + gone / (alpha + t_x) ** 2))
    hessian[0, 1] += mixed
    hessian[1, 0] += mixed
    hessian[1, 1] += bent
    hessian[2, 2] -= weight @ gone / a**2
    hessian[3, 3] += weight @ (gone / repeat**2)
    return Derivatives(value=value, gradient=gradient, hessian=hessian)


def _smooth_derivatives(theta: Array, counts: Counts) -> tuple[Array, Array]:
    """Return the derivatives of the gamma functions, which depend on x alone: each distinct x is taken once."""
    from scipy.special import digamma, polygamma

    r, alpha, a, b = theta
    x, row_of = np.unique(counts.frequency, return_inverse=True)
    weight = np.bincount(row_of, counts.weight)
    n = weight.sum()
    both = weight @ (digamma(a + b) - digamma(a + b + x))
    gradient = np.array([
        weight @ (digamma(r + x) - digamma(r)) + n * np.log(alpha),
        n * r / alpha,
        both,
        both + weight @ (digamma(b + x) - digamma(b)),
    ])  # fmt: skip
    hessian = np.zeros((4, 4))
    hessian[0, 0] = weight @ (polygamma(1, r + x) - polygamma(1, r))
    hessian[0, 1] = hessian[1, 0] = n / alpha
    hessian[1, 1] = -n * r / alpha**2
    hessian[2:, 2:] = weight @ (polygamma(1, a + b) - polygamma(1, a + b + x))
    hessian[3, 3] += weight @ (polygamma(1, b + x) - polygamma(1, b))
    return gradient, hessian

"""What customers of the Pareto/NBD model will do, given that they are alive.

Given her history and being alive, a customer's rate is gamma(shape, age) and her drop-out rate gamma(leave, staying),
independent of each other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.repurchase.decay_quadrature import decay_nodes, gauss_legendre

__all__ = ["Known", "chance_of_count", "chance_of_order", "expected_orders"]

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_GONE = 40.0
_HALVINGS = 45
_NODES = 48


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """The gamma distributions of customers (m,) who are alive: of their rates, and of their drop-out rates."""

    shape: Array
    age: Array
    leave: Array
    staying: Array


def expected_orders(known: Known, horizon: Array) -> Array:
    """Return expected orders (m,).

    Schmittlein, Morrison and Colombo (1987), equation 22, over P(alive). With q = log((β + T + h) / (β + T)), the fraction
    (1 - e^(-(s - 1) q)) / (s - 1) is taken as a whole, so that it holds at s = 1 too.
    """
    from scipy.special import exprel

    q = np.log1p(horizon / known.staying)
    expected: Array = known.shape / known.age * known.staying * q * exprel(-(known.leave - 1) * q)
    return expected


def chance_of_order(known: Known, horizon: Array) -> Array:
    """Probability (m,) of at least one order: the integral over its time, with her still alive then."""
    chance = np.zeros_like(known.age)
    p = known.shape + 1
    for nodes in decay_nodes(p, known.leave, known.age, known.staying, np.broadcast_to(horizon, p.shape)):
        some = nodes.rows
        logs = -p[some] * np.log1p(nodes.u / known.age[some]) - known.leave[some] * np.log1p(
            nodes.u / known.staying[some]
        )
        chance[some] = known.shape[some] / known.age[some] * np.exp(logs + nodes.log_weight).sum(axis=0)
    return np.minimum(chance, 1.0)


def chance_of_count(known: Known, n: int, horizon: Array) -> Array:
    """Probability (m,) of exactly n orders, n being 1 or more.

    Either she is alive at the horizon with n orders, or she dropped out before it, at u, with n orders by then. The
    logarithm of the integrand over y = log(u / age) is concave; it is cut where it has fallen by e⁻⁴⁰ on either side.
    """
    from scipy.special import gammaln

    horizon = np.broadcast_to(horizon, known.age.shape)
    with np.errstate(divide="ignore"):
        end = np.maximum(np.log(horizon / known.age), -300.0)
    ratio = np.log(known.age / known.staying)
    constant = gammaln(known.shape + n) - gammaln(known.shape) - gammaln(n + 1)

    def orders(y: Array) -> Array:
        """Logarithm of the probability of n orders by u, and of being alive then."""
        both = n * y - (n + known.shape) * np.logaddexp(0, y) - known.leave * np.logaddexp(0, y + ratio)
        path: Array = constant + both
        return path

    def leaving(y: Array) -> Array:
        """Logarithm of the integrand: the same, and dropping out at u."""
        path: Array = orders(y) + np.log(known.leave) - np.logaddexp(0, -(y + ratio))
        return path

    def slope(y: Array) -> Array:
        part: Array = n + 1 - (n + known.shape) / (1 + np.exp(-y)) - (known.leave + 1) / (1 + np.exp(-(y + ratio)))
        return part

    top = _last(lambda y: slope(y) >= 0, np.full_like(end, -320.0), end)
    least = leaving(top) - _GONE
    low = _last(lambda y: leaving(y) <= least, np.full_like(end, -400.0), top)
    high = _last(lambda y: leaving(y) >= least, top, end)
    nodes, weights = gauss_legendre(_NODES)
    gone = np.zeros_like(end)
    for node, weight in zip(nodes, weights, strict=True):
        gone += weight * (high - low) / 2 * np.exp(leaving(low + (node + 1) / 2 * (high - low)))
    return np.where(horizon > 0, np.exp(orders(end)) + gone, 0.0)


def _last(holds: Callable[[Array], Bools], low: Array, high: Array) -> Array:
    """Return the last point (m,) between low and high up to which a condition holds, by halving; high if it holds there."""
    whole = holds(high)
    low, high = low.copy(), high.copy()
    start = high.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        yes = holds(middle)
        low, high = np.where(yes, middle, low), np.where(yes, high, middle)
    return np.where(whole, start, low)

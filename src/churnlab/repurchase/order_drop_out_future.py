"""What customers who drop out at an order will do, given that they are alive.

Given her history and being alive, a customer's rate is gamma(shape + stage, age) and her probability of dropping out is
beta(leave, stay), independent of each other (Fader, Hardie and Lee 2005, appendix).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Waiting", "chance_of_count", "chance_of_order", "expected_orders", "expected_regular_orders"]

Array = npt.NDArray[np.float64]

_STEP = 1e-3
_DIRECTION = np.array([-(2**0.5), 0.0, 1.0, 3**0.5])
_SUMMED = 48
"""Numbers of orders whose probabilities are added one by one; the rest is an integral."""
_NODES = 48


@dataclass(frozen=True, kw_only=True, eq=False)
class Waiting:
    """Customers (m,) who are alive.

    Attributes
    ----------
    k
        Stages of the time between two orders.
    stage
        Probability of each number of stages passed since the last order (k, m).
    shape, age
        Of the gamma distribution of rates (m,), before the stages passed are counted.
    leave, stay
        Of the beta distribution of the probability of dropping out (m,).
    """

    k: int
    stage: Array
    shape: Array
    age: Array
    leave: Array
    stay: Array


def chance_of_order(waiting: Waiting, horizon: Array) -> Array:
    """Probability (m,) of at least one order: of the stages that are left to pass."""
    if waiting.k == 1:
        chance: Array = -np.expm1(-waiting.shape * np.log1p(horizon / waiting.age))
        return chance
    return _reach(waiting, np.ones_like(waiting.age), horizon)


def chance_of_count(waiting: Waiting, n: int, horizon: Array) -> Array:
    """Probability (m,) of exactly n orders, n being 1 or more.

    Either the n-th order comes and she leaves, or it comes, she stays, and the next does not come.
    """
    from scipy.special import betaln

    times = np.full_like(waiting.age, n)
    base = betaln(waiting.leave, waiting.stay)
    last = np.exp(betaln(waiting.leave + 1, waiting.stay + n - 1) - base)
    stays = np.exp(betaln(waiting.leave, waiting.stay + n) - base)
    chance: Array = last * _reach(waiting, times, horizon) + stays * _exactly(waiting, n, horizon)
    return chance


def _reach(waiting: Waiting, n: Array, horizon: Array) -> Array:
    """Probability (m,) that the n-th order from now comes in time if nobody drops out; n (m,) may be fractional."""
    from scipy.special import betainc

    share = horizon / (waiting.age + horizon)
    total = np.zeros_like(share)
    for stage, weight in enumerate(waiting.stage):
        total += weight * betainc(waiting.k * n - stage, waiting.shape + stage, share)
    return total


def _exactly(waiting: Waiting, n: int, horizon: Array) -> Array:
    """Probability (m,) of n orders if nobody drops out: of n k to (n + 1) k - 1 stages."""
    from scipy.special import betaln

    late, share = -np.log1p(horizon / waiting.age), horizon / (waiting.age + horizon)
    total = np.zeros_like(share)
    with np.errstate(divide="ignore"):
        early = np.log(share)
    for stage, weight in enumerate(waiting.stage):
        shape = waiting.shape + stage
        for passed in range(waiting.k):
            ticks = waiting.k * n - stage + passed
            total += weight * np.exp(shape * late + ticks * early - betaln(shape, ticks) - np.log(ticks))
    return total


def expected_orders(waiting: Waiting, horizon: Array) -> Array:
    """Return expected orders (m,) for k = 1.

    Fader, Hardie and Lee (2005), equation 10, with Euler's transformation of the hypergeometric function (Abramowitz and
    Stegun 15.3.3), which keeps its first arguments small, so that neither many orders nor a + b < 1 overflow. Where a or
    a + b + x is 1 or, for the function as computed, r - a is whole, it is interpolated: the four points, of order h⁴,
    lie on a line that crosses all three.
    """
    theta = np.stack([waiting.shape, waiting.age, waiting.leave, waiting.stay])
    horizon = np.broadcast_to(horizon, waiting.age.shape)
    expected = _hypergeometric_form(theta, horizon)
    near = np.abs(waiting.leave - 1) < _STEP / 2
    near |= (np.abs(waiting.leave + waiting.stay - 1) < _STEP) | ~np.isfinite(expected)
    if near.any():
        sides = [
            _hypergeometric_form(_moved(theta[:, near], step), horizon[near])
            for step in (_STEP, -_STEP, 2 * _STEP, -2 * _STEP)
        ]
        expected[near] = (4 * (sides[0] + sides[1]) - (sides[2] + sides[3])) / 6
    return expected


def _moved(theta: Array, step: float) -> Array:
    return theta * np.exp(step * _DIRECTION)[:, None]


def _hypergeometric_form(theta: Array, horizon: Array) -> Array:
    from scipy.special import hyp2f1

    shape, age, leave, stay = theta
    c = leave + stay - 1
    share = horizon / (age + horizon)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        power = np.exp(-(leave - 1) * np.log1p(horizon / age))
        stays = power * hyp2f1(leave + stay - 1 - shape, leave - 1, c, share)
        expected: Array = c / (leave - 1) * (1 - stays)
    return expected


def expected_regular_orders(waiting: Waiting, horizon: Array) -> Array:
    """Return expected orders (m,) for any k: the sum over n of the probability that the n-th order comes.

    The first terms are added one by one, what is left by the formula of Euler and Maclaurin, with the integral over n by
    Gauss-Legendre in log n (relative error below 10⁻⁸).
    """
    total = np.zeros(waiting.age.shape)
    for n in range(1, _SUMMED):
        total += _comes(waiting, np.full_like(total, n), horizon)
    return total + _rest(waiting, horizon)


def _comes(waiting: Waiting, n: Array, horizon: Array) -> Array:
    """Probability (m,) that the n-th order from now comes: she has stayed n - 1 times."""
    from scipy.special import betaln

    stays = np.exp(betaln(waiting.leave, waiting.stay + n - 1) - betaln(waiting.leave, waiting.stay))
    comes: Array = stays * _reach(waiting, n, horizon)
    return comes


def _rest(waiting: Waiting, horizon: Array) -> Array:
    first = np.full_like(waiting.age, float(_SUMMED))
    edge = _comes(waiting, first, horizon)
    slope = _comes(waiting, first + 0.5, horizon) - _comes(waiting, first - 0.5, horizon)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    span = np.log(np.maximum(_most(waiting, horizon) / _SUMMED, 1.0))
    integral = np.zeros_like(edge)
    for node, weight in zip(nodes, weights, strict=True):
        n = _SUMMED * np.exp((node + 1) * span / 2)
        integral += weight * span / 2 * n * _comes(waiting, n, horizon)
    rest: Array = integral + edge / 2 - slope / 12
    return rest


def _most(waiting: Waiting, horizon: Array) -> Array:
    """Return a number of orders (m,) that is passed with a probability below 10⁻¹⁵."""
    mean = (waiting.shape + waiting.k) * horizon / waiting.age / waiting.k
    bound: Array = _SUMMED + 6 * mean + 40 * (1 + horizon / waiting.age) / waiting.k
    return bound

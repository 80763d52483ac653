"""What customers who drop out at an order will do, given that they are alive.

Given her history and being alive, a customer's rate is gamma(shape + stage, age) and her probability of dropping out is
beta(leave, stay), independent of each other (Fader, Hardie and Lee 2005, appendix).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from churnlab.repurchase.decay_quadrature import gauss_legendre

__all__ = ["Waiting", "chance_of_count", "chance_of_order", "expected_orders", "expected_regular_orders"]

Array = npt.NDArray[np.float64]

_STEP = 1e-3
_DIRECTION = np.array([-(2**0.5), 0.0, 1.0, 3**0.5])
_SUMMED = 32
"""Numbers of orders whose probabilities are added one by one; the rest is an integral."""
_NODES = (24, 64, 24)
"""Of the integral: up to the likely numbers, over them, and beyond."""
_NOTHING = 1e-16
"""A term that is so small a part of the sum ends it."""


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

    def take(self, rows: npt.NDArray[np.intp]) -> "Waiting":
        """Return some of the customers."""
        return Waiting(
            k=self.k,
            stage=self.stage[:, rows],
            shape=self.shape[rows],
            age=self.age[rows],
            leave=self.leave[rows],
            stay=self.stay[rows],
        )


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
    return np.minimum(total, 1.0)


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
        expected: Array = c / (leave - 1) * (1 - stays) + 0.0  # no minus 0 where the horizon is 0
    return expected


def expected_regular_orders(waiting: Waiting, horizon: Array) -> Array:
    """Return expected orders (m,) for any k: the sum over n of the probability that the n-th order comes.

    The first terms are added one by one; what is left is their sum by the formula of Euler and Maclaurin, with the
    integral over n by Gauss-Legendre in log n, apart where the number of orders is likely to lie.
    """
    total, term = np.zeros(waiting.age.shape), np.ones(waiting.age.shape)
    for n in range(1, _SUMMED):
        term = _comes(waiting, np.full_like(total, n), horizon)
        total += term
        if (term <= _NOTHING * total).all():
            return total
    more = np.flatnonzero(term > _NOTHING * total)
    total[more] += _rest(waiting.take(more), horizon[more])
    return total


def _comes(waiting: Waiting, n: Array, horizon: Array) -> Array:
    """Probability (m,) that the n-th order from now comes: she has stayed n - 1 times."""
    from scipy.special import betaln

    stays = np.exp(betaln(waiting.leave, waiting.stay + n - 1) - betaln(waiting.leave, waiting.stay))
    comes: Array = stays * _reach(waiting, n, horizon)
    return comes


def _rest(waiting: Waiting, horizon: Array) -> Array:
    """Return the sum (m,) of the terms from the last one on that is not added up."""
    first = np.full_like(waiting.age, float(_SUMMED))
    after, before, later, earlier = (_comes(waiting, first + step, horizon) for step in (0.5, -0.5, 1.5, -1.5))
    slope, third = after - before, later - 3 * after + 3 * before - earlier
    rest = _comes(waiting, first, horizon) / 2 - slope / 12 + third * 7 / 1440
    edges = [first, *_likely(waiting, horizon)]
    for (low, high), number in zip(pairwise(edges), _NODES, strict=True):
        span = np.log(high / low)
        for node, weight in zip(*gauss_legendre(number), strict=True):
            n = low * np.exp((node + 1) * span / 2)
            rest += weight * span / 2 * n * _comes(waiting, n, horizon)
    return rest


def _likely(waiting: Waiting, horizon: Array) -> tuple[Array, Array, Array]:
    """Return numbers of orders (m,) if nobody dropped out: likely passed, hardly passed, and passed by no one."""
    odds = horizon / waiting.age
    mean = (waiting.shape + waiting.k) * odds / waiting.k
    spread = 8 * np.sqrt((waiting.shape + waiting.k) * odds * (1 + odds)) / waiting.k
    low = np.maximum(mean - spread, _SUMMED)
    high = np.maximum(mean + spread, low)
    return low, high, np.maximum(high, mean + 40 * (1 + odds) / waiting.k)

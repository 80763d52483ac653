"""How much customers' orders and spending vary around what is expected of them."""

import numpy as np
import numpy.typing as npt

from churnlab.repurchase.distinct import Counts
from churnlab.repurchase.gamma_gamma import GammaGammaFit
from churnlab.repurchase.transaction_model import Parameters, TransactionModel

__all__ = ["mean_square_if_alive", "variance_of_amount"]

Array = npt.NDArray[np.float64]

_MOST = 400
"""Numbers of orders that are summed over at most."""
_LEFT = 1e-3
"""Share of a history's expected orders beyond which the sum is closed by a geometric tail."""


def mean_square_if_alive(model: TransactionModel, parameters: Parameters, counts: Counts, horizon: float) -> Array:
    """Return the mean of the squared number of orders in (T, T + horizon] of customers who are alive.

    Parameters
    ----------
    model, parameters
        A model of orders, and its parameters.
    counts
        Histories (m).
    horizon
        In the unit of the parameters.

    Returns
    -------
    array (m,)

    Notes
    -----
    The sum of (2n + 1) P(X > n) over n, from the model's probabilities of exactly n orders. What is left beyond n
    is known, since the P(X > n) add up to the mean, and is taken to fall geometrically.
    """
    ahead = np.full(len(counts), horizon)
    mean = model.expected_if_alive(parameters, counts, ahead)
    above = model.chance_if_alive(parameters, counts, ahead).copy()
    left, square = mean.copy(), np.zeros_like(mean)
    rows = np.flatnonzero(mean > 0)
    for n in range(_MOST):
        if n:
            own = _rows_of(parameters, rows)
            above[rows] -= model.count_if_alive(own, counts.take(rows), n, ahead[rows])
        last = np.clip(above[rows], 0.0, left[rows])
        square[rows] += (2 * n + 1) * last
        left[rows] -= last
        done = (left[rows] <= _LEFT * mean[rows]) | (n == _MOST - 1)
        square[rows[done]] += _tail(left[rows[done]], last[done], n + 1)
        rows = rows[~done]
        if not len(rows):
            break
    return square


def _rows_of(parameters: Parameters, rows: npt.NDArray[np.intp]) -> Parameters:
    return tuple(each[rows] if isinstance(each, np.ndarray) and each.ndim else each for each in parameters)


def _tail(left: Array, last: Array, n: int) -> Array:
    """Return the sum of (2k + 1) P(X > k) over k from n on: the P(X > k) add up to `left` and follow `last`."""
    ratio = np.divide(left, last, out=np.zeros_like(left), where=last > 0)
    tail: Array = (2 * n + 1) * left + 2 * left * ratio
    return tail


def variance_of_amount(
    fit: GammaGammaFit, frequency: Array, rate_square: Array, mean_orders: Array, mean_square_orders: Array
) -> Array:
    """Return the variance of what the customers of each history spend, summed over them.

    Parameters
    ----------
    fit
        A fitted Gamma-Gamma model.
    frequency
        Of each history (m,).
    rate_square
        Sum over its customers (m,) of (v + money of the repeat orders)².
    mean_orders, mean_square_orders
        Mean number of orders of one of its customers, and of its square (m,).

    Returns
    -------
    array (m,)
        Infinite where p x + q is 2 or less.

    Notes
    -----
    Given her history, the rate ν of a customer's amounts is gamma(s, v + money) with s = p x + q, and an amount is
    gamma(p, ν): E(1/ν) = (v + money) / (s - 1), E(1/ν²) = (v + money)² / ((s - 1)(s - 2)). With X orders the variance is
    E(X) p E(1/ν²) + E(X²) p² E(1/ν²) - (E(X) p E(1/ν))².
    """
    shape = fit.p * frequency + fit.q
    with np.errstate(divide="ignore"):
        inverse_square = np.where(shape > 2, rate_square / ((shape - 1) * (shape - 2)), np.inf)
    whole = (mean_orders * fit.p + mean_square_orders * fit.p**2) * inverse_square
    return np.where(mean_orders > 0, whole - (mean_orders * fit.p / (shape - 1)) ** 2 * rate_square, 0.0)

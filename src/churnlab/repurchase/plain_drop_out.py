"""The ways to have been silent since the last order in the BG/NBD and MBG/NBD models, where nobody has covariates.

It is what :class:`churnlab.repurchase.order_drop_out.OrderDropOut` says for any k and any customers, for k = 1 and
customers who share their parameters: functions of frequency, recency or T alone are then tables, and what is left to do
for each history is one exponential and one logarithm.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from churnlab.repurchase.distinct import Counts
from churnlab.repurchase.transaction_model import RowDerivatives

__all__ = ["plain_p_alive", "plain_paths"]

Array = npt.NDArray[np.float64]


def plain_paths(theta: tuple[float, ...], counts: Counts, *, from_start: bool) -> RowDerivatives:
    """Return the sum of being alive and of having left at the last order, as a logarithm with derivatives.

    Parameters
    ----------
    theta
        r, alpha, a and b, a number each.
    counts
        Histories (m,).
    from_start
        Whether customers may drop out after their first order.

    Notes
    -----
    The gradients of the two paths' logarithms lie `apart`; with `gone` the share of having left, the gradient of the sum
    is that of being alive less gone · apart, and gone · (1 - gone) · apart · apart' is added to the mean of the bends.
    """
    r, alpha, _, b = theta
    x = counts.frequency
    chosen = x.values + from_start
    left = np.where(chosen > 0, b + chosen - 1, np.inf)
    bought, stayed = (r + x.values).take(x.place), (b / left).take(x.place)
    log_now, log_apart = _tables(np.log, alpha, counts)
    own_now, own_apart = _tables(lambda age: alpha / age, alpha, counts)

    ahead = bought * log_apart - _leaving(theta, counts, from_start)
    gone_is_likely = ahead < 0
    small = np.exp(-np.abs(ahead))
    total = 1 + small
    gone = np.where(gone_is_likely, 1.0, small) / total
    value = np.log(total) - bought * log_now - np.where(gone_is_likely, ahead, 0.0)

    apart = np.empty((4, len(counts)))
    np.multiply(r, log_apart, out=apart[0])
    np.multiply(bought, own_apart, out=apart[1])
    apart[2], apart[3] = -1.0, stayed
    gradient = apart * -gone
    bends = {
        (1, 1): gradient[1] * (1 - 2 * own_now - own_apart),
        (3, 3): gradient[3] * (1 - stayed),
    }
    aged = bought * own_now
    gradient[0] -= r * log_now
    gradient[1] -= aged
    bends[0, 0] = gradient[0]
    bends[0, 1] = -r * (own_now + gone * own_apart)
    bends[1, 1] -= aged * (1 - own_now)
    return RowDerivatives(
        value=value, gradient=gradient, bends=bends, spread_weight=(gone * (1 - gone))[None], spread=apart[None]
    )


def plain_p_alive(theta: tuple[float, ...], counts: Counts, *, from_start: bool) -> Array:
    """Return the probability (m,) of being alive: the share of that path in the sum of the two."""
    r, alpha, _, _ = theta
    bought = (r + counts.frequency.values).take(counts.frequency.place)
    ahead = bought * _tables(np.log, alpha, counts)[1] - _leaving(theta, counts, from_start)
    with np.errstate(over="ignore"):
        share: Array = 1 / (1 + np.exp(-ahead))
    return share


def _leaving(theta: tuple[float, ...], counts: Counts, from_start: bool) -> Array:
    """Return the logarithm (m,) of the odds of leaving at the last order; minus infinity where there was no chance to."""
    _, _, a, b = theta
    chosen = counts.frequency.values + from_start
    with np.errstate(divide="ignore"):
        return np.log(np.where(chosen > 0, a / (b + np.maximum(chosen, 1) - 1), 0.0)).take(counts.frequency.place)


def _tables(function: Callable[[Array], Array], alpha: float, counts: Counts) -> tuple[Array, Array]:
    """Return a function of alpha + age for each history (m,): now, and by how much it was more at the last order."""
    then, now = counts.recency, counts.T
    at_present = function(alpha + now.values).take(now.place)
    return at_present, function(alpha + then.values).take(then.place) - at_present

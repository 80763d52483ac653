"""From orders expected by any time to what they are worth today."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from churnlab.repurchase.decay_quadrature import gauss_legendre

__all__ = ["discounted"]

Array = npt.NDArray[np.float64]

_FORGOTTEN = 40.0
"""What is discounted by e⁻⁴⁰ or more is left out."""
_FORCES = (0.3, 2.0)
_NODES = (10, 20, 48)
"""Nodes of the integral up to each force of discounting over the whole horizon, and beyond."""


def discounted(expected_by: Callable[[Array], Array], scale: Array, rate: float, horizon: float) -> Array:
    """Return expected orders, an order at time s counting (1 + rate)^-s.

    Parameters
    ----------
    expected_by
        Takes a horizon for each of m histories (m,) and returns the expected orders by then (m,), which grow more slowly
        from about `scale` on.
    scale
        Of each history (m,), in units of time; above 0.
    rate
        Discount per unit of time; 0 or more, and above 0 where the horizon is infinite.
    horizon
        May be infinite.

    Returns
    -------
    array (m,)

    Notes
    -----
    With δ = log(1 + rate) and E(s) the orders expected by s, integration by parts leaves e^(-δh) E(h) + δ ∫ e^(-δs) E(s)
    ds. The integral is taken by Gauss-Legendre over log(1 + s / scale), in which E is smooth.
    """
    force = float(np.log1p(rate))
    total: Array = np.zeros_like(scale)
    if force * horizon < _FORGOTTEN:
        total = np.exp(-force * horizon) * expected_by(np.full_like(scale, horizon))
    if force == 0:
        return total
    end = min(horizon, _FORGOTTEN / force)
    nodes, weights = gauss_legendre(_NODES[int(np.searchsorted(_FORCES, force * end))])
    span = np.log1p(end / scale)
    for node, weight in zip(nodes, weights, strict=True):
        time = scale * np.expm1((node + 1) * span / 2)
        total = total + force * weight * span / 2 * (time + scale) * np.exp(-force * time) * expected_by(time)
    return total

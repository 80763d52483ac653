"""Integrals of (1 + u/A)^-p (1 + u/B)^-q over u: silence that grows ever less likely, without hypergeometric functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["Nodes", "decay_nodes", "gauss_legendre"]

Array = npt.NDArray[np.float64]

_CHANGES = (2.0, 10.0)
_NODES = (8, 16, 32)
"""Nodes up to each total change of the integrand's logarithm, and beyond."""
_GONE = 40.0
"""The integral ends where the integrand has fallen by e⁻⁴⁰."""
_HALVINGS = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """Nodes for some of the integrals.

    Attributes
    ----------
    rows
        Which integrals these are (g,).
    u
        Nodes (k, g).
    log_weight
        Logarithms of their weights (k, g); minus infinity where the interval is empty.
    """

    rows: npt.NDArray[np.intp]
    u: Array
    log_weight: Array


@cache
def gauss_legendre(number: int) -> tuple[Array, Array]:
    """Return the nodes and weights of Gauss-Legendre on [-1, 1], computed once."""
    nodes, weights = np.polynomial.legendre.leggauss(number)
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def decay_nodes(p: Array, q: Array, A: Array, B: Array, length: Array) -> Iterator[Nodes]:
    """Yield Gauss-Legendre nodes for the integrals from 0 to `length`, those with as many nodes together.

    Parameters
    ----------
    p, q
        Exponents (m,), above 0.
    A, B
        Scales (m,), above 0.
    length
        Ends of the intervals (m,), 0 or more.

    Notes
    -----
    The nodes are spread over v = log(1 + u / min(A, B)), in which the logarithm of the integrand is nearly straight from
    the start. Every term is positive, so that nothing cancels. Relative error below 2·10⁻¹¹.
    """
    scale = np.minimum(A, B)
    span = np.log1p(length / scale)
    decay = p * np.log1p(length / A) + q * np.log1p(length / B)
    far = np.flatnonzero(decay > _GONE)
    if len(far):
        span[far] = _cut(p[far], q[far], A[far], B[far], span[far])
    kind = np.searchsorted(_CHANGES, np.minimum(decay, _GONE) + span)
    for which, number in enumerate(_NODES):
        rows = np.flatnonzero(kind == which)
        if not len(rows):
            continue
        nodes, weights = gauss_legendre(number)
        v = (nodes[:, None] + 1) / 2 * span[rows]
        with np.errstate(divide="ignore"):
            log_weight = np.log(weights[:, None] / 2 * span[rows] * scale[rows]) + v
        yield Nodes(rows=rows, u=scale[rows] * np.expm1(v), log_weight=log_weight)


def _cut(p: Array, q: Array, A: Array, B: Array, span: Array) -> Array:
    """Return where, in v, the integrand has all but vanished, by halving."""
    low, high, scale = np.zeros_like(span), span.copy(), np.minimum(A, B)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        u = scale * np.expm1(middle)
        gone = p * np.log1p(u / A) + q * np.log1p(u / B) - middle > _GONE
        low, high = np.where(gone, low, middle), np.where(gone, middle, high)
    return high

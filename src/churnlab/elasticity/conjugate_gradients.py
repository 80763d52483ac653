"""Solves the normal equations of fixed effects by iteration, where there are too many levels for the exact solution."""

from typing import Any

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError

__all__ = ["solve_iteratively"]

Array = npt.NDArray[np.float64]


def solve_iteratively(
    small: Any, cells: Any, weight: Array, right: Array, *, tolerance: float = 1e-12, largest: int = 5_000
) -> Array:
    """Solve (small - cells' diag(1/weight) cells) x = right for each column of `right` by conjugate gradients.

    Parameters
    ----------
    small, cells
        Sparse or dense matrices (P, P) and (G, P).
    weight
        Positive numbers (G,).
    right
        The right sides (P, m), which lie in the span of the matrix.
    tolerance
        What may be left of a right side, as a share of it.
    largest
        Number of steps allowed.

    Raises
    ------
    ConvergenceError
        If more is left after that many steps.

    Notes
    -----
    Preconditioned by the diagonal of `small`; what is left at the end is computed afresh, not carried along.
    """
    diagonal = small.diagonal()[:, None]

    def product(x: Array) -> Array:
        result: Array = small @ x - cells.T @ ((cells @ x) / weight[:, None])
        return result

    solution = np.zeros_like(right)
    goal = tolerance * np.sqrt((right**2 / diagonal).sum(axis=0))
    left = right.copy()
    scaled = left / diagonal
    direction, size = scaled.copy(), (left * scaled).sum(axis=0)
    for _ in range(largest):
        if (np.sqrt(size) <= goal).all():
            break
        image = product(direction)
        step = _ratio(size, (direction * image).sum(axis=0))
        solution += step * direction
        left -= step * image
        scaled = left / diagonal
        before, size = size, (left * scaled).sum(axis=0)
        direction = scaled + _ratio(size, before) * direction
    _verify(right - product(solution), diagonal, goal, largest)
    return solution


def _ratio(upper: Array, lower: Array) -> Array:
    return np.divide(upper, lower, out=np.zeros_like(upper), where=lower > 0)


def _verify(left: Array, diagonal: Array, goal: Array, largest: int) -> None:
    remains = np.sqrt((left**2 / diagonal).sum(axis=0))
    if (remains > 100 * goal + 1e-300).any():
        worst = float(np.max(remains / np.maximum(goal, 1e-300)))
        raise ConvergenceError(
            f"The fixed effects could not be taken out within {largest:,} steps ({worst:.1g} times the tolerance is left). "
            "Their levels hang together by few rows. Try: coarser effects, or fewer."
        )

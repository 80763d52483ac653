"""Takes fixed effects out of columns of numbers: the exact solution of the normal equations."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import sparse
from threadpoolctl import ThreadpoolController

from churnlab.elasticity.blocks import row_blocks
from churnlab.elasticity.conjugate_gradients import solve_iteratively
from churnlab.elasticity.groups import Group, cells_of
from churnlab.elasticity.semidefinite import generalised_inverse

__all__ = [
    "Absorbed",
    "Equations",
    "absorb",
    "largest_first",
    "one_thread",
    "reduced",
    "solve_equations",
    "split_levels",
    "take_out",
    "tally",
]

Array = npt.NDArray[np.float64]

_LARGEST_EXACT = 2_000
"""Levels of all effects but the largest up to which the normal equations are solved exactly."""
_LARGEST_TABLE = 30_000_000
"""Cells of a table of levels by levels that is kept as a whole."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Equations:
    """What the normal equations of the effects are made of, after which rows are no longer needed.

    Attributes
    ----------
    weight
        Weight of each level of the largest effect (G,).
    sums
        Weighted sums of the m columns in each of those levels (G, m).
    cells
        Weight of each pair of such a level and a level of the other effects, which stand side by side (G, P).
    small
        Weight of each pair of levels of the other effects (P, P).
    small_sums
        Weighted sums of the columns in each level of the other effects (P, m).
    """

    weight: Array
    sums: Array
    cells: Array | sparse.csr_array
    small: Array | sparse.csr_array
    small_sums: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Absorbed:
    """Columns without their fixed effects.

    Attributes
    ----------
    residuals
        What is left of the m columns (n, m), columns contiguous.
    levels
        What was taken out: for each effect its levels' values (levels, m).
    mean
        The mean of each column, taken out beforehand (m,).
    """

    residuals: Array
    levels: tuple[Array, ...]
    mean: Array


def absorb(columns: Array, groups: Sequence[Group], weights: Array | None = None) -> Absorbed:
    """Take group effects out of columns by least squares.

    Parameters
    ----------
    columns
        Numbers (n, m); changed in place and returned as the residuals, so give a copy with contiguous columns.
    groups
        The effects; none takes out the mean alone.
    weights
        Of the rows (n,), by default 1.

    Raises
    ------
    ConvergenceError
        If there are too many levels for the exact solution and the iteration does not settle.

    Notes
    -----
    The largest effect is taken out of the others by means, which leaves P equations for the P levels of the others
    (Frisch-Waugh-Lovell). They are singular by as many as the effects overlap; any solution gives the same residuals.
    """
    mean = np.average(columns, axis=0, weights=weights)
    columns -= mean
    if not groups:
        return Absorbed(residuals=columns, levels=(), mean=mean)
    order = largest_first([group.size for group in groups])
    ordered = [groups[place] for place in order]
    with one_thread().limit(limits=1):
        values = solve_equations(tally(columns, ordered, weights))
    levels = split_levels(values, [group.size for group in ordered])
    take_out(columns, ordered, levels)
    in_order = tuple(level for _, level in sorted(zip(order, levels, strict=True), key=lambda pair: pair[0]))
    return Absorbed(residuals=columns, levels=in_order, mean=mean)


def take_out(columns: Array, groups: Sequence[Group], levels: Sequence[Array]) -> None:
    """Subtract from columns (n, m), in place, the values of the levels (levels, m) that each row has."""
    by_column = [np.asfortranarray(level) for level in levels]
    for rows in row_blocks(len(columns)):
        for group, level in zip(groups, by_column, strict=True):
            codes = group.codes[rows]
            for place in range(columns.shape[1]):
                columns[rows, place] -= level[:, place].take(codes)


@cache
def one_thread() -> ThreadpoolController:
    """Return what holds linear algebra to one thread; finding the libraries takes longer than most solutions."""
    return ThreadpoolController()


def largest_first(sizes: Sequence[int]) -> list[int]:
    """Return the places of effects by their number of levels, the largest first."""
    return sorted(range(len(sizes)), key=lambda place: -sizes[place])


def tally(columns: Array, groups: Sequence[Group], weights: Array | None = None) -> Equations:
    """Add up columns (n, m) by the levels of effects, the largest of them first."""
    largest, *others = groups
    sums = [_sums(columns, group, weights) for group in groups]
    return Equations(
        weight=np.bincount(largest.codes, weights, largest.size).astype(np.float64),
        sums=sums[0],
        cells=_beside([_table(largest, other, weights) for other in others], largest.size),
        small=_stacked(others, weights),
        small_sums=np.concatenate([*sums[1:], np.zeros((0, columns.shape[1]))]),
    )


def _sums(columns: Array, group: Group, weights: Array | None) -> Array:
    sums = np.empty((group.size, columns.shape[1]))
    for place in range(columns.shape[1]):
        column = columns[:, place] if weights is None else columns[:, place] * weights
        sums[:, place] = np.bincount(group.codes, column, group.size)
    return sums


def _table(left: Group, right: Group, weights: Array | None) -> Array | sparse.csr_array:
    """Return the weight of each pair of levels (left, right)."""
    shape = (left.size, right.size)
    if left.size * right.size <= _LARGEST_TABLE:
        return np.bincount(cells_of(left, right), weights, shape[0] * shape[1]).reshape(shape)
    ones = np.ones(len(left.codes)) if weights is None else weights
    return sparse.csr_array(sparse.coo_array((ones, (left.codes, right.codes)), shape=shape))


def _beside(tables: list[Array | sparse.csr_array], rows: int) -> Array | sparse.csr_array:
    if not tables:
        return np.zeros((rows, 0))
    if len(tables) == 1:
        return tables[0]
    if sum(table.shape[1] for table in tables) * rows <= _LARGEST_TABLE:
        return np.hstack([table if isinstance(table, np.ndarray) else table.toarray() for table in tables])
    return sparse.csr_array(sparse.hstack([sparse.csr_array(table) for table in tables]))


def _stacked(groups: Sequence[Group], weights: Array | None) -> Array | sparse.csr_array:
    if not groups:
        return np.zeros((0, 0))
    size = sum(group.size for group in groups)
    blocks = [[_diagonal(a, weights) if a is b else _table(a, b, weights) for b in groups] for a in groups]
    if size <= _LARGEST_EXACT:
        return np.block([[b if isinstance(b, np.ndarray) else b.toarray() for b in row] for row in blocks])
    return sparse.csr_array(sparse.bmat([[sparse.csr_array(b) for b in row] for row in blocks]))


def _diagonal(group: Group, weights: Array | None) -> Array | sparse.csr_array:
    weight = np.bincount(group.codes, weights, group.size).astype(np.float64)
    return np.diag(weight) if group.size <= _LARGEST_EXACT else sparse.csr_array(sparse.diags_array(weight))


def solve_equations(equations: Equations) -> Array:
    """Return the values of the levels: the largest effect's (G, m), then the others' below it (P, m).

    Raises
    ------
    ConvergenceError
        If there are too many levels for the exact solution and the iteration does not settle.
    """
    means = equations.sums / equations.weight[:, None]
    right = equations.small_sums - equations.cells.T @ means
    small = _solve_small(equations, right)
    large = means - (equations.cells @ small) / equations.weight[:, None]
    return np.concatenate([large, small])


def _solve_small(equations: Equations, right: Array) -> Array:
    if isinstance(equations.small, np.ndarray):
        solution: Array = generalised_inverse(reduced(equations)).matrix @ right
        return solution
    return solve_iteratively(equations.small, equations.cells, equations.weight, right)


def reduced(equations: Equations) -> Array:
    """Return the matrix of the equations that are left once the largest effect is out (P, P)."""
    cells = equations.cells
    if isinstance(cells, np.ndarray):
        scaled = cells / np.sqrt(equations.weight)[:, None]
        taken = scaled.T @ scaled
    else:
        inverse = sparse.diags_array(1 / equations.weight)
        taken = (cells.T @ (inverse @ cells)).toarray()
    left: Array = equations.small - taken
    return left


def split_levels(values: Array, sizes: Sequence[int]) -> list[Array]:
    """Return the values of the levels (G + P, m) effect by effect."""
    return np.split(values, np.cumsum(sizes)[:-1])

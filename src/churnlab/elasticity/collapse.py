"""Two passes over pieces of rows: the effects are solved from the first, cross-products added up in the second."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.absorb import (
    Equations,
    largest_first,
    one_thread,
    solve_equations,
    split_levels,
    take_out,
    tally,
)
from churnlab.elasticity.groups import Group
from churnlab.elasticity.streaming import Piece
from churnlab.errors import ParameterError

__all__ = ["Collapsed", "collapse"]

Array = npt.NDArray[np.float64]

_LARGEST_TABLE = 30_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Collapsed:
    """Rows added up.

    Attributes
    ----------
    products
        Cross-products of the m columns without effects, by cluster (G, m, m).
    squares
        Sums of squares around the mean, before (m,).
    nested
        Whether each effect lies within clusters.
    """

    products: Array
    squares: Array
    nested: tuple[bool, ...]


def collapse(pieces: Callable[[], Iterable[Piece]], sizes: Sequence[int]) -> Collapsed:
    """Take effects out of the columns and add up what is left by cluster.

    Parameters
    ----------
    pieces
        Gives the rows, piece by piece, each time it is called; groups are the effects, then the cluster.
    sizes
        Levels of each group.

    Raises
    ------
    ParameterError
        If the effects have too many pairs of levels.
    """
    first = _first_pass(pieces, sizes)
    with one_thread().limit(limits=1):
        values = [] if first.equations is None else _values(first.equations, sizes)
    products = _second_pass(pieces, sizes, first.shift, values)
    return Collapsed(products=products, squares=first.squares, nested=first.nested)


@dataclass(frozen=True, kw_only=True, eq=False)
class _First:
    equations: Equations | None
    shift: Array
    squares: Array
    nested: tuple[bool, ...]


def _order(sizes: Sequence[int]) -> list[int]:
    return largest_first(sizes[:-1])


def _first_pass(pieces: Callable[[], Iterable[Piece]], sizes: Sequence[int]) -> _First:
    """Add up columns by the levels of the effects; columns are counted from the mean of the first piece."""
    order = _order(sizes)
    if order and sizes[order[0]] * (sum(sizes[:-1]) - sizes[order[0]]) > _LARGEST_TABLE:
        raise ParameterError(
            "The effects have too many pairs of levels for this. Try: fit_elasticity, or coarser effects."
        )
    equations, shift, n = None, np.zeros(0), 0
    sums, squares = np.zeros(0), np.zeros(0)
    around = [np.full(size, -1, dtype=np.intp) for size in sizes[:-1]]
    nested = [True] * len(around)
    for piece in pieces():
        if n == 0:
            shift = piece.columns.mean(axis=0)
            sums, squares = np.zeros_like(shift), np.zeros_like(shift)
        columns = piece.columns - shift
        n += len(columns)
        sums += columns.sum(axis=0)
        squares += np.einsum("ij,ij->j", columns, columns)
        for place, of in enumerate(around):
            nested[place] = nested[place] and _stays_within(of, piece.groups[place], piece.groups[-1])
        if order:
            equations = _added(equations, tally(columns, [piece.groups[place] for place in order]))
    return _First(
        equations=equations,
        shift=shift + (0 if order else sums / n),
        squares=_without_noise(squares - sums**2 / n, n * shift**2),
        nested=tuple(nested),
    )


def _without_noise(squares: Array, scale: Array) -> Array:
    """Return sums of squares (m,), 0 where they are no more than the rounding of columns that do not vary."""
    return np.where(squares <= 1e-24 * scale, 0.0, squares)


def _stays_within(around: npt.NDArray[np.intp], inner: Group, outer: Group) -> bool:
    """Note the cluster of each level, and tell whether levels have stayed within theirs so far."""
    known = around[inner.codes]
    around[inner.codes] = outer.codes
    return bool(((known == -1) | (known == outer.codes)).all() and (around[inner.codes] == outer.codes).all())


def _added(total: Equations | None, part: Equations) -> Equations:
    if total is None:
        return replace(part, cells=np.asarray(part.cells, dtype=np.float64))
    for name in ("weight", "sums", "cells", "small", "small_sums"):
        getattr(total, name).__iadd__(getattr(part, name))
    return total


def _values(equations: Equations, sizes: Sequence[int]) -> list[Array]:
    """Return the values of the levels of each effect, in the order of the effects."""
    order = _order(sizes)
    levels = split_levels(solve_equations(equations), [sizes[place] for place in order])
    return [level for _, level in sorted(zip(order, levels, strict=True), key=lambda pair: pair[0])]


def _second_pass(
    pieces: Callable[[], Iterable[Piece]], sizes: Sequence[int], shift: Array, values: list[Array]
) -> Array:
    m = len(shift)
    products = np.zeros((sizes[-1], m, m))
    for piece in pieces():
        columns = piece.columns - shift
        take_out(columns, piece.groups[: len(values)], values)
        cluster = piece.groups[-1]
        for left in range(m):
            for right in range(left + 1):
                found = np.bincount(cluster.codes, columns[:, left] * columns[:, right], cluster.size)
                products[:, left, right] += found
                if left != right:
                    products[:, right, left] += found
    return products

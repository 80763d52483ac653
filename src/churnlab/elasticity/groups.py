"""Which group each row belongs to, as whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.elasticity.blocks import row_blocks

__all__ = [
    "Group",
    "cells_of",
    "combine_groups",
    "count_levels",
    "group_values",
    "is_nested",
    "keep_rows",
    "one_group",
    "ranked_within",
    "repeated_rows",
    "take_rows",
]

Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """A partition of n rows.

    Attributes
    ----------
    name
        Of the column, or of the columns with colons between them.
    codes
        Number of each row's level (n,), from 0 without gaps.
    size
        Number of levels.
    parts
        What the levels are called: one column of values (size,) for each column of the table.
    """

    name: str
    codes: Codes
    size: int
    parts: tuple[tuple[str, Any], ...]

    def labels(self) -> pd.DataFrame:
        """Return one row per level, in the order of the codes."""
        return pd.DataFrame({name: np.asarray(values) for name, values in self.parts})


def one_group(n: int) -> Group:
    """Return the partition that puts all n rows together."""
    return Group(name="", codes=np.zeros(n, dtype=np.intp), size=1, parts=())


def group_values(name: str, values: "pd.Series[Any]") -> Group:
    """Return the partition of rows by their value, levels in the order of the values.

    Examples
    --------
    >>> group_values("store", pd.Series(["b", "a", "b"])).codes
    array([1, 0, 1])
    """
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "i" and len(values):
        low, span = int(values.min()), int(values.max()) - int(values.min()) + 1
        if span <= len(values):  # a table of what occurs is faster than a hash of it
            present, codes = _compact(values.to_numpy(dtype=np.intp) - low, span)
            return Group(
                name=name, codes=codes, size=len(present), parts=((name, (present + low).astype(values.dtype)),)
            )
    codes, levels = pd.factorize(values)
    order = np.argsort(np.asarray(levels), kind="stable")
    if (order[1:] > order[:-1]).all():
        return Group(name=name, codes=codes.astype(np.intp, copy=False), size=len(levels), parts=((name, levels),))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Group(name=name, codes=place.take(codes), size=len(levels), parts=((name, levels[order]),))


def combine_groups(name: str, groups: Sequence[Group]) -> Group:
    """Return the partition of rows that are together in all the groups.

    Examples
    --------
    >>> product, store = group_values("product", pd.Series([1, 1, 2])), group_values("store", pd.Series([7, 7, 7]))
    >>> combine_groups("product:store", [product, store]).codes
    array([0, 0, 1])
    """
    first, *others = groups
    for other in others:
        first = _cross(name, first, other)
    return first


def _cross(name: str, left: Group, right: Group) -> Group:
    cells = cells_of(left, right)
    present, codes = _compact(cells, left.size * right.size)
    of_left, of_right = np.divmod(present, right.size)
    parts = tuple((part, np.asarray(values)[of_left]) for part, values in left.parts)
    parts += tuple((part, np.asarray(values)[of_right]) for part, values in right.parts)
    return Group(name=name, codes=codes, size=len(present), parts=parts)


def cells_of(left: Group, right: Group) -> Codes:
    """Return a number for each row's pair of levels (n,), pairs in their order, with gaps."""
    cells = left.codes * right.size
    cells += right.codes
    return cells


def _compact(cells: Codes, limit: int) -> tuple[Codes, Codes]:
    """Return the cells that occur, in order, and for each row the number of its cell among them."""
    if limit > 20 * len(cells) + 1_000_000:
        present, codes = np.unique(cells, return_inverse=True)
        return present, codes.astype(np.intp, copy=False)
    occurs = np.zeros(limit, dtype=bool)
    occurs[cells] = True
    number = np.cumsum(occurs) - 1
    return np.flatnonzero(occurs), number.take(cells).astype(np.intp, copy=False)


def repeated_rows(groups: Sequence[Group]) -> npt.NDArray[np.bool_]:
    """Return whether each row is together with an earlier one in all the groups (n,).

    Examples
    --------
    >>> repeated_rows([group_values("product", pd.Series(["a", "b", "a"]))])
    array([False, False,  True])
    """
    *others, last = groups
    cells, limit = last.codes, last.size
    if others:
        left = combine_groups("", others)
        cells, limit = cells_of(left, last), left.size * last.size
    if limit <= 20 * len(cells) + 1_000_000:
        occurs = np.zeros(limit, dtype=bool)
        occurs[cells] = True
        if np.count_nonzero(occurs) == len(cells):
            return np.zeros(len(cells), dtype=bool)
    repeated: npt.NDArray[np.bool_] = pd.Series(cells).duplicated().to_numpy()
    return repeated


def count_levels(group: Group) -> Codes:
    """Return how many rows each level has (size,)."""
    return np.bincount(group.codes, minlength=group.size)


def keep_rows(group: Group, kept: npt.NDArray[np.bool_]) -> Group:
    """Return the partition of the rows that are kept, without the levels that this leaves empty."""
    present, codes = _compact(group.codes[kept], group.size)
    parts = tuple((name, np.asarray(values)[present]) for name, values in group.parts)
    return Group(name=group.name, codes=codes, size=len(present), parts=parts)


def take_rows(group: Group, order: Codes) -> Group:
    """Return the partition of the same rows in another order."""
    return replace(group, codes=group.codes[order])


def is_nested(inner: Group, outer: Group) -> bool:
    """Tell whether every level of one partition lies within a level of another.

    Examples
    --------
    >>> store, region = group_values("store", pd.Series([1, 2, 3])), group_values("region", pd.Series(["n", "n", "s"]))
    >>> is_nested(store, region), is_nested(region, store)
    (True, False)
    """
    around = np.zeros(inner.size, dtype=np.intp)
    around[inner.codes] = outer.codes
    return all(
        bool((around.take(inner.codes[rows]) == outer.codes[rows]).all()) for rows in row_blocks(len(inner.codes))
    )


def ranked_within(inner: Group, outer: Group) -> Group:
    """Return a partition that lies within another, its levels numbered in the order of the other's.

    Examples
    --------
    >>> store, region = group_values("store", pd.Series([1, 2, 3])), group_values("region", pd.Series(["s", "n", "s"]))
    >>> ranked_within(store, region).codes
    array([1, 0, 2])
    """
    around = np.zeros(inner.size, dtype=np.intp)
    around[inner.codes] = outer.codes
    if (around[1:] >= around[:-1]).all():
        return inner
    order = np.argsort(around, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    parts = tuple((name, np.asarray(values)[order]) for name, values in inner.parts)
    return Group(name=inner.name, codes=place.take(inner.codes), size=inner.size, parts=parts)

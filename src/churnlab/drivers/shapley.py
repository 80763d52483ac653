"""How R² divides among drivers: explained variance of every subset, and its average over all orders (Shapley, LMG)."""

from collections.abc import Sequence
from math import comb

import numpy as np
import numpy.typing as npt

from churnlab.errors import ParameterError

__all__ = ["MOST_UNITS", "divide", "fold", "partial_out", "shapley_values", "subset_r_squared", "subset_sizes"]

Array = npt.NDArray[np.float64]

MOST_UNITS = 30
"""Beyond this all subsets take too long."""

_BLOCK_UNITS = 20
_PIVOT = 1e-10
"""Share of a driver's variance that must be left for it to add anything to those already in."""


def subset_r_squared(correlation: Array, units: Sequence[Sequence[int]]) -> Array:
    """Return R² of every subset of the units.

    Parameters
    ----------
    correlation
        Correlations (b, k, k) of the drivers and, last, the outcome; b matrices at once. A variance below 1 is what
        others left of it.
    units
        For each of u units its columns: one driver, or a group that enters as one.

    Returns
    -------
    array (2**u, b)
        Explained share of the outcome's variance; bit j of the place says whether unit j is in.

    Notes
    -----
    For every subset of the units decided so far the residual covariance of the others is kept, so that one more unit
    doubles the batch: left out, its rows go; taken in, they are swept (Schur complement). About three multiplications
    per subset in all. A driver that those before it determine adds nothing.
    """
    work = np.moveaxis(_ordered(correlation, units), 0, -1)
    explained: Array = correlation[:, -1, -1] - _double(work, [len(unit) for unit in units]).reshape(
        2 ** len(units), -1
    )
    return explained


def _ordered(correlation: Array, units: Sequence[Sequence[int]]) -> Array:
    places = [*(column for unit in units for column in unit), correlation.shape[-1] - 1]
    chosen: Array = correlation[:, places][:, :, places]
    return chosen


def _double(work: Array, sizes: Sequence[int]) -> Array:
    """Decide unit after unit; `work` (m, m, s) holds residual covariances, of which the upper triangle counts."""
    for size in sizes:
        out = work
        for _ in range(size - 1):
            work = _sweep(work, np.empty((len(work) - 1, len(work) - 1, work.shape[-1])))
        last = len(work) - 1
        both = np.empty((last, last, 2 * work.shape[-1]))
        for row in range(last):
            both[row, row:, : work.shape[-1]] = out[size + row, size + row :]
        _sweep(work, both[:, :, work.shape[-1] :])
        work = both
    result: Array = work[0, 0]
    return result


def _sweep(work: Array, result: Array) -> Array:
    """Take the first variable in: write to `result` (m - 1, m - 1, s) what it leaves of the others."""
    pivot = work[0, 0]
    usable = pivot > _PIVOT
    factor = np.where(usable, 1.0, 0.0) / np.where(usable, pivot, 1.0)
    for row in range(len(work) - 1):
        first = work[0, row + 1] * factor
        np.multiply(first, work[0, row + 1 :], out=result[row, row:])
        np.subtract(work[row + 1, row + 1 :], result[row, row:], out=result[row, row:])
    return result


def partial_out(correlation: Array, columns: Sequence[int]) -> Array:
    """Return what columns (b, k, k) leave of the others: correlations without those columns, in the same units."""
    others = [place for place in range(correlation.shape[-1]) if place not in columns]
    work = np.moveaxis(correlation[:, [*columns, *others]][:, :, [*columns, *others]], 0, -1)
    for _ in columns:
        left = len(work) - 1
        work = _sweep(work, np.zeros((left, left, work.shape[-1])))
    upper = np.triu(np.moveaxis(work, -1, 0))
    residual: Array = upper + np.triu(upper, 1).swapaxes(1, 2)
    return residual


def subset_sizes(units: int) -> npt.NDArray[np.intp]:
    """Return how many units are in each of the 2**units subsets.

    Examples
    --------
    >>> subset_sizes(2).tolist()
    [0, 1, 1, 2]
    """
    sizes = np.zeros(1, dtype=np.intp)
    for _ in range(units):
        sizes = np.concatenate([sizes, sizes + 1])
    return sizes


def fold(values: Array) -> Array:
    """Return for each unit the sum of values (2**u, b) over the subsets that hold it: (u, b).

    Halving the array once per unit gives all sums in two passes over it.
    """
    units = int(values.shape[0]).bit_length() - 1
    sums = np.empty((units, values.shape[1]))
    for unit in reversed(range(units)):
        half = 2**unit
        sums[unit] = values[half:].sum(axis=0)
        values = values[:half] + values[half:]
    return sums


def shapley_values(correlation: Array, units: Sequence[Sequence[int]]) -> Array:
    """Return each unit's share of R²: its average gain over all orders in which units may enter.

    Parameters
    ----------
    correlation, units
        As in :func:`subset_r_squared`.

    Returns
    -------
    array (b, u)
        They add up to R² of all units.

    Raises
    ------
    ParameterError
        If there are more than 30 units.

    Notes
    -----
    Lindeman, Merenda and Gold (1980); Shapley (1953). R: `relaimpo::calc.relimp(type = "lmg")`. With more than 20 units
    the subsets are worked off in blocks, so that memory stays bounded.

    Examples
    --------
    >>> orthogonal = np.array([[[1.0, 0.0, 0.6], [0.0, 1.0, 0.3], [0.6, 0.3, 1.0]]])
    >>> shapley_values(orthogonal, [[0], [1]]).round(2).tolist()
    [[0.36, 0.09]]
    """
    if len(units) > MOST_UNITS:
        raise ParameterError(
            f"All subsets of {len(units)} drivers are too many: {MOST_UNITS} are the most. Try: put drivers into "
            '`groups`, or method="johnson", which takes any number.'
        )
    work = np.moveaxis(_ordered(correlation, units), 0, -1)
    total = np.zeros((len(units), len(correlation)))
    _add_blocks(work, [len(unit) for unit in units], (), correlation[:, -1, -1], total)
    return total.T


def _add_blocks(work: Array, sizes: list[int], entered: tuple[bool, ...], variance: Array, total: Array) -> None:
    """Add to `total` (u, b) what the subsets give in which the first units are in or not, as `entered` says."""
    if len(sizes) > _BLOCK_UNITS:
        size, rest = sizes[0], sizes[1:]
        _add_blocks(work[size:, size:], rest, (*entered, False), variance, total)
        for _ in range(size):
            work = _sweep(work, np.empty((len(work) - 1, len(work) - 1, work.shape[-1])))
        _add_blocks(work, rest, (*entered, True), variance, total)
        return
    units = len(entered) + len(sizes)
    r_squared = variance - _double(work, sizes).reshape(2 ** len(sizes), -1)
    gain, loss = _weights(units)
    size_of = subset_sizes(len(sizes)) + sum(entered)
    with_unit = r_squared * gain[size_of, None]
    total -= loss[size_of] @ r_squared
    total[len(entered) :] += fold(with_unit)
    total[: len(entered)] += np.array(entered, dtype=float)[:, None] * with_unit.sum(axis=0)


def divide(r_squared: Array) -> Array:
    """Return each unit's share (b, u) of what all explain, from what every subset explains (2**u, b).

    Examples
    --------
    >>> divide(np.array([[0.0], [0.3], [0.5], [0.6]])).round(2).tolist()
    [[0.2, 0.4]]
    """
    units = len(r_squared).bit_length() - 1
    gain, loss = _weights(units)
    sizes = subset_sizes(units)
    shares: Array = (fold(r_squared * gain[sizes, None]) - loss[sizes] @ r_squared).T
    return shares


def _weights(units: int) -> tuple[Array, Array]:
    """Return what R² of a subset counts, by its size: for the units in it, and (taken off) for all units."""
    enter = np.array([1 / (units * comb(units - 1, size)) for size in range(units)])
    loss = np.append(enter, 0.0)
    return loss + np.insert(enter, 0, 0.0), loss

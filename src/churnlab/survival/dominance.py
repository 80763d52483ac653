"""Counting, for many points at once, those that came before and lie higher: n log n, in a few passes per bit."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["count_above"]

Array = npt.NDArray[np.float64]

_LAST = 5
"""Groups of 2 to the power of so many are compared pair by pair."""
_MASK = (1 << 32) - 1


def count_above(place: npt.NDArray[np.intp], weight: Array | None = None) -> Array:
    """Return for each place the weight of the elements that came before in the sequence and have a higher place.

    Parameters
    ----------
    place
        A sequence of the places 0 to n - 1, each once (n,); n below 2³¹.
    weight
        Of the elements, in the order of the sequence (n,); 1 by default.

    Returns
    -------
    array (n,)
        In the order of the places.

    Notes
    -----
    The places are sorted by one bit at a time, from the highest: in each group that agrees in the bits above, those with
    bit 1 that came before count for those with bit 0. Since every place occurs once, both halves of a group are
    equally long. Without weights place and count share one number.
    """
    n = len(place)
    bits = max(_LAST, int(n - 1).bit_length())
    whole = np.arange(1 << bits, dtype=np.int64)
    whole[:n] = place
    if weight is None:
        return _count(whole, bits)[:n].astype(np.float64)
    padded = np.zeros(len(whole))
    padded[:n] = weight
    return _weigh(whole, padded, bits)[:n]


def _count(packed: npt.NDArray[np.int64], bits: int) -> npt.NDArray[np.int64]:
    """Count with place in the lower 32 bits and the count so far in the upper ones."""
    for level in range(bits - 1, _LAST - 1, -1):
        bit = (packed >> level) & 1
        before = np.cumsum(bit.reshape(-1, 2 << level), axis=1).reshape(-1)
        before *= 1 - bit
        before <<= 32
        packed += before
        packed = _halves(packed, bit.astype(np.bool_), 1 << level)
    side = 1 << _LAST
    low = np.ascontiguousarray((packed & (side - 1)).astype(np.int8).reshape(-1, side).T)
    last = np.zeros(low.shape, dtype=np.int8)
    for lag in range(1, side):
        last[lag:] += low[:-lag] > low[lag:]
    packed += last.T.reshape(-1).astype(np.int64) << 32
    found = np.empty_like(packed)
    found[packed & _MASK] = packed >> 32
    return found


def _weigh(place: npt.NDArray[np.int64], weight: Array, bits: int) -> Array:
    count = np.zeros(len(place))
    for level in range(bits - 1, -1, -1):
        high = ((place >> level) & 1).astype(np.bool_)
        before = np.cumsum(np.where(high, weight, 0.0).reshape(-1, 2 << level), axis=1).reshape(-1)
        before[high] = 0.0
        count += before
        place, weight, count = (_halves(part, high, 1 << level) for part in (place, weight, count))
    return count


def _halves(values: npt.NDArray[Any], high: npt.NDArray[np.bool_], size: int) -> npt.NDArray[Any]:
    """Return each group's values with bit 0 before those with bit 1, both in their order."""
    halves = np.empty_like(values).reshape(-1, 2, size)
    halves[:, 0] = values.take(np.flatnonzero(~high)).reshape(-1, size)
    halves[:, 1] = values.take(np.flatnonzero(high)).reshape(-1, size)
    return halves.reshape(-1)

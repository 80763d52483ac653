"""Times in whole units, days or months, sorted and looked up by table instead of by comparison."""

import numpy as np
import numpy.typing as npt

__all__ = ["count_up_to", "distinct"]

Array = npt.NDArray[np.float64]

_LONGEST = 2**20
"""Times in whole units up to here have a table; others are sorted."""


def distinct(times: Array) -> Array:
    """Return the different times of (n,), none negative, in their order."""
    if not _has_table(times):
        return np.unique(times)
    seen = np.bincount(times.astype(np.intp))
    return np.flatnonzero(seen).astype(np.float64)


def count_up_to(ends: Array, times: Array) -> npt.NDArray[np.intp]:
    """Return for each time of (n,), none negative, how many of the sorted ends are not after it."""
    if not _has_table(ends) or len(times) < len(ends):
        return np.searchsorted(ends, times, "right")
    table = np.searchsorted(ends, np.arange(ends[-1] + 1), "right")
    counts: npt.NDArray[np.intp] = table.take(np.minimum(times, ends[-1]).astype(np.intp))
    return counts


def _has_table(times: Array) -> bool:
    return len(times) > 0 and bool(times.max() < _LONGEST and (times == np.rint(times)).all())

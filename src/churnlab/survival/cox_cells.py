"""Rows that come and go together, joined: what a sum over those at risk is added up from."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.survival.cox_risk import RiskSets

__all__ = ["Cells", "join_rows"]

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_TABLE = 2**22
"""So many combinations are found by a table of all; beyond it they are looked up."""
_LANES = 4
"""Neighbouring rows are added up apart, so that no addition waits for the one before it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """The n rows in k cells: those of a cell enter and stop in the same slots, and all of them ended or none.

    `lane` (n,) is four times each row's cell, and from 0 to 3 more; None where every row is a cell of its own. `sets` are
    the risk sets of the cells, as if each were a row.
    """

    lane: Places | None
    sets: RiskSets

    def add_up(self, values: Array) -> Array:
        """Return the sum of the rows' values (n,) in each cell (k,)."""
        if self.lane is None:
            return values
        sums = np.bincount(self.lane, values, _LANES * len(self.sets.stop))
        total: Array = sums.reshape(-1, _LANES).sum(axis=1)
        return total

    def lived_through(self, per_slot: Array, own: Array) -> Array:
        """Return the sum of (m,) or (p, m) over the ends at which each cell was at risk, less `own` where it ended."""
        lived = self.sets.lived_through(per_slot)
        lived[..., self.sets.events] -= own[..., self.sets.event_slot]
        return lived

    def spread(self, values: Array) -> Array:
        """Return for each row its cell's value: (k,) to (n,)."""
        return values if self.lane is None else np.repeat(values, _LANES).take(self.lane)


def join_rows(sets: RiskSets) -> Cells:
    """Join the rows of risk sets that enter and stop together; not where that saves little."""
    n, m = len(sets.stop), sets.n_slots
    code = 2 * sets.stop
    code[sets.events] += 1
    if sets.entry is not None:
        code += 2 * m * sets.entry
    lane, kinds = _renumber(code, 2 * m * (1 if sets.entry is None else m))
    if len(kinds) > n / 16:
        return Cells(lane=None, sets=sets)
    lane *= _LANES
    lane += np.arange(n) % _LANES
    stop, events = kinds // 2 % m, np.flatnonzero(kinds % 2)
    entry = None if sets.entry is None else kinds // (2 * m)
    return Cells(
        lane=lane,
        sets=replace(
            sets, stop=stop, entry=entry, events=events, event_slot=stop[events], event_weight=np.ones(len(events))
        ),
    )


def _renumber(code: Places, size: int) -> tuple[Places, Places]:
    """Return the place of each code (n,), below size, among those that occur, and these (k,)."""
    if size > _TABLE:
        number, kinds = pd.factorize(code)
        return number, kinds
    kinds = np.flatnonzero(np.bincount(code, minlength=size))
    place = np.zeros(size, dtype=np.intp)
    place[kinds] = np.arange(len(kinds))
    return place[code], kinds

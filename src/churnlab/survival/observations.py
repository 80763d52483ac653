"""What a model of the hazard reads of spells: times, and ends for the reason that is asked about."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import tables
from churnlab.errors import DataError
from churnlab.survival.spell_arrays import SpellArrays, refuse_no_churn, to_arrays

__all__ = ["read_observations", "take_frame"]

_TIMES = ("duration", "churned", "entry", "weight")


def take_frame(spells: Any) -> pd.DataFrame:
    """Return a pandas frame, a table or another library's frame as a pandas frame.

    Raises
    ------
    DataError
        If two columns have the same name, or another library's frame breaks the contract SPELLS.
    """
    if isinstance(spells, pd.DataFrame):
        repeated = spells.columns[spells.columns.duplicated()]
        if len(repeated):
            raise DataError(f"The frame has more than one column named `{repeated[0]}`. Rename all but one of them.")
        return spells
    return (spells if isinstance(spells, tables.Table) else tables.read(spells, "SPELLS")).to_frame()


def read_observations(frame: pd.DataFrame, *, reason: str | None = None) -> SpellArrays:
    """Check a frame against the contract SPELLS and return its times.

    Parameters
    ----------
    frame
        With `duration`, `churned`, and perhaps `entry`, `weight`, `reason` (n rows).
    reason
        Count only the ends for this reason; the others are taken as censored.

    Raises
    ------
    DataError
        If the frame breaks the contract, nobody churned, or there is no end for that reason.
    """
    spells = to_arrays(frame[[name for name in _TIMES if name in frame]])
    refuse_no_churn(spells)
    if reason is None:
        return spells
    churned = spells.churned & _given(frame, reason)
    if not churned.any():
        known = ", ".join(repr(name) for name in sorted(frame["reason"].dropna().unique().tolist(), key=str)[:10])
        raise DataError(f"Nobody left for the reason {reason!r}. `reason` holds {known}.")
    return SpellArrays(duration=spells.duration, churned=churned, entry=spells.entry, weight=spells.weight)


def _given(frame: pd.DataFrame, reason: str) -> npt.NDArray[np.bool_]:
    if "reason" not in frame:
        raise DataError("The frame has no column `reason`, so the reasons why customers left cannot be told apart.")
    nameless = int((frame["reason"].isna() & frame["churned"].astype(bool)).sum())
    if nameless:
        raise DataError(
            f"`reason` must say why every customer left who did, but is empty in {nameless:,} of {len(frame):,} rows. Try: a "
            "reason of its own for those, say 'unknown'."
        )
    given: npt.NDArray[np.bool_] = (frame["reason"] == reason).fillna(False).to_numpy(dtype=np.bool_)
    return given

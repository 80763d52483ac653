"""Spells as typed arrays, from any frame that keeps the contract SPELLS."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import tables
from churnlab.errors import DataError, ParameterError

__all__ = ["SpellArrays", "check_times", "refuse_no_churn", "to_arrays", "to_spell_frame"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class SpellArrays:
    """Duration, whether churned, entry (None where nobody enters late) and weight of n rows, each (n,), in their order."""

    duration: Array
    churned: npt.NDArray[np.bool_]
    entry: Array | None
    weight: Array

    def take(self, rows: npt.NDArray[Any]) -> "SpellArrays":
        """Return some of the rows, by number or by a mask."""
        return SpellArrays(
            duration=self.duration[rows],
            churned=self.churned[rows],
            entry=None if self.entry is None else self.entry[rows],
            weight=self.weight[rows],
        )


def to_arrays(spells: Any) -> SpellArrays:
    """Check spells against the contract SPELLS and return their columns as numbers.

    Parameters
    ----------
    spells
        pandas, Polars or Arrow frame, or a table of SPELLS (n rows).

    Raises
    ------
    DataError
        If the frame breaks the contract.
    """
    frame = to_spell_frame(spells)
    entry = frame["entry"].to_numpy(dtype=np.float64, na_value=0.0) if "entry" in frame else None
    return SpellArrays(
        duration=frame["duration"].to_numpy(dtype=np.float64),
        churned=frame["churned"].to_numpy(dtype=np.bool_),
        entry=entry if entry is not None and entry.any() else None,
        weight=frame["weight"].to_numpy(dtype=np.float64) if "weight" in frame else np.ones(len(frame)),
    )


def to_spell_frame(spells: Any) -> pd.DataFrame:
    """Return a frame whose columns of SPELLS are of their kinds, beside its other columns.

    Parameters
    ----------
    spells
        As in :func:`to_arrays`.

    Raises
    ------
    DataError
        If it breaks the contract.

    Notes
    -----
    A pandas frame of plain numbers that keeps every rule is returned as it is; everything else goes through
    :func:`churnlab.tables.read`, which says what is wrong.
    """
    if isinstance(spells, tables.Table):
        return spells.to_frame()
    if isinstance(spells, pd.DataFrame) and _keeps_contract(spells):
        return spells
    frame = tables.read(spells, "SPELLS").to_frame()
    if isinstance(spells, pd.DataFrame):
        frame.index = spells.index
    return frame


def _keeps_contract(frame: pd.DataFrame) -> bool:
    """Whether a frame is of plain numbers, each within its range: the same rules as those of the contract."""
    if not {"duration", "churned"} <= set(frame.columns) or frame.empty or not frame.columns.is_unique:
        return False
    numbers = {name: _plain(frame[name]) for name in ("duration", "churned", "entry", "weight") if name in frame}
    if any(values is None for values in numbers.values()):
        return False
    duration, churned = numbers["duration"], numbers["churned"]
    entry, weight = numbers.get("entry"), numbers.get("weight")
    return bool(
        _all_positive(duration)
        and (churned.dtype == np.bool_ or ((churned == 0) | (churned == 1)).all())  # type: ignore[union-attr]
        and (weight is None or _all_positive(weight))
        and (entry is None or ((entry >= 0) & (entry < duration)).all())
    )


def _plain(column: pd.Series) -> npt.NDArray[Any] | None:
    return column.to_numpy() if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiub" else None


def _all_positive(values: npt.NDArray[Any] | None) -> bool:
    return values is not None and values.dtype.kind != "b" and bool(values.min() > 0 and values.max() < np.inf)


def refuse_no_churn(arrays: SpellArrays, *, all_churned: bool = False) -> None:
    """Refuse spells in which nobody has churned, from which nothing can be learnt about churn.

    Parameters
    ----------
    arrays
        The spells.
    all_churned
        Whether to refuse spells in which everybody has churned, too.

    Raises
    ------
    DataError
        If nobody has churned, or, where asked, everybody.
    """
    n, churns = len(arrays.churned), int(arrays.churned.sum())
    if churns == 0:
        raise DataError(
            f"None of {n:,} rows has churned, so there is nothing to say about when customers do. Try a longer period; or "
            "check that `churned` is true where it ended."
        )
    if all_churned and churns == n:
        raise DataError(
            f"All {n:,} rows have churned. If customers who are still there were left out of the table, every number would "
            "be too low: add them, with `churned` false."
        )


def check_times(times: npt.ArrayLike, name: str = "times") -> Array:
    """Return times as an array (m,).

    Raises
    ------
    ParameterError
        If there is none, or one is negative or not finite.
    """
    values = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if values.ndim != 1 or not len(values) or not (np.isfinite(values) & (values >= 0)).all():
        raise ParameterError(f"`{name}` must be one or more numbers of 0 or more, not {times!r}.")
    return values

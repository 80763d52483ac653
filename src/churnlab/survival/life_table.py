"""How many were at risk, left and were lost from sight at each time: what every curve is computed from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.survival.spell_arrays import SpellArrays

__all__ = ["LifeTable", "add_up", "build_life_table", "number_groups"]

Array = npt.NDArray[np.float64]

_SPREAD = 4
"""Whole numbers are counted directly if the largest is at most so many times the number of rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LifeTable:
    """At m distinct times, in order: number at risk just before, number who left, and lost from sight, each (m,)."""

    time: Array
    at_risk: Array
    events: Array
    censored: Array

    @property
    def hazard(self) -> Array:
        """Share of those at risk who left at each time (m,)."""
        return np.divide(self.events, self.at_risk, out=np.zeros_like(self.events), where=self.at_risk > 0)


def build_life_table(spells: SpellArrays) -> LifeTable:
    """Count spells at each distinct duration.

    Parameters
    ----------
    spells
        n spells.

    Returns
    -------
    LifeTable
        A customer with late entry is at risk at times after her entry up to her duration; who is lost from sight at a time
        at which others leave counts as at risk then.
    """
    time, left, ended = _count_times(spells)
    at_risk = np.cumsum(ended[::-1])[::-1]
    if spells.entry is not None:
        open_until = np.searchsorted(time, spells.entry, side="right")
        later = add_up(open_until, spells.weight, len(time) + 1)
        at_risk = at_risk - np.cumsum(later[::-1])[::-1][1:]
        at_risk[np.abs(at_risk) < 1e-9 * spells.weight.sum()] = 0.0
    return LifeTable(time=time, at_risk=at_risk, events=left, censored=ended - left)


def _count_times(spells: SpellArrays) -> tuple[Array, Array, Array]:
    """Return the distinct times in order, the weight that left at each, and the weight that ended at each."""
    duration = spells.duration
    if duration.max() <= _SPREAD * len(duration) + 1000 and (duration == np.floor(duration)).all():
        code = duration.astype(np.int64)
        ended = add_up(code, spells.weight)
        found = np.flatnonzero(ended)
        left = add_up(code[spells.churned], spells.weight[spells.churned], len(ended))
        return found.astype(np.float64), left[found], ended[found]
    time, code = np.unique(duration, return_inverse=True)
    ended = add_up(code, spells.weight)
    left = add_up(code, np.where(spells.churned, spells.weight, 0.0))
    return time, left, ended


def add_up(code: npt.NDArray[Any], weight: Array, size: int = 0) -> Array:
    """Return the sum of the weights (n,) of each code 0, 1, … (n,), for `size` codes or more."""
    return np.asarray(np.bincount(code, weights=weight, minlength=size), dtype=np.float64)


def number_groups(
    frame: pd.DataFrame, by: str | tuple[str, ...] | list[str] | None
) -> tuple[tuple[str, ...], npt.NDArray[Any]]:
    """Return the names of the groups of a frame, in order, and the number of each row's group (n,).

    Parameters
    ----------
    frame
        n rows.
    by
        Names of the columns that make the groups; None puts all rows into one, called ``"all"``.

    Raises
    ------
    ParameterError
        If a column is not there.
    """
    if by is None:
        return ("all",), np.zeros(len(frame), dtype=np.int64)
    names = [by] if isinstance(by, str) else list(by)
    missing = [name for name in names if name not in frame.columns]
    if missing or not names:
        raise ParameterError(
            f"`by` names {', '.join(map(repr, missing)) or 'no column'}; the columns are {', '.join(map(str, frame.columns))}."
        )
    groups = frame.groupby(names, observed=True, dropna=False, sort=True)
    keys = groups.size().index
    labels = tuple(_label(key if isinstance(key, tuple) else (key,)) for key in keys)
    return labels, groups.ngroup().to_numpy()


def _label(key: tuple[Any, ...]) -> str:
    return ", ".join("missing" if pd.isna(part) else _text(part) for part in key)


def _text(part: Any) -> str:
    return f"{part:%Y-%m-%d}" if isinstance(part, pd.Timestamp) else str(part)

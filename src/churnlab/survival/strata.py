"""Strata: groups of customers with baseline hazards of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError

__all__ = ["Strata", "plan_strata"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Strata:
    """The combinations of some columns' values that have a baseline hazard of their own."""

    columns: tuple[str, ...]
    levels: tuple[tuple[object, ...], ...]

    def codes(self, frame: pd.DataFrame) -> npt.NDArray[np.intp]:
        """Return the number of each row's stratum (n,).

        Raises
        ------
        DataError
            If a column is missing or a row belongs to no stratum of the fit.
        """
        if not self.columns:
            return np.zeros(len(frame), dtype=np.intp)
        missing = [name for name in self.columns if name not in frame]
        if missing:
            raise DataError(f"The strata need the column {', '.join(f'`{name}`' for name in missing)}.")
        index = pd.MultiIndex.from_tuples(self.levels, names=self.columns)
        codes = index.get_indexer(pd.MultiIndex.from_frame(frame[list(self.columns)]))
        strange = np.flatnonzero(codes < 0)
        if len(strange):
            values = dict(frame[list(self.columns)].iloc[strange[0]])
            raise DataError(
                f"{len(strange):,} of {len(frame):,} rows belong to no stratum of the fit (first: row {strange[0] + 1}: "
                f"{', '.join(f'{name} = {value!r}' for name, value in values.items())})."
            )
        return codes.astype(np.intp)

    @property
    def names(self) -> tuple[str, ...]:
        """Each stratum in words."""
        pairs = (zip(self.columns, level, strict=True) for level in self.levels)
        return tuple(", ".join(f"{name} = {value}" for name, value in pair) for pair in pairs)


def plan_strata(frame: pd.DataFrame, columns: str | Sequence[str] | None) -> Strata:
    """Find the strata that a frame holds, in the order of their values.

    Raises
    ------
    DataError
        If a column is missing or has empty cells.
    """
    names = () if columns is None else (columns,) if isinstance(columns, str) else tuple(columns)
    if not names:
        return Strata(columns=(), levels=((),))
    missing = [name for name in names if name not in frame]
    if missing:
        raise DataError(f"There is no column {', '.join(f'`{name}`' for name in missing)} to make strata by.")
    empty = frame[list(names)].isna().any(axis=1)
    if empty.any():
        raise DataError(f"The strata need a value in every row, but {int(empty.sum()):,} of {len(frame):,} have none.")
    distinct = frame[list(names)].drop_duplicates().sort_values(list(names))
    return Strata(columns=names, levels=tuple(distinct.itertuples(index=False, name=None)))

"""A table of survivors, checked: how many customers were still there after each renewal."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError
from churnlab.repurchase.retention_likelihood import Losses

__all__ = ["to_losses"]

Array = npt.NDArray[np.float64]


def to_losses(survivors: pd.DataFrame, *, parameters: int) -> Losses:
    """Count the customers who left at each renewal.

    Parameters
    ----------
    survivors
        `period`, `survivors` and, where there are several, `cohort`.
    parameters
        How many a model wants to estimate, which takes as many renewals.

    Raises
    ------
    DataError
        If a column, a number or the name of a cohort is missing, periods do not run from 0 without gaps, survivors grow in
        number, there are too few renewals, or nobody has left.
    """
    if not isinstance(survivors, pd.DataFrame):
        raise DataError(
            f"A table of survivors is a pandas frame with `period` and `survivors`, not {type(survivors).__name__}. Try: "
            "repurchase.read_survivors for a file, or .to_pandas() of a Polars or Arrow frame."
        )
    missing = [name for name in ("period", "survivors") if name not in survivors]
    if missing:
        raise DataError(
            f"A table of survivors has the columns `period` and `survivors`; there is no {' and no '.join(missing)}. It has: "
            f"{', '.join(map(str, survivors))}."
        )
    if survivors.empty:
        raise DataError("The table of survivors has no row.")
    nameless = survivors["cohort"].isna().to_numpy() if "cohort" in survivors else np.zeros(len(survivors), dtype=bool)
    if nameless.any():
        raise DataError(
            f"`cohort` must not be missing: {int(nameless.sum()):,} of {len(nameless):,} rows break this (first: row "
            f"{int(np.argmax(nameless)) + 1}). Leave the column out where there is one cohort."
        )
    cohorts = survivors.groupby("cohort", sort=True, observed=True) if "cohort" in survivors else [("", survivors)]
    parts = [_cohort(f" of cohort {name!r}" if name != "" else "", cohort) for name, cohort in cohorts]
    renewal, lost = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    last, left = (np.array([part[place] for part in parts]) for place in (2, 3))
    if last.max() < parameters:
        raise DataError(
            f"The model takes {parameters} renewals or more, but the longest row of survivors has {last.max():g}."
        )
    if lost.sum() == 0:
        raise DataError("Nobody has left in the table of survivors, so that there is nothing to project.")
    kept = lost > 0
    return Losses(renewal=renewal[kept], lost=lost[kept], last=last, left=left)


def _cohort(which: str, cohort: pd.DataFrame) -> tuple[Array, Array, float, float]:
    """Return renewals and losses (m,), the last renewal and how many were left after it."""
    period, count = _numbers(cohort, "period"), _numbers(cohort, "survivors")
    order = np.argsort(period, kind="stable")
    period, count = period[order], count[order]
    expected = np.arange(len(period), dtype=np.float64)
    if not np.array_equal(period, expected):
        first = int(np.argmax(period != expected))
        raise DataError(
            f"`period`{which} must run 0, 1, 2, … without gaps, 0 being the start: where {first} should be, it is {period[first]:g}."
        )
    grown = np.flatnonzero(np.diff(count) > 0)
    if len(grown):
        place = int(grown[0])
        raise DataError(
            f"`survivors`{which} must not grow: {count[place]:g} in period {place}, but {count[place + 1]:g} in the next. "
            "Customers who came later belong to another cohort."
        )
    return period[1:], -np.diff(count), float(period[-1]), float(count[-1])


def _numbers(frame: pd.DataFrame, name: str) -> Array:
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"`{name}` must be a number of 0 or more: {int(wrong.sum()):,} of {len(values):,} rows are not (first: row {row + 1}: "
            f"{frame[name].to_list()[row]!r})."
        )
    return values

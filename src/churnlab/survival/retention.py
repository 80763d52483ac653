"""Retention by cohort: of those who came in the same period, the share still there at each age."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.survival.kaplan_meier import fit_kaplan_meier
from churnlab.survival.spell_arrays import to_spell_frame

__all__ = ["to_retention"]

_FREQUENCIES = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}


def to_retention(spells: Any, *, ages: npt.ArrayLike, period: str = "month", conf_level: float = 0.95) -> pd.DataFrame:
    """Follow customers who came in the same period of the calendar.

    Parameters
    ----------
    spells
        What :func:`to_spells` or :func:`to_order_spells` returns: SPELLS with `start`.
    ages
        Ages at which to look, in the unit of `duration` (m,).
    period
        The period of the calendar that makes a cohort: ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per cohort and age: `cohort` (its first day), `age`, `customers` (spells that began in it), `n_risk` (of whom
        were seen up to that age), `estimate` (share still there) with `std_error, conf_low, conf_high`. Ages that a cohort
        has not reached are absent.

    Raises
    ------
    DataError
        If the frame breaks the contract, or has no `start`.
    ParameterError
        If the period is unknown, an age is negative, or the level is not between 0 and 1.

    Notes
    -----
    Kaplan and Meier's estimate within each cohort, so that the last to join count for as long as they were seen.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-05", "2024-01-09", "2024-02-01"])
    >>> spells = pd.DataFrame({"start": days, "duration": [9, 40, 20], "churned": [True, False, False]})
    >>> to_retention(spells, ages=[10, 30])[["age", "estimate"]].to_numpy().tolist()
    [[10.0, 0.5], [30.0, 0.5], [10.0, 1.0]]
    """
    if period not in _FREQUENCIES:
        raise ParameterError(f"`period` must be {', '.join(map(repr, _FREQUENCIES))}, not {period!r}.")
    frame = to_spell_frame(spells)
    if "start" not in frame:
        raise DataError("The frame has no column `start`, the day on which each spell began. Try: survival.to_spells.")
    cohort = pd.to_datetime(frame["start"]).dt.to_period(_FREQUENCIES[period]).dt.start_time
    curve = fit_kaplan_meier(frame.assign(cohort=cohort), by="cohort", conf_level=conf_level)
    found = curve.at(ages)
    found["customers"] = np.repeat(curve.glance()["n"].to_numpy(), len(found) // len(curve.groups))
    seen = found[found["estimate"].notna()].reset_index(drop=True)
    seen.insert(0, "cohort", pd.to_datetime(seen.pop("group")))
    columns = ["cohort", "age", "customers", "n_risk", "estimate", "std_error", "conf_low", "conf_high"]
    return seen.rename(columns={"time": "age"})[columns]

"""Who leaves for which reason, by time: Aalen and Johansen's curves, in which reasons compete."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import DataError
from churnlab.inference import normal_quantile
from churnlab.survival.incidence_variance import incidence, variance_of_incidence
from churnlab.survival.life_table import LifeTable, add_up, build_life_table, number_groups
from churnlab.survival.spell_arrays import SpellArrays, check_times, refuse_no_churn, to_arrays, to_spell_frame

__all__ = ["IncidenceCurve", "fit_aalen_johansen"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IncidenceCurve:
    """Aalen and Johansen's curves of one or several groups.

    Attributes
    ----------
    groups
        Names of the groups.
    reasons
        The competing reasons.
    time
        Distinct times of each group (m,).
    at_risk, events
        Number at risk (m,), and number who left for each reason (m, r), of each group.
    variance
        Of the share that had left for each reason (m, r), of each group.
    conf_level
        Of the limits.
    """

    groups: tuple[str, ...]
    reasons: tuple[str, ...]
    time: tuple[Array, ...]
    at_risk: tuple[Array, ...]
    events: tuple[Array, ...]
    variance: tuple[Array, ...]
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per group, reason and time.

        Returns
        -------
        DataFrame
            `group, reason, time, n_risk, n_event, estimate, std_error, conf_low, conf_high`.
        """
        z = normal_quantile(self.conf_level)
        parts = []
        tables = zip(self.groups, self.time, self.at_risk, self.events, self.variance, strict=True)
        for group, time, at_risk, events, variance in tables:
            estimate = incidence(at_risk, events)
            for place, reason in enumerate(self.reasons):
                share, std_error = estimate[:, place], np.sqrt(variance[:, place])
                ratio = np.divide(std_error, share, out=np.full_like(share, np.nan), where=share > 0)
                limits = {"conf_low": share * np.exp(-z * ratio), "conf_high": np.minimum(1, share * np.exp(z * ratio))}
                counts = {"n_risk": at_risk, "n_event": events[:, place]}
                found = {"estimate": share, "std_error": std_error, **limits}
                parts.append(pd.DataFrame({"group": group, "reason": reason, "time": time, **counts, **found}))
        return pd.concat(parts, ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row per group and reason: `group, reason, n_event, last_time, conf_level`."""
        rows = [
            (group, reason, float(events[:, place].sum()), float(time[-1]), self.conf_level)
            for group, time, events in zip(self.groups, self.time, self.events, strict=True)
            for place, reason in enumerate(self.reasons)
        ]
        return pd.DataFrame(rows, columns=["group", "reason", "n_event", "last_time", "conf_level"])

    def at(self, times: npt.ArrayLike) -> pd.DataFrame:
        """Return the curves at chosen times.

        Parameters
        ----------
        times
            Numbers of 0 or more (m,).

        Returns
        -------
        DataFrame
            One row per group, reason and time: `group, reason, time, estimate, std_error, conf_low, conf_high`; empty after
            the last time that a group was seen.

        Raises
        ------
        ParameterError
            If a time is negative or not finite.
        """
        asked = check_times(times)
        columns = ["estimate", "std_error", "conf_low", "conf_high"]
        parts = []
        for _, rows in self.tidy().groupby(["group", "reason"], sort=False):
            time, found = rows["time"].to_numpy(), rows[columns].to_numpy()
            start = np.array([[0.0, 0.0, np.nan, np.nan]])
            values = np.vstack([start, found])[np.searchsorted(time, asked, side="right")]
            values[asked > time[-1]] = np.nan
            part = pd.DataFrame(values, columns=columns)
            for place, name in enumerate(("group", "reason")):
                part.insert(place, name, rows[name].iloc[0])
            part.insert(2, "time", asked)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def __repr__(self) -> str:
        return f"IncidenceCurve({', '.join(self.reasons)}; {sum(events.sum() for events in self.events):,.0f} churned)"

    def _repr_html_(self) -> str:
        return display.frame_to_html(self.glance(), title=repr(self))


def fit_aalen_johansen(
    spells: Any, *, by: str | tuple[str, ...] | list[str] | None = None, conf_level: float = 0.95
) -> IncidenceCurve:
    """Estimate the share of customers who have left for each reason by each time.

    Parameters
    ----------
    spells
        SPELLS with `reason`, which must be there wherever `churned` is true.
    by
        Columns whose values make groups.
    conf_level
        Of the limits, at each time by itself, on the scale of the logarithm.

    Returns
    -------
    IncidenceCurve

    Raises
    ------
    DataError
        If the frame breaks the contract, has no `reason`, or lacks one where a customer left; or nobody left.
    ParameterError
        If a column is not there, or the level is not between 0 and 1.

    Notes
    -----
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5, 141-150. One minus the curve of Kaplan and Meier with
    other reasons taken as censored would overstate each reason; these curves and that of all reasons add up to 1. Variance
    by the infinitesimal jackknife: each row moves the shares by itself. R: `survfit(Surv(entry, duration, reason) ~ 1)`.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [1, 2], "churned": [True, True], "reason": ["price", "moved"]})
    >>> fit_aalen_johansen(spells).at([2])[["reason", "estimate"]].to_numpy().tolist()
    [['moved', 0.5], ['price', 0.5]]
    """
    normal_quantile(conf_level)
    frame = to_spell_frame(spells)
    arrays = to_arrays(frame)
    refuse_no_churn(arrays)
    reasons, code = _reasons(frame, arrays)
    groups, number = number_groups(frame, by)
    parts = [number == place for place in range(len(groups))]
    tables = [build_life_table(arrays.take(part)) for part in parts]
    events = tuple(
        _events(table, arrays.take(part), code[part], len(reasons)) for table, part in zip(tables, parts, strict=True)
    )
    return IncidenceCurve(
        groups=groups,
        reasons=reasons,
        time=tuple(table.time for table in tables),
        at_risk=tuple(table.at_risk for table in tables),
        events=events,
        variance=tuple(
            variance_of_incidence(table, left, arrays.take(part), code[part])
            for table, left, part in zip(tables, events, parts, strict=True)
        ),
        conf_level=conf_level,
    )


def _reasons(frame: pd.DataFrame, arrays: SpellArrays) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """Return the reasons in order, and the number of each row's (-1 where it did not end)."""
    if "reason" not in frame:
        raise DataError("The frame has no column `reason`, without which reasons cannot compete.")
    empty = frame["reason"].isna().to_numpy()
    lacking = int((empty & arrays.churned).sum())
    if lacking:
        raise DataError(
            f"`reason` is empty in {lacking:,} of {int(arrays.churned.sum()):,} rows that churned. Try: "
            'spells["reason"].fillna("not stated"), which makes these a reason of their own.'
        )
    code = np.full(len(frame), -1, dtype=np.intp)
    code[arrays.churned], names = pd.factorize(frame["reason"][arrays.churned].astype(str), sort=True)
    return tuple(map(str, names)), code


def _events(table: LifeTable, spells: SpellArrays, code: npt.NDArray[np.intp], reasons: int) -> Array:
    """Return the number who left at each time for each reason (m, r)."""
    place = np.searchsorted(table.time, spells.duration[spells.churned])
    cell = place * reasons + code[spells.churned]
    counts = add_up(cell, spells.weight[spells.churned], len(table.time) * reasons)
    return counts.reshape(len(table.time), reasons)

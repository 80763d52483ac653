"""The share of customers who are still there, by time: Kaplan and Meier's curve, by group."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile
from churnlab.survival.curve_summaries import quantile_of, restricted_mean_of
from churnlab.survival.life_table import LifeTable, build_life_table, number_groups
from churnlab.survival.product_limit import LimitType, product_limit, survival_error, survival_limits
from churnlab.survival.spell_arrays import check_times, to_arrays, to_spell_frame

__all__ = ["SurvivalCurve", "fit_kaplan_meier"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SurvivalCurve:
    """Kaplan and Meier's curve of one or several groups.

    Attributes
    ----------
    groups
        Names of the groups.
    life_tables
        Of each group.
    limit_type
        The scale on which limits are taken.
    conf_level
        Of the limits.
    """

    groups: tuple[str, ...]
    life_tables: tuple[LifeTable, ...]
    limit_type: LimitType
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per group and time: `group, time, n_risk, n_event, n_censor, estimate, std_error, conf_low, conf_high`."""
        parts = []
        for group, table in zip(self.groups, self.life_tables, strict=True):
            counts = {"n_risk": table.at_risk, "n_event": table.events, "n_censor": table.censored}
            parts.append(pd.DataFrame({"group": group, "time": table.time, **counts, **self._limits(table)}))
        return pd.concat(parts, ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row per group: `group, n, n_event, median, conf_low, conf_high, last_time, conf_level`."""
        median = self.quantile(0.5)
        tables = self.life_tables
        return pd.DataFrame(
            {
                "group": list(self.groups),
                "n": [float((table.events + table.censored).sum()) for table in tables],
                "n_event": [float(table.events.sum()) for table in tables],
                "median": median["estimate"],
                "conf_low": median["conf_low"],
                "conf_high": median["conf_high"],
                "last_time": [float(table.time[-1]) for table in tables],
                "conf_level": self.conf_level,
            }
        )

    def at(self, times: npt.ArrayLike) -> pd.DataFrame:
        """Return the curve at chosen times.

        Parameters
        ----------
        times
            Numbers of 0 or more (m,).

        Returns
        -------
        DataFrame
            One row per group and time: `group, time, n_risk, estimate, std_error, conf_low, conf_high`; empty after the last
            time that a group was seen, unless all of it had left.

        Raises
        ------
        ParameterError
            If a time is negative or not finite.
        """
        asked = check_times(times)
        parts = []
        for group, table in zip(self.groups, self.life_tables, strict=True):
            before = np.searchsorted(table.time, asked, side="right")
            found = {name: np.concatenate([[start], values])[before] for (name, values), start in
                     zip(self._limits(table).items(), (1.0, 0.0, 1.0, 1.0), strict=True)}  # fmt: skip
            at_risk = np.append(table.at_risk, 0.0)[np.searchsorted(table.time, asked)]
            part = pd.DataFrame({"group": group, "time": asked, "n_risk": at_risk, **found})
            unseen = (asked > table.time[-1]) & (part["estimate"].to_numpy() > 0)
            part.loc[unseen, list(found)] = np.nan
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def quantile(self, share: float = 0.5) -> pd.DataFrame:
        """Return when a share of each group had left, with limits; the median by default.

        Parameters
        ----------
        share
            Of those who left, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per group: `group, estimate, conf_low, conf_high`; empty where the curve, or its limit, does not come
            down so far.

        Raises
        ------
        ParameterError
            If the share is not between 0 and 1.

        Notes
        -----
        Brookmeyer and Crowley (1982), Biometrics 38, 29-41: the limits are where the limits of the curve cross the share.
        Where a step lies exactly on it, its middle is taken. R: `quantile(survfit(...))`.
        """
        if not isinstance(share, Real) or not 0 < share < 1:
            raise ParameterError(f"`share` must be one number between 0 and 1, not {share!r}.")
        rows = []
        for group, table in zip(self.groups, self.life_tables, strict=True):
            limits = self._limits(table)
            crossings = [quantile_of(table.time, limits[name], share) for name in ("estimate", "conf_low", "conf_high")]
            rows.append([group, *crossings])
        return pd.DataFrame(rows, columns=["group", "estimate", "conf_low", "conf_high"])

    def restricted_mean(self, until: float) -> pd.DataFrame:
        """Return the mean time that customers of each group stay within a limit: the area under the curve up to it.

        Parameters
        ----------
        until
            The limit; a positive number.

        Returns
        -------
        DataFrame
            One row per group: `group, estimate, std_error, conf_low, conf_high`.

        Raises
        ------
        ParameterError
            If the limit is not positive, or lies after the last time that some group was seen.

        Notes
        -----
        Andersen, Borgan, Gill and Keiding (1993), section IV.3.4. R: `print(survfit(...), rmean = until)`.
        """
        self._require_seen(until)
        z = normal_quantile(self.conf_level)
        rows = [restricted_mean_of(table, until) for table in self.life_tables]
        frame = pd.DataFrame(rows, columns=["estimate", "std_error"])
        frame.insert(0, "group", list(self.groups))
        margin = z * frame["std_error"]
        return frame.assign(
            conf_low=(frame["estimate"] - margin).clip(lower=0),
            conf_high=(frame["estimate"] + margin).clip(upper=until),
        )

    def _require_seen(self, until: float) -> None:
        if not isinstance(until, Real) or not 0 < until < float("inf"):
            raise ParameterError(f"`until` must be one positive number, not {until!r}.")
        short = [
            (float(table.time[-1]), group)
            for group, table in zip(self.groups, self.life_tables, strict=True)
            if table.time[-1] < until and table.hazard[-1] < 1
        ]
        if short:
            last, group = min(short)
            raise ParameterError(
                f"`until` is {until:g}, but the group {group!r} was seen until {last:g} only. Try: until={last:g}."
            )

    def _limits(self, table: LifeTable) -> dict[str, Array]:
        survival, greenwood = product_limit(table)
        z = normal_quantile(self.conf_level)
        return {"estimate": survival, "std_error": survival_error(survival, greenwood)} | survival_limits(
            survival, greenwood, z, self.limit_type
        )

    def __repr__(self) -> str:
        tables = self.life_tables
        n, events = sum((t.events + t.censored).sum() for t in tables), sum(t.events.sum() for t in tables)
        groups = "" if self.groups == ("all",) else f"; {len(self.groups)} groups"
        return f"SurvivalCurve({n:,.0f} spells, {events:,.0f} churned{groups})"

    def _repr_html_(self) -> str:
        return display.frame_to_html(self.glance(), title=repr(self))


def fit_kaplan_meier(
    spells: Any,
    *,
    by: str | tuple[str, ...] | list[str] | None = None,
    limit_type: LimitType = "log",
    conf_level: float = 0.95,
) -> SurvivalCurve:
    """Estimate the share of customers who are still there at each time.

    Parameters
    ----------
    spells
        SPELLS: a frame or table, with `entry` and `weight` where there are.
    by
        Columns whose values make groups, each with a curve of its own.
    limit_type
        The scale on which limits are symmetric: ``"log"`` (R's default), ``"log-log"`` or ``"plain"``.
    conf_level
        Of the limits, at each time by itself.

    Returns
    -------
    SurvivalCurve

    Raises
    ------
    DataError
        If the frame breaks the contract.
    ParameterError
        If a column is not there, the scale is unknown, or the level is not between 0 and 1.

    Notes
    -----
    Kaplan and Meier (1958), Journal of the American Statistical Association 53, 457-481, with Greenwood's standard error;
    `weight` counts customers. R: `survival::survfit`.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [1, 2, 3, 4], "churned": [True, True, False, False]})
    >>> fit_kaplan_meier(spells).at([2])["estimate"].tolist()
    [0.5]
    """
    normal_quantile(conf_level)
    if limit_type not in ("log", "log-log", "plain"):
        raise ParameterError(f"`limit_type` must be 'log', 'log-log' or 'plain', not {limit_type!r}.")
    frame = to_spell_frame(spells)
    arrays = to_arrays(frame)
    groups, number = number_groups(frame, by)
    parts = [arrays] if by is None else [arrays.take(number == place) for place in range(len(groups))]
    tables = tuple(build_life_table(part) for part in parts)
    return SurvivalCurve(groups=groups, life_tables=tables, limit_type=limit_type, conf_level=conf_level)

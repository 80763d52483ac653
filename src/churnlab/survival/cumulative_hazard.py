"""The hazard added up over time, by group: Nelson and Aalen's curve."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.inference import normal_quantile
from churnlab.survival.life_table import LifeTable, build_life_table, number_groups
from churnlab.survival.spell_arrays import to_arrays, to_spell_frame

__all__ = ["CumulativeHazardCurve", "fit_nelson_aalen"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CumulativeHazardCurve:
    """Nelson and Aalen's curve of one or several groups.

    Attributes
    ----------
    groups
        Names of the groups.
    life_tables
        Of each group.
    conf_level
        Of the limits.
    """

    groups: tuple[str, ...]
    life_tables: tuple[LifeTable, ...]
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per group and time: `group, time, n_risk, n_event, estimate, std_error, conf_low, conf_high`."""
        z = normal_quantile(self.conf_level)
        parts = []
        for group, table in zip(self.groups, self.life_tables, strict=True):
            estimate = np.cumsum(table.hazard)
            squares = np.divide(table.hazard, table.at_risk, out=np.zeros_like(estimate), where=table.at_risk > 0)
            std_error = np.sqrt(np.cumsum(squares))
            ratio = np.divide(std_error, estimate, out=np.zeros_like(estimate), where=estimate > 0)
            limits = {"conf_low": estimate * np.exp(-z * ratio), "conf_high": estimate * np.exp(z * ratio)}
            found = {"estimate": estimate, "std_error": std_error, **limits}
            counts = {"n_risk": table.at_risk, "n_event": table.events}
            parts.append(pd.DataFrame({"group": group, "time": table.time, **counts, **found}))
        return pd.concat(parts, ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row per group: `group, n, n_event, last_time, conf_level`."""
        tables = self.life_tables
        return pd.DataFrame(
            {
                "group": list(self.groups),
                "n": [float((table.events + table.censored).sum()) for table in tables],
                "n_event": [float(table.events.sum()) for table in tables],
                "last_time": [float(table.time[-1]) for table in tables],
                "conf_level": self.conf_level,
            }
        )

    def __repr__(self) -> str:
        events = sum(table.events.sum() for table in self.life_tables)
        return f"CumulativeHazardCurve({events:,.0f} churned; {len(self.groups)} groups)"

    def _repr_html_(self) -> str:
        return display.frame_to_html(self.glance(), title=repr(self))


def fit_nelson_aalen(
    spells: Any, *, by: str | tuple[str, ...] | list[str] | None = None, conf_level: float = 0.95
) -> CumulativeHazardCurve:
    """Estimate the hazard of leaving, added up over time; a straight line means a constant rate.

    Parameters
    ----------
    spells
        SPELLS: a frame or table, with `entry` and `weight` where there are.
    by
        Columns whose values make groups.
    conf_level
        Of the limits, at each time by itself, on the scale of the logarithm.

    Returns
    -------
    CumulativeHazardCurve

    Raises
    ------
    DataError
        If the frame breaks the contract.
    ParameterError
        If a column is not there, or the level is not between 0 and 1.

    Notes
    -----
    Aalen (1978), Annals of Statistics 6, 701-726; variance Σ d / n². R: `survfit(...)$cumhaz` and `std.chaz`.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [1, 2], "churned": [True, True]})
    >>> fit_nelson_aalen(spells).tidy()["estimate"].tolist()
    [0.5, 1.5]
    """
    normal_quantile(conf_level)
    frame = to_spell_frame(spells)
    arrays = to_arrays(frame)
    groups, number = number_groups(frame, by)
    tables = tuple(build_life_table(arrays.take(number == place)) for place in range(len(groups)))
    return CumulativeHazardCurve(groups=groups, life_tables=tables, conf_level=conf_level)

"""Numbers read off a survival curve: quantiles and restricted means."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.inference import normal_quantile
from churnlab.survival.life_table import LifeTable

__all__ = ["compare_restricted_means", "quantile_of", "restricted_mean_of"]

Array = npt.NDArray[np.float64]

_LEVEL = 1.5e-8
"""A curve this near to a share lies on it: R's tolerance, the square root of the machine's precision."""


def quantile_of(time: Array, survival: Array, share: float) -> float:
    """Return the time at which a falling step curve crosses 1 - share; the middle of a step that lies on it.

    Parameters
    ----------
    time, survival
        Times of the steps and height after each (m,); NaN heights are taken as never reached.
    share
        Between 0 and 1.
    """
    level = 1 - share
    known = np.where(np.isnan(survival), np.inf, survival)
    below = np.flatnonzero(known < level + _LEVEL)
    if not len(below):
        return float("nan")
    first = below[0]
    if abs(known[first] - level) < _LEVEL:
        lower = np.flatnonzero(known < level - _LEVEL)
        if len(lower):
            return float((time[first] + time[lower[0]]) / 2)
    return float(time[first])


def restricted_mean_of(table: LifeTable, until: float) -> tuple[float, float]:
    """Return the area under the curve up to a time, and its standard error.

    Parameters
    ----------
    table
        Of the group.
    until
        The limit.
    """
    inside = table.time < until
    time, events, at_risk = table.time[inside], table.events[inside], table.at_risk[inside]
    survival = np.concatenate([[1.0], np.cumprod(1 - table.hazard[inside])])
    widths = np.diff(np.concatenate([[0.0], time, [until]]))
    areas = survival * widths
    after = np.cumsum(areas[::-1])[::-1][1:]
    left = at_risk - events
    step = np.divide(events, at_risk * left, out=np.zeros_like(events), where=(left > 0) & (events > 0))
    return float(areas.sum()), float(np.sqrt(after**2 @ step))


def compare_restricted_means(means: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Compare the restricted mean of each group with that of the first.

    Parameters
    ----------
    means
        What :meth:`SurvivalCurve.restricted_mean` returns for several groups.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per other group: `group, against, estimate` (the difference), `std_error, statistic, p_value, conf_low,
        conf_high`.

    Raises
    ------
    ParameterError
        If the level is not between 0 and 1.

    Examples
    --------
    >>> means = pd.DataFrame({"group": ["a", "b"], "estimate": [10.0, 13.0], "std_error": [0.6, 0.8]})
    >>> compare_restricted_means(means)[["estimate", "std_error", "statistic"]].to_numpy().tolist()
    [[3.0, 1.0, 3.0]]
    """
    from scipy.special import ndtr

    first, others = means.iloc[0], means.iloc[1:]
    estimate = (others["estimate"] - first["estimate"]).to_numpy()
    std_error = np.hypot(others["std_error"].to_numpy(), first["std_error"])
    margin = normal_quantile(conf_level) * std_error
    return pd.DataFrame(
        {
            "group": others["group"].to_numpy(),
            "against": first["group"],
            "estimate": estimate,
            "std_error": std_error,
            "statistic": estimate / std_error,
            "p_value": 2 * ndtr(-np.abs(estimate / std_error)),
            "conf_low": estimate - margin,
            "conf_high": estimate + margin,
        }
    )

"""Whether groups leave at different rates: the log-rank test."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.survival.life_table import add_up, build_life_table, number_groups
from churnlab.survival.spell_arrays import SpellArrays, refuse_no_churn, to_arrays, to_spell_frame

__all__ = ["log_rank_groups", "log_rank_test"]

Array = npt.NDArray[np.float64]


def log_rank_test(spells: Any, *, by: str | tuple[str, ...] | list[str], strata: str | None = None) -> pd.DataFrame:
    """Test whether the groups leave at the same rate at every time.

    Parameters
    ----------
    spells
        SPELLS: a frame or table, with `entry` and `weight` where there are.
    by
        Columns whose values make the groups.
    strata
        A column within whose values the groups are compared.

    Returns
    -------
    DataFrame
        One row: `statistic` (chi squared), `df`, `p_value`, `groups`, `n`, `n_event`.

    Raises
    ------
    DataError
        If the frame breaks the contract, there are fewer than two groups, or nobody left.
    ParameterError
        If a column is not there.

    Notes
    -----
    Mantel (1966); Peto and Peto (1972), Journal of the Royal Statistical Society A 135, 185-207, with the variance of the
    hypergeometric distribution. It has little power where curves cross. R: `survival::survdiff`.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": range(1, 9), "churned": True, "plan": ["a"] * 4 + ["b"] * 4})
    >>> log_rank_test(spells, by="plan")[["statistic", "df"]].round(3).to_numpy().tolist()
    [[7.344, 1.0]]
    """
    from scipy.stats import chi2

    groups, observed, expected, covariance, arrays = _sums(spells, by, strata)
    excess = (observed - expected)[:-1]
    statistic = float(excess @ np.linalg.pinv(covariance[:-1, :-1], hermitian=True) @ excess)
    df = int((expected > 0).sum()) - 1
    return pd.DataFrame(
        {
            "statistic": [statistic],
            "df": [df],
            "p_value": [float(chi2.sf(statistic, df))],
            "groups": [len(groups)],
            "n": [float(arrays.weight.sum())],
            "n_event": [float(observed.sum())],
        }
    )


def log_rank_groups(spells: Any, *, by: str | tuple[str, ...] | list[str], strata: str | None = None) -> pd.DataFrame:
    """Return how many left in each group, and how many would have if all groups left at the same rate.

    Parameters
    ----------
    spells, by, strata
        As in :func:`log_rank_test`.

    Returns
    -------
    DataFrame
        One row per group: `group, n_event, expected, ratio` (of the two).

    Raises
    ------
    DataError
        As in :func:`log_rank_test`.
    ParameterError
        If a column is not there.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": range(1, 9), "churned": True, "plan": ["a"] * 4 + ["b"] * 4})
    >>> log_rank_groups(spells, by="plan")["expected"].round(3).tolist()
    [1.462, 6.538]
    """
    groups, observed, expected, _, _ = _sums(spells, by, strata)
    return pd.DataFrame({"group": groups, "n_event": observed, "expected": expected, "ratio": observed / expected})


def _sums(
    spells: Any, by: str | tuple[str, ...] | list[str], strata: str | None
) -> tuple[tuple[str, ...], Array, Array, Array, SpellArrays]:
    """Return groups, observed and expected churns (k,), covariance of their difference (k, k), and the spells."""
    if by is None:
        raise ParameterError("`by` must name the columns that make the groups.")
    frame = to_spell_frame(spells)
    arrays = to_arrays(frame)
    refuse_no_churn(arrays)
    groups, number = number_groups(frame, by)
    if len(groups) < 2:
        raise DataError(f"A test takes two groups or more, but all {len(frame):,} rows are in the group {groups[0]!r}.")
    layers, layer = number_groups(frame, strata)
    parts = [_stratum(arrays.take(layer == place), number[layer == place], len(groups)) for place in range(len(layers))]
    observed, expected, covariance = (np.sum([part[item] for part in parts], axis=0) for item in range(3))
    return groups, observed, expected, covariance, arrays


def _stratum(spells: SpellArrays, number: npt.NDArray[Any], groups: int) -> tuple[Array, Array, Array]:
    pooled = build_life_table(spells)
    event = pooled.events > 0
    time, at_risk, events = pooled.time[event], pooled.at_risk[event], pooled.events[event]
    risk, left = np.zeros((groups, len(time))), np.zeros((groups, len(time)))
    for group in range(groups):
        if (number == group).any():
            risk[group], left[group] = _on_grid(spells.take(number == group), time)
    share = risk / at_risk
    spread = np.divide(events * (at_risk - events), at_risk - 1, out=np.zeros_like(events), where=at_risk > 1)
    covariance = np.diag(share @ spread) - (share * spread) @ share.T
    return left.sum(axis=1), share @ events, covariance


def _on_grid(spells: SpellArrays, time: Array) -> tuple[Array, Array]:
    """Return how many of a group were at risk and how many left at each of some times (t,)."""

    def still(moments: Array, weight: Array) -> Array:
        begun = add_up(np.searchsorted(time, moments, side="right"), weight, len(time) + 1)
        return np.asarray(np.cumsum(begun[::-1])[::-1][1:])

    at_risk = still(spells.duration, spells.weight)
    if spells.entry is not None:
        at_risk = at_risk - still(spells.entry, spells.weight)
    ends, weight = spells.duration[spells.churned], spells.weight[spells.churned]
    return at_risk, add_up(np.searchsorted(time, ends), weight, len(time))

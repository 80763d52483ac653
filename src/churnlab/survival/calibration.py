"""Whether predicted probabilities of leaving come true: by group, on average, and over the whole course."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.features.intervals import wilson
from churnlab.inference import normal_quantile
from churnlab.survival.censoring import check_predictions, fit_censoring, known_at, to_scored
from churnlab.survival.life_table import build_life_table
from churnlab.survival.logistic_spline import smooth_probability
from churnlab.survival.product_limit import product_limit
from churnlab.survival.spell_arrays import SpellArrays, refuse_no_churn

__all__ = ["calibration_table", "left_by", "score_calibration"]

Array = npt.NDArray[np.float64]


def calibration_table(
    probability: npt.ArrayLike, spells: Any, *, horizon: float, groups: int = 10, conf_level: float = 0.95
) -> pd.DataFrame:
    """Compare predicted and observed shares of leavers, in groups of customers of like prediction.

    Parameters
    ----------
    probability
        Of leaving within the horizon (n,).
    spells
        SPELLS of the same customers, in the same order (n rows), followed from the start.
    horizon
        The time by which leaving counts.
    groups
        Number of groups of about equal size; like predictions stay together.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per group, in order of the prediction: `group`, `customers`, `expected` (mean probability), `estimate` (share
        that left, by Kaplan and Meier), `std_error, conf_low, conf_high`.

    Raises
    ------
    DataError
        If the spells break the contract, enter late or end before the horizon, or the prediction has another length or
        leaves 0 to 1.
    ParameterError
        If the number of groups or the level is out of range.

    Notes
    -----
    Limits are Wilson's at the number of customers that would have the same standard error without losses from sight.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [1, 9, 1, 9], "churned": [True, False, True, True]})
    >>> calibration_table([0.4, 0.4, 0.9, 0.9], spells, horizon=5)[["expected", "estimate"]].to_numpy().tolist()
    [[0.4, 0.5], [0.9, 0.5]]
    """
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1:
        raise ParameterError(f"`groups` must be a whole number, 1 or more, not {groups!r}.")
    arrays = to_scored(spells, horizon)
    predicted = check_predictions({"probability": probability}, len(arrays.duration), ())["probability"]
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, groups + 1)[1:-1]))
    number = np.searchsorted(edges, predicted, side="left") if len(np.unique(predicted)) > groups else None
    number = pd.factorize(predicted, sort=True)[0] if number is None else pd.factorize(number, sort=True)[0]
    rows = []
    for group in range(int(number.max()) + 1):
        part = arrays.take(number == group)
        share, error = left_by(part, horizon)
        n = float(part.weight.sum())
        low, high = _limits(share, error, n, conf_level)
        expected = float(part.weight @ predicted[number == group] / n)
        rows.append((group + 1, n, expected, share, error, low, high))
    columns = ["group", "customers", "expected", "estimate", "std_error", "conf_low", "conf_high"]
    return pd.DataFrame(rows, columns=columns)


def left_by(spells: SpellArrays, horizon: float) -> tuple[float, float]:
    """Return the share that left by a time, by Kaplan and Meier, with Greenwood's standard error.

    Parameters
    ----------
    spells
        n spells.
    horizon
        The time.

    Raises
    ------
    DataError
        If all were lost from sight before.
    """
    if spells.duration.max() < horizon and not spells.churned[spells.duration == spells.duration.max()].all():
        raise DataError(
            f"A group of {len(spells.duration):,} customers was followed until {spells.duration.max():g} only, not {horizon:g}. "
            "Try an earlier horizon or fewer groups."
        )
    table = build_life_table(spells)
    survival, greenwood = product_limit(table)
    last = int(np.searchsorted(table.time, horizon, side="right"))
    if last == 0:
        return 0.0, 0.0
    share = float(survival[last - 1])
    return 1 - share, share * float(np.sqrt(greenwood[last - 1])) if share > 0 else 0.0


def _limits(share: float, error: float, n: float, conf_level: float) -> tuple[float, float]:
    size = share * (1 - share) / error**2 if error > 0 else n
    low, high = wilson([share * size], [size], conf_level=conf_level)
    return float(low[0]), float(high[0])


def score_calibration(
    predictions: Mapping[str, npt.ArrayLike], spells: Any, *, horizon: float, conf_level: float = 0.95
) -> pd.DataFrame:
    """Score how far predicted probabilities of leaving within a horizon come true.

    Parameters
    ----------
    predictions
        For each model's name the probabilities (n,).
    spells
        SPELLS of the same customers, in the same order (n rows), followed from the start.
    horizon
        The time by which leaving counts.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per model and score: `model, score, time, estimate, std_error, conf_low, conf_high`. The scores:
        ``expected_observed``, expected over observed leavers, 1 at best, with limits; and without limits ``ici``, ``e50`` and
        ``e90``, the mean, median and 90 % point of the distance between predicted probability and smoothed observed share, 0
        at best.

    Raises
    ------
    DataError
        If the spells break the contract, enter late or end before the horizon, nobody left by then, or a prediction has
        another length or leaves 0 to 1.
    ParameterError
        If there is no prediction, or the level is not between 0 and 1.

    Notes
    -----
    Austin, Harrell and van Klaveren (2020), Statistics in Medicine 39, 2714-2742; the observed share is smoothed by a
    logistic regression on a restricted cubic spline (4 knots) of log(-log(1 - p)), weighted by the inverse of the chance
    that a customer's fate is known. The distances have no limits: by chance alone they lie above 0, and percentiles of a
    bootstrap never hold a truth near 0.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [1, 9, 1, 9], "churned": [True, False, True, True]})
    >>> score_calibration({"model": [0.5] * 4}, spells, horizon=5)[["score", "estimate"]].head(2).to_numpy().tolist()
    [['expected_observed', 1.0], ['ici', 0.0]]
    """
    z = normal_quantile(conf_level)
    arrays = to_scored(spells, horizon)
    refuse_no_churn(arrays)
    checked = check_predictions(predictions, len(arrays.duration), ())
    observed, error = left_by(arrays, horizon)
    if observed == 0:
        raise DataError(f"Nobody left within {horizon:g}, so that calibration cannot be judged. Try a longer horizon.")
    known = known_at(arrays, horizon, fit_censoring(arrays))
    rows = []
    for name, predicted in checked.items():
        ratio = float(arrays.weight @ predicted / arrays.weight.sum()) / observed
        spread = float(np.exp(z * error / observed))
        rows.append(
            (name, "expected_observed", horizon, ratio, ratio * error / observed, ratio / spread, ratio * spread)
        )
        gap = np.abs(predicted - smooth_probability(predicted, known.left, known.weight))
        found = {"ici": float(arrays.weight @ gap / arrays.weight.sum())}
        found |= {f"e{share}": _quantile(gap, arrays.weight, share / 100) for share in (50, 90)}
        rows += [(name, score, horizon, value, np.nan, np.nan, np.nan) for score, value in found.items()]
    return pd.DataFrame(rows, columns=["model", "score", "time", "estimate", "std_error", "conf_low", "conf_high"])


def _quantile(values: Array, weight: Array, share: float) -> float:
    order = np.argsort(values)
    running = np.cumsum(weight[order])
    place = np.searchsorted(running, share * running[-1], side="left")
    return float(values[order][min(int(place), len(values) - 1)])

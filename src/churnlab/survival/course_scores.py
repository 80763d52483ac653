"""Two more scores: calibration over the whole course of predicted survival, and the lift of a list of customers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.survival.calibration import left_by
from churnlab.survival.censoring import check_predictions, to_scored
from churnlab.survival.spell_arrays import SpellArrays, refuse_no_churn, to_arrays

__all__ = ["d_calibration_table", "score_d_calibration", "score_lift"]

Array = npt.NDArray[np.float64]


def d_calibration_table(
    at_end: npt.ArrayLike, spells: Any, *, before_end: npt.ArrayLike | None = None, bins: int = 10
) -> pd.DataFrame:
    """Count customers by their predicted survival at the time they left: as many in each bin, if predictions are right.

    Parameters
    ----------
    at_end
        Predicted share still there at each customer's own duration (n,).
    spells
        SPELLS of the same customers, in the same order (n rows), followed from the start.
    before_end
        The same just before her duration (n,), where times are whole units: her leaving is then spread over the stretch that
        the curve falls by.
    bins
        Number of bins of equal width.

    Returns
    -------
    DataFrame
        One row per bin: `low`, `high` (predicted survival), `n_event` (customers, those who were lost from sight in the
        shares in which they are expected there), `expected`.

    Raises
    ------
    DataError
        If the spells break the contract or enter late, or a prediction has another length or leaves 0 to 1.
    ParameterError
        If there are fewer than two bins.

    Notes
    -----
    Haider, Hoehn, Davis and Greiner (2020), Journal of Machine Learning Research 21 (85): survival at the time of leaving is
    uniform under a right model. A customer lost from sight at survival s would leave at one that is uniform below s.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [1, 2], "churned": [True, False]})
    >>> d_calibration_table([0.75, 0.5], spells, bins=2)["n_event"].tolist()
    [1.0, 1.0]
    """
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 2:
        raise ParameterError(f"`bins` must be a whole number, 2 or more, not {bins!r}.")
    arrays = to_scored(spells, 0.0)
    given = {"at_end": at_end} if before_end is None else {"at_end": at_end, "before_end": before_end}
    checked = check_predictions(given, len(arrays.duration), ())
    edges = np.linspace(0, 1, bins + 1)
    shares = _spread(arrays, checked["at_end"], checked.get("before_end", checked["at_end"]), edges)
    n = float(arrays.weight.sum())
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "n_event": arrays.weight @ shares, "expected": n / bins})


def _spread(spells: SpellArrays, at_end: Array, before_end: Array, edges: Array) -> Array:
    """Return the share of each customer that falls into each bin (n, b)."""
    low = np.where(spells.churned, at_end, 0.0)
    high = np.where(spells.churned, np.maximum(before_end, at_end), at_end)
    width = high - low
    inside = np.clip(np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1]), 0, None)
    point = np.clip(np.searchsorted(edges, high, side="right") - 1, 0, len(edges) - 2)
    at_point = np.eye(len(edges) - 1)[point]
    flat = width <= 0
    return np.where(flat[:, None], at_point, inside / np.where(flat, 1.0, width)[:, None])


def score_d_calibration(
    at_end: Mapping[str, npt.ArrayLike],
    spells: Any,
    *,
    before_end: Mapping[str, npt.ArrayLike] | None = None,
    bins: int = 10,
) -> pd.DataFrame:
    """Test whether predicted survival is right over the whole course.

    Parameters
    ----------
    at_end, before_end
        For each model's name, what :func:`d_calibration_table` takes.
    spells, bins
        As there.

    Returns
    -------
    DataFrame
        One row per model: `model`, `score` (``"d_calibration"``), `statistic` (chi squared), `df`, `p_value`. A small p-value
        says that predictions are off; with many customers it is small for predictions that are good enough, so look at the
        table, too.

    Raises
    ------
    DataError
        As in :func:`d_calibration_table`.
    ParameterError
        As in :func:`d_calibration_table`, or if there is no prediction.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [1, 2], "churned": [True, True]})
    >>> score_d_calibration({"model": [0.75, 0.25]}, spells, bins=2)["p_value"].tolist()
    [1.0]
    """
    from scipy.stats import chi2

    if not at_end:
        raise ParameterError("There is no prediction to score.")
    refuse_no_churn(to_arrays(spells))
    rows = []
    for name, values in at_end.items():
        before = None if before_end is None else before_end[name]
        table = d_calibration_table(values, spells, before_end=before, bins=bins)
        statistic = float(((table["n_event"] - table["expected"]) ** 2 / table["expected"]).sum())
        rows.append((name, "d_calibration", statistic, bins - 1, float(chi2.sf(statistic, bins - 1))))
    return pd.DataFrame(rows, columns=["model", "score", "statistic", "df", "p_value"])


def score_lift(
    predictions: Mapping[str, npt.ArrayLike],
    spells: Any,
    *,
    horizon: float,
    share: float = 0.1,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Score how many more of those rated highest left than of all.

    Parameters
    ----------
    predictions
        For each model's name the probability of leaving within the horizon (n,).
    spells
        SPELLS of the same customers, in the same order (n rows), followed from the start.
    horizon
        The time by which leaving counts.
    share
        Of customers that are on the list, between 0 and 1.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per model: `model`, `score` (``"lift"``), `time`, `estimate`, `std_error`, `conf_low`, `conf_high`; 1 is no
        better than chance. Customers rated alike at the edge of the list count in proportion.

    Raises
    ------
    DataError
        If the spells break the contract, enter late or end before the horizon, nobody left by then, or a prediction has
        another length or leaves 0 to 1.
    ParameterError
        If there is no prediction, or the share or the level is not between 0 and 1.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [1, 9, 1, 9], "churned": [True, False, False, False]})
    >>> score_lift({"model": [0.9, 0.1, 0.2, 0.3]}, spells, horizon=1, share=0.25)["estimate"].tolist()
    [4.0]
    """
    if not 0 < share < 1:
        raise ParameterError(f"`share` must lie between 0 and 1, not {share!r}.")
    z = normal_quantile(conf_level)
    arrays = to_scored(spells, horizon)
    rows = []
    for name, values in check_predictions(predictions, len(arrays.duration), ()).items():
        listed = _on_list(values, arrays.weight, share)
        (top, top_error), (rest, rest_error) = (_left(arrays, part, horizon) for part in (listed, 1 - listed))
        whole = share * top + (1 - share) * rest
        if whole == 0:
            raise DataError(f"Nobody left within {horizon:g}, so that there is no lift. Try a longer horizon.")
        slope = (1 - share) / whole**2
        error = slope * float(np.hypot(rest * top_error, top * rest_error))
        lift = top / whole
        rows.append((name, "lift", horizon, lift, error, max(lift - z * error, 0.0), min(lift + z * error, 1 / share)))
    return pd.DataFrame(rows, columns=["model", "score", "time", "estimate", "std_error", "conf_low", "conf_high"])


def _on_list(values: Array, weight: Array, share: float) -> Array:
    """Return which part of each customer is on the list of those rated highest (n,)."""
    order = np.argsort(-values, kind="stable")
    size = share * weight.sum()
    edge = values[order][int(np.searchsorted(np.cumsum(weight[order]), size * (1 - 1e-12)))]
    above, level = values > edge, values == edge
    rest = (size - weight[above].sum()) / weight[level].sum()
    return np.asarray(above + level * np.clip(rest, 0, 1))


def _left(spells: SpellArrays, part: Array, horizon: float) -> tuple[float, float]:
    kept = part > 0
    some = spells.take(kept)
    weighted = SpellArrays(duration=some.duration, churned=some.churned, entry=None, weight=some.weight * part[kept])
    return left_by(weighted, horizon)

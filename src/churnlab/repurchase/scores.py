"""How good forecasts were on held-out time, with intervals from resampled customers."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile
from churnlab.repurchase.resampling import SCORES, resample_scores

__all__ = ["SCORES", "best_forecast", "compare_forecasts", "score_forecasts", "to_score_table"]

Array = npt.NDArray[np.float64]


def score_forecasts(
    forecasts: Mapping[str, pd.DataFrame],
    future: pd.DataFrame,
    *,
    seed: int,
    draws: int = 200,
    bins: int = 10,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Compare forecasts with what the same customers did.

    Parameters
    ----------
    forecasts
        For each model a frame with `probability` of an order and, where it forecasts them, `estimate`, the expected
        orders, and `amount`, the expected money (n rows).
    future
        What :func:`churnlab.features.to_future` returns for the same customers (n rows, same order, same index).
    seed
        Of the random numbers.
    draws
        How often the customers are resampled, 20 or more.
    bins
        Of the calibration error.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per model and score: `model, score, estimate, std_error, conf_low, conf_high`. Customer by customer:
        `log_loss` and `brier` of the probability (lower is better); `calibration_error`, how far mean forecast and
        share of buyers are apart in the average bin (lower); `auc`, the probability that who ordered was rated above
        who did not (higher; 0.5 is a coin); `lift`, the share of buyers in the tenth rated highest, as a multiple of
        that among all (higher); `mae_orders`, `mae_amount`, the mean absolute error in orders and in money (lower). In
        total: `error_buyers`, `error_orders`, `error_amount`, the share by which the total was forecast too high (+) or
        too low (-).

    Raises
    ------
    DataError
        If a forecast has other rows than the customers, no column `probability`, or a value out of range.
    ParameterError
        If there is no forecast, or a number is out of range.

    Notes
    -----
    Brier (1950); AUC by mid-ranks (Mann-Whitney). The bins of the calibration error hold about the same number of
    customers each, in order of the forecast (Nguyen and O'Connor 2015); it is above 0 by chance alone even for the true
    probabilities. Probabilities count as 10⁻⁶ at least and 1 - 10⁻⁶ at most in the log loss. Standard errors are those
    over resamplings of the customers, the same customers for every model (Efron and Tibshirani 1993, chapter 6); limits
    are ± z of them, within the range of the score.

    Examples
    --------
    >>> future = pd.DataFrame({"orders": [0, 0, 1, 2], "amount": [0.0, 0.0, 5.0, 9.0]})
    >>> sure = pd.DataFrame({"probability": [0.1, 0.3, 0.6, 0.8]})
    >>> score_forecasts({"sure": sure}, future, seed=1).set_index("score").loc["brier", "estimate"].round(3)
    np.float64(0.075)
    """
    z = normal_quantile(conf_level)
    values = resample_scores(forecasts, future, seed=seed, draws=draws, bins=bins)
    table = values.frame()
    error = values.drawn.std(axis=0, ddof=1)
    low, high = _limits(table, z * error)
    return table.assign(std_error=error, conf_low=low, conf_high=high).dropna(subset="estimate", ignore_index=True)


def compare_forecasts(
    forecasts: Mapping[str, pd.DataFrame],
    future: pd.DataFrame,
    *,
    seed: int,
    against: str | None = None,
    draws: int = 200,
    bins: int = 10,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Compare the scores of forecasts with those of one of them, customer by customer.

    Parameters
    ----------
    forecasts, future, seed, draws, bins, conf_level
        As in :func:`score_forecasts`.
    against
        The model that the others are held against, by default the first.

    Returns
    -------
    DataFrame
        One row per other model and score: `model, score, estimate, std_error, conf_low, conf_high`. The estimate is the
        model's score less that of `against`: above 0 is worse for the scores of which less is better (:data:`SCORES`).
        For the errors of totals it is the difference of their sizes without sign. Limits that hold 0 mean no telling.

    Raises
    ------
    DataError
        As in :func:`score_forecasts`.
    ParameterError
        If there are fewer than two forecasts, none of the name `against`, or a number is out of range.

    Notes
    -----
    The differences are taken within each resampling, so that what is common to both models drops out.

    Examples
    --------
    >>> future = pd.DataFrame({"orders": [0, 0, 1, 2], "amount": [0.0, 0.0, 5.0, 9.0]})
    >>> sure, coin = (pd.DataFrame({"probability": p}) for p in ([0.1, 0.3, 0.6, 0.8], [0.5] * 4))
    >>> compare_forecasts({"sure": sure, "coin": coin}, future, seed=1).set_index("score").loc["brier", "estimate"]
    np.float64(0.175)
    """
    reference = against or next(iter(forecasts), "")
    if reference not in forecasts or len(forecasts) < 2:
        raise ParameterError(
            f"Comparing takes two forecasts, one of them {reference!r}, but there are: {list(forecasts)}."
        )
    margin = normal_quantile(conf_level)
    values = resample_scores(forecasts, future, seed=seed, draws=draws, bins=bins)
    table = values.frame()
    signed = table["score"].map(SCORES).eq("nearer 0").to_numpy()
    point, drawn = (np.where(signed, np.abs(array), array) for array in (values.point, values.drawn))
    k, own = len(SCORES), list(forecasts).index(reference)
    base = np.tile(np.arange(own * k, own * k + k), len(forecasts))
    difference, error = point - point[base], (drawn - drawn[:, base]).std(axis=0, ddof=1)
    table = table.assign(
        estimate=difference,
        std_error=error,
        conf_low=difference - margin * error,
        conf_high=difference + margin * error,
    )
    return table[table["model"] != reference].dropna(subset="estimate", ignore_index=True)


def best_forecast(scores: pd.DataFrame, *, score: str = "log_loss") -> str:
    """Return the name of the model that does best by a score.

    Parameters
    ----------
    scores
        What :func:`score_forecasts` returns.
    score
        One of :data:`SCORES`.

    Raises
    ------
    ParameterError
        If there is no such score.

    Examples
    --------
    >>> scores = pd.DataFrame({"model": ["a", "b"], "score": "auc", "estimate": [0.7, 0.8]})
    >>> best_forecast(scores, score="auc")
    'b'
    """
    found = scores[scores["score"] == score].set_index("model")["estimate"]
    if score not in SCORES or found.empty:
        raise ParameterError(f"`score` must be one of {', '.join(scores['score'].unique())}, not {score!r}.")
    return str(found.idxmax() if SCORES[score] == "higher" else found.abs().idxmin())


def to_score_table(scores: pd.DataFrame, *, columns: Mapping[str, str] | None = None, digits: int = 3) -> pd.DataFrame:
    """Lay scores out for reading: a model a row, a score a column, each with its limits as text.

    Parameters
    ----------
    scores
        What :func:`score_forecasts` or :func:`compare_forecasts` returns.
    columns
        Which scores to show, and under which heading; by default all, by name.
    digits
        Significant digits of the estimates; limits have as many decimals.

    Returns
    -------
    DataFrame
        `model`, and a column per score with cells such as ``"0.747 (0.739 to 0.754)"``; ``"–"`` where a model has none.

    Examples
    --------
    >>> scores = pd.DataFrame({"model": ["m"], "score": ["auc"], "estimate": 0.747, "conf_low": 0.739, "conf_high": 0.754})
    >>> to_score_table(scores).iloc[0].tolist()
    ['m', '0.747 (0.739 to 0.754)']
    """
    shown = dict(columns) if columns is not None else {name: name for name in scores["score"].unique()}
    numbers = scores[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float)
    cells = [_cell(float(estimate), float(low), float(high), digits) for estimate, low, high in numbers]
    wide = scores.assign(cell=cells).pivot_table(
        index="model", columns="score", values="cell", aggfunc="first", sort=False
    )
    table = wide.reindex(columns=list(shown)).rename(columns=shown).fillna("–")
    table.columns.name = None
    return table.reset_index()


def _cell(estimate: float, low: float, high: float, digits: int) -> str:
    largest = max(abs(estimate), 1e-12)
    decimals = max(0, digits - 1 - int(np.floor(np.log10(largest)))) if largest < 10**digits else 0
    decimals = min(decimals, digits)
    return f"{estimate:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f})"


def _limits(table: pd.DataFrame, margin: Array) -> tuple[Array, Array]:
    """Return limits within the range of each score."""
    total = table["score"].map(SCORES).eq("nearer 0")
    lowest = np.where(total, -1.0, 0.0)
    highest = np.where(table["score"].isin(["auc", "brier", "calibration_error"]), 1.0, np.inf)
    point = table["estimate"].to_numpy(dtype=float)
    return np.clip(point - margin, lowest, highest), np.clip(point + margin, lowest, highest)

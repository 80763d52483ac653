"""How good predicted survival was: Brier scores, their integral, and the area under the time-dependent curve."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile
from churnlab.survival.censoring import Known, check_predictions, fit_censoring, known_at, to_scored
from churnlab.survival.spell_arrays import check_times, refuse_no_churn, to_arrays

__all__ = ["score_survival"]

Array = npt.NDArray[np.float64]


def score_survival(
    predictions: Mapping[str, npt.ArrayLike],
    spells: Any,
    *,
    times: npt.ArrayLike,
    censoring: Any = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Score predicted survival against what became of the same customers.

    Parameters
    ----------
    predictions
        For each model's name the predicted share still there at each time (n, m). The first is the one that the others are
        held against.
    spells
        SPELLS of the same customers, in the same order (n rows), followed from the start.
    times
        Ascending (m,); none after the longest duration.
    censoring
        SPELLS to estimate from how long customers stay in sight; by default `spells` themselves.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per model, score and time: `model, score, time, estimate, std_error, conf_low, conf_high`. The scores:
        ``brier``, the mean squared error of the share still there, from 0 (best) on; ``brier_excess``, how much worse (+) it
        is than the first model's; ``auc``, the probability that a customer who left by then was rated above one who stayed,
        1 at best and 0.5 for a coin; ``integrated_brier`` and its ``_excess``, the mean over `times`, with an empty `time`.

    Raises
    ------
    DataError
        If the spells break the contract, enter late or end before the last time, nobody left, or a prediction has another
        shape or leaves 0 to 1.
    ParameterError
        If there is no prediction, the times do not ascend, or the level is not between 0 and 1.

    Notes
    -----
    Brier: Graf, Schmoor, Sauerbrei and Schumacher (1999), Statistics in Medicine 18, 2529-2545, integrated by the trapezoidal
    rule. AUC: cumulative cases and dynamic controls of Uno, Cai, Tian and Wei (2007), Journal of the American Statistical
    Association 102, 527-537. Both weight those whose fate is known by the inverse of the chance that it would be, taken just
    before their time (see :func:`churnlab.survival.censoring.known_at`). The errors take these weights for certain. R: `pec`,
    `riskRegression::Score`.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [1, 2, 3, 4], "churned": [True, True, False, False]})
    >>> predicted = {"model": [[0.2], [0.4], [0.8], [0.9]]}
    >>> score_survival(predicted, spells, times=[2])[["score", "estimate"]].head(2).round(4).to_numpy().tolist()
    [['brier', 0.0625], ['auc', 1.0]]
    """
    z, asked = normal_quantile(conf_level), check_times(times)
    if not (np.diff(asked) > 0).all():
        raise ParameterError(f"`times` must ascend, not {times!r}.")
    arrays = to_scored(spells, float(asked[-1]))
    refuse_no_churn(arrays)
    seen = fit_censoring(arrays if censoring is None else to_arrays(censoring))
    checked = check_predictions(predictions, len(arrays.duration), asked.shape)
    rows: list[tuple[Any, ...]] = []
    total = {name: np.zeros(len(arrays.duration)) for name in checked}
    share = _trapezoid(asked)
    first = next(iter(checked))
    for place, time in enumerate(asked):
        known = known_at(arrays, float(time), seen)
        losses = {name: _squares(values[:, place], known) for name, values in checked.items()}
        for name, loss in losses.items():
            total[name] += share[place] * loss
            against = losses[first] if name != first else None
            rows += [(name, *row) for row in _compared("brier", float(time), loss, against, arrays.weight)]
            rows.append((name, "auc", float(time), *_auc(1 - checked[name][:, place], known, arrays.weight)))
    for name, loss in total.items():
        against = total[first] if name != first else None
        rows += [(name, *row) for row in _compared("integrated_brier", np.nan, loss, against, arrays.weight)]
    frame = pd.DataFrame(rows, columns=["model", "score", "time", "estimate", "std_error"])
    margin = z * frame["std_error"]
    low, high = frame["estimate"] - margin, frame["estimate"] + margin
    least = np.where(frame["score"].str.endswith("_excess"), -np.inf, 0.0)
    most = np.where(frame["score"] == "auc", 1.0, np.inf)
    return frame.assign(conf_low=low.clip(lower=least), conf_high=high.clip(upper=most))


def _trapezoid(times: Array) -> Array:
    """Return the weight of each time in the mean over them (m,)."""
    if len(times) == 1:
        return np.ones(1)
    widths = np.diff(times)
    ends = np.concatenate([[0.0], widths]) + np.concatenate([widths, [0.0]])
    return np.asarray(ends / 2 / (times[-1] - times[0]))


def _squares(survival: Array, known: Known) -> Array:
    return np.asarray(known.weight * (survival - ~known.left) ** 2)


def _compared(score: str, time: float, loss: Array, first: Array | None, weight: Array) -> list[tuple[Any, ...]]:
    """Return score, time, estimate and error of a mean loss, and of its excess over the first model's where there is one."""
    rows = [(score, time, *_mean(loss, weight))]
    if first is not None:
        rows.append((f"{score}_excess", time, *_mean(loss - first, weight)))
    return rows


def _mean(loss: Array, weight: Array) -> tuple[float, float]:
    """Return the mean of losses, which hold their weights already, and its standard error; a row stands for `weight`."""
    n = weight.sum()
    mean = loss.sum() / n
    squares = float(((loss / weight - mean) ** 2) @ weight)
    return float(mean), float(np.sqrt(squares / n / max(n - 1, 1.0)))


def _auc(risk: Array, known: Known, weight: Array) -> tuple[float, float]:
    """Return the weighted probability that a case is rated above a control, ties counted half, and its standard error."""
    case, control = known.left & (known.weight > 0), ~known.left & (known.weight > 0)
    if not case.any() or not control.any():
        return float("nan"), float("nan")
    w, v = known.weight[case], weight[control]
    above = _share_below(risk[case], risk[control], v)
    below = 1 - _share_below(risk[control], risk[case], w)
    auc = float(w @ above / w.sum())
    of_cases = (w**2 / weight[case]) @ (above - auc) ** 2 / w.sum() ** 2
    of_controls = v @ (below - auc) ** 2 / v.sum() ** 2
    return auc, float(np.sqrt(of_cases + of_controls))


def _share_below(values: Array, others: Array, weight: Array) -> Array:
    """Return the weighted share of others that lies below each value, with half of those that equal it."""
    order = np.argsort(others, kind="stable")
    running = np.concatenate([[0.0], np.cumsum(weight[order])])
    low, high = (running[np.searchsorted(others[order], values, side=side)] for side in ("left", "right"))
    return np.asarray((low + high) / 2 / running[-1])

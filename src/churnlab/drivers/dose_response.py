"""The share that did something at each answer, with customers alike in what they had done before."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import column_weights
from churnlab.drivers.linked_rows import ADJUST, design, number_clusters, to_whole_rows
from churnlab.drivers.logistic import LogisticMaximum, maximise_logistic
from churnlab.errors import DataError
from churnlab.inference import normal_quantile

__all__ = ["to_dose_response"]

Array = npt.NDArray[np.float64]

_LEAST_ROWS, _LEAST_EACH = 20, 2
"""Rows, and rows of each outcome, that a level needs to stand alone."""


def to_dose_response(
    linked: pd.DataFrame,
    *,
    outcome: str = "ordered_ahead",
    satisfaction: str = "outcome",
    adjust: Sequence[str] = ADJUST,
    weight: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return the share that did something at each answer, as it is and with the past held equal.

    Parameters
    ----------
    linked, outcome, adjust, weight, conf_level
        As in :func:`fit_consequence`.
    satisfaction
        As there, or an ordered category such as ``"handled"``. Neighbouring answers are taken together until 20 rows and two of
        each outcome stand behind each level.

    Returns
    -------
    DataFrame
        One row per level, ascending: `level, n`, the share as it is `raw`, and `estimate` with `std_error, conf_low, conf_high`:
        the share if all customers had answered so and were otherwise as they are.

    Raises
    ------
    DataError
        As in :func:`fit_consequence`; fewer than two levels are left; or its categories have no order.
    ParameterError
        As in :func:`fit_consequence`.
    ConvergenceError
        As in :func:`fit_consequence`.

    Notes
    -----
    Standardisation (g-computation) after a logistic regression with a column per level, delta method. R:
    `marginaleffects::avg_predictions`. Without adjustments `estimate` is `raw`.
    """
    ordered = isinstance(linked.get(satisfaction, pd.Series(dtype=float)).dtype, pd.CategoricalDtype)
    if ordered and not linked[satisfaction].cat.ordered:
        raise DataError(
            f"The categories of `{satisfaction}` have no order. Try: numbers, or ordered pandas categories."
        )
    codes = linked[satisfaction].cat.codes.replace(-1, np.nan) if ordered else linked.get(satisfaction)
    prepared = linked if codes is None else linked.assign(**{satisfaction: codes})
    data = to_whole_rows(prepared, outcome, satisfaction, adjust, weight)
    y, weights = data[outcome].to_numpy(dtype=float), column_weights(data, weight)
    place, groups = _levels(data[satisfaction].to_numpy(dtype=float), y)
    if len(groups) < 2:
        raise DataError(f"The answers to `{satisfaction}` are too few or too much alike for two levels of 20 rows.")
    names = linked[satisfaction].cat.categories if ordered else None
    past = design(data, satisfaction, adjust)[:, 2:]
    x = np.column_stack([np.eye(len(groups))[place], past - np.average(past, axis=0, weights=weights)])
    maximum = maximise_logistic(x, y, weight=weights, cluster=number_clusters(data))
    rows = []
    for level, values in enumerate(groups):
        same = x.copy()
        same[:, : len(groups)] = np.eye(len(groups))[level]
        estimate, error = _mean_probability(same, weights, maximum)
        mine = place == level
        raw = float(np.average(y[mine], weights=weights[mine]))
        rows.append((_label(values, names), int(mine.sum()), raw, estimate, error))
    table = pd.DataFrame(rows, columns=["level", "n", "raw", "estimate", "std_error"])
    margin = normal_quantile(conf_level) * table["std_error"]
    return table.assign(
        conf_low=(table["estimate"] - margin).clip(lower=0), conf_high=(table["estimate"] + margin).clip(upper=1)
    )


def _levels(values: Array, y: Array) -> tuple[npt.NDArray[np.intp], list[Array]]:
    """Return the level of each row (n,) and the answers that make it up, thin ones taken together with those above them."""
    groups: list[list[float]] = [[]]
    for value in np.unique(values):
        groups[-1].append(float(value))
        if _enough(y[np.isin(values, groups[-1])]):
            groups.append([])
    last = groups.pop()
    if last and groups:
        groups[-1].extend(last)
    place = np.zeros(len(values), dtype=np.intp)
    for level, members in enumerate(groups):
        place[np.isin(values, members)] = level
    return place, [np.array(members) for members in groups]


def _enough(y: Array) -> bool:
    return len(y) >= _LEAST_ROWS and min(y.sum(), len(y) - y.sum()) >= _LEAST_EACH


def _label(values: Array, names: pd.Index | None) -> str:
    shown = [str(names[int(value)]) if names is not None else f"{value:g}" for value in (values[0], values[-1])]
    if shown[0] == shown[1]:
        return shown[0]
    return " to ".join(shown) if names is not None else "-".join(shown)


def _mean_probability(x: Array, weight: Array, fit: LogisticMaximum) -> tuple[float, float]:
    mean = 1 / (1 + np.exp(-(x @ fit.coefficient)))
    share = weight / weight.sum()
    jacobian = (share * mean * (1 - mean)) @ x
    return float(share @ mean), float(np.sqrt(jacobian @ fit.covariance @ jacobian))

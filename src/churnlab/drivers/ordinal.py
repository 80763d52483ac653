"""Ordinal regression: what moves an answer up or down its scale (proportional odds)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import column_weights, is_categorical
from churnlab.drivers.ordinal_fit import OrdinalFit
from churnlab.drivers.proportional_odds import (
    OrdinalData,
    OrdinalMaximum,
    collapse,
    maximise_odds,
    null_log_likelihood,
    row_scores,
)
from churnlab.drivers.ratings import Ratings, refuse_degenerate, to_ratings
from churnlab.errors import DataError
from churnlab.inference import normal_quantile

__all__ = ["fit_ordinal", "to_levels"]

Array = npt.NDArray[np.float64]


def fit_ordinal(
    answers: pd.DataFrame,
    *,
    outcome: str = "outcome",
    drivers: Sequence[str],
    weight: str | None = None,
    count: str | None = None,
    conf_level: float = 0.95,
) -> OrdinalFit:
    """Fit proportional odds: how each driver moves an answer up its scale, without taking its points for distances.

    Parameters
    ----------
    answers
        One row per questionnaire, or per group of like ones; rows with a gap are left out and counted.
    outcome
        Whole numbers or ordered categories.
    drivers
        Ratings, flags or categories, which enter as flags against their first level.
    weight
        Column of survey weights; standard errors are then the robust ones.
    count
        Column that says how many answers a row stands for.
    conf_level
        Of every interval.

    Returns
    -------
    OrdinalFit

    Raises
    ------
    DataError
        If columns are missing, constant, the same, or a weight or a count is not positive.
    ConvergenceError
        If a driver separates the levels.

    Notes
    -----
    McCullagh (1980), Regression models for ordinal data. R: `MASS::polr`, whose `weights` are `count` here. Answers that
    are alike are collapsed. Weights are scaled to a mean of 1 and the covariance is H⁻¹(Σ w² s s')H⁻¹.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> answers = pd.DataFrame({"delivery": rng.integers(1, 11, 500)})
    >>> answers["recommend"] = (answers["delivery"] + rng.normal(0, 2, 500)).round().clip(0, 10)
    >>> fit_ordinal(answers, outcome="recommend", drivers=["delivery"])
    OrdinalFit(recommend on 1 drivers, 11 levels, McFadden R² = 0.224; 500 answers)
    """
    normal_quantile(conf_level)
    ratings = to_ratings(answers, outcome=outcome, drivers=drivers, weight=weight)
    counts = column_weights(answers, count)
    data, values = to_levels(ratings, counts)
    shift = data.weight @ data.x / data.weight.sum()
    centred = OrdinalData(
        x=data.x - shift, level=data.level, weight=data.weight, square=data.square, levels=data.levels
    )
    maximum = maximise_odds(centred)
    return OrdinalFit(
        outcome=outcome,
        drivers=ratings.drivers,
        weight=weight,
        count=count,
        terms=ratings.terms,
        coefficients=maximum.slopes,
        thresholds=maximum.thresholds + shift @ maximum.slopes,
        covariance=_covariance(maximum, centred, shift, robust=weight is not None),
        levels=_names(answers[outcome], values),
        values=values,
        categories=_categories(answers, ratings.drivers),
        n=float(counts[ratings.complete].sum()),
        n_left_out=float(counts[~ratings.complete].sum()),
        log_likelihood=maximum.log_likelihood,
        null_log_likelihood=null_log_likelihood(data),
        conf_level=conf_level,
    )


def to_levels(ratings: Ratings, count: Array) -> tuple[OrdinalData, Array]:
    """Return complete answers by level, and what the levels count (levels,); weights get a mean of 1.

    Raises
    ------
    DataError
        If there are too few complete answers, or drivers that determine one another.
    """
    kept = ratings.complete
    part, count = ratings.rows(kept), count[kept]
    p = len(ratings.terms)
    if len(part.values) <= p + 1:
        raise DataError(
            f"{p} drivers take more than {p + 1} rows, but only {len(part.values):,} of {len(kept):,} have no gap. "
            "Try: fewer drivers."
        )
    values, level = np.unique(part.values[:, -1], return_inverse=True)
    if len(values) < 2:
        raise DataError(f"All complete answers to `{ratings.outcome}` are {values[0]:g}.")
    weight = part.weight * count.sum() / (part.weight @ count)
    spread = part.values[:, :-1].std(axis=0)
    if (spread == 0).any():
        name = ratings.terms[int((spread == 0).argmax())]
        raise DataError(f"All answers to `{name}` among the complete rows are the same. Try: leave it out.")
    refuse_degenerate(np.atleast_2d(np.corrcoef(part.values[:, :-1].T)), ratings.terms)
    return collapse(part.values[:, :-1], level, weight, count, len(values)), values


def _covariance(maximum: OrdinalMaximum, data: OrdinalData, shift: Array, *, robust: bool) -> Array:
    """Return the covariance (k, k) of slopes and thresholds of the drivers as they came, before `shift` was taken off."""
    covariance = np.linalg.inv(maximum.information)
    if robust:
        _, scores = row_scores(maximum, data)
        covariance = covariance @ (scores.T * data.square) @ scores @ covariance
    p = data.x.shape[1]
    back = np.eye(len(covariance))
    back[p:, :p] = shift
    moved: Array = back @ covariance @ back.T
    return moved


def _names(column: pd.Series, values: Array) -> tuple[str, ...]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(str(column.cat.categories[int(value)]) for value in values)
    return tuple(f"{value:g}" for value in values)


def _categories(answers: pd.DataFrame, names: Sequence[str]) -> tuple[tuple[str, tuple[object, ...]], ...]:
    kinds = []
    for name in names:
        if is_categorical(answers[name]):
            levels = answers[name].astype("category").cat.remove_unused_categories().cat.categories
            kinds.append((name, tuple(levels)))
    return tuple(kinds)

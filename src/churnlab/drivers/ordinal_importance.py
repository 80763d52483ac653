"""Importance for an ordinal outcome: shares of McFadden's R² under proportional odds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.importance import to_plan
from churnlab.drivers.importance_fit import ImportanceFit
from churnlab.drivers.imputation import IMPUTATIONS, impute
from churnlab.drivers.measures import Plan
from churnlab.drivers.ordinal import to_levels
from churnlab.drivers.proportional_odds import (
    OrdinalData,
    OrdinalMaximum,
    maximise_odds,
    null_log_likelihood,
    row_scores,
)
from churnlab.drivers.ratings import Ratings, to_ratings
from churnlab.drivers.relative_weights import nearest_uncorrelated
from churnlab.drivers.resamples import check_draws
from churnlab.drivers.shapley import divide
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile
from churnlab.progress import track

__all__ = ["fit_ordinal_importance"]

Array = npt.NDArray[np.float64]

_MOST_UNITS = 12
_GROUPS = 2000


def fit_ordinal_importance(
    answers: pd.DataFrame,
    *,
    outcome: str = "outcome",
    drivers: Sequence[str],
    method: Literal["lmg", "johnson"] = "lmg",
    groups: Mapping[str, Sequence[str]] | None = None,
    weight: str | None = None,
    missing: Literal["impute", "listwise"] = "impute",
    draws: int = 1000,
    seed: int = 0,
    conf_level: float = 0.95,
) -> ImportanceFit:
    """Divide McFadden's R² of proportional odds among drivers, so that the outcome's points need not be distances.

    Parameters
    ----------
    answers
        One row per questionnaire.
    outcome
        Whole numbers or ordered categories; respondents without it are left out.
    drivers, groups, weight, draws, seed, conf_level
        As in :func:`fit_importance`.
    method
        ``"lmg"``: the average gain over all orders of entry; ``"johnson"``: relative weights.
    missing
        Gaps in drivers: ``"impute"`` fills them 20 times, given the outcome; ``"listwise"`` leaves the rows out.

    Returns
    -------
    ImportanceFit
        Its R² is McFadden's, and its coefficients are those of the ordinal model.

    Raises
    ------
    DataError
        As in :func:`fit_importance`.
    ParameterError
        If an option is unknown, or there are more than 12 drivers.
    ConvergenceError
        If a driver separates the levels.

    Notes
    -----
    McFadden (1974); Luchman (2014) for general dominance; Tonidandel and LeBreton (2010) for relative weights, scaled to add
    up to McFadden's R². Every subset is fitted. Resamples take, for each subset, the resampled log-likelihood at the
    estimate plus half its squared gradient in the inverse information: what one more Newton step would gain. `p_noise` is
    from χ² with one degree of freedom, to which twice the gain of pure noise in the log-likelihood goes.
    """
    check_draws(draws)
    normal_quantile(conf_level)
    if method not in ("lmg", "johnson") or missing not in ("impute", "listwise"):
        raise ParameterError(
            f"`method` must be 'lmg' or 'johnson' and `missing` 'impute' or 'listwise', not {method!r} and {missing!r}."
        )
    ratings = to_ratings(answers, outcome=outcome, drivers=drivers, weight=weight)
    plan = to_plan(ratings, drivers=drivers, method=method, groups=groups or {})
    if method == "lmg" and len(plan.units) > _MOST_UNITS:
        raise ParameterError(
            f"Every subset of at most {_MOST_UNITS} drivers is fitted, not of {len(plan.units)}. "
            'Try: `groups`, or method="johnson".'
        )
    full = ratings.rows(~np.isnan(ratings.values[:, -1]) if missing == "impute" else ratings.complete)
    filled = list(impute(full, seed=seed)) if missing == "impute" and not full.complete.all() else [full]
    each = -(-draws // (IMPUTATIONS if len(filled) > 1 else 1))
    parts = [_one(part, plan, each, seed + place) for place, part in enumerate(filled)]
    return _pooled(parts, ratings, full, plan, missing=missing, conf_level=conf_level)


class _Part:
    """Estimates of one completed set of answers."""

    def __init__(self, estimate: Array, samples: Array, slopes: Array, correlation: Array, null: float) -> None:
        self.estimate = estimate
        self.samples = samples
        self.slopes = slopes
        self.correlation = correlation
        self.null = null


def _pooled(
    parts: Sequence[_Part], ratings: Ratings, full: Ratings, plan: Plan, *, missing: str, conf_level: float
) -> ImportanceFit:
    from scipy.stats import chi2

    estimate = np.mean([part.estimate for part in parts], axis=0)
    samples = np.concatenate([part.samples for part in parts])
    single = np.array([len(unit) == 1 for unit in plan.units])
    first = [unit[0] for unit in plan.units]
    kish = float(full.weight.sum() ** 2 / (full.weight**2).sum())
    null = float(np.mean([part.null for part in parts])) * kish / len(full.values)
    return ImportanceFit(
        model="proportional odds",
        method=plan.method,
        outcome=ratings.outcome,
        terms=plan.terms,
        estimate=estimate,
        samples=samples,
        r_squared=float(estimate.sum()),
        r_squared_samples=samples.sum(axis=1),
        p_noise=np.where(single, chi2.sf(-2 * null * estimate, 1), np.nan),
        correlation=np.where(single, np.mean([part.correlation for part in parts], axis=0)[first], np.nan),
        coefficient=np.where(single, np.mean([part.slopes for part in parts], axis=0)[first], np.nan),
        n=len(full.values),
        n_left_out=len(ratings.values) - len(full.values),
        n_complete=int(ratings.complete.sum()),
        n_effective=kish,
        columns=len(ratings.terms),
        missing=missing,
        conf_level=conf_level,
    )


def _one(ratings: Ratings, plan: Plan, draws: int, seed: int) -> _Part:
    count = np.ones(len(ratings.values))
    to_levels(ratings, count)  # refuses what cannot be fitted
    x, scale = _standard(ratings)
    _, level = np.unique(ratings.values[:, -1], return_inverse=True)
    weight = ratings.weight / ratings.weight.mean()
    order = np.argsort(level, kind="stable")
    data = OrdinalData(
        x=x[order], level=level[order], weight=weight[order], square=weight[order] ** 2, levels=int(level.max()) + 1
    )
    counts = _counts(len(order), draws, seed)
    whole = maximise_odds(data)
    build = _subsets if plan.method == "lmg" else _johnson
    estimate, samples = build(data, whole, plan, counts)
    share, y = weight / weight.sum(), ratings.values[:, -1]
    deviation = y - share @ y
    correlation = (share * deviation) @ x / np.sqrt(share @ deviation**2)
    return _Part(estimate, samples, whole.slopes / scale, correlation, null_log_likelihood(data))


def _standard(ratings: Ratings) -> tuple[Array, Array]:
    x, weight = ratings.values[:, :-1], ratings.weight / ratings.weight.sum()
    shift = weight @ x
    scale = np.sqrt(weight @ (x - shift) ** 2)
    return (x - shift) / scale, scale


def _counts(n: int, draws: int, seed: int) -> tuple[Array, npt.NDArray[np.intp]]:
    """Return how often each group of rows is in each resample (b, g), and the group of each row (n,)."""
    rng = np.random.default_rng(seed)
    size = min(n, _GROUPS)
    group = rng.permutation(n) % size
    chosen = rng.integers(0, size, (draws, size)) + size * np.arange(draws)[:, None]
    counts = np.bincount(chosen.ravel(), minlength=draws * size).reshape(draws, size)
    return counts.astype(float), group


def _subsets(
    data: OrdinalData, whole: OrdinalMaximum, plan: Plan, counts: tuple[Array, npt.NDArray[np.intp]]
) -> tuple[Array, Array]:
    """Return importances (u,) and their resamples (b, u) from the fits of all subsets."""
    values = []
    for inside in track(range(2 ** len(plan.units)), "subsets"):
        chosen = [column for place, unit in enumerate(plan.units) if inside >> place & 1 for column in unit]
        part = replace(data, x=data.x[:, chosen])
        start = OrdinalMaximum(
            slopes=np.zeros(len(chosen)), thresholds=whole.thresholds, information=whole.information, log_likelihood=0.0
        )
        fit = maximise_odds(part, start=start)
        values.append(np.append(fit.log_likelihood, _resampled(fit, part, *counts)))
    log_likelihood = np.array(values)
    mcfadden = 1 - log_likelihood / log_likelihood[0]
    shares = divide(mcfadden)
    return shares[0], shares[1:]


def _resampled(fit: OrdinalMaximum, data: OrdinalData, counts: Array, group: npt.NDArray[np.intp]) -> Array:
    """Return the maximum of the log-likelihood in each resample (b,), to second order."""
    value, scores = row_scores(fit, data)
    rows = np.column_stack([value, scores]) * data.weight[:, None]
    sums = np.zeros((counts.shape[1], rows.shape[1]))
    for column in range(rows.shape[1]):
        sums[:, column] = np.bincount(group, rows[:, column], minlength=counts.shape[1])
    drawn = counts @ sums
    gradient = drawn[:, 1:]
    gain = np.einsum("bi,ij,bj->b", gradient, np.linalg.inv(fit.information), gradient) / 2
    maximum: Array = drawn[:, 0] + gain
    return maximum


def _johnson(
    data: OrdinalData, whole: OrdinalMaximum, plan: Plan, counts: tuple[Array, npt.NDArray[np.intp]]
) -> tuple[Array, Array]:
    """Return relative weights (u,) and those of refitted resamples (b, u)."""
    estimate = _weights(data, plan, None)
    drawn, group = counts
    samples = np.stack([_weights(replace(data, weight=data.weight * times[group]), plan, whole) for times in drawn])
    return estimate, samples


def _weights(data: OrdinalData, plan: Plan, start: OrdinalMaximum | None) -> Array:
    kept = data.weight > 0
    part = replace(data, x=data.x[kept], level=data.level[kept], weight=data.weight[kept], square=data.square[kept])
    share = part.weight / part.weight.sum()
    centred = part.x - share @ part.x
    covariance = (centred * share[:, None]).T @ centred
    spread = np.sqrt(np.diag(covariance))
    root = nearest_uncorrelated((covariance / np.outer(spread, spread))[None])[0]
    fit = maximise_odds(part, start=start)
    turned = (root @ (fit.slopes * spread)) ** 2  # slopes on the uncorrelated counterparts
    raw = root**2 @ turned
    mcfadden = 1 - fit.log_likelihood / null_log_likelihood(part)
    summed = np.array([raw[list(unit)].sum() for unit in plan.units])
    weights: Array = summed / raw.sum() * mcfadden
    return weights

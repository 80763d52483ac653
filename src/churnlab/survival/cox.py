"""Cox's proportional hazards model: what goes with leaving sooner or later."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.survival.cox_fit import CoxFit
from churnlab.survival.cox_hazards import to_baseline
from churnlab.survival.cox_newton import PartialLikelihood, Point, approach_partial, maximise_partial
from churnlab.survival.cox_residuals import robust_covariance
from churnlab.survival.cox_risk import Ties, Weights, build_risk_sets
from churnlab.survival.design import Design, count_texts, plan_design
from churnlab.survival.design_checks import Standard, refuse_collinear, standardise, warn_of_leakage
from churnlab.survival.observations import read_observations, take_frame
from churnlab.survival.patterns import collapse_rows
from churnlab.survival.spell_arrays import SpellArrays
from churnlab.survival.strata import Strata, plan_strata

__all__ = ["CoxData", "fit_cox", "to_cox_data"]

Array = npt.NDArray[np.float64]

_MANY = 200_000
_FEW = 50_000
"""Of more than so many rows, the search starts from the fit of so few."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CoxData:
    """The rows as the partial likelihood takes them: standardised covariates (p, n), strata, times."""

    likelihood: PartialLikelihood
    observations: SpellArrays
    stratum: npt.NDArray[np.intp] | None
    standard: Standard


def fit_cox(
    spells: Any,
    *,
    covariates: Sequence[str] | None = None,
    formula: str | None = None,
    strata: str | Sequence[str] | None = None,
    reason: str | None = None,
    ties: Ties = "efron",
    weights: Weights = "counts",
    std_errors: Literal["model", "robust"] = "model",
    cluster: str | None = None,
    penalty: float = 0.0,
    conf_level: float = 0.95,
) -> CoxFit:
    """Fit Cox's proportional hazards model: by how much each covariate multiplies the hazard of leaving.

    Parameters
    ----------
    spells
        A frame that keeps the contract SPELLS: `duration`, `churned`, perhaps `entry` (late entry), `weight` and
        `reason`, and covariates. Start-stop rows are the same: `entry` is their start and `duration` their stop.
    covariates
        Columns; text and categories by themselves become one 0/1 term for each level but the first.
    formula
        Right-hand side in place of `covariates`: ``"age * plan + log(price)"``.
    strata
        Columns whose combinations have baseline hazards of their own.
    reason
        Count only the ends for this reason; ends for others are taken as censored (a cause-specific hazard).
    ties
        How ends at the same time are treated: ``"efron"`` or ``"breslow"``.
    weights
        ``"counts"``: a row stands for `weight` like customers; ``"sampling"``: it is one customer who counts so
        much, and errors are robust.
    std_errors
        ``"model"``, or ``"robust"`` against a model that does not hold.
    cluster
        Column of who the rows belong to, say ``"customer_id"``: errors are robust, rows of one customer dependent.
    penalty
        Half of which times the sum of squared coefficients is taken off the log-likelihood; 0 or more.
    conf_level
        Of every interval.

    Returns
    -------
    CoxFit

    Raises
    ------
    DataError
        If the frame breaks the contract, nobody churned, or covariates are missing, constant or collinear.
    ConvergenceError
        If a covariate separates those who churned from the others; it is named.
    ParameterError
        If an option is unknown or out of range.

    Notes
    -----
    Cox (1972), Regression models and life-tables; Efron (1977), The efficiency of Cox's likelihood function. R:
    ``survival::coxph``; its `weights` are ``"sampling"`` here. Rows that are alike are counted first.

    Examples
    --------
    >>> import pandas as pd
    >>> spells = pd.DataFrame({"duration": [2, 3, 5, 8, 9, 12], "churned": [1, 1, 0, 1, 1, 0], "age": [3, 1, 2, 2, 4, 1]})
    >>> fit_cox(spells.astype({"churned": bool}), covariates=["age"]).hazard_ratios().round(3)
      term  estimate  conf_low  conf_high  p_value
    0  age     1.173     0.538      2.554    0.688
    """
    _check_options(ties, weights, std_errors, penalty, conf_level)
    frame = take_frame(spells)
    observations = read_observations(frame, reason=reason)
    _check_counts(observations, ties, weights)
    frame = frame if covariates is None else count_texts(frame, covariates)
    design, groups = plan_design(frame, covariates, formula), plan_strata(frame, strata)
    belongs = None if cluster is None else _cluster_column(frame, cluster)
    robust = std_errors == "robust" or belongs is not None or weights == "sampling"
    data = to_cox_data(
        frame, observations, design, groups, ties=ties, weights=weights, collapse=belongs is None, warn=True
    )
    coefficients, point, null = _climb(data, design.terms, penalty, ties, weights)
    return _to_fit(
        data, coefficients, point, belongs, design=design, strata=groups, log_likelihood_null=null, penalty=penalty,
        ties=ties, weights=weights, robust=robust, reason=reason, conf_level=conf_level,
    )  # fmt: skip


def to_cox_data(
    frame: pd.DataFrame,
    observations: SpellArrays,
    design: Design,
    strata: Strata,
    *,
    ties: Ties,
    weights: Weights,
    collapse: bool,
    warn: bool = False,
) -> CoxData:
    """Standardise the covariates and sort the times; count rows that are alike if asked.

    Raises
    ------
    DataError
        If covariates are missing, constant or collinear.
    """
    stratum = strata.codes(frame) if strata.columns else None
    kinds = collapse_rows(frame, design, observations, stratum) if collapse and weights == "counts" else None
    if kinds is not None:
        frame, observations, stratum = kinds.frame, kinds.observations, kinds.stratum
    matrix = design.matrix(frame)
    weight_or_none = None if (observations.weight == 1).all() else observations.weight
    standard = standardise(matrix, weight_or_none, design.terms)
    if warn:
        warn_of_leakage(design.columns, design.terms, matrix, observations.churned, depth=4)
    sets = build_risk_sets(observations, stratum, ties=ties, weights=weights)
    likelihood = PartialLikelihood(matrix=matrix, weight=weight_or_none, sets=sets)
    return CoxData(likelihood=likelihood, observations=observations, stratum=stratum, standard=standard)


def _climb(
    data: CoxData, terms: tuple[str, ...], penalty: float, ties: Ties, weights: Weights
) -> tuple[Array, Point, float]:
    """Return standardised coefficients (p,), the likelihood there, and its logarithm at 0."""
    if penalty == 0:
        refuse_collinear(data.likelihood.matrix, terms)
    ridge = penalty / data.standard.deviation**2
    start = _start(data, terms, ridge, ties, weights)
    try:
        coefficients, point = maximise_partial(data.likelihood, terms, ridge, start)
    except ConvergenceError:
        if start is None:
            raise
        coefficients, point = maximise_partial(data.likelihood, terms, ridge)
    return coefficients, point, data.likelihood.log_likelihood_null()


def _start(data: CoxData, terms: tuple[str, ...], ridge: Array, ties: Ties, weights: Weights) -> Array | None:
    """Return coefficients near the maximum, by way of a sample of many rows, or None."""
    n = len(data.observations.duration)
    if n <= _MANY:
        return None
    drawn = np.zeros(n, dtype=np.bool_)
    drawn[np.random.default_rng(0).integers(0, n, _FEW)] = True
    rows = np.flatnonzero(drawn)
    observations = data.observations.take(rows)
    if not observations.churned.any():
        return None
    stratum = None if data.stratum is None else np.unique(data.stratum[rows], return_inverse=True)[1]
    sets = build_risk_sets(observations, stratum, ties=ties, weights=weights)
    sample = PartialLikelihood(matrix=data.likelihood.matrix[:, rows], weight=observations.weight, sets=sets)
    try:
        coefficients, point = maximise_partial(sample, terms, ridge * len(rows) / n)
    except (ConvergenceError, DataError):
        return None
    return approach_partial(data.likelihood, coefficients, point.information * (n / len(rows)), ridge)


def _to_fit(data: CoxData, coefficients: Array, point: Point, belongs: Any, **fields: Any) -> CoxFit:
    deviation, observations, sets = data.standard.deviation, data.observations, data.likelihood.sets
    ridge = fields["penalty"] / deviation**2
    inverse: Array = np.linalg.inv(point.information + np.diag(ridge)).astype(np.float64)
    covariance = inverse
    if fields["robust"]:
        covariance = robust_covariance(data.likelihood, point, inverse, cluster=belongs, weights=fields["weights"])
    scale = np.outer(deviation, deviation)
    weight, sampled = observations.weight, fields["weights"] == "sampling"
    last = np.array([observations.duration.max()])
    if data.stratum is not None:
        last = np.zeros(len(sets.starts) - 1)
        np.maximum.at(last, data.stratum, observations.duration)
    return CoxFit(
        coefficients=coefficients / deviation,
        covariance=covariance / scale,
        model_covariance=inverse / scale,
        mean=data.standard.mean,
        baseline=to_baseline(sets, point, deviation, last),
        n=float(len(weight) if sampled else weight.sum()),
        events=float(len(sets.events) if sampled else weight[sets.events].sum()),
        log_likelihood=point.log_likelihood,
        **fields,
    )


def _check_options(ties: str, weights: str, std_errors: str, penalty: float, conf_level: float) -> None:
    normal_quantile(conf_level)
    for name, value, known in (
        ("ties", ties, get_args(Ties)),
        ("weights", weights, get_args(Weights)),
        ("std_errors", std_errors, ("model", "robust")),
    ):
        if value not in known:
            raise ParameterError(f"`{name}` must be {' or '.join(map(repr, known))}, not {value!r}.")
    if not 0 <= penalty < np.inf:
        raise ParameterError(f"`penalty` must be 0 or more, not {penalty!r}.")


def _check_counts(observations: SpellArrays, ties: str, weights: str) -> None:
    if weights == "sampling" or ties == "breslow":
        return
    parts = int((observations.weight != np.rint(observations.weight)).sum())
    if parts:
        raise DataError(
            f"`weight` must count customers, but {parts:,} of {len(observations.duration):,} rows have no whole number. "
            'Try: weights="sampling" for survey weights.'
        )


def _cluster_column(frame: pd.DataFrame, cluster: str) -> pd.Series:
    if cluster not in frame:
        raise DataError(f"There is no column `{cluster}` to cluster by.")
    if frame[cluster].isna().any():
        raise DataError(f"`{cluster}` must say to whom every row belongs, but has empty cells.")
    return frame[cluster]

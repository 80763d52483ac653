"""The hazard in discrete time: whether a customer who has come this far leaves in the next period."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.likelihood import maximise
from churnlab.survival.design import plan_design
from churnlab.survival.design_checks import refuse_collinear, refuse_separation, standardise, warn_of_leakage
from churnlab.survival.discrete_fit import DiscreteHazardFit
from churnlab.survival.discrete_likelihood import (
    Link,
    PeriodCounts,
    PeriodLikelihood,
    count_periods,
    natural_spline,
)
from churnlab.survival.observations import read_observations, take_frame
from churnlab.survival.patterns import collapse_rows
from churnlab.survival.spell_arrays import SpellArrays

__all__ = ["fit_discrete_hazard", "refuse_broken_periods"]

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_MOST_PERIODS = 600
_LONGEST = 5_000
"""Periods to work through for every pattern of covariates."""
_KNOTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def fit_discrete_hazard(
    spells: Any,
    *,
    covariates: Sequence[str] | None = None,
    formula: str | None = None,
    link: Link = "logit",
    baseline: Literal["each", "smooth"] = "each",
    reason: str | None = None,
    conf_level: float = 0.95,
) -> DiscreteHazardFit:
    """Fit the probability of leaving in each period, given that a customer is still there.

    Parameters
    ----------
    spells
        A frame that keeps the contract SPELLS, `duration` (and `entry`) in whole periods: 1 for those who left, or were
        last seen, in the first. `weight` says how many customers a row stands for.
    covariates
        Columns; text and categories by themselves become one 0/1 term for each level but the first.
    formula
        Right-hand side in place of `covariates`: ``"age * plan + log(price)"``.
    link
        ``"logit"``: coefficients are log odds ratios; ``"cloglog"``: log hazard ratios, as in Cox's model of the time
        behind the periods.
    baseline
        ``"each"``: every period has a level of its own, and no hazard where nobody left; ``"smooth"``: a natural cubic
        spline of log period.
    reason
        Count only the ends for this reason; ends for others are taken as censored.
    conf_level
        Of every interval.

    Returns
    -------
    DiscreteHazardFit

    Raises
    ------
    DataError
        If the frame breaks the contract, durations are not whole, nobody churned, covariates are missing, constant or
        collinear, or everybody left in a period that has a level of its own.
    ConvergenceError
        If the likelihood has no maximum, as where a covariate separates churners from the others.
    ParameterError
        If an option is unknown or out of range.

    Notes
    -----
    Singer and Willett (1993), It's about time; Prentice and Gloeckler (1978) for the cloglog. The person-period table is
    never made: rows alike in their covariates are counted, and so are those at risk in each period. R: ``glm(churned ~
    factor(period) + ..., binomial)`` on that table.

    Examples
    --------
    >>> import pandas as pd
    >>> spells = pd.DataFrame({"duration": [1, 1, 2, 2, 3, 3], "churned": [1, 0, 1, 0, 1, 0], "age": [3, 1, 2, 2, 4, 1]})
    >>> fit_discrete_hazard(spells.astype({"churned": bool}), covariates=["age"], baseline="smooth", link="cloglog")
    Traceback (most recent call last):
    churnlab.errors.DataError: A smooth baseline takes 5 distinct periods with churn or more, but there are 3. Try: ...
    """
    _check_options(link, baseline, conf_level)
    frame = take_frame(spells)
    observed = read_observations(frame, reason=reason)
    refuse_broken_periods(observed)
    design = plan_design(frame, covariates, formula)
    kinds = collapse_rows(frame, design, observed)
    if kinds is not None:
        frame, observed = kinds.frame, kinds.observations
    matrix = design.matrix(frame)
    standard = standardise(matrix, observed.weight, design.terms)
    warn_of_leakage(design.columns, design.terms, matrix, observed.churned)
    refuse_collinear(matrix, design.terms)
    pattern, patterns = _patterns(matrix, alike=kinds is not None)
    counts = _counts(observed, pattern)
    left: Array = np.bincount(counts.stop, counts.churned)[1:].astype(np.float64)
    basis, is_open = _baseline(baseline, left, counts)
    likelihood = PeriodLikelihood(link=link, baseline=basis, open=is_open, matrix=patterns, counts=counts)
    theta, covariance, value = _climb(likelihood, design.terms, float(left.sum() / _exposure(observed)))
    q = basis.shape[1]
    refuse_separation(design.terms, theta[q:], np.sqrt(np.diag(covariance))[q:])
    scale = np.concatenate([np.ones(q), 1 / standard.deviation])
    return DiscreteHazardFit(
        coefficients=theta[q:] / standard.deviation,
        covariance=(covariance * np.outer(scale, scale))[q:, q:],
        levels=theta[:q],
        whole_covariance=covariance * np.outer(scale, scale),
        basis=basis,
        open=is_open,
        design=design,
        mean=standard.mean,
        link=link,
        n=float(observed.weight.sum()),
        events=float(left.sum()),
        periods_at_risk=_exposure(observed),
        log_likelihood=value,
        reason=reason,
        conf_level=conf_level,
    )


def refuse_broken_periods(observed: SpellArrays) -> None:
    """Refuse durations and entries that are no whole numbers of periods, or of far too many.

    Raises
    ------
    DataError
        With how many, and the first.
    """
    longest = float(observed.duration.max())
    if longest > _LONGEST:
        raise DataError(
            f"`duration` goes up to {longest:,.0f} periods, but models of single periods take {_LONGEST:,}. Try: longer "
            "periods, say months in place of days; or fit_cox, which takes time as it comes."
        )
    for name, values in (("duration", observed.duration), ("entry", observed.entry)):
        if values is None:
            continue
        broken = np.flatnonzero(values != np.rint(values))
        if len(broken):
            raise DataError(
                f"`{name}` must be a whole number of periods, but {len(broken):,} of {len(values):,} rows are not (first: "
                f"row {broken[0] + 1}: {values[broken[0]]:g}). Try: numpy.ceil of the time over the length of a period."
            )


def _exposure(observed: SpellArrays) -> float:
    entry = 0.0 if observed.entry is None else observed.entry
    return float(observed.weight @ (observed.duration - entry))


def _patterns(matrix: Array, *, alike: bool) -> tuple[Places, Array]:
    """Return the number of each row's pattern (n,), and the covariates of the patterns (p, P)."""
    if not len(matrix):
        return np.zeros(matrix.shape[1], dtype=np.intp), matrix[:, :1]
    if not alike:
        return np.arange(matrix.shape[1]).astype(np.intp), matrix
    frame = pd.DataFrame(matrix.T)
    number = frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy()
    first = np.unique(number, return_index=True)[1]
    return number.astype(np.intp), np.ascontiguousarray(matrix[:, first])


def _counts(observed: SpellArrays, pattern: Places) -> PeriodCounts:
    entry = None if observed.entry is None else observed.entry.astype(np.intp)
    return count_periods(pattern, observed.duration.astype(np.intp), entry, observed.weight, observed.churned)


def _baseline(kind: str, left: Array, counts: PeriodCounts) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return the baseline's terms (T, q) and which periods have a hazard (T,)."""
    with_churn = left > 0
    if kind == "smooth":
        if with_churn.sum() < len(_KNOTS):
            raise DataError(
                f"A smooth baseline takes {len(_KNOTS)} distinct periods with churn or more, but there are "
                f'{int(with_churn.sum())}. Try: baseline="each".'
            )
        log_period = np.log(np.arange(1, len(left) + 1, dtype=np.float64))
        knots = np.quantile(log_period[with_churn], _KNOTS)
        return natural_spline(log_period, knots), np.ones(len(left), dtype=np.bool_)
    if with_churn.sum() > _MOST_PERIODS:
        raise DataError(
            f"{int(with_churn.sum()):,} periods with a level each are too many. Try: longer periods, say months in place of "
            'days, or baseline="smooth".'
        )
    at_risk = np.bincount(counts.stop, counts.weight)[1:]
    if counts.entry is not None:
        at_risk = at_risk - np.bincount(counts.entry, counts.weight, len(left) + 1)[1 : len(left) + 1]
    at_risk = np.cumsum(at_risk[::-1])[::-1]
    all_gone = np.flatnonzero(with_churn & (left >= at_risk * (1 - 1e-12)))
    if len(all_gone):
        raise DataError(
            f"Everybody at risk in period {all_gone[0] + 1} left in it, so that its hazard cannot be estimated beside the "
            'covariates. Try: baseline="smooth", or longer periods.'
        )
    places = np.flatnonzero(with_churn)
    levels = np.zeros((len(left), len(places)))
    levels[places, np.arange(len(places))] = 1.0
    return levels, with_churn


def _climb(likelihood: PeriodLikelihood, terms: tuple[str, ...], rate: float) -> tuple[Array, Array, float]:
    q = likelihood.baseline.shape[1]
    names = (*(f"baseline {place + 1}" for place in range(q)), *terms)
    start = np.zeros(len(names))
    level = np.full(len(likelihood.baseline), np.log(rate / (1 - rate) if likelihood.link == "logit" else rate))
    start[:q] = np.linalg.lstsq(likelihood.baseline, level, rcond=None)[0]
    try:
        maximum = maximise(likelihood.at, names, [start], positive=False)
    except ConvergenceError as error:
        raise ConvergenceError(
            f"{error} A covariate that separates those who churned from the others does this. Try: leave it out, or join "
            "its rare levels."
        ) from None
    return maximum.estimate, maximum.covariance, maximum.log_likelihood


def _check_options(link: str, baseline: str, conf_level: float) -> None:
    normal_quantile(conf_level)
    if link not in get_args(Link):
        raise ParameterError(f"`link` must be 'logit' or 'cloglog', not {link!r}.")
    if baseline not in ("each", "smooth"):
        raise ParameterError(f"`baseline` must be 'each' or 'smooth', not {baseline!r}.")

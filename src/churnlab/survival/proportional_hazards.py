"""Whether hazard ratios stay the same over time, as Cox's model takes them to."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.survival.cox import to_cox_data
from churnlab.survival.cox_fit import CoxFit
from churnlab.survival.cox_newton import PartialLikelihood, Point, outer_ties, weighted_gram
from churnlab.survival.cox_residuals import schoenfeld_residuals
from churnlab.survival.observations import read_observations, take_frame
from churnlab.survival.spell_arrays import SpellArrays
from churnlab.survival.whole_times import count_up_to, distinct

__all__ = ["FittedRows", "check_proportional_hazards", "coefficients_over_time", "to_fitted_rows"]

Array = npt.NDArray[np.float64]
Transform = Literal["km", "identity", "log", "rank"]


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedRows:
    """The rows of a fit at its coefficients: the likelihood, its derivatives, the covariates' deviations (p,)."""

    likelihood: PartialLikelihood
    point: Point
    observations: SpellArrays
    deviation: Array


def check_proportional_hazards(fit: CoxFit, spells: Any, *, transform: Transform = "km") -> pd.DataFrame:
    """Test for each covariate whether its hazard ratio changes with time.

    Parameters
    ----------
    fit
        A fitted Cox model without penalty.
    spells
        The rows that it was fitted on.
    transform
        In what the log hazard ratio is taken to be linear if it changes: ``"km"``, one minus the Kaplan-Meier curve;
        ``"identity"``, time; ``"log"`` of time; ``"rank"`` of the times of all rows.

    Returns
    -------
    DataFrame
        One row per covariate and one for all, `GLOBAL`: `term, statistic, df, p_value, early, late, advice`. `early` and
        `late` are the hazard ratios at the first and the last tenth of the ends, by one step from the fit; empty where a
        covariate has several terms.

    Raises
    ------
    DataError
        If these are not the rows of the fit.
    ParameterError
        If the transform is unknown or the fit is penalised.

    Notes
    -----
    Grambsch and Therneau (1994), Proportional hazards tests and diagnostics based on weighted residuals, as the exact
    score test of R's ``cox.zph`` since survival 3.0; earlier versions took the covariates' variance to be constant over time
    and find more. With many customers even small changes are significant: look at `early` and `late`.
    """
    if transform not in get_args(Transform):
        raise ParameterError(f"`transform` must be one of {', '.join(get_args(Transform))}, not {transform!r}.")
    if fit.penalty > 0:
        raise ParameterError("The test takes a fit without penalty.")
    rows = to_fitted_rows(fit, spells)
    clock = _clock(rows, transform)
    score, information = _extended(rows, clock)
    groups = np.array(fit.design.groups)
    p = len(groups)
    tested = []
    for group in dict.fromkeys(fit.design.groups):
        members = np.flatnonzero(groups == group)
        chosen = np.concatenate([np.arange(p), p + members])
        step = np.linalg.solve(information[np.ix_(chosen, chosen)], score[chosen])
        ends = np.quantile(clock[rows.likelihood.sets.event_slot], (0.1, 0.9))
        early, late = np.full(2, np.nan)
        if len(members) == 1:
            changed = fit.coefficients[members[0]] + (step[members[0]] + step[-1] * ends) / rows.deviation[members[0]]
            early, late = np.exp(changed)
        tested.append((str(group), float(score[chosen] @ step), len(members), early, late))
    total = float(score @ np.linalg.solve(information, score))
    tested.append(("GLOBAL", total, p, np.nan, np.nan))
    return _to_table(tested)


def coefficients_over_time(fit: CoxFit, spells: Any, *, bins: int = 10, conf_level: float = 0.95) -> pd.DataFrame:
    """Return each coefficient as it looks in successive parts of the ends: level if hazards are proportional.

    Parameters
    ----------
    fit
        A fitted Cox model.
    spells
        The rows that it was fitted on.
    bins
        Into how many parts, of about the same number of ends, time is cut; 2 or more.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per term and part: `term, time, ends, estimate, std_error, conf_low, conf_high`; `time` is the mean time of
        the part's ends.

    Raises
    ------
    DataError
        If these are not the rows of the fit.
    ParameterError
        If `bins` is below 2.

    Notes
    -----
    Means of scaled Schoenfeld residuals (Grambsch and Therneau 1994, equation 3), with the covariates' mean variance.
    R: the points of ``plot(cox.zph(fit))``.
    """
    z = normal_quantile(conf_level)
    if bins < 2:
        raise ParameterError(f"`bins` must be 2 or more, not {bins!r}.")
    rows = to_fitted_rows(fit, spells)
    sets, weight = rows.likelihood.sets, rows.likelihood.sets.event_weight
    scaled = np.linalg.inv(rows.point.information) @ schoenfeld_residuals(rows.likelihood, rows.point)
    scaled = scaled * weight.sum() / rows.deviation[:, None] + fit.coefficients[:, None]
    time = sets.times[sets.event_slot]
    order = np.argsort(time, kind="stable")
    running = np.cumsum(weight[order])
    part = np.empty(len(order), dtype=np.intp)
    part[order] = np.minimum((bins * (running - weight[order] / 2) / running[-1]).astype(np.intp), bins - 1)
    tables = []
    for number in range(bins):
        mine = part == number
        if not mine.any():
            continue
        share = weight[mine] / weight[mine].sum()
        mean = scaled[:, mine] @ share
        spread = np.sqrt(((scaled[:, mine] - mean[:, None]) ** 2) @ share / max(weight[mine].sum() - 1, 1))
        tables.append(
            pd.DataFrame(
                {
                    "term": fit.design.terms,
                    "time": float(time[mine] @ share),
                    "ends": float(weight[mine].sum()),
                    "estimate": mean,
                    "std_error": spread,
                    "conf_low": mean - z * spread,
                    "conf_high": mean + z * spread,
                }
            )
        )
    return pd.concat(tables).sort_values(["term", "time"], kind="stable", ignore_index=True)


def to_fitted_rows(fit: CoxFit, spells: Any, *, collapse: bool = True) -> FittedRows:
    """Return the rows of a fit at its coefficients; counted where they are alike, unless each is needed.

    Raises
    ------
    DataError
        If these are not the rows of the fit.
    """
    frame = take_frame(spells)
    observations = read_observations(frame, reason=fit.reason)
    data = to_cox_data(
        frame, observations, fit.design, fit.strata, ties=fit.ties, weights=fit.weights, collapse=collapse
    )
    sampled = fit.weights == "sampling"
    n = float(len(data.observations.weight) if sampled else data.observations.weight.sum())
    if n != fit.n or not np.allclose(data.standard.mean, fit.mean, rtol=1e-9, atol=1e-9):
        raise DataError(
            f"These are not the rows of the fit: it was made on {fit.n:,.0f} customers, there are {n:,.0f} here."
        )
    point = data.likelihood.at(fit.coefficients * data.standard.deviation)
    return FittedRows(
        likelihood=data.likelihood, point=point, observations=data.observations, deviation=data.standard.deviation
    )


def _clock(rows: FittedRows, transform: Transform) -> Array:
    """Return the transformed time of each slot (m,), 0 on average over the ends."""
    sets, seen = rows.likelihood.sets, rows.observations
    times = np.nan_to_num(sets.times, nan=1.0)
    if transform == "identity":
        clock = times
    elif transform == "log":
        clock = np.log(times)
    elif transform == "rank":
        order = np.sort(np.unique(seen.duration))
        count = np.bincount(np.searchsorted(order, seen.duration), seen.weight, len(order))
        place = np.minimum(np.searchsorted(order, times), len(order) - 1)
        clock = (np.cumsum(count) - (count - 1) / 2)[place]
    else:
        clock = _gone_before(seen, times)
    centred: Array = clock - np.average(clock[sets.event_slot], weights=sets.event_weight)
    return centred


def _gone_before(seen: SpellArrays, times: Array) -> Array:
    """Return one minus the Kaplan-Meier curve of all rows just before each time (m,)."""
    ends = distinct(seen.duration[seen.churned])
    place = count_up_to(ends, seen.duration)
    stop = np.bincount(place, seen.weight, len(ends) + 1)
    if seen.entry is not None:
        stop = stop - np.bincount(count_up_to(ends, seen.entry), seen.weight, len(ends) + 1)
    at_risk = np.cumsum(stop[::-1])[::-1][1:]
    left = np.bincount(place, seen.weight * seen.churned, len(ends) + 1)[1:]
    stay = np.concatenate([[1.0], np.cumprod(1 - left / at_risk)])
    gone: Array = 1 - stay[np.searchsorted(ends, times)]
    return gone


def _extended(rows: FittedRows, clock: Array) -> tuple[Array, Array]:
    """Return score (2p,) and information (2p, 2p) of the model with each covariate times the clock added."""
    likelihood, point = rows.likelihood, rows.point
    p, sets = len(likelihood.matrix), likelihood.sets
    residuals = schoenfeld_residuals(likelihood, point) * sets.event_weight
    score = np.concatenate([np.zeros(p), residuals @ clock[sets.event_slot]])
    plain, once, twice = (_information(likelihood, point, factor) for factor in (np.ones_like(clock), clock, clock**2))
    return score, np.block([[plain, once], [once, twice]])


def _information(likelihood: PartialLikelihood, point: Point, factor: Array) -> Array:
    """Return the information (p, p) with each slot's part multiplied by a factor (m,)."""
    cells, ties = likelihood.cells, point.ties
    lived = point.risk * cells.spread(cells.lived_through(ties.a * factor, ties.b * factor))
    outer = outer_ties(point.s1, point.e1, ties.c0 * factor, ties.c1 * factor, ties.c2 * factor)
    return weighted_gram(likelihood.matrix, lived) - outer


def _to_table(tested: list[tuple[str, float, int, float, float]]) -> pd.DataFrame:
    from scipy.special import chdtrc

    table = pd.DataFrame(tested, columns=["term", "statistic", "df", "early", "late"])
    table.insert(3, "p_value", chdtrc(table["df"].to_numpy(), table["statistic"].to_numpy()))
    table["advice"] = [
        _advice(str(term), float(p), float(early), float(late))
        for term, p, early, late in zip(table["term"], table["p_value"], table["early"], table["late"], strict=True)
    ]
    return table


def _advice(term: str, p_value: float, early: float, late: float) -> str:
    if p_value >= 0.05:
        return "no sign of a change over time"
    if term == "GLOBAL":
        return "some hazard ratio changes over time: see which"
    size = f" from {early:.2f} to {late:.2f}" if np.isfinite(early) else ""
    return f"its hazard ratio changes{size}: stratify by it, fit early and late tenure apart, or read it as an average"

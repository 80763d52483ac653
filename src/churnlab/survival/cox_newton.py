"""The maximum of Cox's partial likelihood: Newton steps of two passes over the covariates each.

The dear part of the Hessian, the sum over ends of the second moments of those at risk, is one weighted cross-product
X diag(r A) X', with r the relative hazards and A what each row has lived through of the baseline hazard.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError, DataError
from churnlab.survival.cox_cells import Cells, join_rows
from churnlab.survival.cox_risk import RiskSets, TieSums
from churnlab.survival.design_checks import refuse_separation

__all__ = ["PartialLikelihood", "Point", "approach_partial", "maximise_partial", "outer_ties", "weighted_gram"]

Array = npt.NDArray[np.float64]

_BLOCK = 16384
"""Rows of a block, so that it stays in the processor's cache."""
_SETTLED = 1e-16
"""A squared Newton step, in standard errors and per end, after which one more step is exact to about eight digits."""
_SETTLED_AT_MOST = 1e-10
_CHEAP_STEPS = 8
_RUNAWAY = 1e-3
"""A step of a settled likelihood, in standard deviations of the covariate, that shows it to have no maximum."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """Log-likelihood, gradient (p,) and information (p, p) at some coefficients, with the risk sums they are made of.

    `risk` (n,) is each row's weight times its relative hazard; `s1` and `e1` (p, m) are the covariates' sums over those
    at risk and over those who end.
    """

    log_likelihood: float
    gradient: Array
    information: Array
    risk: Array
    ties: TieSums
    s1: Array
    e1: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class PartialLikelihood:
    """Cox's partial likelihood of covariates X (p, n) with weights (n,), or None for 1."""

    matrix: Array
    weight: Array | None
    sets: RiskSets

    @cached_property
    def cells(self) -> Cells:
        """Rows that come and go together."""
        return join_rows(self.sets)

    @cached_property
    def ended(self) -> Array:
        """The covariates' sum over the ends (p,)."""
        weight = np.zeros(self.matrix.shape[1])
        weight[self.sets.events] = self.sets.event_weight
        total: Array = self.matrix @ weight
        return total

    def gradient(self, coefficients: Array) -> Array:
        """Return the gradient alone (p,), which takes a fraction of the time."""
        risk = self._risk(coefficients)
        ties = self._ties(risk)
        risk *= self.cells.spread(self.cells.lived_through(ties.a, ties.b))
        gradient: Array = self.ended - self.matrix @ risk
        return gradient

    def at(self, coefficients: Array) -> Point:
        """Return the likelihood and its derivatives at coefficients (p,)."""
        cells, matrix, sets = self.cells, self.matrix, self.cells.sets
        risk = self._risk(coefficients)
        ties = self._ties(risk)
        lived = cells.lived_through(ties.a, ties.b)
        s1, expected = np.empty((len(matrix), sets.n_slots)), np.empty(len(matrix))
        e1, weighted = np.empty_like(s1), np.empty_like(risk)
        for place, row in enumerate(matrix):
            in_cell = cells.add_up(np.multiply(row, risk, out=weighted))
            s1[place] = sets.at_risk(in_cell)
            e1[place] = sets.among_ended(in_cell[sets.events])
            expected[place] = in_cell @ lived
        information = weighted_gram(matrix, np.multiply(risk, cells.spread(lived), out=weighted))
        return Point(
            log_likelihood=float(coefficients @ self.ended) - ties.log_risk,
            gradient=self.ended - expected,
            information=information - outer_ties(s1, e1, ties.c0, ties.c1, ties.c2),
            risk=risk,
            ties=ties,
            s1=s1,
            e1=e1,
        )

    def log_likelihood_null(self) -> float:
        """Return the log-likelihood where all coefficients are 0."""
        ones = np.ones(self.matrix.shape[1]) if self.weight is None else self.weight
        return -self._ties(ones).log_risk

    def _risk(self, coefficients: Array) -> Array:
        risk: Array = np.exp(coefficients @ self.matrix)
        if self.weight is not None:
            risk *= self.weight
        return risk

    def _ties(self, risk: Array) -> TieSums:
        in_cell, sets = self.cells.add_up(risk), self.cells.sets
        return sets.sum_ties(sets.at_risk(in_cell), sets.among_ended(in_cell[sets.events]))


def weighted_gram(matrix: Array, weight: Array) -> Array:
    """Return X diag(w) X' (p, p) for X (p, n), block by block."""
    gram = np.zeros((len(matrix), len(matrix)))
    for start in range(0, matrix.shape[1], _BLOCK):
        block = matrix[:, start : start + _BLOCK]
        gram += (block * weight[start : start + _BLOCK]) @ block.T
    return gram


def outer_ties(s1: Array, e1: Array, c0: Array, c1: Array, c2: Array) -> Array:
    """Return the sum over slots of c0 S1 S1' - c1 (S1 E1' + E1 S1') + c2 E1 E1', (p, p)."""
    mixed = (s1 * c1) @ e1.T
    outer: Array = (s1 * c0) @ s1.T - mixed - mixed.T + (e1 * c2) @ e1.T
    return outer


def maximise_partial(
    likelihood: PartialLikelihood, terms: Sequence[str], ridge: Array, start: Array | None = None
) -> tuple[Array, Point]:
    """Climb to the maximum by Newton steps, halved where they overshoot.

    Parameters
    ----------
    likelihood
        Of standardised covariates.
    terms
        The p names, for messages.
    ridge
        Penalty (p,): ridge/2 times each squared coefficient is taken off.
    start
        Coefficients (p,) to start from; 0 by default.

    Returns
    -------
    coefficients, point
        The maximum (p,), and the likelihood at the step before it, with the log-likelihood of the maximum itself.

    Raises
    ------
    DataError
        If a covariate does not vary among those at risk together.
    ConvergenceError
        If there is no maximum, as where a covariate separates churners from the others; it is named.
    """
    at = np.zeros(len(terms)) if start is None else start
    settled = _settled(likelihood)
    point, step, last = None, np.zeros(len(terms)), -np.inf
    for turn in range(80):
        point = likelihood.at(at)
        value = point.log_likelihood - float(ridge @ at**2) / 2
        if not value >= last - 1e-9 * abs(last):
            step = step / 2
            at = at - step
            continue
        last = value
        gradient = point.gradient - ridge * at
        step = _solve(point.information + np.diag(ridge), gradient, at, terms, first=turn == 0 and start is None)
        gain = float(gradient @ step)
        if gain < settled:
            _refuse_runaways(step, at, terms)
            refuse_separation(terms, at, np.sqrt(np.diag(np.linalg.pinv(point.information + np.diag(ridge)))))
            return at + step, _raised(point, float(point.gradient @ step), step)
        step = step * min(1.0, 5.0 / float(np.abs(step).max()))
        at = at + step
    raise ConvergenceError("The partial likelihood did not settle in 80 steps. Try: penalty=1.")


def approach_partial(likelihood: PartialLikelihood, start: Array, information: Array, ridge: Array) -> Array:
    """Come closer to the maximum by cheap steps, with the information of a sample of the rows throughout.

    Parameters
    ----------
    likelihood
        Of all rows.
    start
        Coefficients (p,): those of the sample.
    information
        The sample's (p, p), times the number of all rows over that of the sample's.
    ridge
        Penalty (p,).

    Returns
    -------
    array (p,)
        Where a step no longer is a tenth of the one before it, or is as small as that of a maximum.
    """
    at, last = start, np.inf
    settled = _settled(likelihood)
    inverse = np.linalg.inv(information + np.diag(ridge))
    for _ in range(_CHEAP_STEPS):
        gradient = likelihood.gradient(at) - ridge * at
        step = inverse @ gradient
        gain = float(gradient @ step)
        if not 0 < gain < last / 100:
            break
        at, last = at + step, gain
        if gain < 100 * settled:
            break
    return at


def _settled(likelihood: PartialLikelihood) -> float:
    return min(_SETTLED * float(likelihood.sets.event_weight.sum()), _SETTLED_AT_MOST)


def _raised(point: Point, slope: float, step: Array) -> Point:
    """Return the point with the log-likelihood that it has one step further."""
    gained = slope - float(step @ point.information @ step) / 2
    return Point(
        log_likelihood=point.log_likelihood + gained,
        gradient=point.gradient,
        information=point.information,
        risk=point.risk,
        ties=point.ties,
        s1=point.s1,
        e1=point.e1,
    )


def _solve(information: Array, gradient: Array, at: Array, terms: Sequence[str], *, first: bool) -> Array:
    if not len(terms):
        return gradient
    if not np.isfinite(information).all():
        raise ConvergenceError("The partial likelihood is not finite. Try: covariates without extreme values.")
    values, vectors = np.linalg.eigh(information)
    if values[0] <= 1e-12 * max(values[-1], 1.0 if first else 1e-300):
        flat = np.abs(vectors[:, 0]) > 0.3
        if first:
            names = ", ".join(f"`{term}`" for term, part in zip(terms, flat, strict=True) if part)
            raise DataError(
                f"{names} cannot be told apart: among those at risk at the same time (and in the same stratum) the "
                "likelihood does not depend on them. Try: leave one out."
            )
        _refuse(flat, at, terms)
    step: Array = vectors @ ((vectors.T @ gradient) / values)
    return step


def _refuse_runaways(step: Array, at: Array, terms: Sequence[str]) -> None:
    away = np.abs(step) > _RUNAWAY
    if away.any():
        _refuse(away, at, terms)


def _refuse(away: npt.NDArray[np.bool_], at: Array, terms: Sequence[str]) -> None:
    names = ", ".join(
        f"`{term}` (to {'plus' if value > 0 else 'minus'} infinity)"
        for term, part, value in zip(terms, away, at, strict=True)
        if part
    )
    raise ConvergenceError(
        f"The likelihood keeps rising along {names}: the covariate separates those who churned from those at risk. "
        "Try: leave it out, join its rare levels, or penalty=1."
    )

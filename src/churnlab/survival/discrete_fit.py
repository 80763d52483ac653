"""A fitted hazard in discrete time: what it estimates, and what it says of customers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.inference import coefficient_table, normal_quantile
from churnlab.survival import fit_methods
from churnlab.survival.design import Design
from churnlab.survival.discrete_likelihood import Link
from churnlab.survival.predictions import to_steps

__all__ = ["DiscreteHazardFit", "DiscreteHazards"]

Array = npt.NDArray[np.float64]


class DiscreteHazards:
    """Hazards of n customers: predictors (n, T), centred covariates (p, n), the baseline's terms (T, q), a covariance."""

    def __init__(self, link: Link, predictor: Array, centred: Array, basis: Array, covariance: Array) -> None:
        from scipy.special import expit

        self._centred, self._basis, self._covariance = centred, basis, covariance
        if link == "logit":
            steps, self._slope = np.logaddexp(0.0, predictor), expit(predictor)
        else:
            steps = np.exp(predictor)
            self._slope = steps
        self._running = np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)], axis=1)

    @property
    def last(self) -> Array:
        """Last period in the data of the fit, for each customer (n,)."""
        return np.full(len(self._running), self._running.shape[1] - 1.0)

    def cumulative(self, start: Array, end: Array) -> Array:
        """Return minus the logarithm of each customer's survival from one time to another (n,)."""
        rows = np.arange(len(self._running))
        found: Array = self._running[rows, self._place(end)] - self._running[rows, self._place(start)]
        return found

    def gradient(self, start: Array, end: Array, factor: Array) -> Array:
        """Return the derivative by the q + p parameters of a weighted sum of hazards."""
        between = self._between(start, end) * factor[:, None]
        return np.concatenate([self._basis.T @ between.sum(axis=0), self._centred @ between.sum(axis=1)])

    def variance(self, gradient: Array) -> float:
        """Return the variance of what has that gradient (q + p,)."""
        return float(gradient @ self._covariance @ gradient)

    def row_variance(self, start: Array, end: Array) -> Array:
        """Return the variance of each customer's cumulative hazard (n,)."""
        between = self._between(start, end)
        slopes = np.concatenate([between @ self._basis, (self._centred * between.sum(axis=1)).T], axis=1)
        found: Array = np.einsum("ni,ij,nj->n", slopes, self._covariance, slopes, optimize=True)
        return found

    def nodes(self, start: Array, end: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the steps of survival between start and end: times (n,) and widths (n,)."""
        yield from to_steps(np.arange(self._running.shape[1], dtype=np.float64), start, end)

    def _between(self, start: Array, end: Array) -> Array:
        """Return the slopes of the periods that lie between two times, 0 elsewhere (n, T)."""
        period = np.arange(1, self._running.shape[1])
        inside = (period > self._place(start)[:, None]) & (period <= self._place(end)[:, None])
        return np.where(inside, self._slope, 0.0)

    def _place(self, time: Array) -> npt.NDArray[np.intp]:
        place: npt.NDArray[np.intp] = np.minimum(np.floor(time), self._running.shape[1] - 1).astype(np.intp)
        return place


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DiscreteHazardFit:
    """A fitted hazard in discrete time.

    Attributes
    ----------
    coefficients
        Log odds ratios (logit) or log hazard ratios (cloglog) (p,), in the order of `tidy`.
    covariance
        Of the coefficients (p, p).
    levels
        Coefficients of the baseline's terms (q,), for a customer with the mean covariates.
    whole_covariance
        Of levels and coefficients together (q + p, q + p).
    basis
        The baseline's terms in each period (T, q).
    open
        Which periods have a hazard (T,).
    design
        How columns become covariates.
    mean
        Of the covariates (p,).
    link
        ``"logit"`` or ``"cloglog"``.
    n, events, periods_at_risk
        Number of customers, how many of them churned, and how many periods they were at risk together.
    log_likelihood
        At the estimates.
    reason
        The reason for leaving that was fitted, or None for all.
    conf_level
        Of every interval.
    """

    coefficients: Array
    covariance: Array
    levels: Array
    whole_covariance: Array
    basis: Array
    open: npt.NDArray[np.bool_]
    design: Design
    mean: Array
    link: Link
    n: float
    events: float
    periods_at_risk: float
    log_likelihood: float
    reason: str | None
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`."""
        return coefficient_table(self.design.terms, self.coefficients, self.covariance, conf_level=self.conf_level)

    def ratios(self) -> pd.DataFrame:
        """Return odds ratios (logit) or hazard ratios (cloglog): `term, estimate, conf_low, conf_high, p_value`."""
        table = self.tidy()
        limits = {name: np.exp(table[name]) for name in ("estimate", "conf_low", "conf_high")}
        return pd.DataFrame({"term": table["term"], **limits, "p_value": table["p_value"]})

    def glance(self) -> pd.DataFrame:
        """Return one row: `link, n, events, periods_at_risk, log_likelihood, df, aic, bic, conf_level`."""
        k = len(self.levels) + len(self.coefficients)
        return pd.DataFrame(
            {
                "link": [self.link],
                "n": [self.n],
                "events": [self.events],
                "periods_at_risk": [self.periods_at_risk],
                "log_likelihood": [self.log_likelihood],
                "df": [k],
                "aic": [2 * k - 2 * self.log_likelihood],
                "bic": [k * np.log(self.n) - 2 * self.log_likelihood],
                "conf_level": [self.conf_level],
            }
        )

    def baseline_hazard(self) -> pd.DataFrame:
        """Return P(leave in a period | still here) of a customer with the mean covariates.

        One row per period: `period, estimate, conf_low, conf_high`.
        """
        q = len(self.levels)
        level = self.basis @ self.levels
        variance = np.einsum("ti,ij,tj->t", self.basis, self.whole_covariance[:q, :q], self.basis)
        margin = normal_quantile(self.conf_level) * np.sqrt(variance)
        shown = {"estimate": level, "conf_low": level - margin, "conf_high": level + margin}
        hazards = {name: np.where(self.open, self._inverse(eta), 0.0) for name, eta in shown.items()}
        return pd.DataFrame({"period": np.arange(1, len(level) + 1), **hazards})

    def _inverse(self, predictor: Array) -> Array:
        from scipy.special import expit

        return np.asarray(expit(predictor) if self.link == "logit" else -np.expm1(-np.exp(predictor)))

    def linear_predictor(self, new: pd.DataFrame) -> Array:
        """Return each row's predictor against the mean covariates (n,): the higher, the sooner gone.

        Raises
        ------
        DataError
            If a covariate is missing, has empty cells or an unknown level.
        """
        score: Array = self.coefficients @ self.design.matrix(new) - self.coefficients @ self.mean
        return score

    def hazards(self, new: pd.DataFrame) -> DiscreteHazards:
        """Return the hazards of new customers (n rows), from which every prediction follows.

        Raises
        ------
        DataError
            If a covariate is missing, has empty cells or an unknown level.
        """
        centred = self.design.matrix(new) - self.mean[:, None]
        level = np.where(self.open, self.basis @ self.levels, -np.inf)
        predictor = (self.coefficients @ centred)[:, None] + level
        return DiscreteHazards(self.link, predictor, centred, self.basis, self.whole_covariance)

    survival = fit_methods.survival
    churn_probability = fit_methods.churn_probability
    expected_lifetime = fit_methods.expected_lifetime
    predict = fit_methods.predict

    def __repr__(self) -> str:
        p = len(self.coefficients)
        terms = f"{p} term{'' if p == 1 else 's'}, {len(self.open)} periods"
        return f"DiscreteHazardFit({self.link}, {terms}; {self.n:,.0f} customers, {self.events:,.0f} churned)"

    def _repr_html_(self) -> str:
        return display.to_html(self)

"""A fitted Cox model: what it estimates, and what it says of customers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.inference import coefficient_table
from churnlab.survival import fit_methods
from churnlab.survival.cox_hazards import Baseline, CoxHazards
from churnlab.survival.cox_risk import Ties, Weights
from churnlab.survival.design import Design
from churnlab.survival.strata import Strata

__all__ = ["CoxFit"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CoxFit:
    """A fitted proportional hazards model.

    Attributes
    ----------
    coefficients
        Logarithms of the hazard ratios (p,), in the order of `tidy`.
    covariance
        Of the coefficients (p, p), robust if asked for.
    model_covariance
        The inverse of the information (p, p).
    design
        How columns become covariates.
    strata
        Groups with baseline hazards of their own.
    mean
        Of the covariates (p,): whom the baseline belongs to.
    baseline
        The hazard of a customer with the mean covariates.
    n, events
        Number of customers (or rows, of start-stop data) and how many of them churned.
    log_likelihood, log_likelihood_null
        Partial, at the estimates and at zero.
    penalty
        Half of which times the sum of squared coefficients was taken off the log-likelihood.
    ties, weights, robust, reason
        As fitted.
    conf_level
        Of every interval.
    """

    coefficients: Array
    covariance: Array
    model_covariance: Array
    design: Design
    strata: Strata
    mean: Array
    baseline: Baseline
    n: float
    events: float
    log_likelihood: float
    log_likelihood_null: float
    penalty: float
    ties: Ties
    weights: Weights
    robust: bool
    reason: str | None
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`."""
        return coefficient_table(self.design.terms, self.coefficients, self.covariance, conf_level=self.conf_level)

    def hazard_ratios(self) -> pd.DataFrame:
        """Return by how much one unit more multiplies the hazard: `term, estimate, conf_low, conf_high, p_value`."""
        table = self.tidy()
        limits = {name: np.exp(table[name]) for name in ("estimate", "conf_low", "conf_high")}
        return pd.DataFrame({"term": table["term"], **limits, "p_value": table["p_value"]})

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, events, log_likelihood, log_likelihood_null, statistic, df, p_value, aic, bic, conf_level`.

        `statistic` is that of the likelihood ratio against no covariates; `bic` counts ends, not customers.
        """
        from scipy.special import chdtrc

        df, gain = len(self.coefficients), 2 * (self.log_likelihood - self.log_likelihood_null)
        return pd.DataFrame(
            {
                "n": [self.n],
                "events": [self.events],
                "log_likelihood": [self.log_likelihood],
                "log_likelihood_null": [self.log_likelihood_null],
                "statistic": [gain],
                "df": [df],
                "p_value": [float(chdtrc(df, max(gain, 0.0)))],
                "aic": [2 * df - 2 * self.log_likelihood],
                "bic": [df * np.log(self.events) - 2 * self.log_likelihood],
                "conf_level": [self.conf_level],
            }
        )

    def linear_predictor(self, new: pd.DataFrame) -> Array:
        """Return the log hazard ratio of each row against the mean covariates (n,): the higher, the sooner gone.

        Raises
        ------
        DataError
            If a covariate is missing, has empty cells or an unknown level.
        """
        score: Array = self.coefficients @ self.design.matrix(new) - self.coefficients @ self.mean
        return score

    def baseline_hazard(self) -> pd.DataFrame:
        """Return the baseline: one row per time and stratum, `stratum, time, hazard, cumulative_hazard`.

        It is that of a customer whose covariates are all 0 (and of the first level). R: ``basehaz(centered = FALSE)``.
        """
        scale = float(np.exp(-self.coefficients @ self.mean))
        number = np.repeat(np.arange(len(self.strata.levels)), np.diff(self.baseline.starts))
        table = pd.DataFrame(
            {
                "stratum": np.array(self.strata.names, dtype=object)[number],
                "time": self.baseline.times,
                "hazard": self.baseline.hazard * scale,
                "cumulative_hazard": self.baseline.running(self.baseline.hazard) * scale,
            }
        )
        return table[table["time"].notna()].reset_index(drop=True)

    def hazards(self, new: pd.DataFrame) -> CoxHazards:
        """Return the hazards of new customers (n rows), from which every prediction follows.

        Raises
        ------
        DataError
            If a covariate or a column of the strata is missing, has empty cells or an unknown level.
        """
        centred = self.design.matrix(new) - self.mean[:, None]
        return CoxHazards(self.baseline, centred, self.strata.codes(new), self.coefficients, self.covariance)

    survival = fit_methods.survival
    churn_probability = fit_methods.churn_probability
    expected_lifetime = fit_methods.expected_lifetime
    predict = fit_methods.predict

    def __repr__(self) -> str:
        what = f", strata by {', '.join(self.strata.columns)}" if self.strata.columns else ""
        return f"CoxFit({len(self.coefficients)} terms{what}; {self.n:,.0f} customers, {self.events:,.0f} churned)"

    def _repr_html_(self) -> str:
        return display.to_html(self)

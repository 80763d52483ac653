"""A fitted accelerated failure time model: what it estimates, and what it says of customers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.inference import coefficient_table, wald_table
from churnlab.survival import fit_methods
from churnlab.survival.aft_distributions import Distribution, log_survival
from churnlab.survival.design import Design

__all__ = ["AftFit", "AftHazards"]

Array = npt.NDArray[np.float64]

_NODES = 96


class AftHazards:
    """Hazards of n customers: covariates (p, n), the first of them 1, and parameters with their covariance."""

    def __init__(self, distribution: Distribution, matrix: Array, parameters: Array, covariance: Array) -> None:
        self._distribution, self._matrix, self._covariance = distribution, matrix, covariance
        p = len(matrix)
        self._free = len(parameters) > p
        self._location, self._scale = parameters[:p] @ matrix, float(parameters[p]) if self._free else 1.0

    @property
    def last(self) -> Array:
        """The model knows every customer for ever (n,)."""
        return np.full(len(self._location), np.inf)

    def cumulative(self, start: Array, end: Array) -> Array:
        """Return each customer's cumulative hazard between two times (n,)."""
        found: Array = self._hazard(start)[0] - self._hazard(end)[0]
        return found

    def gradient(self, start: Array, end: Array, factor: Array) -> Array:
        """Return the derivative by the parameters of a weighted sum of hazards (k,)."""
        return self._slopes(start, end) @ factor

    def variance(self, gradient: Array) -> float:
        """Return the variance of what has that gradient (k,)."""
        return float(gradient @ self._covariance @ gradient)

    def row_variance(self, start: Array, end: Array) -> Array:
        """Return the variance of each customer's cumulative hazard (n,)."""
        slopes = self._slopes(start, end)
        found: Array = np.einsum("in,ij,jn->n", slopes, self._covariance, slopes, optimize=True)
        return found

    def nodes(self, start: Array, end: Array) -> Iterator[tuple[Array, Array]]:
        """Yield Gauss-Legendre nodes, close together after the start, where hazards may be steep."""
        points, weights = np.polynomial.legendre.leggauss(_NODES)
        for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
            yield start + (end - start) * point**4, (end - start) * weight * 4 * point**3

    def _hazard(self, time: Array) -> tuple[Array, Array, Array]:
        """Return log survival, its slope in z, and z, each (n,); 0 at time 0."""
        later = time > 0
        z = np.where(later, (np.log(np.where(later, time, 1.0)) - self._location) / self._scale, 0.0)
        value, slope, _ = log_survival(self._distribution, z)
        return np.where(later, value, 0.0), np.where(later, slope, 0.0), z

    def _slopes(self, start: Array, end: Array) -> Array:
        """Return the derivatives of each cumulative hazard by the parameters (k, n)."""
        (_, before, z_before), (_, after, z_after) = self._hazard(start), self._hazard(end)
        by_location = (after - before) / self._scale
        slopes = self._matrix * by_location
        if not self._free:
            return slopes
        by_scale = (after * z_after - before * z_before) / self._scale
        return np.vstack([slopes, by_scale])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AftFit:
    """A fitted accelerated failure time model.

    Attributes
    ----------
    distribution
        Of the time to churn.
    parameters
        Intercept, coefficients and, unless the distribution is exponential, the scale (k,).
    covariance
        Of the parameters (k, k).
    design
        How columns become covariates.
    n, events
        Number of customers, and how many of them churned.
    log_likelihood
        At the estimates.
    reason
        The reason for leaving that was fitted, or None for all.
    conf_level
        Of every interval.
    """

    distribution: Distribution
    parameters: Array
    covariance: Array
    design: Design
    n: float
    events: float
    log_likelihood: float
    reason: str | None
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per parameter: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`.

        The scale, which cannot be 0, has no test; its limits are those of its logarithm.
        """
        p = 1 + len(self.design.terms)
        names = ("(Intercept)", *self.design.terms)
        table = coefficient_table(names, self.parameters[:p], self.covariance[:p, :p], conf_level=self.conf_level)
        if len(self.parameters) == p:
            return table
        scale = wald_table(("scale",), self.parameters[p:], self.covariance[p:, p:], conf_level=self.conf_level)
        return pd.concat([table, scale], ignore_index=True)

    def time_ratios(self) -> pd.DataFrame:
        """Return by how much one unit more multiplies the time to churn: `term, estimate, conf_low, conf_high, p_value`."""
        table = self.tidy().iloc[1 : 1 + len(self.design.terms)].reset_index(drop=True)
        limits = {name: np.exp(table[name]) for name in ("estimate", "conf_low", "conf_high")}
        return pd.DataFrame({"term": table["term"], **limits, "p_value": table["p_value"]})

    def glance(self) -> pd.DataFrame:
        """Return one row: `distribution, n, events, log_likelihood, aic, bic, conf_level`."""
        k = len(self.parameters)
        return pd.DataFrame(
            {
                "distribution": [self.distribution],
                "n": [self.n],
                "events": [self.events],
                "log_likelihood": [self.log_likelihood],
                "aic": [2 * k - 2 * self.log_likelihood],
                "bic": [k * np.log(self.n) - 2 * self.log_likelihood],
                "conf_level": [self.conf_level],
            }
        )

    def linear_predictor(self, new: pd.DataFrame) -> Array:
        """Return minus the location of each row's log time (n,): the higher, the sooner gone.

        Raises
        ------
        DataError
            If a covariate is missing, has empty cells or an unknown level.
        """
        location: Array = self.parameters[: 1 + len(self.design.terms)] @ self._matrix(new)
        return -location

    def hazards(self, new: pd.DataFrame) -> AftHazards:
        """Return the hazards of new customers (n rows), from which every prediction follows.

        Raises
        ------
        DataError
            If a covariate is missing, has empty cells or an unknown level.
        """
        return AftHazards(self.distribution, self._matrix(new), self.parameters, self.covariance)

    def _matrix(self, new: pd.DataFrame) -> Array:
        return np.vstack([np.ones(len(new)), self.design.matrix(new)])

    survival = fit_methods.survival
    churn_probability = fit_methods.churn_probability
    expected_lifetime = fit_methods.expected_lifetime
    predict = fit_methods.predict

    def __repr__(self) -> str:
        p = len(self.design.terms)
        terms = f"{p} term{'' if p == 1 else 's'}"
        return f"AftFit({self.distribution}, {terms}; {self.n:,.0f} customers, {self.events:,.0f} churned)"

    def _repr_html_(self) -> str:
        return display.to_html(self)

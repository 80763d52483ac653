"""The elasticity of one demand curve: log quantity on price, with fixed effects absorbed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.elasticity.coefficients import elasticity_at
from churnlab.inference import Interval, coefficient_table

__all__ = ["ElasticityFit", "fit_elasticity"]

Array = npt.NDArray[np.float64]
Form = Literal["log-log", "semi-log"]
Errors = Literal["iid", "hc1", "hc3", "cluster", "hac"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ElasticityFit:
    """A fitted demand curve of constant elasticity (log-log) or constant semi-elasticity (semi-log).

    Attributes
    ----------
    terms
        Names of the k coefficients; the first is ``"log_price"``, or ``"price"`` in the semi-log form.
    coefficients
        Estimates (k,).
    covariance
        Of the estimates (k, k).
    form
        ``"log-log"`` or ``"semi-log"``.
    errors
        How the standard errors were computed.
    df
        Degrees of freedom of Student's t.
    n, n_singletons
        Rows fitted on, and rows left out because they were alone in a level of an effect.
    effects
        Levels of each absorbed effect, by its name.
    n_clusters
        Clusters of the standard errors, of each way; empty without clustering.
    residual_variance
        Of log quantity around the curve: RSS / (n - K).
    smearing
        Duan's factor: the mean of exp(residual), by which exp(predicted log quantity) becomes an expected quantity.
    price_mean, price_low, price_high
        Mean, lowest and highest price that was observed.
    r_squared, r_squared_within
        Share of the variance of log quantity explained: with the effects, and beside them.
    conf_level
        Of every interval.
    """

    terms: tuple[str, ...]
    coefficients: Array
    covariance: Array
    form: Form
    errors: str
    df: float
    n: int
    n_singletons: int
    effects: Mapping[str, int]
    n_clusters: tuple[int, ...]
    residual_variance: float
    smearing: float
    price_mean: float
    price_low: float
    price_high: float
    r_squared: float
    r_squared_within: float
    conf_level: float

    @property
    def elasticity(self) -> Interval:
        """Change of quantity in per cent where the price goes up by one; in the semi-log form at the mean price."""
        return elasticity_at(self, price=self.price_mean)

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`."""
        return coefficient_table(
            self.terms, self.coefficients, self.covariance, conf_level=self.conf_level, df=self.df
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_elasticity(
    prices: Any,
    *,
    effects: tuple[str, ...] = ("product", "period"),
    controls: tuple[str, ...] = (),
    moderators: tuple[str, ...] = (),
    form: Form = "log-log",
    errors: Errors = "cluster",
    cluster: tuple[str, ...] = ("product",),
    weights: str | None = None,
    conf_level: float = 0.95,
) -> ElasticityFit:
    """Estimate the elasticity of demand by least squares with fixed effects absorbed."""
    raise NotImplementedError

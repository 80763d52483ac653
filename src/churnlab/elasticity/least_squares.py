"""The elasticity of one demand curve: log quantity on price, with fixed effects absorbed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.elasticity.absorb import absorb
from churnlab.elasticity.coefficients import elasticity_at, independent_terms
from churnlab.elasticity.covariance_choice import Errors, check_errors, uncertainty
from churnlab.elasticity.covariances import parameters
from churnlab.elasticity.design import Design, Form, Specification, to_design
from churnlab.elasticity.fit_statistics import fit_statistics, outcome_and_regressors, weighted
from churnlab.elasticity.prediction import LevelEffects, level_effects, predict_quantity
from churnlab.elasticity.semidefinite import inverse
from churnlab.inference import Interval, coefficient_table, normal_quantile

__all__ = ["ElasticityFit", "fit_elasticity"]

Array = npt.NDArray[np.float64]


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
        Absorbed effects by name, with the values of their levels.
    moderators
        The mean of each moderator: at these the first coefficient holds.
    n_clusters
        Clusters of the standard errors, of each way; empty without clustering.
    residual_variance
        Of log quantity around the curve: RSS / (n - K).
    smearing
        Duan's factor: the mean of exp(residual), by which exp(predicted log quantity) becomes an expected quantity.
    price_mean, price_low, price_high
        Mean, lowest and highest price that was observed.
    log_likelihood
        Of log quantity, were it normal.
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
    effects: LevelEffects
    moderators: Mapping[str, float]
    n_clusters: tuple[int, ...]
    residual_variance: float
    smearing: float
    price_mean: float
    price_low: float
    price_high: float
    log_likelihood: float
    r_squared: float
    r_squared_within: float
    conf_level: float

    @property
    def elasticity(self) -> Interval:
        """Change of quantity in per cent where the price goes up by one; in the semi-log form at the mean price."""
        return elasticity_at(self, price=self.price_mean)

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`."""
        return coefficient_table(self.terms, self.coefficients, self.covariance, conf_level=self.conf_level, df=self.df)

    def glance(self) -> pd.DataFrame:
        """Return one row.

        `n, n_singletons, n_effects` (levels absorbed)`, r_squared, r_squared_within, residual_variance, smearing,
        log_likelihood, errors, df, conf_level`.
        """
        return pd.DataFrame(
            {
                "n": [self.n],
                "n_singletons": [self.n_singletons],
                "n_effects": [self.effects.size],
                "r_squared": [self.r_squared],
                "r_squared_within": [self.r_squared_within],
                "residual_variance": [self.residual_variance],
                "smearing": [self.smearing],
                "log_likelihood": [self.log_likelihood],
                "errors": [self.errors],
                "df": [self.df],
                "conf_level": [self.conf_level],
            }
        )

    def predict(self, new_data: pd.DataFrame) -> pd.DataFrame:
        """Return the expected quantity of each row.

        Parameters
        ----------
        new_data
            With `price` and the columns of the other terms and of the effects (n rows).

        Returns
        -------
        DataFrame
            The same rows: `estimate`, in pieces, retransformed by Duan's factor.

        Raises
        ------
        DataError
            If a column is missing, a price is not above 0, or a level of an effect was not fitted.
        """
        return predict_quantity(self, new_data)

    def __repr__(self) -> str:
        found = self.elasticity
        return (
            f"ElasticityFit({found.estimate:.4g}, {self.conf_level:.0%} [{found.conf_low:.4g}, {found.conf_high:.4g}]; "
            f"{self.form}, {self.n:,} rows)"
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
    lags: int | None = None,
    weights: str | None = None,
    conf_level: float = 0.95,
) -> ElasticityFit:
    """Estimate the elasticity of demand by least squares with fixed effects absorbed.

    Parameters
    ----------
    prices
        A table or frame of PRICES (n rows): a product in a period (and store).
    effects
        What is held constant: columns, several joined as ``"product:store"``, and ``"year"``, ``"quarter"`` or
        ``"month"`` of the period. ``("product", "month")`` compares a product with itself within months. ``()`` holds
        nothing constant.
    controls
        Columns of numbers that enter beside the price, as they are.
    moderators
        Columns of numbers on which the elasticity may depend: their terms ``"log_price:name"`` say by how much it changes
        when the column goes up by 1; ``"log_price"`` then holds where all are at their means.
    form
        ``"log-log"``: one elasticity at all prices; ``"semi-log"``: quantity falls by a constant share per unit of price.
    errors
        ``"cluster"``: errors hang together within `cluster`; ``"hc1"``, ``"hc3"``: independent, of unequal variance;
        ``"hac"``: they hang together in time within a product (and store); ``"iid"``: independent, of equal variance.
    cluster
        One or two columns, as in `effects`.
    lags
        With ``"hac"``: up to how many periods; by default 4 (T / 100)^(2/9), rounded down.
    weights
        A column by which rows count.
    conf_level
        Of every interval.

    Returns
    -------
    ElasticityFit

    Raises
    ------
    DataError
        If the table breaks the contract, has a product twice in a period, a quantity of 0, one price only, a column that
        is missing or empty, a term that the effects or other terms already hold, or too few rows.
    ParameterError
        If an option is unknown.
    ConvergenceError
        If the effects have very many levels that hang together by few rows.

    Notes
    -----
    Coefficients are exact (Frisch-Waugh-Lovell). Rows alone in a level of an effect are left out and counted. Clustered errors
    count parameters as R's `fixest::feols` does. Prices are observed, not set by lot: where they answer to demand, the
    estimate is no effect; see :func:`fit_instrumented`.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=4, freq="W-MON")
    >>> prices = pd.DataFrame({"product": "tea", "period": days, "price": [2.0, 4.0, 2.0, 4.0], "quantity": [40, 9, 40, 11]})
    >>> fit_elasticity(prices, effects=(), errors="iid")
    ElasticityFit(-2.007, 95% [-2.63, -1.384]; log-log, 4 rows)
    """
    check_errors(errors, cluster, lags=lags)
    normal_quantile(conf_level)
    asked = Specification(
        effects=effects,
        cluster=cluster if errors == "cluster" else (),
        controls=controls,
        moderators=moderators,
        form=form,
        weights=weights,
        series=errors == "hac",
    )
    return _fit(to_design(prices, asked), asked, errors, lags, conf_level)


def _fit(design: Design, asked: Specification, errors: str, lags: int | None, conf_level: float) -> ElasticityFit:
    columns, squares = outcome_and_regressors(design)
    absorbed = absorb(columns, design.groups, design.weights)
    outcome, regressors = absorbed.residuals[:, 0], absorbed.residuals[:, 1:]
    gram = weighted(regressors, design.weights).T @ regressors
    kept = independent_terms(design.terms, squares[1:], gram, effects=asked.effects, optional=asked.moderators)
    if len(kept) < len(design.terms):
        regressors, gram = regressors[:, kept], gram[np.ix_(kept, kept)]
    bread = inverse(gram)
    coefficients = bread @ (weighted(regressors, design.weights).T @ outcome)
    residuals = regressors @ -coefficients
    residuals += outcome
    found = uncertainty(design, regressors, residuals, bread, errors=errors, lags=lags)
    return ElasticityFit(
        terms=tuple(design.terms[place] for place in kept),
        coefficients=coefficients,
        covariance=found.covariance,
        df=found.df,
        form=asked.form,
        errors=errors,
        n=design.n,
        n_singletons=design.n_singletons,
        effects=level_effects(absorbed, design.groups, _combination(kept, coefficients, len(design.terms))),
        moderators=design.moderators,
        n_clusters=tuple(cluster.size for cluster in design.clusters),
        conf_level=conf_level,
        **vars(fit_statistics(design, residuals, outcome, squares[0], parameters(len(kept), design.groups))),
    )


def _combination(kept: list[int], coefficients: Array, k: int) -> Array:
    """Return the weights (1 + k,) of outcome and regressors whose effects are those of the fitted curve."""
    weights = np.zeros(1 + k)
    weights[0] = 1.0
    weights[[1 + place for place in kept]] = -coefficients
    return weights

"""The elasticity where some periods sold nothing: Poisson pseudo-maximum likelihood, with fixed effects absorbed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.elasticity.coefficients import elasticity_at
from churnlab.elasticity.covariance_choice import check_errors
from churnlab.elasticity.design import Design, Form, Specification, to_design
from churnlab.elasticity.poisson_steps import PoissonMaximum, maximise_poisson, poisson_uncertainty
from churnlab.elasticity.prediction import LevelEffects, level_effects, predict_quantity
from churnlab.elasticity.separation import rows_of_zero_levels, separated_rows
from churnlab.errors import DataError
from churnlab.inference import Interval, coefficient_table, normal_quantile

__all__ = ["PoissonElasticityFit", "fit_poisson_elasticity"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PoissonElasticityFit:
    """A fitted demand curve for the expected quantity itself, zeros included.

    Attributes
    ----------
    terms
        Names of the k coefficients; the first is ``"log_price"``, or ``"price"`` in the semi-log form.
    coefficients, covariance
        Estimates (k,) and their covariance (k, k).
    form, errors
        As asked for.
    df
        Infinite: statistics are compared with the normal distribution.
    n, n_singletons, n_separated
        Rows fitted on; rows left out because they were alone in a level of an effect, or because the model fits their quantity
        of 0 perfectly (as where a product never sold).
    effects
        Absorbed effects by name, with the values of their levels.
    moderators
        The mean of each moderator: at these the first coefficient holds.
    n_clusters
        Clusters of the standard errors, of each way.
    dispersion
        Pearson's chi-square over n - K: 1 for a Poisson distribution, more if quantities vary more.
    deviance, log_likelihood, pseudo_r_squared
        Of the Poisson model; the last is McFadden's.
    price_mean, price_low, price_high
        Mean, lowest and highest price that was observed.
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
    n_separated: int
    effects: LevelEffects
    moderators: Mapping[str, float]
    n_clusters: tuple[int, ...]
    dispersion: float
    deviance: float
    log_likelihood: float
    pseudo_r_squared: float
    price_mean: float
    price_low: float
    price_high: float
    conf_level: float

    @property
    def elasticity(self) -> Interval:
        """Change of quantity in per cent where the price goes up by one; in the semi-log form at the mean price."""
        return elasticity_at(self, price=self.price_mean)

    @property
    def smearing(self) -> float:
        """1: the model is of the expected quantity, which needs no retransformation."""
        return 1.0

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`."""
        return coefficient_table(self.terms, self.coefficients, self.covariance, conf_level=self.conf_level, df=self.df)

    def glance(self) -> pd.DataFrame:
        """Return one row: the counts of rows and levels, how well it fits, `errors, conf_level`."""
        return pd.DataFrame(
            {
                "n": [self.n],
                "n_singletons": [self.n_singletons],
                "n_separated": [self.n_separated],
                "n_effects": [self.effects.size],
                "dispersion": [self.dispersion],
                "deviance": [self.deviance],
                "pseudo_r_squared": [self.pseudo_r_squared],
                "log_likelihood": [self.log_likelihood],
                "errors": [self.errors],
                "conf_level": [self.conf_level],
            }
        )

    def predict(self, new_data: pd.DataFrame) -> pd.DataFrame:
        """Return the expected quantity of each row as `estimate`; see :meth:`ElasticityFit.predict`.

        Raises
        ------
        DataError
            If a column is missing, a price is not above 0, or a level of an effect was not fitted.
        """
        return predict_quantity(self, new_data)

    def __repr__(self) -> str:
        found = self.elasticity
        return (
            f"PoissonElasticityFit({found.estimate:.4g}, {self.conf_level:.0%} [{found.conf_low:.4g}, {found.conf_high:.4g}]; "
            f"{self.form}, {self.n:,} rows)"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_poisson_elasticity(
    prices: Any,
    *,
    effects: tuple[str, ...] = ("product", "period"),
    controls: tuple[str, ...] = (),
    moderators: tuple[str, ...] = (),
    form: Form = "log-log",
    errors: Literal["iid", "hc1", "cluster"] = "cluster",
    cluster: tuple[str, ...] = ("product",),
    conf_level: float = 0.95,
) -> PoissonElasticityFit:
    """Estimate the elasticity of expected demand, with periods in which nothing was sold.

    Parameters
    ----------
    prices
        A table or frame of PRICES (n rows); quantities may be 0 and need not be whole.
    effects, controls, moderators, form, cluster
        As in :func:`fit_elasticity`.
    errors
        ``"cluster"``, ``"hc1"``, or ``"iid"``, which takes quantities for Poisson.
    conf_level
        Of every interval.

    Returns
    -------
    PoissonElasticityFit

    Raises
    ------
    DataError
        As in :func:`fit_elasticity`, and if all quantities are 0.
    ParameterError
        If an option is unknown.
    ConvergenceError
        If the iteration does not settle.

    Notes
    -----
    Santos Silva and Tenreyro (2006), The log of gravity: consistent if the expected quantity is exp of the terms, whatever its
    distribution. Rows that the model sets apart are left out and counted (Correia, Guimarães and Zylkin 2019). R:
    `fixest::fepois`.

    Examples
    --------
    >>> weeks = pd.date_range("2024-01-01", periods=4, freq="W-MON")
    >>> tea = pd.DataFrame({"product": "tea", "period": weeks, "price": [2.0, 4.0, 2.0, 4.0], "quantity": [6, 0, 4, 2]})
    >>> fit_poisson_elasticity(tea, effects=(), errors="hc1")
    PoissonElasticityFit(-2.322, 95% [-5.206, 0.5617]; log-log, 4 rows)
    """
    check_errors(errors, cluster, ("iid", "hc1", "cluster"))
    normal_quantile(conf_level)
    asked = Specification(
        effects=effects,
        cluster=cluster if errors == "cluster" else (),
        controls=controls,
        moderators=moderators,
        form=form,
        zeros=True,
    )
    design, separated = _without_separated(to_design(prices, asked))
    found = maximise_poisson(design, asked)
    return _result(design, found, asked, separated=separated, errors=errors, conf_level=conf_level)


def _without_separated(design: Design) -> tuple[Design, int]:
    """Return the design without rows that fit perfectly, and how many these were."""
    n, singletons = design.n, design.n_singletons
    if not (design.quantity > 0).any():
        raise DataError(f"`quantity` is 0 in all {n:,} rows. Try: a longer time.")
    while True:
        dropped = rows_of_zero_levels(design.quantity, design.groups)
        if not dropped.any():
            scaled = design.regressors - design.regressors.mean(axis=0)
            dropped = separated_rows(design.quantity, scaled / (scaled.std(axis=0) + 1e-300), design.groups)
        if not dropped.any():
            return design, n - design.n - (design.n_singletons - singletons)
        design = design.keep(~dropped).without_singletons()


def _result(
    design: Design, found: PoissonMaximum, asked: Specification, *, separated: int, errors: str, conf_level: float
) -> PoissonElasticityFit:
    weights = np.zeros(1 + len(design.terms))
    weights[0] = 1.0
    weights[[1 + place for place in found.kept]] = -found.coefficients
    covariance, dispersion = poisson_uncertainty(design, found, errors)
    return PoissonElasticityFit(
        terms=tuple(design.terms[place] for place in found.kept),
        coefficients=found.coefficients,
        covariance=covariance,
        form=asked.form,
        errors=errors,
        df=float("inf"),
        n=design.n,
        n_singletons=design.n_singletons,
        n_separated=separated,
        effects=level_effects(found.absorbed, design.groups, weights),
        moderators=design.moderators,
        n_clusters=tuple(cluster.size for cluster in design.clusters),
        dispersion=dispersion,
        deviance=found.deviance,
        log_likelihood=found.log_likelihood,
        pseudo_r_squared=1 - found.log_likelihood / found.null_log_likelihood,
        price_mean=float(design.price.mean()),
        price_low=float(design.price.min()),
        price_high=float(design.price.max()),
        conf_level=conf_level,
    )

"""The elasticity where price answers to demand: instruments, with fixed effects absorbed."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.elasticity.anderson_rubin import anderson_rubin_set
from churnlab.elasticity.coefficients import elasticity_at
from churnlab.elasticity.covariance_choice import check_errors
from churnlab.elasticity.covariances import parameters
from churnlab.elasticity.design import Form, Specification, to_design
from churnlab.elasticity.first_stage import FirstStage, Strength, strength
from churnlab.elasticity.fit_statistics import fit_statistics
from churnlab.elasticity.stages import (
    Stages,
    fit_first_stage,
    fit_k_class,
    instrument_tests,
    liml_kappa,
    reduced_form,
    to_stages,
)
from churnlab.errors import ParameterError
from churnlab.inference import Interval, coefficient_table, normal_quantile

__all__ = ["InstrumentedFit", "fit_instrumented"]

Array = npt.NDArray[np.float64]
Method = Literal["2sls", "liml"]
RobustErrors = Literal["iid", "hc1", "cluster", "hac"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class InstrumentedFit:
    """A demand curve fitted with instruments for its price.

    Attributes
    ----------
    terms
        Names of the k coefficients; the first is ``"log_price"``, or ``"price"`` in the semi-log form.
    instruments
        Names of the l instruments.
    coefficients, covariance
        Estimates (k,) and their covariance (k, k).
    form, method, errors
        As asked for.
    df
        Degrees of freedom of Student's t.
    n, n_singletons
        Rows fitted on, and rows left out because they were alone in a level of an effect.
    n_effects
        Levels of the effects absorbed.
    first_stage_fit
        Price on the instruments.
    strength
        How strong the instruments are.
    test_table
        What :meth:`tests` returns.
    anderson_rubin_set
        What :meth:`anderson_rubin` returns, as pairs, for the price coefficient.
    residual_variance, smearing, price_mean, price_low, price_high
        As in :class:`ElasticityFit`.
    conf_level
        Of every interval.
    """

    terms: tuple[str, ...]
    instruments: tuple[str, ...]
    coefficients: Array
    covariance: Array
    form: Form
    method: Method
    errors: str
    df: float
    n: int
    n_singletons: int
    n_effects: int
    first_stage_fit: FirstStage
    strength: Strength
    test_table: pd.DataFrame
    anderson_rubin_set: tuple[tuple[float, float], ...]
    residual_variance: float
    smearing: float
    price_mean: float
    price_low: float
    price_high: float
    conf_level: float

    @property
    def elasticity(self) -> Interval:
        """Change of quantity in per cent where the price goes up by one; in the semi-log form at the mean price."""
        return elasticity_at(self, price=self.price_mean)

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`."""
        return coefficient_table(self.terms, self.coefficients, self.covariance, conf_level=self.conf_level, df=self.df)

    def first_stage(self) -> pd.DataFrame:
        """Return one row per instrument, as :meth:`tidy` does: what it does to the price."""
        stage = self.first_stage_fit
        return coefficient_table(
            self.instruments, stage.coefficients, stage.covariance, conf_level=self.conf_level, df=stage.df
        )

    def tests(self) -> pd.DataFrame:
        """Return one row per test: `test, statistic, df, df_residual, p_value`.

        ``wu_hausman``: a small p-value says that price answers to demand, and least squares is biased. ``sargan`` and
        ``hansen_j``, where there are more instruments than needed: a small p-value says that they contradict each other.
        """
        return self.test_table.copy()

    def anderson_rubin(self) -> pd.DataFrame:
        """Return the set of price coefficients that holds however weak the instruments are: `conf_low, conf_high`.

        One row per interval; limits may be infinite. No row means that no value fits: the instruments contradict each other.
        """
        return pd.DataFrame(self.anderson_rubin_set, columns=["conf_low", "conf_high"], dtype=np.float64)

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, n_singletons, n_effects, method, errors, f, robust_f, effective_f, …, df, conf_level`."""
        return pd.DataFrame(
            {
                "n": [self.n],
                "n_singletons": [self.n_singletons],
                "n_effects": [self.n_effects],
                "method": [self.method],
                "errors": [self.errors],
                "f": [self.strength.f],
                "robust_f": [self.strength.robust_f],
                "effective_f": [self.strength.effective_f],
                "effective_f_critical": [self.strength.effective_f_critical],
                "residual_variance": [self.residual_variance],
                "smearing": [self.smearing],
                "df": [self.df],
                "conf_level": [self.conf_level],
            }
        )

    def __repr__(self) -> str:
        found = self.elasticity
        return (
            f"InstrumentedFit({found.estimate:.4g}, {self.conf_level:.0%} [{found.conf_low:.4g}, {found.conf_high:.4g}]; "
            f"{self.method}, effective F {self.strength.effective_f:.3g}, {self.n:,} rows)"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_instrumented(
    prices: Any,
    *,
    instruments: tuple[str, ...],
    effects: tuple[str, ...] = ("product", "period"),
    controls: tuple[str, ...] = (),
    form: Form = "log-log",
    method: Method = "2sls",
    errors: RobustErrors = "cluster",
    cluster: tuple[str, ...] = ("product",),
    lags: int | None = None,
    weights: str | None = None,
    conf_level: float = 0.95,
) -> InstrumentedFit:
    """Estimate the elasticity of demand with instruments, which move the price and reach demand through it alone.

    Parameters
    ----------
    prices
        A table or frame of PRICES (n rows).
    instruments
        Columns of numbers: costs, taxes, exchange rates; not quantities or rivals' prices that answer to the same demand.
    effects, controls, form, cluster, lags, weights
        As in :func:`fit_elasticity`.
    method
        ``"2sls"``: two-stage least squares; ``"liml"``: limited-information maximum likelihood, less biased where several
        instruments are weak.
    errors
        As in :func:`fit_elasticity`, without ``"hc3"``.
    conf_level
        Of every interval, and of the Anderson-Rubin set.

    Returns
    -------
    InstrumentedFit

    Raises
    ------
    DataError
        As in :func:`fit_elasticity`, and if an instrument does not vary beside effects and controls.
    ParameterError
        If an option is unknown, or no instrument is named.

    Notes
    -----
    k-class estimators with the effects absorbed; R: `AER::ivreg`, `fixest::feols`. The Anderson-Rubin set uses the same errors
    and small-sample factors as the estimate. For ``"liml"`` robust errors use the k-class regressors.
    """
    check_errors(errors, cluster, ("iid", "hc1", "cluster", "hac"), lags=lags)
    normal_quantile(conf_level)
    if method not in ("2sls", "liml"):
        raise ParameterError(f"`method` must be '2sls' or 'liml', not {method!r}.")
    if not instruments:
        raise ParameterError("Name an instrument at least, or use fit_elasticity, which takes none.")
    asked = Specification(
        effects=effects,
        cluster=cluster if errors == "cluster" else (),
        controls=controls,
        instruments=instruments,
        form=form,
        weights=weights,
        series=errors == "hac",
    )
    stages = to_stages(to_design(prices, asked), effects=effects, instruments=instruments, errors=errors, lags=lags)
    return _fit(stages, asked, method, conf_level)


def _fit(stages: Stages, asked: Specification, method: Method, conf_level: float) -> InstrumentedFit:
    design = stages.design
    curve = fit_k_class(stages, 1.0 if method == "2sls" else liml_kappa(stages))
    stage = fit_first_stage(stages)
    centre, scale = float(curve.coefficients[0]), float(np.sqrt(curve.uncertainty.covariance[0, 0]))
    total = parameters(len(curve.coefficients), design.groups)
    statistics = fit_statistics(design, curve.residuals, stages.outcome, stages.squares, total)
    return InstrumentedFit(
        terms=design.terms,
        instruments=asked.instruments,
        coefficients=curve.coefficients,
        covariance=curve.uncertainty.covariance,
        form=asked.form,
        method=method,
        errors=stages.errors,
        df=curve.uncertainty.df,
        n=design.n,
        n_singletons=design.n_singletons,
        n_effects=sum(group.size for group in design.groups),
        first_stage_fit=stage,
        strength=strength(stage),
        test_table=instrument_tests(stages, curve.residuals),
        anderson_rubin_set=anderson_rubin_set(
            reduced_form(stages, centre=centre, scale=scale), centre=centre, scale=scale, conf_level=conf_level
        ),
        residual_variance=statistics.residual_variance,
        smearing=statistics.smearing,
        price_mean=statistics.price_mean,
        price_low=statistics.price_low,
        price_high=statistics.price_high,
        conf_level=conf_level,
    )

"""What a price does at once, and what it does in the end: past prices beside the present one."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.elasticity.coefficients import interval_of
from churnlab.elasticity.covariance_choice import Errors, check_errors
from churnlab.elasticity.design import Design, Specification, to_design
from churnlab.elasticity.regression import regress
from churnlab.elasticity.series import rows_before
from churnlab.errors import DataError, ParameterError
from churnlab.inference import Interval, coefficient_table, normal_quantile

__all__ = ["DynamicFit", "fit_dynamic_elasticity"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DynamicFit:
    """Elasticities of the present price and of past ones.

    Attributes
    ----------
    terms
        ``"log_price"``, ``"log_price before 1"``, …, then the controls.
    coefficients, covariance
        Estimates (k,) and their covariance (k, k).
    lags
        How many past periods count.
    errors
        As asked for.
    df
        Degrees of freedom of Student's t.
    n, n_without_past
        Rows fitted on, and rows left out because a price of the periods before is not there.
    conf_level
        Of every interval.
    """

    terms: tuple[str, ...]
    coefficients: Array
    covariance: Array
    lags: int
    errors: str
    df: float
    n: int
    n_without_past: int
    conf_level: float

    @property
    def short_run(self) -> Interval:
        """The elasticity within the period in which the price changes."""
        return self._sum_up_to(0)

    @property
    def long_run(self) -> Interval:
        """The elasticity once the price has stayed for all the lags: the sum of the price terms."""
        return self._sum_up_to(self.lags)

    def cumulative(self) -> pd.DataFrame:
        """Return what a lasting change has done after so many periods: `periods, estimate, std_error, conf_low, conf_high`."""
        rows = [vars(self._sum_up_to(lag)) for lag in range(self.lags + 1)]
        return pd.DataFrame(rows).assign(periods=range(self.lags + 1))[
            ["periods", "estimate", "std_error", "conf_low", "conf_high"]
        ]

    def _sum_up_to(self, lag: int) -> Interval:
        some = slice(0, lag + 1)
        error = float(np.sqrt(self.covariance[some, some].sum()))
        return interval_of(float(self.coefficients[some].sum()), error, df=self.df, conf_level=self.conf_level)

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`."""
        return coefficient_table(self.terms, self.coefficients, self.covariance, conf_level=self.conf_level, df=self.df)

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, n_without_past, lags, short_run, long_run, errors, df, conf_level`."""
        names = ("n", "n_without_past", "lags", "errors", "df", "conf_level")
        table = pd.DataFrame({name: [getattr(self, name)] for name in names})
        return table.assign(short_run=self.short_run.estimate, long_run=self.long_run.estimate)

    def __repr__(self) -> str:
        return (
            f"DynamicFit(short run {self.short_run.estimate:.4g}, long run {self.long_run.estimate:.4g} "
            f"after {self.lags} periods; {self.n:,} rows)"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_dynamic_elasticity(
    prices: Any,
    *,
    lags: int = 4,
    effects: tuple[str, ...] = ("product", "period"),
    controls: tuple[str, ...] = (),
    errors: Errors = "cluster",
    cluster: tuple[str, ...] = ("product",),
    conf_level: float = 0.95,
) -> DynamicFit:
    """Estimate how demand answers to the present price and to the prices of the periods before.

    Parameters
    ----------
    prices
        A table or frame of PRICES (n rows). Rows without a price in each of the periods before are left out and counted.
    lags
        How many periods back, among those that occur in the table.
    effects, controls, errors, cluster
        As in :func:`fit_elasticity`.
    conf_level
        Of every interval.

    Returns
    -------
    DynamicFit

    Raises
    ------
    DataError
        As in :func:`fit_elasticity`, and if no row has a past that is long enough.
    ParameterError
        If an option is unknown, or `lags` is below 1.

    Notes
    -----
    A distributed lag without past quantities, so that effects absorbed bring no bias of dynamic panels. A short run stronger than
    the long run is what stocking up looks like.

    Examples
    --------
    >>> weeks = pd.date_range("2024-01-01", periods=8, freq="W-MON")
    >>> price = [2.0, 4, 2, 3, 3, 2, 4, 3]
    >>> quantity = [40.0, 9, 24, 15, 14, 20, 6, 12]
    >>> tea = pd.DataFrame({"product": "tea", "period": weeks, "price": price, "quantity": quantity})
    >>> fit_dynamic_elasticity(tea, lags=1, effects=(), errors="hc1")
    DynamicFit(short run -1.57, long run -1.605 after 1 periods; 7 rows)
    """
    check_errors(errors, cluster)
    normal_quantile(conf_level)
    if not isinstance(lags, int) or lags < 1:
        raise ParameterError(f"`lags` must be 1 or more, not {lags!r}. Without lags use fit_elasticity.")
    asked = Specification(
        effects=effects, cluster=cluster if errors == "cluster" else (), controls=controls, series=True
    )
    whole = to_design(prices, asked)
    design = _with_past(whole, lags)
    return _fit(design, asked, lags=lags, errors=errors, lost=whole.n - design.n, conf_level=conf_level)


def _with_past(design: Design, lags: int) -> Design:
    before = [rows_before(design, lag) for lag in range(1, lags + 1)]
    kept = np.all([rows >= 0 for rows in before], axis=0)
    if not kept.any():
        raise DataError(f"No row has a price in each of the {lags} periods before. Try: fewer lags, or longer periods.")
    price, *others = design.columns
    columns = (price, *(price[rows] for rows in before), *others)
    terms = (design.terms[0], *(f"log_price before {lag}" for lag in range(1, lags + 1)), *design.terms[1:])
    return replace(design, terms=terms, columns=columns).keep(kept).without_singletons()


def _fit(design: Design, asked: Specification, *, lags: int, errors: str, lost: int, conf_level: float) -> DynamicFit:
    found = regress(np.log(design.quantity), design, effects=asked.effects, errors=errors)
    return DynamicFit(
        terms=design.terms,
        coefficients=found.coefficients,
        covariance=found.covariance,
        lags=lags,
        errors=errors,
        df=found.df,
        n=design.n,
        n_without_past=lost,
        conf_level=conf_level,
    )

"""Whether customers answer to a price that rises as they do to one that falls."""

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
from churnlab.elasticity.series import to_changes
from churnlab.inference import Interval, coefficient_table, normal_quantile

__all__ = ["AsymmetryFit", "fit_asymmetric_elasticity"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AsymmetryFit:
    """Elasticities of price rises and price falls.

    Attributes
    ----------
    terms
        ``"rise"``, ``"fall"``, then the controls.
    coefficients, covariance
        Estimates (k,) and their covariance (k, k).
    errors
        As asked for.
    df
        Degrees of freedom of Student's t.
    n, n_rises, n_falls
        Changes from one period to the next: all, with a higher price, with a lower one.
    conf_level
        Of every interval.
    """

    terms: tuple[str, ...]
    coefficients: Array
    covariance: Array
    errors: str
    df: float
    n: int
    n_rises: int
    n_falls: int
    conf_level: float

    @property
    def difference(self) -> Interval:
        """Elasticity of rises less that of falls: below 0 where customers flee faster than they come."""
        contrast = np.zeros(len(self.terms))
        contrast[:2] = 1.0, -1.0
        error = float(np.sqrt(contrast @ self.covariance @ contrast))
        return interval_of(float(contrast @ self.coefficients), error, df=self.df, conf_level=self.conf_level)

    def tidy(self) -> pd.DataFrame:
        """Return one row per term, and one for ``"rise - fall"``, with tests against 0."""
        contrast = np.zeros((1, len(self.terms)))
        contrast[0, :2] = 1.0, -1.0
        all_rows = np.vstack([np.eye(len(self.terms)), contrast])
        return coefficient_table(
            (*self.terms, "rise - fall"),
            all_rows @ self.coefficients,
            all_rows @ self.covariance @ all_rows.T,
            conf_level=self.conf_level,
            df=self.df,
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, n_rises, n_falls, errors, df, conf_level`."""
        names = ("n", "n_rises", "n_falls", "errors", "df", "conf_level")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def __repr__(self) -> str:
        rise, fall = self.coefficients[:2]
        return f"AsymmetryFit(rise {rise:.4g}, fall {fall:.4g}; {self.n:,} changes)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_asymmetric_elasticity(
    prices: Any,
    *,
    effects: tuple[str, ...] = ("period",),
    controls: tuple[str, ...] = (),
    errors: Errors = "cluster",
    cluster: tuple[str, ...] = ("product",),
    conf_level: float = 0.95,
) -> AsymmetryFit:
    """Estimate the elasticity of price rises and that of price falls, from changes between neighbouring periods.

    Parameters
    ----------
    prices
        A table or frame of PRICES (n rows). Levels of products (and stores) leave by taking changes; the first row of each is
        lost. Periods are neighbours if they are so among the periods that occur in the table.
    effects
        Effects on the change.
    controls
        Columns of numbers; their changes enter.
    errors, cluster
        As in :func:`fit_elasticity`.
    conf_level
        Of every interval.

    Returns
    -------
    AsymmetryFit

    Raises
    ------
    DataError
        As in :func:`fit_elasticity`, and if prices never rise, or never fall.
    ParameterError
        If an option is unknown.

    Notes
    -----
    Change of log quantity on max(Δ log p, 0) and min(Δ log p, 0). Where customers stock up while the price is low, a fall seems
    to do more than it does to what they use.

    Examples
    --------
    >>> weeks = pd.date_range("2024-01-01", periods=7, freq="W-MON")
    >>> price, quantity = [2.0, 4, 2, 3, 3, 2, 4], [40, 9, 24, 15, 14, 20, 6]
    >>> tea = pd.DataFrame({"product": "tea", "period": weeks, "price": price, "quantity": quantity})
    >>> fit_asymmetric_elasticity(tea, effects=(), errors="hc1")
    AsymmetryFit(rise -1.801, fall -1.31; 6 changes)
    """
    check_errors(errors, cluster)
    normal_quantile(conf_level)
    asked = Specification(
        effects=effects, cluster=cluster if errors == "cluster" else (), controls=controls, series=True
    )
    return _fit(to_changes(to_design(prices, asked)), effects, errors, conf_level)


def _fit(changes: Design, effects: tuple[str, ...], errors: str, conf_level: float) -> AsymmetryFit:
    outcome, change, *controls = changes.columns
    columns = (np.maximum(change, 0), np.minimum(change, 0), *controls)
    design = replace(changes, columns=columns, terms=("rise", "fall", *changes.terms[2:]))
    found = regress(outcome, design, effects=effects, errors=errors)
    return AsymmetryFit(
        terms=design.terms,
        coefficients=found.coefficients,
        covariance=found.covariance,
        errors=errors,
        df=found.df,
        n=design.n,
        n_rises=int((change > 0).sum()),
        n_falls=int((change < 0).sum()),
        conf_level=conf_level,
    )

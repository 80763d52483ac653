"""The result of an ordinal regression: coefficients, thresholds, and what respondents would answer."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import is_categorical, to_numbers
from churnlab.drivers.proportional_odds import cumulative
from churnlab.errors import DataError
from churnlab.inference import coefficient_table, normal_quantile

__all__ = ["OrdinalFit"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OrdinalFit:
    """A fitted model of proportional odds: logit P(outcome ≤ level) = threshold - x'b.

    Attributes
    ----------
    outcome, drivers, weight, count
        Names of the columns that it was fitted on.
    terms
        Names of the p coefficients.
    coefficients, thresholds
        Estimates (p,) and (levels - 1,).
    covariance
        Of both (k, k), in the order of `tidy()` and then `thresholds_table()`.
    levels
        The outcome's levels: the answers, or the names of ordered categories.
    values
        What each level counts (levels,).
    categories
        The categories of categorical drivers, as the model knows them.
    n, n_left_out
        Answers fitted on, and those left out because of a gap.
    log_likelihood, null_log_likelihood
        At the estimates, and without drivers.
    conf_level
        Of every interval.
    """

    outcome: str
    drivers: tuple[str, ...]
    weight: str | None
    count: str | None
    terms: tuple[str, ...]
    coefficients: Array
    thresholds: Array
    covariance: Array
    levels: tuple[str, ...]
    values: Array
    categories: tuple[tuple[str, tuple[object, ...]], ...]
    n: float
    n_left_out: float
    log_likelihood: float
    null_log_likelihood: float
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per coefficient.

        Returns
        -------
        DataFrame
            `term, estimate, std_error, statistic, p_value, conf_low, conf_high`, and `odds_ratio`: by how much one point
            more multiplies the odds of a higher answer.
        """
        p = len(self.terms)
        table = coefficient_table(self.terms, self.coefficients, self.covariance[:p, :p], conf_level=self.conf_level)
        return table.assign(odds_ratio=np.exp(self.coefficients))

    def thresholds_table(self) -> pd.DataFrame:
        """Return one row per threshold between two levels: `term, estimate, std_error, …, conf_low, conf_high`."""
        p = len(self.terms)
        names = tuple(f"{low}|{high}" for low, high in zip(self.levels[:-1], self.levels[1:], strict=True))
        return coefficient_table(names, self.thresholds, self.covariance[p:, p:], conf_level=self.conf_level)

    def glance(self) -> pd.DataFrame:
        """Return one row.

        Returns
        -------
        DataFrame
            `outcome, levels, n, n_left_out, log_likelihood, deviance, aic, bic, mcfadden` (1 less the ratio of the
            log-likelihoods with and without drivers), `statistic, df, p_value` of the likelihood-ratio test of all
            drivers, `conf_level`.
        """
        from scipy.stats import chi2

        size, p = len(self.covariance), len(self.terms)
        statistic = 2 * (self.log_likelihood - self.null_log_likelihood)
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "levels": [len(self.levels)],
                "n": [self.n],
                "n_left_out": [self.n_left_out],
                "log_likelihood": [self.log_likelihood],
                "deviance": [-2 * self.log_likelihood],
                "aic": [2 * size - 2 * self.log_likelihood],
                "bic": [size * np.log(self.n) - 2 * self.log_likelihood],
                "mcfadden": [1 - self.log_likelihood / self.null_log_likelihood],
                "statistic": [statistic],
                "df": [p],
                "p_value": [float(chi2.sf(statistic, p))],
                "conf_level": [self.conf_level],
            }
        )

    def predict(self, new_data: pd.DataFrame) -> pd.DataFrame:
        """Return what respondents would answer.

        Parameters
        ----------
        new_data
            The drivers' columns (n rows).

        Returns
        -------
        DataFrame
            The rows and index of `new_data`: `estimate`, the mean answer, with `conf_low, conf_high` (of that mean, by
            the delta method), and `p_<level>`, the probability of each level. Missing where a driver is.

        Raises
        ------
        DataError
            If a driver is not there, or has a category that the model does not know.
        """
        x = self.design(new_data)
        below = cumulative(x @ self.coefficients, self.thresholds)
        padded = np.column_stack([np.zeros(len(x)), below, np.ones(len(x))])
        steps = np.diff(self.values)
        mean = self.values[-1] - below @ steps
        density = below * (1 - below) * steps
        slope = np.concatenate([x * density.sum(axis=1)[:, None], -density], axis=1)
        std_error = np.sqrt(np.einsum("ni,ij,nj->n", slope, self.covariance, slope))
        margin = normal_quantile(self.conf_level) * std_error
        frame = pd.DataFrame(
            {"estimate": mean, "conf_low": mean - margin, "conf_high": mean + margin}, index=new_data.index
        )
        probabilities = np.diff(padded, axis=1)
        return frame.assign(**{f"p_{level}": probabilities[:, place] for place, level in enumerate(self.levels)})

    def design(self, new_data: pd.DataFrame) -> Array:
        """Return the columns of the model (n, p) from the drivers' columns, NaN where missing.

        Raises
        ------
        DataError
            If a driver is not there, or has a category that the model does not know.
        """
        known, columns = dict(self.categories), []
        for name in self.drivers:
            if name not in new_data:
                raise DataError(f"The answers have no column `{name}`.")
            column = new_data[name]
            if name not in known:
                if is_categorical(column):
                    raise DataError(f"`{name}` must hold numbers, as it did in what the model was fitted on.")
                columns.append(to_numbers(column))
                continue
            strange = column.notna() & ~column.isin(known[name])
            if strange.any():
                raise DataError(f"`{name}` holds {column[strange].iloc[0]!r}, which the model was not fitted on.")
            gap = column.isna().to_numpy()
            columns += [np.where(gap, np.nan, (column == level).to_numpy(dtype=float)) for level in known[name][1:]]
        return np.column_stack(columns)

    def __repr__(self) -> str:
        mcfadden = 1 - self.log_likelihood / self.null_log_likelihood
        return (
            f"OrdinalFit({self.outcome} on {len(self.drivers)} drivers, {len(self.levels)} levels, "
            f"McFadden R² = {mcfadden:.3f}; {self.n:,.0f} answers)"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)

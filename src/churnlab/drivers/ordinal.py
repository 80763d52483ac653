"""Ordinal regression: what moves an answer up or down its scale (proportional odds)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import column_weights, is_categorical, to_numbers
from churnlab.drivers.proportional_odds import (
    OrdinalData,
    OrdinalMaximum,
    collapse,
    cumulative,
    maximise_odds,
    null_log_likelihood,
    row_scores,
)
from churnlab.drivers.ratings import Ratings, refuse_degenerate, to_ratings
from churnlab.errors import DataError
from churnlab.inference import coefficient_table, normal_quantile

__all__ = ["OrdinalFit", "fit_ordinal", "to_levels"]

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


def fit_ordinal(
    answers: pd.DataFrame,
    *,
    outcome: str = "outcome",
    drivers: Sequence[str],
    weight: str | None = None,
    count: str | None = None,
    conf_level: float = 0.95,
) -> OrdinalFit:
    """Fit proportional odds: how each driver moves an answer up its scale, without taking its points for distances.

    Parameters
    ----------
    answers
        One row per questionnaire, or per group of like ones; rows with a gap are left out and counted.
    outcome
        Whole numbers or ordered categories.
    drivers
        Ratings, flags or categories, which enter as flags against their first level.
    weight
        Column of survey weights; standard errors are then the robust ones.
    count
        Column that says how many answers a row stands for.
    conf_level
        Of every interval.

    Returns
    -------
    OrdinalFit

    Raises
    ------
    DataError
        If columns are missing, constant, the same, or a weight or a count is not positive.
    ConvergenceError
        If a driver separates the levels.

    Notes
    -----
    McCullagh (1980), Regression models for ordinal data. R: `MASS::polr`, whose `weights` are `count` here. Answers that
    are alike are collapsed. Weights are scaled to a mean of 1 and the covariance is H⁻¹(Σ w² s s')H⁻¹.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> answers = pd.DataFrame({"delivery": rng.integers(1, 11, 500)})
    >>> answers["recommend"] = (answers["delivery"] + rng.normal(0, 2, 500)).round().clip(0, 10)
    >>> fit_ordinal(answers, outcome="recommend", drivers=["delivery"])
    OrdinalFit(recommend on 1 drivers, 11 levels, McFadden R² = 0.224; 500 answers)
    """
    normal_quantile(conf_level)
    ratings = to_ratings(answers, outcome=outcome, drivers=drivers, weight=weight)
    counts = column_weights(answers, count)
    data, values = to_levels(ratings, counts)
    shift = data.weight @ data.x / data.weight.sum()
    centred = OrdinalData(
        x=data.x - shift, level=data.level, weight=data.weight, square=data.square, levels=data.levels
    )
    maximum = maximise_odds(centred)
    return OrdinalFit(
        outcome=outcome,
        drivers=ratings.drivers,
        weight=weight,
        count=count,
        terms=ratings.terms,
        coefficients=maximum.slopes,
        thresholds=maximum.thresholds + shift @ maximum.slopes,
        covariance=_covariance(maximum, centred, shift, robust=weight is not None),
        levels=_names(answers[outcome], values),
        values=values,
        categories=_categories(answers, ratings.drivers),
        n=float(counts[ratings.complete].sum()),
        n_left_out=float(counts[~ratings.complete].sum()),
        log_likelihood=maximum.log_likelihood,
        null_log_likelihood=null_log_likelihood(data),
        conf_level=conf_level,
    )


def to_levels(ratings: Ratings, count: Array) -> tuple[OrdinalData, Array]:
    """Return complete answers by level, and what the levels count (levels,); weights get a mean of 1.

    Raises
    ------
    DataError
        If there are too few complete answers, or drivers that determine one another.
    """
    kept = ratings.complete
    part, count = ratings.rows(kept), count[kept]
    p = len(ratings.terms)
    if len(part.values) <= p + 1:
        raise DataError(
            f"{p} drivers take more than {p + 1} rows, but only {len(part.values):,} of {len(kept):,} have no gap. "
            "Try: fewer drivers."
        )
    values, level = np.unique(part.values[:, -1], return_inverse=True)
    if len(values) < 2:
        raise DataError(f"All complete answers to `{ratings.outcome}` are {values[0]:g}.")
    weight = part.weight * count.sum() / (part.weight @ count)
    spread = part.values[:, :-1].std(axis=0)
    if (spread == 0).any():
        name = ratings.terms[int((spread == 0).argmax())]
        raise DataError(f"All answers to `{name}` among the complete rows are the same. Try: leave it out.")
    refuse_degenerate(np.atleast_2d(np.corrcoef(part.values[:, :-1].T)), ratings.terms)
    return collapse(part.values[:, :-1], level, weight, count, len(values)), values


def _covariance(maximum: OrdinalMaximum, data: OrdinalData, shift: Array, *, robust: bool) -> Array:
    """Return the covariance (k, k) of slopes and thresholds of the drivers as they came, before `shift` was taken off."""
    covariance = np.linalg.inv(maximum.information)
    if robust:
        _, scores = row_scores(maximum, data)
        covariance = covariance @ (scores.T * data.square) @ scores @ covariance
    p = data.x.shape[1]
    back = np.eye(len(covariance))
    back[p:, :p] = shift
    moved: Array = back @ covariance @ back.T
    return moved


def _names(column: pd.Series, values: Array) -> tuple[str, ...]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(str(column.cat.categories[int(value)]) for value in values)
    return tuple(f"{value:g}" for value in values)


def _categories(answers: pd.DataFrame, names: Sequence[str]) -> tuple[tuple[str, tuple[object, ...]], ...]:
    kinds = []
    for name in names:
        if is_categorical(answers[name]):
            levels = answers[name].astype("category").cat.remove_unused_categories().cat.categories
            kinds.append((name, tuple(levels)))
    return tuple(kinds)

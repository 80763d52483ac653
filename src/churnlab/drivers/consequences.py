"""Does satisfaction come back as purchases? What satisfied customers did more often than others who are otherwise alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import column_weights
from churnlab.drivers.linked_rows import ADJUST, design, number_clusters, to_whole_rows
from churnlab.drivers.logistic import LogisticMaximum, maximise_logistic
from churnlab.errors import DataError
from churnlab.inference import coefficient_table, normal_quantile

__all__ = ["ConsequenceFit", "fit_consequence"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ConsequenceFit:
    """What goes with one point more, with customers alike in what they had done before, and without.

    Attributes
    ----------
    outcome, satisfaction, adjust
        What was done; what was answered; what customers are made alike in.
    terms
        Columns of the regression.
    coefficient, covariance
        Log odds (k,) and their robust covariance (k, k).
    adjusted, raw
        Change of the share that did it, for one point more: estimate and standard error.
    share
        Share that did it.
    log_likelihood
        At the maximum.
    n, n_left_out, clusters
        Rows that count; those with a gap; customers.
    conf_level
        Of every interval.
    """

    outcome: str
    satisfaction: str
    adjust: tuple[str, ...]
    terms: tuple[str, ...]
    coefficient: Array
    covariance: Array
    adjusted: tuple[float, float]
    raw: tuple[float, float]
    share: float
    log_likelihood: float
    n: int
    n_left_out: int
    clusters: int
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per column of the regression: log odds with tests and limits, and `odds_ratio` (e to the estimate)."""
        table = coefficient_table(self.terms, self.coefficient, self.covariance, conf_level=self.conf_level)
        return table.assign(odds_ratio=np.exp(table["estimate"]))

    def effects(self) -> pd.DataFrame:
        """Return by how much the share that did it is higher where the answer is a point higher.

        Returns
        -------
        DataFrame
            Two rows, `term` ``"adjusted"`` and ``"raw"`` (nothing held equal): `estimate, std_error, statistic, p_value, conf_low,
            conf_high`, as shares: 0.02 is two customers more in a hundred.
        """
        value, error = (np.array(pair) for pair in zip(self.adjusted, self.raw, strict=True))
        return coefficient_table(("adjusted", "raw"), value, np.diag(error**2), conf_level=self.conf_level)

    def glance(self) -> pd.DataFrame:
        """Return one row: `outcome, satisfaction, share, n, n_left_out, clusters, log_likelihood, conf_level`."""
        names = ("outcome", "satisfaction", "share", "n", "n_left_out", "clusters", "log_likelihood", "conf_level")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def predict(self, new_data: pd.DataFrame) -> pd.DataFrame:
        """Return the probability for each row as `estimate`; missing where an answer is.

        Raises
        ------
        DataError
            If a column is not there.
        """
        x = design(new_data, self.satisfaction, self.adjust)
        return pd.DataFrame({"estimate": 1 / (1 + np.exp(-(x @ self.coefficient)))}, index=new_data.index)

    def __repr__(self) -> str:
        row = self.effects().iloc[0]
        limits = f"[{100 * row['conf_low']:+.1f}, {100 * row['conf_high']:+.1f}]"
        effect = f"{100 * row['estimate']:+.1f} points {limits} per point of {self.satisfaction}"
        return f"ConsequenceFit({self.outcome}: {effect}; {self.n:,} rows)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_consequence(
    linked: pd.DataFrame,
    *,
    outcome: str = "ordered_ahead",
    satisfaction: str = "outcome",
    adjust: Sequence[str] = ADJUST,
    weight: str | None = None,
    conf_level: float = 0.95,
) -> ConsequenceFit:
    """Estimate how much more often satisfied customers do something than others who had done the same before.

    Parameters
    ----------
    linked
        What :func:`to_repurchase` or :func:`to_complaint_outcomes` returns; rows with a gap are left out and counted.
    outcome
        Column of 1 and 0: ``"ordered_ahead"``, ``"returned_ahead"``, ``"referred_ahead"``.
    satisfaction
        Column of numbers that may go with it: an answer, ``"recommend"``, ``"resolved_in_time"``.
    adjust
        Columns of numbers in which customers are made alike. What was counted before the answer (:data:`ADJUST`, `past_returns`,
        `past_referrals`) enters as log(1 + x).
    weight
        Column of survey weights.
    conf_level
        Of every interval.

    Returns
    -------
    ConsequenceFit

    Raises
    ------
    DataError
        If a column is not there, the outcome is neither 0 nor 1 or always the same, the answer does not vary, fewer than two
        rows per column are left, or a weight is not positive.
    ParameterError
        If a column has two roles.
    ConvergenceError
        If a column tells those who did from those who did not.

    Notes
    -----
    Logistic regression; the effect of a point is the average over customers of the slope of the probability (R: `margins`), its
    standard error by the delta method. Where there is a column `customer_id`, limits are robust to several answers of a
    customer, else to unequal variances. Adjusting for the past makes customers alike in what was recorded and in nothing else:
    this is an association. What the same customers bought before is held equal since good customers are both more satisfied
    and more likely to come back.
    """
    data = to_whole_rows(linked, outcome, satisfaction, adjust, weight)
    x = design(data, satisfaction, adjust)
    y, weights, cluster = data[outcome].to_numpy(dtype=float), column_weights(data, weight), number_clusters(data)
    if len(data) < 2 * x.shape[1]:
        raise DataError(
            f"{len(data):,} rows without a gap are too few for {x.shape[1]} columns. Try: fewer in `adjust`."
        )
    full = maximise_logistic(x, y, weight=weights, cluster=cluster)
    alone = maximise_logistic(x[:, :2], y, weight=weights, cluster=cluster)
    normal_quantile(conf_level)
    return ConsequenceFit(
        outcome=outcome,
        satisfaction=satisfaction,
        adjust=tuple(adjust),
        terms=("constant", satisfaction, *adjust),
        coefficient=full.coefficient,
        covariance=full.covariance,
        adjusted=_slope(x, weights, full),
        raw=_slope(x[:, :2], weights, alone),
        share=float(weights @ y / weights.sum()),
        log_likelihood=full.log_likelihood,
        n=len(data),
        n_left_out=len(linked) - len(data),
        clusters=full.clusters,
        conf_level=conf_level,
    )


def _slope(x: Array, weight: Array, fit: LogisticMaximum) -> tuple[float, float]:
    """Return the average slope of the probability in the second column, and its standard error."""
    mean = 1 / (1 + np.exp(-(x @ fit.coefficient)))
    share = weight / weight.sum()
    bend = mean * (1 - mean)
    slope = fit.coefficient[1]
    jacobian = slope * (share * bend * (1 - 2 * mean)) @ x
    jacobian[1] += share @ bend
    return float(slope * (share @ bend)), float(np.sqrt(jacobian @ fit.covariance @ jacobian))

"""A boosted hazard in discrete time: what it says of customers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import DataError
from churnlab.survival import fit_methods, predictions
from churnlab.survival.design import Covariate

__all__ = ["BoostedHazardFit", "SteppedHazards", "leaving_probability", "to_features"]

Array = npt.NDArray[np.float64]

_MOST_LEVELS = 255


class SteppedHazards:
    """Cumulative hazards of n customers at the end of each period, from 0 (n, T + 1)."""

    def __init__(self, running: Array) -> None:
        self._running = running

    @property
    def last(self) -> Array:
        """Last period in the data of the fit, for each customer (n,)."""
        return np.full(len(self._running), self._running.shape[1] - 1.0)

    def cumulative(self, start: Array, end: Array) -> Array:
        """Return minus the logarithm of each customer's survival from one time to another (n,)."""
        rows, top = np.arange(len(self._running)), self._running.shape[1] - 1
        first, past = (np.minimum(np.floor(time), top).astype(np.intp) for time in (start, end))
        found: Array = self._running[rows, past] - self._running[rows, first]
        return found

    def nodes(self, start: Array, end: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the steps of survival between start and end: times (n,) and widths (n,)."""
        yield from predictions.to_steps(np.arange(self._running.shape[1], dtype=np.float64), start, end)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BoostedHazardFit:
    """A boosted hazard in discrete time.

    Attributes
    ----------
    model
        The classifier of scikit-learn, on the covariates and the period.
    covariates
        How columns become its features.
    importance
        For each feature, the last of which is the period, by how much the mean log loss rises where its values are
        shuffled (k,).
    periods
        Last period in the data of the fit.
    n, events, periods_at_risk
        Number of customers, how many of them churned, and how many periods they were at risk together.
    log_likelihood
        Of the data of the fit, which it has adapted to: judge it on other data.
    """

    model: Any
    covariates: tuple[Covariate, ...]
    importance: Array
    periods: int
    n: float
    events: float
    periods_at_risk: float
    log_likelihood: float
    reason: str | None

    def tidy(self) -> pd.DataFrame:
        """Return one row per feature, the most important first: `term, estimate`, by how much shuffling it hurts."""
        terms = [*(covariate.name for covariate in self.covariates), "period"]
        table = pd.DataFrame({"term": terms, "estimate": self.importance})
        return table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, events, periods_at_risk, log_likelihood, trees`."""
        return pd.DataFrame(
            {
                "n": [self.n],
                "events": [self.events],
                "periods_at_risk": [self.periods_at_risk],
                "log_likelihood": [self.log_likelihood],
                "trees": [int(self.model.n_iter_)],
            }
        )

    def hazards(self, new: pd.DataFrame) -> SteppedHazards:
        """Return the hazards of new customers (n rows), from which every prediction follows.

        Raises
        ------
        DataError
            If a covariate is missing, has empty cells or an unknown level.
        """
        features = to_features(new, self.covariates)
        steps = np.empty((len(new), self.periods))
        for period in range(1, self.periods + 1):
            with_period = np.column_stack([features, np.full(len(new), period, dtype=np.float64)])
            steps[:, period - 1] = -np.log1p(-np.minimum(leaving_probability(self.model, with_period), 1 - 1e-12))
        return SteppedHazards(np.concatenate([np.zeros((len(new), 1)), np.cumsum(steps, axis=1)], axis=1))

    survival = fit_methods.survival
    churn_probability = fit_methods.churn_probability
    expected_lifetime = fit_methods.expected_lifetime

    def predict(self, new: pd.DataFrame, *, horizon: float, tenure: npt.ArrayLike = 0.0) -> pd.DataFrame:
        """Return P(churn within the horizon | still here at tenure): `estimate`, without limits, which boosting lacks.

        Raises
        ------
        DataError
            As :meth:`hazards`.
        ParameterError
            If the horizon is not above 0 or a tenure is negative.
        """
        return pd.DataFrame({"estimate": self.churn_probability(new, horizon=horizon, tenure=tenure)}, index=new.index)

    def __repr__(self) -> str:
        return f"BoostedHazardFit({int(self.model.n_iter_)} trees; {self.n:,.0f} customers, {self.events:,.0f} churned)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def to_features(frame: pd.DataFrame, covariates: Sequence[Covariate]) -> Array:
    """Return the covariates of the frame's rows, categories as numbers (n, k).

    Raises
    ------
    DataError
        If a column is missing, has empty cells, an unknown level or too many levels.
    """
    features = np.empty((len(frame), len(covariates)))
    for place, covariate in enumerate(covariates):
        if covariate.name not in frame:
            raise DataError(f"There is no column `{covariate.name}`.")
        column = frame[covariate.name]
        if covariate.levels is not None and len(covariate.levels) > _MOST_LEVELS:
            raise DataError(f"`{covariate.name}` has {len(covariate.levels):,} levels; boosting takes {_MOST_LEVELS}.")
        features[:, place] = next(covariate.rows(column)) if covariate.levels is None else covariate.codes(column)
    if not np.isfinite(features).all():
        raise DataError("A covariate has empty cells. Try: fill them, or give the lack a level of its own.")
    return features


def leaving_probability(model: Any, features: Array) -> Array:
    """Return P(leave in the period) of each row (n,), in one thread."""
    from threadpoolctl import threadpool_limits

    if not len(features):
        return np.zeros(0)
    if len(model.classes_) == 1:
        return np.full(len(features), float(model.classes_[0]))
    with threadpool_limits(limits=1):
        probability: Array = model.predict_proba(features)[:, 1]
    return probability

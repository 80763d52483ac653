"""Forecasts for the whole customer base, with the uncertainty of parameters and of what customers then do."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.inference import normal_quantile
from churnlab.repurchase.covariates import read_covariates
from churnlab.repurchase.distinct import Counts, ages, to_counts
from churnlab.repurchase.gamma_gamma import GammaGammaFit
from churnlab.repurchase.history import to_history
from churnlab.repurchase.transaction_fit import TransactionFit, checked_horizon
from churnlab.repurchase.transaction_model import Parameters
from churnlab.repurchase.variance import mean_square_if_alive, variance_of_amount

__all__ = ["forecast_totals"]

Array = npt.NDArray[np.float64]

_TERMS = ("active_repeat_buyers", "buyers", "orders", "amount")


def forecast_totals(
    orders: TransactionFit, amounts: GammaGammaFit | None, rfm: pd.DataFrame, *, horizon: float
) -> pd.DataFrame:
    """Forecast the totals of a customer base in (T, T + horizon].

    Parameters
    ----------
    orders
        A fitted model of orders.
    amounts
        A fitted model of amounts; None leaves money out.
    rfm
        A frame that keeps the contract RFM, with `monetary_value` where there is a model of amounts (n rows).
    horizon
        In the unit of `rfm`; 0 or more.

    Returns
    -------
    DataFrame
        One row per `term`: `active_repeat_buyers` (have ordered again and are still customers at T), `buyers` (at least
        one order in the window), `orders`, and `amount` if there is a model of it. `estimate`, the model's expectation;
        `std_error`; and the prediction limits `conf_low`, `conf_high` at the level of `orders`.

    Raises
    ------
    ConvergenceError
        If the mean amount of a customer is infinite.
    DataError
        If the frame breaks the contract or lacks `monetary_value`.
    ParameterError
        If the horizon is negative.

    Notes
    -----
    A total's variance is the sum of two: that of its expectation as the parameters vary around their estimates (delta
    method), and that of what independent customers do given the parameters, summed over distinct histories. By the
    central limit theorem totals of some hundred customers are near normal; the limits are those of the logarithm, which stay
    above 0. They hold if the model does: seasons, campaigns and new customers are outside it. Where q of the
    Gamma-Gamma model is 2 or less the variance of the amount is infinite, and so are its limits.

    Examples
    --------
    >>> from churnlab import datasets, features, repurchase
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01", unit="week")
    >>> forecast_totals(repurchase.fit_bg_nbd(rfm), None, rfm, horizon=39).round(1)["estimate"].tolist()
    [506.3, 617.0, 1653.4]
    """
    base = _to_base(orders, amounts, rfm, checked_horizon(horizon))
    estimate = base.expectations(orders.theta, amounts)
    variance = base.chance(orders.theta, amounts)
    variance += _spread(lambda theta: base.expectations(theta, amounts), orders)
    if amounts is not None:
        variance += _spread(lambda theta: base.expectations(orders.theta, amounts.at(theta)), amounts)
    error = np.sqrt(variance)
    ratio = np.exp(
        normal_quantile(orders.conf_level) * np.divide(error, estimate, out=np.zeros_like(error), where=estimate > 0)
    )
    most = np.array([base.repeat.sum(), base.counts.n, np.inf, np.inf])[: len(estimate)]
    return pd.DataFrame(
        {
            "term": _TERMS[: len(estimate)],
            "estimate": estimate,
            "std_error": error,
            "conf_low": estimate / ratio,
            "conf_high": np.minimum(estimate * ratio, most),
        }
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Base:
    """A base of customers, counted per distinct history (m): what a model says of it at any parameters.

    `some` are the histories that differ in what is expected of customers who are alive, `place` where each history's is;
    `spent` and `spent_square` add up the money of the customers of each history (m,), and its squares.
    """

    fit: TransactionFit
    horizon: float
    counts: Counts
    some: Counts
    place: npt.NDArray[np.intp]
    spent: Array
    spent_square: Array

    @property
    def repeat(self) -> Array:
        return np.where(self.counts.frequency.rows > 0, self.counts.weight, 0.0)

    def expectations(self, theta: Array, amounts: GammaGammaFit | None) -> Array:
        """Return the expected totals, in the order of the terms."""
        alive, chance, mean = self._each(theta)
        weight = self.counts.weight
        totals = [self.repeat @ alive, weight @ (alive * chance), weight @ (alive * mean)]
        if amounts is not None:
            shape = amounts.p * self.counts.frequency.rows + amounts.q - 1
            totals.append((alive * mean) @ (amounts.p * (weight * amounts.v + self.spent) / shape))
        return np.array(totals, dtype=np.float64)

    def chance(self, theta: Array, amounts: GammaGammaFit | None) -> Array:
        """Return the variances of the totals given the parameters: customers are independent of each other."""
        alive, chance, mean = self._each(theta)
        square = mean_square_if_alive(self.fit.model, self._parameters(theta, self.some), self.some, self.horizon)
        buying, orders, squares = alive * chance, alive * mean, alive * square[self.place]
        weight = self.counts.weight
        variances = [
            self.repeat @ (alive * (1 - alive)),
            weight @ (buying * (1 - buying)),
            weight @ (squares - orders**2),
        ]
        if amounts is not None:
            rates = weight * amounts.v**2 + 2 * amounts.v * self.spent + self.spent_square
            variances.append(variance_of_amount(amounts, self.counts.frequency.rows, rates, orders, squares).sum())
        return np.array(variances, dtype=np.float64)

    def _each(self, theta: Array) -> tuple[Array, Array, Array]:
        """Return P(alive), and given that the probability of an order and the expected orders, per history (m,)."""
        model, ahead = self.fit.model, np.full(len(self.some), self.horizon)
        alive = model.p_alive(self._parameters(theta, self.counts), self.counts)
        parameters = self._parameters(theta, self.some)
        chance = model.chance_if_alive(parameters, self.some, ahead)
        return alive, chance[self.place], model.expected_if_alive(parameters, self.some, ahead)[self.place]

    def _parameters(self, theta: Array, counts: Counts) -> Parameters:
        return self.fit.covariates.parameters(theta, counts.covariates)


def _to_base(fit: TransactionFit, amounts: GammaGammaFit | None, rfm: pd.DataFrame, horizon: float) -> _Base:
    history = to_history(rfm)
    fit.model.check(history)
    counts, row_of = to_counts(history, read_covariates(rfm, fit.covariates.columns))
    spent: Array = np.zeros_like(history.T)
    if amounts is not None:
        amounts.expected_amount(rfm)  # refuses a mean that is infinite
        spent = history.spent
    some, place = (counts, np.arange(len(counts))) if fit.model.by_recency or fit.covariates.effects else ages(counts)
    return _Base(
        fit=fit,
        horizon=horizon,
        counts=counts,
        some=some,
        place=place,
        spent=_sums(row_of, history.weight * spent, len(counts)),
        spent_square=_sums(row_of, history.weight * spent**2, len(counts)),
    )


def _sums(place: npt.NDArray[np.intp], values: Array, size: int) -> Array:
    return np.bincount(place, values, minlength=size).astype(np.float64)


def _spread(expectations: Callable[[Array], Array], fit: TransactionFit | GammaGammaFit) -> Array:
    """Return the variances of expectations as the parameters vary around their estimates."""
    error = np.sqrt(np.diag(fit.covariance))
    steps = np.diag(1e-5 * np.where(np.abs(fit.theta) > 1e-3 * error, np.abs(fit.theta), error))
    slope = np.array([(expectations(fit.theta + s) - expectations(fit.theta - s)) / (2 * s.sum()) for s in steps])
    variances: Array = np.einsum("ik,ij,jk->k", slope, fit.covariance, slope)
    return variances

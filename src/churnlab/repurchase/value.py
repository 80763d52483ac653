"""What customers' future orders are worth today."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.features import DAYS_PER_UNIT, Unit, days_per
from churnlab.inference import Interval, normal_quantile
from churnlab.repurchase.gamma_gamma import GammaGammaFit
from churnlab.repurchase.history import to_history
from churnlab.repurchase.transaction_fit import TransactionFit

__all__ = ["customer_lifetime_value", "lifetime_value_limits", "total_lifetime_value", "value_concentration"]

Array = npt.NDArray[np.float64]

_STEP = 1e-5


def customer_lifetime_value(
    orders: TransactionFit,
    amounts: GammaGammaFit,
    rfm: Any,
    *,
    horizon: float | None,
    unit: Unit = "week",
    discount_rate: float = 0.1,
    margin: float = 1.0,
) -> Array:
    """Return the present value of what each customer will order in (T, T + horizon].

    Parameters
    ----------
    orders
        A fitted model of orders.
    amounts
        A fitted model of amounts.
    rfm
        A frame that keeps the contract RFM, with `monetary_value` (n rows), in the unit of the fits.
    horizon
        How far to look ahead, in units of time; None for ever.
    unit
        The unit of `rfm` and `horizon`, which the discount rate needs to know.
    discount_rate
        By the year: 0.1 for 10 %. 0 or more, and above 0 where there is no horizon.
    margin
        Share of an order's amount that counts; 1 gives discounted revenue.

    Returns
    -------
    array (n,)
        In units of money, in the order of the rows.

    Raises
    ------
    ConvergenceError
        If the mean amount of a customer is infinite.
    DataError
        If the frame breaks the contract or has no `monetary_value`.
    ParameterError
        If the horizon or the rate is negative, the margin is not in (0, 1], or the unit is unknown.

    Notes
    -----
    Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, equation 1, with
    continuous discounting at δ = log(1 + rate) a year; see :func:`churnlab.repurchase.discounting.discounted`. The amount
    of an order is taken not to depend on how often a customer orders.

    Examples
    --------
    >>> from churnlab import datasets, features, repurchase
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01", unit="week")
    >>> fits = repurchase.fit_bg_nbd(rfm), repurchase.fit_gamma_gamma(rfm)
    >>> customer_lifetime_value(*fits, rfm, horizon=52, unit="week", discount_rate=0.1).mean().round(2)
    np.float64(30.76)
    """
    if not 0 <= discount_rate < float("inf") or not 0 < margin <= 1:
        raise ParameterError(
            f"`discount_rate` must be 0 or more and `margin` in (0, 1], not {discount_rate!r} and {margin!r}."
        )
    discount = float(np.expm1(np.log1p(discount_rate) * days_per(unit) / DAYS_PER_UNIT["year"]))
    coming = orders.discounted_orders(rfm, discount=discount, horizon=horizon)
    return margin * coming * amounts.expected_amount(rfm)


def lifetime_value_limits(
    orders: TransactionFit,
    amounts: GammaGammaFit,
    rfm: pd.DataFrame,
    *,
    horizon: float | None,
    unit: Unit = "week",
    discount_rate: float = 0.1,
    margin: float = 1.0,
) -> pd.DataFrame:
    """Return each customer's lifetime value with the uncertainty of the models' parameters.

    Parameters
    ----------
    orders, amounts, rfm, horizon, unit, discount_rate, margin
        As in :func:`customer_lifetime_value`.

    Returns
    -------
    DataFrame
        `estimate, std_error, conf_low, conf_high`, with the rows and the index of `rfm`.

    Raises
    ------
    ConvergenceError
        If the mean amount of a customer is infinite.
    DataError
        If the frame breaks the contract or has no `monetary_value`.
    ParameterError
        If the horizon or the rate is negative, the margin is not in (0, 1], or the unit is unknown.

    Notes
    -----
    Delta method on the logarithm of the value, whose limits are mapped back; the two models' estimates are taken to be
    independent. The limits are those of the expectation. What a single customer will really spend varies far more.

    Examples
    --------
    >>> from churnlab import datasets, features, repurchase
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01", unit="week")
    >>> fits = repurchase.fit_bg_nbd(rfm), repurchase.fit_gamma_gamma(rfm)
    >>> lifetime_value_limits(*fits, rfm.head(2), horizon=52).round(1)
       estimate  std_error  conf_low  conf_high
    0      36.8        1.7      33.6       40.3
    1       8.5        0.5       7.7        9.5
    """

    def value(order_fit: TransactionFit, amount_fit: GammaGammaFit) -> Array:
        return customer_lifetime_value(
            order_fit, amount_fit, rfm, horizon=horizon, unit=unit, discount_rate=discount_rate, margin=margin
        )

    estimate, variance = _with_variance(value, orders, amounts)
    error = np.sqrt(variance)
    relative = np.divide(error, estimate, out=np.zeros_like(error), where=estimate > 0)
    spread = np.exp(normal_quantile(orders.conf_level) * relative)
    return pd.DataFrame(
        {"estimate": estimate, "std_error": error, "conf_low": estimate / spread, "conf_high": estimate * spread},
        index=getattr(rfm, "index", None),
    )


def total_lifetime_value(
    orders: TransactionFit,
    amounts: GammaGammaFit,
    rfm: Any,
    *,
    horizon: float | None,
    unit: Unit = "week",
    discount_rate: float = 0.1,
    margin: float = 1.0,
) -> Interval:
    """Return the present value of all customers together, with the uncertainty of the models' parameters.

    Parameters
    ----------
    orders, amounts, rfm, horizon, unit, discount_rate, margin
        As in :func:`customer_lifetime_value`; `rfm` may have a column `weight`.

    Returns
    -------
    Interval
        By the delta method; the two models' estimates are taken to be independent.

    Raises
    ------
    ConvergenceError
        If the mean amount of a customer is infinite.
    DataError
        If the frame breaks the contract or has no `monetary_value`.
    ParameterError
        If the horizon or the rate is negative, the margin is not in (0, 1], or the unit is unknown.
    """
    weight = to_history(rfm).weight

    def value(order_fit: TransactionFit, amount_fit: GammaGammaFit) -> Array:
        each = customer_lifetime_value(
            order_fit, amount_fit, rfm, horizon=horizon, unit=unit, discount_rate=discount_rate, margin=margin
        )
        return np.array([weight @ each])

    estimate, variance = _with_variance(value, orders, amounts)
    error = float(np.sqrt(variance[0]))
    margin_of_error = normal_quantile(orders.conf_level) * error
    return Interval(
        estimate=float(estimate[0]),
        std_error=error,
        conf_low=float(estimate[0]) - margin_of_error,
        conf_high=float(estimate[0]) + margin_of_error,
    )


def _with_variance(
    value: Callable[[TransactionFit, GammaGammaFit], Array], orders: TransactionFit, amounts: GammaGammaFit
) -> tuple[Array, Array]:
    """Return a function (n,) of two independent fits, and its variance (n,) by the delta method."""
    by_orders = _slopes(lambda theta: value(orders.at(theta), amounts), orders.theta, orders.covariance)
    by_amounts = _slopes(lambda theta: value(orders, amounts.at(theta)), amounts.theta, amounts.covariance)
    variance = np.einsum("kn,kl,ln->n", by_orders, orders.covariance, by_orders)
    variance += np.einsum("kn,kl,ln->n", by_amounts, amounts.covariance, by_amounts)
    return value(orders, amounts), variance


def _slopes(function: Callable[[Array], Array], theta: Array, covariance: Array) -> Array:
    """Return the derivatives (k, n) of a function (n,) in each of k parameters, by central differences."""
    error = np.sqrt(np.diag(covariance))
    steps = np.diag(_STEP * np.where(np.abs(theta) > 1e-3 * error, np.abs(theta), error))
    return np.array([(function(theta + s) - function(theta - s)) / (2 * s.sum()) for s in steps])


def value_concentration(value: Array) -> pd.DataFrame:
    """Return how much of the value the most valuable customers hold.

    Parameters
    ----------
    value
        Value of each customer (n,), none negative and not all 0.

    Returns
    -------
    DataFrame
        101 rows: `share_of_customers` from 0 to 1, the most valuable first, and their `share_of_value` (a Lorenz curve
        from the top).

    Raises
    ------
    ParameterError
        If a value is negative or all are 0.

    Examples
    --------
    >>> value_concentration(np.array([8.0, 1.0, 1.0])).iloc[[0, 50, 100]].round(2)["share_of_value"].tolist()
    [0.0, 0.85, 1.0]
    """
    value = np.asarray(value, dtype=float)
    if not (value >= 0).all() or not 0 < value.sum() < float("inf"):
        raise ParameterError("Values must be finite, not negative, and not all 0.")
    share = np.linspace(0, 1, 101)
    held = np.concatenate([[0.0], np.cumsum(np.sort(value)[::-1])]) / value.sum()
    return pd.DataFrame(
        {"share_of_customers": share, "share_of_value": np.interp(share, np.arange(len(held)) / len(value), held)}
    )

"""What customers are worth: expected orders times expected amount, discounted."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.features import DAYS_PER_UNIT, Unit, days_per
from churnlab.inference import Interval, delta_method
from churnlab.repurchase.bg_nbd import BgNbdFit
from churnlab.repurchase.gamma_gamma import GammaGammaFit
from churnlab.repurchase.history import to_history

__all__ = ["customer_lifetime_value", "total_lifetime_value", "value_concentration"]

Array = npt.NDArray[np.float64]

_FORCES = (0.3, 2.0)
_NODES = (8, 12, 20)
"""Nodes of the integral up to each force of discounting over the whole horizon, and beyond."""


def customer_lifetime_value(
    orders: BgNbdFit,
    amounts: GammaGammaFit,
    rfm: pd.DataFrame,
    *,
    horizon: float,
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
        How far to look ahead, in units of time.
    unit
        The unit of `rfm` and `horizon`, which the discount rate needs to know.
    discount_rate
        By the year: 0.1 for 10 %. 0 or more.
    margin
        Share of an order's amount that counts; 1 gives discounted revenue.

    Returns
    -------
    array (n,)
        In units of money, in the order of the rows.

    Raises
    ------
    DataError
        If the frame breaks the contract or has no `monetary_value`.
    ParameterError
        If the horizon or the rate is negative, the margin is not in (0, 1], or the unit is unknown.

    Notes
    -----
    Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, equation 1, with
    continuous discounting at δ = log(1 + rate) a year. Integration by parts leaves e^(-δh) E(h) + δ ∫ e^(-δs) E(s) ds
    with E(s) the expected orders by s; the integral is taken by Gauss-Legendre in log time (error below
    10⁻⁸, and 10⁻⁶ over 80 years). The amount of an order is taken not to depend on how often a customer orders.

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
    force = np.log1p(discount_rate) * days_per(unit) / DAYS_PER_UNIT["year"]
    times, discounts = _discounting(horizon, float(force), orders.alpha + float(to_history(rfm).T.mean()) / 3)
    orders_by = orders.expected_orders_by(rfm, horizons=times)
    value: Array = margin * (orders_by @ discounts) * amounts.expected_amount(rfm)
    return value


def _discounting(horizon: float, force: float, scale: float) -> tuple[Array, Array]:
    """Return times and weights by which expected orders add up to their present value.

    The nodes are spread over log(1 + s / scale), in which expected orders are smooth; what is discounted by e⁻⁴⁵ or more
    is left out.
    """
    end = horizon if force * horizon < 45 else 45 / force
    nodes, weights = np.polynomial.legendre.leggauss(_NODES[int(np.searchsorted(_FORCES, force * horizon))])
    span = np.log1p(end / scale)
    times = scale * np.expm1((nodes + 1) * span / 2)
    inner = force * np.exp(-force * times) * weights * span / 2 * (times + scale)
    return np.append(times, horizon), np.append(inner, np.exp(-force * horizon))


def total_lifetime_value(
    orders: BgNbdFit,
    amounts: GammaGammaFit,
    rfm: pd.DataFrame,
    *,
    horizon: float,
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
    DataError
        If the frame breaks the contract or has no `monetary_value`.
    ParameterError
        If the horizon or the rate is negative, the margin is not in (0, 1], or the unit is unknown.
    """
    weight = to_history(rfm).weight

    def total(theta: Array) -> float:
        fits = orders.at(theta[:4]), amounts.at(theta[4:])
        value = customer_lifetime_value(
            *fits, rfm, horizon=horizon, unit=unit, discount_rate=discount_rate, margin=margin
        )
        return float(weight @ value)

    covariance = np.zeros((7, 7))
    covariance[:4, :4], covariance[4:, 4:] = orders.covariance, amounts.covariance
    return delta_method(total, np.append(orders.theta, amounts.theta), covariance, conf_level=orders.conf_level)


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

"""Forecasts for the whole customer base, with the uncertainty of parameters and of what customers then do."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.repurchase import bg_nbd_likelihood as numerics
from churnlab.repurchase.bg_nbd import BgNbdFit, checked_horizon
from churnlab.repurchase.gamma_gamma import GammaGammaFit
from churnlab.repurchase.history import to_history

__all__ = ["forecast_totals", "simulate_totals"]

Array = npt.NDArray[np.float64]


def simulate_totals(
    orders: BgNbdFit, amounts: GammaGammaFit, rfm: pd.DataFrame, *, horizon: float, seed: int, draws: int = 300
) -> pd.DataFrame:
    """Draw what the customers of a base may do in (T, T + horizon], all together.

    Each draw takes parameters from the estimates' distribution, then for every customer whether she is alive, her rate
    and her drop-out probability from their distributions given her history, then her orders and what she spends.

    Parameters
    ----------
    orders
        A fitted model of orders.
    amounts
        A fitted model of amounts.
    rfm
        A frame that keeps the contract RFM, with `monetary_value` (n rows); whole numbers as `weight`, if any.
    horizon
        In the unit of `rfm`.
    seed
        Of the random numbers.
    draws
        Number of draws, 10 or more.

    Returns
    -------
    DataFrame
        One row per draw: `active_repeat_buyers` (have ordered again and are still customers at T), `buyers` (at least
        one order in the window), `orders`, `amount`.

    Raises
    ------
    DataError
        If the frame breaks the contract or has no `monetary_value`.
    ParameterError
        If `draws` is below 10.

    Notes
    -----
    Given a history and being alive, the rate is gamma(r + x, α + T) and the drop-out probability beta(a, b + x),
    independent (Fader, Hardie and Lee 2005, appendix). The orders are the lesser of a Poisson number and the geometric
    number of the order after which the customer drops out.
    """
    if draws < 10:
        raise ParameterError(f"`draws` must be 10 or more, not {draws!r}.")
    x, t_x, T, spent = _customers(rfm)
    horizon = checked_horizon(horizon)
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(draws):
        theta = _draw(rng, orders.theta, orders.covariance)
        alive = rng.random(len(x)) < numerics.alive_probability(theta, x, t_x, T)
        bought = np.where(alive, _draw_orders(rng, theta, x, T, horizon), 0)
        paid = _draw_amounts(rng, _draw(rng, amounts.theta, amounts.covariance), x, spent, bought)
        rows.append((alive[x > 0].sum(), (bought > 0).sum(), bought.sum(), paid.sum()))
    return pd.DataFrame(rows, columns=["active_repeat_buyers", "buyers", "orders", "amount"])


def _customers(rfm: pd.DataFrame) -> tuple[Array, Array, Array, Array]:
    """Return frequency, recency, T and money of each customer; a row that stands for several is repeated."""
    history = to_history(rfm)
    if (history.weight != np.floor(history.weight)).any():
        raise DataError("Customers are drawn one by one, so that a weight must be a whole number here.")
    times = history.weight.astype(np.int64)
    x, t_x, T, spent = (
        np.repeat(column, times) for column in (history.frequency, history.recency, history.T, history.spent)
    )
    return x, t_x, T, spent


def _draw(rng: np.random.Generator, estimate: Array, covariance: Array) -> Array:
    """Draw positive parameters: their logarithms are normal around the estimates."""
    spread = covariance / np.outer(estimate, estimate)
    return np.exp(rng.multivariate_normal(np.log(estimate), spread, method="cholesky"))


def _draw_orders(rng: np.random.Generator, theta: Array, x: Array, T: Array, horizon: float) -> npt.NDArray[np.int64]:
    r, alpha, a, b = theta
    rate = rng.gamma(r + x) / (alpha + T)
    drop_out = np.maximum(rng.beta(a, b + x), 1e-9)
    orders: npt.NDArray[np.int64] = np.minimum(rng.poisson(rate * horizon), rng.geometric(drop_out))
    return orders


def _draw_amounts(
    rng: np.random.Generator, theta: Array, x: Array, spent: Array, bought: npt.NDArray[np.int64]
) -> Array:
    p, q, v = theta
    buyers = bought > 0
    rate = rng.gamma(p * x[buyers] + q) / (v + spent[buyers])
    paid: Array = rng.gamma(p * bought[buyers]) / rate
    return paid


def forecast_totals(
    orders: BgNbdFit, amounts: GammaGammaFit, rfm: pd.DataFrame, *, horizon: float, seed: int, draws: int = 300
) -> pd.DataFrame:
    """Forecast the totals of a customer base in (T, T + horizon].

    Parameters
    ----------
    orders, amounts, rfm, horizon, seed, draws
        As in :func:`simulate_totals`.

    Returns
    -------
    DataFrame
        One row per `term` (`active_repeat_buyers`, `buyers`, `orders`, `amount`): `estimate`, the model's expectation;
        `std_error`; and the prediction limits `conf_low`, `conf_high` at the level of `orders`.

    Raises
    ------
    DataError
        If the frame breaks the contract or has no `monetary_value`.
    ParameterError
        If `draws` is below 10 or the horizon is negative.

    Notes
    -----
    The estimates are exact; the limits are quantiles of the simulated totals. They hold if the model does: seasons,
    campaigns and new customers are outside it.
    """
    drawn = simulate_totals(orders, amounts, rfm, horizon=horizon, seed=seed, draws=draws)
    expected = orders.expected_orders(rfm, horizon=horizon)
    history = to_history(rfm)
    weight, repeat = history.weight, history.frequency > 0
    estimate = [
        weight[repeat] @ orders.p_alive(rfm)[repeat],
        weight @ orders.probability_of_order(rfm, horizon=horizon),
        weight @ expected,
        weight @ (expected * amounts.expected_amount(rfm)),
    ]
    tail = (1 - orders.conf_level) / 2
    return pd.DataFrame(
        {
            "term": list(drawn.columns),
            "estimate": estimate,
            "std_error": drawn.std(ddof=1).to_numpy(),
            "conf_low": drawn.quantile(tail).to_numpy(),
            "conf_high": drawn.quantile(1 - tail).to_numpy(),
        }
    )

"""Prices and quantities whose elasticities are known."""

import numpy as np
import pandas as pd

from churnlab.errors import ParameterError

__all__ = ["simulate_prices"]


def simulate_prices(
    products: int,
    periods: int,
    *,
    seed: int,
    elasticity: float = -2.0,
    spread: float = 0.5,
    quantity: float = 100.0,
    noise: float = 0.3,
    cost_variation: float = 0.1,
    price_variation: float = 0.1,
    endogeneity: float = 0.0,
    season: float = 0.0,
    promotions: float = 0.0,
    promotion_depth: float = 0.2,
    promotion_lift: float = 0.0,
    counts: bool = False,
    start: str = "2023-01-02",
) -> pd.DataFrame:
    """Simulate weeks of sales of products that answer to price with a constant elasticity.

    Parameters
    ----------
    products, periods
        How many products, and weeks of each.
    seed
        Of the random numbers.
    elasticity, spread
        Mean and standard deviation of the products' elasticities.
    quantity
        Median quantity of a typical product in a week at its usual price.
    noise
        Standard deviation of log quantity around the curve.
    cost_variation
        Standard deviation of log cost from week to week, which the price follows one to one: an instrument.
    price_variation
        Standard deviation of log price for no reason.
    endogeneity
        By how much log price rises when log quantity is 1 above the curve: the seller sees demand and answers.
        0 makes prices exogenous.
    season
        Height of a yearly wave of log quantity that all products share.
    promotions
        Share of the weeks in which a product is promoted [0, 1).
    promotion_depth
        Share of the price that is taken off then [0, 1).
    promotion_lift
        What a promotion adds to log quantity beside the lower price.
    counts
        Whether quantities are whole numbers, drawn from the Poisson distribution, and so 0 at times.
    start
        First day of the first week.

    Returns
    -------
    DataFrame
        PRICES, in order of product and period: `product`, `period`, `price`, `quantity`, `category` (of about ten
        products), `promoted`, `cost`, and the truth: `elasticity`.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    log p = log p₀ + log cost + depth of promotion + η u + v and log q = a + ε (log p - log p₀) + season + lift + u, with u
    and v normal. Least squares on this is biased upwards by η > 0; cost, which u does not touch, is a valid instrument.

    Examples
    --------
    >>> prices = simulate_prices(2, 3, seed=1)
    >>> prices["price"].gt(0).all(), prices.groupby("product")["elasticity"].nunique().tolist()
    (np.True_, [1, 1])
    """
    _check(
        {"products": products, "periods": periods, "quantity": quantity},
        {"spread": spread, "noise": noise, "cost_variation": cost_variation, "price_variation": price_variation},
        {"promotions": promotions, "promotion_depth": promotion_depth},
    )
    rng = np.random.default_rng(seed)
    shape = (products, periods)
    truth = rng.normal(elasticity, spread, products)
    usual = np.exp(rng.normal(1.0, 0.5, products))
    size = np.log(quantity) + rng.normal(0.0, 0.5, products)
    surprise = noise * rng.standard_normal(shape)
    cost = cost_variation * rng.standard_normal(shape)
    promoted = rng.random(shape) < promotions
    move = cost + np.log1p(-promotion_depth) * promoted + endogeneity * surprise
    move = move + price_variation * rng.standard_normal(shape)
    wave = season * np.sin(2 * np.pi * np.arange(periods) / (365.25 / 7))
    level = np.exp(size[:, None] + truth[:, None] * move + wave + promotion_lift * promoted + surprise)
    sold = rng.poisson(np.minimum(level, 1e15)).astype(float) if counts else level
    weeks = np.datetime64(start, "D") + 7 * np.arange(periods)
    number = np.repeat(np.arange(products), periods)
    return pd.DataFrame(
        {
            "product": number + 1,
            "period": np.tile(weeks.astype("datetime64[s]"), products),
            "price": (usual[:, None] * np.exp(move)).ravel(),
            "quantity": sold.ravel(),
            "category": pd.Series(number // 10 + 1).map("category {}".format),
            "promoted": promoted.ravel().astype(float),
            "cost": (0.6 * usual[:, None] * np.exp(cost)).ravel(),
            "elasticity": truth[number],
        }
    )


def _check(positive: dict[str, float], not_negative: dict[str, float], shares: dict[str, float]) -> None:
    wrong = [f"{name} = {value!r}" for name, value in positive.items() if not 0 < value < float("inf")]
    wrong += [f"{name} = {value!r}" for name, value in not_negative.items() if not 0 <= value < float("inf")]
    if wrong:
        raise ParameterError(f"These must be above 0, or 0 where they are spreads: {', '.join(wrong)}.")
    wrong = [f"{name} = {value!r}" for name, value in shares.items() if not 0 <= value < 1]
    if wrong:
        raise ParameterError(f"These must be in [0, 1): {', '.join(wrong)}.")

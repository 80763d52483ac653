"""What another price would do: the effect of a change, and the price of greatest profit."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.elasticity.columns import numbers_of, require_columns
from churnlab.elasticity.demand import DemandCurve
from churnlab.errors import DataError, ParameterError
from churnlab.inference import Interval, normal_quantile

__all__ = ["optimal_price", "optimal_prices", "price_change_effects", "total_revenue_change"]

Array = npt.NDArray[np.float64]


def price_change_effects(elasticities: pd.DataFrame, *, change: float, margin: float | None = None) -> pd.DataFrame:
    """Return what a change of price would do to quantity, revenue and margin.

    Parameters
    ----------
    elasticities
        With `estimate, conf_low, conf_high` (n rows): the table of a fit by product, or the row `log_price` of another.
    change
        Of the price, as a share: 0.05 raises it by 5 %. Above -1.
    margin
        Share of the price that is margin before the change, (0, 1]; by default the effect on margin is not given.

    Returns
    -------
    DataFrame
        The rows, the order and the index of `elasticities`, their own columns, and as shares (-0.1 is 10 % less)
        `quantity_change, quantity_low, quantity_high`, the same of `revenue` and, with `margin`, of `margin`.

    Raises
    ------
    DataError
        If a column is missing.
    ParameterError
        If `change` is not above -1, or `margin` is not in (0, 1].

    Notes
    -----
    Quantity changes by (1 + d)^ε - 1, exactly and not as d ε; revenue by (1 + d)^(1 + ε) - 1; margin by
    (1 + d / m) (1 + d)^ε - 1. Smearing plays no part: the mean of the exponentials of the residuals stands above and below
    the line. Each effect is monotone in ε, so the limits of ε become its limits at the same level.

    Examples
    --------
    >>> tea = pd.DataFrame({"product": ["tea"], "estimate": [-2.0], "conf_low": [-2.5], "conf_high": [-1.5]})
    >>> price_change_effects(tea, change=0.25)[["quantity_change", "revenue_change"]].round(3).to_numpy().tolist()
    [[-0.36, -0.2]]
    """
    require_columns(elasticities, ("estimate", "conf_low", "conf_high"))
    if not -1 < change < float("inf"):
        raise ParameterError(f"`change` must be above -1, not {change!r}: 0.05 raises the price by 5 %.")
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError(f"`margin` must be in (0, 1], not {margin!r}.")
    factors = {"quantity": 1.0, "revenue": 1.0 + change}
    if margin is not None:
        factors["margin"] = 1.0 + change / margin
    found = elasticities.copy()
    slopes = np.column_stack([numbers_of(elasticities, name) for name in ("estimate", "conf_low", "conf_high")])
    for name, factor in factors.items():
        effects = factor * (1.0 + change) ** slopes - 1.0
        found[f"{name}_change"] = effects[:, 0]
        found[f"{name}_low"], found[f"{name}_high"] = np.sort(effects[:, 1:], axis=1).T
    return found


def total_revenue_change(elasticities: pd.DataFrame, *, change: float, conf_level: float = 0.95) -> Interval:
    """Return what the same change of all prices would do to the revenue of all products together.

    Parameters
    ----------
    elasticities
        With `estimate, std_error` and `revenue` (n rows), the revenue of each product before the change, above 0.
    change
        Of the prices, as a share: 0.05 raises them by 5 %. Above -1.
    conf_level
        Of the limits.

    Returns
    -------
    Interval
        As a share: -0.1 is 10 % less.

    Raises
    ------
    DataError
        If a column is missing, or a revenue is not above 0.
    ParameterError
        If `change` is not above -1, or the level is out of range.

    Notes
    -----
    Σ r (1 + d)^(1 + ε) / Σ r - 1, with limits by the delta method. The errors of the products' elasticities are taken to be
    independent; those of shrunken ones share the mean that they are drawn to. What customers move from one product to
    another counts in full as lost and not as won, unless the elasticities were estimated with rivals' prices.

    Examples
    --------
    >>> two = pd.DataFrame({"estimate": [-2.0, -1.0], "std_error": [0.1, 0.1], "revenue": [50.0, 50.0]})
    >>> round(total_revenue_change(two, change=0.25).estimate, 3)
    -0.1
    """
    require_columns(elasticities, ("estimate", "std_error", "revenue"))
    if not -1 < change < float("inf"):
        raise ParameterError(f"`change` must be above -1, not {change!r}: 0.05 raises the prices by 5 %.")
    slope, error, revenue = (numbers_of(elasticities, name) for name in ("estimate", "std_error", "revenue"))
    if not (revenue > 0).all():
        raise DataError(f"`revenue` must be above 0, but {(~(revenue > 0)).sum():,} of {len(revenue):,} rows are not.")
    after = revenue / revenue.sum() * (1.0 + change) ** (1.0 + slope)
    std_error = float(np.linalg.norm(after * np.log1p(change) * error))
    estimate, margin = float(after.sum()) - 1.0, normal_quantile(conf_level) * std_error
    return Interval(estimate=estimate, std_error=std_error, conf_low=estimate - margin, conf_high=estimate + margin)


def optimal_price(curve: DemandCurve) -> Interval:
    """Return the price at which the margin of a product is greatest.

    Parameters
    ----------
    curve
        With a cost above 0.

    Returns
    -------
    Interval
        Price with standard error (delta method) and limits (those of the slope, mapped; the upper is infinite where
        they include an inelastic demand).

    Raises
    ------
    DataError
        A refusal: the demand is inelastic, so that the margin has no maximum; or the maximum lies outside the observed
        prices, where nothing is known of the curve.
    ParameterError
        If the curve has no cost above 0.

    Notes
    -----
    With q ~ p^ε the margin (p - c) q is greatest at p = c ε / (1 + ε), for ε < -1 (Lerner 1934); with q ~ exp(b p) at
    p = c - 1 / b, for b < 0. One product, one seller, no rival who answers, no stock and no other product that gains.

    Examples
    --------
    >>> from churnlab import elasticity
    >>> weeks = pd.date_range("2024-01-01", periods=8, freq="7D")
    >>> prices = pd.DataFrame({"product": "tea", "period": weeks, "price": [2.0, 4.0] * 4, "quantity": [100, 25] * 4})
    >>> slope = Interval(estimate=-2, std_error=0.1, conf_low=-2.2, conf_high=-1.8)
    >>> optimal_price(elasticity.to_demand(prices, slope, cost=1.5)).estimate
    3.0
    """
    if curve.cost is None or not curve.cost > 0:
        raise ParameterError("The best price takes a cost above 0: to_demand(…, cost=…) or curve.with_cost(…).")
    z = normal_quantile(curve.conf_level)
    slopes = curve.slope + np.array([0.0, -z, z]) * curve.std_error
    if curve.form == "log-log":
        price, low, high = _best(slopes, curve.cost)
        slope_error = curve.cost / (1.0 + curve.slope) ** 2 * curve.std_error
    else:
        price, low, high = (curve.cost - 1.0 / slope if slope < 0 else np.inf for slope in slopes)
        slope_error = curve.std_error / curve.slope**2 if curve.slope else np.inf
    ends = curve.price_low, curve.price_high
    verdict = _verdict(float(price), *ends)
    if verdict != "given":
        steepness = curve.slope if curve.form == "log-log" else curve.slope * curve.price
        raise DataError(f"No best price is given: {_refusal(verdict, steepness, float(price), *ends)}.")
    return Interval(estimate=float(price), std_error=float(slope_error), conf_low=float(low), conf_high=float(high))


def optimal_prices(products: pd.DataFrame) -> pd.DataFrame:
    """Return the price at which each product's margin is greatest, or why none can be given.

    Parameters
    ----------
    products
        With `estimate, conf_low, conf_high` of the elasticity, `cost` above 0, and the observed `price_low,
        price_high` (n rows).

    Returns
    -------
    DataFrame
        The rows, the order and the index of `products`, their own columns, and `optimal_price, optimal_low, optimal_high`
        (NaN where refused; an upper limit is infinite where those of the elasticity include -1), `verdict` (``"given"``,
        ``"inelastic"``, ``"above what was observed"``, ``"below what was observed"`` or ``"not known"``) and `refusal`, the
        reason in words, empty where there is none.

    Raises
    ------
    DataError
        If a column is missing, or a cost is not above 0.

    Examples
    --------
    >>> tea = {"estimate": [-2.0, -0.8], "conf_low": [-2.5, -1.1], "conf_high": [-1.5, -0.5], "cost": 1.5}
    >>> found = optimal_prices(pd.DataFrame({**tea, "price_low": 2.0, "price_high": 4.0}))
    >>> found[["optimal_price", "optimal_low", "optimal_high"]].iloc[0].tolist(), found["refusal"].iloc[1][:23]
    ([3.0, 2.5, 4.5], 'the demand is inelastic')
    """
    require_columns(products, ("estimate", "conf_low", "conf_high", "cost", "price_low", "price_high"))
    cost = numbers_of(products, "cost")
    if not (cost > 0).all():
        raise DataError(f"`cost` must be above 0, but {(~(cost > 0)).sum():,} of {len(cost):,} rows are not.")
    limits = [_best(numbers_of(products, name), cost) for name in ("estimate", "conf_low", "conf_high")]
    rows = list(zip(products["estimate"], limits[0], products["price_low"], products["price_high"], strict=True))
    verdicts = [_verdict(*row[1:]) for row in rows]
    reasons = [_refusal(verdict, *row) for verdict, row in zip(verdicts, rows, strict=True)]
    refused = np.array([bool(reason) for reason in reasons], dtype=bool)
    names = ("optimal_price", "optimal_low", "optimal_high")
    found = {name: np.where(refused, np.nan, price) for name, price in zip(names, limits, strict=True)}
    return products.assign(**found, verdict=verdicts, refusal=reasons)


def _best(slope: Array, cost: float | Array) -> Array:
    """Return c ε / (1 + ε); infinite where ε is -1 or more, as the margin then grows with the price without end."""
    elastic = slope < -1
    best: Array = np.where(elastic, cost * slope / np.where(elastic, 1.0 + slope, 1.0), np.inf)
    return np.where(np.isnan(slope), np.nan, best)


def _verdict(price: float, low: float, high: float) -> str:
    """Return in a few words whether a best price can be given."""
    if np.isnan(price):
        return "not known"
    if not np.isfinite(price):
        return "inelastic"
    return "above what was observed" if price > high else "below what was observed" if price < low else "given"


def _refusal(verdict: str, slope: float, price: float, low: float, high: float) -> str:
    """Return why a best price cannot be given; empty if it can."""
    reasons = {
        "given": "",
        "not known": "the elasticity is not known",
        "inelastic": f"the demand is inelastic (elasticity {slope:.2f}, not below -1), so that the margin would grow with the "
        "price without end",
        "above what was observed": f"it would be {price:.4g}, above the highest price observed ({high:.4g}); up to there the "
        "margin rises with the price, and beyond nothing is known. Try: an experiment",
        "below what was observed": f"it would be {price:.4g}, below the lowest price observed ({low:.4g}); down to there the "
        "margin rises as the price falls, and beyond nothing is known. Try: an experiment",
    }
    return reasons[verdict]

"""From a slope of log quantity back to quantity: the level of a product's demand by smearing."""

from typing import Any

import numpy as np
import pandas as pd

from churnlab.elasticity.changes import read_panel
from churnlab.elasticity.columns import numbers_of, require_columns
from churnlab.elasticity.demand import DemandCurve, Form, checked_cost, to_scale
from churnlab.elasticity.panel import refuse_rows
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["forecast_quantity", "to_demand"]

_LEAST_PERIODS = 8


def to_demand(
    prices: pd.DataFrame,
    elasticity: Any,
    *,
    form: Form | None = None,
    cost: float | None = None,
    conf_level: float = 0.95,
) -> DemandCurve:
    """Return the demand curve of one product, from its own periods and an elasticity estimated before.

    Parameters
    ----------
    prices
        PRICES of one product (in one store), 8 periods or more; recent ones, if demand has drifted. Periods with
        quantity 0 count.
    elasticity
        What a `fit_` function of this package returned for one curve; or anything with `estimate` and `std_error`, such as
        an Interval or a row of the table of a fit by product.
    form
        Of the curve: by default that of the fit, else ``"log-log"``. For ``"semi-log"``, `estimate` is the slope of log
        quantity on price.
    cost
        Of one piece.
    conf_level
        Of all limits.

    Returns
    -------
    DemandCurve

    Raises
    ------
    DataError
        If the frame breaks the contract, holds several products or fewer than 8 periods, or nothing was sold.
    ParameterError
        If the elasticity is not finite, its standard error is negative, or an argument is out of range.

    Notes
    -----
    A log model forecasts log quantity, and the exponential of that is the median, not the mean. The mean is found by
    Duan's smearing (1983, Smearing estimate: a nonparametric retransformation method, JASA 78, 605-610): the
    exponential of the forecast times the mean of the exponentials of the residuals. Around one product, with the slope b
    given, that is the mean of q exp(-b x) over its periods, times exp(b x); it stays defined, and without bias given b,
    where q is 0. What the quantity of a single period may be comes from the quantiles at rank
    (n + 1) p of the same ratios, which hold their level whatever the distribution, if periods are alike and n
    is 2 / (1 - level) or more (Vovk, Gammerman and Shafer 2005); with fewer, their extremes are taken.

    Examples
    --------
    >>> from churnlab.inference import Interval
    >>> weeks = pd.date_range("2024-01-01", periods=8, freq="7D")
    >>> prices = pd.DataFrame({"product": "tea", "period": weeks, "price": [2.0, 4.0] * 4, "quantity": [100, 25] * 4})
    >>> curve = to_demand(prices, Interval(estimate=-2, std_error=0.1, conf_low=-2.2, conf_high=-1.8))
    >>> curve.predict(pd.DataFrame({"price": [2.0, 3.0, 4.0]}))["estimate"].round(2).tolist()
    [100.0, 44.44, 25.0]
    """
    normal_quantile(conf_level)
    slope, std_error, form = _slope(elasticity, form)
    panel = _one_product(prices)
    price, quantity = (panel[name].to_numpy(dtype=float) for name in ("price", "quantity"))
    place = to_scale(price, form)
    centre = float(place.mean())
    free = quantity * np.exp(-slope * (place - centre))
    ratio = free / free.mean()
    best = float(ratio @ place) / len(place)
    low, median, high = np.quantile(ratio, [(1 - conf_level) / 2, 0.5, (1 + conf_level) / 2], method="weibull")
    return DemandCurve(
        slope=slope, std_error=std_error, form=form, price=float(np.exp(best)) if form == "log-log" else best,
        quantity=float(free.mean() * np.exp(slope * (best - centre))),
        quantity_std_error=float(ratio.std(ddof=1) / np.sqrt(len(ratio))),
        period_low=float(low), period_median=float(median), period_high=float(high),
        price_low=float(price.min()), price_high=float(price.max()), last_price=float(price[-1]),
        cost=None if cost is None else checked_cost(cost), n=len(panel), conf_level=conf_level,
    )  # fmt: skip


def _one_product(prices: pd.DataFrame) -> pd.DataFrame:
    panel = read_panel(prices)
    for name in ("product", "store"):
        if name in panel and panel[name].nunique(dropna=False) > 1:
            raise DataError(f"A demand curve is of one {name}, but `prices` holds {panel[name].nunique():,}.")
    if len(panel) < _LEAST_PERIODS:
        raise DataError(f"A demand curve takes {_LEAST_PERIODS} periods or more, not {len(panel)}.")
    if not (panel["quantity"] > 0).any():
        raise DataError(f"Nothing was sold in any of {len(panel):,} periods.")
    return panel


def _slope(elasticity: Any, form: str | None) -> tuple[float, float, Form]:
    """Return the slope of log quantity, its standard error, and the form of the curve."""
    form = form or getattr(elasticity, "form", "log-log")
    if form not in ("log-log", "semi-log"):
        raise ParameterError(f"`form` must be 'log-log' or 'semi-log', not {form!r}.")
    try:
        if hasattr(elasticity, "coefficients"):
            slope, std_error = float(elasticity.coefficients[0]), float(np.sqrt(elasticity.covariance[0, 0]))
        else:
            slope, std_error = float(elasticity.estimate), float(elasticity.std_error)
    except (AttributeError, TypeError):
        raise ParameterError(
            f"`elasticity` must have `estimate` and `std_error`, as an Interval has, not {elasticity!r}."
        ) from None
    if not np.isfinite(slope) or not 0 <= std_error < np.inf:
        raise ParameterError(f"The elasticity must be finite, not {slope!r} with standard error {std_error!r}.")
    return slope, std_error, "semi-log" if form == "semi-log" else "log-log"


def forecast_quantity(history: pd.DataFrame, future: pd.DataFrame, *, elasticity: float | pd.DataFrame) -> pd.DataFrame:
    """Forecast what products sell in later periods, given their prices then.

    Parameters
    ----------
    history
        PRICES of the periods that are known.
    future
        PRICES of later periods of the same products and stores (n rows); `price` is used, `quantity` is not.
    elasticity
        One for all products (0: each product goes on selling what it sold, whatever its price), or a frame with `product`
        and `estimate`, as the table of a fit by product.

    Returns
    -------
    DataFrame
        The rows, the order and the index of `future`: `estimate`, the expected quantity.

    Raises
    ------
    DataError
        If a frame breaks the contract, or a product of `future` has no history or no elasticity.

    Notes
    -----
    For each product (and store) the mean of q p^-ε over its history, times p^ε: smearing as in :func:`to_demand`. Seasons
    and trends of the future are not known to it.

    Examples
    --------
    >>> weeks = pd.date_range("2024-01-01", periods=3, freq="7D")
    >>> prices = pd.DataFrame({"product": "tea", "period": weeks, "price": [2.0, 2.0, 4.0], "quantity": [100, 80, 0]})
    >>> forecast_quantity(prices[:2], prices[2:], elasticity=-1.0)["estimate"].tolist()
    [45.0]
    """
    panel = read_panel(history)
    require_columns(future, ("product", "price"))
    price = numbers_of(future, "price")
    refuse_rows(~((price > 0) & (price < np.inf)), price, "`price` of `future` must be above 0", "leave these rows out")
    units = [name for name in ("product", "store") if name in panel and name in future]
    _refuse_other_kinds(panel, future, units)
    free = panel["quantity"] * panel["price"] ** -_slopes(panel, elasticity)
    level = free.groupby([panel[name] for name in units], sort=False).mean().rename("level")
    found = future[units].join(level, on=units)["level"]
    if found.isna().any():
        first = future.loc[found.isna(), "product"].iloc[0]
        raise DataError(
            f"{found.isna().sum():,} of {len(future):,} rows of `future` are of products without a history (first: {first})."
            " Try: leave them out."
        )
    return pd.DataFrame({"estimate": found * price ** _slopes(future, elasticity)}, index=future.index)


def _refuse_other_kinds(history: pd.DataFrame, future: pd.DataFrame, units: list[str]) -> None:
    """Refuse names of products or stores that are numbers in one frame and text in the other."""
    for name in units:
        kinds = [pd.api.types.is_numeric_dtype(frame[name].dtype) for frame in (history, future)]
        if kinds[0] != kinds[1]:
            words = [f"{'numbers' if kind else 'text'}" for kind in kinds]
            raise DataError(
                f"`{name}` is {words[0]} in `history` and {words[1]} in `future`. Try: astype(str) in both frames."
            )


def _slopes(panel: pd.DataFrame, elasticity: float | pd.DataFrame) -> pd.Series:
    if not isinstance(elasticity, pd.DataFrame):
        return pd.Series(float(elasticity), index=panel.index)
    require_columns(elasticity, ("product", "estimate"))
    repeated = elasticity["product"].duplicated()
    if repeated.any():
        raise DataError(
            f"`elasticity` must have one row per product: {repeated.sum():,} rows come on top (first: "
            f"{elasticity.loc[repeated, 'product'].iloc[0]}). Try: one of them."
        )
    slopes = panel["product"].map(elasticity.set_index("product")["estimate"])
    if slopes.isna().any():
        first = panel.loc[slopes.isna(), "product"].iloc[0]
        raise DataError(
            f"{panel.loc[slopes.isna(), 'product'].nunique():,} products have no elasticity (first: {first}). "
            "Try: leave them out of both frames."
        )
    return slopes.astype(float)

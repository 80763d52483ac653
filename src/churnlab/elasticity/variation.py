"""How much the price of each product has moved: what an elasticity can be learnt from."""

import numpy as np
import pandas as pd

from churnlab.elasticity.changes import read_panel, unit_columns
from churnlab.errors import DataError, ParameterError

__all__ = ["keep_varied", "price_variation"]


def price_variation(prices: pd.DataFrame, *, least: float = 0.01) -> pd.DataFrame:
    """Describe how the price of each product (in each store) has moved.

    Parameters
    ----------
    prices
        PRICES. Periods with quantity 0 are not counted, as nobody paid their price.
    least
        Smallest change that counts, as a share of the price before.

    Returns
    -------
    DataFrame
        One row per product (and store), in order: `product`, `store` (if there is one), `n` (periods with a sale), `changes`
        (of the price from one sale to the next), `price_low, price_median, price_high`, `log_price_sd` (standard deviation),
        `largest_jump` (largest factor from one sale to the next), `revenue` (of all periods), and if there is a column
        `promoted`: `promoted_periods` (share with half of the quantity or more promoted) and `promotion_r_squared` (share of
        the variance of log price that the promoted share explains; NaN if either does not vary).

    Raises
    ------
    DataError
        If the frame breaks the contract or has a product twice in a period.
    ParameterError
        If `least` is negative.

    Examples
    --------
    >>> prices = pd.DataFrame({"product": "tea", "period": pd.date_range("2024-01-01", periods=3), "price": [2, 2, 2.5],
    ...                        "quantity": [7, 8, 5]})
    >>> price_variation(prices)[["n", "changes", "largest_jump"]].to_numpy().tolist()
    [[3.0, 1.0, 1.25]]
    """
    if not least >= 0:
        raise ParameterError(f"`least` must be 0 or more, not {least!r}.")
    panel = read_panel(prices)
    units = unit_columns(panel)
    sold = panel[panel["quantity"] > 0].assign(log_price=lambda rows: np.log(rows["price"]))
    step = sold.groupby(units, sort=False, dropna=False)["log_price"].diff().abs()
    sold = sold.assign(step=step, moved=step >= max(np.log1p(least), 1e-12), revenue=sold["price"] * sold["quantity"])
    groups = sold.groupby(units, sort=True, dropna=False)
    found = groups.agg(
        n=("price", "size"),
        changes=("moved", "sum"),
        price_low=("price", "min"),
        price_median=("price", "median"),
        price_high=("price", "max"),
        log_price_sd=("log_price", "std"),
        largest_jump=("step", "max"),
        revenue=("revenue", "sum"),
    )
    found["largest_jump"] = np.exp(found["largest_jump"].fillna(0.0))
    if "promoted" in sold:
        found["promoted_periods"] = (
            sold["promoted"].ge(0.5).groupby([sold[name] for name in units], dropna=False).mean()
        )
        found["promotion_r_squared"] = _r_squared(sold, units)
    return found.reset_index()


def _r_squared(sold: pd.DataFrame, units: list[str]) -> pd.Series:
    """Return the squared correlation of log price and promoted share in each group; NaN where one hardly varies."""
    columns = pd.DataFrame({"x": sold["log_price"], "z": sold["promoted"].astype(float)})
    keys = [sold[name] for name in units]
    columns -= columns.groupby(keys, dropna=False).transform("mean")
    columns = columns.assign(xx=columns["x"] ** 2, zz=columns["z"] ** 2, xz=columns["x"] * columns["z"])
    sums = columns.groupby(keys, dropna=False)[["xx", "zz", "xz"]].sum()
    varies = (sums["xx"] > 1e-12) & (sums["zz"] > 1e-12)
    return (sums["xz"] ** 2 / (sums["xx"] * sums["zz"]).where(varies)).clip(upper=1.0)


def keep_varied(
    prices: pd.DataFrame, *, least_periods: int, least_changes: int = 4, least_sd: float = 0.03, largest_jump: float = 10.0
) -> pd.DataFrame:  # fmt: skip
    """Return the rows of the products (in each store) whose price has moved enough to learn from.

    Parameters
    ----------
    prices
        PRICES.
    least_periods
        Fewest periods with a sale.
    least_changes
        Fewest changes of the price, of 1 % or more.
    least_sd
        Smallest standard deviation of log price.
    largest_jump
        A product whose price jumps by this factor or more from one sale to the next is left out, as its unit or its name may be
        mixed.

    Returns
    -------
    DataFrame
        Rows with a sale, in order of product, store and period. How many products stay is for the caller to say.

    Raises
    ------
    DataError
        If the frame breaks the contract or has a product twice in a period, or no product has moved enough.

    Examples
    --------
    >>> from churnlab import elasticity
    >>> prices = elasticity.simulate_prices(3, 30, seed=1)
    >>> prices.loc[prices["product"] == 2, "price"] = 5.0
    >>> elasticity.keep_varied(prices, least_periods=20)["product"].unique().tolist()
    [1, 3]
    """
    panel = read_panel(prices)
    found = price_variation(panel)
    enough = found["n"].ge(least_periods) & found["changes"].ge(least_changes)
    enough &= found["log_price_sd"].ge(least_sd) & found["largest_jump"].lt(largest_jump)
    if not enough.any():
        raise DataError(
            f"None of {len(found):,} products has {least_periods:,} periods with a sale or more, {least_changes:,} changes of price "
            f"or more, a standard deviation of log price of {least_sd:g} or more, and no jump by {largest_jump:g}. Try: longer "
            "periods, fewer of them, or another group of products."
        )
    units = unit_columns(panel)
    kept = panel[panel["quantity"] > 0].merge(found.loc[enough, units], on=units)
    return kept.sort_values([*units, "period"], kind="stable", ignore_index=True)

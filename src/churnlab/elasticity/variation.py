"""How much the price of each product has moved: what an elasticity can be learnt from."""

import numpy as np
import pandas as pd

from churnlab.elasticity.changes import read_panel, unit_columns
from churnlab.errors import ParameterError

__all__ = ["price_variation"]


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

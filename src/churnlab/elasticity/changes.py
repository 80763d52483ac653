"""How prices move from one period to the next: the changes listed, gaps and mixed units refused."""

import numpy as np
import pandas as pd

from churnlab.elasticity.panel import open_panel
from churnlab.errors import DataError, ParameterError
from churnlab.features.periods import after

__all__ = ["price_changes", "read_panel", "refuse_gaps", "refuse_jumps", "unit_columns"]


def unit_columns(prices: pd.DataFrame) -> list[str]:
    """Return the columns that say whose price it is: the product and, where there is one, the store."""
    return ["product", *(["store"] if "store" in prices else [])]


def read_panel(prices: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of PRICES in order of product, store and period, once it is sure that it keeps the contract.

    Raises
    ------
    DataError
        If it breaks the contract, or has two rows for a product in a period (and store).
    """
    panel = open_panel(prices).table.to_frame()
    return panel.sort_values([*unit_columns(panel), "period"], kind="stable", ignore_index=True)


def _named(rows: pd.DataFrame, place: int) -> str:
    values = {str(name): rows[name].iloc[place] for name in rows}
    return ", ".join(
        f"{name} {value:%Y-%m-%d}" if hasattr(value, "strftime") else f"{name} {value}"
        for name, value in values.items()
    )


def price_changes(prices: pd.DataFrame, *, least: float = 0.01) -> pd.DataFrame:
    """List where a price differs from that of the product's last period with a sale (in that store).

    Parameters
    ----------
    prices
        PRICES.
    least
        Smallest change that counts, as a share of the price before.

    Returns
    -------
    DataFrame
        One row per change, in order of product, store and period: `product`, `store` (if there is one), `period`,
        `price_before`, `price`, `change` (0.1 is up by 10 %), `quantity_before`, `quantity`, and `promoted_before`,
        `promoted` if there is that column.

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
    >>> price_changes(prices)[["price_before", "price", "change"]].to_numpy().tolist()
    [[2.0, 2.5, 0.25]]
    """
    if not least >= 0:
        raise ParameterError(f"`least` must be 0 or more, not {least!r}.")
    panel = read_panel(prices)
    panel = panel[panel["quantity"] > 0].reset_index(drop=True)
    shown = [name for name in ("price", "quantity", "promoted") if name in panel]
    units = unit_columns(panel)
    before = panel.groupby(units, sort=False, dropna=False)[shown].shift().add_suffix("_before")
    panel = panel.join(before).assign(change=panel["price"] / before["price_before"] - 1)
    pairs = [column for name in shown[1:] for column in (f"{name}_before", name)]
    columns = [*units, "period", "price_before", "price", "change", *pairs]
    return panel.loc[panel["change"].abs() >= max(least, 1e-12), columns].reset_index(drop=True)


def refuse_gaps(periods: pd.Series, period: str) -> None:
    """Refuse periods of the calendar in which nothing was sold at all.

    Parameters
    ----------
    periods
        First days of periods, any number of times.
    period
        ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``.

    Raises
    ------
    DataError
        If there are some between the first and the last.
    """
    starts = pd.Series(periods.unique()).sort_values(ignore_index=True)
    following = after(starts, period)[:-1]
    late = following[following.to_numpy() < starts[1:].to_numpy()]
    if len(late):
        raise DataError(
            f"Between {starts.iloc[0]:%Y-%m-%d} and {starts.iloc[-1]:%Y-%m-%d}, sales stop {len(late):,} times for a whole "
            f'{period} or longer (first: the {period} from {late.iloc[0]:%Y-%m-%d}). Try: complete the table, or gaps="keep" '
            "if the shop was closed."
        )


def refuse_jumps(prices: pd.DataFrame, *, largest: float) -> None:
    """Refuse prices that go up or down by a factor that only another unit explains.

    Parameters
    ----------
    prices
        PRICES in order of product, store and period.
    largest
        The smallest factor that is refused.

    Raises
    ------
    DataError
        If a price jumps from one row to the next.
    """
    units = unit_columns(prices)
    before = prices.groupby(units, sort=False, dropna=False)["price"].shift()
    with np.errstate(invalid="ignore"):
        jumps = np.exp(np.abs(np.log((prices["price"] / before).to_numpy(dtype=float)))) >= largest
    if jumps.any():
        place = int(np.argmax(jumps))
        raise DataError(
            f"Prices must not jump by a factor of {largest:g} or more: {jumps.sum():,} of {len(prices):,} rows of "
            f"{prices.loc[jumps, 'product'].nunique():,} products break this (first: "
            f"{_named(prices[[*units, 'period']], place)}: from {before.iloc[place]:g} to "
            f"{prices['price'].iloc[place]:g}). Are units mixed, as cents and euros, or pieces and boxes? Try: correct "
            "them, leave these products out, or set `largest_jump` higher."
        )

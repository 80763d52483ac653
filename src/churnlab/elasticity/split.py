"""Where to cut time, so that forecasts are judged on periods that they have not seen."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnlab.elasticity.changes import read_panel
from churnlab.errors import DataError, ParameterError

__all__ = ["PriceSplit", "split_periods"]

_LEAST_HISTORY = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class PriceSplit:
    """A panel of prices cut in two.

    Attributes
    ----------
    history
        PRICES of the periods before the cut.
    future
        PRICES of the cut's period and later ones.
    start
        First day of the first period held out.
    periods
        Number of periods in the history.
    """

    history: pd.DataFrame
    future: pd.DataFrame
    start: pd.Timestamp
    periods: int


def split_periods(prices: pd.DataFrame, *, hold_out: int) -> PriceSplit:
    """Cut a panel of prices before its last periods.

    Parameters
    ----------
    prices
        PRICES.
    hold_out
        How many periods at the end are held out.

    Returns
    -------
    PriceSplit
        Both parts in order of product, store and period.

    Raises
    ------
    DataError
        If the frame breaks the contract, has a product twice in a period, or has fewer than 8 periods before the cut.
    ParameterError
        If `hold_out` is below 1, or not whole.

    Examples
    --------
    >>> from churnlab import elasticity
    >>> split_periods(elasticity.simulate_prices(2, 20, seed=1), hold_out=5).start
    Timestamp('2023-04-17 00:00:00')
    """
    if not isinstance(hold_out, int | np.integer) or hold_out < 1:
        raise ParameterError(f"`hold_out` must be 1 or more, and whole, not {hold_out!r}.")
    panel = read_panel(prices)
    days = sorted(panel["period"].unique())
    if len(days) < hold_out + _LEAST_HISTORY:
        raise DataError(
            f"Of {len(days):,} periods, {hold_out:,} held out leave {max(len(days) - hold_out, 0):,} to learn from: fewer than "
            f"{_LEAST_HISTORY}. Try: hold_out={max(len(days) - _LEAST_HISTORY, 1)} or less, or shorter periods."
        )
    start = pd.Timestamp(days[-hold_out])
    before = panel["period"] < start
    history, future = (panel[part].reset_index(drop=True) for part in (before, ~before))
    return PriceSplit(history=history, future=future, start=start, periods=len(days) - hold_out)

"""How much a forecast depends on the day on which the model was fitted, and on the unit of time."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.features import Unit, days_per, to_future, to_rfm
from churnlab.progress import track
from churnlab.repurchase.bg_nbd import fit_bg_nbd
from churnlab.repurchase.forecast import forecast_totals
from churnlab.repurchase.split import TimeSplit
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.tables import Table

__all__ = ["earlier_dates", "to_sensitivity"]


def to_sensitivity(
    orders: Table,
    *,
    as_of: Sequence[str | date],
    horizon: int,
    units: Sequence[Unit] = ("week",),
    fit_model: Callable[[pd.DataFrame], TransactionFit] = fit_bg_nbd,
    observed_until: str | date | None = None,
) -> pd.DataFrame:
    """Fit a model as of several dates and in several units of time, and compare each forecast with what came.

    Parameters
    ----------
    orders
        A table of ORDERS.
    as_of
        Dates to fit on; the window after each must be in the table.
    horizon
        Length of the window in days.
    units
        Units of time.
    fit_model
        Such as :func:`fit_pareto_nbd`.
    observed_until
        The day up to which, not including it, the table is complete; by default the day after its last order.

    Returns
    -------
    DataFrame
        One row per date and unit: `as_of, unit, customers, actual`, the orders that came, `estimate, std_error,
        conf_low, conf_high`, the orders forecast with prediction limits, and `error`, the share too high (+) or too low.

    Raises
    ------
    DataError
        If a window is not covered, or a model cannot be fitted to the customers of a date.
    ConvergenceError
        If a likelihood has no maximum.
    ParameterError
        If there is no date or no unit.

    Notes
    -----
    In continuous time the unit does not matter to these models: differences between units show rounding of
    the dates alone. Differences between dates show seasons, growth or a model that does not hold.
    """
    if not as_of or not units:
        raise ParameterError("Sensitivity takes a date and a unit at least.")
    rows = []
    for day in track(as_of, "dates"):
        future = to_future(orders, as_of=day, horizon=horizon, unit="day", observed_until=observed_until)
        for unit in units:
            rfm = to_rfm(orders, as_of=day, unit=unit)
            total = forecast_totals(fit_model(rfm), None, rfm, horizon=horizon / days_per(unit)).iloc[2]
            actual = float(future["orders"].sum())
            rows.append(
                {
                    "as_of": pd.Timestamp(day),
                    "unit": unit,
                    "customers": len(rfm),
                    "actual": actual,
                    **{name: total[name] for name in ("estimate", "std_error", "conf_low", "conf_high")},
                    "error": total["estimate"] / actual - 1 if actual else np.nan,
                }
            )
    return pd.DataFrame(rows)


def earlier_dates(split: TimeSplit) -> list[date]:
    """Return the test date of a split, and the dates by which half and three quarters of its history had passed.

    Parameters
    ----------
    split
        What :func:`split_time` returns.

    Returns
    -------
    list of date
        The earliest first.

    Examples
    --------
    >>> from churnlab import datasets, repurchase
    >>> split = repurchase.split_time(datasets.load_cdnow(), as_of=None, horizon=39)
    >>> [str(day) for day in earlier_dates(split)]
    ['1997-05-18', '1997-07-25', '1997-10-01']
    """
    history = (split.test - split.first).days
    return [split.test - timedelta(days=history // part) for part in (2, 4)] + [split.test]

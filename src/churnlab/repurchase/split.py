"""Where to cut time, so that a forecast is judged on a window that it has not seen."""

from dataclasses import dataclass
from datetime import date

from churnlab.errors import DataError, ParameterError
from churnlab.features import Unit, days_per, shift
from churnlab.features.history import observed_end, require_covered
from churnlab.tables import Table, to_date

__all__ = ["TimeSplit", "split_time"]

_LEAST_HISTORY = 0.25


@dataclass(frozen=True, kw_only=True)
class TimeSplit:
    """Where time is cut.

    Attributes
    ----------
    first
        Day of the first order.
    as_of
        The day from which on nothing is known, and the forecast begins.
    test
        First day of the held-out window, which ends before `as_of`; models are judged as of this day.
    tuning
        First day of a window that ends before `test`; what a rule must be told is chosen on it.
    tuning_horizon
        Length of that window in units of time.
    """

    first: date
    as_of: date
    test: date
    tuning: date
    tuning_horizon: float


def split_time(
    orders: Table,
    *,
    as_of: str | date | None,
    horizon: float,
    unit: Unit = "week",
    observed_until: str | date | None = None,
) -> TimeSplit:
    """Cut the time of a table of orders into history, held-out window and future.

    Parameters
    ----------
    orders
        A table of ORDERS.
    as_of
        The day from which on nothing is known; by default the day up to which the table is complete.
    horizon
        Length of the held-out window and of the forecast, in units of time.
    unit
        Unit of `horizon`.
    observed_until
        The day up to which, not including it, the table is complete; by default the day after its last order.

    Returns
    -------
    TimeSplit
        The tuning window is as long as the horizon, or half of the history before the test where that is shorter.

    Raises
    ------
    DataError
        If the history before the held-out window is shorter than a quarter of the horizon, or the table is not complete
        until `as_of`.
    ParameterError
        If `as_of` is no date, does not lie after the first order, or the horizon is not positive.

    Examples
    --------
    >>> from churnlab import datasets
    >>> split_time(datasets.load_cdnow(), as_of=None, horizon=39).test
    datetime.date(1997, 10, 1)
    """
    if not horizon > 0:
        raise ParameterError(f"`horizon` must be above 0, not {horizon!r}.")
    first = orders.engine.rows(f"SELECT CAST(min(date) AS DATE) FROM {orders.view}")[0][0]
    end = observed_end(orders, observed_until) if as_of is None else to_date(as_of, "as_of")
    require_covered(orders, end, observed_until)
    if end <= first:
        raise ParameterError(f"`as_of` {end.isoformat()} must lie after the first order, on {first.isoformat()}.")
    test = shift(end, -horizon, unit)
    history = (test - first).days / days_per(unit)
    if history < _LEAST_HISTORY * horizon:
        longest = int((end - first).days / days_per(unit) / (1 + _LEAST_HISTORY))
        raise DataError(
            f"{orders.label} begins on {first.isoformat()}, which leaves {max(history, 0):.0f} {unit}s before the "
            f"held-out window of {horizon:g} {unit}s: too few to fit a model on. Try a horizon of {longest} {unit}s or "
            "less."
        )
    tuning_horizon = min(float(horizon), history / 2)
    return TimeSplit(
        first=first, as_of=end, test=test, tuning=shift(test, -tuning_horizon, unit), tuning_horizon=tuning_horizon
    )

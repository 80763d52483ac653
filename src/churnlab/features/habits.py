"""How often, how regularly and for how much customers buy: builders on the days with an order.

An order, here as in RFM, is a day on which a customer bought something; rows may be orders or order lines.
"""

from collections.abc import Iterable, Sequence

from churnlab.errors import ParameterError
from churnlab.features.feature import Feature
from churnlab.features.units import require_whole

__all__ = ["frequency", "money", "rhythm", "windows"]

_AMOUNT = "CAST(amount AS DOUBLE)"


def frequency() -> tuple[Feature, ...]:
    """Return how often: orders, orders per 30 days, tenure, recency.

    Returns
    -------
    tuple of Feature
        `orders`, `orders_per_30_days`, `tenure_days`, `recency_days`.
    """
    return (
        Feature(
            name="orders",
            grain="day",
            expression="count(*)",
            unit="orders",
            meaning="days with an order",
            otherwise="0",
        ),
        Feature(
            name="orders_per_30_days",
            grain="day",
            expression="30.0e0 * count(*) / max(age)",
            unit="orders per 30 days",
            meaning="orders since the first one, per 30 days",
        ),
        Feature(
            name="tenure_days", grain="day", expression="max(age)", unit="days", meaning="days since the first order"
        ),
        Feature(
            name="recency_days", grain="day", expression="min(age)", unit="days", meaning="days since the last order"
        ),
    )


def rhythm() -> tuple[Feature, ...]:
    """Return the times between orders, and the silence since the last one measured by them.

    Returns
    -------
    tuple of Feature
        `gap_mean_days`, `gap_median_days`, `gap_variation`, `silence_ratio`; empty with fewer than two orders.
    """
    return (
        Feature(
            name="gap_mean_days",
            grain="day",
            expression="1.0e0 * (max(age) - min(age)) / nullif(count(*) - 1, 0)",
            unit="days",
            meaning="mean time between orders",
        ),
        Feature(
            name="gap_median_days",
            grain="day",
            expression="median(1.0e0 * gap)",
            unit="days",
            meaning="median time between orders",
        ),
        Feature(
            name="gap_variation",
            grain="day",
            expression="stddev_samp(1.0e0 * gap) / nullif(avg(1.0e0 * gap), 0)",
            unit="ratio",
            meaning="standard deviation of the times between orders, over their mean (1 is pure chance, 0 a clock)",
        ),
        Feature(
            name="silence_ratio",
            grain="day",
            expression="1.0e0 * min(age) / nullif(median(1.0e0 * gap), 0)",
            unit="ratio",
            meaning="days since the last order, over the median time between orders",
        ),
    )


def money() -> tuple[Feature, ...]:
    """Return what is spent per order, and how that moves.

    Returns
    -------
    tuple of Feature
        `amount_total`, `amount_mean`, `amount_median`, `amount_last`, `amount_variation`, `amount_trend`.
    """
    unit = "currency"
    return (
        Feature(
            name="amount_total",
            grain="day",
            expression="CAST(sum(amount) AS DOUBLE)",
            unit=unit,
            meaning="all money spent",
            otherwise="0",
        ),
        Feature(
            name="amount_mean",
            grain="day",
            expression="CAST(sum(amount) AS DOUBLE) / count(*)",
            unit=unit,
            meaning="mean amount of an order",
        ),
        Feature(
            name="amount_median",
            grain="day",
            expression=f"median({_AMOUNT})",
            unit=unit,
            meaning="median amount of an order",
        ),
        Feature(
            name="amount_last",
            grain="day",
            expression=f"min_by({_AMOUNT}, age)",
            unit=unit,
            meaning="amount of the last order",
        ),
        Feature(
            name="amount_variation",
            grain="day",
            expression=f"stddev_samp({_AMOUNT}) / nullif(CAST(sum(amount) AS DOUBLE) / count(*), 0)",
            unit="ratio",
            meaning="standard deviation of the amounts of orders, over their mean",
        ),
        Feature(
            name="amount_trend",
            grain="day",
            expression=f"CASE WHEN min(age) < max(age) THEN -30.0e0 * regr_slope({_AMOUNT}, CAST(age AS DOUBLE)) END",
            unit="currency per 30 days",
            meaning="slope of the amount of an order over time",
        ),
    )


def windows(days: Sequence[int] = (30, 90, 365)) -> tuple[Feature, ...]:
    """Return orders and money in the last so many days, and the change to as many days before.

    Parameters
    ----------
    days
        Lengths of the windows, in whole days.

    Returns
    -------
    tuple of Feature
        For each length d: `orders_d`, `amount_d`, `orders_change_d`.

    Raises
    ------
    ParameterError
        If it is no list, or a length is no whole number of days, 1 or more.
    """
    if isinstance(days, str) or not isinstance(days, Iterable):
        raise ParameterError(f"`days` must be a list, as in [{days!r}].")
    return tuple(feature for length in days for feature in _window(require_whole("days", length)))


def _window(days: int) -> tuple[Feature, ...]:
    last = f"age <= {days}"
    before = f"age > {days} AND age <= {2 * days}"
    return (
        Feature(
            name=f"orders_{days}",
            grain="day",
            expression=f"CAST(sum(CASE WHEN {last} THEN 1 ELSE 0 END) AS BIGINT)",
            unit="orders",
            meaning=f"orders in the last {days} days",
            otherwise="0",
        ),
        Feature(
            name=f"amount_{days}",
            grain="day",
            expression=f"CAST(sum(CASE WHEN {last} THEN amount ELSE 0 END) AS DOUBLE)",
            unit="currency",
            meaning=f"money spent in the last {days} days",
            otherwise="0",
        ),
        Feature(
            name=f"orders_change_{days}",
            grain="day",
            expression=f"CAST(sum(CASE WHEN {last} THEN 1 WHEN {before} THEN -1 ELSE 0 END) AS BIGINT)",
            unit="orders",
            meaning=f"orders in the last {days} days, less those in the {days} days before",
            otherwise="0",
        ),
    )

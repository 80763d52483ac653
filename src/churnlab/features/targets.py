"""What customers do in the window after as_of: builders of targets, on the table of orders."""

from churnlab.features.feature import Feature

__all__ = ["TARGETS", "amount_ahead", "ordered_ahead", "orders_ahead", "silent_ahead"]


def orders_ahead() -> Feature:
    """Return the number of days with an order in the window."""
    return Feature(
        name="orders_ahead",
        expression="count(DISTINCT ahead)",
        unit="orders",
        meaning="days with an order in the window",
        otherwise="0",
    )


def amount_ahead() -> Feature:
    """Return the money spent in the window."""
    return Feature(
        name="amount_ahead",
        expression="CAST(sum(amount) AS DOUBLE)",
        unit="currency",
        meaning="money spent in the window",
        otherwise="0",
    )


def ordered_ahead() -> Feature:
    """Return whether there is an order in the window: repurchase."""
    return Feature(
        name="ordered_ahead",
        expression="CASE WHEN count(*) > 0 THEN 1 ELSE 0 END",
        unit="flag",
        meaning="whether there is an order in the window",
        otherwise="0",
    )


def silent_ahead() -> Feature:
    """Return whether there is no order in the window: churn, where nobody says goodbye."""
    return Feature(
        name="silent_ahead",
        expression="CASE WHEN count(*) > 0 THEN 0 ELSE 1 END",
        unit="flag",
        meaning="whether there is no order in the window",
        otherwise="1",
    )


TARGETS = (orders_ahead(), amount_ahead(), ordered_ahead(), silent_ahead())
"""Targets that can be asked for by name."""

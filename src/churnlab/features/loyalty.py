"""Whom offers reached and who took them up; whom customers brought."""

from churnlab.features.feature import Feature
from churnlab.features.units import require_whole

__all__ = ["reach", "referrals"]


def reach(within: int = 14) -> tuple[Feature, ...]:
    """Return how often a customer was reached with offers and took them up, from a table of OFFERS and one of ORDERS.

    Parameters
    ----------
    within
        An offer is taken up if an order comes on its day or in so many days after it, whatever was bought.

    Returns
    -------
    tuple of Feature
        `offers`, `offer_recency_days`, `offers_taken_up_w` (a share, of the offers whose days were over before as_of),
        `ordered_since_offer`.

    Raises
    ------
    ParameterError
        If `within` is no whole number of days, 0 or more.
    """
    within = require_whole("within", within, least=0)
    over = f"treated AND age > {within}"
    return (
        Feature(
            name="offers",
            table="offers",
            expression="CAST(sum(CASE WHEN treated THEN 1 ELSE 0 END) AS BIGINT)",
            unit="offers",
            meaning="offers received",
            otherwise="0",
        ),
        Feature(
            name="offer_recency_days",
            table="offers",
            expression="min(CASE WHEN treated THEN age END)",
            unit="days",
            meaning="days since the last offer received",
        ),
        Feature(
            name=f"offers_taken_up_{within}",
            table="offers",
            grain="followed",
            expression=f"1.0e0 * sum(CASE WHEN {over} AND days_to_order <= {within} THEN 1 ELSE 0 END) "
            f"/ nullif(sum(CASE WHEN {over} THEN 1 ELSE 0 END), 0)",
            unit="share",
            meaning=f"share of offers that an order followed within {within} days, of those received longer ago",
        ),
        Feature(
            name="ordered_since_offer",
            grain="customer",
            expression="CASE WHEN offer_recency_days IS NULL THEN NULL WHEN recency_days <= offer_recency_days THEN 1 ELSE 0 END",
            unit="flag",
            meaning="whether an order came on the day of the last offer or later",
        ),
    )


def referrals() -> tuple[Feature, ...]:
    """Return whom a customer brought, from a table of CUSTOMERS with `referred_by` and one of ORDERS.

    Returns
    -------
    tuple of Feature
        `referrals` (customers whom she brought and who ordered before as_of), `referral_recency_days` (since the first
        order of the last of them), `was_referred`.
    """
    return (
        Feature(
            name="referrals",
            table="customers",
            grain="referred",
            expression="count(*)",
            unit="customers",
            meaning="customers brought who have ordered",
            otherwise="0",
        ),
        Feature(
            name="referral_recency_days",
            table="customers",
            grain="referred",
            expression="min(age)",
            unit="days",
            meaning="days since the first order of the customer brought last",
        ),
        Feature(
            name="was_referred",
            table="customers",
            expression="max(CASE WHEN referred_by IS NULL THEN 0 ELSE 1 END)",
            unit="flag",
            meaning="whether another customer brought her",
        ),
    )

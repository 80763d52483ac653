"""The elasticity of a single price change, by the midpoints of prices and quantities."""

from math import inf

from churnlab.errors import DataError
from churnlab.inference import Interval, normal_quantile

__all__ = ["arc_elasticity"]


def arc_elasticity(
    price_before: float,
    price_after: float,
    quantity_before: float,
    quantity_after: float,
    *,
    dispersion: float = 1.0,
    conf_level: float = 0.95,
) -> Interval:
    """Return the arc elasticity of one price change, with the uncertainty of counting alone.

    Parameters
    ----------
    price_before, price_after
        Above 0 and not the same.
    quantity_before, quantity_after
        Pieces sold in periods of the same length, not both 0.
    dispersion
        Variance of a quantity over its mean: 1 for customers who come independently (Poisson), more in most trades.
    conf_level
        Of the limits.

    Raises
    ------
    DataError
        If a price is not above 0, or not finite, both are the same, a quantity is below 0, or both are 0.
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    Allen (1934): (q₂ - q₁) / (q₂ + q₁) over (p₂ - p₁) / (p₂ + p₁). By the delta method its variance is
    4 φ q₁ q₂ / (q₁ + q₂)³ over the square of the price term, for variances φ q. Whatever else changed between the two periods is
    taken for an effect of the price.

    Examples
    --------
    >>> found = arc_elasticity(2.0, 2.2, 1000, 850)
    >>> round(found.estimate, 3), round(found.conf_low, 2), round(found.conf_high, 2)
    (-1.703, -2.66, -0.75)
    """
    z = normal_quantile(conf_level)
    if not (0 < price_before < inf and 0 < price_after < inf and price_before != price_after):
        raise DataError(f"Two prices above 0 that differ are needed, not {price_before!r} and {price_after!r}.")
    if not (quantity_before >= 0 and quantity_after >= 0 and 0 < quantity_before + quantity_after < inf):
        raise DataError(
            f"Two quantities of 0 or more, not both 0, are needed, not {quantity_before!r} and {quantity_after!r}."
        )
    if not dispersion > 0:
        raise DataError(f"`dispersion` must be above 0, not {dispersion!r}.")
    total = quantity_before + quantity_after
    price_change = (price_after - price_before) / (price_after + price_before)
    estimate = (quantity_after - quantity_before) / total / price_change
    error = float((4 * dispersion * quantity_before * quantity_after / total**3) ** 0.5) / abs(price_change)
    return Interval(estimate=estimate, std_error=error, conf_low=estimate - z * error, conf_high=estimate + z * error)

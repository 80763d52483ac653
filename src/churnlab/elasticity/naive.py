"""The rules that would be used without a model of each product, and their forecasts."""

import pandas as pd

from churnlab.elasticity.changes import unit_columns
from churnlab.elasticity.least_squares import fit_elasticity
from churnlab.elasticity.retransformation import forecast_quantity

__all__ = ["naive_forecasts"]


def naive_forecasts(history: pd.DataFrame, future: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Forecast later quantities by the rules that need no model of each product.

    Parameters
    ----------
    history
        PRICES of the periods that are known, with a sale in each row.
    future
        PRICES of later periods of the same products (n rows).

    Returns
    -------
    dict
        What :func:`forecast_quantity` returns, by the name of the rule: ``"as before"`` (each product sells what it sold on
        average, whatever its price), ``"one line"`` (the slope of a straight line through the logs of all prices and
        quantities) and ``"one elasticity"`` (products compared with themselves, and with the same period elsewhere).

    Raises
    ------
    DataError
        If a frame breaks the contract, a quantity is 0, or a product of `future` has no history.

    Examples
    --------
    >>> from churnlab import elasticity
    >>> prices = elasticity.simulate_prices(20, 40, seed=1)
    >>> cut = prices["period"] < "2023-09-01"
    >>> list(naive_forecasts(prices[cut], prices[~cut]))
    ['as before', 'one line', 'one elasticity']
    """
    effects = (":".join(unit_columns(history)), "period")
    slopes = {
        "as before": 0.0,
        "one line": fit_elasticity(history, effects=(), errors="hc1").elasticity.estimate,
        "one elasticity": fit_elasticity(history, effects=effects).elasticity.estimate,
    }
    return {name: forecast_quantity(history, future, elasticity=slope) for name, slope in slopes.items()}

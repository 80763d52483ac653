"""Whether prices answer to demand, and whether demand's surprises carry over: two correlations, in words."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.elasticity.changes import unit_columns

__all__ = ["INSTRUMENT", "correlation_checks"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

_SERIAL = 0.05

INSTRUMENT = (
    "An instrument is something that moves the price and touches demand in no other way: the cost of inputs, a tax, an "
    "exchange rate, or the price of the same product in markets whose demand is unrelated; then "
    "fit_instrumented. Better still, an experiment"
)


def correlation_checks(panel: pd.DataFrame, z: float) -> list[dict[str, object]]:
    """Return the checks *endogeneity* and *serial correlation*, or nothing where fewer than ten rows follow another.

    Parameters
    ----------
    panel
        PRICES in order of product, store and period.
    z
        Quantile of the normal distribution for the limits.
    """
    sold = panel[panel["quantity"] > 0].reset_index(drop=True)
    unit = sold.groupby(unit_columns(sold), sort=False, dropna=False).ngroup().to_numpy().astype(np.intp)
    number = sold["period"].rank(method="dense").to_numpy().astype(np.intp) - 1
    price, quantity = (
        _without_means(np.log(sold[name].to_numpy(dtype=float)), unit, number) for name in ("price", "quantity")
    )
    slope = float(price @ quantity) / float(price @ price) if price @ price > 1e-12 else 0.0
    surprise = quantity - slope * price
    later = np.flatnonzero((unit[1:] == unit[:-1]) & (number[1:] == number[:-1] + 1)) + 1
    if len(later) < 10:
        return []
    lost = 1.0 / max(float(len(sold)) / (unit.max() + 1) - 1.0, 1.0)
    answers = _correlation(surprise[later - 1], price[later], unit[later], z, shift=0.0)
    serial = _correlation(surprise[later - 1], surprise[later], unit[later], z, shift=lost)
    return [_endogeneity(answers), _serial(serial)]


def _endogeneity(found: dict[str, float]) -> dict[str, object]:
    look = found["conf_low"] > 0
    seen = (
        "Prices rise after demand was above what was to be expected: the seller answers to demand, and least squares "
        "understates the elasticity."
    )
    not_seen = "No sign that prices rise after good periods; that does not prove them exogenous."
    meaning = f"{seen} {INSTRUMENT}." if look else not_seen
    return {"check": "endogeneity", **found, "finding": "look" if look else "ok", "meaning": meaning}


def _serial(found: dict[str, float]) -> dict[str, object]:
    look = found["conf_low"] > _SERIAL
    seen = (
        "What is above the curve in one period is above it in the next: plain standard errors are too small. Cluster by product "
        '(errors="cluster"), or take errors="hac"; a trend or a season may be missing.'
    )
    not_seen = "Deviations from the curve do not carry over from one period to the next to speak of."
    meaning = seen if look else not_seen
    return {"check": "serial correlation", **found, "finding": "look" if look else "ok", "meaning": meaning}


def _without_means(values: Array, unit: Codes, period: Codes, rounds: int = 30) -> Array:
    """Return values without the means of units and periods, taken out in turn."""
    for _ in range(rounds):
        for group in (period, unit):
            count = np.bincount(group)
            values = values - (np.bincount(group, values) / np.maximum(count, 1))[group]
    return values


def _correlation(x: Array, y: Array, unit: Codes, z: float, *, shift: float) -> dict[str, float]:
    """Return the correlation of x and y with limits, whose standard error is clustered by unit."""
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    if size < 1e-12:
        return {"estimate": 0.0, "conf_low": 0.0, "conf_high": 0.0}
    found = float(x @ y) / size
    slope = float(x @ y) / float(x @ x)
    scores = np.bincount(unit, x * (y - slope * x))
    error = float(np.sqrt(scores @ scores)) / size
    found += shift
    return {"estimate": found, "conf_low": found - z * error, "conf_high": found + z * error}

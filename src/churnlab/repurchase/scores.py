"""How good forecasts were on held-out time."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["score_forecasts"]

Array = npt.NDArray[np.float64]


def score_forecasts(
    forecasts: Mapping[str, pd.DataFrame], future: pd.DataFrame, *, conf_level: float = 0.95
) -> pd.DataFrame:
    """Compare forecasts with what the same customers did.

    Parameters
    ----------
    forecasts
        For each forecast's name a frame with `probability` of an order and expected `orders` (n rows). The first is the
        one that the others are held against.
    future
        What :func:`churnlab.features.to_future` returns for the same customers (n rows, same order, same index).
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per forecast: `forecast`; `orders`, the total; `error`, the total's share too high (+) or too low (-);
        `mae`, the mean absolute error of orders per customer; `brier`, the mean squared error of the probability, with
        `conf_low`, `conf_high`; `brier_excess`, how much worse (+) its Brier score is than the first forecast's, with
        `excess_low`, `excess_high`; `auc`, the probability that who ordered was rated above who did not; `lift`, the
        share that ordered among the tenth rated highest, as a multiple of the share among all.

    Raises
    ------
    DataError
        If a forecast has other rows than the customers, lacks a column, or has a value that is not finite.
    ParameterError
        If there is no forecast, or the level is not between 0 and 1.

    Notes
    -----
    Brier (1950), Verification of forecasts expressed in terms of probability; AUC by mid-ranks (Mann-Whitney). The limits
    are those of means over customers, ± z standard errors; the excess is a mean of differences, customer by customer.
    Ties at the edge of the highest tenth count in proportion.
    """
    if not forecasts:
        raise ParameterError("There is no forecast to score.")
    z = normal_quantile(conf_level)
    count = future["orders"].to_numpy(dtype=float)
    ordered = (count > 0).astype(float)
    first: Array | None = None
    rows = []
    for name, forecast in forecasts.items():
        probability, orders = _checked(name, forecast, future)
        square = (probability - ordered) ** 2
        first = square if first is None else first
        brier, excess = _mean(square, z), _mean(square - first, z)
        rows.append(
            {
                "forecast": name,
                "orders": orders.sum(),
                "error": orders.sum() / count.sum() - 1 if count.sum() else np.nan,
                "mae": np.abs(orders - count).mean(),
                **dict(zip(("brier", "conf_low", "conf_high"), brier, strict=True)),
                **dict(zip(("brier_excess", "excess_low", "excess_high"), excess, strict=True)),
                "auc": _auc(probability, ordered),
                "lift": _lift(probability, ordered),
            }
        )
    return pd.DataFrame(rows)


def _checked(name: str, forecast: pd.DataFrame, future: pd.DataFrame) -> tuple[Array, Array]:
    n = len(future)
    missing = {"probability", "orders"} - set(forecast.columns)
    if missing:
        raise DataError(f"The forecast {name!r} has no column {', '.join(sorted(missing))}.")
    if len(forecast) != n:
        raise DataError(f"The forecast {name!r} has {len(forecast):,} rows for {n:,} customers.")
    if not forecast.index.equals(future.index):
        raise DataError(f"The rows of the forecast {name!r} are in another order than the customers.")
    probability, orders = (forecast[column].to_numpy(dtype=float) for column in ("probability", "orders"))
    wrong = ~(np.isfinite(probability) & np.isfinite(orders))
    if wrong.any():
        raise DataError(f"The forecast {name!r} must be finite: {wrong.sum():,} of {n:,} rows break this.")
    return probability, orders


def _mean(values: Array, z: float) -> tuple[float, float, float]:
    """Return the mean of values over customers with its limits."""
    mean, margin = float(values.mean()), z * float(values.std(ddof=1)) / np.sqrt(len(values))
    return mean, mean - margin, mean + margin


def _auc(score: Array, ordered: Array) -> float:
    from scipy.stats import rankdata

    positives, negatives = ordered.sum(), (1 - ordered).sum()
    if positives == 0 or negatives == 0:
        return float("nan")
    return float((rankdata(score) @ ordered - positives * (positives + 1) / 2) / (positives * negatives))


def _lift(score: Array, ordered: Array) -> float:
    if not ordered.any():
        return float("nan")
    size = len(score) / 10
    edge = np.sort(score)[::-1][int(np.ceil(size)) - 1]
    above, level = score > edge, score == edge
    found = ordered[above].sum() + (size - above.sum()) * ordered[level].mean()
    return float(found / size / ordered.mean())

"""How good forecasts were on held-out time."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError
from churnlab.inference import Interval, bootstrap

__all__ = ["score_forecasts"]

Array = npt.NDArray[np.float64]


def score_forecasts(
    forecasts: Mapping[str, pd.DataFrame], future: pd.DataFrame, *, seed: int, draws: int = 200
) -> pd.DataFrame:
    """Compare forecasts with what the same customers did.

    Parameters
    ----------
    forecasts
        For each forecast's name a frame with `probability` of an order and expected `orders` (n rows).
    future
        What :func:`churnlab.features.to_future` returns for the same customers (n rows, same order).
    seed
        Of the bootstrap.
    draws
        Resamples of customers for the limits.

    Returns
    -------
    DataFrame
        One row per forecast: `forecast`; `orders`, the total; `error`, the total's share too high (+) or too low (-);
        `mae`, the mean absolute error of orders per customer; `brier`, the mean squared error of the probability, with
        `brier_low`, `brier_high` (95 %); `auc`, the probability that who ordered was rated above who did not; `lift`,
        the share that ordered among the tenth rated highest, as a multiple of the share among all.

    Raises
    ------
    DataError
        If a forecast has another number of rows than the customers, or a value that is not finite.

    Notes
    -----
    Brier (1950), Verification of forecasts expressed in terms of probability; AUC by mid-ranks (Mann-Whitney). Ties at
    the edge of the highest tenth count in proportion.
    """
    ordered = (future["orders"].to_numpy() > 0).astype(float)
    count = future["orders"].to_numpy(dtype=float)
    rows = []
    for name, forecast in forecasts.items():
        probability, orders = _checked(name, forecast, len(future))
        brier = _brier(probability, ordered, seed=seed, draws=draws)
        rows.append(
            {
                "forecast": name,
                "orders": orders.sum(),
                "error": orders.sum() / count.sum() - 1 if count.sum() else np.nan,
                "mae": np.abs(orders - count).mean(),
                "brier": brier.estimate,
                "brier_low": brier.conf_low,
                "brier_high": brier.conf_high,
                "auc": _auc(probability, ordered),
                "lift": _lift(probability, ordered),
            }
        )
    return pd.DataFrame(rows)


def _checked(name: str, forecast: pd.DataFrame, n: int) -> tuple[Array, Array]:
    probability, orders = (forecast[column].to_numpy(dtype=float) for column in ("probability", "orders"))
    if len(forecast) != n:
        raise DataError(f"The forecast {name!r} has {len(forecast):,} rows for {n:,} customers.")
    wrong = ~(np.isfinite(probability) & np.isfinite(orders))
    if wrong.any():
        raise DataError(f"The forecast {name!r} must be finite: {wrong.sum():,} of {n:,} rows break this.")
    return probability, orders


def _brier(probability: Array, ordered: Array, *, seed: int, draws: int) -> Interval:
    square = (probability - ordered) ** 2
    return bootstrap(lambda rows: float(square[rows].mean()), len(square), seed=seed, draws=draws)


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

"""Scores of forecasts on the customers as they are, and on customers resampled with replacement."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.repurchase.history import what_came
from churnlab.repurchase.ranking import Ranking, rank

__all__ = ["SCORES", "ResampledScores", "resample_scores"]

Array = npt.NDArray[np.float64]

SCORES: Mapping[str, str] = {
    "log_loss": "lower",
    "brier": "lower",
    "calibration_error": "lower",
    "auc": "higher",
    "lift": "higher",
    "mae_orders": "lower",
    "mae_amount": "lower",
    "error_buyers": "nearer 0",
    "error_orders": "nearer 0",
    "error_amount": "nearer 0",
}
"""Every score, and which value of it is better."""

_FLOOR = 1e-6
"""Probabilities are held this far from 0 and 1 in the log loss, which is infinite else where a rule is sure and wrong."""
_BLOCK = 20_000_000
"""Weights that are held in memory at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ResampledScores:
    """Scores of k models: at the customers as they are, and in each resampling (draws, k · number of scores)."""

    models: tuple[str, ...]
    point: Array
    drawn: Array

    def frame(self) -> pd.DataFrame:
        """Return `model`, `score` and `estimate`, in the order of the arrays."""
        model = np.repeat(np.array(self.models, dtype=object), len(SCORES))
        return pd.DataFrame({"model": model, "score": list(SCORES) * len(self.models), "estimate": self.point})


@dataclass(frozen=True, kw_only=True, eq=False)
class _Forecast:
    """What the scores of one model are sums of: n rows of columns, and the customers in order of probability."""

    columns: Array
    ranking: Ranking


def resample_scores(
    forecasts: Mapping[str, pd.DataFrame], future: pd.DataFrame, *, seed: int, draws: int, bins: int
) -> ResampledScores:
    """Score forecasts on the customers and on resampled ones, the same for every model.

    Parameters
    ----------
    forecasts, future, seed, draws, bins
        As in :func:`churnlab.repurchase.score_forecasts`.

    Raises
    ------
    DataError
        If a forecast has other rows than the customers, no column `probability`, or a value out of range.
    ParameterError
        If there is no forecast, or a number is out of range.
    """
    if not forecasts:
        raise ParameterError("There is no forecast to score.")
    if draws < 20 or bins < 2:
        raise ParameterError(f"`draws` must be 20 or more and `bins` 2 or more, not {draws!r} and {bins!r}.")
    actual = _actual(future)
    made = [_forecast(name, forecast, future, actual, bins) for name, forecast in forecasts.items()]
    columns = np.column_stack([actual, *(each.columns for each in made)])
    n, rng = len(future), np.random.default_rng(seed)
    block = max(1, _BLOCK // max(n, 1))
    drawn = []
    for start in range(0, draws, block):
        times = range(start, min(start + block, draws))
        weight = np.stack([np.bincount(rng.integers(0, n, n), minlength=n).astype(float) for _ in times])
        drawn.append(_scores(weight, columns, made))
    return ResampledScores(
        models=tuple(forecasts), point=_scores(np.ones((1, n)), columns, made)[0], drawn=np.concatenate(drawn)
    )


def _actual(future: pd.DataFrame) -> Array:
    """Return what came (n, 3): whether there was an order, orders, money (NaN where the frame has none)."""
    if len(future) == 0:
        raise DataError("There are no customers to score forecasts on.")
    orders = what_came(future)
    amount = what_came(future, column="amount") if "amount" in future else np.full(len(future), np.nan)
    return np.column_stack([orders > 0, orders, amount])


def _forecast(name: str, forecast: pd.DataFrame, future: pd.DataFrame, actual: Array, bins: int) -> _Forecast:
    probability, orders, amount = _checked(name, forecast, future)
    ordered = actual[:, 0]
    held = np.clip(probability, _FLOOR, 1 - _FLOOR)
    log_loss = -np.log(np.where(ordered == 1, held, 1 - held))
    parts = [log_loss, (probability - ordered) ** 2, np.abs(orders - actual[:, 1]), np.abs(amount - actual[:, 2])]
    return _Forecast(
        columns=np.column_stack([*parts, probability, orders, amount]), ranking=rank(probability, ordered, bins=bins)
    )


def _checked(name: str, forecast: pd.DataFrame, future: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Return probability, orders and money forecast (n,); NaN where a model does not forecast them."""
    n = len(future)
    if "probability" not in forecast:
        raise DataError(
            f"The forecast {name!r} has no column `probability`. A classifier's `estimate` is one. "
            'Try: forecast.rename(columns={"estimate": "probability"}).'
        )
    if len(forecast) != n:
        raise DataError(f"The forecast {name!r} has {len(forecast):,} rows for {n:,} customers.")
    if not forecast.index.equals(future.index):
        raise DataError(f"The rows of the forecast {name!r} are in another order than the customers.")
    arrays = []
    for column, upper in (("probability", 1 + 1e-9), ("estimate", np.inf), ("amount", np.inf)):
        values = forecast[column].to_numpy(dtype=float) if column in forecast else np.full(n, np.nan)
        wrong = ~(np.isfinite(values) & (values >= 0) & (values <= upper)) if column in forecast else np.zeros(n, bool)
        if wrong.any():
            bounds = "between 0 and 1" if column == "probability" else "finite and not negative"
            raise DataError(
                f"`{column}` of the forecast {name!r} must be {bounds}: {wrong.sum():,} of {n:,} rows are not."
            )
        arrays.append(values)
    return arrays[0], arrays[1], arrays[2]


def _scores(weight: Array, columns: Array, made: list[_Forecast]) -> Array:
    """Return all scores (d, k · number of scores) of k models, under d weightings (d, n) of the customers."""
    n = weight.sum(axis=1)
    sums = weight @ columns
    bought = sums[:, :3]
    parts = []
    for place, each in enumerate(made):
        own = sums[:, 3 + 7 * place : 10 + 7 * place]
        log_loss, brier, mae_orders, mae_amount = (own[:, :4] / n[:, None]).T
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = np.where(bought > 0, own[:, 4:] / bought - 1, np.nan)
        ranked = np.array([each.ranking.scores(row) for row in weight])
        parts.append(np.column_stack([log_loss, brier, ranked, mae_orders, mae_amount, errors]))
    return np.hstack(parts)

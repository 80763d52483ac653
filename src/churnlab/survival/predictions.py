"""What a model of churn says of customers, one by one: only at the times that are asked for."""

import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile

__all__ = [
    "Hazards",
    "UncertainHazards",
    "churn_probability",
    "churn_table",
    "covered",
    "expected_lifetime",
    "per_row",
    "refuse_bad_times",
    "survival",
    "to_steps",
    "window",
    "window_until",
]

Array = npt.NDArray[np.float64]


class Hazards(Protocol):
    """The cumulative hazards of n customers under a fitted model."""

    @property
    def last(self) -> Array:
        """Time up to which the model knows each customer (n,)."""

    def cumulative(self, start: Array, end: Array) -> Array:
        """Return what each customer's hazard adds up to between two times of her own (n,)."""

    def nodes(self, start: Array, end: Array) -> Iterator[tuple[Array, Array]]:
        """Yield times (n,) and widths (n,) that integrate survival from start to end."""


class UncertainHazards(Hazards, Protocol):
    """Hazards under a model that knows how sure it is."""

    def gradient(self, start: Array, end: Array, factor: Array) -> Array:
        """Return the derivative, by the model's parameters, of the sum of factor (n,) times cumulative hazard."""

    def variance(self, gradient: Array) -> float:
        """Return the variance of what has such a gradient."""

    def row_variance(self, start: Array, end: Array) -> Array:
        """Return the variance of each customer's cumulative hazard (n,)."""


def survival(hazards: Hazards, times: npt.ArrayLike) -> Array:
    """Return P(still here at each time): one row per customer, one column per time (n, m).

    Raises
    ------
    ParameterError
        If a time is negative or no number.
    """
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    refuse_bad_times(asked)
    n = len(hazards.last)
    start = np.zeros(n)
    found = np.empty((n, len(asked)))
    for place, time in enumerate(asked):
        found[:, place] = np.exp(-hazards.cumulative(start, np.full(n, time)))
    found[asked[None, :] > hazards.last[:, None]] = np.nan
    _warn_of_lacks(asked.max(initial=0.0) > hazards.last, hazards.last)
    return found


def churn_probability(hazards: Hazards, *, horizon: float, tenure: npt.ArrayLike) -> Array:
    """Return P(churn within the horizon | still here at tenure) of each customer (n,).

    Raises
    ------
    ParameterError
        If the horizon is not above 0 or a tenure is negative.
    """
    start, end, known = window(hazards, horizon, tenure)
    _warn_of_lacks(~known, hazards.last)
    probability: Array = np.where(known, -np.expm1(-hazards.cumulative(start, end)), np.nan)
    return probability


def churn_table(
    hazards: UncertainHazards, index: pd.Index, *, horizon: float, tenure: npt.ArrayLike, conf_level: float
) -> pd.DataFrame:
    """Return the churn probability of each customer with limits: `estimate, conf_low, conf_high`.

    Notes
    -----
    The limits are those of the logarithm of the cumulative hazard, by the delta method, the baseline hazard's own
    uncertainty included: they stay between 0 and 1. R: ``survfit(fit, newdata, conf.type = "log-log")``.
    """
    start, end, known = window(hazards, horizon, tenure)
    _warn_of_lacks(~known, hazards.last)
    hazard = np.where(known, hazards.cumulative(start, end), np.nan)
    error = np.sqrt(hazards.row_variance(start, end))
    spread = np.exp(normal_quantile(conf_level) * np.divide(error, hazard, out=np.zeros_like(error), where=hazard > 0))
    return pd.DataFrame(
        {
            "estimate": -np.expm1(-hazard),
            "conf_low": -np.expm1(-hazard / spread),
            "conf_high": -np.expm1(-hazard * spread),
        },
        index=index,
    )


def expected_lifetime(hazards: Hazards, *, until: float, tenure: npt.ArrayLike) -> Array:
    """Return how long each customer still stays on average between her tenure and `until` (n,).

    Raises
    ------
    ParameterError
        If a tenure is negative, or not below `until`.
    """
    start, end, known = window_until(hazards, until, tenure)
    _warn_of_lacks(~known, hazards.last)
    total = np.zeros(len(start))
    for time, width in hazards.nodes(start, end):
        total += width * np.exp(-hazards.cumulative(start, time))
    found: Array = np.where(known, total, np.nan)
    return found


def refuse_bad_times(asked: Array) -> None:
    """Refuse times (m,) that are negative or no numbers.

    Raises
    ------
    ParameterError
        If there are any.
    """
    if asked.ndim != 1 or not len(asked) or not np.isfinite(asked).all() or (asked < 0).any():
        raise ParameterError("`times` must be numbers, 0 or more.")


def per_row(value: npt.ArrayLike, n: int, name: str) -> Array:
    """Return a number for each of n rows, from one number or from n.

    Raises
    ------
    ParameterError
        If there are neither 1 nor n, or one is negative or missing.
    """
    values = np.asarray(value, dtype=np.float64)
    if values.ndim > 1 or (values.ndim == 1 and len(values) != n):
        raise ParameterError(f"`{name}` must be one number or one per row ({n:,}), not {values.shape}.")
    if not np.isfinite(values).all() or (values < 0).any():
        raise ParameterError(f"`{name}` must be 0 or more.")
    return np.broadcast_to(values, (n,)).astype(np.float64)


def to_steps(times: Array, start: Array, end: Array) -> Iterator[tuple[Array, Array]]:
    """Yield times (n,) and widths (n,) that integrate, from start to end, a survival that falls at some times only.

    Parameters
    ----------
    times
        When it falls, in order.
    start, end
        From when to when, each (n,).
    """
    inside = times[(times > start.min(initial=np.inf)) & (times < end.max(initial=0.0))]
    edges = [0.0, *inside.tolist(), float("inf")]
    for left, right in pairwise(edges):
        from_here = np.maximum(left, start)
        yield from_here, np.clip(np.minimum(right, end) - from_here, 0.0, None)


def window(hazards: Hazards, horizon: float, tenure: npt.ArrayLike) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Return when each customer's horizon begins and ends, and whether the model knows her that long, each (n,)."""
    if not 0 < horizon < np.inf:
        raise ParameterError(f"`horizon` must be above 0, not {horizon!r}.")
    start = per_row(tenure, len(hazards.last), "tenure")
    return start, start + horizon, covered(hazards, start + horizon)


def window_until(hazards: Hazards, until: float, tenure: npt.ArrayLike) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Return from when to when each customer's time is counted, and whether the model knows her that long, each (n,)."""
    start = per_row(tenure, len(hazards.last), "tenure")
    if not 0 < until < np.inf or (len(start) and start.max() > until):
        raise ParameterError(f"`until` must be above 0 and no tenure beyond it, not {until!r}.")
    end = np.full(len(start), float(until))
    return start, end, covered(hazards, end)


def covered(hazards: Hazards, end: Array) -> npt.NDArray[np.bool_]:
    """Return for whom the data of the fit reach to the end asked for (n,)."""
    known: npt.NDArray[np.bool_] = end <= hazards.last * (1 + 1e-12)
    return known


def _warn_of_lacks(lacking: npt.NDArray[np.bool_], last: Array) -> None:
    if lacking.any():
        warnings.warn(
            f"{int(lacking.sum()):,} of {len(last):,} rows ask beyond the last time seen in the data of the fit "
            f"({last[lacking].min():g}): their answer is NaN. Try: a shorter horizon, or fit_aft, which extrapolates.",
            stacklevel=4,
        )

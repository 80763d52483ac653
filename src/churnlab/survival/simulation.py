"""Spells and contracts whose truth is known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError

__all__ = ["simulate_spells", "simulate_subscriptions"]

Array = npt.NDArray[np.float64]

_REASONS = ("price", "service", "moved away")


def simulate_spells(
    n: int,
    *,
    scale: float,
    shape: float = 1.0,
    effects: Mapping[str, float] | None = None,
    reasons: Mapping[str, float] | None = None,
    follow_up: float = 36.0,
    late_entry: bool = False,
    whole_times: bool = False,
    seed: int,
) -> pd.DataFrame:
    """Simulate spells with proportional hazards over Weibull's: S(t) = exp(-(t / scale)^shape · exp(Σ effect · x)).

    Parameters
    ----------
    n
        Number of customers drawn.
    scale, shape
        Of the Weibull distribution where all covariates are 0.
    effects
        Coefficient of each covariate; covariates are 0 or 1 with equal chance.
    reasons
        Share of each reason for leaving, the same at all times.
    follow_up
        Customers are followed for between a third of it and all of it, evenly.
    late_entry
        Whether observation begins late, evenly within the first third of `follow_up`. Who had left before is not there, so
        that fewer than `n` rows come back.
    whole_times
        Whether times are counted in whole units: a customer who leaves within the third unit has a duration of 3.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        SPELLS: `customer_id`, `entry` (with `late_entry`), `duration`, `churned`, `reason` (with `reasons`), covariates.

    Raises
    ------
    ParameterError
        If a number is not positive.

    Notes
    -----
    Bender, Augustin and Blettner (2005), Statistics in Medicine 24, 1713-1723.

    Examples
    --------
    >>> simulate_spells(4, scale=20, effects={"trial": 0.7}, whole_times=True, seed=1)[["duration", "churned", "trial"]]
       duration  churned  trial
    0       2.0     True      0
    1      22.0    False      1
    2       4.0     True      1
    3       2.0     True      1
    """
    _require_positive(n=n, scale=scale, shape=shape, follow_up=follow_up)
    rng = np.random.default_rng(seed)
    covariates = {name: rng.integers(0, 2, n) for name in effects or {}}
    predictor = sum((effect * covariates[name] for name, effect in (effects or {}).items()), np.zeros(n))
    ends = scale * (rng.exponential(size=n) * np.exp(-predictor)) ** (1 / shape)
    seen = rng.uniform(follow_up / 3, follow_up, n)
    entry = rng.uniform(0, follow_up / 3, n)
    if whole_times:
        ends, seen, entry = np.ceil(ends), np.ceil(seen), np.floor(entry)
    frame = pd.DataFrame({"customer_id": np.arange(n), "entry": entry, "duration": np.minimum(ends, seen)})
    frame["churned"] = ends <= seen
    if reasons:
        drawn = rng.choice(list(reasons), n, p=np.array(list(reasons.values())) / sum(reasons.values()))
        frame["reason"] = _where(frame["churned"].to_numpy(), drawn)
    frame = frame.assign(**covariates)
    return frame[entry < frame["duration"]].reset_index(drop=True) if late_entry else frame.drop(columns="entry")


def simulate_subscriptions(
    n: int, *, days: int, start: str = "2023-01-01", monthly_churn: float = 0.04, returning: float = 0.15, seed: int
) -> pd.DataFrame:
    """Simulate the contracts of a subscription business on two plans.

    Parameters
    ----------
    n
        Number of customers; they join evenly over the period.
    days
        Length of the period.
    start
        Its first day.
    monthly_churn
        Chance of leaving in the first 30 days on the plan ``"flex"``; later it falls. On ``"fixed"`` it is 40 % of that.
    returning
        Share of those who leave that come back, one to 120 days later, to a second and last contract.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        SUBSCRIPTIONS: `customer_id`, `start`, `end` (missing where it lies after the period), `reason`, `plan`, `price`,
        `channel` (which has no effect), in order of customer and start.

    Raises
    ------
    ParameterError
        If a number is not positive, or a share does not lie between 0 and 1.

    Examples
    --------
    >>> simulate_subscriptions(100, days=730, seed=1)["customer_id"].nunique()
    100
    """
    _require_positive(n=n, days=days)
    if not 0 < monthly_churn < 1 or not 0 <= returning < 1:
        raise ParameterError(
            f"`monthly_churn` and `returning` must be shares, not {monthly_churn!r} and {returning!r}."
        )
    rng = np.random.default_rng(seed)
    born = rng.integers(0, days - 1, n).astype(np.float64)
    fixed = rng.random(n) < 0.4
    channel = rng.choice(["web", "shop"], n)
    first_end = born + _lifetimes(rng, fixed, monthly_churn)
    back = (rng.random(n) < returning) & (first_end < days - 130)
    again = first_end + rng.integers(1, 121, n)
    second_end = again + _lifetimes(rng, fixed, monthly_churn)
    who = np.concatenate([np.arange(n), np.flatnonzero(back)])
    begins = np.concatenate([born, again[back]])
    ends = np.concatenate([first_end, second_end[back]])
    gone = ends < days
    day = np.datetime64(start, "s")
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number:06d}" for number in who],
            "start": day + begins.astype(np.int64).astype("timedelta64[D]"),
            "end": pd.Series(day + ends.astype(np.int64).astype("timedelta64[D]")).where(gone),
            "reason": _where(gone, rng.choice(_REASONS, len(who), p=(0.5, 0.3, 0.2))),
            "plan": np.where(fixed[who], "fixed", "flex"),
            "price": np.where(fixed[who], 25.0, 30.0),
            "channel": channel[who],
        }
    )
    return frame.sort_values(["customer_id", "start"], ignore_index=True)


def _where(condition: npt.NDArray[np.bool_], values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values where the condition holds, and None elsewhere."""
    chosen = values.astype(object)
    chosen[~condition] = None
    return chosen


def _lifetimes(rng: np.random.Generator, fixed: npt.NDArray[np.bool_], monthly_churn: float) -> Array:
    """Return whole days until the end: Weibull with shape 0.8, so that the hazard falls."""
    rate = -np.log1p(-monthly_churn) * np.where(fixed, 0.4, 1.0)
    scale = 30 / rate ** (1 / 0.8)
    return np.asarray(np.ceil(scale * rng.weibull(0.8, len(fixed))))


def _require_positive(**numbers: float) -> None:
    wrong = [f"{name} = {value!r}" for name, value in numbers.items() if not 0 < value < float("inf")]
    if wrong:
        raise ParameterError(f"These must be above 0: {', '.join(wrong)}.")

"""Histories of customers who follow the models of orders, so that the truth is known."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError

__all__ = ["simulate_bg_bb", "simulate_drop_out_at_order", "simulate_pareto_nbd", "simulate_survivors"]

Array = npt.NDArray[np.float64]

_MOST_ORDERS = 10_000


def simulate_drop_out_at_order(
    T: Array, *, r: float, alpha: float, a: float, b: float, k: int = 1, from_start: bool = False, seed: int
) -> pd.DataFrame:
    """Simulate customers of the BG/NBD, MBG/NBD, BG/CNBD-k or MBG/CNBD-k model.

    Parameters
    ----------
    T
        Age of each customer (n,).
    r, alpha
        Shape and rate of the gamma distribution of the rates of the k stages between two orders.
    a, b
        Parameters of the beta distribution of the probability of dropping out after an order.
    k
        Regularity of times between orders, a whole number.
    from_start
        Whether customers may drop out after the first order (MBG).
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        RFM with `customer_id`, `frequency`, `recency`, `T`, `log_gaps`, and the truth: `alive` at T.

    Raises
    ------
    ParameterError
        If a number is not positive.

    Examples
    --------
    >>> simulate_drop_out_at_order(np.full(3, 20.0), r=1, alpha=2, a=1, b=3, seed=1)["frequency"].tolist()
    [6, 1, 5]
    """
    T = np.asarray(T, dtype=np.float64)
    _require_positive(r=r, alpha=alpha, a=a, b=b, k=k, **_least(T))
    rng = np.random.default_rng(seed)
    rate = rng.gamma(r, 1 / alpha, len(T))
    chances = rng.geometric(np.maximum(rng.beta(a, b, len(T)), 1e-9)) - from_start

    def next_gap(rows: npt.NDArray[np.intp]) -> Array:
        return rng.gamma(k, 1 / rate[rows])

    return _to_rfm(T, chances, T, next_gap)


def simulate_pareto_nbd(T: Array, *, r: float, alpha: float, s: float, beta: float, seed: int) -> pd.DataFrame:
    """Simulate customers of the Pareto/NBD model.

    Parameters
    ----------
    T
        Age of each customer (n,).
    r, alpha
        Shape and rate of the gamma distribution of buying rates. `alpha` may differ between customers (n,).
    s, beta
        Shape and rate of the gamma distribution of drop-out rates. `beta` may differ between customers (n,).
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        RFM with `customer_id`, `frequency`, `recency`, `T`, `log_gaps`, and the truth: `alive` at T.

    Raises
    ------
    ParameterError
        If a number is not positive.

    Examples
    --------
    >>> int(simulate_pareto_nbd(np.full(1000, 20.0), r=1, alpha=2, s=1, beta=20, seed=1)["alive"].sum())
    498
    """
    T = np.asarray(T, dtype=np.float64)
    _require_positive(r=r, alpha=np.min(alpha), s=s, beta=np.min(beta), **_least(T))
    rng = np.random.default_rng(seed)
    rate = rng.gamma(r, 1 / np.broadcast_to(alpha, len(T)))
    end = rng.exponential(1 / rng.gamma(s, 1 / np.broadcast_to(beta, len(T))))

    def next_gap(rows: npt.NDArray[np.intp]) -> Array:
        return rng.exponential(1 / rate[rows])

    return _to_rfm(np.asarray(T, dtype=np.float64), np.full(len(T), _MOST_ORDERS), end, next_gap)


def simulate_bg_bb(
    T: npt.ArrayLike, *, alpha: float, beta: float, gamma: float, delta: float, seed: int
) -> pd.DataFrame:
    """Simulate customers of the BG/BB model.

    Parameters
    ----------
    T
        Number of opportunities of each customer (n,), whole.
    alpha, beta
        Parameters of the beta distribution of the probability of taking an opportunity.
    gamma, delta
        Parameters of the beta distribution of the probability of dropping out before an opportunity.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        RFM with `customer_id`, `frequency`, `recency`, `T`, and the truth: `alive` at the last opportunity.

    Raises
    ------
    ParameterError
        If a number is not positive.

    Examples
    --------
    >>> simulate_bg_bb([6, 6, 6], alpha=1, beta=1, gamma=1, delta=3, seed=1)["frequency"].tolist()
    [3, 0, 2]
    """
    _require_positive(alpha=alpha, beta=beta, gamma=gamma, delta=delta)
    number = np.asarray(T, dtype=np.int64)
    rng = np.random.default_rng(seed)
    take, gone = (
        rng.beta(alpha, beta, len(number)),
        rng.geometric(np.maximum(rng.beta(gamma, delta, len(number)), 1e-9)),
    )
    frequency, recency = np.zeros(len(number), dtype=np.int64), np.zeros(len(number), dtype=np.int64)
    for period in range(1, int(number.max(initial=0)) + 1):
        taken = (rng.random(len(number)) < take) & (period < gone) & (period <= number)
        frequency += taken
        recency[taken] = period
    return pd.DataFrame(
        {
            "customer_id": np.arange(len(number)),
            "frequency": frequency,
            "recency": recency.astype(np.float64),
            "T": number.astype(np.float64),
            "alive": gone > number,
        }
    )


def simulate_survivors(n: int, *, alpha: float, beta: float, c: float = 1.0, periods: int, seed: int) -> pd.DataFrame:
    """Simulate a cohort under contract that follows the beta-discrete-Weibull model, or with c = 1 the sBG model.

    Parameters
    ----------
    n
        Number of customers.
    alpha, beta
        Parameters of the beta distribution of the probability of leaving.
    c
        How the same customer's chance to leave changes in time.
    periods
        Number of renewals.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        `period` from 0 on, `survivors`.

    Raises
    ------
    ParameterError
        If a number is not positive.

    Examples
    --------
    >>> simulate_survivors(1000, alpha=0.7, beta=1.2, periods=3, seed=1)["survivors"].tolist()
    [1000, 630, 496, 396]
    """
    _require_positive(n=n, alpha=alpha, beta=beta, c=c, periods=periods)
    rng = np.random.default_rng(seed)
    stay = 1 - rng.beta(alpha, beta, n)
    luck = rng.random(n)
    survivors = [int((luck < stay ** (period**c)).sum()) for period in range(periods + 1)]
    return pd.DataFrame({"period": np.arange(periods + 1), "survivors": survivors})


def _to_rfm(
    T: Array, chances: npt.NDArray[np.int64], end: Array, next_gap: Callable[[npt.NDArray[np.intp]], Array]
) -> pd.DataFrame:
    """Let every customer order until her age, her end or the last of her chances, all customers' n-th orders at once."""
    frequency, recency, log_gaps = np.zeros(len(T), dtype=np.int64), np.zeros(len(T)), np.zeros(len(T))
    last = np.minimum(T, end)
    waiting = np.flatnonzero(chances > 0)
    while len(waiting):
        gap = next_gap(waiting)
        time = recency[waiting] + gap
        comes = (time <= last[waiting]) & (gap > 0)
        waiting, gap, time = waiting[comes], gap[comes], time[comes]
        frequency[waiting] += 1
        recency[waiting] = time
        log_gaps[waiting] += np.log(gap)
        waiting = waiting[frequency[waiting] < np.minimum(chances[waiting], _MOST_ORDERS)]
    return pd.DataFrame(
        {
            "customer_id": np.arange(len(T)),
            "frequency": frequency,
            "recency": recency,
            "T": T,
            "log_gaps": log_gaps,
            "alive": (frequency < chances) & (end >= T),
        }
    )


def _least(T: Array) -> dict[str, float]:
    """Return the least age, to be checked; nothing where there are no customers."""
    return {"T": float(T.min())} if len(T) else {}


def _require_positive(**numbers: float) -> None:
    wrong = {name: value for name, value in numbers.items() if not 0 < value < float("inf")}
    if wrong:
        listed = ", ".join(f"{name} = {value!r}" for name, value in wrong.items())
        raise ParameterError(f"These must be above 0: {listed}.")

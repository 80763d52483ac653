"""Data whose truth is known: customers who buy, drop out and spend as the models say."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError

__all__ = ["simulate_orders", "simulate_rfm"]

_MOST_ORDERS = 10_000


def simulate_rfm(n: int, *, r: float, alpha: float, a: float, b: float, T: float, seed: int) -> pd.DataFrame:
    """Simulate the histories of customers who follow the BG/NBD model.

    Parameters
    ----------
    n
        Number of customers.
    r, alpha
        Shape and rate of the gamma distribution of buying rates.
    a, b
        Parameters of the beta distribution of the probability of dropping out after an order.
    T
        Age at the end of observation; customers' ages are spread evenly over the last third before it.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        RFM with `customer_id`, `frequency`, `recency`, `T`, and the truth: `alive` at T.

    Raises
    ------
    ParameterError
        If a number is not positive.

    Notes
    -----
    Fader, Hardie and Lee (2005), section 3. A customer's number of orders before dropping out is geometric and her
    times between orders are exponential, so that no loop over customers is needed. R: `BTYDplus::bgcnbd.GenerateData`
    with k = 1.

    Examples
    --------
    >>> simulate_rfm(3, r=1, alpha=2, a=1, b=3, T=20, seed=1)["frequency"].tolist()
    [2, 7, 0]
    """
    _require_positive(n=n, r=r, alpha=alpha, a=a, b=b, T=T)
    rng = np.random.default_rng(seed)
    age = rng.uniform(2 * T / 3, T, n)
    customer, time, last = _draw_times(rng, n, (r, alpha, a, b), age)
    frequency = np.bincount(customer, minlength=n)
    recency = np.zeros(n)
    np.maximum.at(recency, customer, time)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "frequency": frequency,
            "recency": recency,
            "T": age,
            "alive": frequency < last,
        }
    )


def simulate_orders(
    n: int, *, r: float, alpha: float, a: float, b: float, days: int, seed: int, start: str = "2024-01-01",
    p: float = 6.0, q: float = 4.0, v: float = 15.0
) -> pd.DataFrame:  # fmt: skip
    """Simulate the orders of customers who follow the BG/NBD and Gamma-Gamma models.

    Parameters
    ----------
    n
        Number of customers; each first orders on a day drawn evenly from the first third of the period.
    r, alpha, a, b
        As in :func:`simulate_rfm`, with days as the unit of time.
    days
        Length of the period.
    seed
        Of the random numbers.
    start
        First day of the period.
    p, q, v
        Parameters of the Gamma-Gamma model of amounts.

    Returns
    -------
    DataFrame
        ORDERS: `customer_id`, `date` (whole days), `amount` (rounded to cents), in order of date.

    Raises
    ------
    ParameterError
        If a number is not positive.

    Examples
    --------
    >>> simulate_orders(2, r=1, alpha=20, a=1, b=3, days=90, seed=1)["customer_id"].nunique()
    2
    """
    _require_positive(n=n, r=r, alpha=alpha, a=a, b=b, days=days, p=p, q=q, v=v)
    rng = np.random.default_rng(seed)
    born = rng.integers(0, max(1, days // 3), n)
    customer, time, _ = _draw_times(rng, n, (r, alpha, a, b), days - born - 1e-9)
    who = np.concatenate([np.arange(n), customer])
    day = np.concatenate([born, (born[customer] + time).astype(np.int64)])
    spread = rng.gamma(q, 1 / v, n)
    amount = np.round(rng.gamma(p, 1 / spread[who]), 2)
    order = np.lexsort((who, day))
    date = np.datetime64(start, "s") + day[order].astype("timedelta64[D]")
    return pd.DataFrame({"customer_id": who[order], "date": date, "amount": amount[order]})


def _require_positive(**numbers: float) -> None:
    wrong = {name: value for name, value in numbers.items() if not 0 < value < float("inf")}
    if wrong:
        raise ParameterError(
            f"These must be above 0: {', '.join(f'{name} = {value!r}' for name, value in wrong.items())}."
        )


def _draw_times(
    rng: np.random.Generator, n: int, theta: tuple[float, float, float, float], age: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Return customer and age of each repeat order before `age`, and the number of each customer's last order."""
    r, alpha, a, b = theta
    rate = rng.gamma(r, 1 / alpha, n)
    last = np.minimum(rng.geometric(np.maximum(rng.beta(a, b, n), 1e-9)), _MOST_ORDERS)
    possible = np.minimum(rng.poisson(rate * age), _MOST_ORDERS)
    customer = np.repeat(np.arange(n), possible)
    time = rng.uniform(0, age[customer])
    time = time[np.lexsort((time, customer))]
    rank = np.arange(len(customer)) - np.repeat(np.cumsum(possible) - possible, possible)
    kept = rank < last[customer]
    return customer[kept], time[kept], last

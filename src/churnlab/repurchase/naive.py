"""The rules that a manager would use instead of a model."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.repurchase.history import History, to_history, what_came
from churnlab.repurchase.transaction_fit import checked_horizon

__all__ = ["SilenceRule", "fit_base_rate", "fit_silence_rule", "nobody_changes"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SilenceRule:
    """Customers are of two kinds: those who have been silent for longer than a limit, and the others.

    Attributes
    ----------
    silence
        The limit, in units of time; infinite where all customers are taken to be alike.
    horizon
        Length of the window that the rule was made on.
    probability
        Share of customers who ordered in that window: of those within the limit, of those beyond it.
    orders
        Their mean number of orders in it.
    """

    silence: float
    horizon: float
    probability: tuple[float, float]
    orders: tuple[float, float]

    def predict(self, rfm: pd.DataFrame, *, horizon: float) -> pd.DataFrame:
        """Forecast that customers of each kind do what those of their kind did before.

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows).
        horizon
            In the unit of `rfm`. Orders are scaled to it in proportion, probabilities as if each stretch of time had the
            same chance: 1 - (1 - p)^(horizon / horizon of the rule).

        Returns
        -------
        DataFrame
            `estimate` (expected orders) and `probability` of an order, in the order of the rows.

        Raises
        ------
        DataError
            If the frame breaks the contract.
        ParameterError
            If the horizon is negative.
        """
        scale = checked_horizon(horizon) / self.horizon
        gone = (_silence(to_history(rfm)) > self.silence).astype(int)
        probability = 1 - (1 - np.array(self.probability)[gone]) ** scale
        return _forecast(rfm, probability, np.array(self.orders)[gone] * scale)


def fit_silence_rule(rfm: pd.DataFrame, future: pd.DataFrame, *, horizon: float) -> SilenceRule:
    """Choose the silence after which to call a customer gone: the one that would have been right most often before.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM (n rows), as of an earlier date, a customer a row.
    future
        What :func:`churnlab.features.to_future` returns for the same customers (n rows, same order).
    horizon
        Length of that window in units of time.

    Returns
    -------
    SilenceRule
        With the limit, in whole units of time, whose probabilities have the least mean squared error (Brier).

    Raises
    ------
    DataError
        If a frame breaks its contract, rows stand for several customers, or the two do not match.
    ParameterError
        If the horizon is negative.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [1, 1], "recency": [2.0, 9.0], "T": [10.0, 10.0]})
    >>> fit_silence_rule(rfm, pd.DataFrame({"orders": [0, 2]}), horizon=5)
    SilenceRule(silence=1.0, horizon=5.0, probability=(1.0, 0.0), orders=(2.0, 0.0))
    """
    silence, orders = _past(rfm, future)
    limits = np.arange(1.0, np.ceil(silence.max()) + 1)
    rules = [_rule(silence, orders, limit, checked_horizon(horizon)) for limit in limits]
    if not rules:
        return _rule(silence, orders, float("inf"), checked_horizon(horizon))
    errors = [_brier(rule, silence, orders) for rule in rules]
    return rules[int(np.argmin(errors))]


def fit_base_rate(rfm: pd.DataFrame, future: pd.DataFrame, *, horizon: float) -> SilenceRule:
    """Take all customers to be alike: each does what the average customer did before.

    Parameters
    ----------
    rfm, future, horizon
        As in :func:`fit_silence_rule`.

    Returns
    -------
    SilenceRule
        With an infinite limit.

    Raises
    ------
    DataError
        If a frame breaks its contract, rows stand for several customers, or the two do not match.
    ParameterError
        If the horizon is negative.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [1, 1], "recency": [2.0, 9.0], "T": [10.0, 10.0]})
    >>> fit_base_rate(rfm, pd.DataFrame({"orders": [0, 2]}), horizon=5).orders[0]
    1.0
    """
    silence, orders = _past(rfm, future)
    return _rule(silence, orders, float("inf"), checked_horizon(horizon))


def nobody_changes(rfm: pd.DataFrame, *, horizon: float) -> pd.DataFrame:
    """Forecast that every customer goes on as before: her past repeat orders per unit of time, times the horizon.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM (n rows).
    horizon
        In the unit of `rfm`.

    Returns
    -------
    DataFrame
        `estimate` (expected orders) and `probability` of an order (1 - exp(-orders)), in the order of the rows.

    Raises
    ------
    DataError
        If the frame breaks the contract.
    ParameterError
        If the horizon is negative.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [2], "recency": [5.0], "T": [10.0]})
    >>> nobody_changes(rfm, horizon=5)["estimate"].tolist()
    [1.0]
    """
    history = to_history(rfm)
    rate = np.divide(history.frequency, history.T, out=np.zeros_like(history.T), where=history.T > 0)
    orders = rate * checked_horizon(horizon)
    return _forecast(rfm, -np.expm1(-orders), orders)


def _forecast(rfm: pd.DataFrame, probability: Array, orders: Array) -> pd.DataFrame:
    return pd.DataFrame({"estimate": orders, "probability": probability}, index=getattr(rfm, "index", None))


def _silence(history: History) -> Array:
    return history.T - history.recency


def _past(rfm: pd.DataFrame, future: pd.DataFrame) -> tuple[Array, Array]:
    history = to_history(rfm).one_customer_a_row("A rule")
    return _silence(history), what_came(future, rfm=rfm)


def _rule(silence: Array, orders: Array, limit: float, horizon: float) -> SilenceRule:
    kinds = (silence <= limit, silence > limit)
    probability = tuple(float((orders[kind] > 0).mean()) if kind.any() else 0.0 for kind in kinds)
    mean = tuple(float(orders[kind].mean()) if kind.any() else 0.0 for kind in kinds)
    return SilenceRule(silence=float(limit), horizon=horizon, probability=probability, orders=mean)  # type: ignore[arg-type]


def _brier(rule: SilenceRule, silence: Array, orders: Array) -> float:
    probability = np.where(silence <= rule.silence, *rule.probability)
    return float(np.mean((probability - (orders > 0)) ** 2))

"""The rules that a manager would use instead of a model."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.repurchase.counts import as_arrays

__all__ = ["choose_silence", "gone_after_silence", "nobody_changes"]

Array = npt.NDArray[np.float64]


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
        `probability` of an order (1 - exp(-orders)) and expected `orders`, in the order of the rows.

    Raises
    ------
    DataError
        If the frame breaks the contract.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [2], "recency": [5.0], "T": [10.0]})
    >>> nobody_changes(rfm, horizon=5)["orders"].tolist()
    [1.0]
    """
    frequency, _, age = as_arrays(rfm)
    orders = np.divide(frequency, age, out=np.zeros_like(age), where=age > 0) * horizon
    return pd.DataFrame({"probability": -np.expm1(-orders), "orders": orders})


def gone_after_silence(rfm: pd.DataFrame, *, horizon: float, silence: float) -> pd.DataFrame:
    """Forecast that who has been silent for longer than `silence` is gone, and all others go on as before.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM (n rows).
    horizon, silence
        In the unit of `rfm`.

    Returns
    -------
    DataFrame
        `probability` of an order (1 or 0, as the rule has it) and expected `orders`, in the order of the rows.

    Raises
    ------
    DataError
        If the frame breaks the contract.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [2, 2], "recency": [5.0, 9.0], "T": [10.0, 10.0]})
    >>> gone_after_silence(rfm, horizon=5, silence=3)["probability"].tolist()
    [0.0, 1.0]
    """
    _, recency, age = as_arrays(rfm)
    still_here = (age - recency <= silence).astype(float)
    return pd.DataFrame(
        {"probability": still_here, "orders": still_here * nobody_changes(rfm, horizon=horizon)["orders"]}
    )


def choose_silence(rfm: pd.DataFrame, ordered: npt.NDArray[np.bool_]) -> float:
    """Choose the silence after which to call a customer gone: the one that was wrong least often in the past.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM (n rows), as of an earlier date.
    ordered
        Whether each customer ordered in a window after that date (n,).

    Returns
    -------
    float
        In whole units of time.

    Raises
    ------
    DataError
        If the frame breaks the contract.
    ParameterError
        If the two are not of the same length.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [1, 1], "recency": [2.0, 9.0], "T": [10.0, 10.0]})
    >>> choose_silence(rfm, np.array([False, True]))
    1.0
    """
    if len(ordered) != len(rfm):
        raise ParameterError(f"`ordered` has {len(ordered):,} values for {len(rfm):,} rows.")
    _, recency, age = as_arrays(rfm)
    silence = age - recency
    candidates = np.arange(1.0, np.ceil(silence.max()) + 1)
    errors = [np.mean((silence <= limit) != ordered) for limit in candidates]
    return float(candidates[int(np.argmin(errors))])

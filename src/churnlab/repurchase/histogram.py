"""How many customers order how often: as it was, and as a model expects it."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile
from churnlab.repurchase.columns import Column
from churnlab.repurchase.distinct import Counts, count_histories
from churnlab.repurchase.history import to_history, what_came
from churnlab.repurchase.transaction_fit import TransactionFit

__all__ = ["to_frequency_histogram", "to_order_histogram"]

Array = npt.NDArray[np.float64]


def to_frequency_histogram(fit: TransactionFit, rfm: pd.DataFrame, *, most: int = 7) -> pd.DataFrame:
    """Count customers by their number of repeat orders, beside what the model expects of new customers of their ages.

    Parameters
    ----------
    fit
        A fitted model of orders, without covariates.
    rfm
        A frame that keeps the contract RFM (n rows).
    most
        Where the last group begins.

    Returns
    -------
    DataFrame
        One row per group ``"0"``, ``"1"``, … and `most` or more: `group, actual, estimate, std_error, conf_low,
        conf_high`: customers, the number expected, and the limits within which the actual number should lie at the
        level of the fit if the model holds.

    Raises
    ------
    DataError
        If the frame breaks the contract.
    ParameterError
        If the fit has covariates or `most` is below 1.

    Notes
    -----
    R: `bgnbd.PlotFrequencyInCalibration`. The limits are those of a sum of independent customers, for the parameters as
    estimated. It shows how the model fits; how it forecasts, :func:`to_order_histogram` shows.
    """
    if fit.covariates.columns:
        raise ParameterError("A frequency histogram is of models without covariates.")
    history = to_history(rfm)
    counts = count_histories(history)
    ages, row_of = np.unique(counts.T.rows, return_inverse=True)
    zero = Column(values=np.zeros(1), place=np.zeros(len(ages), dtype=np.intp))
    weight = np.bincount(row_of, counts.weight).astype(np.float64)
    new = Counts(frequency=zero, recency=zero, T=zero, weight=weight, covariates=np.zeros((len(ages), 0)))
    parameters = fit.covariates.parameters(fit.theta, new.covariates)
    alive = fit.model.p_alive(parameters, new)
    shares = [1 - alive * fit.model.chance_if_alive(parameters, new, ages)]
    shares += [alive * fit.model.count_if_alive(parameters, new, n, ages) for n in range(1, _checked(most))]
    return _histogram(np.array(shares), weight, history.frequency, history.weight, fit.conf_level)


def to_order_histogram(
    fit: TransactionFit, rfm: pd.DataFrame, future: pd.DataFrame, *, horizon: float, most: int = 7
) -> pd.DataFrame:
    """Count customers by their number of orders in a held-out window, beside what the model expected.

    Parameters
    ----------
    fit
        A fitted model of orders.
    rfm
        A frame that keeps the contract RFM (n rows), a customer a row.
    future
        What :func:`churnlab.features.to_future` returns for the same customers (n rows, same order).
    horizon
        Length of the window, in the unit of `rfm`.
    most
        Where the last group begins.

    Returns
    -------
    DataFrame
        As :func:`to_frequency_histogram`.

    Raises
    ------
    DataError
        If the frame breaks the contract, has weights, or the two do not match.
    ParameterError
        If the horizon is negative or `most` below 1.
    """
    history = to_history(rfm).one_customer_a_row("A histogram")
    number = what_came(future, rfm=rfm)
    shares = np.array([fit.probability_of_orders(rfm, n=n, horizon=horizon) for n in range(_checked(most))])
    return _histogram(shares, history.weight, number, history.weight, fit.conf_level)


def _histogram(shares: Array, weight: Array, number: Array, times: Array, conf_level: float) -> pd.DataFrame:
    """Return the table from the probability of each number of orders (k, m), and the numbers that came (n,)."""
    most = len(shares)
    chances = np.vstack([shares, np.clip(1 - shares.sum(axis=0), 0, 1)])
    expected = chances @ weight
    error = np.sqrt(np.clip(chances * (1 - chances), 0, None) @ weight)
    margin = normal_quantile(conf_level) * error
    return pd.DataFrame(
        {
            "group": [*map(str, range(most)), f"{most}+"],
            "actual": np.bincount(np.minimum(number, most).astype(int), times, minlength=most + 1),
            "estimate": expected,
            "std_error": error,
            "conf_low": np.maximum(expected - margin, 0),
            "conf_high": expected + margin,
        }
    )


def _checked(most: int) -> int:
    if most < 1:
        raise ParameterError(f"`most` must be 1 or more, not {most!r}.")
    return most

"""The Pareto/NBD model of repeat buying and dropping out."""

from collections.abc import Iterable
from typing import Any

from churnlab.repurchase.random_drop_out import RandomDropOut
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.repurchase.transaction_fitting import fit_transactions

__all__ = ["fit_pareto_nbd"]


def fit_pareto_nbd(
    rfm: Any,
    *,
    purchase: Iterable[str] = (),
    drop_out: Iterable[str] = (),
    penalty: float = 0.0,
    conf_level: float = 0.95,
) -> TransactionFit:
    """Fit the Pareto/NBD model: how often customers buy while they stay, and how soon they drop out, orders or not.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM: `frequency`, `recency`, `T`, and `weight` where a row stands for several
        customers. Any unit of time.
    purchase
        Columns of `rfm` that change buying rates: numbers that do not change in time. `alpha` is then that of a customer
        with 0 in all of them, and a rate is multiplied by exp(effect) for each unit.
    drop_out
        Columns that change drop-out rates, which are multiplied by exp(effect) for each unit.
    penalty
        Holds the estimates where there are few data: penalty / 2 times the sum of squares of log r, log(alpha / mean T), log
        s, log(beta / mean T), and each effect per standard deviation of its column is taken off the log-likelihood.
    conf_level
        Of every interval.

    Returns
    -------
    TransactionFit
        With the parameters `r`, `alpha`, `s`, `beta`, and `alpha.column`, `beta.column` for covariates.

    Raises
    ------
    DataError
        If the frame breaks the contract, holds one customer only, nobody has ordered again, or a covariate is missing, no
        number or the same for all.
    ConvergenceError
        If the likelihood has no maximum, as where nobody drops out.
    ParameterError
        If the level is not between 0 and 1 or the penalty is negative.

    Notes
    -----
    Schmittlein, Morrison and Colombo (1987), Counting your customers: who are they and what will they do next?,
    Management Science 33 (1), 1-24; covariates: Fader and Hardie (2007). R: `BTYD::pnbd.EstimateParameters`,
    `CLVTools::pnbd`. The likelihood's integral over the time of dropping out is taken by Gauss-Legendre, without
    hypergeometric functions, which overflow for frequent buyers.

    Examples
    --------
    >>> from churnlab import datasets, features
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01", unit="week")
    >>> fit_pareto_nbd(rfm)
    TransactionFit(Pareto/NBD: r=0.5533, alpha=10.58, s=0.6062, beta=11.67; 2,357 customers)
    """
    return fit_transactions(
        RandomDropOut(), rfm, purchase=purchase, drop_out=drop_out, penalty=penalty, conf_level=conf_level
    )

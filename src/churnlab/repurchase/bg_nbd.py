"""The BG/NBD model of repeat buying and dropping out, and the MBG/NBD model."""

from collections.abc import Iterable
from typing import Any

from churnlab.repurchase.order_drop_out import OrderDropOut
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.repurchase.transaction_fitting import fit_transactions

__all__ = ["fit_bg_nbd", "fit_mbg_nbd"]


def fit_bg_nbd(
    rfm: Any,
    *,
    purchase: Iterable[str] = (),
    drop_out: Iterable[str] = (),
    penalty: float = 0.0,
    conf_level: float = 0.95,
) -> TransactionFit:
    """Fit the BG/NBD model: how often customers buy while they stay, and how likely each order is their last.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM: `frequency`, `recency`, `T`, and `weight` where a row stands for several
        customers. Any unit of time.
    purchase
        Columns of `rfm` that change buying rates: numbers that do not change in time. `alpha` is then that of a customer
        with 0 in all of them, and a rate is multiplied by exp(effect) for each unit.
    drop_out
        Columns that change drop-out: `a` and `b` are multiplied by exp(effect of each) for each unit.
    penalty
        Holds the estimates where there are few data: penalty / 2 times the sum of squares of log r, log(alpha / mean T), log
        a, log b, and each effect per standard deviation of its column is taken off the log-likelihood. It is a normal prior of
        variance 1 / penalty around 1, and 0 for effects; with n customers its weight is that of 1 / n.
    conf_level
        Of every interval.

    Returns
    -------
    TransactionFit
        With the parameters `r`, `alpha`, `a`, `b`, and `alpha.column`, `a.column`, `b.column` for covariates.

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
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the Pareto/NBD model,
    Marketing Science 24 (2), 275-284, equation 6; covariates: Fader and Hardie (2007), Incorporating time-invariant
    covariates into the Pareto/NBD and BG/NBD models. R: `BTYD::bgnbd.EstimateParameters`. Maximum likelihood with
    analytic gradient and Hessian on one row per distinct history; times are divided by their mean during the search,
    so that the result does not depend on the unit. With a penalty the standard errors are those of the penalised
    likelihood.

    Examples
    --------
    >>> from churnlab import datasets, features
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01", unit="week")
    >>> fit_bg_nbd(rfm)
    TransactionFit(BG/NBD: r=0.2426, alpha=4.414, a=0.7929, b=2.426; 2,357 customers)
    """
    return fit_transactions(
        OrderDropOut(), rfm, purchase=purchase, drop_out=drop_out, penalty=penalty, conf_level=conf_level
    )


def fit_mbg_nbd(
    rfm: Any,
    *,
    purchase: Iterable[str] = (),
    drop_out: Iterable[str] = (),
    penalty: float = 0.0,
    conf_level: float = 0.95,
) -> TransactionFit:
    """Fit the MBG/NBD model: as the BG/NBD model, but customers may also drop out right after their first order.

    Parameters
    ----------
    rfm, purchase, drop_out, penalty, conf_level
        As in :func:`fit_bg_nbd`.

    Returns
    -------
    TransactionFit
        With the parameters `r`, `alpha`, `a`, `b`.

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
    Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
    International Journal of Research in Marketing 24 (3), 201-209. P(alive) of customers who have not ordered again is
    below 1. R: `BTYDplus::mbgnbd.EstimateParameters`.

    Examples
    --------
    >>> from churnlab import datasets, features
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01", unit="week")
    >>> fit_mbg_nbd(rfm)
    TransactionFit(MBG/NBD: r=0.5248, alpha=6.183, a=0.8914, b=1.614; 2,357 customers)
    """
    model = OrderDropOut(from_start=True)
    return fit_transactions(model, rfm, purchase=purchase, drop_out=drop_out, penalty=penalty, conf_level=conf_level)

"""The BG/CNBD-k and MBG/CNBD-k models: customers who order more regularly than chance."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from churnlab import tables
from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.features import Unit, days_per, to_rfm
from churnlab.features.history import days_sql
from churnlab.repurchase.history import to_history
from churnlab.repurchase.order_drop_out import OrderDropOut
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.repurchase.transaction_fitting import fit_transactions

__all__ = ["fit_bg_cnbd", "fit_mbg_cnbd", "to_rfm_with_gaps"]

_LARGEST = 20


def to_rfm_with_gaps(orders: tables.Table, *, as_of: str | date, unit: Unit = "week") -> pd.DataFrame:
    """Summarise each customer's orders before a date, with what tells how regular they are.

    Parameters
    ----------
    orders
        A table of ORDERS.
    as_of
        The day from which on nothing is known; only orders strictly before it are used.
    unit
        Unit of time.

    Returns
    -------
    DataFrame
        What :func:`churnlab.features.to_rfm` returns, and `log_gaps`: the sum of the logarithms of the times between one
        day with an order and the next, 0 where there is one day only.

    Raises
    ------
    DataError
        If no order lies before `as_of`.
    ParameterError
        If `as_of` is no date or `unit` is unknown.

    Examples
    --------
    >>> from churnlab import datasets
    >>> to_rfm_with_gaps(datasets.load_cdnow_sample(), as_of="1997-10-01")["log_gaps"].head(2).round(2).tolist()
    [4.22, 0.0]
    """
    rfm = to_rfm(orders, as_of=as_of, unit=unit)
    days = days_sql(orders, tables.to_date(as_of, "as_of"))
    gaps = orders.engine.frame(
        f"""SELECT customer_id, CAST(sum(ln(gap)) AS DOUBLE) AS log_gaps FROM (
    SELECT customer_id, lag(age) OVER (PARTITION BY customer_id ORDER BY age DESC) - age AS gap FROM ({days})
) GROUP BY customer_id ORDER BY customer_id"""
    )
    logs = gaps.set_index("customer_id")["log_gaps"].reindex(rfm["customer_id"]).fillna(0.0).to_numpy()
    return rfm.assign(log_gaps=logs - rfm["frequency"] * np.log(days_per(unit)))


def fit_bg_cnbd(
    rfm: Any,
    *,
    k: int | None = None,
    purchase: Iterable[str] = (),
    drop_out: Iterable[str] = (),
    penalty: float = 0.0,
    conf_level: float = 0.95,
) -> TransactionFit:
    """Fit the BG/CNBD-k model: as the BG/NBD model, but times between orders are Erlang-k, the more regular the larger k.

    Parameters
    ----------
    rfm
        As in :func:`fit_bg_nbd`; with `log_gaps`, the sum of the logarithms of a customer's times between orders, as
        :func:`to_rfm_with_gaps` makes it.
    k
        Regularity, a whole number; None takes the one with the highest likelihood, for which `log_gaps` must be there.
    purchase, drop_out, penalty, conf_level
        As in :func:`fit_bg_nbd`.

    Returns
    -------
    TransactionFit
        `alpha` is of the rate of the k stages of a time between orders: a customer's mean time is k / rate. Without
        `log_gaps` the log-likelihood is not known and NaN, unless k is 1.

    Raises
    ------
    DataError
        If the frame breaks the contract, holds one customer only, nobody has ordered again, a covariate will not do, or k is
        asked for and `log_gaps` is not there.
    ConvergenceError
        If the likelihood has no maximum.
    ParameterError
        If the level is not between 0 and 1, the penalty is negative, or k is not a whole number from 1 to 20.

    Notes
    -----
    Reutterer, Platzer and Schröder (2021), Leveraging purchase regularity for predicting customer behavior the easy way,
    International Journal of Research in Marketing 38 (1), 194-215. R: `BTYDplus::bgcnbd.EstimateParameters`. k is raised
    from 1 on until the likelihood falls. Forecasts are exact sums over the stages; no customer's depends on the others.

    Examples
    --------
    >>> from churnlab import datasets
    >>> fit_bg_cnbd(to_rfm_with_gaps(datasets.load_cdnow_sample(), as_of="1997-10-01"))
    TransactionFit(BG/NBD: r=0.2426, alpha=4.414, a=0.7929, b=2.426; 2,357 customers)
    """
    options = {"purchase": purchase, "drop_out": drop_out, "penalty": penalty, "conf_level": conf_level}
    return _fit(rfm, k, False, options)


def fit_mbg_cnbd(
    rfm: Any,
    *,
    k: int | None = None,
    purchase: Iterable[str] = (),
    drop_out: Iterable[str] = (),
    penalty: float = 0.0,
    conf_level: float = 0.95,
) -> TransactionFit:
    """Fit the MBG/CNBD-k model: as the BG/CNBD-k model, but customers may also drop out right after their first order.

    Parameters
    ----------
    rfm, k, purchase, drop_out, penalty, conf_level
        As in :func:`fit_bg_cnbd`.

    Returns
    -------
    TransactionFit

    Raises
    ------
    DataError
        If the frame breaks the contract, holds one customer only, nobody has ordered again, a covariate will not do, or k is
        asked for and `log_gaps` is not there.
    ConvergenceError
        If the likelihood has no maximum.
    ParameterError
        If the level is not between 0 and 1, the penalty is negative, or k is not a whole number from 1 to 20.

    Notes
    -----
    Reutterer, Platzer and Schröder (2021). R: `BTYDplus::mbgcnbd.EstimateParameters`.

    Examples
    --------
    >>> from churnlab import datasets
    >>> fit_mbg_cnbd(to_rfm_with_gaps(datasets.load_cdnow_sample(), as_of="1997-10-01"), k=2).parameters["r"].__round__(3)
    0.58
    """
    options = {"purchase": purchase, "drop_out": drop_out, "penalty": penalty, "conf_level": conf_level}
    return _fit(rfm, k, True, options)


def _fit(rfm: Any, k: int | None, from_start: bool, options: dict[str, Any]) -> TransactionFit:
    if k is not None and not (isinstance(k, int | np.integer) and not isinstance(k, bool) and 1 <= k <= _LARGEST):
        raise ParameterError(f"`k` must be a whole number from 1 to {_LARGEST}, or None, not {k!r}.")
    gaps = _log_gaps(rfm, needed=k is None)
    if k is not None:
        return _with_k(rfm, int(k), from_start, gaps, options)
    best = _with_k(rfm, 1, from_start, gaps, options)
    for more in range(2, _LARGEST + 1):
        try:
            fit = _with_k(rfm, more, from_start, gaps, options)
        except ConvergenceError:
            break
        if fit.log_likelihood <= best.log_likelihood:
            break
        best = fit
    return best


def _with_k(rfm: Any, k: int, from_start: bool, gaps: float, options: dict[str, Any]) -> TransactionFit:
    fit = fit_transactions(OrderDropOut(k=k, from_start=from_start), rfm, **options)
    return replace(fit, log_likelihood=fit.log_likelihood + (k - 1) * gaps) if k > 1 else fit


def _log_gaps(rfm: Any, *, needed: bool) -> float:
    """Return the sum of the logarithms of all times between orders; NaN where it is not known."""
    frame = rfm if isinstance(rfm, pd.DataFrame) else tables.read(rfm, "RFM").to_frame()
    if "log_gaps" not in frame:
        if needed:
            raise DataError(
                "Choosing k takes a column `log_gaps`, the sum of the logarithms of a customer's times between orders. Try: "
                "to_rfm_with_gaps, which makes it, or give k."
            )
        return float("nan")
    history, logs = to_history(rfm), frame["log_gaps"].to_numpy(dtype=np.float64, na_value=np.nan)
    repeat = history.frequency > 0
    most = np.where(
        repeat, history.frequency * np.log(np.maximum(history.recency, 1e-300) / np.maximum(history.frequency, 1)), 0
    )
    wrong = ~np.isfinite(logs) | (repeat & (logs > most + 1e-6 * np.maximum(1, np.abs(most))))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"`log_gaps` must be a number that times between orders can have which add up to `recency`: {int(wrong.sum()):,} of "
            f"{len(wrong):,} rows break this (first: row {row + 1}: {logs[row]:g})."
        )
    return float(history.weight[repeat] @ logs[repeat])

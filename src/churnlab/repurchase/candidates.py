"""Several models fitted side by side: those that can be fitted, and why the others cannot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from churnlab.errors import ConvergenceError, ParameterError
from churnlab.progress import track
from churnlab.repurchase.bg_nbd import fit_bg_nbd, fit_mbg_nbd
from churnlab.repurchase.gamma_gamma import GammaGammaFit, fit_gamma_gamma
from churnlab.repurchase.pareto_nbd import fit_pareto_nbd
from churnlab.repurchase.transaction_fit import TransactionFit

__all__ = ["ORDER_MODELS", "Amounts", "Candidates", "fit_amounts", "fit_order_models", "forecast_customers", "left_out"]

ORDER_MODELS: Mapping[str, Callable[[pd.DataFrame], TransactionFit]] = {
    "BG/NBD": fit_bg_nbd,
    "MBG/NBD": fit_mbg_nbd,
    "Pareto/NBD": fit_pareto_nbd,
}
"""Models of orders in continuous time that need nothing but frequency, recency and T."""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Models that could be fitted, and why the others could not, both by name."""

    fits: Mapping[str, TransactionFit]
    refused: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """A model of amounts, or None and the reason why there is none."""

    fit: GammaGammaFit | None
    reason: str


def fit_order_models(
    rfm: pd.DataFrame, *, models: Mapping[str, Callable[[pd.DataFrame], TransactionFit]] = ORDER_MODELS
) -> Candidates:
    """Fit several models of orders to the same customers.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM.
    models
        What to fit, by name.

    Returns
    -------
    Candidates
        A model whose likelihood has no maximum here is refused, with the reason.

    Raises
    ------
    ConvergenceError
        If none of the models can be fitted.
    DataError
        If the frame breaks the contract, holds one customer only, or nobody has ordered again.
    ParameterError
        If there is no model to fit.

    Examples
    --------
    >>> from churnlab import datasets, features
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01", unit="week")
    >>> {name: round(fit.log_likelihood, 1) for name, fit in fit_order_models(rfm).fits.items()}
    {'BG/NBD': -9582.4, 'MBG/NBD': -9582.1, 'Pareto/NBD': -9595.0}
    """
    if not models:
        raise ParameterError("There is no model to fit.")
    fits, refused = {}, {}
    for name, fit_model in track(models.items(), "models"):
        try:
            fits[name] = fit_model(rfm)
        except ConvergenceError as error:
            refused[name] = str(error)
    if not fits:
        raise ConvergenceError(f"No model of orders can be fitted: {' '.join(refused.values())}")
    return Candidates(fits=fits, refused=refused)


def fit_amounts(rfm: pd.DataFrame) -> Amounts:
    """Fit the Gamma-Gamma model if the amounts allow it, so that a study can go on with orders alone if not.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM. Repeat buyers whose orders were worth nothing are left out, and counted in
        the fit.

    Returns
    -------
    Amounts
        Without a model where there are no amounts or too few, the likelihood has no maximum (all amounts alike), or the
        mean amount of a customer would be infinite (q of 1 or less).

    Raises
    ------
    DataError
        If the frame breaks the contract.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [1, 2, 3], "recency": [1.0, 2, 3], "T": [9.0, 9, 9], "monetary_value": 5.0})
    >>> fit_amounts(rfm).fit is None
    True
    """
    if "monetary_value" not in rfm:
        return Amounts(fit=None, reason="The table has no amounts.")
    if int(((rfm["frequency"] > 0) & (rfm["monetary_value"] > 0)).sum()) < 2:
        return Amounts(fit=None, reason="Fewer than two repeat buyers have spent anything.")
    try:
        fit = fit_gamma_gamma(rfm, zero_values="leave_out")
        fit.expected_amount(rfm)
    except ConvergenceError as error:
        return Amounts(fit=None, reason=str(error))
    return Amounts(fit=fit, reason="")


def forecast_customers(
    candidates: Candidates, amounts: Amounts, rfm: pd.DataFrame, *, horizon: float
) -> dict[str, pd.DataFrame]:
    """Forecast each customer's orders by every model that could be fitted, and what they are worth.

    Parameters
    ----------
    candidates, amounts
        What :func:`fit_order_models` and :func:`fit_amounts` return.
    rfm
        A frame that keeps the contract RFM (n rows).
    horizon
        In the unit of `rfm`.

    Returns
    -------
    dict of DataFrame
        By name of the model what its `predict` returns, with `amount`, the expected money, if there is a model of amounts:
        as :func:`score_forecasts` takes it.

    Raises
    ------
    DataError
        If the frame breaks the contract.
    ParameterError
        If the horizon is negative.
    """
    said = {name: fit.predict(rfm, horizon=horizon) for name, fit in candidates.fits.items()}
    if amounts.fit is None:
        return said
    each = amounts.fit.expected_amount(rfm)
    return {name: frame.assign(amount=frame["estimate"] * each) for name, frame in said.items()}


def left_out(reasons: Mapping[str, str]) -> pd.DataFrame:
    """Tabulate which models were left out, and why.

    Parameters
    ----------
    reasons
        By name of the model; an empty text where it was not left out.

    Returns
    -------
    DataFrame
        `model` and `reason`, one row per model left out.

    Examples
    --------
    >>> left_out({"BG/NBD": "", "classifier": "too short"})["model"].tolist()
    ['classifier']
    """
    kept = {name: reason for name, reason in reasons.items() if reason}
    return pd.DataFrame({"model": list(kept), "reason": list(kept.values())})

"""A classifier's forecast of a held-out window, where there is history enough to learn from."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from churnlab.errors import ConvergenceError, DataError
from churnlab.features import Unit, snapshots
from churnlab.repurchase.bg_nbd import fit_bg_nbd
from churnlab.repurchase.classifier import OrderClassifier, fit_order_classifier
from churnlab.repurchase.learners import Method
from churnlab.repurchase.panel import add_model_features, training_dates
from churnlab.repurchase.split import TimeSplit
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.tables import Table

__all__ = ["ClassifierForecast", "forecast_by_classifier"]


@dataclass(frozen=True, kw_only=True)
class ClassifierForecast:
    """A classifier and its `probability` for each customer of a test date, or None; and the reason for what is missing."""

    fit: OrderClassifier | None
    forecast: pd.DataFrame | None
    reason: str


def forecast_by_classifier(
    orders: Table,
    split: TimeSplit,
    *,
    days: int,
    unit: Unit = "week",
    method: Method = "logistic",
    fit_model: Callable[[pd.DataFrame], TransactionFit] = fit_bg_nbd,
    seed: int = 0,
) -> ClassifierForecast:
    """Forecast who orders in the held-out window of a split by a classifier that learned before it began.

    Parameters
    ----------
    orders
        A table of ORDERS.
    split
        What :func:`split_time` returns.
    days
        Length of the held-out window.
    unit
        The unit of time of the model whose numbers the classifier takes as features.
    method, seed
        As in :func:`fit_order_classifier`.
    fit_model
        The model whose numbers it takes as features.

    Returns
    -------
    ClassifierForecast
        Rows in the order of :func:`churnlab.features.to_rfm` as of the test date. Without a classifier where history is
        too short for two windows before the test, or all or none ordered in one; without the model's numbers where the
        model cannot be fitted that early.

    Raises
    ------
    ParameterError
        If the window has no length or an option is unknown.
    """
    dates = training_dates(split, days=days)
    if not dates:
        history = (split.test - split.first).days
        reason = f"A classifier learns on two windows of {days} days, but there are {history} days before the test."
        return ClassifierForecast(fit=None, forecast=None, reason=reason)
    panel = snapshots(orders, as_of=dates, targets=["ordered_ahead"], horizon=days, observed_until=split.test)
    now, reason = snapshots(orders, as_of=[split.test]), ""
    options = {"fit_model": fit_model, "horizon": days, "unit": unit}
    try:
        panel, now = (add_model_features(each, orders, **options) for each in (panel, now))  # type: ignore[arg-type]
    except (ConvergenceError, DataError) as error:
        reason = f"Without the numbers of a model of orders. {error}"
    try:
        fit = fit_order_classifier(panel, horizon=days, method=method, seed=seed)
    except DataError as error:
        return ClassifierForecast(fit=None, forecast=None, reason=str(error))
    forecast = fit.predict(now).rename(columns={"estimate": "probability"})
    return ClassifierForecast(fit=fit, forecast=forecast, reason=reason)

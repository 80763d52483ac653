"""Panels of customers as of several dates: what a classifier may know, learn from, and be calibrated on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.features import TARGETS, Unit, days_per, to_rfm
from churnlab.repurchase.calibrators import logit
from churnlab.repurchase.split import TimeSplit
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.tables import Table

__all__ = [
    "MODEL_FEATURES",
    "Windows",
    "add_model_features",
    "feature_names",
    "split_windows",
    "to_matrix",
    "training_dates",
]

Array = npt.NDArray[np.float64]

OUTCOME = "ordered_ahead"
MODEL_FEATURES = ("model_logit", "model_alive_logit", "model_log_orders")
_KEYS = ("customer_id", "as_of")


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Rows to train on, and rows of a later date to calibrate on (none if there is no calibration)."""

    training: pd.DataFrame
    calibration: pd.DataFrame


def training_dates(split: TimeSplit, *, days: int) -> list[date]:
    """Return the two dates of a panel that a classifier can learn from before the held-out window of a split begins.

    Parameters
    ----------
    split
        What :func:`split_time` returns.
    days
        Length of the held-out window.

    Returns
    -------
    list of date
        One to learn from and one to calibrate on, whose windows end one after the other before the test; empty where
        the first would leave a quarter of a window of history or less.

    Raises
    ------
    ParameterError
        If the window has no length.

    Examples
    --------
    >>> from churnlab import datasets, repurchase
    >>> split = repurchase.split_time(datasets.load_cdnow(), as_of=None, horizon=13)
    >>> [str(day) for day in training_dates(split, days=91)]
    ['1997-10-01', '1997-12-31']
    """
    if days < 1:
        raise ParameterError(f"`days` must be 1 or more, not {days!r}.")
    dates = [split.test - timedelta(days=days * windows) for windows in (2, 1)]
    return dates if (dates[0] - split.first).days > days / 4 else []


def add_model_features(
    panel: pd.DataFrame,
    orders: Table,
    *,
    fit_model: Callable[[pd.DataFrame], TransactionFit],
    horizon: int,
    unit: Unit = "week",
) -> pd.DataFrame:
    """Put beside each row of a panel what a model of orders says of the customer, fitted as of the same date.

    Parameters
    ----------
    panel
        What :func:`churnlab.features.snapshots` returns.
    orders
        The table of ORDERS that it came from.
    fit_model
        Such as :func:`fit_bg_nbd`: called once per date, on what was known before it.
    horizon
        In days, as in the panel's targets.
    unit
        The model's unit of time.

    Returns
    -------
    DataFrame
        The panel with `model_logit` of the probability of an order within the horizon, `model_alive_logit` of P(alive),
        and `model_log_orders`, the logarithm of 1 + expected orders.

    Raises
    ------
    DataError
        If the panel has no `as_of` or `customer_id`, or holds customers who had not ordered before its date.
    ConvergenceError
        If the model cannot be fitted as of one of the dates.
    """
    _require(panel, _KEYS)
    parts = [
        _with_model(part, to_rfm(orders, as_of=_day(day), unit=unit), fit_model, horizon / days_per(unit))
        for day, part in panel.groupby("as_of", sort=False)
    ]
    return pd.concat(parts).loc[panel.index]


def _with_model(
    part: pd.DataFrame, rfm: pd.DataFrame, fit_model: Callable[[pd.DataFrame], TransactionFit], horizon: float
) -> pd.DataFrame:
    place = pd.Index(rfm["customer_id"]).get_indexer(pd.Index(part["customer_id"]))
    if (place < 0).any():
        raise DataError(
            f"{(place < 0).sum():,} of {len(part):,} customers of the panel had not ordered before its date."
        )
    said = fit_model(rfm).predict(rfm, horizon=horizon).iloc[place]
    numbers = (logit(said["probability"].to_numpy()), logit(said["p_alive"].to_numpy()), np.log1p(said["estimate"]))
    return part.assign(**{name: np.asarray(number) for name, number in zip(MODEL_FEATURES, numbers, strict=True)})


def feature_names(panel: pd.DataFrame, asked: Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns that a classifier may learn from: those asked for, or all but keys and targets.

    Raises
    ------
    DataError
        If a column is missing or no number, or none is left.
    """
    targets = {target.name for target in TARGETS}
    names = tuple(asked) if asked is not None else tuple(c for c in panel.columns if c not in (*_KEYS, *targets))
    _require(panel, names)
    future = sorted(targets & set(names))
    if future:
        raise DataError(f"{', '.join(future)} lies ahead of the date, so that nothing can be learned from it.")
    texts = [name for name in names if not pd.api.types.is_numeric_dtype(panel[name])]
    if texts or not names:
        raise DataError(
            f"A classifier takes columns of numbers, but {', '.join(texts) or 'there are none'}. Try: features=[…] with "
            "the columns to use, or numbers made of the others."
        )
    return names


def split_windows(panel: pd.DataFrame, *, horizon: int, calibrate: bool) -> Windows:
    """Split a panel by time: the last date is for calibration, and what was learned was known before it.

    Raises
    ------
    DataError
        If a column is missing, the outcome is not 0 or 1, there is but one date, or a window reaches into the last.
    """
    _require(panel, (*_KEYS, OUTCOME))
    wrong = ~panel[OUTCOME].isin([0, 1])
    if wrong.any():
        raise DataError(f"`{OUTCOME}` must be 0 or 1: {wrong.sum():,} of {len(panel):,} rows are not.")
    dates = sorted(panel["as_of"].unique())
    if not calibrate:
        return Windows(training=panel, calibration=panel.iloc[:0])
    if len(dates) < 2:
        raise DataError(
            "A calibration takes a later date than the ones that are learned from, but the panel has one date only. "
            'Try: features.snapshots(orders, as_of=[two dates], …), or calibration="none".'
        )
    end, last = _day(dates[-2]) + timedelta(days=horizon), _day(dates[-1])
    if end > last:
        raise DataError(
            f"The window of {horizon} days from {_day(dates[-2])} ends on {end}, after the calibration date {last}: what "
            f"was learned would know the future. Try: dates at least {horizon} days apart."
        )
    latest = panel["as_of"] == dates[-1]
    return Windows(training=panel[~latest], calibration=panel[latest])


def to_matrix(panel: pd.DataFrame, names: Sequence[str]) -> Array:
    """Return columns as an array (n, k), NaN where a feature has no meaning.

    Raises
    ------
    DataError
        If a column is missing, or a value is infinite.
    """
    _require(panel, names)
    matrix = panel[list(names)].to_numpy(dtype=np.float64, na_value=np.nan)
    endless = np.isinf(matrix).any(axis=0)
    if endless.any():
        raise DataError(
            f"Features must be finite or missing: {', '.join(np.array(names)[endless])} is infinite somewhere."
        )
    return matrix


def _require(panel: pd.DataFrame, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in panel]
    if missing:
        raise DataError(f"The panel has no column {', '.join(missing)}. Try: features.snapshots, which makes panels.")


def _day(moment: object) -> date:
    return pd.Timestamp(moment).date()  # type: ignore[arg-type]

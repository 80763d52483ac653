"""What a prediction is judged on: customers of an earlier day and what became of them, or folds where there is no date."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.engines import quote_text
from churnlab.errors import DataError, ParameterError
from churnlab.features import Unit, days_per
from churnlab.survival.spells import ZeroDurations, to_spells_table
from churnlab.tables import Table, require_table, to_date
from churnlab.tables.dialects import DIALECTS

__all__ = ["TimeSplit", "cross_predict", "predict_follow_up", "split_time", "to_follow_up"]

Array = npt.NDArray[np.float64]


class Survival(Protocol):
    """A fitted model that gives the share still there."""

    def survival(self, new: pd.DataFrame, *, times: npt.ArrayLike) -> Array:
        """Return an array (n, m)."""


class Churn(Protocol):
    """A fitted model that gives the probability of leaving soon."""

    def churn_probability(self, new: pd.DataFrame, *, horizon: float, tenure: npt.ArrayLike = 0.0) -> Array:
        """Return an array (n,)."""


@dataclass(frozen=True, kw_only=True)
class TimeSplit:
    """Where time is cut.

    Attributes
    ----------
    first
        Day of the first start.
    test
        The day as of which a model is fitted and predicts.
    as_of
        The day on whose morning the table is looked at; the held-out window ends then.
    """

    first: date
    test: date
    as_of: date


def split_time(
    subscriptions: Table,
    *,
    horizon: float,
    unit: Unit = "month",
    as_of: str | date | None = None,
    longest_gap: int = 0,
) -> TimeSplit:
    """Cut time so that the last stretch of a table of contracts is held out.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS.
    horizon
        Length of the held-out window, in units of time.
    unit
        Its unit.
    as_of
        The day on whose morning the table is looked at; by default the day after its last start or end. Say it where ends
        are entered before they come.
    longest_gap
        As in :func:`to_spells`: the window ends so many days before `as_of`.

    Returns
    -------
    TimeSplit

    Raises
    ------
    DataError
        If less time lies before the window than in it.
    ParameterError
        If an argument is out of range.
    """
    if not 0 < horizon < float("inf"):
        raise ParameterError(f"`horizon` must be above 0, not {horizon!r}.")
    require_table(subscriptions, "SUBSCRIPTIONS")
    end = DIALECTS[subscriptions.engine.dialect].quote("end")
    first, last = subscriptions.engine.rows(
        f"SELECT CAST(min(start) AS DATE), CAST(greatest(max(start), max({end})) AS DATE) FROM {subscriptions.view}"
    )[0]
    cut = last + timedelta(days=1) if as_of is None else to_date(as_of, "as_of")
    test = cut - timedelta(days=longest_gap) - _whole(horizon, unit)
    if test - first < cut - test:
        longest = int((cut - first).days / days_per(unit) / 2)
        raise DataError(
            f"{subscriptions.label} begins on {first.isoformat()}, and a held-out window of {horizon:g} {unit}s before "
            f"{cut.isoformat()} leaves less time before it than in it. Try a horizon of {longest} {unit}s or less."
        )
    return TimeSplit(first=first, test=test, as_of=cut)


def _whole(horizon: float, unit: str) -> timedelta:
    """Return a horizon in whole days, rounded up, so that it is seen to its end."""
    return timedelta(days=ceil(horizon * days_per(unit) - 1e-9))


def to_follow_up(
    subscriptions: Table,
    *,
    as_of: str | date,
    horizon: float,
    unit: Unit = "month",
    longest_gap: int = 0,
    covariates: tuple[str, ...] | list[str] = (),
    zero_durations: ZeroDurations = "refuse",
) -> pd.DataFrame:
    """Return the customers who were there on a day, and what became of them within a horizon.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS, complete up to the end of the horizon and `longest_gap` days more.
    as_of
        The day from which on they are followed.
    horizon
        For how long, in units of time.
    unit, longest_gap, covariates, zero_durations
        As in :func:`to_spells`.

    Returns
    -------
    DataFrame
        SPELLS that begin on `as_of`, in order of customer: `customer_id`, `spell`, `start`, `tenure` (how long she had been
        there), `duration` (from `as_of` on), `churned`, `reason` (where there is one), and the covariates as they were when
        her spell began.

    Raises
    ------
    DataError
        If nobody was there, or as in :func:`to_spells`.
    ParameterError
        If an argument is out of range.
    """
    if not 0 < horizon < float("inf"):
        raise ParameterError(f"`horizon` must be above 0, not {horizon!r}.")
    day = to_date(as_of, "as_of")
    until = day + _whole(horizon, unit) + timedelta(days=longest_gap)
    table = to_spells_table(
        subscriptions, as_of=until, observed_from=day, longest_gap=longest_gap, unit=unit, covariates=covariates,
        zero_durations=zero_durations,
    )  # fmt: skip
    there = f"start < TIMESTAMP {quote_text(day.isoformat() + ' 00:00:00')}"
    frame = table.engine.frame(f"SELECT * FROM {table.view} WHERE {there} ORDER BY customer_id, spell")
    if frame.empty:
        raise DataError(f"Nobody in {subscriptions.label} was a customer on {day.isoformat()}.")
    tenure = frame["entry"]
    reason = ["reason"] if "reason" in frame else []
    frame = frame.assign(tenure=tenure, duration=frame["duration"] - tenure)
    return frame[["customer_id", "spell", "start", "tenure", "duration", "churned", *reason, *covariates]]


def predict_follow_up(fit: Churn, follow_up: pd.DataFrame, *, times: npt.ArrayLike, longest: float = np.inf) -> Array:
    """Predict the survival of customers who are followed from a day on, given how long they had been there.

    Parameters
    ----------
    fit
        A fitted model, of spells as they were known on that day.
    follow_up
        What :func:`to_follow_up` returns (n rows).
    times
        Numbers above 0 (m,), from that day on.
    longest
        The longest duration that the model has seen: customers whose tenure would lead beyond it are predicted as if their
        tenure were the longest that does not.

    Returns
    -------
    array (n, m)
        Share still there at each time, in the order of the rows.

    Raises
    ------
    ParameterError
        If a time is not above 0, or lies beyond `longest`.
    """
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if not (asked > 0).all() or asked.max() > longest:
        raise ParameterError(
            f"`times` must lie above 0 and up to {longest:g}, the longest duration seen; not {times!r}."
        )
    tenure = np.minimum(follow_up["tenure"].to_numpy(dtype=np.float64), longest - asked.max())
    ahead = [1 - fit.churn_probability(follow_up, horizon=float(time), tenure=tenure) for time in asked]
    return np.column_stack(ahead)


def cross_predict(
    fit: Callable[[pd.DataFrame], Survival], spells: pd.DataFrame, *, times: npt.ArrayLike, folds: int = 5, seed: int
) -> Array:
    """Predict each customer's survival from a fit on other customers: the check that is left where there is no date.

    Parameters
    ----------
    fit
        Takes a frame and returns a fitted model.
    spells
        SPELLS, a customer a row (n rows).
    times
        Numbers of 0 or more (m,).
    folds
        Number of parts; each is predicted from the others.
    seed
        Of the random numbers that choose the parts.

    Returns
    -------
    array (n, m)
        Share still there at each time, in the order of the rows.

    Raises
    ------
    ParameterError
        If there are fewer than 2 folds, or more than rows.

    Notes
    -----
    Stone (1974), Journal of the Royal Statistical Society B 36, 111-147. It tells whether a model carries over to other
    customers of the same time, not whether it carries over to later ones. A customer with several rows is kept together
    where there is a column `customer_id`.
    """
    key = spells["customer_id"] if "customer_id" in spells else pd.Series(np.arange(len(spells)))
    code, names = pd.factorize(key)
    if not isinstance(folds, int) or not 2 <= folds <= len(names):
        raise ParameterError(
            f"`folds` must be a whole number between 2 and the number of customers, {len(names):,}, not {folds!r}."
        )
    fold = np.random.default_rng(seed).permutation(np.arange(len(names)) % folds)[code]
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    predicted = np.empty((len(spells), len(asked)))
    for number in range(folds):
        held = fold == number
        predicted[held] = fit(spells[~held]).survival(spells[held], times=asked)
    return predicted

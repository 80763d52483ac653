"""Answers and complaints joined with what the same customers had bought before, and bought afterwards."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from churnlab.drivers.linked_events import LinkedTables, count_sql, require_joined
from churnlab.errors import DataError, ParameterError
from churnlab.features.history import observed_end
from churnlab.tables import Table

__all__ = ["to_complaint_outcomes", "to_repurchase"]

_EPOCH = date(1970, 1, 1)
_PAST = ("past_orders", "past_amount", "recency_days", "tenure_days", "past_returns", "past_referrals")
_AHEAD = ("orders_ahead", "amount_ahead", "returns_ahead", "referrals_ahead")


def to_repurchase(
    answers: Table,
    orders: Table,
    *,
    horizon: int,
    gap: int = 0,
    cases: Table | None = None,
    customers: Table | None = None,
    observed_until: str | date | None = None,
) -> pd.DataFrame:
    """Join answers with what the same customers had done before, and did after they had answered.

    Parameters
    ----------
    answers
        ANSWERS with `customer_id` and `date`.
    orders
        ORDERS, on the same engine.
    horizon
        Length of the window after the answer, in days.
    gap
        Days left out between the two.
    cases
        CASES, of which the returns are counted.
    customers
        CUSTOMERS with `referred_by`: a referral is a customer brought, on the day of her first order.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.

    Returns
    -------
    DataFrame
        One row per answer with all its columns, and `link`: ``"linked"``, or why not (``"no customer"``, ``"no date"``,
        ``"no order before"``, ``"window not covered"``). Where linked: `past_orders` (days with an order), `past_amount,
        recency_days, tenure_days` from days strictly before the answer; `orders_ahead, amount_ahead, ordered_ahead` (1 or 0)
        from the window [day + gap, day + gap + horizon), and the like of returns and referrals if their tables are given;
        missing elsewhere.

    Raises
    ------
    DataError
        If a column is not there, the tables are on different engines, or no answer can be linked.
    ParameterError
        If `horizon` is below 1 or `gap` below 0.

    Notes
    -----
    What :func:`churnlab.features.snapshot` says as of the day of each answer, for all days in one query. Amounts are added up
    as decimals, so that the order of rows does not change the last digit.
    """
    _check_window(horizon, gap)
    require_joined(answers, "customer_id", "date")
    frame = answers.to_frame()
    days = _days(frame["date"])
    return _link(
        frame, days, days + gap, LinkedTables(orders, cases, customers), horizon=horizon, observed_until=observed_until
    )


def to_complaint_outcomes(
    cases: Table,
    orders: Table,
    *,
    within: Sequence[int] = (1, 3, 7),
    horizon: int,
    kind: str = "complaint",
    observed_until: str | date | None = None,
) -> pd.DataFrame:
    """Join complaints with how soon they were resolved and what the same customers bought afterwards.

    Parameters
    ----------
    cases
        CASES with `resolved`.
    orders
        ORDERS, on the same engine.
    within
        Days within which a complaint may have been resolved, ascending.
    horizon
        Length of the window, in days.
    kind
        Which cases, by their `kind`.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.

    Returns
    -------
    DataFrame
        One row per complaint with all its columns, `days_to_resolve`, `handled` (an ordered category: ``"within 1 day"``, …,
        ``"later or open"``), `resolved_in_time` (1 if within the last of `within`), and the columns of :func:`to_repurchase`: the
        past is that before the complaint; the window begins for all on the day after the last of `within`.

    Raises
    ------
    DataError
        If a column is not there, there is no such case, the tables are on different engines, or no case can be linked.
    ParameterError
        If `within` does not ascend or begins below 0, or `horizon` is below 1.

    Notes
    -----
    Whoever waits longer for an answer has had longer to come back. So that this does not decide, all complaints are looked at from
    the same number of days on (a landmark: Anderson, Cain and Gelber 1983).
    """
    _check_window(horizon, 0)
    limits = list(within)
    if not limits or limits[0] < 0 or limits != sorted(set(limits)):
        raise ParameterError(f"`within` must be days that ascend, from 0 on, not {within!r}.")
    require_joined(cases, "customer_id", "date", "kind", "resolved")
    frame = cases.to_frame()
    frame = frame[frame["kind"].astype("string").str.casefold().eq(kind.casefold()).fillna(value=False)].reset_index(
        drop=True
    )
    if frame.empty:
        raise DataError(f"{cases.label} has no case of kind {kind!r}.")
    days = _days(frame["date"])
    taken = _days(frame["resolved"]) - days
    names = [f"within {limit} day{'' if limit == 1 else 's'}" for limit in limits]
    place = np.searchsorted(limits, taken.fillna(np.inf).to_numpy(dtype=float))
    known = frame.assign(
        days_to_resolve=taken,
        handled=pd.Categorical.from_codes(place.tolist(), pd.Index([*names, "later or open"]), ordered=True),
        resolved_in_time=(place < len(limits)).astype(float),
    )
    start = days + limits[-1] + 1
    return _link(known, days, start, LinkedTables(orders, None, None), horizon=horizon, observed_until=observed_until)


def _link(
    frame: pd.DataFrame,
    days: pd.Series,
    start: pd.Series,
    given: LinkedTables,
    *,
    horizon: int,
    observed_until: str | date | None,
) -> pd.DataFrame:
    engine = given.orders.engine
    who = frame["customer_id"].astype("string").str.strip()
    asked = pd.DataFrame({"customer": who, "day": days, "start": start})
    usable = asked.notna().all(axis=1)
    pairs = asked[usable].drop_duplicates().astype({"customer": str, "day": "int64", "start": "int64"})
    if pairs.empty:
        raise DataError("No row has both a customer and a date, so that none can be joined with orders.")
    view = engine.register(pairs.reset_index(drop=True))
    try:
        for kind, events in given.events().items():
            pairs = pairs.merge(engine.frame(count_sql(kind, view, events, horizon)), on=["customer", "day", "start"])
    finally:
        engine.drop(view)
    linked = asked.merge(pairs, on=["customer", "day", "start"], how="left")
    end = (observed_end(given.orders, observed_until) - _EPOCH) / timedelta(days=1)
    return _explain(frame, asked, linked.set_axis(frame.index), start + horizon <= end)


def _explain(frame: pd.DataFrame, asked: pd.DataFrame, linked: pd.DataFrame, covered: pd.Series) -> pd.DataFrame:
    """Return the rows with `link` and, where linked, what was counted."""
    reasons = {
        "no customer": asked["customer"].isna(),
        "no date": asked["day"].isna(),
        "no order before": ~(linked["past_orders"] > 0).to_numpy(),
        "window not covered": ~covered.fillna(value=False).astype(bool),
    }
    link = np.select([np.asarray(reason, dtype=bool) for reason in reasons.values()], list(reasons), "linked")
    good = link == "linked"
    if not good.any():
        counts = pd.Series(link).value_counts()
        raise DataError(
            "None of the rows can be joined with orders: "
            + ", ".join(f"{n:,} {why}" for why, n in counts.items())
            + ". "
            "Try: the same customer_id in both tables, or a shorter horizon."
        )
    result = frame.assign(link=link)
    for name in (*_PAST, *_AHEAD):
        if name in linked:
            result[name] = linked[name].astype(float).where(good)
    for name in ("orders", "returns", "referrals"):
        if f"{name}_ahead" in result:
            result[_FLAGS[name]] = (result[f"{name}_ahead"] > 0).astype(float).where(good)
    return result


_FLAGS = {"orders": "ordered_ahead", "returns": "returned_ahead", "referrals": "referred_ahead"}


def _days(column: pd.Series) -> pd.Series:
    """Return days since 1970, missing where there is no date."""
    return (pd.to_datetime(column).dt.normalize() - pd.Timestamp(_EPOCH)).dt.days.astype("Float64")


def _check_window(horizon: int, gap: int) -> None:
    if horizon < 1 or gap < 0:
        raise ParameterError(f"`horizon` must be 1 day or more and `gap` 0 or more, not {horizon} and {gap}.")

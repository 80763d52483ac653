"""Churn and retention as a subscription business reports them."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.features.dialects import DIALECTS
from churnlab.features.history import to_days
from churnlab.features.intervals import kept_interval, ratio_interval, wilson
from churnlab.tables import Table, require_table, to_date

__all__ = ["scale_rate", "to_churn_counts", "to_churn_rates"]

_REVENUE = ("revenue", "revenue_lost", "revenue_down", "revenue_up", "revenue_new")


def to_churn_counts(
    subscriptions: Table, *, dates: Sequence[str | date], observed_until: str | date | None = None
) -> pd.DataFrame:
    """Count customers and revenue kept, lost and won from each date to the next.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS; with `price`, which is per period of the same length in every row, revenue is counted.
    dates
        Two or more dates that ascend; for months, ``pandas.date_range("2024-01-01", "2025-01-01", freq="MS")``.
    observed_until
        The day up to which, not including it, the table is complete; by default the day after its last start or end.

    Returns
    -------
    DataFrame
        One row per pair of dates: `as_of`, `until`; `customers` at the first date, of whom `lost` have no contract at
        the second, and `new` ones, who have one only then; `revenue` per period at the first date, of which
        `revenue_lost` went with the lost and `revenue_down` with those who pay less; `revenue_up` of those who pay more
        and `revenue_new`. Revenue is NaN without prices.

    Raises
    ------
    DataError
        If the table ends before the last date, has nobody at one of the dates but the last, or lacks a price in some rows.
    ParameterError
        If an argument is no date, there are fewer than two dates, or they do not ascend.

    Notes
    -----
    A contract is active on a day from its `start` on, up to the day before its `end`, as in the SQL of Gold (2020),
    Fighting churn with data, chapter 2. A customer with several contracts counts once, with the sum of their prices: to
    end one and keep or begin another is a down- or upgrade, not churn. Who left and came back in between is not lost.

    Examples
    --------
    >>> from churnlab import tables
    >>> plan = {"customer_id": ["a", "b"], "start": ["2024-01-01"] * 2, "end": [None, "2024-01-20"]}
    >>> table = tables.read(pd.DataFrame(plan), "SUBSCRIPTIONS")
    >>> to_churn_counts(table, dates=["2024-01-15", "2024-01-21"])[["customers", "lost"]].to_numpy().tolist()
    [[2, 1]]
    """
    sums = _sums(subscriptions, dates, observed_until)
    if "price" not in subscriptions.columns:
        sums[list(_REVENUE)] = np.nan
    return sums[["as_of", "until", "customers", "lost", "new", *_REVENUE]]


def to_churn_rates(
    subscriptions: Table,
    *,
    dates: Sequence[str | date],
    observed_until: str | date | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return customer churn, revenue churn, and gross and net revenue retention from each date to the next.

    Parameters
    ----------
    subscriptions, dates, observed_until
        As in :func:`to_churn_counts`.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per pair of dates and measure: `as_of`, `until`, `measure`, `estimate`, `conf_low`, `conf_high`. The
        measures: ``customer_churn`` (lost customers), ``revenue_churn`` (revenue lost with customers and downgrades),
        ``gross_retention`` (1 less that) and ``net_retention`` (with upgrades; it may exceed 1), each as a share of what
        there was at the first date. Without prices the last three are left out.

    Raises
    ------
    DataError
        As in :func:`to_churn_counts`.
    ParameterError
        As in :func:`to_churn_counts`; or the level is out of range.

    Notes
    -----
    Gold (2020), chapter 2: standard (account) churn, MRR churn, net retention. What comes from new customers is in none
    of them. Limits: Wilson's for customers; for revenue churn and gross retention Wilson's for the effective number of
    customers (:func:`kept_interval`), which a few large ones make small; for net retention, which has no bound, those of
    a ratio of two sums over customers, too narrow where fewer than some ten customers changed, and NaN where none did.
    They say how far the rate of these months is chance, not what later months may bring.

    Examples
    --------
    >>> from churnlab import tables
    >>> plan = {"customer_id": ["a", "b"], "start": ["2024-01-01"] * 2, "end": [None, "2024-01-20"], "price": [30, 10]}
    >>> table = tables.read(pd.DataFrame(plan), "SUBSCRIPTIONS")
    >>> rates = to_churn_rates(table, dates=["2024-01-15", "2024-01-21"])
    >>> dict(zip(rates["measure"], rates["estimate"]))
    {'customer_churn': 0.5, 'revenue_churn': 0.25, 'gross_retention': 0.75, 'net_retention': 0.75}
    """
    sums = _sums(subscriptions, dates, observed_until)
    low, high = wilson(sums["lost"], sums["customers"], conf_level=conf_level)
    lost = pd.DataFrame({"estimate": sums["lost"] / sums["customers"], "conf_low": low, "conf_high": high})
    measures = {"customer_churn": lost}
    if "price" in subscriptions.columns:
        gross = kept_interval(_named(sums, "gross"), conf_level=conf_level)
        churn = pd.DataFrame(
            {
                "estimate": 1 - gross["estimate"],
                "conf_low": 1 - gross["conf_high"],
                "conf_high": 1 - gross["conf_low"],
            }
        )
        measures |= {"revenue_churn": churn, "gross_retention": gross, "net_retention": _net(sums, conf_level)}
    span = sums[["as_of", "until"]]
    frame = pd.concat([pd.concat([span, part.assign(measure=name)], axis=1) for name, part in measures.items()])
    frame = frame.sort_index(kind="stable").reset_index(drop=True)
    return frame[["as_of", "until", "measure", "estimate", "conf_low", "conf_high"]]


def _named(sums: pd.DataFrame, kind: str) -> pd.DataFrame:
    named = {"customers": "n", "revenue": "x", "xx": "xx", **{f"{kind}_{sign}": sign for sign in ("y", "xy", "yy")}}
    return sums[list(named)].rename(columns=named)


def _net(sums: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    ratio = ratio_interval(_named(sums, "net"), conf_level=conf_level)
    limits = ratio[["conf_low", "conf_high"]].clip(lower=0).where(ratio["std_error"] > 0)
    return limits.assign(estimate=ratio["estimate"])


def _sums(subscriptions: Table, dates: Sequence[str | date], observed_until: str | date | None) -> pd.DataFrame:
    require_table(subscriptions, "SUBSCRIPTIONS")
    days = to_days(dates, "dates", least=2)
    _check(subscriptions, days[-1], observed_until)
    parts = [
        subscriptions.engine.frame(_sums_sql(subscriptions, first, second)).assign(
            as_of=pd.Timestamp(first), until=pd.Timestamp(second)
        )
        for first, second in pairwise(days)
    ]
    sums = pd.concat(parts, ignore_index=True)
    empty = sums["customers"] == 0
    if empty.any():
        raise DataError(f"{subscriptions.label} has no customer on {sums.loc[empty, 'as_of'].iloc[0]:%Y-%m-%d}.")
    return sums


def _check(subscriptions: Table, end: date, observed_until: str | date | None) -> None:
    bounds = f"SELECT CAST(greatest(max(start), max({_end(subscriptions)})) AS DATE) FROM {subscriptions.view}"
    last = subscriptions.engine.rows(bounds)[0][0]
    until = last + timedelta(days=1) if observed_until is None else to_date(observed_until, "observed_until")
    if end > until:
        raise DataError(
            f"{end.isoformat()} lies {(end - until).days} days after the end of {subscriptions.label} (last start or end: "
            f"{last.isoformat()}). If the table is complete until then, say so in observed_until."
        )
    if "price" not in subscriptions.columns:
        return
    missing = subscriptions.engine.rows(f"SELECT count(*) - count(price) FROM {subscriptions.view}")[0][0]
    if missing:
        raise DataError(
            f"`price` is empty in {missing:,} of {subscriptions.n:,} rows of {subscriptions.label}, and revenue cannot be "
            "counted without it. Fill it in, with 0 where nothing is paid; or leave the column out."
        )


def _sums_sql(subscriptions: Table, first: date, second: date) -> str:
    """Return the SQL of the sums; 19 digits, since DuckDB keeps a product of two decimals of 18 within 18."""
    price = "price" if "price" in subscriptions.columns else "0"
    was, stays = (_active(day, _end(subscriptions)) for day in (first, second))
    kept = ",\n    ".join(
        f"CAST(sum({kind}) AS DOUBLE) AS {kind}_y, CAST(sum(before * {kind}) AS DOUBLE) AS {kind}_xy, "
        f"CAST(sum({kind} * {kind}) AS DOUBLE) AS {kind}_yy"
        for kind in ("gross", "net")
    )
    return f"""SELECT
    count(CASE WHEN was = 1 THEN 1 END) AS customers,
    count(CASE WHEN was = 1 AND stays = 0 THEN 1 END) AS lost,
    count(CASE WHEN was = 0 THEN 1 END) AS new,
    CAST(sum(before) AS DOUBLE) AS revenue,
    CAST(sum(CASE WHEN stays = 0 THEN before ELSE 0 END) AS DOUBLE) AS revenue_lost,
    CAST(sum(CASE WHEN stays = 1 THEN before - gross ELSE 0 END) AS DOUBLE) AS revenue_down,
    CAST(sum(net - gross) AS DOUBLE) AS revenue_up,
    CAST(sum(CASE WHEN was = 0 THEN after ELSE 0 END) AS DOUBLE) AS revenue_new,
    CAST(sum(before * before) AS DOUBLE) AS xx,
    {kept}
FROM (
    SELECT was, stays, before, after, least(before, after) AS gross,
        CASE WHEN was = 1 THEN after ELSE CAST(0 AS DECIMAL(19, 4)) END AS net
    FROM (
        SELECT customer_id,
            max(CASE WHEN {was} THEN 1 ELSE 0 END) AS was,
            max(CASE WHEN {stays} THEN 1 ELSE 0 END) AS stays,
            CAST(sum(CASE WHEN {was} THEN {price} ELSE 0 END) AS DECIMAL(19, 4)) AS before,
            CAST(sum(CASE WHEN {stays} THEN {price} ELSE 0 END) AS DECIMAL(19, 4)) AS after
        FROM {subscriptions.view}
        GROUP BY customer_id
    )
    WHERE was = 1 OR stays = 1
)"""


def _active(day: date, end: str) -> str:
    on = f"TIMESTAMP '{day.isoformat()} 00:00:00'"
    return f"start <= {on} AND ({end} IS NULL OR {end} > {on})"


def _end(subscriptions: Table) -> str:
    return DIALECTS[subscriptions.engine.dialect].quote("end")


def scale_rate(rate: npt.ArrayLike, *, from_days: float, to_days: float) -> npt.NDArray[np.float64]:
    """Return churn rates of one period as churn rates of another, as if churn went on at the same pace.

    Parameters
    ----------
    rate
        Churn over `from_days`, from 0 to 1: a number or several.
    from_days, to_days
        Lengths of the periods in days.

    Raises
    ------
    ParameterError
        If a rate does not lie from 0 to 1, or a length is not positive.

    Notes
    -----
    Retention multiplies: 1 - (1 - rate)^(to / from), Gold (2020), chapter 2. Rates of young customers are usually higher than
    those of old ones, so a first month's rate scaled to a year says more than is lost.

    Examples
    --------
    >>> float(scale_rate(0.05, from_days=1, to_days=2).round(6))
    0.0975
    """
    rates = np.asarray(rate, dtype=np.float64)
    if not ((rates >= 0) & (rates <= 1)).all():
        raise ParameterError("`rate` must lie from 0 to 1.")
    if not (from_days > 0 and to_days > 0):
        raise ParameterError(f"`from_days` and `to_days` must be above 0, not {from_days} and {to_days}.")
    return np.asarray(1 - (1 - rates) ** (to_days / from_days))

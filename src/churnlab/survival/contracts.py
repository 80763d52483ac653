"""A customer's contracts in order: what is known of them as of a day, where they overlap, which belong together."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.features.dialects import DIALECTS as DAY_DIALECTS
from churnlab.tables import Table, to_date
from churnlab.tables.dialects import DIALECTS

__all__ = ["Window", "linked_sql", "merge_overlaps", "refuse_overlaps", "to_window"]

_NEVER = "DATE '9999-12-31'"
_IN_ORDER = f"PARTITION BY customer_id ORDER BY first_day, coalesce(last_day, {_NEVER})"


@dataclass(frozen=True, kw_only=True)
class Window:
    """What is known: everything up to `as_of`; who ended before `observed_from` was never seen; gaps that are bridged."""

    as_of: date
    observed_from: date | None
    longest_gap: int

    @property
    def censored_on(self) -> date:
        """The last day for which it is known of everybody whether she had gone."""
        return self.as_of - timedelta(days=self.longest_gap)


def to_window(as_of: str | date, observed_from: str | date | None, longest_gap: int) -> Window:
    """Return the window of time that a table of contracts is seen through.

    Parameters
    ----------
    as_of
        The day on whose morning the table is looked at.
    observed_from
        The day from which on ends were recorded; None if always.
    longest_gap
        Days without a contract that do not end a spell.

    Raises
    ------
    ParameterError
        If a date is none, the dates do not ascend, or the gap is not a whole number of 0 or more.
    """
    if isinstance(longest_gap, bool) or not isinstance(longest_gap, int) or longest_gap < 0:
        raise ParameterError(f"`longest_gap` must be a whole number of days, 0 or more, not {longest_gap!r}.")
    since = None if observed_from is None else to_date(observed_from, "observed_from")
    window = Window(as_of=to_date(as_of, "as_of"), observed_from=since, longest_gap=longest_gap)
    if since is not None and since >= window.censored_on:
        raise ParameterError(
            f"`observed_from` {since.isoformat()} must lie before as_of {window.as_of.isoformat()}"
            f"{f' less the longest gap of {longest_gap} days' if longest_gap else ''}."
        )
    return window


def seen_sql(subscriptions: Table, as_of: date, *, kept: tuple[str, ...] = ()) -> str:
    """Return the SQL of the contracts that had begun by the morning of a day, with the ends that were known by then.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS.
    as_of
        The day.
    kept
        Names of further columns.

    Returns
    -------
    str
        A contract a row: `customer_id`, `first_day`, `last_day` (the first morning without it; NULL while active),
        `reason`, and the columns `kept` under the names `kept_0`, `kept_1`, …
    """
    quote = DIALECTS[subscriptions.engine.dialect].quote
    morning = f"TIMESTAMP '{as_of.isoformat()} 00:00:00'"
    end, day = quote("end"), f"CAST({quote('end')} AS DATE)"
    next_morning = (
        f"CASE WHEN {end} > CAST({day} AS TIMESTAMP) THEN CAST({day} + INTERVAL 1 DAY AS DATE) ELSE {day} END"
    )
    reason = "reason" if "reason" in subscriptions.columns else "CAST(NULL AS STRING)"
    more = "".join(f", {quote(name)} AS kept_{place}" for place, name in enumerate(kept))
    return f"""SELECT customer_id, CAST(start AS DATE) AS first_day,
        CASE WHEN {end} <= {morning} THEN {next_morning} END AS last_day, {reason} AS reason{more}
    FROM {subscriptions.view}
    WHERE start <= {morning}"""


def linked_sql(subscriptions: Table, window: Window, *, kept: tuple[str, ...] = ()) -> str:
    """Return the SQL of contracts with the number of the spell that each belongs to.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS.
    window
        What is known.
    kept
        Names of further columns.

    Returns
    -------
    str
        As :func:`seen_sql`, with `gap` (days without a contract before it, within its spell), `spell` (1, 2, …), and its
        `place` and `places_left` in the spell, from 1 and to 1.
    """
    gap = DAY_DIALECTS[subscriptions.engine.dialect].days("first_day", "end_before")
    opens = f"end_before IS NULL OR {gap} > {window.longest_gap}"
    return f"""SELECT *, row_number() OVER (PARTITION BY customer_id, spell ORDER BY contract) AS place,
        row_number() OVER (PARTITION BY customer_id, spell ORDER BY contract DESC) AS places_left
    FROM (
        SELECT *, sum(opens) OVER (PARTITION BY customer_id ORDER BY contract) AS spell
        FROM (
            SELECT *, CASE WHEN {opens} THEN 1 ELSE 0 END AS opens, CASE WHEN {opens} THEN 0 ELSE {gap} END AS gap
            FROM ({_ordered_sql(seen_sql(subscriptions, window.as_of, kept=kept))})
        )
    )"""


def _ordered_sql(contracts: str) -> str:
    """Return contracts numbered by customer, each with the latest end of those before it."""
    return f"""SELECT *, row_number() OVER ({_IN_ORDER}) AS contract,
        max(coalesce(last_day, {_NEVER})) OVER ({_IN_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS end_before
    FROM ({contracts})"""


def refuse_overlaps(subscriptions: Table, as_of: date) -> None:
    """Refuse contracts of a customer that begin before an earlier one has ended.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS.
    as_of
        The day on whose morning it is looked at.

    Raises
    ------
    DataError
        If there are any; it says how many, and the first.
    """
    n, count, customer, day = _overlaps(subscriptions, as_of)
    if count:
        raise DataError(
            f"{count:,} of {n:,} contracts of {subscriptions.label} begin before an earlier one of the same customer has "
            f"ended (first: customer {customer}, {day}). If a customer counts as there while any contract runs, try: "
            "survival.merge_overlaps(subscriptions), which makes one contract of them and says how many there were."
        )


def _overlaps(subscriptions: Table, as_of: date) -> tuple[int, int, str, str]:
    """Return the number of contracts, of those that overlap, and customer and day of the first of these."""
    overlapping = "end_before > first_day"
    return subscriptions.engine.rows(
        f"""SELECT count(*), count(CASE WHEN {overlapping} THEN 1 END),
    CAST(min_by(customer_id, contract + CASE WHEN {overlapping} THEN 0 ELSE 1000000000 END) AS STRING),
    CAST(min(CASE WHEN {overlapping} THEN first_day END) AS STRING)
FROM ({_ordered_sql(seen_sql(subscriptions, as_of))})"""
    )[0]


def merge_overlaps(subscriptions: Table) -> Table:
    """Make one contract of those of a customer that overlap: she counts as there while any of them runs.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS.

    Returns
    -------
    Table
        SUBSCRIPTIONS, whose label says how many contracts were merged: each from its first start to its last end, with the
        reason of the contract that ended last, and the other columns of the one that began first.

    Raises
    ------
    DataError
        If the rows cannot be read any more.

    Examples
    --------
    >>> from churnlab import tables
    >>> two = {"customer_id": ["a", "a"], "start": ["2024-01-01", "2024-01-20"], "end": ["2024-02-01", None]}
    >>> merge_overlaps(tables.read(pd.DataFrame(two), "SUBSCRIPTIONS"))
    Table(SUBSCRIPTIONS: 1 rows of the frame with 2 contracts merged into 1)
    """
    quote = DIALECTS[subscriptions.engine.dialect].quote
    end, never = quote("end"), "TIMESTAMP '9999-12-31 00:00:00'"
    columns = subscriptions.columns
    rest = [quote(name) for name in columns if name not in ("customer_id", "start", "end", "reason")]
    order = f"PARTITION BY customer_id ORDER BY start, coalesce({end}, {never})"
    before = f"max(coalesce({end}, {never})) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    last = (
        f"row_number() OVER (PARTITION BY customer_id, churnlab_run ORDER BY coalesce({end}, {never}) DESC, start DESC)"
    )
    chosen = {
        "customer_id": "customer_id",
        "start": "min(start) AS start",
        "end": f"CASE WHEN count({end}) = count(*) THEN max({end}) END AS {end}",
        "reason": "max(CASE WHEN churnlab_last = 1 THEN reason END) AS reason",
        **{name: f"max(CASE WHEN churnlab_first = 1 THEN {name} END) AS {name}" for name in rest},
    }
    listed = ", ".join(chosen.get(name, chosen.get(quote(name), "")) for name in columns)
    runs = f"""SELECT *, row_number() OVER (PARTITION BY customer_id, churnlab_run ORDER BY churnlab_place) AS churnlab_first,
        {last} AS churnlab_last
    FROM (
        SELECT *, sum(CASE WHEN churnlab_before > start THEN 0 ELSE 1 END)
            OVER (PARTITION BY customer_id ORDER BY churnlab_place) AS churnlab_run
        FROM (SELECT *, {before} AS churnlab_before, row_number() OVER ({order}) AS churnlab_place
            FROM {subscriptions.view})
    )"""
    engine = subscriptions.engine
    merged, into = engine.rows(
        f"SELECT coalesce(sum(n), 0), count(*) FROM (SELECT count(*) AS n FROM ({runs}) "
        "GROUP BY customer_id, churnlab_run HAVING count(*) > 1)"
    )[0]
    view = engine.create_view(f"SELECT {listed} FROM ({runs}) GROUP BY customer_id, churnlab_run")
    label = f"{subscriptions.label} with {int(merged):,} contracts merged into {int(into):,}"
    n = subscriptions.n - int(merged) + int(into)
    return replace(subscriptions, view=view, label=label, n=n, parent=subscriptions)


def count_contracts(
    subscriptions: Table,
    *,
    as_of: str | date,
    observed_from: str | date | None = None,
    longest_gap: int = 0,
) -> pd.DataFrame:
    """Count what becomes of the contracts of a table as they are made into spells.

    Parameters
    ----------
    subscriptions, as_of, observed_from, longest_gap
        As in :func:`to_spells`.

    Returns
    -------
    DataFrame
        Two columns, `what` and `value`: a row per count.

    Raises
    ------
    ParameterError
        If an argument is out of range.
    """
    window = to_window(as_of, observed_from, longest_gap)
    quote = DIALECTS[subscriptions.engine.dialect].quote
    morning = f"TIMESTAMP '{window.as_of.isoformat()} 00:00:00'"
    rows = subscriptions.engine.rows
    began, ends = rows(
        f"SELECT count(CASE WHEN start > {morning} THEN 1 END), "
        f"count(CASE WHEN start <= {morning} AND {quote('end')} > {morning} THEN 1 END) FROM {subscriptions.view}"
    )[0]
    n, overlapping, *_ = _overlaps(subscriptions, window.as_of)
    customers, spells, gaps, returns = rows(
        f"""SELECT count(DISTINCT customer_id), coalesce(sum(opens), 0), count(CASE WHEN gap > 0 THEN 1 END),
    count(CASE WHEN opens = 1 AND spell > 1 THEN 1 END) FROM ({linked_sql(subscriptions, window)})"""
    )[0]
    counts = {
        "contracts that had begun": n,
        "of so many customers": customers,
        "begin later, left out": began,
        "end later, taken as running": ends,
        "overlap with an earlier one": overlapping,
        f"gaps of {longest_gap} days or less that were bridged": gaps,
        "spells": spells,
        "of these, returns after a longer gap": returns,
    }
    return pd.DataFrame({"what": list(counts), "value": [int(value) for value in counts.values()]})

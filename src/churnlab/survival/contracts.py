"""A customer's contracts in order: what is known of them as of a day, and which belong together."""

from dataclasses import dataclass
from datetime import date, timedelta

from churnlab.errors import ParameterError
from churnlab.features.dialects import DIALECTS as DAY_DIALECTS
from churnlab.tables import Table, to_date
from churnlab.tables.dialects import DIALECTS

__all__ = ["Window", "linked_sql", "ordered_sql", "seen_sql", "to_window"]

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
            FROM ({ordered_sql(seen_sql(subscriptions, window.as_of, kept=kept))})
        )
    )"""


def ordered_sql(contracts: str) -> str:
    """Return the SQL of contracts numbered by customer, each with the latest end of those before it.

    Parameters
    ----------
    contracts
        What :func:`seen_sql` returns.

    Returns
    -------
    str
        As there, with `contract` (1, 2, … by customer) and `end_before`.
    """
    return f"""SELECT *, row_number() OVER ({_IN_ORDER}) AS contract,
        max(coalesce(last_day, {_NEVER})) OVER ({_IN_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS end_before
    FROM ({contracts})"""

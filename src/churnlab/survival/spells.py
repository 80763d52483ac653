"""From contracts to spells: how long each customer has been there, and whether she left."""

import warnings
from datetime import date
from typing import Literal

import pandas as pd

from churnlab import tables
from churnlab.errors import DataError, ParameterError
from churnlab.features import Unit, days_per
from churnlab.features.dialects import DIALECTS as DAY_DIALECTS
from churnlab.survival.contracts import Window, linked_sql, to_window
from churnlab.survival.overlaps import refuse_overlaps
from churnlab.tables import Table, require_table
from churnlab.tables.dialects import DIALECTS

__all__ = ["ZeroDurations", "to_spells", "to_spells_table"]

ZeroDurations = Literal["refuse", "leave_out", "half_day"]

_SILENT_DAYS = 31
_OF_A_SPELL = ("customer_id", "spell", "start", "entry", "duration", "churned", "reason", "contracts", "tenure")


def to_spells(
    subscriptions: Table,
    *,
    as_of: str | date,
    observed_from: str | date | None = None,
    longest_gap: int = 0,
    unit: Unit = "day",
    covariates: tuple[str, ...] | list[str] = (),
    zero_durations: ZeroDurations = "refuse",
) -> pd.DataFrame:
    """Make spells of contracts: how long each customer was there without interruption, and whether and why she left.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS.
    as_of
        The day on whose morning the table is looked at: contracts that begin later are not there, and an end that lies
        later is not yet known.
    observed_from
        The day from which on ends were recorded, if customers who had left before are missing from the table. Customers
        of then enter late: they count as at risk only from that day on. By default all are there.
    longest_gap
        Days without a contract after which a customer who comes back has not left. After a longer gap she has, and her
        return is a second spell.
    unit
        Of `duration` and `entry`.
    covariates
        Names of columns to take along, each with its value in the spell's first contract: what was known when it began.
    zero_durations
        What to do with contracts that end on the day they begin: ``"refuse"`` the table, ``"leave_out"`` these spells, or
        count ``"half_day"``.

    Returns
    -------
    DataFrame
        SPELLS, in order of customer and spell: `customer_id`, `spell` (1, 2, …), `start` (its first day), `entry` (only
        with `observed_from`), `duration`, `churned`, `reason` (of the last contract; ``"not stated"`` where it is empty;
        missing where she is still there), `contracts` (how many were joined), and the covariates.

    Raises
    ------
    DataError
        If contracts of a customer overlap, some end on the day they begin, there is no spell, or all or none have ended.
    ParameterError
        If an argument is out of range, or a covariate is no column.

    Notes
    -----
    A contract runs from its `start` up to the morning of its `end`, as in :func:`churnlab.features.to_churn_rates`; times
    of day count up to whole days. Whether a customer has gone is known only once `longest_gap` days have passed without her
    coming back. So everybody is followed up to the morning of `as_of` less `longest_gap` days, the same for all: to follow
    those who are still there any longer would make churn look rarer than it is. A table without a start or end in the 31
    days before `as_of` is warned of.

    Examples
    --------
    >>> plan = {"customer_id": ["a", "b"], "start": ["2024-01-01"] * 2, "end": [None, "2024-01-20"]}
    >>> table = tables.read(pd.DataFrame(plan), "SUBSCRIPTIONS")
    >>> to_spells(table, as_of="2024-02-01")[["customer_id", "duration", "churned"]]
      customer_id  duration  churned
    0           a      31.0    False
    1           b      19.0     True
    """
    window = to_window(as_of, observed_from, longest_gap)
    sql = _checked_sql(subscriptions, window, unit, tuple(covariates), zero_durations)
    frame = subscriptions.engine.frame(f"SELECT * FROM ({sql}) ORDER BY customer_id, spell")
    _refuse_one_sided(frame["churned"], subscriptions.label, window)
    return frame


def to_spells_table(
    subscriptions: Table,
    *,
    as_of: str | date,
    observed_from: str | date | None = None,
    longest_gap: int = 0,
    unit: Unit = "day",
    covariates: tuple[str, ...] | list[str] = (),
    zero_durations: ZeroDurations = "refuse",
) -> Table:
    """Make spells of contracts as :func:`to_spells` does, and leave them on the engine.

    Parameters
    ----------
    subscriptions, as_of, observed_from, longest_gap, unit, covariates, zero_durations
        As in :func:`to_spells`.

    Returns
    -------
    Table
        SPELLS, for :func:`to_spell_counts` and :func:`to_periods` where there are more customers than memory.

    Raises
    ------
    DataError
        As in :func:`to_spells`, but for all or none having ended.
    ParameterError
        As in :func:`to_spells`.
    """
    window = to_window(as_of, observed_from, longest_gap)
    sql = _checked_sql(subscriptions, window, unit, tuple(covariates), zero_durations)
    view = subscriptions.engine.create_view(sql)
    label = f"spells of {subscriptions.label}"
    return tables.read(tables.Source(subscriptions.engine, view, label), "SPELLS")


def _checked_sql(
    subscriptions: Table, window: Window, unit: str, covariates: tuple[str, ...], zero_durations: str
) -> str:
    require_table(subscriptions, "SUBSCRIPTIONS")
    missing = [name for name in covariates if name not in subscriptions.columns]
    if missing:
        raise ParameterError(
            f"{subscriptions.label} has no column {', '.join(map(repr, missing))}; it has {', '.join(subscriptions.columns)}."
        )
    taken = [name for name in covariates if name in _OF_A_SPELL]
    if taken:
        raise ParameterError(
            f"`covariates` names {', '.join(map(repr, taken))}, and a spell has a column of that name already. Try: another "
            "name for the column."
        )
    if zero_durations not in ("refuse", "leave_out", "half_day"):
        raise ParameterError(f"`zero_durations` must be 'refuse', 'leave_out' or 'half_day', not {zero_durations!r}.")
    _warn_of_silence(subscriptions, window)
    refuse_overlaps(subscriptions, window.as_of)
    if zero_durations == "refuse":
        _refuse_zeros(subscriptions, window)
    return _spells_sql(subscriptions, window, unit, covariates, zero_durations)


def _warn_of_silence(subscriptions: Table, window: Window) -> None:
    end = DIALECTS[subscriptions.engine.dialect].quote("end")
    last = subscriptions.engine.rows(
        f"SELECT CAST(greatest(max(start), max({end})) AS DATE) FROM {subscriptions.view}"
    )[0][0]
    silent = (window.as_of - last).days
    if silent > _SILENT_DAYS:
        warnings.warn(
            f"{subscriptions.label} has no start or end in the {silent:,} days before {window.as_of.isoformat()}. If the table "
            "ends earlier than that, customers look more loyal than they are.",
            stacklevel=4,
        )


def _merged_sql(subscriptions: Table, window: Window, covariates: tuple[str, ...]) -> str:
    """Return the SQL of spells that had begun before the day up to which all are followed, one a row."""
    quote = DIALECTS[subscriptions.engine.dialect].quote
    kept = "".join(
        f", max(CASE WHEN place = 1 THEN kept_{place} END) AS {quote(name)}" for place, name in enumerate(covariates)
    )
    on = f"DATE '{window.censored_on.isoformat()}'"
    return f"""SELECT *, coalesce(ended <= {on}, false) AS churned, CASE WHEN ended <= {on} THEN ended ELSE {on} END AS until
    FROM (
        SELECT customer_id, CAST(spell AS BIGINT) AS spell, min(first_day) AS first_day,
            CASE WHEN count(last_day) = count(*) THEN max(last_day) END AS ended,
            max(CASE WHEN places_left = 1 THEN reason END) AS last_reason, CAST(count(*) AS BIGINT) AS contracts{kept}
        FROM ({linked_sql(subscriptions, window, kept=covariates)})
        GROUP BY customer_id, spell
    )
    WHERE first_day < {on}"""


def _spells_sql(
    subscriptions: Table, window: Window, unit: str, covariates: tuple[str, ...], zero_durations: str
) -> str:
    quote = DIALECTS[subscriptions.engine.dialect].quote
    days, length = DAY_DIALECTS[subscriptions.engine.dialect].days, f"{days_per(unit)!r}e0"
    duration = days("until", "first_day")
    if zero_durations == "half_day":
        duration = f"greatest(0.5e0, {duration})"
    entry, conditions = "", []
    if window.observed_from is not None:
        since = f"DATE '{window.observed_from.isoformat()}'"
        entry = f"greatest(0, {days(since, 'first_day')}) / {length} AS entry, "
        conditions.append(f"until > {since}")
    if zero_durations == "leave_out":
        conditions.append("until > first_day")
    where = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    reason = "CASE WHEN churned THEN coalesce(last_reason, 'not stated') END AS reason, "
    reason = reason if "reason" in subscriptions.columns else ""
    more = "".join(f", {quote(name)}" for name in covariates)
    return f"""SELECT customer_id, spell, CAST(first_day AS TIMESTAMP) AS start, {entry}{duration} / {length} AS duration,
    churned, {reason}contracts{more}
FROM ({_merged_sql(subscriptions, window, covariates)}){where}"""


def _refuse_zeros(subscriptions: Table, window: Window) -> None:
    n, zeros, customer = subscriptions.engine.rows(
        "SELECT count(*), count(CASE WHEN until = first_day THEN 1 END), "
        "CAST(min(CASE WHEN until = first_day THEN customer_id END) AS STRING) "
        f"FROM ({_merged_sql(subscriptions, window, ())})"
    )[0]
    if zeros:
        raise DataError(
            f"{zeros:,} of {n:,} spells of {subscriptions.label} end on the day they begin (first: customer {customer}). Try: "
            'zero_durations="leave_out" if these were never customers, or "half_day" if they were.'
        )


def _refuse_one_sided(churned: pd.Series, label: str, window: Window) -> None:
    day = window.as_of.isoformat()
    if churned.empty:
        raise DataError(f"No contract of {label} had run for a day by {day}.")
    if not churned.any():
        raise DataError(
            f"None of {len(churned):,} spells of {label} has ended by {window.censored_on.isoformat()}. Try a later as_of, or "
            "check that `end` holds the day on which a contract ended."
        )
    if churned.all():
        raise DataError(
            f"All {len(churned):,} spells of {label} have ended by {day}. If contracts that still run are missing from the "
            "table, churn would be overstated: add them, with an empty `end`."
        )

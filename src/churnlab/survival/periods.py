"""Start–stop rows: spells cut where a covariate changes, each part with what was known when it began."""

from typing import Any

import pandas as pd

from churnlab import tables
from churnlab.errors import DataError, ParameterError
from churnlab.features import Unit, days_per
from churnlab.features.dialects import DIALECTS as DAY_DIALECTS
from churnlab.tables import Column, Contract, Table
from churnlab.tables.dialects import DIALECTS

__all__ = ["CHANGES", "to_periods"]

CHANGES = Contract(
    name="CHANGES",
    one_row="what was known of a customer from a day on",
    columns=(
        Column(name="customer_id", kind="key", meaning="who", required=True),
        Column(name="date", kind="date", meaning="when it came to be so", required=True),
    ),
    example={"customer_id": "C-17", "date": "2024-03-01", "price": "39.90"},
)
"""The contract of a table of covariates that change in time; its other columns are the covariates."""

_SPELL = ("customer_id", "spell", "start", "entry", "duration", "churned", "reason")


def to_periods(
    spells: Any, changes: Any, *, columns: tuple[str, ...] | list[str], unit: Unit = "day", lag_days: int = 0
) -> pd.DataFrame:
    """Cut spells where a covariate changes, and give each part the values that were known when it began.

    Parameters
    ----------
    spells
        What :func:`to_spells`, :func:`to_order_spells` or :func:`to_spells_table` returns.
    changes
        A frame, file or table of CHANGES: `customer_id`, `date`, and the covariates. A row holds from its date on until the
        customer's next row; the last of a day counts.
    columns
        Names of the covariates to join; others of the same name in `spells` give way.
    unit
        The unit in which the spells were made.
    lag_days
        Days after its date on which a row became known.

    Returns
    -------
    DataFrame
        SPELLS as start–stop rows, in order of customer, spell and time: the columns of the spells, where `entry` and
        `duration` are now the begin and end of each part and `churned` is true only where a spell ended, and the
        covariates, empty where nothing was known yet.

    Raises
    ------
    DataError
        If a table lacks a column it needs, or the two are on different engines.
    ParameterError
        If a covariate is no column of `changes`, or the lag is negative.

    Notes
    -----
    No look-ahead: a row dated on a day explains only what happens after that day, so that a complaint on the day of leaving
    does not explain the leaving. Cutting does not change a fit whose covariates do not change (Therneau and Grambsch 2000,
    chapter 3). R: `survival::tmerge`.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01"])
    >>> spell = pd.DataFrame({"customer_id": ["a"], "spell": 1, "start": days, "duration": 31.0, "churned": True})
    >>> change = pd.DataFrame({"customer_id": ["a", "a"], "date": ["2023-12-01", "2024-01-11"], "price": [30, 35]})
    >>> to_periods(spell, change, columns=["price"])[["entry", "duration", "churned", "price"]]
       entry  duration  churned  price
    0    0.0      10.0    False     30
    1   10.0      31.0     True     35
    """
    if isinstance(lag_days, bool) or not isinstance(lag_days, int) or lag_days < 0:
        raise ParameterError(f"`lag_days` must be a whole number, 0 or more, not {lag_days!r}.")
    known = changes if isinstance(changes, Table) else tables.read(changes, CHANGES)
    table = spells if isinstance(spells, Table) else tables.read(spells, "SPELLS")
    _check(table, known, tuple(columns))
    sql = _periods_sql(table, known, tuple(columns), days_per(unit), lag_days)
    return table.engine.frame(f"SELECT * FROM ({sql}) ORDER BY customer_id, spell, entry")


def _check(spells: Table, changes: Table, columns: tuple[str, ...]) -> None:
    lacking = {"customer_id", "spell", "start"} - set(spells.columns)
    if lacking:
        raise DataError(
            f"{spells.label} has no column {', '.join(sorted(lacking))}, without which changes cannot be joined. Try: "
            "survival.to_spells, which makes them."
        )
    unknown = [name for name in columns if name not in changes.columns or name in _SPELL]
    if unknown or not columns:
        raise ParameterError(
            f"`columns` must name covariates of {changes.label}, which has {', '.join(changes.columns)}; not {columns!r}."
        )
    if spells.engine != changes.engine:
        raise DataError(f"{spells.label} and {changes.label} are on different engines. Read both on the same one.")


def _periods_sql(spells: Table, changes: Table, columns: tuple[str, ...], length: float, lag_days: int) -> str:
    """Return the SQL of the parts: each spell from its entry on, cut at each change that falls into it."""
    quote = DIALECTS[spells.engine.dialect].quote
    offset = f"({DAY_DIALECTS[spells.engine.dialect].days('day', 'CAST(start AS DATE)')} + {lag_days}) / {length!r}e0"
    entry = "coalesce(entry, 0)" if "entry" in spells.columns else "0"
    values = [f"value_{place}" for place in range(len(columns))]
    first = ("customer_id", "spell", "start")
    taken = (*first, *columns, "entry", "duration", "churned")
    others = [*first, *(name for name in spells.columns if name not in taken)]
    listed = ", ".join(map(quote, others))
    base = f"SELECT {listed}, CAST({entry} AS DOUBLE) AS begins, duration AS ends, churned AS gone FROM {spells.view}"
    nothing = ", ".join(f"NULL AS {value}" for value in values)
    named = ", ".join(f"{value} AS {quote(name)}" for value, name in zip(values, columns, strict=True))
    spell = "PARTITION BY customer_id, spell"
    joined = ", ".join(f"base.{quote(name)}" for name in others)
    return f"""SELECT {listed}, cut AS entry, coalesce(next_cut, ends) AS duration, gone AND next_cut IS NULL AS churned, {named}
FROM (
    SELECT *, lead(cut) OVER ({spell} ORDER BY cut) AS next_cut
    FROM (
        SELECT *, row_number() OVER ({spell}, cut ORDER BY since DESC) AS latest
        FROM (
            SELECT *, CASE WHEN since > begins THEN since ELSE begins END AS cut
            FROM (
                SELECT {listed}, begins, ends, gone, CAST(-1e300 AS DOUBLE) AS since, {nothing} FROM ({base}) AS base
                UNION ALL
                SELECT {joined}, begins, ends, gone, CAST({offset} AS DOUBLE) AS since, {", ".join(values)}
                FROM ({base}) AS base JOIN ({_daily_sql(changes, columns)}) AS known
                    ON known.customer_id = base.customer_id
            )
            WHERE since < ends
        )
    )
    WHERE latest = 1
)"""


def _daily_sql(changes: Table, columns: tuple[str, ...]) -> str:
    """Return the SQL of the last row of each customer and day."""
    quote = DIALECTS[changes.engine.dialect].quote
    listed = ", ".join(f"{quote(name)} AS value_{place}" for place, name in enumerate(columns))
    return f"""SELECT * FROM (
        SELECT customer_id, CAST(date AS DATE) AS day, {listed},
            row_number() OVER (PARTITION BY customer_id, CAST(date AS DATE) ORDER BY date DESC) AS backwards
        FROM {changes.view}
    ) WHERE backwards = 1"""

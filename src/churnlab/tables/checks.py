"""Checks a raw table against a contract in one pass, and says everything that is wrong at once."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from churnlab.engines import quote_text
from churnlab.errors import DataError
from churnlab.tables.contract import Column, Contract
from churnlab.tables.conversions import Check, checks_of, readable, typed
from churnlab.tables.dialects import DIALECTS
from churnlab.tables.failures import reading_message
from churnlab.tables.layout import Layout
from churnlab.tables.sources import Source

__all__ = ["Breach", "match_columns", "refuse_breaches", "typed_query"]


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A rule that a table breaks: the column, the rule, how many rows, the first of them, and what to try."""

    column: str
    rule: str
    rows: int | None = None
    of: int | None = None
    first_row: int | None = None
    first_value: str | None = None
    advice: str = ""

    def __str__(self) -> str:
        text = f"`{self.column}` {self.rule}" if self.column else self.rule
        if self.rows is not None and self.of is not None:
            text += f": {self.rows:,} of {self.of:,} rows {'breaks' if self.rows == 1 else 'break'} this"
            where = "for example" if self.first_row is None else f"first: row {self.first_row:,}"
            text += f" ({where}: {self.first_value})"
        return f"{text}. Try: {self.advice}." if self.advice else f"{text}."


def match_columns(source: Source, contract: Contract, layout: Layout) -> tuple[dict[str, str], list[Breach]]:
    """Return the raw column behind each of the contract's columns, and the columns that are missing."""
    available = list(source.engine.types(source.view))
    asked = dict(layout.columns or {})
    breaches = [_unknown(name, contract) for name in asked if name not in _names(contract)]
    matched = {}
    for column in contract.columns:
        wanted = asked.get(column.name, column.name)
        if wanted in available:
            matched[column.name] = wanted
        elif column.required or column.name in asked:
            breaches.append(_missing(column, wanted, available))
    return matched, breaches


def _names(contract: Contract) -> list[str]:
    return [column.name for column in contract.columns]


def _unknown(name: str, contract: Contract) -> Breach:
    near = difflib.get_close_matches(name, _names(contract), n=1)
    advice = f"did you mean `{near[0]}`" if near else f"it has {', '.join(_names(contract))}"
    return Breach(column=name, rule=f"is no column of {contract.name}", advice=advice)


def _missing(column: Column, wanted: str, available: list[str]) -> Breach:
    found = f"the table has {', '.join(f'`{name}`' for name in available[:12])}{' …' if len(available) > 12 else ''}"
    rule = "is missing" if wanted == column.name else f"is mapped to `{wanted}`, which is missing"
    return Breach(column=column.name, rule=f"{rule}; {found}", advice=_how_to_find(column.name, wanted, available))


def _how_to_find(name: str, wanted: str, available: list[str]) -> str:
    lowered = {name.lower(): name for name in available}
    if len(available) == 1 and wanted.lower() in available[0].lower() != wanted.lower():
        return 'say what stands between the columns, since the header line was not split: delimiter = ";" in the layout'
    near = difflib.get_close_matches(wanted.lower(), lowered, n=1, cutoff=0.6)
    like = lowered[near[0]] if near else "the table's name for it"
    return f'map it: columns = {{"{name}": "{like}"}}'


def typed_query(source: Source, contract: Contract, matched: Mapping[str, str], layout: Layout) -> str:
    """Return the query of the contract's columns, of their kinds, beside the other columns as they are."""
    types = source.engine.types(source.view)
    dialect = DIALECTS[source.engine.dialect]
    values = _values(source, contract, matched, layout)
    chosen = [f"{value} AS {dialect.quote(name)}" for name, value in values.items()]
    taken = {name.lower() for name in matched}
    others = [dialect.quote(raw) for raw in types if raw not in matched.values() and raw.lower() not in taken]
    query = f"SELECT {', '.join(chosen + others)} FROM {source.view}"
    if layout.negative_amounts == "leave_out" and "amount" in matched:
        query += f" WHERE NOT coalesce({values['amount']} < 0, false)"
    return query


def _values(source: Source, contract: Contract, matched: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """Return the SQL of each of the contract's columns."""
    types, dialect = source.engine.types(source.view), DIALECTS[source.engine.dialect]
    kinds = {column.name: column for column in contract.columns}
    return {name: typed(kinds[name], raw, types[raw], layout, dialect) for name, raw in matched.items()}


def refuse_breaches(
    source: Source,
    contract: Contract,
    matched: Mapping[str, str],
    missing: list[Breach],
    *,
    layout: Layout,
    as_of: date | None,
) -> int:
    """Check every rule in one pass and return the number of rows.

    Raises
    ------
    DataError
        With all that is wrong: column, rule, rows, first row, what to try.
    """
    read = _read(source, contract, matched, layout)
    checks = _checks(source, contract, matched, layout, as_of)
    conditions = [condition for check in checks for condition in (check.breach, check.unless or "false")]
    sums = [f"count_if({condition})" for condition in conditions] + _looks(source, matched)
    try:
        n, *counts = source.engine.rows(f"SELECT {', '.join(['count(*)', *sums])} FROM ({read})")[0]
    except source.engine.failure as error:
        raise DataError(reading_message(error, source.label, layout.encoding)) from None
    counts = counts[: len(conditions)]
    if n == 0:
        raise DataError(f"{source.label} has no rows, only the columns {', '.join(source.engine.types(source.view))}.")
    broken = [
        check
        for check, rows, others in zip(checks, counts[::2], counts[1::2], strict=True)
        if rows and (check.unless is None or others)
    ]
    rows_of = dict(zip(map(id, checks), counts[::2], strict=True))
    found = [_breach(check, source, matched, read=read, rows=rows_of[id(check)], n=n) for check in broken]
    if missing or found:
        raise _error(source, contract, [*missing, *found])
    return int(n)


def _looks(source: Source, matched: Mapping[str, str]) -> list[str]:
    """Return the SQL that looks at the columns that no rule does, where they may turn out to be unreadable."""
    others = [name for name in source.engine.types(source.view) if name not in matched.values()]
    return [f"count({DIALECTS[source.engine.dialect].quote(name)})" for name in others if source.is_text]


def _read(source: Source, contract: Contract, matched: Mapping[str, str], layout: Layout) -> str:
    """Return the query of the raw columns beside what is read from them, so that each text is read once for all rules."""
    types, dialect = source.engine.types(source.view), DIALECTS[source.engine.dialect]
    names = _names_read(source, matched)
    values = [
        f"{readable(column, matched[column.name], types[matched[column.name]], layout, dialect)} AS {names[column.name]}"
        for column in contract.columns
        if column.name in matched
    ]
    return f"SELECT {', '.join(['*', *values])} FROM {source.view}"


def _names_read(source: Source, matched: Mapping[str, str]) -> dict[str, str]:
    """Return a name for what is read from each column, which no column of the table has."""
    taken, dialect = source.engine.types(source.view), DIALECTS[source.engine.dialect]
    mark = "_" * (1 + max(map(len, taken)))
    return {name: dialect.quote(f"{name}{mark}") for name in matched}


def _checks(
    source: Source, contract: Contract, matched: Mapping[str, str], layout: Layout, as_of: date | None
) -> list[Check]:
    types = source.engine.types(source.view)
    dialect = DIALECTS[source.engine.dialect]
    read = _names_read(source, matched)
    checks: list[Check] = []
    for column in contract.columns:
        if column.name in matched:
            raw = matched[column.name]
            checks += checks_of(column, raw, types[raw], value=read[column.name], layout=layout, dialect=dialect)
    for rule in contract.rules:
        if all(name in matched for name in rule.columns):
            condition = re.sub(r'"(\w+)"', lambda name: read[name[1]], rule.condition)
            checks.append(Check(rule.columns, rule.sentence, f"NOT ({condition})", rule.advice))
    if as_of is not None and "date" in matched:
        late = f"{read['date']} >= TIMESTAMP {quote_text(as_of.isoformat())}"
        checks.append(
            Check(
                ("date",), f"must lie before as_of {as_of.isoformat()}", late, "give the date of the extract as as_of"
            )
        )
    if contract.unique in matched:
        key = read[str(contract.unique)]
        again = f"{key} IN (SELECT {key} FROM ({_read(source, contract, matched, layout)}) GROUP BY {key} HAVING count(*) > 1)"
        checks.append(Check((str(contract.unique),), "must not repeat", again, "keep one row for each"))
    return checks


def _breach(check: Check, source: Source, matched: Mapping[str, str], *, read: str, rows: int, n: int) -> Breach:
    dialect = DIALECTS[source.engine.dialect]
    shown = ", ".join(dialect.quote(matched[name]) for name in check.columns)
    row, *values, _ = source.engine.rows(
        f"SELECT * FROM (SELECT {dialect.numbered()} AS number, {shown}, ({check.breach}) AS broken "
        f"FROM ({read})) WHERE broken ORDER BY number LIMIT 1"
    )[0]
    return Breach(
        column=check.columns[0] if len(check.columns) == 1 else "",
        rule=check.rule,
        rows=rows,
        of=n,
        first_row=row,
        first_value=", ".join(_shown(value) for value in values),
        advice=check.advice,
    )


def _shown(value: Any) -> str:
    text = "empty" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _error(source: Source, contract: Contract, breaches: list[Breach]) -> DataError:
    lines = [f"{source.label} breaks the contract {contract.name} ({contract.one_row} a row):"]
    return DataError("\n".join([*lines, *(f"  - {breach}" for breach in breaches)]), tuple(breaches))

"""SQL that turns a raw column into a contract's kind, and the words for what does not fit."""

from dataclasses import dataclass

from churnlab.engines import quote_name, quote_text
from churnlab.tables.contracts import Column
from churnlab.tables.layout import Layout

__all__ = ["Check", "checks_of", "typed"]

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_ZONE = r"\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)\s*$"


@dataclass(frozen=True)
class Check:
    """A rule on columns of one row: the condition under which a row breaks it, and what to try then."""

    columns: tuple[str, ...]
    rule: str
    breach: str
    advice: str = ""
    unless: str | None = None
    """A second condition: the rule is broken only where rows of both conditions exist (all or none may)."""


def typed(column: Column, source: str, sql_type: str, layout: Layout) -> str:
    """Return the SQL of the contract's `column`, read from the raw column `source`; NULL where it does not fit."""
    raw = quote_name(source)
    if column.kind == "key":
        return raw if sql_type in _INTEGERS else f"nullif(trim(CAST({raw} AS VARCHAR)), '')"
    if column.kind == "text":
        return f"CAST({raw} AS VARCHAR)"
    if column.kind == "flag":
        return f"TRY_CAST({raw} AS BOOLEAN)"
    if column.kind == "date":
        return _timestamp(raw, sql_type, layout)
    number = _number(raw, sql_type, layout)
    return f"TRY_CAST({number} AS DECIMAL(18, 4))" if column.kind == "money" else number


def _number(raw: str, sql_type: str, layout: Layout) -> str:
    if sql_type != "VARCHAR":
        return f"TRY_CAST({raw} AS DOUBLE)"
    if layout.decimal == ".":
        return f"TRY_CAST({raw} AS DOUBLE)"
    return f"CASE WHEN contains({raw}, '.') THEN NULL ELSE TRY_CAST(replace({raw}, ',', '.') AS DOUBLE) END"


def _timestamp(raw: str, sql_type: str, layout: Layout) -> str:
    zone = quote_text(layout.time_zone or "UTC")
    if sql_type == "TIMESTAMP WITH TIME ZONE":
        return f"timezone({zone}, {raw})"
    if sql_type == "DATE" or sql_type.startswith("TIMESTAMP"):
        return f"CAST({raw} AS TIMESTAMP)"
    if layout.date_format == "excel":
        seconds = f"CAST(round(TRY_CAST({raw} AS DOUBLE) * 86400) AS BIGINT)"
        return f"TIMESTAMP '1899-12-30' + to_seconds({seconds})"
    text = f"CAST({raw} AS VARCHAR)"
    if layout.date_format is not None:
        return f"CAST(try_strptime({text}, {quote_text(layout.date_format)}) AS TIMESTAMP)"
    if sql_type != "VARCHAR":
        return "CAST(NULL AS TIMESTAMP)"
    return (
        f"CASE WHEN NOT regexp_matches({text}, '^\\s*\\d{{4}}[-/]') THEN NULL "
        f"WHEN regexp_matches({text}, {quote_text(_ZONE)}) THEN timezone({zone}, TRY_CAST({text} AS TIMESTAMPTZ)) "
        f"ELSE TRY_CAST({text} AS TIMESTAMP) END"
    )


def checks_of(column: Column, source: str, sql_type: str, layout: Layout) -> list[Check]:
    """Return the rules that the raw column `source` must keep to be the contract's `column`."""
    raw, value = quote_name(source), typed(column, source, sql_type, layout)
    checks = []
    if not column.nullable:
        checks.append(Check((column.name,), "must not be missing", _missing(raw, sql_type)))
    if column.kind == "key":
        checks += _key_checks(column, raw, sql_type)
    elif column.kind != "text":
        rule, advice = _FITS[column.kind]
        checks.append(Check((column.name,), rule, f"NOT ({_missing(raw, sql_type)}) AND {value} IS NULL", advice))
    if column.kind in ("money", "number", "count"):
        checks += _range_checks(column, _number(raw, sql_type, layout), layout)
    if column.kind == "date":
        checks += _date_checks(column, raw, value, sql_type, layout)
    return checks


_REFUNDS = 'say negative_amounts = "leave_out" in the layout, or keep refunds in a table of CASES'


def _missing(raw: str, sql_type: str) -> str:
    return f"{raw} IS NULL OR trim({raw}) = ''" if sql_type == "VARCHAR" else f"{raw} IS NULL"


_FITS = {
    "money": (
        "must be a number",
        'is the decimal sign a comma? Then say decimal = "," in the layout; take out thousands separators',
    ),
    "number": (
        "must be a number",
        'is the decimal sign a comma? Then say decimal = "," in the layout; or list words for missing values: '
        'missing = ["NA"]',
    ),
    "count": ("must be a number", "counts are whole numbers"),
    "flag": ("must be true or false (or 1 or 0)", "recode it to 1 and 0"),
    "date": (
        "must be a date as in 2024-12-31 or 2024-12-31 23:59:59",
        'say how dates are written in the layout: date_format = "%d/%m/%Y", "%Y%m%d", or "excel" for serial day '
        "numbers such as 45292",
    ),
}


def _key_checks(column: Column, raw: str, sql_type: str) -> list[Check]:
    if sql_type not in ("DOUBLE", "FLOAT") and not sql_type.startswith("DECIMAL"):
        return []
    advice = "cast it to whole numbers or to text, so that 7 and 7.0 are one customer"
    return [Check((column.name,), "must be whole numbers or text", f"{raw} IS NOT NULL", advice)]


def _range_checks(column: Column, number: str, layout: Layout) -> list[Check]:
    infinite = f"isnan({number}) OR isinf({number})"
    checks = [Check((column.name,), "must be finite", infinite, "leave the cell empty where there is no value")]
    is_amount = column.name == "amount"
    if column.minimum is not None and not (is_amount and layout.negative_amounts == "leave_out"):
        words = "must be zero or more" if column.minimum == 0 else f"must be {column.minimum:g} or more"
        advice = _REFUNDS if is_amount else ""
        checks.append(Check((column.name,), words, f"{number} < {column.minimum!r}", advice))
    if column.above is not None:
        checks.append(Check((column.name,), f"must be above {column.above:g}", f"{number} <= {column.above!r}"))
    if column.below is not None:
        checks.append(Check((column.name,), f"must be below {column.below:g}", f"{number} >= {column.below!r}"))
    if column.kind == "count":
        checks.append(Check((column.name,), "must be a whole number", f"{number} <> floor({number})"))
    if column.kind == "money":
        checks.append(Check((column.name,), "must be below 10^14", f"abs({number}) >= 1e14 AND NOT isinf({number})"))
    return checks


def _date_checks(column: Column, raw: str, value: str, sql_type: str, layout: Layout) -> list[Check]:
    bounds = f"{value} NOT BETWEEN TIMESTAMP '1900-01-01' AND TIMESTAMP '2200-01-01'"
    checks = [Check((column.name,), "must lie between 1900 and 2200", bounds, "leave an open end empty")]
    if sql_type == "VARCHAR" and layout.date_format is None:
        zoned = f"regexp_matches({raw}, {quote_text(_ZONE)}) AND {value} IS NOT NULL"
        naive = f"NOT regexp_matches({raw}, {quote_text(_ZONE)}) AND {value} IS NOT NULL"
        rule = "must carry a time zone in every row or in none"
        checks.append(Check((column.name,), rule, naive, "write all with a zone or all without", unless=zoned))
    return checks

"""SQL that turns a raw column into a contract's kind, and the words for what does not fit."""

from dataclasses import dataclass

from churnlab.tables.contract import Column
from churnlab.tables.dialects import Dialect
from churnlab.tables.layout import Layout

__all__ = ["Check", "checks_of", "readable", "typed"]

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
_INTEGERS |= {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
_DAY = "[0-9]{4}[-/][0-9][0-9]?[-/][0-9][0-9]?"
_CLOCK = "[0-9][0-9]?:[0-9][0-9](:[0-9][0-9]([.][0-9]+)?)?"
_ISO = f"^{_DAY}([ T]+{_CLOCK})?$"
_ISO_IN_ZONE = f"^{_DAY}[ T]+{_CLOCK}[ \t]*(Z|[+-][0-9][0-9](:?[0-9][0-9])?)$"


@dataclass(frozen=True)
class Check:
    """A rule on columns of one row: the condition under which a row breaks it, and what to try then."""

    columns: tuple[str, ...]
    rule: str
    breach: str
    advice: str = ""
    unless: str | None = None
    """A second condition: the rule is broken only where rows of both conditions exist (all or none may)."""


def typed(column: Column, source: str, sql_type: str, layout: Layout, dialect: Dialect) -> str:
    """Return the SQL of the contract's `column`, read from the raw column `source`; NULL where it does not fit."""
    raw = dialect.quote(source)
    if column.kind == "key":
        return raw if sql_type in _INTEGERS else f"nullif(trim(CAST({raw} AS STRING)), '')"
    if column.kind == "text":
        return f"CAST({raw} AS STRING)"
    if column.kind == "flag":
        return _flag(raw, sql_type)
    if column.kind == "date":
        return _timestamp(raw, sql_type, layout, dialect)
    if column.kind == "money":
        return _money(raw, sql_type, layout, dialect)
    return _number(raw, sql_type, layout, dialect)


def _is_number(sql_type: str) -> bool:
    return sql_type in _INTEGERS or _is_fractional(sql_type)


def _is_fractional(sql_type: str) -> bool:
    return sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL")


def _flag(raw: str, sql_type: str) -> str:
    if _is_number(sql_type):
        return f"CASE WHEN {raw} = 0 THEN false WHEN {raw} = 1 THEN true END"
    return f"TRY_CAST(trim(CAST({raw} AS STRING)) AS BOOLEAN)"


def _money(raw: str, sql_type: str, layout: Layout, dialect: Dialect) -> str:
    exact = sql_type in _INTEGERS or sql_type.startswith("DECIMAL")
    return f"TRY_CAST({raw if exact else _number(raw, sql_type, layout, dialect)} AS DECIMAL(18, 4))"


def _number(raw: str, sql_type: str, layout: Layout, dialect: Dialect) -> str:
    if sql_type == "DOUBLE":
        return raw
    if sql_type != "VARCHAR":
        return f"TRY_CAST({raw} AS DOUBLE)"
    if layout.decimal == ".":
        return dialect.number(raw)
    number = dialect.number(f"replace({raw}, ',', '.')")
    return f"CASE WHEN contains({raw}, '.') THEN NULL ELSE {number} END"


def _timestamp(raw: str, sql_type: str, layout: Layout, dialect: Dialect) -> str:
    if sql_type == "TIMESTAMP WITH TIME ZONE":
        return dialect.local(raw, layout.time_zone)
    if sql_type == "DATE" or sql_type.startswith("TIMESTAMP"):
        return dialect.timestamp(raw)
    if layout.date_format == "excel":
        days = _number(raw, sql_type, layout, dialect)
        return dialect.serial(f"CAST(CASE WHEN abs({days}) < 1e6 THEN round({days} * 86400) END AS BIGINT)")
    text = f"trim(CAST({raw} AS STRING))"
    if layout.date_format is not None:
        parsed = dialect.parsed(text, layout.date_format)
        has_zone = "%z" in layout.date_format.lower()
        return dialect.local(parsed, layout.time_zone) if has_zone else dialect.timestamp(parsed)
    if sql_type != "VARCHAR":
        return dialect.timestamp("NULL")
    return (
        f"CASE {dialect.usual(raw)}WHEN {dialect.matches(text, _ISO)} THEN {dialect.iso(text)} "
        f"WHEN {dialect.matches(text, _ISO_IN_ZONE)} THEN {dialect.local(dialect.zoned(text), layout.time_zone)} END"
    )


def readable(column: Column, source: str, sql_type: str, layout: Layout, dialect: Dialect) -> str:
    """Return the SQL that rules look at: the contract's `column`, but for money as it is before it is rounded."""
    if column.kind == "money":
        return _number(dialect.quote(source), sql_type, layout, dialect)
    return typed(column, source, sql_type, layout, dialect)


def checks_of(
    column: Column, source: str, sql_type: str, *, value: str, layout: Layout, dialect: Dialect
) -> list[Check]:
    """Return the rules that the raw column `source` must keep to be the contract's `column`; `value` is what was read."""
    raw = dialect.quote(source)
    is_quantity = column.kind in ("money", "number", "count")
    checks = []
    if not column.nullable:
        advice = "fill it in, take the row out, or take out empty lines at the end of the file"
        missing = _missing(raw, sql_type) if column.kind == "text" else _where_unread(value, _missing(raw, sql_type))
        checks.append(Check((column.name,), "must not be missing", missing, advice))
    if column.kind == "key":
        checks += _key_checks(column, raw, sql_type)
    elif column.kind != "text":
        rule, advice = _FITS[column.kind]
        given = _where_unread(value, f"NOT ({_missing(raw, sql_type)})")
        checks.append(Check((column.name,), rule, given, advice))
    if is_quantity:
        checks += _range_checks(column, value, layout)
    if column.kind == "money" and sql_type not in _INTEGERS:
        checks.append(_rounding_check(column, value))
    if column.kind == "date":
        checks += _date_checks(raw, value, sql_type, column=column, layout=layout, dialect=dialect)
    return checks


_DUST = "1e-9"  # what binary fractions leave of 0 when they are subtracted, as 0.3 - 0.1 - 0.2 does
_INFINITY = "CAST('Infinity' AS DOUBLE)"
_REFUNDS = 'say negative_amounts = "leave_out" in the layout, or keep refunds in a table of CASES'


def _missing(raw: str, sql_type: str) -> str:
    return f"{raw} IS NULL OR trim({raw}) = ''" if sql_type == "VARCHAR" else f"{raw} IS NULL"


def _where_unread(value: str, condition: str) -> str:
    """Return a condition that is looked at only where nothing was read, which saves its cost elsewhere."""
    return f"CASE WHEN {value} IS NULL THEN {condition} ELSE false END"


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
    if not _is_fractional(sql_type):
        return []
    advice = "cast it to whole numbers or to text, so that 7 and 7.0 are one customer"
    return [Check((column.name,), "must be whole numbers or text", f"{raw} IS NOT NULL", advice)]


def _range_checks(column: Column, number: str, layout: Layout) -> list[Check]:
    is_finite = f"abs({number}) < {_INFINITY}"  # not so for NaN either, which SQL takes for the greatest number
    found = [("must be finite", f"NOT ({is_finite})", "leave the cell empty where there is no value")]
    is_amount = column.name == "amount"
    if column.minimum is not None and not (is_amount and layout.negative_amounts == "leave_out"):
        words = "must be zero or more" if column.minimum == 0 else f"must be {column.minimum:g} or more"
        found.append((words, f"{is_finite} AND {number} < {column.minimum!r}", _REFUNDS if is_amount else ""))
    if column.above is not None:
        found.append((f"must be above {column.above:g}", f"{is_finite} AND {number} <= {column.above!r}", ""))
    if column.below is not None:
        found.append((f"must be below {column.below:g}", f"{is_finite} AND {number} >= {column.below!r}", ""))
    if column.kind == "count":
        found.append(("must be a whole number", f"{is_finite} AND {number} <> floor({number})", ""))
    if column.kind == "money":
        found.append(("must be below 10^14", f"{is_finite} AND abs({number}) >= 1e14", ""))
    return [Check((column.name,), rule, breach, advice) for rule, breach, advice in found]


def _rounding_check(column: Column, number: str) -> Check:
    """Return the rule on amounts too small for four decimals: below 0.01, since rounding changes them by 0.00005 at most."""
    rule = "must not change by more than 0.5 % when it is rounded to four decimals"
    change = f"abs({number} - round({number}, 4)) > 0.005 * abs({number})"
    breach = f"abs({number}) < 0.01 AND abs({number}) > {_DUST} AND {change}"
    return Check((column.name,), rule, breach, "give it in a smaller unit of money, say cents or per thousand")


def _date_checks(
    raw: str, value: str, sql_type: str, *, column: Column, layout: Layout, dialect: Dialect
) -> list[Check]:
    bounds = f"{value} NOT BETWEEN TIMESTAMP '1900-01-01' AND TIMESTAMP '2200-01-01'"
    checks = [Check((column.name,), "must lie between 1900 and 2200", bounds, "leave an open end empty")]
    if sql_type == "VARCHAR" and layout.date_format is None:
        has_zone = " OR ".join(f"{raw} LIKE '%:%{sign}%'" for sign in "Z+-")  # true enough of what was read as a date
        zoned, naive = f"({has_zone}) AND {value} IS NOT NULL", f"NOT ({has_zone}) AND {value} IS NOT NULL"
        rule = "must carry a time zone in every row or in none"
        checks.append(Check((column.name,), rule, naive, "write all with a zone or all without", unless=zoned))
    return checks

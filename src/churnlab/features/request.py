"""What is asked of a snapshot, and whether it can be had."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from churnlab.errors import DataError, ParameterError
from churnlab.features.dialects import DIALECTS
from churnlab.features.expressions import refuse_unsafe
from churnlab.features.feature import Feature
from churnlab.features.grains import Cut
from churnlab.features.history import require_covered, to_cut
from churnlab.features.units import require_whole
from churnlab.tables import Table, require_table

__all__ = ["Asked", "check", "choose"]

Asked = Feature | str | Iterable[Feature]

_MADE = {"age", "weekday", "hour", "resolved_age", "days_to_order"}
"""What a table with dates gets; SQL knows no capitals, so that a column `Age` would be taken for it."""


def choose(asked: Sequence[Asked], known: tuple[Feature, ...], kind: str) -> tuple[Feature, ...]:
    """Return the features that are asked for: features, what builders return, or names of known ones.

    Parameters
    ----------
    asked
        What the user gave.
    known
        Features that have names.
    kind
        What to call them in messages.

    Raises
    ------
    ParameterError
        If a name is unknown or stands twice, or it is no list.
    """
    if isinstance(asked, str | Feature):
        raise ParameterError(f"`{kind}s` must be a list, as in [{_shown(asked)}].")
    by_name = {feature.name: feature for feature in known}
    found: list[Feature] = []
    for part in asked:
        if isinstance(part, str):
            found.append(_named(part, by_name, kind))
        elif isinstance(part, Feature):
            found.append(part)
        elif isinstance(part, Iterable):
            found.extend(part)
        else:
            raise ParameterError(f"`{kind}s` takes features, what builders return, and names, but not {part!r}.")
    names = [feature.name for feature in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError(
            f"There are two {kind}s named {', '.join(map(repr, twice))}. Try: features.renamed(…, 'prefix_')."
        )
    return tuple(found)


def _shown(asked: str | Feature) -> str:
    return repr(asked) if isinstance(asked, str) else asked.name


def _named(name: str, known: Mapping[str, Feature], kind: str) -> Feature:
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}."
    raise ParameterError(f"There is no {kind} {name!r}: {hint}")


def check(
    tables: Mapping[str, Table],
    features: tuple[Feature, ...],
    targets: tuple[Feature, ...],
    cut: Cut,
    observed_until: str | date | None,
) -> None:
    """Refuse a snapshot that cannot be made: from its tables, its columns, its expressions, its dates.

    Parameters
    ----------
    tables
        By name.
    features, targets
        What is asked for.
    cut
        Where time is cut.
    observed_until
        The day up to which the orders are complete, if it is known.

    Raises
    ------
    DataError
        If a table or column is missing, or the orders do not cover the dates.
    ParameterError
        If a number is out of range or an expression is not allowed.
    """
    _check_numbers(cut, targets)
    for table in dict.fromkeys(["orders", *(f.table for f in features if f.grain != "customer")]):
        if table not in tables:
            asking = [f.name for f in features if f.table == table][:3] or ["the customers themselves"]
            raise DataError(
                f"There is no table {table!r}, which {', '.join(asking)} needs. Try: tables={{{table!r}: …}}."
            )
    require_table(tables["orders"], "ORDERS")
    _check_keys(tables)
    _check_known(tables, cut.known)
    for name, given in tables.items():
        taken = [column for column in given.columns if column.lower() in _MADE and "date" in given.columns]
        if taken:
            raise DataError(
                f"{given.label} ({name}) has a column {taken[0]!r}, which here is made from `date`. Rename yours."
            )
    refuse_unsafe(features, targets, {name: table.columns for name, table in tables.items()})
    to_cut(tables["orders"], cut.as_of, observed_until)
    if targets:
        require_covered(tables["orders"], cut.end, observed_until)


def _check_keys(tables: Mapping[str, Table]) -> None:
    """Refuse keys that are numbers in one table and text in another, of which none would be found again."""
    kinds: dict[bool, str] = {}
    for name, table in tables.items():
        if not isinstance(table, Table):
            raise ParameterError(f"The table {name!r} must be what tables.read returns, not a {type(table).__name__}.")
        types = table.engine.types(table.view)
        for key in {"customer_id", "referred_by"} & types.keys():
            kinds.setdefault(types[key] == "VARCHAR", f"`{key}` of {name}")
    if len(kinds) > 1:
        raise DataError(
            f"{kinds[True]} is text and {kinds[False]} is numbers, so that customers cannot be matched. Give both as text."
        )


def _check_known(tables: Mapping[str, Table], known: Mapping[str, str]) -> None:
    for name, column in known.items():
        if name not in tables:
            raise ParameterError(f"`known` names the table {name!r}, but there are {', '.join(tables)}.")
        if column not in tables[name].columns:
            raise DataError(f"`known` names the column {column!r}, but {name} has {', '.join(tables[name].columns)}.")
        _check_moments(tables[name], column)


def _check_moments(table: Table, column: str) -> None:
    """Refuse a column that is no time in some rows: these would be left out unseen."""
    quoted = DIALECTS[table.engine.dialect].quote(column)
    kind = table.engine.types(table.view)[column]
    if not kind.startswith(("DATE", "TIMESTAMP", "VARCHAR")):
        raise DataError(f"`known` names the column {column!r} of {table.label}, which holds {kind}, not times.")
    wrong, example = table.engine.rows(
        f"SELECT count(*), min(CAST({quoted} AS STRING)) FROM {table.view} WHERE TRY_CAST({quoted} AS TIMESTAMP) IS NULL"
    )[0]
    if wrong:
        found = f"for example {example!r}" if example is not None else "it is empty"
        raise DataError(
            f"`known` names the column {column!r} of {table.label}, which in {wrong:,} of {table.n:,} rows is no time as in "
            f"2024-12-31 23:59:59 ({found}). Fill it in; what never became known is better left out with where(…)."
        )


def _check_numbers(cut: Cut, targets: tuple[Feature, ...]) -> None:
    require_whole("horizon", cut.horizon, least=0)
    require_whole("gap", cut.gap, least=0)
    if targets and cut.horizon == 0:
        raise ParameterError("Targets take a window: `horizon` must be above 0 days.")

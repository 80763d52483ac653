"""Lets through only expressions that see their own table's rows and no clock, by the engine's own parser."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import duckdb

from churnlab.errors import DataError, ParameterError
from churnlab.features.feature import Feature

__all__ = ["refuse_unsafe"]

_MADE = {
    "row": {"age", "weekday", "hour", "resolved_age"},
    "day": {"age", "amount", "lines", "gap"},
    "followed": {"age", "weekday", "hour", "resolved_age", "days_to_order"},
    "referred": {"age"},
    "value": {"value", "n", "most", "total", "first_age", "oldest"},
}
_FROM = {"age": "date", "weekday": "date", "hour": "date", "resolved_age": "resolved"}
"""What a column of a row is made from: in a table without it there is none."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@cache
def _unsteady() -> frozenset[str]:
    """Return the functions whose value does not follow from their arguments, by the engine's own catalogue."""
    rows = duckdb.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
    ).fetchall()
    return frozenset(name for (name,) in rows)


def refuse_unsafe(
    features: Iterable[Feature], targets: Iterable[Feature], columns: Mapping[str, Iterable[str]]
) -> None:
    """Refuse what an expression must not do: read other tables, other columns or a clock, or be more than one.

    Parameters
    ----------
    features, targets
        What is to be computed.
    columns
        Names of each table's columns.

    Raises
    ------
    ParameterError
        If an expression does not parse or does what it must not; it names the feature and the word.
    DataError
        If it names a column that its table does not have.
    """
    features, targets = list(features), list(targets)
    plain = {feature.name for feature in features if feature.grain != "customer"}
    for feature in features:
        if feature.grain == "customer":
            allowed = plain | {"customer_id"}
        else:
            own = set(columns[feature.table])
            allowed = _MADE[feature.grain]
            if feature.grain in ("row", "followed"):
                allowed = {name for name in allowed if _FROM.get(name, "customer_id") in own} | own
            if feature.grain == "referred" and "referred_by" not in own:
                raise _lacking(feature, "referred_by", own)
            if feature.grain == "value" and (feature.by not in own or not _NAME.fullmatch(feature.by)):
                raise _lacking(feature, feature.by, own)
        _check(feature, allowed)
    for target in targets:
        _check(target, {"amount", "ahead"})


def _check(feature: Feature, allowed: set[str]) -> None:
    if not _NAME.fullmatch(feature.name):
        raise ParameterError(f"A feature's name is letters, digits and _, but {feature.name!r} is not.")
    for text in (feature.expression, feature.otherwise):
        tree = _parse(feature, text)
        for node in _nodes(tree):
            _check_node(feature, node, allowed)


def _parse(feature: Feature, text: str) -> Any:
    answer = json.loads(
        duckdb.execute("SELECT json_serialize_sql(?::VARCHAR)", [f"SELECT ({text}) FROM t"]).fetchall()[0][0]
    )
    if answer["error"]:
        raise ParameterError(f"The expression of {feature.name!r} is no SQL expression: {answer['error_message']}.")
    if len(answer["statements"]) != 1:
        raise ParameterError(f"The expression of {feature.name!r} is more than one statement.")
    node = answer["statements"][0]["node"]
    if (
        node.get("type") != "SELECT_NODE"
        or len(node["select_list"]) != 1
        or node["from_table"].get("table_name") != "t"
    ):
        raise ParameterError(f"The expression of {feature.name!r} is more than one expression.")
    if node["select_list"][0].get("function_name") == "row":
        raise ParameterError(f"The expression of {feature.name!r} is more than one expression.")
    return node["select_list"][0]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _check_node(feature: Feature, node: Mapping[str, Any], allowed: set[str]) -> None:
    kind = node.get("class")
    if kind == "SUBQUERY":
        raise ParameterError(f"The expression of {feature.name!r} must not hold a query of its own.")
    if kind == "STAR" and node.get("type") != "STAR":
        raise ParameterError(f"The expression of {feature.name!r} must name its columns.")
    if kind == "FUNCTION":
        name = node["function_name"].lower()
        if name in _unsteady() or (name == "age" and len(node["arguments"]) == 1):
            raise ParameterError(f"The expression of {feature.name!r} must not use a clock or chance: {name}.")
    if kind == "COLUMN_REF":
        name = ".".join(node["column_names"])
        if name.lower() in _unsteady():
            raise ParameterError(f"The expression of {feature.name!r} must not use a clock or chance: {name}.")
        if name not in allowed:
            raise _lacking(feature, name, allowed)


def _lacking(feature: Feature, name: str, allowed: set[str]) -> DataError:
    return DataError(
        f"The feature {feature.name!r} names the column {name!r}, but of {feature.table} it may name only "
        f"{', '.join(sorted(allowed))}."
    )

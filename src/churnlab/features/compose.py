"""Composes the SQL of a snapshot: one readable text from the features' named expressions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from churnlab.features.dialects import Dialect
from churnlab.features.feature import Feature
from churnlab.features.grains import Cut, ahead_sql, days_sql, followed_sql, referred_sql, seen_sql, values_sql
from churnlab.features.units import require_whole

__all__ = ["Population", "compose"]


@dataclass(frozen=True, kw_only=True)
class Population:
    """Who is in a snapshot, decided from history alone.

    Attributes
    ----------
    within
        Only customers with an order in the last so many days before as_of.
    first_before
        Only customers who first ordered at least so many days before as_of.
    """

    within: int | None = None
    first_before: int | None = None

    def __post_init__(self) -> None:
        for name in ("within", "first_before"):
            if getattr(self, name) is not None:
                require_whole(name, getattr(self, name))

    @property
    def condition(self) -> str:
        """SQL on the customer's days with an order."""
        parts = [
            "" if self.within is None else f"min(age) <= {self.within}",
            "" if self.first_before is None else f"max(age) >= {self.first_before}",
        ]
        return " AND ".join(filter(None, parts))


def compose(
    views: Mapping[str, str],
    columns: Mapping[str, Iterable[str]],
    *,
    features: tuple[Feature, ...],
    targets: tuple[Feature, ...],
    cut: Cut,
    population: Population,
    dialect: Dialect,
) -> str:
    """Return the SQL of a snapshot.

    Parameters
    ----------
    views
        Name of each table on the engine.
    columns
        Names of each table's columns.
    features, targets
        What to compute.
    cut
        Where time is cut.
    population
        Who is in it.
    dialect
        Of the engine.

    Returns
    -------
    str
        One statement: a chain of named steps, and one row per customer in order of `customer_id`.
    """
    steps = {}
    for table in dict.fromkeys(["orders", *(f.table for f in features if f.grain != "customer")]):
        steps[f"{table}_seen"] = seen_sql(table, views[table], columns[table], cut, dialect)
    steps["orders_days"] = days_sql(features)
    steps["base"] = _aggregate("orders_days", _of(features, "orders", "day"), population.condition)
    joins = []
    for (table, grain, by), group in _groups(features).items():
        source, name = f"{table}_seen", f"{table}_rows"
        if grain == "value":
            source, name = f"values_of_{table}_{by}", f"{table}_by_{by}"
            steps[source] = values_sql(table, by, dialect)
        elif grain == "followed":
            source, name = f"{table}_followed", f"{table}_followed_rows"
            steps[source] = followed_sql(table)
        elif grain == "referred":
            source, name = "referred", "referred_rows"
            steps[source] = referred_sql(views, columns, cut, dialect)
        steps[name] = _aggregate(source, group, "")
        joins.append(name)
    if targets:
        steps["ahead"] = ahead_sql(views["orders"], cut, dialect)
        steps["targets"] = _aggregate("ahead", targets, "")
        joins.append("targets")
    plain = tuple(feature for feature in features if feature.grain != "customer")
    steps["joined"] = _joined(plain + targets, joins)
    derived = [f"{feature.expression} AS {feature.name}" for feature in features if feature.grain == "customer"]
    order = [feature.name for feature in (*features, *targets)]
    return _text(steps, derived, order, [feature.name for feature in plain + targets])


def _groups(features: tuple[Feature, ...]) -> dict[tuple[str, str, str], tuple[Feature, ...]]:
    keys = dict.fromkeys(
        (f.table, f.grain, f.by)
        for f in features
        if f.grain != "customer" and not (f.table == "orders" and f.grain == "day")
    )
    return {key: tuple(f for f in features if (f.table, f.grain, f.by) == key) for key in keys}


def _of(features: tuple[Feature, ...], table: str, grain: str) -> tuple[Feature, ...]:
    return tuple(feature for feature in features if feature.table == table and feature.grain == grain)


def _aggregate(source: str, features: tuple[Feature, ...], condition: str) -> str:
    columns = ",\n        ".join(["customer_id", *(f"{feature.expression} AS {feature.name}" for feature in features)])
    having = f"\n    HAVING {condition}" if condition else ""
    return f"SELECT\n        {columns}\n    FROM {source}\n    GROUP BY customer_id{having}"


def _joined(features: tuple[Feature, ...], joins: list[str]) -> str:
    columns = ",\n        ".join(["base.customer_id", *map(_filled, features)])
    lines = "".join(f"\n    LEFT JOIN {name} ON {name}.customer_id = base.customer_id" for name in joins)
    return f"SELECT\n        {columns}\n    FROM base{lines}"


def _filled(feature: Feature) -> str:
    return (
        feature.name
        if feature.otherwise == "NULL"
        else f"coalesce({feature.name}, {feature.otherwise}) AS {feature.name}"
    )


def _text(steps: Mapping[str, str], derived: list[str], order: list[str], plain: list[str]) -> str:
    chain = ",\n".join(f"{name} AS (\n    {body}\n)" for name, body in steps.items())
    made = dict(zip([text.rsplit(" AS ", 1)[1] for text in derived], derived, strict=True))
    columns = ",\n    ".join(["customer_id", *(made.get(name, name) for name in order)])
    return f"WITH\n{chain}\nSELECT\n    {columns}\nFROM joined\nORDER BY customer_id"

"""Composes the SQL of a snapshot: one readable text from the features' named expressions."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from churnlab.features.dialects import Dialect
from churnlab.features.feature import Feature

__all__ = ["Cut", "Population", "compose"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Columns of other names cannot be named in an expression, and are left where they are."""


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

    @property
    def condition(self) -> str:
        """SQL on the customer's days with an order."""
        parts = [
            "" if self.within is None else f"min(age) <= {self.within}",
            "" if self.first_before is None else f"max(age) >= {self.first_before}",
        ]
        return " AND ".join(filter(None, parts))


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Where time is cut: features before as_of, targets in [as_of + gap, as_of + gap + horizon), in days."""

    as_of: date
    horizon: int = 0
    gap: int = 0
    known: Mapping[str, str] = field(default_factory=dict)
    bucket: tuple[int, int] | None = None

    @property
    def start(self) -> date:
        """First day of the targets' window."""
        return self.as_of + timedelta(days=self.gap)

    @property
    def end(self) -> date:
        """The day after the last of the targets' window."""
        return self.start + timedelta(days=self.horizon)


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
        steps[f"{table}_seen"] = _seen(table, views[table], columns[table], cut, dialect)
    steps["orders_days"] = _days(features)
    steps["base"] = _aggregate("orders_days", _of(features, "orders", "day"), population.condition)
    joins = []
    for (table, grain, by), group in _groups(features).items():
        source, name = f"{table}_seen", f"{table}_rows"
        if grain == "value":
            source, name = f"values_of_{table}_{by}", f"{table}_by_{by}"
            steps[source] = _values(table, by, dialect)
        steps[name] = _aggregate(source, group, "")
        joins.append(name)
    if targets:
        steps["ahead"] = _ahead(views["orders"], cut, dialect)
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


def _seen(table: str, view: str, columns: Iterable[str], cut: Cut, dialect: Dialect) -> str:
    """Return the one place where history is cut: rows before as_of, and known before it."""
    names = set(columns)
    extra, conditions = [], []
    if "date" in names:
        day = "CAST(date AS DATE)"
        extra += [
            f"{dialect.days(_date(cut.as_of), day)} AS age",
            f"{dialect.weekday(day)} AS weekday",
            "hour(date) AS hour",
        ]
        conditions.append(f"date < {_timestamp(cut.as_of)}")
    if "resolved" in names:
        age = dialect.days(_date(cut.as_of), "CAST(resolved AS DATE)")
        extra.append(f"CASE WHEN resolved < {_timestamp(cut.as_of)} THEN {age} END AS resolved_age")
    if table in cut.known:
        conditions.append(f"{cut.known[table]} < {_timestamp(cut.as_of)}")
    conditions += _bucket(cut, dialect)
    kept = [dialect.quote(name) for name in columns if _PLAIN.fullmatch(name) and name != "resolved"]
    where = f"\n    WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join([*kept, *extra])}\n    FROM {view}{where}"


def _bucket(cut: Cut, dialect: Dialect) -> list[str]:
    if cut.bucket is None:
        return []
    number, count = cut.bucket
    return [f"{dialect.bucket('customer_id', count)} = {number}"]


def _days(features: tuple[Feature, ...]) -> str:
    days = "SELECT customer_id, age, sum(amount) AS amount, count(*) AS lines\n    FROM orders_seen\n    GROUP BY customer_id, age"
    if not any("gap" in feature.expression for feature in features if feature.grain == "day"):
        return days
    gap = "lag(age) OVER (PARTITION BY customer_id ORDER BY age DESC) - age AS gap"
    return f"SELECT *, {gap}\n    FROM (\n    {days}\n    )"


def _values(table: str, by: str, dialect: Dialect) -> str:
    column = dialect.quote(by)
    counted = (
        f"SELECT customer_id, {column} AS value, count(*) AS n, max(age) AS first_age\n"
        f"        FROM {table}_seen WHERE {column} IS NOT NULL\n        GROUP BY customer_id, {column}"
    )
    over = "OVER (PARTITION BY customer_id)"
    return (
        f"SELECT *, max(n) {over} AS most, sum(n) {over} AS total, max(first_age) {over} AS oldest\n"
        f"    FROM (\n        {counted}\n    )"
    )


def _ahead(view: str, cut: Cut, dialect: Dialect) -> str:
    conditions = [f"date >= {_timestamp(cut.start)}", f"date < {_timestamp(cut.end)}", *_bucket(cut, dialect)]
    ahead = dialect.days("CAST(date AS DATE)", _date(cut.start))
    return f"SELECT customer_id, amount, {ahead} AS ahead\n    FROM {view}\n    WHERE {' AND '.join(conditions)}"


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


def _date(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def _timestamp(day: date) -> str:
    return f"TIMESTAMP '{day.isoformat()} 00:00:00'"

"""The rows that features are taken over: cut at as_of, one step of the query for each grain."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from churnlab.features.dialects import Dialect
from churnlab.features.feature import Feature

__all__ = ["Cut", "ahead_sql", "days_sql", "followed_sql", "referred_sql", "seen_sql", "values_sql"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Columns of other names cannot be named in an expression, and are left where they are."""


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


def seen_sql(table: str, view: str, columns: Iterable[str], cut: Cut, dialect: Dialect) -> str:
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
        conditions.append(f"{dialect.moment(cut.known[table])} < {_timestamp(cut.as_of)}")
    conditions += _bucket(cut, dialect)
    kept = [dialect.quote(name) for name in columns if _PLAIN.fullmatch(name) and name != "resolved"]
    where = f"\n    WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join([*kept, *extra])}\n    FROM {view}{where}"


def _bucket(cut: Cut, dialect: Dialect, key: str = "customer_id") -> list[str]:
    if cut.bucket is None:
        return []
    number, count = cut.bucket
    return [f"{dialect.bucket(key, count)} = {number}"]


def days_sql(features: Iterable[Feature]) -> str:
    """Return the customers' days with an order, with the gap to the day before if a feature asks for it."""
    days = "SELECT customer_id, age, sum(amount) AS amount, count(*) AS lines\n    FROM orders_seen\n    GROUP BY customer_id, age"
    if not any("gap" in feature.expression for feature in features if feature.grain == "day"):
        return days
    gap = "lag(age) OVER (PARTITION BY customer_id ORDER BY age DESC) - age AS gap"
    return f"SELECT *, {gap}\n    FROM (\n    {days}\n    )"


def values_sql(table: str, by: str, dialect: Dialect) -> str:
    """Return the values of a column that each customer has, with how often."""
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


def followed_sql(table: str) -> str:
    """Return the rows of a table, each with the days from it to the customer's next order, 0 on the same day.

    The next order is found by one sort of rows and orders together: to join each row with all later orders takes the
    product of their numbers.
    """
    return f"""SELECT {table}_seen.*, {table}_seen.age - next_order.order_age AS days_to_order
    FROM {table}_seen
    LEFT JOIN (
        SELECT DISTINCT customer_id, age, max(order_age) OVER (PARTITION BY customer_id ORDER BY age) AS order_age
        FROM (
            SELECT customer_id, age, CAST(NULL AS BIGINT) AS order_age FROM {table}_seen
            UNION ALL
            SELECT customer_id, age, age AS order_age FROM orders_days
        )
    ) AS next_order ON next_order.customer_id = {table}_seen.customer_id AND next_order.age = {table}_seen.age"""


def referred_sql(views: Mapping[str, str], columns: Mapping[str, Iterable[str]], cut: Cut, dialect: Dialect) -> str:
    """Return the customers whom another one brought and who have ordered, with the age of their first order."""
    whole = replace(cut, bucket=None)  # whom a customer brought may be in another group of customers
    orders, people = (seen_sql(name, views[name], columns[name], whole, dialect) for name in ("orders", "customers"))
    where = (
        f"\n    WHERE {condition}" if (condition := " AND ".join(_bucket(cut, dialect, "people.referred_by"))) else ""
    )
    return f"""SELECT people.referred_by AS customer_id, arrived.age
    FROM (
        {people}
    ) AS people
    JOIN (
        SELECT customer_id, max(age) AS age
        FROM (
            {orders}
        )
        GROUP BY customer_id
    ) AS arrived ON arrived.customer_id = people.customer_id{where}"""


def ahead_sql(view: str, cut: Cut, dialect: Dialect) -> str:
    """Return the orders in the window of the targets."""
    conditions = [f"date >= {_timestamp(cut.start)}", f"date < {_timestamp(cut.end)}", *_bucket(cut, dialect)]
    ahead = dialect.days("CAST(date AS DATE)", _date(cut.start))
    return f"SELECT customer_id, amount, {ahead} AS ahead\n    FROM {view}\n    WHERE {' AND '.join(conditions)}"


def _date(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def _timestamp(day: date) -> str:
    return f"TIMESTAMP '{day.isoformat()} 00:00:00'"

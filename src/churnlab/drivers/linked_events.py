"""What customers did, as SQL: orders, returns and referrals, counted before a day and in the window after it."""

from churnlab.errors import DataError, ParameterError
from churnlab.features.dialects import DIALECTS
from churnlab.tables import Table

__all__ = ["LinkedTables", "count_sql", "require_joined"]


class LinkedTables:
    """Where orders, returns and referrals are."""

    def __init__(self, orders: Table, cases: Table | None, customers: Table | None) -> None:
        require_joined(orders, "customer_id", "date", "amount")
        given = [table for table in (orders, cases, customers) if table is not None]
        if any(table.engine is not orders.engine for table in given):
            raise DataError("The tables are on different engines. Try: read them on one.")
        if cases is not None:
            require_joined(cases, "customer_id", "date", "kind")
        if customers is not None:
            require_joined(customers, "customer_id", "referred_by")
        self.orders, self.cases, self.customers = orders, cases, customers
        self._day = DIALECTS[orders.engine.dialect].days("CAST(date AS DATE)", "DATE '1970-01-01'")

    def events(self) -> dict[str, str]:
        """Return for each kind of event the SQL of `customer, day, amount`."""
        orders, key = self.orders.view, "CAST(customer_id AS STRING)"
        found = {
            "orders": f"SELECT {key} AS customer, {self._day} AS day, sum(amount) AS amount\n"
            f"FROM {orders} GROUP BY 1, 2"
        }
        if self.cases is not None:
            found["returns"] = (
                f"SELECT {key} AS customer, {self._day} AS day, 0.0 AS amount\n"
                f"FROM {self.cases.view} WHERE lower(kind) = 'return'"
            )
        if self.customers is not None:
            first = f"SELECT {key} AS brought, min({self._day}) AS day FROM {orders} GROUP BY 1"
            found["referrals"] = (
                "SELECT CAST(referred_by AS STRING) AS customer, first_order.day, 0.0 AS amount\n"
                f"FROM {self.customers.view} AS who JOIN ({first}) AS first_order\n"
                "ON CAST(who.customer_id AS STRING) = first_order.brought WHERE referred_by IS NOT NULL"
            )
        return found


def count_sql(kind: str, asked: str, events: str, horizon: int) -> str:
    """Return the SQL that counts events before each day, and in its window."""
    before, ahead = "event.day < asked.day", f"event.day >= asked.start AND event.day < asked.start + {int(horizon)}"
    columns = [
        f"count(CASE WHEN {before} THEN 1 END) AS past_{kind}",
        f"count(CASE WHEN {ahead} THEN 1 END) AS {kind}_ahead",
    ]
    if kind == "orders":
        columns += [
            f"CAST(coalesce(sum(CASE WHEN {before} THEN event.amount END), 0) AS DOUBLE) AS past_amount",
            f"CAST(coalesce(sum(CASE WHEN {ahead} THEN event.amount END), 0) AS DOUBLE) AS amount_ahead",
            f"asked.day - max(CASE WHEN {before} THEN event.day END) AS recency_days",
            f"asked.day - min(CASE WHEN {before} THEN event.day END) AS tenure_days",
        ]
    return (
        f"SELECT asked.customer, asked.day, asked.start, {', '.join(columns)}\n"
        f"FROM {asked} AS asked LEFT JOIN ({events}) AS event ON event.customer = asked.customer\n"
        "GROUP BY asked.customer, asked.day, asked.start"
    )


def require_joined(table: Table, *names: str) -> None:
    """Refuse what is no table, or lacks a column that joining needs.

    Raises
    ------
    DataError
        If a column is not there.
    ParameterError
        If it is no table.
    """
    if not isinstance(table, Table):
        raise ParameterError(f"A table is needed, not a {type(table).__name__}. Try: tables.read(…).")
    absent = [name for name in names if name not in table.columns]
    if absent:
        raise DataError(f"{table.label} has no column `{absent[0]}`, which joining with orders needs.")

"""What differs between engines in the SQL of a snapshot: next to nothing."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from churnlab.engines import quote_name

__all__ = ["DIALECTS", "Dialect"]


class Dialect:
    """How an engine says the few things that engines say differently.

    Each takes and returns SQL text. Everything else in a snapshot's SQL means the same on all engines.
    """

    name = "duckdb"

    def quote(self, name: str) -> str:
        """Return `name` as an identifier."""
        return quote_name(name)

    def moment(self, column: str) -> str:
        """Return a column of dates, times, or text in ISO 8601 as a timestamp."""
        return f"CAST({self.quote(column)} AS TIMESTAMP)"

    def days(self, later: str, earlier: str) -> str:
        """Return the whole days between two dates."""
        return f"date_diff('day', {earlier}, {later})"

    def weekday(self, date: str) -> str:
        """Return the day of the week, 1 for Monday to 7 for Sunday."""
        return f"isodow({date})"

    def bucket(self, key: str, count: int) -> str:
        """Return a whole number from 0 to count - 1 that is the same for the same key."""
        return f"hash({key}) % {count}"

    def row_hash(self, columns: Iterable[str]) -> str:
        """Return a number made from all columns of a row."""
        return f"hash({', '.join(map(self.quote, columns))})"


class SparkDialect(Dialect):
    """How Spark says it."""

    name = "spark"

    def quote(self, name: str) -> str:
        """Return `name` as an identifier."""
        return "`" + name.replace("`", "``") + "`"

    def days(self, later: str, earlier: str) -> str:
        """Return the whole days between two dates."""
        return f"datediff({later}, {earlier})"

    def weekday(self, date: str) -> str:
        """Return the day of the week, 1 for Monday to 7 for Sunday."""
        return f"(weekday({date}) + 1)"

    def bucket(self, key: str, count: int) -> str:
        """Return a whole number from 0 to count - 1 that is the same for the same key."""
        return f"pmod(xxhash64({key}), {count})"

    def row_hash(self, columns: Iterable[str]) -> str:
        """Return a number made from all columns of a row."""
        return f"xxhash64({', '.join(map(self.quote, columns))})"


DIALECTS: Mapping[str, Dialect] = MappingProxyType({"duckdb": Dialect(), "spark": SparkDialect()})

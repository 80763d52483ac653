"""Runs SQL on DuckDB, inside this process."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from itertools import count
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import duckdb
import pandas as pd

from churnlab.engines.quoting import quote_text
from churnlab.errors import ParameterError
from churnlab.progress import somebody_waits

__all__ = ["DuckDBEngine", "default_engine"]

_numbers = count(1)


class DuckDBEngine:
    """Runs SQL on one DuckDB connection.

    Parameters
    ----------
    connection
        A connection of your own; by default a new one in memory, in UTC.
    memory
        How much of it a new connection may take, as ``"2GB"``; what does not fit goes to the disk for a while.

    Raises
    ------
    ParameterError
        If `memory` is no amount of memory, or given beside a connection.

    Examples
    --------
    >>> DuckDBEngine().rows("SELECT 1 + 1")
    [(2,)]
    """

    dialect = "duckdb"
    failure = duckdb.Error

    def __init__(self, connection: duckdb.DuckDBPyConnection | None = None, *, memory: str | None = None) -> None:
        if connection is None:
            connection = _connect(memory)
        elif memory is not None:
            raise ParameterError("Give `memory` or a connection of your own, not both.")
        self._connection: duckdb.DuckDBPyConnection | None = connection
        self._query: Callable[[str], duckdb.DuckDBPyRelation] = connection.sql

    @classmethod
    def of_relation(cls, relation: duckdb.DuckDBPyRelation) -> "DuckDBEngine":
        """Return an engine on the connection that `relation` already lives in, so that nothing is copied."""
        engine = cls.__new__(cls)
        engine._connection = None
        engine._query = partial(relation.query, "_churnlab_anchor")  # type: ignore[assignment]  # None only for DDL
        return engine

    def create_view(self, sql: str) -> str:
        """Give a query a name of its own, and return the name."""
        name = f"churnlab_{next(_numbers)}"
        self._query(f"CREATE TEMP VIEW {name} AS {sql}")
        return name

    def register(self, data: Any) -> str:
        """Give a pandas frame or an Arrow stream a name of its own, and return the name."""
        if self._connection is None:
            raise TypeError("an engine made from a relation holds that relation alone")
        name = f"churnlab_{next(_numbers)}"
        self._connection.register(name, data)
        return name

    def drop(self, name: str) -> None:
        """Forget a view or a registered frame."""
        with suppress(duckdb.ConnectionException):  # a connection that its owner closed has forgotten all by itself
            self._query(f"DROP VIEW IF EXISTS {name}")

    def types(self, name: str) -> dict[str, str]:
        """Return the SQL type of each column of a view, in order."""
        relation = self._query(f"SELECT * FROM {name} LIMIT 0")
        return {column: str(kind) for column, kind in zip(relation.columns, relation.types, strict=True)}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        return self._query(sql).fetchall()

    def frame(self, sql: str) -> pd.DataFrame:
        """Run a query and return its result as a pandas frame."""
        result: pd.DataFrame = self._query(sql).df()
        return result

    def write(self, sql: str, path: Path) -> None:
        """Run a query and write its result to a Parquet file."""
        self._query(sql).write_parquet(str(path), compression="zstd")


def _connect(memory: str | None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    connection.execute("SET TimeZone = 'UTC'")
    with suppress(duckdb.Error):  # in a notebook its bar needs ipywidgets
        connection.execute(f"SET enable_progress_bar = {somebody_waits()}")  # of queries of more than two seconds
    if memory is not None:
        overflow = Path(gettempdir()) / f"churnlab-{os.getpid()}"
        connection.execute(f"SET temp_directory = {quote_text(str(overflow))}")
        try:
            connection.execute(f"SET memory_limit = {quote_text(memory)}")
        except duckdb.Error:
            raise ParameterError(f"`memory` must be an amount such as '2GB', not {memory!r}.") from None
    return connection


@cache
def default_engine() -> DuckDBEngine:
    """Return the one engine that tables share unless told otherwise, so that they can be joined.

    The environment's ``CHURNLAB_MEMORY``, such as ``2GB``, is its limit of memory.
    """
    return DuckDBEngine(memory=os.environ.get("CHURNLAB_MEMORY"))

"""Runs SQL on Spark, in a session of yours."""

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["SparkEngine"]

_numbers = count(1)

_TYPES = {
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    "int": "INTEGER",
}

_IN_FRAMES = {"decimal": "double", "date": "timestamp_ntz"}


class SparkEngine:
    """Runs SQL on a Spark session, whose settings it leaves as they are.

    Two engines on one session are equal, so that tables of both can be joined.

    Parameters
    ----------
    session
        Of Spark 4.0 or newer: ``SparkSession.builder.getOrCreate()``, or the one that a notebook on a cluster has.
    """

    dialect = "spark"

    def __init__(self, session: "SparkSession") -> None:
        self._session = session

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SparkEngine) and self._session is other._session

    def __hash__(self) -> int:
        return hash(id(self._session))

    @property
    def failure(self) -> type[Exception]:
        """What Spark raises where a query cannot be run."""
        from pyspark.errors import PySparkException

        failure: type[Exception] = PySparkException
        return failure

    def create_view(self, sql: str) -> str:
        """Give a query a name of its own, and return the name."""
        return self.register(self._session.sql(sql))

    def register(self, data: Any) -> str:
        """Give a Spark frame a name of its own, and return the name."""
        name = f"churnlab_{next(_numbers)}"
        data.createOrReplaceTempView(name)
        return name

    def drop(self, name: str) -> None:
        """Forget a view."""
        self._session.catalog.dropTempView(name)

    def types(self, name: str) -> dict[str, str]:
        """Return the type of each column of a view, in order and in DuckDB's words."""
        return {column: _TYPES.get(kind, kind.upper()) for column, kind in self._session.table(name).dtypes}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        return [tuple(row) for row in self._session.sql(sql).collect()]

    def frame(self, sql: str) -> pd.DataFrame:
        """Run a query and return its result as a pandas frame; decimals become floats and dates times, as on DuckDB."""
        result = self._session.sql(sql)
        kinds = {column: _IN_FRAMES.get(kind.split("(")[0], kind) for column, kind in result.dtypes}
        casts = [result[column].cast(kind).alias(column) for column, kind in kinds.items()]
        frame: pd.DataFrame = result.select(*casts).toPandas()
        return frame

    def write(self, sql: str, path: Path) -> None:
        """Run a query and write its result to a folder of Parquet files, which Spark must be able to reach."""
        self._session.sql(sql).write.parquet(str(path), compression="zstd")

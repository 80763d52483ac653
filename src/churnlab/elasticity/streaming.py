"""Reads files of prices in pieces, so that data larger than memory can be fitted on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import tables
from churnlab.elasticity.design import Form
from churnlab.elasticity.groups import Group
from churnlab.elasticity.panel import CALENDAR
from churnlab.engines import DuckDBEngine, quote_name
from churnlab.errors import DataError

__all__ = ["Piece", "Stream", "open_stream"]

Array = npt.NDArray[np.float64]

_VECTORS = 512
"""DuckDB's vectors of 2,048 rows that are fetched at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """Some rows: columns of numbers (r, m), and the group of each row for each way to group."""

    columns: Array
    groups: tuple[Group, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """Rows of a file that can be gone through again and again.

    Attributes
    ----------
    names
        Of the columns of numbers.
    group_names, sizes
        Of the ways to group, and how many levels each has.
    n, n_singletons
        Rows that count, and rows alone in a level of an effect, which do not.
    table
        The checked file.
    connection
        Of its own.
    query
        Gives the columns, then the codes.
    """

    names: tuple[str, ...]
    group_names: tuple[str, ...]
    sizes: tuple[int, ...]
    n: int
    n_singletons: int
    table: tables.Table
    connection: duckdb.DuckDBPyConnection
    query: str

    def pieces(self) -> Iterator[Piece]:
        """Yield all the rows, piece by piece."""
        self.connection.execute(self.query)
        finished = False
        try:
            while not finished:
                chunk = self.connection.fetch_df_chunk(_VECTORS)
                finished = len(chunk) == 0
                if not finished:
                    yield self._piece(chunk)
        finally:
            if not finished:  # the caller stopped early, and the connection must be free again
                self.connection.abort()

    def _piece(self, chunk: pd.DataFrame) -> Piece:
        columns = np.empty((len(chunk), len(self.names)), order="F")
        for place in range(len(self.names)):
            columns[:, place] = chunk.iloc[:, place].to_numpy(dtype=np.float64)
        return Piece(columns=columns, groups=tuple(self._group(chunk, place) for place in range(len(self.sizes))))

    def _group(self, chunk: pd.DataFrame, place: int) -> Group:
        codes = chunk.iloc[:, len(self.names) + place].to_numpy().astype(np.intp)
        return Group(name=self.group_names[place], codes=codes, size=self.sizes[place], parts=())


def open_stream(
    path: str | Path, *, controls: tuple[str, ...], form: Form, groups: tuple[str, ...], effects: tuple[str, ...]
) -> Stream:
    """Open files of PRICES to be read in pieces.

    Parameters
    ----------
    path
        Of a file or a glob of files.
    controls
        Columns of numbers.
    form
        Whether price enters by its logarithm.
    groups
        Ways to group rows, the effects among them.
    effects
        Those in whose levels no row may be alone.

    Raises
    ------
    DataError
        If the files break the contract, hold a quantity of 0, or a column is not there, is no number or has empty cells.
    """
    connection = duckdb.connect()
    engine = DuckDBEngine(connection)
    table = tables.read(path, "PRICES", engine=engine)
    names = ("log_quantity", "log_price" if form == "log-log" else "price", *controls)
    _refuse_unusable(table, controls)
    levels = {name: f"churnlab_levels_{place}" for place, name in enumerate(groups)}
    kept, rows = _make_levels(connection, table, levels, effects)
    joins = " ".join(f"JOIN {name} ON {_same(table, group, name)}" for group, name in levels.items())
    numbers = [
        "ln(prices.quantity)",
        "ln(prices.price)" if form == "log-log" else "prices.price",
        *map(_number, controls),
    ]
    codes = [f"{name}.code" for name in levels.values()]
    chosen = ", ".join(f"{text} AS c{place}" for place, text in enumerate([*numbers, *codes]))
    sizes = tuple(int(engine.rows(f"SELECT count(*) FROM {name}")[0][0]) for name in levels.values())
    return Stream(
        names=names,
        group_names=groups,
        sizes=sizes,
        n=rows,
        n_singletons=table.n - rows,
        table=table,
        connection=connection,
        query=f"SELECT {chosen} FROM {kept} {joins}",
    )


def _number(name: str) -> str:
    return f"TRY_CAST(prices.{quote_name(name)} AS DOUBLE)"  # of a CSV file, numbers are text


def _refuse_unusable(table: tables.Table, controls: tuple[str, ...]) -> None:
    lacking = [name for name in controls if name not in table.columns]
    if lacking:
        raise DataError(f"There is no column `{lacking[0]}`. The columns are {', '.join(table.columns)}.")
    texts = [name for name, kind in table.engine.types(table.view).items() if name in controls and "VARCHAR" in kind]
    asked = [
        "count_if(prices.quantity <= 0)",
        *(f"count_if({_number(name)} IS NULL AND prices.{quote_name(name)} IS NOT NULL)" for name in texts),
        *(f"count_if({_number(name)} IS NULL OR NOT isfinite({_number(name)}))" for name in controls),
    ]
    zeros, *counts = table.engine.rows(f"SELECT {', '.join(asked)} FROM {table.view} AS prices")[0]
    if zeros:
        raise DataError(
            f"`quantity` must be above 0 in a model of its logarithm: {zeros:,} of {table.n:,} rows break this. "
            "Try: elasticity.fit_poisson_elasticity, which takes zeros; or leave out periods without a sale."
        )
    for name, count in zip(texts, counts, strict=False):
        if count:
            raise DataError(
                f"`{name}` is not a number: {count:,} of {table.n:,} rows break this. Try: name it among `effects`."
            )
    for name, count in zip(controls, counts[len(texts) :], strict=True):
        if count:
            raise DataError(
                f"`{name}` must be there, and finite: {count:,} of {table.n:,} rows break this. "
                "Try: leave these rows or the column out."
            )


def _parts(table: tables.Table, group: str) -> list[str]:
    """Return the SQL of the columns that a group is made of."""
    names = [group] if group in table.columns else group.split(":")
    unknown = [name for name in names if name not in table.columns and name not in CALENDAR]
    if unknown:
        raise DataError(f"There is no column `{unknown[0]}`. The columns are {', '.join(table.columns)}.")
    return [f"prices.{quote_name(name)}" if name in table.columns else f"{name}(prices.period)" for name in names]


def _keys(table: tables.Table, group: str) -> str:
    return ", ".join(f"{part} AS k{place}" for place, part in enumerate(_parts(table, group)))


def _key_names(table: tables.Table, group: str) -> str:
    return ", ".join(f"k{place}" for place in range(len(_parts(table, group))))


def _same(table: tables.Table, group: str, levels: str) -> str:
    return " AND ".join(f"{levels}.k{place} = {part}" for place, part in enumerate(_parts(table, group)))


def _make_levels(
    connection: duckdb.DuckDBPyConnection, table: tables.Table, levels: dict[str, str], effects: tuple[str, ...]
) -> tuple[str, int]:
    """Make a table of levels with codes for each group; return the rows that are not alone, as SQL, and their number."""
    kept = f"{table.view} AS prices"
    for name in effects:
        nothing = f"SELECT {_keys(table, name)} FROM {kept} LIMIT 0"
        connection.sql(f"CREATE TEMP TABLE {levels[name]}_alone AS {nothing}")
    others = [f"NOT EXISTS (SELECT 1 FROM {levels[e]}_alone AS lone WHERE {_same(table, e, 'lone')})" for e in effects]
    while True:
        for group, name in levels.items():
            connection.sql(
                f"CREATE OR REPLACE TEMP TABLE {name} AS "
                f"SELECT *, row_number() OVER (ORDER BY {_key_names(table, group)}) - 1 AS code "
                f"FROM (SELECT {_keys(table, group)}, count(*) AS n FROM {kept} GROUP BY ALL)"
            )
        if not any(_set_apart(connection, table, name, levels[name]) for name in effects):
            break
        kept = f"(SELECT * FROM {table.view} AS prices WHERE {' AND '.join(others)}) AS prices"
    n = int(_one(connection, f"SELECT coalesce(sum(n), 0) FROM {next(iter(levels.values()))}"))
    if n == 0:
        raise DataError(f"Each of the rows is alone in a level of {' or '.join(effects)}. Try: coarser effects.")
    return kept, n


def _set_apart(connection: duckdb.DuckDBPyConnection, table: tables.Table, group: str, levels: str) -> int:
    """Note the levels that have one row only, and return how many these are."""
    connection.sql(f"INSERT INTO {levels}_alone SELECT {_key_names(table, group)} FROM {levels} WHERE n = 1")
    return int(_one(connection, f"SELECT count(*) FROM {levels} WHERE n = 1"))


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.sql(sql).fetchall()[0][0])

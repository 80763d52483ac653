"""Brings a file, a frame or a relation onto an engine; columns are as they came, but for words of missing values."""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd

from churnlab.engines import DuckDBEngine, Engine, SparkEngine, quote_text
from churnlab.errors import DataError
from churnlab.tables.csv_files import csv_sql
from churnlab.tables.dialects import DIALECTS
from churnlab.tables.failures import first_line
from churnlab.tables.files import find_files, kind_of, parquet_sql, read_excel
from churnlab.tables.frames import plain_frame, refuse_names
from churnlab.tables.layout import Layout

__all__ = ["Source", "open_source"]


@dataclass(frozen=True)
class Source:
    """Data as they came: an engine, the name of a view on it, and what to call them in messages."""

    engine: Engine
    view: str
    label: str
    is_text: bool = False
    """Whether a column may turn out to be unreadable when it is looked at."""
    beneath: str | None = None
    """The view that `view` is made of."""
    copies: TemporaryDirectory[str] | None = None
    """Where the files are that `view` reads in place of the user's."""

    def close(self) -> None:
        """Forget the views, and remove the copies."""
        for view in filter(None, (self.view, self.beneath)):
            self.engine.drop(view)
        if self.copies is not None:
            self.copies.cleanup()


def open_source(data: Any, layout: Layout, engine: Engine) -> Source:
    """Return the columns of `data` as a view, in which text is NULL where the layout says that it means a missing value.

    Parameters
    ----------
    data
        Path or glob of CSV, Parquet or Excel files; pandas, Polars or Arrow frame; DuckDB relation; Spark frame.
    layout
        Encoding, delimiter and sheet of files; words of missing values.
    engine
        Where the view is made; a relation and a Spark frame bring their own.

    Raises
    ------
    DataError
        If there is no such file, it is not what its name says, it is damaged or empty of columns.
    """
    return _with_missing(_open(data, layout, engine), layout)


def _open(data: Any, layout: Layout, engine: Engine) -> Source:
    if hasattr(data, "createOrReplaceTempView"):
        spark = SparkEngine(data.sparkSession)
        refuse_names(data.columns, "the Spark frame")
        return Source(spark, spark.register(data), "the Spark frame")
    if isinstance(engine, SparkEngine):
        raise DataError(
            f"Spark reads its own frames alone, not a {type(data).__name__}. Try: spark.read.parquet(…) for files, "
            "spark.createDataFrame(…) for a frame of this process."
        )
    if isinstance(data, Source):
        return data
    if isinstance(data, str | Path):
        return _open_files(str(data), layout, engine)
    if isinstance(data, duckdb.DuckDBPyRelation):
        own = DuckDBEngine.of_relation(data)
        return Source(own, own.create_view("SELECT * FROM _churnlab_anchor"), "the relation")
    if isinstance(data, pd.DataFrame):
        return _register(plain_frame(data, "the frame", layout.decimal), engine, "the frame")
    if hasattr(data, "__arrow_c_stream__"):
        return _register(_ArrowStream(data), engine, "the frame")
    raise DataError(
        f"What was given ({type(data).__name__}) cannot be read as a table. Give a path or a glob, a pandas, Polars or "
        "Arrow frame, a DuckDB relation or a Spark frame."
    )


class _ArrowStream:
    """Shows nothing but the Arrow stream of a frame, so that the engine needs no library of the frame's."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._frame.__arrow_c_stream__(requested_schema)


def _register(frame: Any, engine: Engine, label: str) -> Source:
    try:
        source = Source(engine, engine.register(frame), label)
        refuse_names(engine.types(source.view), label)
    except engine.failure as error:
        raise DataError(
            f"{label} cannot be read: {first_line(error)}. Try: turn that column into numbers, dates or text."
        ) from None
    return source


def _open_files(pattern: str, layout: Layout, engine: Engine) -> Source:
    paths, label = find_files(pattern), Path(pattern).name
    kinds = {kind_of(path) for path in paths}
    if len(kinds) > 1:
        raise DataError(f"{label} names files of different kinds: {', '.join(sorted(kinds))}.")
    kind = kinds.pop()
    if kind == "Excel":
        if len(paths) > 1:
            raise DataError(f"{label} names {len(paths)} Excel files, but one at a time can be read.")
        return _register(plain_frame(read_excel(paths[0], layout.sheet), label, layout.decimal), engine, label)
    sql, copies = (parquet_sql(paths), None) if kind == "Parquet" else csv_sql(paths, layout)
    try:
        return Source(engine, engine.create_view(sql), label, is_text=kind == "CSV", copies=copies)
    except engine.failure as error:
        if copies is not None:
            copies.cleanup()
        raise DataError(f"{label} cannot be read as {kind}: {first_line(error)}.") from None


def _with_missing(source: Source, layout: Layout) -> Source:
    """Make text that means a missing value NULL, and ENUM text."""
    types, dialect = source.engine.types(source.view), DIALECTS[source.engine.dialect]
    cells = {dialect.quote(name): _cell(dialect.quote(name), kind, layout.missing) for name, kind in types.items()}
    if all(name == cell for name, cell in cells.items()):
        return source
    columns = ", ".join(f"{cell} AS {name}" for name, cell in cells.items())
    view = source.engine.create_view(f"SELECT {columns} FROM {source.view}")
    return replace(source, view=view, beneath=source.view)


def _cell(raw: str, kind: str, missing: tuple[str, ...]) -> str:
    if kind.startswith("ENUM"):
        raw = f"CAST({raw} AS STRING)"
    elif kind != "VARCHAR":
        return raw
    words = ", ".join(quote_text(word.strip()) for word in missing)
    return f"CASE WHEN trim({raw}) NOT IN ({words}) THEN {raw} END" if words else raw

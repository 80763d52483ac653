"""Brings a file, a frame or a relation onto an engine as it is; nothing is converted yet."""

import csv
import glob
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from churnlab.engines import DuckDBEngine, Engine, SparkEngine, quote_text
from churnlab.errors import DataError
from churnlab.tables.layout import Layout

__all__ = ["Source", "open_source"]

_SUFFIXES = {
    ".csv": "CSV",
    ".tsv": "CSV",
    ".txt": "CSV",
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".xlsx": "Excel",
    ".xlsm": "Excel",
    ".xlsb": "Excel",
    ".xls": "Excel",
    ".ods": "Excel",
}
_SIGNATURES = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "Excel",
    b"\xd0\xcf\x11\xe0": "Excel",
    b"\x1f\x8b": "gzip",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"SQLite format 3": "SQLite",
}


@dataclass(frozen=True)
class Source:
    """Data as they came: an engine, the name of a view on it, and what to call them in messages."""

    engine: Engine
    view: str
    label: str


def open_source(data: Any, layout: Layout, engine: Engine) -> Source:
    """Return the raw columns of `data` as a view.

    Parameters
    ----------
    data
        Path or glob of CSV, Parquet or Excel files; pandas, Polars or Arrow frame; DuckDB relation; Spark frame.
    layout
        Encoding, delimiter and sheet of files.
    engine
        Where the view is made; a relation and a Spark frame bring their own.

    Raises
    ------
    DataError
        If there is no such file, it is not what its name says, it is damaged or empty of columns.
    """
    if hasattr(data, "createOrReplaceTempView"):
        spark = SparkEngine(data.sparkSession)
        _refuse_duplicates(list(data.columns), "the Spark frame")
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
        _refuse_duplicates([str(name) for name in data.columns], "the frame")
        return Source(engine, engine.register(data.rename(columns=str)), "the frame")
    if hasattr(data, "__arrow_c_stream__"):
        return Source(engine, engine.register(_ArrowStream(data)), "the frame")
    raise DataError(
        f"A {type(data).__name__} cannot be read as a table. Give a path or a glob, a pandas, Polars or Arrow frame, "
        "a DuckDB relation or a Spark frame."
    )


class _ArrowStream:
    """Shows nothing but the Arrow stream of a frame, so that the engine needs no library of the frame's."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._frame.__arrow_c_stream__(requested_schema)


def _open_files(pattern: str, layout: Layout, engine: Engine) -> Source:
    paths = _find_files(pattern)
    label = Path(pattern).name
    kinds = {_kind_of(path) for path in paths}
    if len(kinds) > 1:
        raise DataError(f"{label} names files of different kinds: {', '.join(sorted(kinds))}.")
    kind = kinds.pop()
    if kind == "Excel":
        if len(paths) > 1:
            raise DataError(f"{label} names {len(paths)} Excel files, but one at a time can be read.")
        return Source(engine, engine.register(_read_excel(paths[0], layout.sheet)), label)
    sql = _parquet_sql(paths) if kind == "Parquet" else _csv_sql(paths, layout)
    try:
        return Source(engine, engine.create_view(sql), label)
    except duckdb.Error as error:
        raise DataError(f"{label} cannot be read as {kind}: {_first_line(error)}") from None


def _find_files(pattern: str) -> list[Path]:
    if Path(pattern).is_dir():
        raise DataError(f"{pattern!r} is a folder. Name its files with a glob: {str(Path(pattern) / '*.parquet')!r}.")
    names = [pattern] if Path(pattern).is_file() else glob.glob(pattern, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute pattern)
    found = sorted(map(Path, names))
    files = [path for path in found if path.is_file()]
    if not files:
        raise DataError(f"There is no file {pattern!r}.")
    return files


def _kind_of(path: Path) -> str:
    """Kind of a file by its name, after a look at its first bytes."""
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    kind = _SUFFIXES.get(plain.suffix.lower())
    if kind is None:
        raise DataError(
            f"{path.name}: files that end in {path.suffix or 'nothing'!r} cannot be read. Give CSV, Parquet or Excel."
        )
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise DataError(f"{path.name} is empty.")
    content = next((name for signature, name in _SIGNATURES.items() if head.startswith(signature)), None)
    expected = "gzip" if path.suffix == ".gz" else kind
    if (content or "CSV") != expected:
        what = f"a {content} file" if content else "plain text or of an unknown kind"
        raise DataError(
            f"{path.name} is named like a {expected} file, but by its first bytes it is {what}. Rename it to what it "
            "is."
        )
    return kind


def _parquet_sql(paths: list[Path]) -> str:
    for path in paths:
        with path.open("rb") as file:
            file.seek(-4, 2)
            if file.read() != b"PAR1":
                raise DataError(
                    f"{path.name} is cut short: its last bytes are not those of a Parquet file. Copy or export it "
                    "again."
                )
    files = ", ".join(quote_text(str(path)) for path in paths)
    return f"SELECT * FROM read_parquet([{files}])"


def _csv_sql(paths: list[Path], layout: Layout) -> str:
    """Query that reads every column as text, so that nothing is guessed and nothing is lost."""
    headers = [_read_header(path, layout) for path in paths]
    for path, header in zip(paths, headers, strict=True):
        if header != headers[0]:
            raise DataError(f"{path.name} has other columns than {paths[0].name}: {', '.join(header[1])}.")
    delimiter, names = headers[0]
    columns = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in names)
    missing = ", ".join(quote_text(word) for word in ("", *layout.missing))
    files = ", ".join(quote_text(str(path)) for path in paths)
    return (
        f"SELECT * FROM read_csv([{files}], auto_detect=false, header=true, columns={{{columns}}}, "
        f"delim={quote_text(delimiter)}, quote='\"', escape='\"', nullstr=[{missing}], "
        f"encoding={quote_text(layout.encoding)})"
    )


def _read_header(path: Path, layout: Layout) -> tuple[str, list[str]]:
    """Delimiter and column names of a CSV file, from its first line."""
    line = _first_text_line(path, layout.encoding)
    counts = {sign: line.count(sign) for sign in (",", ";", "\t", "|")}
    delimiter = layout.delimiter or max(counts, key=lambda sign: counts[sign])
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if not any(names):
        raise DataError(f"{path.name} has no header line with column names.")
    if "" in names:
        raise DataError(f"{path.name}: column {names.index('') + 1} of {len(names)} has no name in the header line.")
    _refuse_duplicates(names, path.name)
    return delimiter, names


def _first_text_line(path: Path, encoding: str) -> str:
    import gzip

    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    opener: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding=codec, newline="") as file:
            return str(file.readline()).rstrip("\r\n")
    except UnicodeError:
        raise DataError(_encoding_message(path.name, encoding)) from None
    except (OSError, EOFError) as error:
        raise DataError(f"{path.name} cannot be opened: {error}.") from None


def _encoding_message(name: str, encoding: str) -> str:
    return (
        f'{name} is not written in {encoding}. Say how it is written in the layout: encoding = "latin-1" (Windows and '
        'older Excel exports) or "utf-16", or save it as UTF-8.'
    )


def _refuse_duplicates(names: list[str], label: str) -> None:
    """Refuse names that differ only in case as well, since SQL takes them for the same."""
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            raise DataError(f"{label} has two columns named `{seen[name.lower()]}` and `{name}`. Rename one of them.")
        seen[name.lower()] = name


def _read_excel(path: Path, sheet: str | None) -> pd.DataFrame:
    try:
        cells = pd.read_excel(path, sheet_name=sheet or 0, engine="calamine", header=None, dtype=object)
    except Exception as error:  # the reader's own errors share no class
        raise DataError(f"{path.name} cannot be read as Excel: {_first_line(error)}.") from None
    if cells.empty:
        raise DataError(f"{path.name} is empty.")
    names = [str(name) for name in cells.iloc[0]]
    _refuse_duplicates(names, path.name)
    return cells.iloc[1:].set_axis(names, axis="columns").reset_index(drop=True)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

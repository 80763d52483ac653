"""Reads CSV files as text, so that nothing is guessed and nothing is lost."""

import codecs
import csv
import glob
import gzip
import re
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from churnlab.engines import quote_text
from churnlab.errors import DataError
from churnlab.tables.failures import encoding_message
from churnlab.tables.frames import refuse_names
from churnlab.tables.layout import Layout

__all__ = ["csv_sql", "file_list"]

_UTF8 = ("utf-8", "utf-8-sig")
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class _Header:
    delimiter: str
    names: tuple[str, ...]
    lines_before: int


def csv_sql(paths: list[Path], layout: Layout) -> tuple[str, TemporaryDirectory[str] | None]:
    """Return the query of all columns as text, and the folder of copies that it reads where files are not in UTF-8.

    Raises
    ------
    DataError
        If a file cannot be opened, is written otherwise than the layout says, or their headers differ.
    """
    headers = [_read_header(path, layout) for path in paths]
    for path, header in zip(paths, headers, strict=True):
        if header != headers[0]:
            raise DataError(f"{path.name} has other columns than {paths[0].name}: {', '.join(header.names)}.")
    if codecs.lookup(layout.encoding).name in _UTF8:
        return _read_csv(paths, headers[0]), None
    with ExitStack() as undo:
        folder = TemporaryDirectory(prefix="churnlab-")
        undo.callback(folder.cleanup)
        copies = [_copy_as_utf8(path, layout.encoding, Path(folder.name)) for path in paths]
        undo.pop_all()
    return _read_csv(copies, headers[0]), folder


def file_list(paths: list[Path]) -> str:
    """Return the SQL list of the files of these very names: DuckDB would take [1] or * in a name for a pattern."""
    return f"[{', '.join(quote_text(glob.escape(str(path))) for path in paths)}]"


def _read_csv(paths: list[Path], header: _Header) -> str:
    columns = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in header.names)
    compression = "gzip" if all(map(_is_zipped, paths)) else "auto"
    return (
        f"SELECT * FROM read_csv({file_list(paths)}, auto_detect=false, header=true, skip={header.lines_before}, "
        f"columns={{{columns}}}, delim={quote_text(header.delimiter)}, quote='\"', escape='\"', nullstr='', "
        f"compression={quote_text(compression)})"
    )


def _read_header(path: Path, layout: Layout) -> _Header:
    """Read the delimiter and the names; Excel may say the delimiter in a line of its own before them: ``sep=;``."""
    try:
        with _open_text(path, layout.encoding) as file:
            line = _read_record(file)
            said = re.fullmatch(r'"?sep=(.)"?', line, re.IGNORECASE)
            if said:
                line = _read_record(file)
    except UnicodeError:
        raise DataError(encoding_message(path.name, layout.encoding)) from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} cannot be opened: {error}.") from None
    if "\0" in line:
        raise DataError(encoding_message(path.name, layout.encoding))
    delimiter = layout.delimiter or (said[1] if said else _most_frequent_delimiter(line))
    try:
        names = tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        raise DataError(f"{path.name}: a quotation mark in the header line is not closed.") from None
    refuse_names(names, path.name)
    return _Header(delimiter, names, lines_before=1 if said else 0)


def _open_text(path: Path, encoding: str) -> Any:
    opener: Any = gzip.open if _is_zipped(path) else open
    return opener(path, "rt", encoding="utf-8-sig" if codecs.lookup(encoding).name in _UTF8 else encoding, newline="")


def _is_zipped(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _read_record(file: Any) -> str:
    """Read one line, or more where a quoted name goes on in the next."""
    line = str(file.readline())
    while line.count('"') % 2 and (more := file.readline()):
        line += more
    return line.rstrip("\r\n").removeprefix("\ufeff")


def _most_frequent_delimiter(line: str) -> str:
    unquoted = re.sub('"[^"]*"', "", line)
    return max(_DELIMITERS, key=unquoted.count)


def _copy_as_utf8(path: Path, encoding: str, folder: Path) -> Path:
    copy = folder / f"{len(list(folder.iterdir()))}.csv"
    try:
        with _open_text(path, encoding) as file, copy.open("w", encoding="utf-8", newline="") as target:
            while text := file.read(1 << 20):
                _refuse_control_characters(text, encoding)
                target.write(text)
    except UnicodeError:
        raise DataError(encoding_message(path.name, encoding)) from None
    return copy


def _refuse_control_characters(text: str, encoding: str) -> None:
    """Refuse Latin-1 whose bytes 80 to 9f are in use: that is cp1252, where 80 is the euro sign."""
    if codecs.lookup(encoding).name == "iso8859-1" and re.search("[\x80-\x9f]", text):
        raise UnicodeError

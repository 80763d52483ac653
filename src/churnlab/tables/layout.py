"""How a file writes things down: its column names, its decimal sign, its dates."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from churnlab.errors import DataError, ParameterError

__all__ = ["Layout", "read_layout"]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a table writes things down.

    Parameters
    ----------
    columns
        The table's own name for each of the contract's columns: ``{"customer_id": "household"}``.
    encoding
        Of a CSV file: ``"utf-8"``, ``"cp1252"`` (Windows), ``"latin-1"``, ``"utf-16"`` or another name that Python knows.
        What is not in UTF-8 is copied to a temporary file that is.
    delimiter
        Of a CSV file; by default the one that its header line uses.
    decimal
        The decimal sign of numbers kept as text.
    date_format
        How dates kept as text or digits are written, in the codes of :func:`time.strptime` (``"%d/%m/%Y"``), or
        ``"excel"`` for Excel's serial day numbers. By default ISO 8601 (2024-12-31), and nothing else is guessed.
    time_zone
        The zone in which a day begins and ends, where dates carry a zone: ``"Europe/Paris"``; UTC by default.
    missing
        Words that stand for a missing value in text of any source, besides the empty one: ``("NA", "-")``.
    sheet
        Of an Excel file; by default the first.
    negative_amounts
        ``"refuse"`` rows whose `amount` is below zero, or ``"leave_out"`` those rows, counted in the table's notes.

    Raises
    ------
    ParameterError
        If a field is of another type, or has a value that it cannot have.
    """

    columns: Mapping[str, str] | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    decimal: Literal[".", ","] = "."
    date_format: str | None = None
    time_zone: str | None = None
    missing: tuple[str, ...] = ()
    sheet: str | None = None
    negative_amounts: Literal["refuse", "leave_out"] = "refuse"

    def __post_init__(self) -> None:
        if isinstance(self.missing, list):
            object.__setattr__(self, "missing", tuple(self.missing))
        for name, (fits, words) in _FIELDS.items():
            value = getattr(self, name)
            if value is not None and not fits(value):
                raise ParameterError(f"`{name}` must be {words}, not {value!r}.")


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for pair in value.items() for name in pair)


def _is_encoding(value: Any) -> bool:
    try:
        return isinstance(value, str) and "".encode(value) is not None
    except LookupError:
        return False


def _is_time_zone(value: Any) -> bool:
    try:
        return isinstance(value, str) and ZoneInfo(value) is not None
    except (OSError, KeyError, ValueError):  # what ZoneInfo raises for names of all sorts
        return False


def _is_text(value: Any, pattern: str = ".+") -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "columns": (_is_map, 'names by names, each a text, as in {"customer_id": "household"}'),
    "encoding": (_is_encoding, "the name of an encoding such as 'utf-8', 'cp1252' or 'utf-16'"),
    "delimiter": (lambda value: _is_text(value, "."), "one character"),
    "decimal": (lambda value: value in (".", ","), "'.' or ','"),
    "date_format": (lambda value: _is_text(value, "excel|.*%.*"), "codes as in '%d/%m/%Y', or 'excel'"),
    "time_zone": (_is_time_zone, "the name of a time zone such as 'Europe/Paris'"),
    "missing": (lambda value: isinstance(value, tuple) and all(map(_is_text, value)), 'words as in ("NA", "-")'),
    "sheet": (_is_text, "the name of a sheet"),
    "negative_amounts": (lambda value: value in ("refuse", "leave_out"), "'refuse' or 'leave_out'"),
}


def read_layout(path: str | Path) -> Layout:
    """Read a layout from a TOML file.

    The file has a table ``[columns]`` (contract's name = "the file's name") and, where needed, a table ``[layout]``
    with the other fields of :class:`Layout`.

    Raises
    ------
    DataError
        If the file is missing, is no TOML, or holds anything else.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"There is no column map {str(path)!r}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{Path(path).name} cannot be read as a TOML file: {error}.") from None
    name = Path(path).name
    columns, options = _parts(content, name)
    try:
        return Layout(columns=columns, **options)
    except ParameterError as error:
        raise DataError(f"{name}: {error}") from None


def _parts(content: dict[str, Any], name: str) -> tuple[Any, dict[str, Any]]:
    options = content.get("layout", {})
    known = [field.name for field in fields(Layout) if field.name != "columns"]
    unknown = content.keys() - {"columns", "layout"} | (
        set(options) - set(known) if isinstance(options, dict) else {"layout"}
    )
    if unknown:
        raise DataError(
            f"{name} holds {', '.join(map(repr, sorted(unknown)))}, which a column map does not have. It has a table "
            f'[columns] (customer_id = "your name") and a table [layout] ({", ".join(known)}).'
        )
    return content.get("columns"), dict(options)

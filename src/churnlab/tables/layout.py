"""How a file writes things down: its column names, its decimal sign, its dates."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

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
        Of a CSV file: ``"utf-8"``, ``"latin-1"`` or ``"utf-16"``.
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
        Words that stand for a missing value, besides the empty one: ``("NA", "-")``.
    sheet
        Of an Excel file; by default the first.
    negative_amounts
        ``"refuse"`` rows whose `amount` is below zero, or ``"leave_out"`` those rows, counted in the table's notes.
    """

    columns: Mapping[str, str] | None = None
    encoding: Literal["utf-8", "latin-1", "utf-16"] = "utf-8"
    delimiter: str | None = None
    decimal: Literal[".", ","] = "."
    date_format: str | None = None
    time_zone: str | None = None
    missing: tuple[str, ...] = ()
    sheet: str | None = None
    negative_amounts: Literal["refuse", "leave_out"] = "refuse"

    def __post_init__(self) -> None:
        _check_choice("encoding", self.encoding, ("utf-8", "latin-1", "utf-16"))
        _check_choice("decimal", self.decimal, (".", ","))
        _check_choice("negative_amounts", self.negative_amounts, ("refuse", "leave_out"))
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ParameterError(f"`delimiter` must be one character, not {self.delimiter!r}.")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ParameterError(f"`{name}` must be {' or '.join(map(repr, choices))}, not {value!r}.")


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
    options = _checked_options(content, Path(path).name)
    if "missing" in options:
        options["missing"] = tuple(options["missing"])
    return Layout(columns=content.get("columns"), **options)


def _checked_options(content: dict[str, Any], name: str) -> dict[str, Any]:
    columns, options = content.get("columns", {}), content.get("layout", {})
    known = [field.name for field in fields(Layout) if field.name != "columns"]
    unknown = sorted((content.keys() - {"columns", "layout"}) | (set(options) - set(known)))
    if unknown:
        raise DataError(
            f"{name} holds {', '.join(map(repr, unknown))}, which a column map does not have. It has a table "
            f'[columns] (customer_id = "your name") and a table [layout] ({", ".join(known)}).'
        )
    wrong = [key for key, value in columns.items() if not isinstance(value, str)]
    if wrong:
        raise DataError(f"{name}: the name of a column is a text, but it is not for {', '.join(map(repr, wrong))}.")
    return dict(options)

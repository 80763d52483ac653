"""Finds files, and looks into them before it believes their names."""

import glob
from pathlib import Path

import pandas as pd

from churnlab.errors import DataError
from churnlab.tables.csv_files import file_list
from churnlab.tables.failures import first_line

__all__ = ["find_files", "kind_of", "parquet_sql", "read_excel"]

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


def find_files(pattern: str) -> list[Path]:
    """Return the file of that name, or else the files that a glob finds, in order.

    Raises
    ------
    DataError
        If there is none, or it is a folder.
    """
    if Path(pattern).is_dir():
        raise DataError(f"{pattern!r} is a folder. Name its files with a glob: {str(Path(pattern) / '*.parquet')!r}.")
    names = [pattern] if Path(pattern).is_file() else glob.glob(pattern, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute pattern)
    files = [path for path in sorted(map(Path, names)) if path.is_file()]
    if not files:
        raise DataError(f"There is no file {pattern!r}.")
    return files


def kind_of(path: Path) -> str:
    """Return the kind of a file by its name, after a look at its first bytes.

    Raises
    ------
    DataError
        If no such file can be read, it is empty, or it is not what its name says.
    """
    zipped = path.suffix.lower() == ".gz"
    kind = _SUFFIXES.get((path.with_suffix("") if zipped else path).suffix.lower())
    if kind is None:
        raise DataError(
            f"{path.name}: files that end in {path.suffix or 'nothing'!r} cannot be read. Give CSV, Parquet or Excel."
        )
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise DataError(f"{path.name} is empty.")
    content = next((name for signature, name in _SIGNATURES.items() if head.startswith(signature)), "CSV")
    expected = "gzip" if zipped else kind
    if content != expected:
        found = "of plain text or of an unknown kind" if content == "CSV" else content
        raise DataError(
            f"{path.name} is named as {expected}, but its first bytes are {found}. Rename it to what it is."
        )
    return kind


def parquet_sql(paths: list[Path]) -> str:
    """Return the query of Parquet files.

    Raises
    ------
    DataError
        If one is cut short.
    """
    for path in paths:
        with path.open("rb") as file:
            file.seek(-4, 2)
            if file.read() != b"PAR1":
                raise DataError(
                    f"{path.name} is cut short: its last bytes are not those of a Parquet file. Copy or export it again."
                )
    return f"SELECT * FROM read_parquet({file_list(paths)})"


def read_excel(path: Path, sheet: str | None) -> pd.DataFrame:
    """Return the cells of a sheet under the names in its first row; an empty cell is a missing value, and no word is.

    Raises
    ------
    DataError
        If the file is damaged, or has no such sheet.
    """
    try:
        cells = pd.read_excel(
            path,
            sheet_name=sheet or 0,
            engine="calamine",
            header=None,
            dtype=object,
            keep_default_na=False,
            na_values=[""],
        )
    except Exception as error:  # the reader's own errors share no class
        raise DataError(f"{path.name} cannot be read as Excel: {first_line(error)}.") from None
    if cells.empty:
        raise DataError(f"{path.name} is empty.")
    return cells.iloc[1:].set_axis(list(cells.iloc[0]), axis="columns").reset_index(drop=True)

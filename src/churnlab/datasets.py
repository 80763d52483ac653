"""Named public data: each with its source, its licence and a checksum in data/README.md."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from churnlab import tables
from churnlab.errors import DataError

__all__ = ["find", "load_cdnow", "load_cdnow_sample", "names"]

_FILES: Mapping[str, str] = MappingProxyType({"cdnow": "cdnow.csv"})


def names() -> list[str]:
    """Return the names of the samples that come with the kit."""
    return sorted(_FILES)


def find(name: str | Path) -> Path:
    """Return the file of a sample by its name; anything else is taken for a path and returned as it is.

    Raises
    ------
    DataError
        If `name` is neither a sample nor, by its look, a path.

    Examples
    --------
    >>> find("cdnow").name
    'cdnow.csv'
    >>> find("orders/*.parquet").name
    '*.parquet'
    """
    text = str(name)
    if text in _FILES:
        return _folder() / _FILES[text]
    if "." not in text and "/" not in text and not Path(text).exists():
        near = difflib.get_close_matches(text, _FILES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the samples are {', '.join(names())}."
        raise DataError(f"{text!r} is neither a file nor a sample: {hint}")
    return Path(text)


def _folder() -> Path:
    """Return data/ in a checkout, or the copy inside an installed package."""
    package = Path(__file__).parent
    checkout = package.parent.parent / "data"
    return checkout if (checkout / "README.md").is_file() else package / "_data"


def load_cdnow() -> tables.Table:
    """Return the orders at CDNOW of the 23,570 customers who first bought there in the first quarter of 1997.

    Returns
    -------
    Table
        ORDERS: 69,659 orders from 1997-01-01 to 1998-06-30; total amount 2,500,315.63 US dollars. `sample` is 1 for
        the customers of the published 1/10 sample.

    Raises
    ------
    DataError
        If the file is not there.

    Notes
    -----
    Fader, P. S. and Hardie, B. G. S. (2001), Forecasting repeat sales at CDNOW, Interfaces 31 (3), S94-S107.

    Examples
    --------
    >>> load_cdnow().n
    69659
    """
    return tables.read(find("cdnow"), "ORDERS")


def load_cdnow_sample() -> tables.Table:
    """Return the orders of the 2,357 customers of the published 1/10 sample of CDNOW.

    Returns
    -------
    Table
        ORDERS: 6,919 orders from 1997-01-01 to 1998-06-30; total amount 244,091.94 US dollars.

    Raises
    ------
    DataError
        If the file is not there.

    Notes
    -----
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), "Counting your customers" the easy way, Marketing Science
    24 (2), 275-284.

    Examples
    --------
    >>> load_cdnow_sample().n
    6919
    """
    return load_cdnow().where("sample = '1'", label="the 1/10 sample of cdnow.csv")

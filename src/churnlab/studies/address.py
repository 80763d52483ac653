"""The address of a run: a fingerprint of everything that decides what comes out of it."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import churnlab
from churnlab.studies.catalogue import text_of
from churnlab.studies.inputs import Input

_PACKAGE = Path(__file__).resolve().parents[1]
_SOURCES = {".py", ".j2", ".css"}


def ingredients(
    notebook: Mapping[str, Any], values: Mapping[str, Any], inputs: Sequence[Input], *, code: bool
) -> dict[str, str]:
    """Return a fingerprint of each thing that decides what a run puts out.

    Parameters
    ----------
    notebook : mapping
        The study's notebook; its sources and tags count, its outputs do not.
    values : mapping
        The values that the notebook sees.
    inputs : sequence of Input
        The files behind them; their bytes count, their place does not.
    code : bool
        Whether the report shows the code.

    Returns
    -------
    dict of str to str
        SHA-256 of the notebook, the parameters, the data, the package's source, the lock and the versions.

    Raises
    ------
    OSError
        If the package's own source cannot be read.
    """
    return {
        "notebook": fingerprint([_essence(cell) for cell in notebook["cells"]]),
        "parameters": fingerprint({"values": dict(values), "code": code}),
        "data": fingerprint([[file.name, file.sha256] for given in inputs for file in given.files]),
        "package": package_hash(),
        "lock": lock_hash(),
        "versions": fingerprint(versions()),
    }


def address_of(parts: Mapping[str, str]) -> str:
    """Return the first 16 digits of the fingerprint of all ingredients."""
    return fingerprint(dict(parts))[:16]


def fingerprint(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON text.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _essence(cell: Mapping[str, Any]) -> list[Any]:
    return [cell["cell_type"], text_of(cell["source"]), cell["metadata"].get("tags", [])]


def package_hash() -> str:
    """Return the fingerprint of the package's code and templates."""
    files = sorted(path for path in _PACKAGE.rglob("*") if path.suffix in _SOURCES)
    return fingerprint([[str(path.relative_to(_PACKAGE)), path.read_text(encoding="utf-8")] for path in files])


def lock_hash() -> str:
    """Return the fingerprint of the lock file, or of the installed versions where there is none."""
    lock = _PACKAGE.parents[1] / "requirements.lock"
    return fingerprint(lock.read_text(encoding="utf-8") if lock.is_file() else versions())


def versions() -> dict[str, str]:
    """Return the versions of Python, churnlab and its direct dependencies."""
    found = {"python": platform.python_version(), "churnlab": churnlab.__version__}
    for requirement in requires("churnlab") or []:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        if "extra ==" in requirement:
            continue
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found

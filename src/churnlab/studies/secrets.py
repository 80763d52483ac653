"""Passwords and the like: a study is told where to find one, never the secret itself."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from churnlab.errors import ParameterError

_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_SECRET_NAME = re.compile(r"(?:^|_)(?:password|passwd|pwd|secret|token|api_?key)(?:$|_)", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@|\b(?:password|passwd|pwd|secret|token|api_?key)\s*=\s*\S",
    re.IGNORECASE,
)
_ADVICE = "put it into an environment variable NAME and give `env:NAME`"


def secret(reference: str) -> str:
    """Return the secret that a parameter such as ``env:DB_PASSWORD`` refers to.

    Parameters
    ----------
    reference : str
        ``env:`` and the name of an environment variable.

    Returns
    -------
    str
        Its value. Do not print it: a run whose report, tables or notebook holds it fails.

    Raises
    ------
    ParameterError
        If the text is no such reference, or the variable is not set.

    Examples
    --------
    >>> os.environ["EXAMPLE_KEY"] = "not so secret"
    >>> secret("env:EXAMPLE_KEY")
    'not so secret'
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise ParameterError(f"a secret is given as env:NAME; {_ADVICE}")
    if found[1] not in os.environ:
        raise ParameterError(f"the environment variable {found[1]} is not set")
    return os.environ[found[1]]


def refuse_secrets(values: Mapping[str, Any]) -> None:
    """Make sure that no parameter holds a secret, since parameters are written into every run.

    Parameters
    ----------
    values : mapping
        What a study is given.

    Raises
    ------
    ParameterError
        If a value looks like a secret; the message does not repeat it.
    """
    for name, value in values.items():
        for text in _texts(value):
            named = _SECRET_NAME.search(name) and text and not _REFERENCE.fullmatch(text)
            if named or _SECRET_TEXT.search(text):
                raise ParameterError(f"`{name}` holds what looks like a password; {_ADVICE}")


def secrets_in(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the secrets that parameters refer to, by the name of their environment variable.

    Parameters
    ----------
    values : mapping
        The effective parameters.

    Returns
    -------
    dict of str to str
        Only those that are set, and are longer than three letters.

    Raises
    ------
    Nothing
        What is not set is the notebook's to complain of.
    """
    names = [found[1] for value in values.values() for text in _texts(value) if (found := _REFERENCE.fullmatch(text))]
    return {name: os.environ[name] for name in names if len(os.environ.get(name, "")) > 3}


def masks(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return every way in which secrets may be written, and what stands in its place.

    Parameters
    ----------
    secrets : mapping of str to str
        Secrets by name.

    Returns
    -------
    dict of str to str
        ``env:NAME`` by text: as it is, in Python's and JSON's quotes, in HTML, in an address; the longest texts first.

    Raises
    ------
    Nothing
        Any text can be a secret.
    """
    found = {text: f"env:{name}" for name, value in secrets.items() for text in _ways_to_write(value)}
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def remove_leaks(folder: Path, secrets: Mapping[str, str]) -> list[str]:
    """Remove every file of a folder that holds a secret.

    Parameters
    ----------
    folder : Path
        A run folder.
    secrets : mapping of str to str
        Secrets by name.

    Returns
    -------
    list of str
        What was removed, and for which secret.

    Raises
    ------
    OSError
        If a file cannot be read or removed.
    """
    found = []
    for path in sorted(filter(Path.is_file, folder.rglob("*"))) if secrets else ():
        content = path.read_bytes()
        held = next((shown for text, shown in masks(secrets).items() if text.encode() in content), None)
        if held is None and path.suffix == ".parquet":
            held = _held_in_table(path, secrets)
        if held is not None:
            path.unlink()
            found.append(f"{path.relative_to(folder).as_posix()} held {held}")
    return found


def scrub(text: str, secrets: Mapping[str, str]) -> str:
    """Return a text with the names of secrets in their place."""
    for written, shown in masks(secrets).items():
        text = text.replace(written, shown)
    return text


def _ways_to_write(value: str) -> set[str]:
    page = escape(value)
    texts = {value, repr(value)[1:-1], quote(value, safe=""), page, escape(value, quote=False)}
    texts.add(page.replace("&quot;", "&#34;").replace("&#x27;", "&#39;"))  # as templates write them
    return texts | {json.dumps(text, ensure_ascii=plain)[1:-1] for text in texts for plain in (True, False)}


def _held_in_table(path: Path, secrets: Mapping[str, str]) -> str | None:
    """Look into a table, whose bytes are compressed."""
    import duckdb

    with duckdb.connect() as connection:
        for name, value in secrets.items():
            query = "SELECT bool_or(contains(COLUMNS(*)::VARCHAR, $value)) FROM read_parquet($path)"
            if any(connection.execute(query, {"value": value, "path": str(path)}).fetchone() or ()):
                return f"env:{name}"
    return None


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []

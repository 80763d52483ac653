"""Passwords and the like: a study is told where to find one, never the secret itself."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    for path in sorted(folder.rglob("*")) if secrets else ():
        content = path.read_bytes() if path.is_file() else b""
        if held := [name for name, value in secrets.items() if value.encode() in content]:
            path.unlink()
            found.append(f"{path.relative_to(folder).as_posix()} held env:{held[0]}")
    return found


def scrub(text: str, secrets: Mapping[str, str]) -> str:
    """Return a text with the names of secrets in their place."""
    for name, value in secrets.items():
        text = text.replace(value, f"env:{name}")
    return text


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []

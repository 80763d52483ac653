"""Checks the values that a study is given against what its parameters cell declares."""

from __future__ import annotations

import difflib
import json
import math
import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from churnlab.errors import ParameterError
from churnlab.studies.parameters import Parameter

_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    date: "a date such as 2024-12-31",
    Path: "the name of a file or of a sample",
    list: "a list, written as JSON",
    dict: "a mapping, written as JSON",
    NoneType: "none",
}


def check_values(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the effective value of every parameter, as plain JSON values.

    Parameters
    ----------
    parameters : sequence of Parameter
        What the study declares.
    given : mapping
        Values by name; what is not given keeps its default. Dates, paths and NumPy scalars become plain values.

    Returns
    -------
    dict
        One entry for each parameter, in the order of the declarations.

    Raises
    ------
    ParameterError
        If a name is unknown, or a value is of the wrong kind or out of range; all problems are named at once.
    """
    declared = {parameter.name: parameter for parameter in parameters}
    problems = [_unknown(name, list(declared)) for name in given if name not in declared]
    values: dict[str, Any] = {}
    for name, parameter in declared.items():
        try:
            values[name] = check_value(parameter, given.get(name, parameter.default))
        except ParameterError as error:
            problems.append(str(error))
    if problems:
        raise ParameterError("\n".join(problems))
    return values


def check_value(parameter: Parameter, value: Any) -> Any:
    """Return one value as the plain JSON value that its declaration allows.

    Parameters
    ----------
    parameter : Parameter
        The declaration.
    value : object
        What the caller gave.

    Returns
    -------
    object
        A bool, int, float, str, None, list or dict.

    Raises
    ------
    ParameterError
        If the value is of another kind or out of range.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        text = json.dumps(_plain(value), allow_nan=False)
        adapter: TypeAdapter[Any] = TypeAdapter(parameter.type)
        checked = adapter.dump_python(adapter.validate_json(text, strict=True), mode="json")
    except (ValidationError, ValueError, TypeError):
        raise _refusal(parameter, value) from None
    within = parameter.range is None or all(number in parameter.range for number in _numbers(checked))
    if not within or (parameter.is_input and checked in ("", ".")):
        raise _refusal(parameter, value)
    return checked


def read_texts(parameters: Sequence[Parameter], texts: Mapping[str, str]) -> dict[str, Any]:
    """Turn what was typed on a command line into values of the declared kinds.

    Parameters
    ----------
    parameters : sequence of Parameter
        What the study declares.
    texts : mapping of str to str
        Texts by name.

    Returns
    -------
    dict
        Values by name. A text that is no value of its kind stays as it is, for ``check_values`` to refuse.

    Raises
    ------
    ParameterError
        Never: every problem is found by ``check_values``.
    """
    kinds = {parameter.name: parameter.type for parameter in parameters}
    return {name: _from_text(kinds.get(name, str), text) for name, text in texts.items()}


def suggestion(name: str, known: Sequence[str]) -> str:
    """Return ``; did you mean `near`?`` for the nearest known name, or nothing."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else ""


def _unknown(name: str, known: Sequence[str]) -> str:
    listed = f" (it has: {', '.join(known)})" if known else " (it has none)"
    return f"`{name}` is not a parameter of this study{suggestion(name, known) or listed}"


def _refusal(parameter: Parameter, value: Any) -> ParameterError:
    within = f" in {parameter.range}" if parameter.range else ""
    shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "..."
    return ParameterError(f"`{parameter.name}` must be {_in_words(parameter.type)}{within}, but it is {shown}")


def _in_words(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_in_words(member) for member in get_args(kind))
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(repr, get_args(kind)))
    if get_origin(kind) is list:
        return f"a list (JSON), each item {_in_words(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"a mapping (JSON), each value {_in_words(get_args(kind)[1])}"
    return _WORDS[kind]


def _plain(value: Any) -> Any:
    """Make NumPy values, paths, dates and tuples what JSON knows."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _numbers(value: Any) -> list[float]:
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [number for item in items for number in _numbers(item)]


def _from_text(kind: Any, text: str) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return _from_text_of_union(get_args(kind), text)
    if get_origin(kind) is Literal:
        return next((option for option in get_args(kind) if str(option) == text), text)
    try:
        return _READERS.get(get_origin(kind) or kind, str)(text)
    except (ValueError, KeyError):
        return text


def _from_text_of_union(members: tuple[Any, ...], text: str) -> Any:
    if NoneType in members and text.lower() in ("", "none", "null"):
        return None
    values = [_from_text(member, text) for member in members if member is not NoneType]
    return next((value for value in values if not isinstance(value, str)), text)


def _finite_or_text(text: str) -> Any:
    number = float(text)
    return number if math.isfinite(number) else text


_READERS: dict[Any, Any] = {
    bool: lambda text: {"true": True, "false": False}[text.lower()],
    int: int,
    float: _finite_or_text,
    list: json.loads,
    dict: json.loads,
}

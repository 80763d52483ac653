"""What a study can be told: the annotated literals of its parameters cell."""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import GenericAlias, NoneType
from typing import Any, Literal, Optional, Union, get_args

from churnlab.errors import ParameterError

_KINDS: dict[str, Any] = {"bool": bool, "int": int, "float": float, "str": str, "date": date, "Path": Path}
_CONTAINERS: dict[str, Any] = {"list": list, "dict": dict}
_TRAILING_BRACKET = re.compile(r"[\[(][^\[\]()]*[\])]$")
_NUMBER = r"[-+]?(?:inf|\d+\.?\d*(?:e[-+]?\d+)?|\.\d+)"
_INTERVAL = re.compile(rf"([\[(])\s*({_NUMBER})\s*,\s*({_NUMBER})\s*([\])])$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Range:
    """An interval of numbers; an open end does not belong to it."""

    low: float
    high: float
    low_open: bool
    high_open: bool

    def __contains__(self, number: float) -> bool:
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        return above and below

    def __str__(self) -> str:
        return f"{'(' if self.low_open else '['}{self.low:g}, {self.high:g}{')' if self.high_open else ']'}"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One line of the parameters cell: its name, kind, default, range and what it means."""

    name: str
    kind: str
    type: Any
    default: Any
    help: str
    range: Range | None

    @property
    def is_input(self) -> bool:
        """Whether the value names a file that the study reads."""
        return self.type is Path or Path in get_args(self.type)


def read_parameters(source: str) -> tuple[Parameter, ...]:
    """Read the declarations of a parameters cell, in their order.

    Parameters
    ----------
    source : str
        The cell's code: imports, and literals assigned to names, such as
        ``horizon: int = 39  # weeks to look ahead [1, 520]``.

    Returns
    -------
    tuple of Parameter
        One for each name.

    Raises
    ------
    ParameterError
        If the cell holds anything else, or a declaration contradicts itself.

    Examples
    --------
    >>> [horizon] = read_parameters("horizon: int = 39  # weeks to look ahead [1, 520]")
    >>> horizon.kind, horizon.default, horizon.help, str(horizon.range)
    ('int', 39, 'weeks to look ahead', '[1, 520]')
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ParameterError(f"the parameters cell is not valid Python: {error.msg} (line {error.lineno})") from None
    comments = _comments(source)
    found = [
        parameter
        for statement in statements
        if not isinstance(statement, ast.Import | ast.ImportFrom)
        for parameter in _declared(statement, comments.get(statement.end_lineno or 0, ""))
    ]
    names = [parameter.name for parameter in found]
    if len(set(names)) < len(names):
        raise ParameterError("the parameters cell assigns the same name twice")
    return tuple(found)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _declared(statement: ast.stmt, comment: str) -> list[Parameter]:
    annotation: ast.expr | None = None
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
            names = [name]
        case ast.Assign(targets=targets, value=value) if all(isinstance(target, ast.Name) for target in targets):
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        case _:
            line = ast.unparse(statement).splitlines()[0]
            raise ParameterError(f"the parameters cell may only assign literals to names, but it says `{line}`")
    default = _literal(names[0], value)
    if annotation is None:
        kind, python_type = _inferred(names[0], default)
    else:
        kind, python_type = ast.unparse(annotation), _type_of(names[0], annotation)
    text, interval = _split_range(names[0], comment, python_type)
    return [
        Parameter(name=name, kind=kind, type=python_type, default=default, help=text, range=interval) for name in names
    ]


def _literal(name: str, value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError:
        raise ParameterError(
            f"the default of parameter `{name}` must be a plain literal, but it is `{ast.unparse(value)}`"
        ) from None


def _inferred(name: str, default: Any) -> tuple[str, Any]:
    if default is None:
        return "str | None", Optional[str]  # noqa: UP045  (a value, not an annotation)
    kind = type(default).__name__
    known = {**_KINDS, **_CONTAINERS}
    if kind not in known:
        raise ParameterError(f"parameter `{name}` has a default of kind {kind}, which a study cannot be given")
    return kind, known[kind]


def _type_of(name: str, annotation: ast.expr) -> Any:
    match annotation:
        case ast.Constant(value=None):
            return NoneType
        case ast.Constant(value=str(text)):
            return _type_of(name, ast.parse(text, mode="eval").body)
        case ast.Name(id=kind) | ast.Attribute(attr=kind) if kind in _KINDS | _CONTAINERS:
            return (_KINDS | _CONTAINERS)[kind]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_type_of(name, left), _type_of(name, right)]  # noqa: UP007  (a value, not an annotation)
        case ast.Subscript(value=ast.Name(id=outer) | ast.Attribute(attr=outer), slice=inner):
            return _subscripted(name, outer, inner)
    raise _unknown_kind(name, annotation)


def _subscripted(name: str, outer: str, inner: ast.expr) -> Any:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if outer == "Literal":
        return Literal[tuple(_literal(name, part) for part in parts)]
    if outer == "Annotated":
        return _type_of(name, parts[0])
    if outer == "Optional" and len(parts) == 1:
        return Optional[_type_of(name, parts[0])]  # noqa: UP045  (a value, not an annotation)
    inside = [_type_of(name, part) for part in parts]
    if outer == "list" and len(inside) == 1 and Path not in inside:
        return GenericAlias(list, (inside[0],))
    if outer == "dict" and len(inside) == 2 and inside[0] is str and Path not in inside:
        return GenericAlias(dict, (str, inside[1]))
    raise _unknown_kind(name, inner)


def _unknown_kind(name: str, annotation: ast.expr) -> ParameterError:
    return ParameterError(
        f"parameter `{name}` is annotated with `{ast.unparse(annotation)}`, but a study's parameter is one of "
        "bool, int, float, str, date, Path, Literal[...], list[...], dict[str, ...], or one of these `| None`"
    )


def _split_range(name: str, comment: str, python_type: Any) -> tuple[str, Range | None]:
    text = comment.strip()
    bracket = _TRAILING_BRACKET.search(text)
    if bracket is None or not _looks_like_range(bracket.group()):
        return text, None
    parsed = _INTERVAL.match(bracket.group())
    numeric = {int, float} & {python_type, *get_args(python_type)}
    if parsed is None or not numeric or float(parsed[2]) > float(parsed[3]):
        raise ParameterError(
            f"the comment of parameter `{name}` ends in `{bracket.group()}`, which is no range for a {python_type}: "
            "write it as [1, 520], (0, 1] or [0, inf) behind a number"
        )
    low, high = float(parsed[2]), float(parsed[3])
    low_open = parsed[1] == "(" or math.isinf(low)
    interval = Range(low=low, high=high, low_open=low_open, high_open=parsed[4] == ")" or math.isinf(high))
    return text[: bracket.start()].strip(), interval


def _looks_like_range(bracket: str) -> bool:
    """Tell ``(0, 1]`` from a remark in words such as ``(days)``."""
    return bracket.startswith("[") or bracket.endswith("]") or re.fullmatch(r"\([-+.,\d\sinfe]*\)", bracket) is not None

"""What a parameters cell may declare."""

from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from churnlab.errors import ParameterError
from churnlab.studies.parameters import read_parameters

READ = [
    ("a = 1", "int", int, 1),
    ("a: int = 1", "int", int, 1),
    ("a: float = 1", "float", float, 1),
    ("a = -1.5", "float", float, -1.5),
    ("a = True", "bool", bool, True),
    ("a = 'x'", "str", str, "x"),
    ("a = 'k=v'  # has = in it", "str", str, "k=v"),
    ("a = '# no comment'", "str", str, "# no comment"),
    ("a: str | None = None", "str | None", str | None, None),
    ("a: Literal['x', 'y'] = 'x'", "Literal['x', 'y']", Literal["x", "y"], "x"),
    ("a: Annotated[float, '0..1'] = 0.5", "Annotated[float, '0..1']", float, 0.5),
    ("a: list[int] = [1, 2]", "list[int]", list[int], [1, 2]),
    ("a: dict[str, float] = {'k': 1.0}", "dict[str, float]", dict[str, float], {"k": 1.0}),
    ("a = [1, 'x']", "list", list, [1, "x"]),
    ("a: date = '2024-01-31'", "date", date, "2024-01-31"),
    ("a: datetime.date | None = None", "datetime.date | None", date | None, None),
    ("a: Path = 'orders.csv'", "Path", Path, "orders.csv"),
    ("a: 'int | None' = None", "'int | None'", int | None, None),
    ("a: list[str] = [\n  'x',\n  'y',\n]  # two lines", "list[str]", list[str], ["x", "y"]),
]


@pytest.mark.parametrize(("source", "kind", "python_type", "default"), READ, ids=[row[0][:30] for row in READ])
def test_truth_declaration_is_read(source: str, kind: str, python_type: Any, default: Any) -> None:
    """A declaration gives the kind as it is written, the type that is checked, and the default."""
    [parameter] = read_parameters(source)
    assert (parameter.name, parameter.kind, parameter.type, parameter.default) == ("a", kind, python_type, default)


def test_truth_several_names_on_one_line() -> None:
    """Chained and semicolon-separated assignments declare every name."""
    assert [parameter.name for parameter in read_parameters("k = l = 3\nn = 1; o = 2")] == ["k", "l", "n", "o"]


def test_truth_imports_are_passed_over() -> None:
    """Imports may stand in the cell, since annotations need them."""
    assert [parameter.name for parameter in read_parameters("from datetime import date\nimport os\na = 1")] == ["a"]


RANGES = [
    ("# weeks [1, 520]", "weeks", "[1, 520]", (1, 520), (0, 521)),
    ("# share (0, 1]", "share", "(0, 1]", (0.5, 1), (0, 1.1)),
    ("# at least [0, inf)", "at least", "[0, inf)", (0, 1e300), (-1,)),
    ("# any (-inf, 0)", "any", "(-inf, 0)", (-5,), (0,)),
    ("# small [1e-3, .5)", "small", "[0.001, 0.5)", (0.001,), (0.5,)),
]


@pytest.mark.parametrize(("comment", "text", "shown", "inside", "outside"), RANGES)
def test_truth_range_is_split_from_help(
    comment: str, text: str, shown: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    """An interval at the end of a comment is the range; its open ends do not belong to it."""
    [parameter] = read_parameters(f"a: float = 1.0  {comment}")
    assert (parameter.help, str(parameter.range)) == (text, shown)
    assert parameter.range is not None
    assert all(number in parameter.range for number in inside)
    assert not any(number in parameter.range for number in outside)


def test_truth_remark_in_brackets_is_no_range() -> None:
    """Words in brackets at the end of a comment belong to the help."""
    [parameter] = read_parameters("a = 1  # how far (in days)")
    assert (parameter.help, parameter.range) == ("how far (in days)", None)


REFUSED = [
    ("i, j = 1, 2", "may only assign literals to names, but it says `i, j ="),
    ("a = x == 1", "default of parameter `a` must be a plain literal, but it is `x == 1`"),
    ("a = open('x')", "must be a plain literal"),
    ("print(1)", "may only assign literals to names, but it says `print(1)`"),
    ("a: int", "may only assign literals to names"),
    ("a.b = 1", "may only assign literals to names"),
    ("a = (1, 2)", "kind tuple"),
    ("a: set[int] = 1", "annotated with `int`"),
    ("a: Decimal = 1", "annotated with `Decimal`"),
    ("a: list[Path] = []", "one of bool, int, float"),
    ("a = 1\na = 2", "same name twice"),
    ("a = (", "not valid Python"),
    ("%matplotlib inline", "not valid Python"),
    ("a: int = 1  # weeks [1; 520]", "is no range"),
    ("a: int = 1  # weeks [9, 1]", "is no range"),
    ("a: str = 'x'  # letters [1, 2]", "is no range"),
]


@pytest.mark.parametrize(("source", "message"), REFUSED, ids=[row[0][:30] for row in REFUSED])
def test_input_declaration_is_refused(source: str, message: str) -> None:
    """A declaration that cannot be checked later is refused with the reason."""
    with pytest.raises(ParameterError) as refusal:
        read_parameters(source)
    assert message in str(refusal.value)


def test_truth_only_paths_are_inputs() -> None:
    """A parameter names an input if and only if its kind is Path, with or without None."""
    found = read_parameters("a: Path = 'x'\nb: Path | None = None\nc: str = 'x'")
    assert [parameter.is_input for parameter in found] == [True, True, False]
    assert get_args(found[1].type)[0] is Path

"""What a study may be given."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnlab.errors import ParameterError
from churnlab.studies.parameters import read_parameters
from churnlab.studies.values import check_values, read_texts

TYPED = [
    ("a: str = ''", "007", "007"),
    ("a: str = ''", "none", "none"),
    ("a: int = 1", "39", 39),
    ("a: int = 1", " 5 ", 5),
    ("a: float = 1.0", "1e-3", 0.001),
    ("a: float = 1.0", "2", 2.0),
    ("a: bool = True", "false", False),
    ("a: bool = False", "True", True),
    ("a: date = '2024-01-01'", "2024-12-31", "2024-12-31"),
    ("a: str | None = 'x'", "none", None),
    ("a: int | None = 1", "", None),
    ("a: int | None = 1", "7", 7),
    ("a: int | str = 1", "seven", "seven"),
    ("a: Literal['x', 2] = 'x'", "2", 2),
    ("a: list[str] = []", '["UK", "a,b"]', ["UK", "a,b"]),
    ("a: dict[str, int] = {}", '{"k": 1}', {"k": 1}),
    ("a: Path = 'x'", "my orders.csv", "my orders.csv"),
]


@pytest.mark.parametrize(("source", "text", "value"), TYPED)
def test_truth_text_becomes_value_of_declared_kind(source: str, text: str, value: Any) -> None:
    """What is typed on the command line is read by the declared kind, never guessed."""
    parameters = read_parameters(source)
    checked = check_values(parameters, read_texts(parameters, {"a": text}))["a"]
    assert checked == value
    assert type(checked) is type(value)


PLAIN = [
    ("a: int = 1", np.int64(3), 3),
    ("a: bool = True", np.bool_(False), False),
    ("a: float = 1.0", np.float32(0.5), 0.5),
    ("a: list[int] = []", np.arange(3), [0, 1, 2]),
    ("a: list[int] = []", (1, 2), [1, 2]),
    ("a: Path = 'x'", Path("y") / "z.csv", "y/z.csv"),
    ("a: date = '2024-01-01'", date(2024, 2, 29), "2024-02-29"),
    ("a: date = '2024-01-01'", pd.Timestamp("2024-02-29"), "2024-02-29"),
    ("a: date = '2024-01-01'", datetime(2024, 2, 29), "2024-02-29"),
]


@pytest.mark.parametrize(("source", "value", "plain"), PLAIN)
def test_truth_python_value_becomes_plain(source: str, value: Any, plain: Any) -> None:
    """NumPy scalars, paths, dates and tuples reach the notebook as plain JSON values, never as their text."""
    checked = check_values(read_parameters(source), {"a": value})["a"]
    assert checked == plain
    assert json.loads(json.dumps(checked)) == plain


REFUSED = [
    ("a: int = 1", "39.5", "`a` must be a whole number, but it is '39.5'"),
    ("a: int = 1  # weeks [1, 520]", "521", "`a` must be a whole number in [1, 520], but it is 521"),
    ("a: list[int] = [1]  # each [1, 2]", "[1, 3]", "in [1, 2]"),
    ("a: float = 1.0", "nan", "`a` must be a number, but it is 'nan'"),
    ("a: float = 1.0", "inf", "`a` must be a number"),
    ("a: bool = True", "yes", "`a` must be true or false, but it is 'yes'"),
    ("a: date = '2024-01-01'", "31.12.2024", "a date such as 2024-12-31"),
    ("a: date = '2024-01-01'", "2024-02-30", "a date such as 2024-12-31"),
    ("a: Literal['x', 'y'] = 'x'", "z", "`a` must be one of 'x', 'y', but it is 'z'"),
    ("a: list[int] = []", "1,2", "a list (JSON), each item a whole number"),
    ("a: dict[str, int] = {}", '{"k": "x"}', "a mapping (JSON), each value a whole number"),
    ("a: int | None = 1", "x", "a whole number or none"),
    ("a: Path = 'x'", "", "the name of a file or of a sample"),
]


@pytest.mark.parametrize(("source", "text", "message"), REFUSED)
def test_input_text_is_refused(source: str, text: str, message: str) -> None:
    """A text of the wrong kind or out of range is refused in words, with what it is."""
    parameters = read_parameters(source)
    with pytest.raises(ParameterError) as refusal:
        check_values(parameters, read_texts(parameters, {"a": text}))
    assert message in str(refusal.value)


@pytest.mark.parametrize("value", [True, "5", 5.5, float("nan"), np.float64("inf"), None, object(), {1: 2}])
def test_input_python_value_of_other_kind_is_refused(value: Any) -> None:
    """From Python, a whole number must be one: no truth value, text or fraction passes for it."""
    with pytest.raises(ParameterError, match="must be a whole number"):
        check_values(read_parameters("a: int = 1"), {"a": value})


def test_input_all_problems_at_once() -> None:
    """Every unknown name and wrong value is named in one error, near names are offered."""
    parameters = read_parameters("horizon: int = 1\nunit: str = 'week'")
    with pytest.raises(ParameterError) as refusal:
        check_values(parameters, {"horizn": 3, "horizon": "x", "unit": 7})
    assert str(refusal.value).splitlines() == [
        "`horizn` is not a parameter of this study; did you mean `horizon`?",
        "`horizon` must be a whole number, but it is 'x'",
        "`unit` must be text, but it is 7",
    ]


@given(st.text())
def test_invariant_text_stays_as_it_is(text: str) -> None:
    """Any text for a parameter of kind str arrives unchanged, whatever it looks like."""
    parameters = read_parameters("a: str = ''")
    encodable = text.encode("utf-8", "replace").decode()
    assert check_values(parameters, read_texts(parameters, {"a": encodable}))["a"] == encodable


@given(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False))
def test_invariant_numbers_survive_being_typed(whole: int, number: float) -> None:
    """A number typed as Python writes it is the same number again."""
    parameters = read_parameters("a: int = 1\nb: float = 1.0")
    assert check_values(parameters, read_texts(parameters, {"a": str(whole), "b": repr(number)})) == {
        "a": whole,
        "b": number,
    }

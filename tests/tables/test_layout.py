"""A layout has fields of the right type, and nothing else."""

import pandas as pd
import pytest

from churnlab import tables
from churnlab.errors import DataError, ParameterError


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("columns", 3),
        ("columns", ["a"]),
        ("columns", {"amount": 5}),
        ("encoding", "morse"),
        ("encoding", "hex"),
        ("encoding", 8),
        ("delimiter", 1),
        ("delimiter", "::"),
        ("decimal", ";"),
        ("date_format", 3),
        ("date_format", "day first"),
        ("time_zone", 3),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../zone"),
        ("missing", "NA"),
        ("missing", 3),
        ("missing", (3,)),
        ("sheet", 1),
        ("negative_amounts", True),
    ],
)
def test_input_each_field_is_checked(field, value):
    """A field of another type, or a name that nothing bears, is one line that names the field."""
    with pytest.raises(ParameterError, match=rf"`{field}` must be .*, not ") as caught:
        tables.Layout(**{field: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("columns = 3\n", "map.toml: `columns` must be"),
        ("layout = 3\n", "map.toml holds 'layout'"),
        ('[layout]\nmissing = "NA"\n', "map.toml: `missing` must be"),
        ("[layout]\nmissing = 3\n", "map.toml: `missing` must be"),
        ("[layout]\ndelimiter = 1\n", "map.toml: `delimiter` must be"),
        ("[layout]\ntime_zone = 3\n", "map.toml: `time_zone` must be"),
    ],
)
def test_input_a_column_map_names_itself(tmp_path, text, words):
    """What is wrong in a file is told with the name of the file."""
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(DataError) as caught:
        tables.read_layout(tmp_path / "map.toml")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": ["a"]}, "`columns` must be"),
        ({"columns": {"amount": 5}}, "`columns` must be"),
        ({"layout": 3}, "`layout` must be a tables.Layout, not 3"),
        ({"contract": None}, "`contract` must be one of ORDERS, "),
        ({"as_of": pd.NaT}, "`as_of` must be a date as in 2024-12-31, not NaT"),
    ],
)
def test_input_arguments_of_the_wrong_type(orders, options, words):
    """An argument that cannot be meant is named before anything is read."""
    with pytest.raises(ParameterError) as caught:
        tables.read(orders(), **{"contract": "ORDERS", **options})
    assert words in str(caught.value)

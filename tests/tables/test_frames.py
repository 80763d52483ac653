"""Columns of objects become one plain type each, by all their rows."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from churnlab import tables

N = 5_000  # more rows than a look at the first ones would cover


def as_frame(frame, folder):
    return frame


def as_excel(frame, folder):
    frame.to_excel(folder / "o.xlsx", index=False)
    return folder / "o.xlsx"


@pytest.fixture(params=[as_frame, as_excel], ids=["frame", "excel"])
def bring(request):
    return request.param


def long_orders(**columns):
    """Five thousand orders in columns of objects."""
    usual = {"customer_id": [f"c{i}" for i in range(N)], "date": ["2024-01-01"] * N, "amount": [1] * N}
    return pd.DataFrame({**usual, **columns}, dtype=object)


def test_truth_late_values_are_neither_rounded_nor_recoded(bring, tmp_path):
    """One odd value far down keeps its cents, and a text key its zeros, though thousands of whole numbers precede."""
    frame = long_orders(amount=[1] * (N - 2) + [2.75, 3], customer_id=[7] * (N - 1) + ["007"])
    rows = tables.read(bring(frame, tmp_path), "ORDERS").to_frame()
    assert rows["amount"].tolist()[-3:] == [1, 2.75, 3]
    assert rows["customer_id"].tolist()[-2:] == ["7", "007"]


def test_input_a_late_text_among_numbers_is_a_breach(bring, tmp_path, refusal):
    """A word in row 4,998 of a column of numbers is reported as every other breach is."""
    text = refusal(bring(long_orders(amount=[1] * (N - 3) + ["n/a", 1, 1]), tmp_path))
    assert "`amount` must be a number: 1 of 5,000 rows breaks this (first: row 4,998: 'n/a')" in text


def test_input_a_late_fraction_among_keys_is_a_breach(bring, tmp_path, refusal):
    """A key such as 7.5 far down is not rounded to a customer."""
    text = refusal(bring(long_orders(customer_id=[7] * (N - 1) + [7.5]), tmp_path))
    assert "`customer_id` must be whole numbers or text" in text


def test_truth_objects_of_one_type_become_that_type(orders):
    """Whole numbers, dates, truth values and exact decimals keep what they mean; a value may be missing."""
    frame = pd.DataFrame(
        {
            "customer_id": [1, 2, 3],
            "date": [dt.date(2024, 1, 1), dt.date(2024, 1, 2), dt.date(2024, 1, 3)],
            "amount": [Decimal("0.10"), Decimal("0.20"), Decimal("1E+2")],
            "returned": [True, None, False],
            "quantity": [1, np.nan, 3],
            "big": [2**70, 1, 2],
        },
        dtype=object,
    )
    table = tables.read(frame, "ORDERS", layout=tables.Layout(decimal=","))
    assert table.engine.types(table.view)["customer_id"] == "BIGINT"
    assert table.to_frame()["date"].tolist()[2] == pd.Timestamp("2024-01-03")
    query = f"SELECT amount, returned, quantity, big FROM {table.view}"
    assert table.engine.rows(query) == [
        (Decimal("0.1000"), True, 1.0, str(2**70)),
        (Decimal("0.2000"), None, None, "1"),
        (Decimal("100.0000"), False, 3.0, "2"),
    ]


def test_input_datetimes_with_and_without_a_zone(orders, refusal):
    """Times of which some carry a zone are a breach in objects as in text."""
    zoned = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    dates = pd.Series([zoned, dt.datetime(2024, 1, 1), zoned], dtype=object)
    assert "`date` must carry a time zone in every row or in none: 1 of 3" in refusal(orders(date=dates))


def test_truth_datetimes_of_several_zones_are_the_same_moments(orders):
    """Objects whose zones differ are turned into the layout's zone."""
    moments = ["2024-01-01T00:30+01:00", "2024-01-01T00:30+00:00", "2023-12-31T23:30-02:00"]
    dates = pd.Series([dt.datetime.fromisoformat(moment) for moment in moments], dtype=object)
    days = tables.read(orders(date=dates), "ORDERS").to_frame()["date"].astype(str).tolist()
    assert days == ["2023-12-31 23:30:00", "2024-01-01 00:30:00", "2024-01-01 01:30:00"]


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_truth_categories_are_text(orders, library):
    """A column of categories is read as the text that it stands for, dates included."""
    if library is pd:
        frame = orders().astype({"customer_id": "category", "date": "category"})
    else:
        frame = pl.from_pandas(orders()).with_columns(pl.col("customer_id", "date").cast(pl.Categorical))
    rows = tables.read(frame, "ORDERS").to_frame()
    assert rows["customer_id"].tolist() == ["007", "b", "b"]
    assert rows["date"].tolist()[2] == pd.Timestamp("2024-02-01")


def test_input_frames_that_no_engine_takes(orders, refusal):
    """Periods and complex numbers are read as text, which is no date and no amount; a frame without columns is none."""
    assert "`date` must be a date" in refusal(orders(date=pd.period_range("2024-01", periods=3, freq="M")))
    assert "`amount` must be a number" in refusal(orders(amount=np.array([1j, 2, 3])))
    assert "the frame has no columns" in refusal(pd.DataFrame(index=[1, 2]))
    sparse = refusal(orders(amount=pd.arrays.SparseArray([1, 2, 3])))
    assert sparse.startswith("the frame cannot be read: ")
    assert "\n" not in sparse


@pytest.mark.parametrize("name", [None, np.nan, " "])
def test_input_a_column_without_a_name(orders, refusal, name):
    """A column without a name is refused in a frame as in a file."""
    frame = orders(other=1).set_axis(["customer_id", "date", "amount", name], axis="columns")
    assert "the frame: column 4 of 4 has no name" in refusal(frame)


def test_input_an_excel_header_with_a_blank(orders, refusal, tmp_path):
    """A blank cell in the first row of a sheet is a column without a name."""
    orders(other=1).rename(columns={"other": ""}).to_excel(tmp_path / "o.xlsx", index=False)
    assert "o.xlsx: column 4 of 4 has no name" in refusal(tmp_path / "o.xlsx")


def test_truth_an_index_with_a_name_is_a_column():
    """Customers in the index, as grouping leaves them, are found there; an index without a name is none."""
    frame = pd.DataFrame({"customer_id": ["a", "b", "b"], "date": ["2024-01-01"] * 3, "amount": [1.0, 2, 3]})
    expected = tables.read(frame, "ORDERS").to_frame()
    for keys in (["customer_id"], ["customer_id", "date"]):
        pd.testing.assert_frame_equal(tables.read(frame.set_index(keys), "ORDERS").to_frame(), expected)
    kept = frame.set_index("customer_id", drop=False)
    pd.testing.assert_frame_equal(tables.read(kept, "ORDERS").to_frame(), expected)
    assert tables.read(frame.set_index(pd.Index([7, 7, 8])), "ORDERS").columns == ("customer_id", "date", "amount")

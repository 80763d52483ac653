"""What raw values become, and what they cannot become."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from churnlab import tables

RFM = {"frequency": [1, 2], "recency": [1.0, 2.0], "T": [5.0, 4.0]}


@pytest.mark.parametrize("churned", [[1, 2, 1], [1.0, 0.5, 0.0], ["1", "2", "0"]], ids=["int", "float", "text"])
def test_input_a_flag_is_one_or_zero(churned, refusal):
    """Any other number is no truth value."""
    text = refusal(pd.DataFrame({"duration": [1, 2, 3], "churned": churned}), "SPELLS")
    assert "`churned` must be true or false (or 1 or 0): 1 of 3 rows breaks this (first: row 2" in text


@pytest.mark.parametrize("churned", [[1, 0], [1.0, 0.0], ["1", "0"], [" yes", "no "], [True, False]])
def test_truth_flags_in_all_spellings(churned):
    """One and zero are true and false, in numbers of all kinds and in text."""
    frame = tables.read(pd.DataFrame({"duration": [1, 2], "churned": churned}), "SPELLS").to_frame()
    assert frame["churned"].tolist() == [True, False]


@pytest.mark.parametrize(("zone", "day"), [(None, "2023-12-31"), ("Europe/Paris", "2024-01-01")])
def test_truth_a_format_with_a_zone_honours_the_layouts_zone(orders, zone, day):
    """Half past eleven at night in London is the next day in Paris, also in a format of one's own."""
    layout = tables.Layout(date_format="%d.%m.%Y %H:%M %z", time_zone=zone)
    table = tables.read(orders(date=["31.12.2023 23:30 +0000"] * 3), "ORDERS", layout=layout)
    assert table.to_frame()["date"].dt.date.astype(str).unique().tolist() == [day]


@pytest.mark.parametrize(
    "date", ["2024-01-01 10:00 Europe/Paris", "2024-01-01 11:00 PM", "2024-01-01 10:00:00 BC", "2024-01-01 noon"]
)
def test_input_a_date_is_read_whole_or_not_at_all(orders, refusal, date):
    """Words behind a time are not dropped."""
    assert "`date` must be a date" in refusal(orders(date=[date] * 3))


@pytest.mark.parametrize(
    "date", ["2024-1-5", "2024/01/05", " 2024-01-05 ", "2024-01-05T00:00", "2024-01-05 00:00:00.000000000"]
)
def test_truth_dates_in_iso_8601(orders, date):
    """Days and times, with a space or a T between them."""
    frame = tables.read(orders(date=[date] * 3), "ORDERS").to_frame()
    assert frame["date"].unique().tolist() == [pd.Timestamp("2024-01-05")]


def test_invariant_usual_and_other_forms_read_alike(orders):
    """A moment written in one of the two usual forms is the one that it is in any other form of ISO 8601."""
    usual = ["2024-02-29 23:59:59", "2024-12-31", " 1999-01-01 00:00:00 "]
    others = ["2024-2-29T23:59:59", "2024/12/31", "1999-1-1 0:00"]
    found = [tables.read(orders(date=dates), "ORDERS").to_frame()["date"].tolist() for dates in (usual, others)]
    assert found[0] == found[1] == [pd.Timestamp(date.strip()) for date in usual]


@pytest.mark.parametrize(
    "date",
    ["2024-02-30", "2023-02-29 00:00:00", "2024-13-01", "2024-01-01 24:00:01", "2024-01-01 10:60:00", "2O24-01-01"],
)
def test_input_usual_forms_of_no_date(orders, refusal, date):
    """What has the shape of a date, but is no day or no time, is refused."""
    assert "`date` must be a date as in 2024-12-31" in refusal(orders(date=["2024-01-01", date, "2024-01-02"]))


@pytest.mark.parametrize("serial", [1e18, np.inf, -1e9, np.nan])
def test_input_serial_days_beyond_all_calendars(orders, refusal, serial):
    """A serial number that is no day is a breach, not a failure."""
    text = refusal(orders(date=[45292.0, serial, 45294.0]), layout=tables.Layout(date_format="excel"))
    assert "1 of 3 rows breaks this (first: row 2" in text


def test_input_amounts_too_small_for_four_decimals(orders, refusal):
    """An amount that rounding to four decimals would change by more than 0.5 % is refused."""
    text = refusal(orders(amount=[0.00002, 0.00125, 0.01234]))
    assert "must not change by more than 0.5 % when it is rounded to four decimals: 2 of 3" in text


def test_truth_amounts_are_rounded_to_four_decimals(orders):
    """Further decimals of larger amounts, and what binary fractions leave of zero, are rounded away."""
    table = tables.read(orders(amount=[1.23456, 0.0125, 0.3 - 0.1 - 0.1 - 0.1 + 1e-15]), "ORDERS")
    amounts = [row[0] for row in table.engine.rows(f"SELECT amount FROM {table.view}")]
    assert amounts == [Decimal("1.2346"), Decimal("0.0125"), Decimal("0.0000")]


def test_input_one_breach_for_one_value(orders, refusal):
    """A value that is not finite is told once, whatever other rules it would break as well."""
    for amount in (["nan", "1", "2"], [-np.inf, 1, 2], ["inf", "1", "2"]):
        text = refusal(orders(amount=amount))
        assert text.count("\n") == 1, text
        assert "`amount` must be finite" in text


def test_input_trimmed_keys_must_not_repeat(refusal):
    """Keys are compared as they are kept: without the blanks around them."""
    frame = pd.DataFrame({"customer_id": ["a", " a ", "b"]})
    assert "`customer_id` must not repeat: 2 of 3" in refusal(frame, "CUSTOMERS")
    assert tables.read(frame.iloc[1:], "CUSTOMERS").to_frame()["customer_id"].tolist() == ["a", "b"]


def test_input_a_weight_where_there_are_weights(refusal):
    """RFM needs no weights, but where the column is there no cell of it is empty."""
    assert tables.read(pd.DataFrame(RFM), "RFM").n == 2
    assert "`weight` must not be missing: 1 of 2" in refusal(pd.DataFrame({**RFM, "weight": [1.0, None]}), "RFM")

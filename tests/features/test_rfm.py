"""RFM as of a date, and what came after it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import features, tables
from churnlab.errors import DataError, ParameterError


def table(rows: list[tuple[object, str, float]]) -> tables.Table:
    return tables.read(pd.DataFrame(rows, columns=["customer_id", "date", "amount"]), "ORDERS")


SMALL = [
    ("a", "2024-01-01", 10.0),
    ("a", "2024-01-08 09:00", 5.0),
    ("a", "2024-01-08 17:00", 7.0),
    ("a", "2024-01-22", 1.0),
    ("b", "2024-01-15", 3.0),
    ("c", "2024-02-01", 9.0),
]


def test_truth_hand_counted_histories():
    """Orders of a day count once, the first day makes the customer, the day of as_of is not seen."""
    rfm = features.to_rfm(table(SMALL), as_of="2024-01-23", unit="week")
    assert rfm["customer_id"].tolist() == ["a", "b"]
    assert rfm["frequency"].tolist() == [2, 0]
    assert rfm["recency"].tolist() == [3, 0]
    assert rfm["T"].tolist() == [3, 1]
    assert rfm["monetary_value"].tolist()[0] == (12 + 1) / 2
    assert np.isnan(rfm["monetary_value"].tolist()[1])


def test_truth_cdnow_sample_has_the_published_counts(sample_rfm):
    """2,357 customers with 2,457 repeat orders, 946 repeat buyers and a longest T of 272 days."""
    assert len(sample_rfm) == 2357
    assert sample_rfm["frequency"].sum() == 2457
    assert (sample_rfm["frequency"] > 0).sum() == 946
    assert sample_rfm["T"].max() == 272 / 7


def test_truth_cdnow_held_out_orders(cdnow_sample, full_orders):
    """1,882 orders in the sample's 39 held-out weeks, 19,684 in those of all customers."""
    assert features.to_future(cdnow_sample, as_of="1997-10-01", horizon=39)["orders"].sum() == 1882
    future = features.to_future(full_orders, as_of="1997-10-01", horizon=39)
    assert future["orders"].sum() == 19684
    assert (future["orders"] > 0).sum() == 7058


def test_truth_groups_hold_the_same_customers(cdnow_sample, sample_rfm):
    """Groups are the distinct histories with their number of customers."""
    groups = features.to_rfm_groups(cdnow_sample, as_of="1997-10-01")
    expected = (
        sample_rfm.groupby(["frequency", "recency", "T"], as_index=False).size().rename(columns={"size": "weight"})
    )
    pd.testing.assert_frame_equal(groups, expected, check_dtype=False)


@pytest.mark.parametrize(("unit", "days"), [("day", 1), ("week", 7), ("month", 30.4375), ("year", 365.25)])
def test_invariant_units_only_change_the_scale(cdnow_sample, unit, days):
    """Ages in any unit are days divided by its length."""
    in_days = features.to_rfm(cdnow_sample, as_of="1997-10-01", unit="day")
    in_unit = features.to_rfm(cdnow_sample, as_of="1997-10-01", unit=unit)
    np.testing.assert_allclose(in_unit["T"] * days, in_days["T"], rtol=1e-14)
    np.testing.assert_allclose(in_unit["recency"] * days, in_days["recency"], rtol=1e-14)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.dates(pd.Timestamp("2024-01-01").date(), pd.Timestamp("2024-03-31").date()),
        st.integers(0, 99),
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.filterwarnings("ignore:.*has no order in the")
@settings(max_examples=40, deadline=None)
@given(before=ROWS, after=ROWS)
def test_invariant_nothing_after_the_date_changes_what_is_known(before, after):
    """Rows on or after as_of leave every feature as it is; rows before it leave every outcome as it is."""
    later = [(who, day + pd.Timedelta(days=91), paid) for who, day, paid in after]
    one = [(who, str(day), paid) for who, day, paid in before]
    both = table(one + [(who, str(day), paid) for who, day, paid in later])
    known = features.to_rfm(both, as_of="2024-04-01", unit="day")
    pd.testing.assert_frame_equal(known, features.to_rfm(table(one), as_of="2024-04-01", unit="day"))
    future = features.to_future(both, as_of="2024-04-01", horizon=91, unit="day", observed_until="2024-07-01")
    moved = table(
        [(who, "2024-01-01", 1.0) for who, _, _ in before] + [(who, str(day), paid) for who, day, paid in later]
    )
    again = features.to_future(moved, as_of="2024-04-01", horizon=91, unit="day", observed_until="2024-07-01")
    pd.testing.assert_frame_equal(future, again)


def test_invariant_the_order_of_rows_does_not_matter(cdnow_sample, sample_rfm):
    """Shuffled orders give the same frame, to the last bit."""
    shuffled = cdnow_sample.to_frame().sample(frac=1, random_state=3)
    again = features.to_rfm(tables.read(shuffled, "ORDERS"), as_of="1997-10-01")
    pd.testing.assert_frame_equal(again, sample_rfm, check_exact=True)


def test_input_dates_that_the_table_does_not_cover():
    """A date before all orders, a window past their end and a long silence before the date are named."""
    orders = table(SMALL)
    with pytest.raises(DataError, match="has no order before as_of 2023-01-01"):
        features.to_rfm(orders, as_of="2023-01-01")
    with pytest.raises(DataError, match="has no order before as_of 2023-01-01"):
        features.to_future(orders, as_of="2023-01-01", horizon=1)
    with pytest.raises(DataError, match="2024-02-20 lies 18 days after the end of the frame"):
        features.to_future(orders, as_of="2024-01-23", horizon=4)
    assert features.to_future(orders, as_of="2024-01-23", horizon=4, observed_until="2024-02-20")[
        "orders"
    ].tolist() == [0, 0]
    with pytest.warns(UserWarning, match="no order in the 59 days before as_of 2024-04-01"):
        features.to_rfm(orders, as_of="2024-04-01")


def test_input_arguments_that_make_no_sense():
    """Units, horizons and dates are checked where they come in."""
    orders = table(SMALL)
    with pytest.raises(ParameterError, match="`unit` must be 'day', 'week', 'month', 'year', not 'fortnight'"):
        features.to_rfm(orders, as_of="2024-01-23", unit="fortnight")
    with pytest.raises(ParameterError, match="`horizon` must be above 0"):
        features.to_future(orders, as_of="2024-01-23", horizon=0)
    with pytest.raises(ParameterError, match="`horizon` must be above 0, not '4'"):
        features.to_future(orders, as_of="2024-01-23", horizon="4")
    with pytest.raises(ParameterError, match="There is no day inf times a week from 2024-01-23"):
        features.to_future(orders, as_of="2024-01-23", horizon=float("inf"))
    with pytest.raises(ParameterError, match="`as_of` must be a date"):
        features.to_rfm(orders, as_of="23/01/2024")

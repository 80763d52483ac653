"""Cohorts by age, repurchase rates by order number, average orders over time."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import tables
from churnlab.errors import DataError, ParameterError
from churnlab.features.cohorts import repurchase_rates, to_cohorts
from churnlab.features.revenue import average_orders


def table(rows: list[tuple[object, object, float]]) -> tables.Table:
    frame = pd.DataFrame([(who, str(day), paid) for who, day, paid in rows], columns=["customer_id", "date", "amount"])
    return tables.read(frame, "ORDERS")


# Mondays: 2024-01-01, 08, 15, 22, 29; a and b are of the week of the 1st, c of the week of the 8th.
SMALL = [
    ("a", "2024-01-01", 10.0),
    ("a", "2024-01-07 08:00", 1.0),
    ("a", "2024-01-07 20:00", 1.0),
    ("a", "2024-01-08", 4.0),
    ("b", "2024-01-07", 6.0),
    ("b", "2024-01-21", 8.0),
    ("c", "2024-01-10", 3.0),
    ("c", "2024-01-28", 5.0),
]


def test_truth_hand_counted_cohorts():
    """Ages count from each customer's own first order, and a week counts only when the last to join has lived it."""
    frame = to_cohorts(table(SMALL), as_of="2024-01-29", by="week", period="week")
    assert [f"{day:%m-%d}" for day in frame["cohort"]] == ["01-01"] * 3 + ["01-08"] * 2
    assert frame["age"].tolist() == [0, 1, 2, 0, 1]
    assert frame["customers"].tolist() == [2, 2, 2, 1, 1]
    assert frame["buyers"].tolist() == [2, 1, 1, 1, 0]
    assert frame["retention"].tolist() == [1, 0.5, 0.5, 1, 0]
    assert frame["orders"].tolist() == [3, 1, 1, 1, 0]
    assert frame["revenue"].tolist() == [18, 4, 8, 3, 0]
    assert frame["average_order"].tolist()[:4] == [6, 4, 8, 3]
    assert np.isnan(frame["average_order"].iloc[4])


def test_truth_an_age_appears_on_the_day_it_is_whole():
    """Who could last have joined on Sunday the 7th has lived her first week before the 14th, not before the 13th."""
    assert to_cohorts(table(SMALL), as_of="2024-01-14", by="week", period="week")["age"].tolist() == [0]
    with pytest.raises(DataError, match="observed for a whole week before 2024-01-13"):
        to_cohorts(table(SMALL), as_of="2024-01-13", by="week", period="week")


def test_truth_cdnow_cohorts_agree_with_pandas(full_orders):
    """Buyers, orders and revenue of each monthly cohort and age are those of plain pandas."""
    days = full_orders.to_frame().groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    days["first"] = days.groupby("customer_id")["date"].transform("min")
    days["age"] = ((days["date"] - days["first"]).dt.days // 30.4375).astype(int)
    days["cohort"] = days["first"].dt.to_period("M").dt.start_time
    days["amount"] = days["amount"].astype(float)
    expected = days.groupby(["cohort", "age"]).agg(
        buyers=("customer_id", "nunique"), orders=("date", "size"), revenue=("amount", "sum")
    )
    found = to_cohorts(full_orders, as_of="1998-07-01").set_index(["cohort", "age"])
    assert found.groupby("cohort").size().tolist() == [16, 16, 15]
    expected = expected.loc[found.index]
    for column in ("buyers", "orders"):
        assert found[column].tolist() == expected[column].tolist()
    np.testing.assert_allclose(found["revenue"], expected["revenue"], rtol=1e-12)


def test_truth_hand_counted_repurchase():
    """Seven days later is within seven days, eight is not, and who has not had them all is left out on both sides."""
    rates = repurchase_rates(table(SMALL), as_of="2024-01-29", within_days=7)
    assert rates["order_number"].tolist() == [1, 2, 3]
    assert rates["buyers"].tolist() == [3, 2, 1]
    assert rates["again"].tolist() == [1, 1, 0]
    assert rates["not_yet_observed"].tolist() == [0, 1, 0]
    sooner = repurchase_rates(table(SMALL), as_of="2024-01-15", within_days=7)
    assert sooner["buyers"].tolist() == [2, 1]
    assert sooner["again"].tolist() == [1, 1]
    assert sooner["not_yet_observed"].tolist() == [1, 0]
    edge = repurchase_rates(table(SMALL), as_of="2024-01-29", within_days=14)
    assert edge.loc[0, ["buyers", "again"]].tolist() == [3, 2]
    assert repurchase_rates(table(SMALL), as_of="2024-01-29", within_days=13).loc[0, "again"] == 1


def test_truth_cdnow_repurchase_agrees_with_pandas(full_orders):
    """Rates within 90 days after each of the first ten orders are those of plain pandas."""
    days = full_orders.to_frame()[["customer_id", "date"]].drop_duplicates().sort_values(["customer_id", "date"])
    grouped = days.groupby("customer_id")["date"]
    days["number"] = grouped.cumcount() + 1
    days["again"] = (grouped.shift(-1) - days["date"]).dt.days <= 90
    seen = days[(days["date"] + pd.Timedelta(days=90) < pd.Timestamp("1998-07-01")) & (days["number"] <= 10)]
    expected = seen.groupby("number")["again"].agg(["size", "sum"])
    found = repurchase_rates(full_orders, as_of="1998-07-01", within_days=90)
    assert found["buyers"].tolist() == expected["size"].tolist()
    assert found["again"].tolist() == expected["sum"].tolist()


def test_truth_cdnow_average_order_agrees_with_pandas(full_orders):
    """The average is revenue over orders, and its variance that of a ratio of sums over buyers."""
    days = full_orders.to_frame().groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    days["amount"] = days["amount"].astype(float)
    month = days[days["date"].between("1997-11-01", "1997-11-30")]
    per = month.groupby("customer_id").agg(orders=("date", "size"), revenue=("amount", "sum"))
    ratio = per["revenue"].sum() / per["orders"].sum()
    n, rest = len(per), per["revenue"] - ratio * per["orders"]
    std_error = np.sqrt(n / (n - 1) * (rest**2).sum()) / per["orders"].sum()
    found = average_orders(full_orders, as_of="1998-07-01").set_index("start").loc["1997-11-01"]
    assert [found["buyers"], found["orders"]] == [n, per["orders"].sum()]
    np.testing.assert_allclose(found["average_order"], ratio, rtol=1e-12)
    np.testing.assert_allclose((found["conf_high"] - found["conf_low"]) / 2 / 1.959963985, std_error, rtol=1e-8)


def test_truth_a_cut_period_is_absent():
    """January 2024 has an average as of 1 February, and none as of 31 January."""
    orders = table([*SMALL, ("a", "2024-02-03", 1.0)])
    assert average_orders(orders, as_of="2024-02-01")["orders"].tolist() == [7]
    with pytest.raises(DataError, match="No whole month of the frame lies before 2024-01-31"):
        average_orders(orders, as_of="2024-01-31")


def test_invariant_average_orders_in_a_small_currency():
    """Amounts a hundred million times as large give limits as many times as large: squares of sums do not overflow."""
    rows = {"customer_id": ["a", "a", "b", "c"], "date": ["2024-01-01", "2024-01-09", "2024-01-02", "2024-01-03"]}
    found = [
        average_orders(tables.read(pd.DataFrame({**rows, "amount": [1.5 * unit, 2 * unit, 7 * unit, unit]}), "ORDERS"),
                       as_of="2024-02-01", observed_until="2024-02-01")
        for unit in (1, 10**8)
    ]  # fmt: skip
    money = ["revenue", "average_order", "conf_low", "conf_high"]
    np.testing.assert_allclose(found[1][money], 1e8 * found[0][money], rtol=1e-12)


ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.dates(date(2024, 1, 1), date(2024, 4, 29)), st.integers(0, 99)),
    min_size=1,
    max_size=30,
)


@settings(max_examples=12, deadline=None)
@given(rows=ROWS, later=ROWS)
def test_invariant_nothing_from_the_date_on_changes_a_number(rows, later):
    """Rows on or after as_of leave cohorts, rates and averages as they are."""
    rows = [(0, date(2024, 1, 1), 1), *rows]
    one, more = table(rows), table(rows + [(who, day + timedelta(days=120), paid) for who, day, paid in later])
    known = {"as_of": "2024-04-30", "observed_until": "2025-01-01"}
    for function, options in (
        (to_cohorts, {"by": "week", "period": "week"}),
        (repurchase_rates, {"within_days": 20}),
        (average_orders, {"period": "week"}),
    ):
        pd.testing.assert_frame_equal(function(one, **known, **options), function(more, **known, **options))


@settings(max_examples=12, deadline=None)
@given(rows=ROWS)
def test_invariant_shares_are_shares_and_orders_are_counted_once(rows):
    """Retention is one at age 0 and a share elsewhere; buyers not yet observed are those who are missing from a rate."""
    orders = table([(0, date(2024, 1, 1), 1), *rows])
    known = {"as_of": "2024-04-30", "observed_until": "2025-01-01"}
    cohorts = to_cohorts(orders, by="week", period="week", **known)
    assert (cohorts.loc[cohorts["age"] == 0, "retention"] == 1).all()
    assert cohorts["retention"].between(cohorts["conf_low"], cohorts["conf_high"]).all()
    assert (cohorts["orders"] >= cohorts["buyers"]).all()
    rates = repurchase_rates(orders, within_days=20, up_to=99, **known)
    reached = orders.to_frame().groupby("customer_id")["date"].nunique()
    for row in rates.itertuples():
        assert row.buyers + row.not_yet_observed == (reached >= row.order_number).sum()
        assert row.conf_low <= row.rate <= row.conf_high


def test_input_arguments_that_make_no_sense():
    """Periods, numbers and windows that nothing fills are named."""
    orders = table(SMALL)
    with pytest.raises(ParameterError, match="`by` must be 'week', 'month', 'quarter', 'year', not 'day'"):
        to_cohorts(orders, as_of="2024-01-29", by="day")
    with pytest.raises(ParameterError, match="`period` must be .* not 'day'"):
        average_orders(orders, as_of="2024-01-29", period="day")
    with pytest.raises(ParameterError, match="`within_days` must be a whole number from 1 to 100,000, not 0"):
        repurchase_rates(orders, as_of="2024-01-29", within_days=0)
    with pytest.raises(DataError, match="lies 41 or more days before 2024-01-29.*smaller within_days"):
        repurchase_rates(orders, as_of="2024-01-29", within_days=40)
    with pytest.raises(DataError, match="2024-01-30 lies 1 days after the end"):
        to_cohorts(orders, as_of="2024-01-30")
    with pytest.raises(ParameterError, match="`conf_level` must lie between 0 and 1"):
        repurchase_rates(orders, as_of="2024-01-29", within_days=7, conf_level=95)

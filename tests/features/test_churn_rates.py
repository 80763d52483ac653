"""Churn and retention of subscriptions, churn by activity, and rates of other periods."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import tables
from churnlab.errors import DataError, ParameterError
from churnlab.features.activity import activity_churn
from churnlab.features.churn_rates import scale_rate, to_churn_counts, to_churn_rates


def contracts(rows: list[tuple[str, str, str | None, float | None]]) -> tables.Table:
    return tables.read(pd.DataFrame(rows, columns=["customer_id", "start", "end", "price"]), "SUBSCRIPTIONS")


# On 1 February 100 are paid by five customers; on 1 March:
PLANS = [
    ("kept", "2024-01-01", None, 20.0),
    ("gone", "2024-01-01", "2024-02-15", 30.0),
    ("down", "2024-01-01", "2024-02-15", 15.0),  # one of two contracts ends: a downgrade
    ("down", "2024-01-10", None, 10.0),
    ("up", "2024-01-01", "2024-02-15", 20.0),  # a dearer contract follows: an upgrade
    ("up", "2024-02-15", None, 32.0),
    ("back", "2024-01-01", "2024-02-10", 5.0),  # away in between, and here again: not lost
    ("back", "2024-02-20", None, 5.0),
    ("new", "2024-02-20", None, 8.0),
    ("brief", "2024-02-05", "2024-02-25", 99.0),  # at neither date
]
DATES = ["2024-02-01", "2024-03-01"]


def test_truth_hand_counted_month():
    """Of 100 from five customers: one lost with 30, 15 down, 12 up, one new with 8."""
    row = to_churn_counts(contracts(PLANS), dates=DATES, observed_until="2024-03-01").iloc[0]
    counts = row[["customers", "lost", "new", "revenue", "revenue_lost", "revenue_down", "revenue_up", "revenue_new"]]
    assert counts.tolist() == [5, 1, 1, 100, 30, 15, 12, 8]
    rates = to_churn_rates(contracts(PLANS), dates=DATES, observed_until="2024-03-01").set_index("measure")["estimate"]
    assert rates.round(12).to_dict() == {
        "customer_churn": 0.2,
        "revenue_churn": 0.45,
        "gross_retention": 0.55,
        "net_retention": 0.67,
    }


def test_truth_interval_of_net_retention():
    """Its variance is that of Σ after / Σ before over customers."""
    before, after = np.array([20, 30, 25, 20, 5.0]), np.array([20, 0, 10, 32, 5.0])
    rest = after - 0.67 * before
    std_error = np.sqrt(5 / 4 * (rest**2).sum()) / 100
    rates = to_churn_rates(contracts(PLANS), dates=DATES, observed_until="2024-03-01").set_index("measure")
    assert rates.loc["net_retention", "conf_high"] == pytest.approx(0.67 + 1.959963985 * std_error, rel=1e-9)
    gross, churn = rates.loc["gross_retention"], rates.loc["revenue_churn"]
    assert churn["conf_low"] == pytest.approx(1 - gross["conf_high"])
    assert churn["conf_high"] == pytest.approx(1 - gross["conf_low"])


def test_truth_large_prices_and_no_loss():
    """Prices of six digits and more are squared without overflow; where nobody is lost, limits say that some may be."""
    rich = [(str(who), "2024-01-01", None, 9e9) for who in range(10)]
    rates = to_churn_rates(contracts(rich), dates=DATES, observed_until="2024-03-01").set_index("measure")
    wilson_of_ten = [0.0, 0.2775328]
    assert rates.loc["customer_churn", ["conf_low", "conf_high"]].tolist() == pytest.approx(wilson_of_ten)
    assert rates.loc["revenue_churn", ["conf_low", "conf_high"]].tolist() == pytest.approx(wilson_of_ten)
    assert rates.loc["net_retention", "estimate"] == 1
    assert rates.loc["net_retention", ["conf_low", "conf_high"]].isna().all()


def test_truth_a_contract_is_gone_on_the_day_it_ends():
    """Its start is the first day on which it counts, the day before its end the last."""
    one = contracts([("a", "2024-01-01", None, 1.0), ("b", "2024-01-10", "2024-01-20", 1.0)])
    dates = ["2024-01-09", "2024-01-10", "2024-01-19", "2024-01-20", "2024-01-21"]
    assert to_churn_counts(one, dates=dates)["customers"].tolist() == [1, 2, 2, 1]


def test_truth_without_prices_only_customers_are_counted():
    """Revenue is NaN, and the only rate is that of customers."""
    frame = pd.DataFrame(PLANS, columns=["customer_id", "start", "end", "price"]).drop(columns="price")
    table = tables.read(frame, "SUBSCRIPTIONS")
    row = to_churn_counts(table, dates=DATES, observed_until="2024-03-01").iloc[0]
    assert row[["customers", "lost", "new"]].tolist() == [5, 1, 1]
    assert row.filter(like="revenue").isna().all()
    rates = to_churn_rates(table, dates=DATES, observed_until="2024-03-01")
    assert rates["measure"].tolist() == ["customer_churn"]


def test_truth_scaled_rates():
    """Retention multiplies: 5 % a month leave 0.95¹² after a year, and 36 % in two months are 20 % in one."""
    assert scale_rate(0.05, from_days=1, to_days=12) == pytest.approx(1 - 0.95**12)
    np.testing.assert_allclose(scale_rate([0.0, 0.36, 1.0], from_days=60, to_days=30), [0, 0.2, 1])


def test_truth_activity_churn():
    """Active are those with an order in the days before, lost those of them without one in the days from the date on."""
    rows = [("a", "2024-01-20"), ("a", "2024-02-10"), ("b", "2024-01-22"), ("b", "2024-02-11"), ("c", "2024-01-21")]
    rows += [("d", "2024-01-31"), ("d", "2024-02-01"), ("e", "2024-02-01"), ("a", "2024-03-01")]
    orders = tables.read(pd.DataFrame(rows, columns=["customer_id", "date"]).assign(amount=1), "ORDERS")
    frame = activity_churn(orders, dates=["2024-02-01"], window_days=10)
    assert frame[["customers", "lost"]].to_numpy().tolist() == [[2, 1]]  # b and d; b is back one day late
    wider = activity_churn(orders, dates=["2024-02-01"], window_days=11)
    assert wider[["customers", "lost"]].to_numpy().tolist() == [[3, 1]]  # c too, and b is in time


def test_truth_cdnow_activity_churn_agrees_with_pandas(full_orders):
    """Churn over 90 days as of 1998 is that of plain pandas."""
    frame, cut, days = full_orders.to_frame(), pd.Timestamp("1998-01-01"), pd.Timedelta(days=90)
    active = set(frame.loc[(frame["date"] >= cut - days) & (frame["date"] < cut), "customer_id"])
    later = set(frame.loc[(frame["date"] >= cut) & (frame["date"] < cut + days), "customer_id"])
    found = activity_churn(full_orders, dates=[cut], window_days=90).iloc[0]
    assert [found["customers"], found["lost"]] == [len(active), len(active - later)]


def _day(number: int) -> str:
    return f"{pd.Timestamp('2024-01-01') + pd.Timedelta(days=number):%Y-%m-%d}"


PLAN = st.tuples(st.integers(0, 5), st.integers(0, 90), st.none() | st.integers(0, 60), st.integers(0, 50))


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(PLAN, min_size=1, max_size=15), later=st.lists(PLAN, max_size=5))
def test_invariant_counts_add_up_and_later_rows_do_not_count(rows, later):
    """What was, less lost and down, plus up and new, is what is; net is at least gross; the future changes nothing."""
    plans = [("keeper", _day(0), None, 7)]
    plans += [(str(who), _day(start), None if length is None else _day(start + length), paid)
              for who, start, length, paid in rows]  # fmt: skip
    after = [(str(who), _day(start + 92), None, paid) for who, start, _, paid in later]
    dates = ["2024-01-15", "2024-02-15", "2024-03-31"]
    counts = to_churn_counts(contracts(plans), dates=dates, observed_until="2025-01-01")
    pd.testing.assert_frame_equal(
        counts, to_churn_counts(contracts(plans + after), dates=dates, observed_until="2025-01-01")
    )
    first, second = counts.iloc[0], counts.iloc[1]
    assert first["customers"] - first["lost"] + first["new"] == second["customers"]
    change = first["revenue_up"] + first["revenue_new"] - first["revenue_lost"] - first["revenue_down"]
    assert first["revenue"] + change == pytest.approx(second["revenue"])
    rates = to_churn_rates(contracts(plans), dates=dates, observed_until="2025-01-01")
    wide = rates.pivot(index="as_of", columns="measure", values="estimate")
    assert (wide["net_retention"] >= wide["gross_retention"] - 1e-12).all()
    rates = rates.dropna()  # net retention has no interval where nobody changed
    assert ((rates["conf_low"] <= rates["estimate"]) & (rates["estimate"] <= rates["conf_high"])).all()


def test_input_dates_prices_and_rates():
    """Dates outside the table, missing prices and impossible rates are named."""
    table = contracts(PLANS)
    with pytest.raises(DataError, match="2024-03-01 lies 4 days after the end of the frame .*last start or end"):
        to_churn_counts(table, dates=DATES)
    with pytest.raises(DataError, match="has no customer on 2023-01-01"):
        to_churn_counts(table, dates=["2023-01-01", "2024-02-01"])
    with pytest.raises(ParameterError, match="`dates` must hold 2 or more dates"):
        to_churn_rates(table, dates=["2024-02-01"])
    with pytest.raises(DataError, match="`price` is empty in 1 of 2 rows"):
        to_churn_counts(contracts([("a", "2024-01-01", None, None), ("b", "2024-03-01", None, 1.0)]), dates=DATES)
    with pytest.raises(ParameterError, match="`rate` must lie from 0 to 1"):
        scale_rate(5, from_days=30, to_days=365)
    with pytest.raises(ParameterError, match="must be above 0, not 0 and 365"):
        scale_rate(0.05, from_days=0, to_days=365)


def test_input_windows_of_activity(full_orders):
    """A window that the orders do not cover, that is empty or has no days is named."""
    with pytest.raises(DataError, match="1998-08-30 lies 60 days after the end"):
        activity_churn(full_orders, dates=["1998-06-01"], window_days=90)
    with pytest.raises(ParameterError, match="`window_days` must be a whole number from 1 to 100,000, not 0"):
        activity_churn(full_orders, dates=["1998-06-01"], window_days=0)
    gap = tables.read(
        pd.DataFrame({"customer_id": [1, 1], "date": ["2024-01-01", "2024-06-01"], "amount": 1}), "ORDERS"
    )
    with pytest.raises(DataError, match="has no order in the 10 days before 2024-03-01"):
        activity_churn(gap, dates=["2024-03-01"], window_days=10)

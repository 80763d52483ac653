"""Stages of the lifecycle, their counts, and moves between them."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import tables
from churnlab.errors import DataError, ParameterError
from churnlab.features.lifecycle import lifecycle_counts, lifecycle_transitions, to_lifecycle
from churnlab.features.lifecycle_rules import STAGES, LifecycleRules


def table(rows: list[tuple[object, object, float]]) -> tables.Table:
    frame = pd.DataFrame([(who, str(day), paid) for who, day, paid in rows], columns=["customer_id", "date", "amount"])
    return tables.read(frame, "ORDERS")


SMALL = [
    ("a", "2024-01-01", 1.0),
    ("a", "2024-01-11 09:00", 1.0),
    ("a", "2024-01-11 18:00", 1.0),
    ("a", "2024-01-31", 1.0),
    ("b", "2024-01-01", 1.0),
    ("b", "2024-01-21", 1.0),
    ("c", "2024-02-20", 1.0),
    ("d", "2024-05-30", 1.0),
]


def stages(as_of: str, rules: LifecycleRules) -> dict[str, str]:
    frame = to_lifecycle(table(SMALL), as_of=as_of, rules=rules)
    return dict(zip(frame["customer_id"], frame["stage"], strict=True))


def test_truth_hand_counted_rhythms():
    """With three orders her own median gap counts, with fewer the median of the medians, with a floor under both."""
    frame = to_lifecycle(table(SMALL), as_of="2024-03-01")
    assert frame["customer_id"].tolist() == ["a", "b", "c"]
    assert frame["orders"].tolist() == [3, 2, 1]
    assert frame["recency_days"].tolist() == [30, 40, 10]
    assert frame["rhythm_days"].tolist() == [15.0, 17.5, 17.5]
    held = to_lifecycle(table(SMALL), as_of="2024-03-01", rules=LifecycleRules(rhythm_of_all=30, least_rhythm=16))
    assert held["rhythm_days"].tolist() == [16.0, 30.0, 30.0]


def test_truth_stages_change_on_the_day_after_the_multiple():
    """Silence of exactly three rhythms is not lapsing and of exactly six not gone; one day more is."""
    rules = LifecycleRules(rhythm_of_all=20)
    assert stages("2024-03-01", rules) == {"a": "repeat", "b": "repeat", "c": "first"}
    assert stages("2024-03-16", rules)["a"] == "repeat"
    assert stages("2024-03-17", rules)["a"] == "lapsing"
    assert stages("2024-04-30", rules)["a"] == "lapsing"
    assert stages("2024-05-01", rules)["a"] == "gone"
    assert stages("2024-04-20", rules)["c"] == "first"
    assert stages("2024-04-21", rules)["c"] == "lapsing"


def test_truth_so_many_orders_make_loyal():
    """A customer is loyal from `loyal_orders` days with an order on, two orders of a day counting once."""
    assert stages("2024-02-01", LifecycleRules(loyal_orders=3, rhythm_of_all=20))["a"] == "loyal"
    assert stages("2024-02-01", LifecycleRules(loyal_orders=4, rhythm_of_all=20))["a"] == "repeat"


def test_truth_moves_between_two_dates():
    """Each customer of the later date is counted once, by where she was at the earlier one."""
    moves = lifecycle_transitions(
        table(SMALL), as_of=["2024-02-01", "2024-03-17"], rules=LifecycleRules(rhythm_of_all=20)
    )
    seen = moves[moves["customers"] > 0]
    found = list(zip(seen["stage"], seen["next_stage"], seen["customers"], seen["share"], strict=True))
    assert found == [("new", "first", 1, 1.0), ("repeat", "repeat", 1, 0.5), ("repeat", "lapsing", 1, 0.5)]


def by_hand(orders: pd.DataFrame, as_of: str) -> pd.Series:
    """Return the stage of each customer by plain pandas, with the default rules."""
    cut = pd.Timestamp(as_of)
    days = (
        orders.loc[orders["date"] < cut, ["customer_id", "date"]].drop_duplicates().sort_values(["customer_id", "date"])
    )
    days["gap"] = days.groupby("customer_id")["date"].diff().dt.days
    per = days.groupby("customer_id").agg(orders=("date", "size"), last=("date", "max"), own=("gap", "median"))
    rhythm = per["own"].where(per["orders"] >= 3, per["own"].median()).clip(lower=7)
    silence = (cut - per["last"]).dt.days / rhythm
    names = ["gone", "lapsing", "loyal", "repeat"]
    return pd.Series(
        np.select([silence > 6, silence > 3, per["orders"] >= 4, per["orders"] > 1], names, "first"), index=per.index
    )


def test_truth_cdnow_agrees_with_pandas(full_orders):
    """Stages, counts and moves of 23,570 customers are those of plain pandas."""
    frame = full_orders.to_frame()
    before, after = by_hand(frame, "1997-03-01"), by_hand(frame, "1998-01-01")
    found = to_lifecycle(full_orders, as_of="1998-01-01").set_index("customer_id")["stage"].astype(str)
    pd.testing.assert_series_equal(found, after.sort_index(), check_names=False, check_dtype=False)
    moves = lifecycle_transitions(full_orders, as_of=["1997-03-01", "1998-01-01"])
    expected = pd.crosstab(before.reindex(after.index, fill_value="new"), after)
    table_ = moves.pivot(index="stage", columns="next_stage", values="customers")
    for stage in expected.index:
        for following in expected.columns:
            assert table_.loc[stage, following] == expected.loc[stage, following]
    assert moves["customers"].sum() == len(after)


DAYS = st.dates(date(2024, 1, 1), date(2024, 6, 29))
ROWS = st.lists(st.tuples(st.integers(0, 6), DAYS, st.just(1.0)), min_size=2, max_size=30)
RULES = LifecycleRules(rhythm_of_all=15, loyal_orders=3)


@settings(max_examples=12, deadline=None)
@given(rows=ROWS, later=ROWS)
def test_invariant_nothing_from_the_date_on_changes_a_stage(rows, later):
    """Rows on or after as_of leave stages and moves as they are."""
    rows = [*rows, (0, date(2024, 1, 1), 1.0)]
    more = table(rows + [(who, day + timedelta(days=181), paid) for who, day, paid in later])
    one = table(rows)
    options = {"rules": RULES, "observed_until": "2025-01-01"}
    pd.testing.assert_frame_equal(
        to_lifecycle(more, as_of="2024-06-30", **options), to_lifecycle(one, as_of="2024-06-30", **options)
    )
    dates = ["2024-04-01", "2024-06-30"]
    pd.testing.assert_frame_equal(
        lifecycle_transitions(more, as_of=dates, **options), lifecycle_transitions(one, as_of=dates, **options)
    )


@settings(max_examples=12, deadline=None)
@given(rows=ROWS)
def test_invariant_moves_add_up_to_counts(rows):
    """Moves out of a stage are its count at the first date, moves into it at the second, and shares of a row are one."""
    orders = table([*rows, (0, date(2024, 1, 1), 1.0)])
    dates, options = ["2024-03-01", "2024-06-30"], {"rules": RULES, "observed_until": "2025-01-01"}
    counts = lifecycle_counts(orders, as_of=dates, **options)
    moves = lifecycle_transitions(orders, as_of=dates, **options)
    then, now = (counts.loc[counts["as_of"] == day, "customers"].tolist() for day in dates)
    out = moves.groupby("stage", observed=False)["customers"].sum()
    assert out[list(STAGES)].tolist() == then
    assert moves.groupby("next_stage", observed=False)["customers"].sum().tolist() == now
    rows_ = moves.groupby("stage", observed=False)["share"].sum(min_count=1)
    np.testing.assert_allclose(rows_.dropna(), 1, rtol=1e-12)
    assert rows_.isna().tolist() == (out == 0).tolist()
    held = moves.dropna(subset=["share"])
    assert ((held["conf_low"] <= held["share"]) & (held["share"] <= held["conf_high"])).all()
    assert counts.groupby("as_of")["share"].sum().round(12).tolist() == [1, 1]


def test_input_dates_and_rhythms():
    """Dates outside the orders, in the wrong order or alone, and orders without a rhythm are named."""
    orders = table(SMALL)
    with pytest.raises(DataError, match="has no order before as_of 2023-01-01: the first is on 2024-01-01"):
        to_lifecycle(orders, as_of="2023-01-01")
    with pytest.raises(DataError, match="2024-07-01 lies 31 days after the end of the frame"):
        to_lifecycle(orders, as_of="2024-07-01")
    with pytest.raises(ParameterError, match="`as_of` must ascend, but 2024-02-01 comes after 2024-03-01"):
        lifecycle_counts(orders, as_of=["2024-03-01", "2024-02-01"])
    with pytest.raises(ParameterError, match="`as_of` must hold 2 or more dates, not 1"):
        lifecycle_transitions(orders, as_of=["2024-03-01"])
    with pytest.raises(ParameterError, match="`as_of` must be a list of dates, not '2024-03-01'"):
        lifecycle_counts(orders, as_of="2024-03-01")
    with pytest.raises(DataError, match=r"Nobody .* has ordered on two days before 2024-01-05.*rhythm_of_all"):
        to_lifecycle(orders, as_of="2024-01-05")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"loyal_orders": 1}, "`loyal_orders` must be a whole number from 2 to 100,000, not 1"),
        ({"own_rhythm_orders": 1}, "`own_rhythm_orders` must be a whole number from 2 to 100,000, not 1"),
        ({"lapsing_after": 6.0}, "below `gone_after`, not 6.0 and 6.0"),
        ({"gone_after": float("nan")}, "below `gone_after`, not 3.0 and nan"),
        ({"least_rhythm": 0.0}, "`least_rhythm` must be above 0 days"),
        ({"rhythm_of_all": -1.0}, "`rhythm_of_all` must be above 0 days"),
    ],
)
def test_input_rules_that_make_no_sense(wrong, message):
    """Each rule is checked when the rules are made."""
    with pytest.raises(ParameterError, match=message):
        LifecycleRules(**wrong)

"""From contracts and orders to spells, start–stop rows and counts: what is known as of a day, and no more."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import features, survival, tables
from churnlab.errors import DataError, ParameterError

AS_OF = "2024-07-01"
pytestmark = pytest.mark.filterwarnings("ignore:.* has no start or end in the:UserWarning")  # small tables are quiet


def _contracts(*rows: tuple[str, str, str | None], **columns: list) -> tables.Table:
    frame = pd.DataFrame(rows, columns=["customer_id", "start", "end"]).assign(**columns)
    return tables.read(frame, "SUBSCRIPTIONS")


SOME = (
    ("a", "2024-01-01", "2024-01-20"),
    ("a", "2024-01-20", "2024-02-01"),
    ("a", "2024-06-01", None),
    ("b", "2024-01-01", "2024-08-01"),
    ("c", "2023-01-01", "2023-12-31"),
    ("d", "2024-02-01", "2024-07-01"),
    ("e", "2024-07-01", None),
)


def _rows(frame: pd.DataFrame, *columns: str) -> list[tuple]:
    return list(frame[list(columns)].itertuples(index=False, name=None))


def test_truth_spells_of_contracts():
    """Contracts that touch are one spell, a return is a second, and an end on the morning of as_of is known."""
    spells = survival.to_spells(_contracts(*SOME), as_of=AS_OF)
    assert _rows(spells, "customer_id", "spell", "duration", "churned", "contracts") == [
        ("a", 1, 31.0, True, 2),
        ("a", 2, 30.0, False, 1),
        ("b", 1, 182.0, False, 1),
        ("c", 1, 364.0, True, 1),
        ("d", 1, 151.0, True, 1),
    ]


def test_truth_a_gap_that_is_bridged_delays_what_is_known():
    """With gaps of up to 30 days bridged, all are followed to 30 days before as_of, and a later end is not yet known."""
    table = _contracts(*SOME, ("f", "2024-03-01", "2024-03-10"), ("f", "2024-04-09", None), ("g", "2024-06-05", None))
    spells = survival.to_spells(table, as_of=AS_OF, longest_gap=30)
    assert _rows(spells, "customer_id", "duration", "churned", "contracts") == [
        ("a", 31.0, True, 2),
        ("b", 152.0, False, 1),
        ("c", 364.0, True, 1),
        ("d", 121.0, False, 1),
        ("f", 92.0, False, 2),
    ]


def test_truth_late_entry_leaves_out_who_had_gone():
    """With ends recorded from a day on, customers of then enter late and those who had left are not there."""
    spells = survival.to_spells(_contracts(*SOME), as_of=AS_OF, observed_from="2024-01-11")
    assert _rows(spells, "customer_id", "entry", "duration") == [
        ("a", 10.0, 31.0),
        ("a", 0.0, 30.0),
        ("b", 10.0, 182.0),
        ("d", 0.0, 151.0),
    ]


def test_truth_reasons_and_covariates():
    """The reason is the last contract's, "not stated" where empty, missing while there; covariates are the first's."""
    reasons = ["upgrade", None, None, "price", "moved", "price", None]
    table = _contracts(*SOME, reason=reasons, plan=list("PQRSTUV"))
    spells = survival.to_spells(table, as_of=AS_OF, covariates=["plan"])
    assert spells["reason"].where(spells["churned"], "-").tolist() == ["not stated", "-", "-", "moved", "price"]
    assert spells.loc[~spells["churned"], "reason"].isna().all()
    assert spells["plan"].tolist() == ["P", "R", "S", "T", "U"]


def test_truth_units_and_times_of_day():
    """Durations are days over the length of the unit; a time of day counts up to the next morning."""
    table = _contracts(("a", "2024-01-01", "2024-01-08 15:00"), ("b", "2024-01-01", None))
    days = survival.to_spells(table, as_of=AS_OF)["duration"]
    assert days.tolist() == [8.0, 182.0]
    months = survival.to_spells(table, as_of=AS_OF, unit="month")["duration"]
    np.testing.assert_allclose(months, days / 30.4375)


CUSTOMERS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 80), st.integers(1, 60), st.booleans()), min_size=4, max_size=12
)


def _made(rows: list[tuple[int, int, int, bool]]) -> pd.DataFrame:
    """Return contracts of customers who come on a day, stay, pause and may come back."""
    day = pd.Timestamp("2024-01-01")
    made = []
    for number, (start, stay, pause, back) in enumerate(rows):
        made.append((f"C{number}", start, start + stay))
        if back:
            made.append((f"C{number}", start + stay + pause, None))
    made += [("gone", 0, 5), ("there", 0, None)]
    frame = pd.DataFrame(made, columns=["customer_id", "start", "end"])
    for name in ("start", "end"):
        frame[name] = day + pd.to_timedelta(frame[name].astype("float64"), unit="D")
    return frame


@settings(max_examples=8, deadline=None)
@given(rows=CUSTOMERS, cut=st.integers(40, 150), gap=st.sampled_from([0, 7, 30]))
def test_invariant_spells_never_see_the_future(rows, cut, gap):
    """What begins or ends after as_of changes no spell, whether it is there, gone or other."""
    frame, day = _made(rows), pd.Timestamp("2024-01-01") + pd.Timedelta(days=cut)
    known = frame[frame["start"] <= day].assign(end=frame["end"].where(frame["end"] <= day))
    poisoned = frame.assign(end=frame["end"].mask(frame["end"] > day, pd.Timestamp("2030-01-01")))
    late = poisoned.tail(1).assign(customer_id="late", start=day + pd.Timedelta(days=1))
    poisoned = pd.concat([poisoned, late], ignore_index=True)
    found = [
        survival.to_spells(tables.read(version, "SUBSCRIPTIONS"), as_of=day, longest_gap=gap)
        for version in (frame, known, poisoned)
    ]
    pd.testing.assert_frame_equal(found[0], found[1])
    pd.testing.assert_frame_equal(found[0], found[2])


@settings(max_examples=8, deadline=None)
@given(rows=CUSTOMERS, cut=st.integers(60, 150), gap=st.sampled_from([0, 7, 30]))
def test_invariant_a_later_look_changes_no_past(rows, cut, gap):
    """Seen again 90 days later, a spell that had ended is the same, and one that had not lasted as long or longer."""
    table, day = tables.read(_made(rows), "SUBSCRIPTIONS"), pd.Timestamp("2024-01-01") + pd.Timedelta(days=cut)
    key = ["customer_id", "spell"]
    before, after = (
        survival.to_spells(table, as_of=when, longest_gap=gap).set_index(key)
        for when in (day, day + pd.Timedelta(days=90))
    )
    later = after.loc[before.index]
    ended = before["churned"]
    pd.testing.assert_frame_equal(before[ended], later[ended])
    assert (later.loc[~ended, "duration"] >= before.loc[~ended, "duration"]).all()


def test_truth_the_hazard_is_right_on_every_day():
    """With all ends seen at once or day by day as of many dates, the daily hazard has no bias from the day of looking."""
    frame = survival.simulate_subscriptions(4000, days=400, monthly_churn=0.2, returning=0.0, seed=6)
    table = tables.read(frame, "SUBSCRIPTIONS")
    spells = survival.to_spells(table, as_of="2024-01-01", covariates=["plan"])
    flex = survival.fit_kaplan_meier(spells[spells["plan"] == "flex"]).at([30, 90, 200])
    truth = np.exp(-((np.array([30, 90, 200]) / 30) ** 0.8) * -np.log1p(-0.2))
    assert (np.abs(flex["estimate"] - truth) < 4 * flex["std_error"]).all()


def test_invariant_losses_agree_with_churn_rates():
    """The spells that end between two days are the customers that the churn rates count as lost, with no return between."""
    frame = survival.simulate_subscriptions(800, days=500, returning=0.0, seed=2)
    table = tables.read(frame, "SUBSCRIPTIONS")
    dates = ["2024-01-01", "2024-03-01"]
    counts = features.to_churn_counts(table, dates=dates).iloc[0]
    spells = survival.to_spells(table, as_of=dates[1], observed_from=dates[0])
    there = spells[spells["start"] <= dates[0]]
    assert (len(there), int(there["churned"].sum())) == (counts["customers"], counts["lost"])


def test_truth_overlaps_are_refused_and_merged():
    """Overlapping contracts are an error with their number and first; merged, they run from the first start to the last end."""
    rows = [("a", "2024-01-01", "2024-03-01"), ("a", "2024-02-01", "2024-02-10"), ("a", "2024-03-01", None), ("b", "2024-01-01", None),
            ("b", "2024-02-01", "2024-05-01"), ("c", "2024-01-01", "2024-02-01")]  # fmt: skip
    table = _contracts(*rows, reason=["x", "y", None, None, "z", "w"], plan=list("ABCDEF"))
    with pytest.raises(
        DataError, match="2 of 6 contracts of the frame begin before an earlier one .* customer a, 2024-02-01"
    ):
        survival.to_spells(table, as_of=AS_OF)
    merged = survival.merge_overlaps(table)
    assert merged.label == "the frame with 4 contracts merged into 2"
    assert merged.n == 4
    frame = merged.to_frame().sort_values(["customer_id", "start"])
    assert list(frame.columns) == ["customer_id", "start", "end", "reason", "plan"]
    assert frame["plan"].tolist() == ["A", "C", "D", "F"]
    assert frame["reason"].fillna("-").tolist() == ["x", "-", "-", "w"]
    assert frame["end"].isna().tolist() == [False, True, True, False]
    spells = survival.to_spells(merged, as_of=AS_OF)
    assert _rows(spells, "customer_id", "duration", "churned") == [
        ("a", 182.0, False),
        ("b", 182.0, False),
        ("c", 31.0, True),
    ]
    counts = survival.count_contracts(table, as_of=AS_OF).set_index("what")["value"]
    assert counts["overlap with an earlier one"] == 2


def test_input_contracts_say_what_they_cannot_be():
    """Zero durations, all or none ended, unknown columns and impossible windows are named, with what to try."""
    zero = _contracts(("a", "2024-01-01", "2024-01-01"), ("b", "2024-01-01", None), ("c", "2024-01-01", "2024-02-01"))
    with pytest.raises(DataError, match='1 of 3 spells .* end on the day they begin .*customer a.*"leave_out"'):
        survival.to_spells(zero, as_of=AS_OF)
    assert len(survival.to_spells(zero, as_of=AS_OF, zero_durations="leave_out")) == 2
    assert survival.to_spells(zero, as_of=AS_OF, zero_durations="half_day")["duration"].tolist() == [0.5, 182.0, 31.0]
    with pytest.raises(DataError, match="`end` must not lie before `start`: 1 of 1 rows breaks this"):
        _contracts(("a", "2024-01-02", "2024-01-01"))
    with pytest.raises(DataError, match="None of 2 spells of the frame has ended by 2024-01-15"):
        survival.to_spells(_contracts(*SOME[3:4], SOME[0]), as_of="2024-01-15")
    with pytest.raises(DataError, match="All 1 spells of the frame have ended by 2024-07-01"):
        survival.to_spells(_contracts(SOME[4]), as_of=AS_OF)
    with pytest.raises(DataError, match="No contract of the frame had run for a day by 2020-01-01"):
        survival.to_spells(_contracts(*SOME), as_of="2020-01-01")
    with pytest.raises(ParameterError, match="the frame has no column 'tariff'; it has customer_id, start, end"):
        survival.to_spells(_contracts(*SOME), as_of=AS_OF, covariates=["tariff"])
    with pytest.raises(ParameterError, match="`covariates` names 'start', and a spell has a column of that name"):
        survival.to_spells(_contracts(*SOME), as_of=AS_OF, covariates=["start"])
    with pytest.raises(ParameterError, match="`observed_from` 2024-07-01 must lie before as_of 2024-07-01"):
        survival.to_spells(_contracts(*SOME), as_of=AS_OF, observed_from=AS_OF)
    with pytest.raises(ParameterError, match="`longest_gap` must be a whole number of days"):
        survival.to_spells(_contracts(*SOME), as_of=AS_OF, longest_gap=-1)
    with pytest.raises(ParameterError, match="`zero_durations` must be"):
        survival.to_spells(_contracts(*SOME), as_of=AS_OF, zero_durations="drop")


def test_input_a_table_that_ends_long_before_as_of():
    """Where nothing begins or ends for a month before as_of, customers may look more loyal than they are: a warning."""
    table = _contracts(*SOME[2:6])
    with pytest.warns(UserWarning, match="has no start or end in the 153 days before 2025-01-01"):
        spells = survival.to_spells(table, as_of="2025-01-01")
    assert len(spells) == 4


def _orders(*rows: tuple[str, str]) -> tables.Table:
    frame = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(amount=1.0)
    return tables.read(frame, "ORDERS")


def test_truth_spells_of_orders():
    """Gone after 30 days of silence, dated at their end or at the last order; nobody is known to be gone before that."""
    orders = _orders(("a", "2024-01-01"), ("a", "2024-01-31"), ("a", "2024-03-05"), ("b", "2024-02-01"), ("b", "2024-02-20"),
                     ("c", "2024-01-01"), ("c", "2024-01-11"), ("d", "2024-03-01"))  # fmt: skip
    found = survival.to_order_spells(orders, as_of="2024-03-06", silence=30)
    assert _rows(found, "customer_id", "spell", "duration", "churned", "orders") == [
        ("a", 1, 60.0, True, 2),
        ("b", 1, 33.0, False, 2),
        ("c", 1, 40.0, True, 2),
        ("d", 1, 4.0, False, 1),
    ]
    at_last = survival.to_order_spells(orders, as_of="2024-03-06", silence=30, dated="last_order")
    assert _rows(at_last, "customer_id", "duration", "churned") == [
        ("a", 30.0, True),
        ("b", 3.0, False),
        ("c", 10.0, True),
    ]


@settings(max_examples=8, deadline=None)
@given(
    days=st.lists(st.integers(0, 200), min_size=3, max_size=25), dated=st.sampled_from(["end_of_silence", "last_order"])
)
def test_invariant_silence_never_sees_the_future(days, dated):
    """Orders on as_of or later change no spell, and a later look changes no end that was known."""
    day = pd.Timestamp("2024-01-01")
    rows = [(f"C{number % 5}", str((day + pd.Timedelta(days=when)).date())) for number, when in enumerate(days)]
    rows += [
        ("gone", "2024-01-01"),
        ("gone", "2024-01-02"),
        ("there", "2024-03-01"),
        ("there", "2024-03-20"),
        ("there", "2024-05-04"),
        ("there", "2024-06-10"),
    ]
    options = {"silence": 50, "dated": dated, "zero_durations": "half_day", "observed_until": "2025-01-01"}
    cut = "2024-05-10"
    now = survival.to_order_spells(_orders(*rows), as_of=cut, **options)
    past = survival.to_order_spells(_orders(*[row for row in rows if row[1] < cut]), as_of=cut, **options)
    pd.testing.assert_frame_equal(now, past)
    later = survival.to_order_spells(_orders(*rows), as_of="2024-06-20", **options).set_index(["customer_id", "spell"])
    ended = now[now["churned"]].set_index(["customer_id", "spell"])
    pd.testing.assert_frame_equal(later.loc[ended.index], ended)


def test_input_orders_say_what_they_cannot_be():
    """Single orders dated at themselves, silences that nobody or everybody keeps, and wrong arguments are named."""
    orders = _orders(("a", "2024-01-01"), ("b", "2024-01-05"), ("b", "2024-03-01"), ("b", "2024-04-01"))
    with pytest.raises(DataError, match="1 of 2 spells consist of a single order"):
        survival.to_order_spells(orders, as_of="2024-04-02", silence=60, dated="last_order")
    kept = survival.to_order_spells(
        orders, as_of="2024-04-02", silence=60, dated="last_order", zero_durations="leave_out"
    )
    assert len(kept) == 1
    with pytest.raises(
        DataError, match="None of 2 spells of the frame had ended by 2024-04-01 by a silence of 200 days"
    ):
        survival.to_order_spells(orders, as_of="2024-04-02", silence=200)
    with pytest.raises(DataError, match="All 3 spells"):
        survival.to_order_spells(orders, as_of="2025-04-02", silence=50, observed_until="2025-04-02")
    with pytest.raises(ParameterError, match="`silence` must be a whole number of days, 1 or more"):
        survival.to_order_spells(orders, as_of="2024-04-02", silence=0)
    with pytest.raises(ParameterError, match="`dated` must be"):
        survival.to_order_spells(orders, as_of="2024-04-02", silence=9, dated="never")


def test_truth_periods_hold_what_was_known():
    """A spell is cut where a covariate changes inside it; earlier rows give its first value, later ones nothing."""
    spells = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "spell": 1,
            "start": pd.to_datetime(["2024-01-01", "2024-01-01"]),
            "entry": [0.0, 4.0],
            "duration": [31.0, 20.0],
            "churned": [True, False],
            "city": ["X", "Y"],
        }
    )
    changes = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "b", "b", "c"],
            "date": ["2023-12-01", "2024-01-11 08:00", "2024-01-11 09:00", "2024-02-01", "2024-01-03", "2024-01-04", "2024-01-05"],
            "price": [30, 33, 35, 99, 1, 2, 3],
        }
    )  # fmt: skip
    periods = survival.to_periods(spells, changes, columns=["price"])
    assert _rows(periods, "customer_id", "entry", "duration", "churned", "price", "city") == [
        ("a", 0.0, 10.0, False, 30, "X"),
        ("a", 10.0, 31.0, True, 35, "X"),
        ("b", 4.0, 20.0, False, 2, "Y"),
    ]
    late = survival.to_periods(spells, changes, columns=["price"], lag_days=45)
    assert _rows(late.fillna(-1), "customer_id", "entry", "duration", "price") == [
        ("a", 0.0, 14.0, -1),
        ("a", 14.0, 31.0, 30),
        ("b", 4.0, 20.0, -1),
    ]
    with pytest.raises(DataError, match="has no column spell, start"):
        survival.to_periods(spells.drop(columns=["spell", "start"]), changes, columns=["price"])
    with pytest.raises(ParameterError, match="`columns` must name covariates of the frame"):
        survival.to_periods(spells, changes, columns=["tariff"])
    with pytest.raises(ParameterError, match="`lag_days` must be a whole number"):
        survival.to_periods(spells, changes, columns=["price"], lag_days=-1)


def test_invariant_cutting_spells_keeps_time_and_ends():
    """Start–stop rows add up to the same time at risk and ends, give the same curve, and no cell comes from later."""
    frame = survival.simulate_subscriptions(300, days=500, seed=9)
    table = tables.read(frame, "SUBSCRIPTIONS")
    spells = survival.to_spells(table, as_of="2024-05-01", unit="month")
    rng = np.random.default_rng(1)
    day = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 480, 900), unit="D")
    changes = pd.DataFrame({"customer_id": rng.choice(frame["customer_id"].unique(), 900), "date": day, "since": day})
    periods = survival.to_periods(spells, changes, columns=["since"], unit="month")
    assert len(periods) > 1.3 * len(spells)
    assert (periods["duration"] - periods["entry"]).sum() == pytest.approx(spells["duration"].sum())
    assert periods["churned"].sum() == spells["churned"].sum()
    begin = periods["start"] + pd.to_timedelta((periods["entry"] * 30.4375).round(), unit="D")
    assert (periods["since"].isna() | (periods["since"] <= begin)).all()
    pd.testing.assert_frame_equal(
        survival.fit_kaplan_meier(periods).at([1, 6, 12]), survival.fit_kaplan_meier(spells).at([1, 6, 12])
    )
    early = changes[changes["date"] <= "2024-05-01"]
    pd.testing.assert_frame_equal(survival.to_periods(spells, early, columns=["since"], unit="month"), periods)


def test_truth_counts_of_spells():
    """Like rows are counted, weights are added up, and a table on the engine counts like its frame."""
    table = tables.read(survival.simulate_subscriptions(500, days=300, seed=3), "SUBSCRIPTIONS")
    options = {"as_of": "2023-10-01", "covariates": ["plan"]}
    counts = survival.to_spell_counts(survival.to_spells_table(table, **options), by=["plan"])
    spells = survival.to_spells(table, **options)
    expected = spells.groupby(["duration", "churned", "plan"]).size()
    assert counts["weight"].sum() == len(spells)
    assert len(counts) == len(expected)
    twice = survival.to_spell_counts(pd.concat([counts, counts]), by=["plan"])
    np.testing.assert_array_equal(twice["weight"], 2 * counts["weight"])
    with pytest.raises(ParameterError, match="`by` must name covariates"):
        survival.to_spell_counts(spells, by=["duration"])


def test_truth_follow_up_is_what_came_after():
    """Who was there on a day is followed for the horizon: tenure before, duration after, ends within it alone."""
    table = _contracts(*SOME, ("f", "2024-01-01", "2024-03-16"))
    found = survival.to_follow_up(table, as_of="2024-03-01", horizon=31, unit="day")
    assert _rows(found, "customer_id", "tenure", "duration", "churned") == [
        ("b", 60.0, 31.0, False),
        ("d", 29.0, 31.0, False),
        ("f", 60.0, 15.0, True),
    ]
    months = survival.to_follow_up(table, as_of="2024-03-01", horizon=1, unit="month")
    assert months["duration"].max() >= 1
    with pytest.raises(DataError, match="Nobody in the frame was a customer on 2022-01-01"):
        survival.to_follow_up(table, as_of="2022-01-01", horizon=500, unit="day")


def test_truth_follow_up_is_predicted_from_tenure():
    """Each customer is predicted from her tenure on, and those beyond the longest one from there."""
    spells = pd.DataFrame({"duration": [2.0, 6.0, 10.0], "churned": True})
    rates = survival.fit_tenure_rates(spells, breaks=[4])
    held = pd.DataFrame({"tenure": [0.0, 3.0, 9.0]})
    low, high = rates.rates
    found = survival.predict_follow_up(rates, held, times=[1, 2], longest=5.5)
    expected = np.exp(-np.array([[low, 2 * low], [low, low + high], [0.5 * low + 0.5 * high, 0.5 * low + 1.5 * high]]))
    np.testing.assert_allclose(found, expected)
    with pytest.raises(ParameterError, match="`times` must lie above 0 and up to 5.5"):
        survival.predict_follow_up(rates, held, times=[6], longest=5.5)


def test_truth_time_is_split_before_the_end():
    """The held-out window ends on as_of, less the gap, and more time must lie before it than in it."""
    table = _contracts(*SOME)
    split = survival.split_time(table, horizon=31, unit="day", longest_gap=10)
    assert (str(split.first), str(split.test), str(split.as_of)) == ("2023-01-01", "2024-06-22", "2024-08-02")
    with pytest.raises(DataError, match="leaves less time before it than in it. Try a horizon of 8 months or less"):
        survival.split_time(table, horizon=12, as_of=AS_OF)


def test_truth_retention_by_cohort():
    """Each cohort's share is Kaplan and Meier's, and ages that it has not reached are absent."""
    table = tables.read(survival.simulate_subscriptions(600, days=365, returning=0.0, seed=5), "SUBSCRIPTIONS")
    spells = survival.to_spells(table, as_of="2024-01-01")
    retention = survival.to_retention(spells, ages=[30, 90, 300], period="quarter")
    assert retention.groupby("cohort")["age"].max().tolist() == [300, 90, 90, 90]
    first = spells[spells["start"] < "2023-04-01"]
    alone = survival.fit_kaplan_meier(first).at([30, 90, 300])
    np.testing.assert_allclose(retention["estimate"].head(3), alone["estimate"])
    assert retention["customers"].iloc[0] == len(first)
    with pytest.raises(DataError, match="has no column `start`"):
        survival.to_retention(spells.drop(columns="start"), ages=[1])
    with pytest.raises(ParameterError, match="`period` must be 'week'"):
        survival.to_retention(spells, ages=[1], period="fortnight")


def test_input_spells_with_durations_of_zero():
    """Durations of zero are refused with their number, or left out and counted; negative ones are always refused."""
    frame = pd.DataFrame({"duration": [0, 2, 0], "churned": [False, True, False]})
    with pytest.raises(DataError, match="2 of 3 rows of the frame have a duration of 0"):
        survival.read_spells(frame)
    assert survival.read_spells(frame, zero_durations="leave_out").n == 1
    with pytest.raises(DataError, match="`duration` must be zero or more"):
        survival.read_spells(frame.assign(duration=[-1, 2, 3]), zero_durations="leave_out")
    with pytest.raises(ParameterError, match="`zero_durations` must be 'refuse' or 'leave_out'"):
        survival.read_spells(frame, zero_durations="drop")


@pytest.mark.parametrize("function", [survival.to_spells, survival.count_contracts, survival.split_time])
def test_input_a_frame_is_no_table(function):
    """Contracts that were not read against their contract are refused, with what to do."""
    frame = pd.DataFrame({"customer_id": [1], "start": ["2024-01-01"], "end": [None]})
    with pytest.raises(ParameterError, match=r"A table of SUBSCRIPTIONS is needed, not a DataFrame. Try: tables.read"):
        function(frame, as_of="2024-06-01", **({"horizon": 30} if function is survival.split_time else {}))
    with pytest.raises(ParameterError, match="A table of SUBSCRIPTIONS is needed"):
        survival.merge_overlaps(frame)

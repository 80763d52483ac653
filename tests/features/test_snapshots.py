"""Features and targets as of a date: what they are, and that they see nothing of the future."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnlab import features, tables
from churnlab.errors import DataError, ParameterError
from churnlab.features import Feature

ROWS = [
    ("a", "2024-01-01 10:00", 10.0, "web", "x", 0.0),
    ("a", "2024-01-01 19:00", 5.0, "web", "y", 5.0),
    ("a", "2024-01-11 09:00", 20.0, "shop", "x", 0.0),
    ("a", "2024-02-10 09:00", 30.0, "web", None, 0.0),  # a Saturday
    ("b", "2024-02-20 09:00", 7.0, None, "z", 0.0),
    ("a", "2024-03-01 09:00", 1000.0, "tv", "q", 9.0),
    ("c", "2024-03-05 09:00", 1.0, "web", "x", 0.0),
]
ORDERS = pd.DataFrame(ROWS, columns=["customer_id", "date", "amount", "channel", "category", "discount"])
CASES = pd.DataFrame(
    [
        ("a", "2024-01-05", "complaint", "2024-01-09", "refund"),
        ("a", "2024-01-20", "return", "2024-03-02", "exchange"),
        ("b", "2024-02-25", "complaint", None, None),
        ("b", "2024-03-01", "complaint", None, None),
    ],
    columns=["customer_id", "date", "kind", "resolved", "resolution"],
)
USAGE = pd.DataFrame(
    [("a", "2024-01-15", 5.0), ("a", "2024-02-15", 2.0), ("a", "2024-02-16", 1.0), ("a", "2024-03-01", 99.0)],
    columns=["customer_id", "date", "quantity"],
)
OFFERS = pd.DataFrame(
    [("a", "2024-01-10", True), ("b", "2024-02-25", True), ("b", "2024-02-26", False), ("a", "2024-03-02", True)],
    columns=["customer_id", "date", "treated"],
)
ANSWERS = pd.DataFrame(
    [(1, "a", "2024-01-02", 5, 4), (2, "a", "2024-02-02", 8, 9), (3, "a", "2024-03-02", 1, 0)],
    columns=["respondent_id", "customer_id", "date", "outcome", "recommend"],
)
CUSTOMERS = pd.DataFrame(
    {"customer_id": ["a", "b", "c"], "region": ["north", "south", "west"], "referred_by": [None, "a", "a"]}
)


def read_all() -> dict[str, tables.Table]:
    """Return the six small tables."""
    frames = {
        "orders": ORDERS,
        "cases": CASES,
        "usage": USAGE,
        "offers": OFFERS,
        "answers": ANSWERS,
        "customers": CUSTOMERS,
    }
    return {name: tables.read(frame, name.upper()) for name, frame in frames.items()}


def row(*chosen: object, customer: str = "a", **options: object) -> pd.Series:
    """Return one customer's row of a snapshot as of the first of March."""
    frame = features.snapshot(
        read_all(), as_of="2024-03-01", features=chosen, observed_until="2024-04-01", **options
    ).to_frame()
    return frame.set_index("customer_id").loc[customer]


def test_truth_habits_counted_by_hand():
    """Frequency, rhythm and money of a customer with three days of orders, 60, 50 and 20 days before."""
    found = row(features.frequency(), features.rhythm(), features.money())
    expected = {
        "orders": 3,
        "orders_per_30_days": 30 * 3 / 60,
        "tenure_days": 60,
        "recency_days": 20,
        "gap_mean_days": 20,
        "gap_median_days": 20,
        "gap_variation": np.std([10, 30], ddof=1) / 20,
        "silence_ratio": 1,
        "amount_total": 65,
        "amount_mean": 65 / 3,
        "amount_median": 20,
        "amount_last": 30,
        "amount_variation": np.std([15, 20, 30], ddof=1) / (65 / 3),
        "amount_trend": 30 * np.polyfit([-60, -50, -20], [15, 20, 30], 1)[0],
    }
    assert found.to_dict() == pytest.approx(expected, rel=1e-12)


def test_truth_windows_shares_preferences_and_calendar_by_hand():
    """Windows end the day before; shares and preferences leave out what is missing; ties go by the alphabet."""
    found = row(
        features.windows([30, 50]),
        features.shares("channel", ["web", "tv"]),
        features.preference("category"),
        features.calendar(),
        features.discounts(),
        features.first_order("channel", "category"),
    )
    expected = {
        "orders_30": 1,
        "amount_30": 30,
        "orders_change_30": -1,
        "orders_50": 2,
        "amount_50": 50,
        "orders_change_50": 1,
        "channel_web_share": 0.75,
        "channel_tv_share": 0,
        "category_main": "x",
        "category_main_share": 2 / 3,
        "category_tried": 2,
        "category_entropy": -(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3)),
        "weekend_share": 0.25,
        "evening_share": 0.25,
        "discounted_share": 0.25,
        "discount_rate": 5 / 70,
        "first_amount": 15,
        "first_channel": "web",
        "first_category": "x",
    }
    assert {k: v for k, v in found.items() if isinstance(v, str)} == {
        k: v for k, v in expected.items() if isinstance(v, str)
    }
    numbers = {k: v for k, v in expected.items() if not isinstance(v, str)}
    assert found[list(numbers)].astype(float).to_dict() == pytest.approx(numbers, rel=1e-12)


def test_truth_next_orders_agree_with_pandas():
    """The order that follows an offer is the one that pandas finds by looking ahead, on the offer's day or later."""
    rng = np.random.default_rng(1)
    days = pd.date_range("2024-01-01", "2024-02-29")
    orders, offers = (
        pd.DataFrame({"customer_id": rng.integers(0, 9, n), "date": rng.choice(days, n)}) for n in (60, 80)
    )
    orders["amount"] = 1.0
    waiting = Feature(
        name="waiting",
        table="offers",
        grain="followed",
        unit="days",
        meaning="",
        expression="avg(1.0e0 * days_to_order)",
    )
    given = {"orders": tables.read(orders, "ORDERS"), "offers": tables.read(offers.assign(treated=True), "OFFERS")}
    found = (
        features.snapshot(given, as_of="2024-02-20", features=[waiting]).to_frame().set_index("customer_id")["waiting"]
    )
    before = [
        frame[frame["date"] < "2024-02-20"].sort_values("date")
        for frame in (offers, orders.assign(next=orders["date"]))
    ]
    followed = pd.merge_asof(*before, on="date", by="customer_id", direction="forward")
    expected = (followed["next"] - followed["date"]).dt.days.groupby(followed["customer_id"]).mean()
    pd.testing.assert_series_equal(found, expected.reindex(found.index), check_names=False)


def test_truth_kinds_of_cases_in_capitals():
    """A Complaint is a complaint; what is neither complaint nor return is a case alone."""
    cases = CASES.assign(kind=["Complaint", "RETURN", "question", "complaint"])
    given = {**read_all(), "cases": tables.read(cases, "CASES")}
    snap = features.snapshot(given, as_of="2024-03-01", features=[features.frequency(), features.trouble()])
    found = snap.to_frame().set_index("customer_id")[["complaints", "returns", "cases"]]
    assert found.to_numpy().tolist() == [[1, 1, 2], [0, 0, 1]]


def test_truth_relations_by_hand():
    """Cases, use, offers, answers and attributes as they were known: what was resolved later is still open."""
    found = row(
        features.frequency(),
        features.trouble(),
        features.use(),
        features.reach(),
        features.survey(),
        features.who("region"),
    )
    expected = {
        "complaints": 1,
        "returns": 1,
        "cases": 2,
        "days_to_resolve": 4,
        "resolved_share": 0.5,
        "last_resolution": "refund",
        "case_recency_days": 41,
        "cases_per_order": 2 / 3,
        "ordered_since_case": 1,
        "active_days_30": 2,
        "use_30": 3,
        "use_change_30": -2,
        "use_recency_days": 14,
        "offers": 1,
        "offer_recency_days": 51,
        "offers_taken_up_14": 1,
        "ordered_since_offer": 1,
        "outcome_last": 8,
        "recommend_last": 9,
        "recommend_change": 5,
        "nps_group": "promoter",
        "answer_recency_days": 28,
        "region": "north",
    }
    for name, value in expected.items():
        assert found[name] == (value if isinstance(value, str) else pytest.approx(value)), name


@pytest.mark.parametrize(("within", "share"), [(0, 1 / 3), (6, 1 / 3), (7, 2 / 3), (9, 2 / 3), (10, 1)])
def test_truth_offers_are_taken_up_within_days(within, share):
    """Orders came 0 and 7 days after two offers and none after the third, whose tenth day is not over; a holdout is none."""
    rows = [("a", day, day != "2024-01-12") for day in ("2024-01-01", "2024-01-12", "2024-02-03", "2024-02-20")]
    offers = tables.read(pd.DataFrame(rows, columns=OFFERS.columns), "OFFERS")
    found = features.snapshot(
        {"orders": tables.read(ORDERS, "ORDERS"), "offers": offers},
        as_of="2024-03-01",
        features=[features.frequency(), features.reach(within)],
    ).to_frame()
    taken_up = found.set_index("customer_id")[f"offers_taken_up_{within}"]
    assert taken_up["a"] == pytest.approx(share)
    assert np.isnan(taken_up["b"])


def test_truth_referrals_count_once_who_came_has_ordered():
    """Of two customers brought by the first, one has ordered before the date: ten days before it, and twice."""
    again = pd.concat([ORDERS, ORDERS[4:5].assign(date="2024-02-25")])
    given = {**read_all(), "orders": tables.read(again, "ORDERS")}
    frames = {
        day: features.snapshot(given, as_of=day, features=[features.referrals()]).to_frame().set_index("customer_id")
        for day in ("2024-03-01", "2024-03-06")
    }
    assert frames["2024-03-01"].loc["a"].tolist() == [1, 10, 0]
    assert frames["2024-03-01"].loc["b", ["referrals", "was_referred"]].tolist() == [0, 1]
    assert frames["2024-03-06"].loc["a"].tolist() == [2, 1, 0]


def test_invariant_referrals_do_not_depend_on_the_groups_of_customers(tmp_path):
    """Whom a customer brought counts also where the two are in different groups of customers."""
    names = [f"C{number}" for number in range(20)]
    people = pd.DataFrame({"customer_id": names, "referred_by": [None, *["C0"] * 19]})
    rows = pd.DataFrame({"customer_id": names, "date": "2024-01-01", "amount": 1.0})
    given = {"orders": tables.read(rows, "ORDERS"), "customers": tables.read(people, "CUSTOMERS")}
    snap = features.snapshot(given, as_of="2024-02-01", features=[features.referrals()], observed_until="2024-02-01")
    place = snap.write(tmp_path, partitions=3)
    parts = pd.concat([pd.read_parquet(path) for path in sorted(place.glob("*.parquet"))])
    assert parts.set_index("customer_id")["referrals"].to_dict() == {**dict.fromkeys(names, 0), "C0": 19}


def test_input_referrals():
    """Nobody refers herself; and without the column there are none to count."""
    with pytest.raises(DataError, match="`referred_by` must be another customer: 1 of 3"):
        tables.read(CUSTOMERS.assign(referred_by=["c", "b", None]), "CUSTOMERS")
    people = tables.read(CUSTOMERS.drop(columns="referred_by"), "CUSTOMERS")
    with pytest.raises(DataError, match="The feature 'referrals' names the column 'referred_by'"):
        features.snapshot({**read_all(), "customers": people}, as_of="2024-03-01", features=[features.referrals()])
    with pytest.raises(ParameterError, match="`within` must be a whole number from 0 to 100,000, not -1"):
        features.reach(-1)


def test_truth_customers_without_rows_have_zero_or_nothing():
    """Counts of nothing are 0; means of nothing are missing."""
    found = row(
        features.frequency(), features.rhythm(), features.trouble(), features.use(), features.survey(), customer="b"
    )
    assert found[["orders", "complaints", "returns", "active_days_30", "use_30"]].tolist() == [1, 1, 0, 0, 0]
    assert found[["gap_mean_days", "gap_median_days", "days_to_resolve", "nps_group", "recommend_last"]].isna().all()


def test_truth_targets_count_the_window_alone():
    """Targets see [as_of + gap, as_of + gap + horizon); whoever comes later is not in the snapshot."""
    wanted = ["orders_ahead", "amount_ahead", "ordered_ahead", "silent_ahead"]
    assert row("orders", targets=wanted, horizon=10)[wanted].tolist() == [1, 1000, 1, 0]
    assert row("orders", targets=wanted, horizon=10, gap=1)[wanted].tolist() == [0, 0, 0, 1]
    assert row("orders", targets=wanted, horizon=10, customer="b")[wanted].tolist() == [0, 0, 0, 1]
    frame = features.snapshot(read_all(), as_of="2024-03-01", features=["orders"]).to_frame()
    assert frame["customer_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize("column", ["days", "rows", "seen"])
def test_truth_columns_may_be_named_like_a_step_of_the_query(column):
    """A preference for a column named like a step of the query is that column's, and leaves the others as they are."""
    named = tables.read(ORDERS.rename(columns={"category": column}), "ORDERS")
    chosen = ["orders", "weekend_share", features.preference(column)]
    frame = features.snapshot(named, as_of="2024-03-01", features=chosen).to_frame().set_index("customer_id")
    assert frame.loc["a"].tolist()[:3] == [3, 0.25, "x"]
    assert frame.loc["a", f"{column}_tried"] == 2


def test_truth_columns_may_be_named_like_words_of_sql():
    """A column named like a word of SQL, or with a blank, is no obstacle, neither to the query nor to the check of leaks."""
    named = ORDERS.rename(columns={"category": "group", "discount": "order"}).assign(**{"how it came": "by post"})
    snap = features.snapshot(
        tables.read(named, "ORDERS"), as_of="2024-03-01", features=["orders", features.preference("group")]
    )
    assert snap.to_frame()["group_main"].tolist() == ["x", "z"]
    assert not features.check_leakage(snap)["leaks"].any()


def test_truth_populations_are_decided_from_history():
    """Who was active lately, or came early enough, is decided before as_of."""

    def members(**rules: int) -> list[str]:
        population = features.Population(**rules)
        snap = features.snapshot(read_all(), as_of="2024-03-01", features=["recency_days"], population=population)
        return snap.to_frame()["customer_id"].tolist()

    assert members(within=15) == ["b"]
    assert members(first_before=30) == ["a"]
    assert members(within=30, first_before=5) == ["a", "b"]


def test_truth_rows_known_late_do_not_count():
    """With a column that says when a row became known, a row counts from then on; it may be text, as in a CSV file."""
    moments = pd.to_datetime(ORDERS["date"]) + pd.to_timedelta([0, 0, 99, 0, 0, 0, 0], unit="D")
    orders = tables.read(ORDERS.assign(loaded=moments, **{"loaded at": moments.astype(str)}), "ORDERS")
    for known, count in (({}, 3), ({"orders": "loaded"}, 2), ({"orders": "loaded at"}, 2)):
        snap = features.snapshot(orders, as_of="2024-03-01", features=["orders"], known=known)
        assert snap.to_frame().set_index("customer_id")["orders"]["a"] == count
        assert not features.check_leakage(snap)["leaks"].any()


def test_input_moments_that_are_none():
    """Rows of which nobody can tell when they became known are not left out unseen."""
    orders = ORDERS.assign(loaded=[*["2024-01-01"] * 5, None, "then"], number=1, gone=[*["2024-01-01"] * 6, None])
    read = tables.read(orders, "ORDERS")
    for column, words in {
        "loaded": "'loaded' of the frame, which in 2 of 7 rows is no time as in .* .for example 'then'",
        "gone": "'gone' of the frame, which in 1 of 7 rows is no time .* .it is empty",
        "number": "'number' of the frame, which holds BIGINT, not times",
    }.items():
        with pytest.raises(DataError, match=words):
            features.snapshot(read, as_of="2024-03-01", known={"orders": column})


def test_truth_cdnow_snapshot_equals_pandas(full_orders):
    """Features of all CDNOW customers equal a plain pandas computation."""
    snap = features.snapshot(full_orders, as_of="1997-10-01", targets=["orders_ahead"], horizon=273)
    found = snap.to_frame().set_index("customer_id")
    rows = full_orders.to_frame().assign(amount=lambda frame: frame["amount"].astype(float))
    day = rows[rows["date"] < "1997-10-01"].groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    grouped = day.groupby("customer_id")
    end = pd.Timestamp("1997-10-01")
    gap = grouped["date"].diff().dt.days
    expected = pd.DataFrame(
        {
            "orders": grouped.size(),
            "recency_days": (end - grouped["date"].max()).dt.days,
            "tenure_days": (end - grouped["date"].min()).dt.days,
            "gap_median_days": gap.groupby(day["customer_id"]).median(),
            "amount_mean": grouped["amount"].mean(),
            "amount_median": grouped["amount"].median(),
            "amount_last": grouped["amount"].last(),
            "amount_variation": grouped["amount"].std() / grouped["amount"].mean(),
            "orders_90": day[day["date"] >= end - pd.Timedelta(days=90)].groupby("customer_id").size(),
        }
    ).fillna({"orders_90": 0})
    expected.loc[grouped["amount"].mean() == 0, "amount_variation"] = np.nan
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_dtype=False, rtol=1e-9)
    assert found["orders_ahead"].sum() == 19684


def test_truth_snapshots_stack_dates():
    """A panel holds each date's snapshot, with the date."""
    panel = features.snapshots(read_all(), as_of=["2024-02-01", "2024-03-01"], features=["orders"])
    assert panel.groupby("as_of")["customer_id"].agg(list).tolist() == [["a"], ["a", "b"]]
    assert panel["orders"].tolist() == [2, 3, 1]


@pytest.mark.parametrize(
    ("dates", "words"), [("2024-02-01", "a list of dates"), ([], "1 or more dates"), (["2024-02-01"] * 2, "ascend")]
)
def test_input_dates_of_a_panel(dates, words):
    """A panel takes one date or more, each once and in order."""
    with pytest.raises(ParameterError, match=f"`as_of` must.* {words}"):
        features.snapshots(read_all(), as_of=dates)


class Leaking(features.Snapshot):
    """A snapshot that forgets to cut: what the check is there to find."""

    def _sql(self, bucket: tuple[int, int] | None) -> str:
        return super()._sql(bucket).replace("2024-03-01", "2024-03-31")


TABLE = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 59), st.integers(0, 30), st.sampled_from(["web", "shop", None])),
    min_size=1,
    max_size=15,
)


def made(rows: list[tuple[str, int, int, str | None]], origin: str) -> pd.DataFrame:
    """Return orders so many days after an origin."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount", "channel"])
    frame["date"] = pd.Timestamp(origin) + pd.to_timedelta(frame.pop("day"), unit="D")
    return frame


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(past=TABLE, future=TABLE, other=TABLE)
def test_invariant_the_future_never_changes_a_feature_nor_the_past_a_target(past, future, other):
    """Whatever stands on or after as_of, features stay; whatever stands before it, targets of the same customers stay."""
    chosen = [features.DEFAULTS, features.preference("channel"), features.shares("channel", ["web"])]
    options = {"as_of": "2024-03-01", "observed_until": "2024-05-01", "features": chosen}

    def frame(before: list, after: list, **more: object) -> pd.DataFrame:
        rows = pd.concat([made(before, "2024-01-01"), made(after, "2024-03-01")])
        return features.snapshot(tables.read(rows, "ORDERS"), **options, **more).to_frame()

    pd.testing.assert_frame_equal(frame(past, future), frame(past, other))
    ahead = {"targets": ["orders_ahead", "amount_ahead"], "horizon": 60}
    everyone = [(name, 3, 1, None) for name in "abc"]
    columns = ["customer_id", "orders_ahead", "amount_ahead"]
    pd.testing.assert_frame_equal(
        frame(past + everyone, future, **ahead)[columns], frame(other + everyone, future, **ahead)[columns]
    )


def test_invariant_partitions_give_the_same_customers(full_orders, tmp_path):
    """Written in groups of customers, a snapshot has the same rows; an unchanged one is not written again."""
    snap = features.snapshot(full_orders, as_of="1997-10-01", features=["orders", "amount_total", "gap_median_days"])
    place = snap.write(tmp_path, partitions=3)
    parts = pd.concat([pd.read_parquet(path) for path in sorted(place.glob("*.parquet"))])
    assert len(list(place.glob("*.parquet"))) == 3
    pd.testing.assert_frame_equal(parts.sort_values("customer_id", ignore_index=True), snap.to_frame())
    stamp = (place / "manifest.json").stat().st_mtime_ns
    assert snap.write(tmp_path, partitions=3) == place
    assert (place / "manifest.json").stat().st_mtime_ns == stamp
    again = features.snapshot(full_orders.where("amount > 1"), as_of="1997-10-01", features=["orders"])
    again.write(tmp_path)
    assert (place / "manifest.json").stat().st_mtime_ns != stamp
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["features"][0]["meaning"] == "days with an order"
    assert "churnlab_" not in json.dumps(manifest)


def test_truth_leaks_are_found_and_named():
    """A column that is overwritten when the future comes is found where its table shows it; clean features are clean."""
    snap = features.snapshot(
        read_all(),
        as_of="2024-03-01",
        features=[
            features.frequency(),
            features.trouble(),
            features.reach(),
            features.referrals(),
            features.who("region"),
        ],
    )
    report = features.check_leakage(snap).set_index("feature")
    assert not report["leaks"].any()
    assert not report.loc["region", "checked"]
    assert report.loc[["complaints", "offers_taken_up_14", "referrals"], "checked"].all()
    leaking = Leaking(**{name: getattr(snap, name) for name in ("features", "targets", "cut", "population", "tables")})
    found = features.check_leakage(leaking).set_index("feature")
    assert found["leaks"].to_dict()["orders"]
    assert found.loc["orders", "shortened"] == 2  # one customer has an order more, another is not there yet


def test_truth_the_dictionary_and_the_query_can_be_read():
    """The feature dictionary names unit and meaning, and the query runs as it is printed."""
    orders = tables.read(ORDERS, "ORDERS")
    snap = features.snapshot(orders, as_of="2024-03-01", features=["orders", "amount_mean"])
    listed = snap.dictionary()
    assert listed["name"].tolist() == ["orders", "amount_mean"]
    assert (listed[["unit", "meaning"]] != "").all(axis=None)
    pd.testing.assert_frame_equal(orders.engine.frame(snap.sql), snap.to_frame())
    assert repr(snap) == "Snapshot(as of 2024-03-01: 2 features, 0 targets)"


def test_input_names_that_do_not_exist():
    """Unknown features and targets are answered with the nearest; a name stands once."""
    with pytest.raises(ParameterError, match="There is no feature 'recency': did you mean 'recency_days'"):
        row("recency")
    with pytest.raises(ParameterError, match="There is no target 'churn': there are orders_ahead"):
        row("orders", targets=["churn"], horizon=3)
    with pytest.raises(ParameterError, match="two features named 'orders'"):
        row("orders", features.frequency())
    assert row("orders", features.renamed(features.frequency(), "again_"))["again_orders"] == 3


def test_input_tables_and_columns_that_are_missing():
    """A builder says which table or column it needs."""
    orders = tables.read(ORDERS.drop(columns="discount"), "ORDERS")
    with pytest.raises(DataError, match="There is no table 'cases', which complaints, returns, cases needs"):
        features.snapshot(orders, as_of="2024-03-01", features=[features.frequency(), features.trouble()])
    with pytest.raises(
        DataError, match="The feature 'discounted_share' names the column 'discount', but of orders it may name only"
    ):
        features.snapshot(orders, as_of="2024-03-01", features=[features.discounts()])
    with pytest.raises(DataError, match="names the column 'age', but of customers it may name only customer_id, ref"):
        features.snapshot(read_all(), as_of="2024-03-01", features=[features.who("age")])
    with pytest.raises(DataError, match="names the column 'brand'"):
        features.snapshot(orders, as_of="2024-03-01", features=[features.preference("brand")])
    with pytest.raises(DataError, match="names the column 'cases'"):
        features.snapshot(orders, as_of="2024-03-01", features=[f for f in features.trouble() if f.grain == "customer"])


def test_input_columns_that_are_made_here():
    """A column of one's own that is named like one made from the date is refused where there is a date, and kept elsewhere."""
    with pytest.raises(DataError, match="has a column 'age', which here is made from `date`"):
        features.snapshot(tables.read(ORDERS.assign(age=40), "ORDERS"), as_of="2024-03-01")
    with pytest.raises(DataError, match="has a column 'Hour', which here is made from `date`"):
        features.snapshot(tables.read(ORDERS.assign(Hour=7), "ORDERS"), as_of="2024-03-01")
    people = tables.read(CUSTOMERS.assign(age=[31, 42, 53]), "CUSTOMERS")
    found = features.snapshot({**read_all(), "customers": people}, as_of="2024-03-01", features=[features.who("age")])
    assert found.to_frame()["age"].tolist() == [31, 42]


def test_input_dates_and_windows_that_the_data_do_not_cover():
    """as_of outside the data and a window past their end are errors that say by how many days."""
    orders = tables.read(ORDERS, "ORDERS")
    with pytest.raises(DataError, match="no order before as_of 2024-01-01: the first is on 2024-01-01"):
        features.snapshot(orders, as_of="2024-01-01")
    with pytest.raises(DataError, match="2024-05-01 lies 56 days after the end of the frame"):
        features.snapshot(orders, as_of="2024-05-01")
    with pytest.raises(DataError, match="2024-03-11 lies 5 days after the end of the frame"):
        features.snapshot(orders, as_of="2024-03-01", targets=["orders_ahead"], horizon=10)
    with pytest.raises(ParameterError, match="`horizon` must be above 0 days"):
        features.snapshot(orders, as_of="2024-03-01", targets=["orders_ahead"])
    with pytest.raises(ParameterError, match="`gap` must be a whole number from 0 to 100,000, not -1"):
        features.snapshot(orders, as_of="2024-03-01", horizon=5, gap=-1)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("max(date) - now()", "must not use a clock or chance: now"),
        ("count(*) + random()", "must not use a clock or chance: random"),
        ("min(current_date)", "must not use a clock or chance: current_date"),
        ("(SELECT max(amount) FROM orders)", "must not hold a query of its own"),
        ("sum(margin)", "names the column 'margin'"),
        ("sum(amount) FROM t; DROP TABLE t; --", "is no SQL expression|more than one"),
        ("sum(amount), max(amount)", "is more than one expression|no SQL expression"),
        ("sum(amount", "is no SQL expression"),
        ("sum(amount)) FROM t UNION ALL SELECT (1", "more than one|no SQL expression"),
    ],
)
def test_input_expressions_see_their_own_table_and_no_clock(expression, words):
    """An expression of one's own is let through by the engine's parser or not at all."""
    own = Feature(name="own", expression=expression, unit="?", meaning="?")
    with pytest.raises((ParameterError, DataError), match=words):
        row(own)
    assert (
        row(Feature(name="p90", expression="quantile_cont(CAST(amount AS DOUBLE), 0.9e0)", unit="", meaning=""))["p90"]
        > 0
    )


def test_input_tables_that_are_none_or_do_not_match():
    """A frame is no table; a table of another contract will not do; keys must be of one kind."""
    orders, people = tables.read(ORDERS, "ORDERS"), tables.read(CUSTOMERS, "CUSTOMERS")
    with pytest.raises(DataError, match="was read as CUSTOMERS and has no column 'date'; a table of ORDERS is needed"):
        features.snapshot(people, as_of="2024-03-01")
    with pytest.raises(ParameterError, match="A table of ORDERS is needed, not a DataFrame"):
        features.to_rfm(ORDERS, as_of="2024-03-01")
    with pytest.raises(DataError, match="has no column 'start'; a table of SUBSCRIPTIONS is needed"):
        features.to_churn_counts(orders, dates=["2024-02-01", "2024-03-01"])
    with pytest.raises(ParameterError, match="The table 'customers' must be what tables.read returns, not a DataFrame"):
        features.snapshot({"orders": orders, "customers": CUSTOMERS}, as_of="2024-03-01")
    numbered = tables.read(CUSTOMERS[["region"]].assign(customer_id=[1, 2, 3]), "CUSTOMERS")
    with pytest.raises(DataError, match="`customer_id` of orders is text and `customer_id` of customers is numbers"):
        features.snapshot({"orders": orders, "customers": numbered}, as_of="2024-03-01")


def test_input_what_is_asked_of_a_snapshot():
    """A list is a list, a length is a length, what was known has a table and a column, and somebody is in it."""
    with pytest.raises(ParameterError, match=r"`features` must be a list, as in \['orders'\]"):
        features.snapshot(read_all(), as_of="2024-03-01", features="orders")
    with pytest.raises(ParameterError, match="`days` must be a whole number from 1 to 100,000, not 0"):
        features.windows([30, 0])
    with pytest.raises(ParameterError, match=r"`days` must be a list, as in \[30\]"):
        features.windows(30)
    with pytest.raises(
        ParameterError, match=r"`features` takes features, what builders return, and names, but not None"
    ):
        features.snapshot(read_all(), as_of="2024-03-01", features=[None])
    with pytest.raises(ParameterError, match="`window` must be a whole number from 1 to 100,000, not 0"):
        features.use(0)
    with pytest.raises(ParameterError, match="`within` must be a whole number from 1 to 100,000, not '30'"):
        features.Population(within="30")
    with pytest.raises(ParameterError, match="`scale` must be where detractors and passives end, .* not .8, 6."):
        features.survey((8, 6))
    with pytest.raises(ParameterError, match=r"`values` must be a list, as in \['web'\]"):
        features.shares("channel", "web")
    with pytest.raises(ParameterError, match="`known` names the table 'order', but there are orders"):
        features.snapshot(read_all(), as_of="2024-03-01", known={"order": "loaded"})
    with pytest.raises(DataError, match="`known` names the column 'loaded', but orders has customer_id, date"):
        features.snapshot(read_all(), as_of="2024-03-01", known={"orders": "loaded"})
    with pytest.raises(
        DataError, match=r"Nobody is in the snapshot as of 2024-03-01 of Population\(.*first_before=900"
    ):
        row("orders", population=features.Population(first_before=900))

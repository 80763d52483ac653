"""Scores, segments by scores, and segments by habits."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, silhouette_score

from churnlab import features
from churnlab.errors import DataError, ParameterError
from churnlab.features.habit_segments import segment_by_habits
from churnlab.features.scaling import to_scale
from churnlab.features.segments import Segment, profile_segments, rfm_scores, rfm_segments

SCORES = ["recency_score", "frequency_score", "monetary_score"]


def rfm(frequency: list[int], silence: list[float], value: list[float | None]) -> pd.DataFrame:
    recency = [9.0 if n else 0.0 for n in frequency]
    frame = {"frequency": frequency, "recency": recency, "T": np.add(recency, silence), "monetary_value": value}
    return pd.DataFrame(frame)


def test_truth_hand_scored_quintiles():
    """Ten customers make two a group; equal ones share the score of the first among them."""
    frequency = [0, 0, 0, 0, 0, 0, 1, 1, 2, 9]
    value = [None] * 6 + [0.0, 5.0, 5.0, 50.0]
    scores = rfm_scores(rfm(frequency, list(range(10)), value))
    assert scores["recency_score"].tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert scores["frequency_score"].tolist() == [1, 1, 1, 1, 1, 1, 4, 4, 5, 5]
    assert scores["monetary_score"].tolist() == [1, 1, 1, 1, 1, 1, 1, 4, 4, 5]


def test_truth_cdnow_scores_agree_with_ranks(full_orders):
    """A score is one and the whole groups among the customers who rank lower, ties ranked by their first."""
    frame = features.to_rfm(full_orders, as_of="1998-07-01")
    scores = rfm_scores(frame)
    for name, value in (("recency", frame["recency"] - frame["T"]), ("frequency", frame["frequency"])):
        below = value.rank(method="min") - 1
        assert scores[f"{name}_score"].tolist() == (1 + 5 * below // len(frame)).astype(int).tolist()


def test_truth_each_combination_of_quintiles_has_one_segment():
    """The default segments cover the 125 combinations once, and the corners are who they should be."""
    frame = pd.DataFrame(list(itertools.product(range(1, 6), repeat=3)), columns=SCORES)
    named = rfm_segments(frame).set_index(SCORES)["segment"]
    assert [named[5, 5, 5], named[5, 1, 1], named[1, 1, 1], named[1, 5, 5], named[3, 4, 1]] == [
        "champions",
        "new",
        "asleep",
        "do not lose",
        "loyal",
    ]


def test_truth_profile_of_two_segments():
    """Means are over customers, the amount over those who ordered again, and revenue shares add up."""
    frame = rfm([0, 2, 4], [10.0, 2.0, 4.0], [None, 10.0, 20.0])
    segments = (Segment(name="some", frequency=(2, 6)), Segment(name="none", frequency=(1, 2)))
    table = profile_segments(rfm_segments(rfm_scores(frame), segments=segments)).set_index("segment")
    assert table.loc["some"].tolist() == [2, 2 / 3, 3.0, 3.0, 15.0, 1.0]
    assert table.loc["none", ["customers", "silent_for", "frequency", "share_of_repeat_revenue"]].tolist() == [
        1,
        10,
        0,
        0,
    ]
    assert np.isnan(table.loc["none", "monetary_value"])


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=20))
def test_invariant_weights_stand_for_repeated_rows(rows):
    """A row with weight w scores as w rows do, whatever their order; higher values never score lower."""
    frequency, silence, weight = map(list, zip(*rows, strict=True))
    frame = rfm(frequency, silence, [float(n) if n else None for n in frequency])
    weighted = rfm_scores(frame.assign(weight=weight))
    repeated = rfm_scores(frame.loc[frame.index.repeat(weight)].sample(frac=1, random_state=1))
    expected = repeated[~repeated.index.duplicated()].sort_index()
    pd.testing.assert_frame_equal(weighted[SCORES], expected[SCORES])
    ordered = weighted.sort_values("frequency")
    assert (ordered["frequency_score"].diff().dropna() >= 0).all()
    assert weighted[SCORES].to_numpy().min() >= 1
    assert weighted[SCORES].to_numpy().max() <= 5


def test_invariant_scores_do_not_depend_on_types():
    """Numbers in text, nullable and Arrow columns are scored as floats are."""
    frame = pd.DataFrame(
        {
            "frequency": [0, 0, 3, 9],
            "recency": [0, 0, 9.0, 10],
            "T": [9, 4, 9, 12],
            "monetary_value": [None, None, 7, 10.5],
        }
    )
    scores = ["recency_score", "frequency_score", "monetary_score"]
    expected = rfm_scores(frame)[scores]
    as_text = frame.astype({"recency": str, "monetary_value": str}).replace("nan", None)
    for same in (frame.convert_dtypes(), frame.convert_dtypes(dtype_backend="pyarrow"), as_text):
        pd.testing.assert_frame_equal(rfm_scores(same)[scores], expected)


def test_input_scores_and_segments():
    """Missing columns and values, gaps and overlaps between segments are named."""
    frame = rfm([0, 2], [1.0, 2.0], [None, 5.0])
    with pytest.raises(DataError, match="`T` is missing"):
        rfm_scores(frame.drop(columns="T"))
    with pytest.raises(DataError, match="`recency` must not be missing: 1 of 2"):
        rfm_scores(frame.assign(recency=[np.nan, 1.0]))
    with pytest.raises(DataError, match="no column 'monetary_value'"):
        rfm_scores(frame.drop(columns="monetary_value"))
    with pytest.raises(ParameterError, match="`groups` must be a whole number from 2 to 100,000, not 1"):
        rfm_scores(frame, groups=1)
    scores = pd.DataFrame([[6, 5, 5], [1, 1, 1]], columns=SCORES)
    with pytest.raises(DataError, match="1 of 2 customers lie in no segment; the first has .* 6, 5, 5"):
        rfm_segments(scores)
    twice = (Segment(name="all"), Segment(name="recent", recency=(6, 7)))
    with pytest.raises(DataError, match="1 of 2 customers lie in more than one segment"):
        rfm_segments(scores, segments=twice)
    with pytest.raises(ParameterError, match="same name"):
        rfm_segments(scores, segments=(twice[0], twice[0]))


@pytest.fixture(scope="module")
def habits() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    kind = np.repeat([0, 1, 2], [120, 80, 70])
    return pd.DataFrame(
        {
            "customer_id": np.arange(270),
            "orders": np.array([2.0, 12.0, 12.0])[kind] + rng.normal(0, 0.5, 270),
            "spent": np.array([20.0, 20.0, 400.0])[kind] * np.exp(rng.normal(0, 0.2, 270)),
            "kind": kind,
        }
    )


def test_truth_three_kinds_of_customers_are_found(habits):
    """Three well separated kinds are chosen, found and stable, largest first, with their centres in their own units."""
    fit = segment_by_habits(habits, features=["orders", "spent"])
    assert fit.k == 3
    assert fit.tidy()["customers"].tolist() == [120, 80, 70]
    np.testing.assert_allclose(fit.tidy()["orders"], [2, 12, 12], rtol=0.1)
    np.testing.assert_allclose(fit.tidy()["spent"], [20, 20, 400], rtol=0.15)
    assert adjusted_rand_score(habits["kind"], fit.predict(habits)["segment"]) == 1
    assert fit.glance()["stability"].item() > 0.99
    assert fit.choice().query("chosen")["silhouette"].item() == fit.choice()["silhouette"].max()


def test_invariant_the_scale_leads_back_to_the_units():
    """Values on the common scale, skewed and logged or not, come back as they were; far ones are drawn in."""
    values = np.column_stack([np.arange(40.0), np.arange(40.0) ** 4])
    scale = to_scale(values, ("straight", "skewed"))
    assert scale.logged.tolist() == [False, True]
    np.testing.assert_allclose(scale.to_units(scale.to_standard(values[5:])), values[5:], rtol=1e-9)
    assert np.abs(scale.to_standard(values * 1e9)).max() == 4


def test_truth_silhouette_is_that_of_the_segments(habits):
    """The silhouette reported is that of the segments on the common scale."""
    fit = segment_by_habits(habits, features=["orders", "spent"])
    points = fit.scale.to_standard(habits[["orders", "spent"]].to_numpy())
    expected = silhouette_score(points, fit.predict(habits)["segment"])
    assert fit.glance()["silhouette"].item() == pytest.approx(expected, abs=1e-12)


def test_truth_one_cloud_is_not_stable():
    """Customers who differ by degree only have a low silhouette, or segments that resampling moves."""
    cloud = pd.DataFrame(np.random.default_rng(1).normal(size=(300, 4)), columns=list("abcd"))
    fit = segment_by_habits(cloud, k=[5], draws=10)
    assert fit.glance()["silhouette"].item() < 0.25
    assert fit.glance()["stability"].item() < 0.6


def test_invariant_habits_units_seed_and_prediction(habits):
    """The unit of a feature that is not skewed does not matter; the same seed gives the same bits; sizes are those predicted."""
    fit = segment_by_habits(habits, features=["orders", "spent"], draws=3)
    again = segment_by_habits(habits, features=["orders", "spent"], draws=3)
    pd.testing.assert_frame_equal(fit.tidy(), again.tidy(), check_exact=True)
    pd.testing.assert_frame_equal(fit.glance(), again.glance(), check_exact=True)
    other = segment_by_habits(habits.assign(orders=habits["orders"] * 7), features=["orders", "spent"], draws=3)
    assert other.tidy()["customers"].tolist() == fit.tidy()["customers"].tolist()
    np.testing.assert_allclose(other.tidy()["orders"], fit.tidy()["orders"] * 7, rtol=1e-6)
    shuffled = habits.sample(frac=1, random_state=2)
    predicted = fit.predict(shuffled)
    assert predicted.index.equals(shuffled.index)
    assert predicted["segment"].value_counts(sort=False).sort_index().tolist() == fit.tidy()["customers"].tolist()


def test_input_habits_that_cannot_be_grouped(habits):
    """Missing values, words, constants, unknown columns and too few customers are named."""
    holes = habits.assign(
        orders=habits["orders"].where(habits.index > 1), spent=habits["spent"].where(habits.index > 0)
    )
    with pytest.raises(DataError, match=r"missing or infinite in 'orders' \(2 of 270\), 'spent' \(1 of 270\)"):
        segment_by_habits(holes)
    with pytest.raises(DataError, match="take numbers, which 'city' are not"):
        segment_by_habits(habits.assign(city="x"))
    with pytest.raises(DataError, match="same value of 'one'"):
        segment_by_habits(habits.assign(one=1))
    with pytest.raises(DataError, match="no column 'spend'"):
        segment_by_habits(habits, features=["spend"])
    with pytest.raises(DataError, match="10 customers are too few for 8 segments: there must be 16"):
        segment_by_habits(habits.head(10))
    with pytest.raises(ParameterError, match="`k` must be a whole number from 2 to 100,000, not 1"):
        segment_by_habits(habits, k=[1, 2])
    with pytest.raises(ParameterError, match="`draws` must be a whole number from 1"):
        segment_by_habits(habits, draws=0)
    with pytest.raises(ParameterError, match=r"`k` must be a list of numbers of segments, as in \[3\] .*, not 4"):
        segment_by_habits(habits, k=4)
    alike = pd.DataFrame({"orders": [1] * 15 + [5] * 15})
    with pytest.raises(DataError, match="30 customers have only 2 different habits, too few for 3 segments"):
        segment_by_habits(alike, k=[3])
    with pytest.raises(ParameterError, match="no feature"):
        segment_by_habits(habits[["customer_id"]])

"""Jumps of features over time, and groups of correlated features."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab.errors import DataError, ParameterError
from churnlab.features.quality import correlated_groups, feature_quality


def panel(*columns: object, name: str = "orders") -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=len(columns), freq="MS")
    parts = [
        pd.DataFrame({"as_of": day, "customer_id": range(len(c)), name: c})
        for day, c in zip(days, columns, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def test_truth_hand_counted_means_and_shares():
    """Mean is over those who have a value, missing and zero shares are over all; the first date has no index."""
    found = feature_quality(panel([0.0, 2.0, 4.0, None], [1.0, 1.0]))
    assert found["customers"].tolist() == [4, 2]
    assert found["mean"].tolist() == [2.0, 1.0]
    assert found["missing_share"].tolist() == [0.25, 0.0]
    assert found["zero_share"].tolist() == [0.25, 0.0]
    assert np.isnan(found["psi"].iloc[0])
    assert not found["jumps"].iloc[0]


def test_truth_index_of_two_groups():
    """100 zeros and 100 ones that become 50 and 150, half a customer added to each."""
    found = feature_quality(panel([0] * 100 + [1] * 100, [0] * 50 + [1] * 150))
    p, q = np.array([100.5, 100.5]) / 201, np.array([50.5, 150.5]) / 201
    assert found["psi"].iloc[1] == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert found["jumps"].tolist() == [False, True]
    labels = feature_quality(panel(["a"] * 100 + ["b"] * 100, ["a"] * 50 + ["b"] * 150))
    assert labels["psi"].iloc[1] == found["psi"].iloc[1]
    assert labels[["mean", "zero_share"]].isna().all().all()


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x + 1,
        lambda x: 3 * x,
        lambda x: np.where(np.arange(len(x)) % 3 == 0, np.nan, x),
        lambda x: np.where(np.arange(len(x)) % 3 == 0, 0.0, x),
        lambda x: np.where(x < np.quantile(x, 0.1), np.nan, x),
    ],
    ids=["place", "spread", "missing", "zeros", "lowest missing"],
)
def test_truth_each_kind_of_change_is_flagged_at_its_date(change):
    """A jump of place, spread, missing values or zeros is flagged when it comes, and nothing is before it."""
    rng = np.random.default_rng(5)
    values = [rng.normal(size=2000) for _ in range(4)]
    found = feature_quality(panel(*values[:3], change(values[3])))
    assert found["jumps"].tolist() == [False, False, False, True]


def test_truth_chance_in_small_samples_is_no_jump():
    """Of 200 pairs of samples of 30 from one distribution at most two are flagged, though their index often exceeds 0.25."""
    rng = np.random.default_rng(6)
    found = pd.concat([feature_quality(panel(rng.normal(size=30), rng.normal(size=30))).tail(1) for _ in range(200)])
    assert (found["psi"] > 0.25).sum() > 50
    assert found["jumps"].sum() <= 2


def test_truth_a_steady_drift_is_flagged_once():
    """A feature that grows by the same at each date jumps at the first change only; twice as far is a jump again."""
    base = np.random.default_rng(7).normal(size=1000)
    steps = feature_quality(panel(base, base + 1, base + 2, base + 3, base + 7))
    assert steps["jumps"].tolist() == [False, True, False, False, True]


def test_truth_groups_of_correlated_features():
    """Order-preserving and order-reversing copies are in one group, an independent feature stands alone."""
    x, noise, other = np.random.default_rng(8).normal(size=(3, 500))
    frame = pd.DataFrame(
        {
            "customer_id": range(500),
            "x": x,
            "other": other,
            "rough": x + noise / 2,
            "minus": -np.exp(x),
            "word": "w",
            "one": 1,
        }
    )
    found = correlated_groups(frame)
    assert found["group"].tolist() == [1, 1, 1, 2]
    assert found["feature"].tolist() == ["x", "rough", "minus", "other"]
    assert found["representative"].tolist() == ["x", "x", "x", "other"]
    rough = frame["x"].corr(frame["rough"], method="spearman")
    np.testing.assert_allclose(found["correlation"], [1, rough, -1, 1], atol=1e-12)


def test_truth_a_chain_is_no_group():
    """Neighbours are alike but the ends are not: the three are never one group."""
    a, b = np.random.default_rng(9).normal(size=(2, 4000))
    frame = pd.DataFrame({"a": a, "both": a + b, "b": b})
    assert abs(frame["a"].corr(frame["both"], method="spearman")) > 0.6
    assert correlated_groups(frame, threshold=0.6)["group"].tolist() == [1, 1, 2]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), threshold=st.floats(0.05, 0.95))
def test_invariant_every_pair_of_a_group_keeps_the_threshold(seed, threshold):
    """Each feature is in one group, and any two of a group correlate at least as the threshold asks."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(40, 2)) @ rng.normal(size=(2, 6)) + rng.normal(size=(40, 6)) / 3).add_prefix(
        "f"
    )
    found = correlated_groups(frame, threshold=threshold)
    assert sorted(found["feature"]) == sorted(frame)
    rho = frame.corr(method="spearman").abs()
    for _, group in found.groupby("group"):
        assert rho.loc[group["feature"], group["feature"]].to_numpy().min() >= threshold - 1e-9
        assert group["representative"].isin(group["feature"]).all()


def test_invariant_quality_does_not_depend_on_types():
    """Nullable and Arrow columns, also without any value, are described as floats are."""
    plain = panel([np.nan, np.nan, np.nan], [1.0, 0.0, np.nan]).assign(as_of=lambda frame: frame["as_of"].astype(str))
    for same in (plain.astype({"orders": "Int64"}), plain.convert_dtypes(dtype_backend="pyarrow")):
        pd.testing.assert_frame_equal(feature_quality(same), feature_quality(plain), check_dtype=False)


def test_input_panels_and_thresholds():
    """A frame without dates or features and thresholds out of range are named."""
    with pytest.raises(DataError, match="column `as_of` and features"):
        feature_quality(pd.DataFrame({"orders": [1]}))
    with pytest.raises(DataError, match="column `as_of` and features"):
        feature_quality(pd.DataFrame({"as_of": ["2024-01-01"], "customer_id": [1]}))
    with pytest.raises(ParameterError, match="`threshold` must be above 0"):
        feature_quality(panel([1.0]), threshold=0)
    with pytest.raises(DataError, match="`as_of` is empty in 1 of 2 rows"):
        feature_quality(pd.DataFrame({"as_of": ["2024-01-01", None], "orders": [1, 2]}))
    with pytest.raises(DataError, match="has no rows"):
        feature_quality(panel([1.0]).iloc[:0])
    with pytest.raises(ParameterError, match="`threshold` must lie between 0 and 1"):
        correlated_groups(pd.DataFrame({"a": [1, 2], "b": [1, 2]}), threshold=1)
    with pytest.raises(DataError, match="two or more features"):
        correlated_groups(pd.DataFrame({"a": [1, 2], "b": [1, 1]}))

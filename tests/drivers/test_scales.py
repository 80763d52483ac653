"""Reliability, expectation gaps, penalty and reward, importance against performance."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from churnlab import drivers
from churnlab.errors import DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "drivers"
BLOCKS = {
    "Image": [f"IMAG{place}" for place in range(1, 6)],
    "Expectation": [f"CUEX{place}" for place in range(1, 4)],
    "Quality": [f"PERQ{place}" for place in range(1, 8)],
    "Value": ["PERV1", "PERV2"],
    "Satisfaction": [f"CUSA{place}" for place in range(1, 4)],
    "Loyalty": [f"CUSL{place}" for place in range(1, 4)],
}


@pytest.fixture(scope="module")
def reliability(mobi):
    return drivers.fit_reliability(mobi, dimensions=BLOCKS, draws=200)


def test_truth_reliability_equals_psych(reliability):
    """Alpha, item-rest correlations, loadings, omega and AVE of the mobile phone survey as R's psych finds them."""
    expected = pd.read_csv(REFERENCE / "reliability.csv")
    by_dimension = expected.groupby("dimension", sort=False).first().loc[list(BLOCKS)]
    found = reliability.tidy().set_index("dimension")
    np.testing.assert_allclose(found["alpha"], by_dimension["raw_alpha"], atol=1e-12)
    items = reliability.items()
    np.testing.assert_allclose(items["item_rest"], expected["item_rest"], atol=1e-12)
    np.testing.assert_allclose(items["alpha_without"], expected["alpha_without"], atol=1e-12)
    proper = [name for name in BLOCKS if name != "Loyalty"]  # psych's optimiser stops within 2e-5
    np.testing.assert_allclose(found.loc[proper, "omega"], by_dimension.loc[proper, "omega"], atol=2e-5)
    np.testing.assert_allclose(found.loc[proper, "ave"], by_dimension.loc[proper, "ave"], atol=2e-5)
    same = items["dimension"].isin(proper)
    np.testing.assert_allclose(items.loc[same, "loading"], expected.loc[same, "loading"], atol=2e-5)
    assert found["improper"].to_dict() == {name: name == "Loyalty" for name in BLOCKS}
    assert found.loc["Loyalty", "ave_high"] <= 1


def test_truth_standardised_alpha_equals_seminr(reliability):
    """Seminr's alphas, which are those of standardised items."""
    expected = [0.72283460, 0.45190256, 0.87701025, 0.82363198, 0.77919502, 0.47239896]
    np.testing.assert_allclose(reliability.tidy()["alpha_standardised"], expected, atol=6e-9)


def test_truth_loadings_are_least_squares(reliability, mobi):
    """At the loadings the squared residual correlations have no slope."""
    items = reliability.items().set_index(["dimension", "item"])["loading"]
    for name in ("Image", "Quality"):
        loading = items.loc[name].to_numpy()
        residual = mobi[BLOCKS[name]].corr().to_numpy() - np.outer(loading, loading)
        np.fill_diagonal(residual, 0)
        np.testing.assert_allclose(residual @ loading, 0, atol=1e-8)


def test_truth_reliability_of_one_known_factor():
    """Items with loadings .8, .7, .6: omega and alpha of the population lie in their limits in 95 % of 150 surveys."""
    loading = np.array([0.8, 0.7, 0.6])
    common = loading.sum() ** 2
    omega = common / (common + (1 - loading**2).sum())
    alpha = 1.5 * (1 - 3 / (3 + 2 * (0.56 + 0.48 + 0.42)))
    hits = np.zeros(2)
    for seed in range(150):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(300, 1)) * loading + rng.normal(size=(300, 3)) * np.sqrt(1 - loading**2)
        frame = pd.DataFrame(values, columns=["a", "b", "c"])
        row = drivers.fit_reliability(frame, dimensions={"d": ["a", "b", "c"]}, draws=200, seed=seed).tidy().iloc[0]
        hits += [row["alpha_low"] <= alpha <= row["alpha_high"], row["omega_low"] <= omega <= row["omega_high"]]
    assert (np.abs(hits / 150 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 150)).all(), hits


def test_input_reliability_names_reversed_and_single_items(mobi):
    """An item that runs against the others, and a dimension of one, are refused by name."""
    turned = mobi.assign(CUSA2=11 - mobi["CUSA2"])
    with pytest.raises(DataError, match="In the dimension 'Satisfaction', `CUSA2` runs against the other items"):
        drivers.fit_reliability(turned, dimensions={"Satisfaction": BLOCKS["Satisfaction"]}, draws=100)
    with pytest.raises(ParameterError, match="The dimension 'x' must have two items or more"):
        drivers.fit_reliability(mobi, dimensions={"x": ["CUSA1"]}, draws=100)
    with pytest.raises(DataError, match="All answers to `CUSA1` among the answers that count are 3"):
        drivers.fit_reliability(mobi.assign(CUSA1=3), dimensions={"x": ["CUSA1", "CUSA2"]}, draws=100)


def servqual(n=60, seed=1):
    """Return perceptions and expectations of two dimensions, some skipped."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(1, 8, (n, 8)).astype(float), columns=[*"abcd", *"ABCD"])
    return frame.mask(rng.random(frame.shape) < 0.1)


PAIRS = {"delivery": (["a", "b"], ["A", "B"]), "service": (["c", "d"], ["C", "D"])}


def test_truth_gap_is_the_paired_t_test():
    """Each item's gap, statistic and p-value are scipy's paired t-test on who answered both."""
    frame = servqual()
    table = drivers.fit_gap(frame, dimensions=PAIRS).items()
    for row in table.itertuples():
        both = frame[[row.perception_item, row.expectation_item]].dropna()
        test = ttest_rel(both.iloc[:, 0], both.iloc[:, 1])
        assert row.n == len(both)
        assert [row.statistic, row.p_value] == pytest.approx([test.statistic, test.pvalue])
        limits = test.confidence_interval()
        assert [row.conf_low, row.conf_high] == pytest.approx([limits.low, limits.high])
        assert row.perception - row.expectation == pytest.approx(row.estimate)


def test_truth_gap_of_dimensions_and_all():
    """Full answers: a dimension is the mean of its items, all the mean of the dimensions, or that by points."""
    frame = servqual().fillna(4)
    table = (
        drivers.fit_gap(frame, dimensions=PAIRS, points={"delivery": 75, "service": 25})
        .tidy()
        .set_index("dimension")["estimate"]
    )
    delivery = (frame[["a", "b"]].to_numpy() - frame[["A", "B"]].to_numpy()).mean()
    service = (frame[["c", "d"]].to_numpy() - frame[["C", "D"]].to_numpy()).mean()
    np.testing.assert_allclose(
        table, [delivery, service, (delivery + service) / 2, 0.75 * delivery + 0.25 * service], atol=1e-12
    )
    own = frame.assign(p=np.where(frame["a"] > 4, 100, 0), q=np.where(frame["a"] > 4, 0, 100))
    weighted = drivers.fit_gap(own, dimensions=PAIRS, points={"delivery": "p", "service": "q"}).tidy()
    gaps = np.where(
        frame["a"] > 4,
        (frame[["a", "b"]].to_numpy() - frame[["A", "B"]].to_numpy()).mean(axis=1),
        (frame[["c", "d"]].to_numpy() - frame[["C", "D"]].to_numpy()).mean(axis=1),
    )
    assert weighted["estimate"].iloc[-1] == pytest.approx(gaps.mean())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_invariant_gap_is_antisymmetric(seed):
    """Exchanging perception and expectation turns the sign; equal answers have no gap; a weight of 1 changes nothing."""
    frame = servqual(seed=seed).assign(w=1.0)
    turned = {name: (second, first) for name, (first, second) in PAIRS.items()}
    gap = drivers.fit_gap(frame, dimensions=PAIRS).tidy()
    back = drivers.fit_gap(frame, dimensions=turned).tidy()
    np.testing.assert_allclose(gap["estimate"], -back["estimate"], atol=1e-12)
    np.testing.assert_allclose(gap["conf_low"], -back["conf_high"], atol=1e-12)
    pd.testing.assert_frame_equal(gap, drivers.fit_gap(frame, dimensions=PAIRS, weight="w").tidy())
    same = drivers.fit_gap(frame, dimensions={"x": (["a"], ["a"])}).tidy()
    assert same["estimate"].tolist() == [0, 0]


def test_input_gap_needs_pairs_and_points():
    """Lists of unequal length, unknown points and reserved names are refused."""
    frame = servqual()
    with pytest.raises(ParameterError, match="must have two lists of as many columns"):
        drivers.fit_gap(frame, dimensions={"x": (["a", "b"], ["A"])})
    with pytest.raises(ParameterError, match="`points` must name the dimensions delivery, service"):
        drivers.fit_gap(frame, dimensions=PAIRS, points={"delivery": 100})
    with pytest.raises(ParameterError, match="No dimension may be called 'all'"):
        drivers.fit_gap(frame, dimensions={"all": (["a"], ["A"])})
    with pytest.raises(DataError, match="no column `z`"):
        drivers.fit_gap(frame, dimensions={"x": (["z"], ["A"])})


def kano(n, seed):
    """Return ratings 1-7 of a basic, a performance, an excitement and an idle driver."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 8, (n, 4))
    poor, excellent = (x <= 2).astype(float), (x >= 6).astype(float)
    y = poor @ [-1.0, -0.6, -0.1, 0.0] + excellent @ [0.1, 0.6, 1.0, 0.0] + rng.normal(size=n)
    return pd.DataFrame(x, columns=["basic", "performance", "excitement", "idle"]).assign(outcome=y)


KINDS = ["basic", "performance", "excitement", "idle"]


def test_truth_kinds_of_drivers_are_recovered():
    """Penalties and rewards lie near the simulated ones, and each driver is called what it is."""
    table = drivers.fit_asymmetry(kano(4000, 1), drivers=KINDS, low=2, high=6).tidy().set_index("term")
    np.testing.assert_allclose(table["penalty"], [-1.0, -0.6, -0.1, 0.0], atol=0.15)
    np.testing.assert_allclose(table["reward"], [0.1, 0.6, 1.0, 0.0], atol=0.15)
    assert table["kind"].tolist() == ["basic", "performance", "excitement", "no effect seen"]
    assert table["index"].iloc[:3].round(1).tolist() == pytest.approx([-0.8, 0.0, 0.8], abs=0.15)


def test_truth_asymmetry_equals_statsmodels():
    """Coefficients and HC3 errors are those of statsmodels' least squares on the flags."""
    from statsmodels.api import OLS

    frame = kano(300, 2)
    fit = drivers.fit_asymmetry(frame, drivers=KINDS, low=2, high=6)
    flags = np.column_stack([np.ones(300), frame[KINDS] <= 2, frame[KINDS] >= 6])
    other = OLS(frame["outcome"].to_numpy(), flags).fit(cov_type="HC3")
    np.testing.assert_allclose(fit.estimate, other.params, atol=1e-12)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), other.bse, rtol=1e-10)
    assert fit.r_squared == pytest.approx(other.rsquared)


def test_truth_asymmetry_covers():
    """95 % limits of penalties, rewards and asymmetry hold the truth in 95 % of 150 surveys."""
    hits = np.zeros(3)
    for seed in range(150):
        row = drivers.fit_asymmetry(kano(250, seed), drivers=KINDS, low=2, high=6).tidy().iloc[0]
        for place, (name, truth) in enumerate((("penalty", -1.0), ("reward", 0.1), ("asymmetry", -0.9))):
            hits[place] += row[f"{name}_low"] <= truth <= row[f"{name}_high"]
    assert (np.abs(hits / 150 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 150)).all(), hits


def test_input_asymmetry_needs_all_three_kinds_of_rating():
    """A driver that nobody rates poor, or limits that cross, are refused by name."""
    frame = kano(100, 3)
    with pytest.raises(DataError, match="`basic` has no poor rating .poor is up to 2, excellent from 6."):
        drivers.fit_asymmetry(frame.assign(basic=frame["basic"].clip(3)), drivers=KINDS, low=2, high=6)
    with pytest.raises(DataError, match="`basic` has no middling rating"):
        drivers.fit_asymmetry(frame, drivers=KINDS, low=2, high=3)
    with pytest.raises(ParameterError, match="`low` must lie below `high`"):
        drivers.fit_asymmetry(frame, drivers=KINDS, low=6, high=6)
    with pytest.raises(DataError, match="`basic` must hold ratings, but it holds categories"):
        drivers.fit_asymmetry(frame.astype({"basic": "category"}), drivers=KINDS, low=2, high=6)


def test_truth_contrasts_are_counted():
    """An item is found if each kind of rating is there often enough; gaps count for none."""
    frame = pd.DataFrame({"all": [1, 1, 4, 4, 7, 7], "top": [6, 6, 7, 7, 7, 7], "gap": [1, np.nan, 4, 4, 7, 7]})
    assert drivers.find_contrasts(frame, items=list(frame), low=2, high=6, fewest=2) == ["all"]
    assert drivers.find_contrasts(frame, items=list(frame), low=2, high=6, fewest=1) == ["all", "gap"]


def test_truth_map_places_drivers():
    """Performance is the mean rating on a scale from 0 to 100; the quadrant follows from both cuts."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "price": rng.integers(1, 4, 600),
            "service": rng.integers(4, 8, 600),
            "parking": rng.integers(1, 4, 600),
            "brochure": rng.integers(4, 8, 600),
        }
    )
    frame["outcome"] = 1.2 * frame["price"] + frame["service"] + 0.1 * frame["parking"] + rng.normal(size=600)
    fit = drivers.fit_importance(frame, drivers=["price", "service", "parking", "brochure"], draws=300)
    table = drivers.to_importance_performance(fit, frame, scale=(1, 7))
    np.testing.assert_allclose(table["performance"], 100 * (frame[list(fit.terms)].mean() - 1) / 6, atol=1e-12)
    np.testing.assert_allclose(table["importance"], fit.tidy()["share"])
    assert table["quadrant"].tolist() == ["improve first", "keep up", "low priority", "enough done"]
    assert table["certain"].all()
    strict = drivers.to_importance_performance(fit, frame, scale=(1, 7), performance_cut=table["performance"][1] + 0.5)
    assert strict["quadrant"].tolist()[1] == "improve first"
    assert not strict["certain"].iloc[1]


def test_input_map_needs_ratings_on_the_scale():
    """Ratings off the scale and groups of drivers are refused."""
    frame = kano(200, 5)
    fit = drivers.fit_importance(frame, drivers=KINDS, draws=100)
    with pytest.raises(DataError, match="`basic` must lie from 1 to 5, but .* rows do not"):
        drivers.to_importance_performance(fit, frame, scale=(1, 5))
    with pytest.raises(ParameterError, match="`scale` must be the lowest and the highest rating"):
        drivers.to_importance_performance(fit, frame, scale=(7, 1))
    grouped = drivers.fit_importance(frame, drivers=KINDS, groups={"both": KINDS[:2]}, draws=100)
    with pytest.raises(DataError, match="`both` is no column of ratings"):
        drivers.to_importance_performance(grouped, frame, scale=(1, 7))


def test_smoke_results_show_themselves(reliability):
    """Results print as one line and as escaped tables."""
    assert repr(reliability).startswith("ReliabilityFit(alpha: Image 0.71, Expectation 0.43")
    assert "<table" in reliability._repr_html_()
    assert "<table" in drivers.fit_gap(servqual(), dimensions=PAIRS)._repr_html_()
    fit = drivers.fit_asymmetry(kano(300, 6), drivers=KINDS, low=2, high=6)
    assert repr(fit).endswith("300 answers)")
    assert "<table" in fit._repr_html_()

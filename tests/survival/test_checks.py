"""Checks of Cox models: proportional hazards, influence, functional form; concordance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import survival
from churnlab.errors import DataError, ParameterError
from churnlab.survival.dominance import count_above

EVERY = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
SOME = [1, 2, 3, 50, 100, 200, 432]


@pytest.fixture(scope="module")
def fits(rossi, heart, lung):
    late = rossi.assign(entry=rossi["late"])
    rest = [name for name in EVERY if name != "wexp"]
    return {
        "zph": (survival.fit_cox(rossi, covariates=EVERY), rossi),
        "zph_breslow": (survival.fit_cox(rossi, covariates=EVERY, ties="breslow"), rossi),
        "zph_strata": (survival.fit_cox(rossi, covariates=rest, strata="wexp"), rossi),
        "zph_late": (survival.fit_cox(late, covariates=EVERY), late),
        "zph_heart": (survival.fit_cox(heart, covariates=["age", "year", "surgery", "transplant"]), heart),
        "zph_lung": (survival.fit_cox(lung, formula="age + sex + ecog"), lung),
    }


@pytest.mark.parametrize("case", ["zph", "zph_breslow", "zph_strata", "zph_late", "zph_heart", "zph_lung"])
@pytest.mark.parametrize("transform", ["km", "identity", "log", "rank"])
def test_truth_proportional_hazards_equal_r(fits, model_numbers, case, transform):
    """The score test of R's cox.zph as it is since survival 3, with each of its transforms, ties, strata and late entry."""
    table = survival.check_proportional_hazards(*fits[case], transform=transform)
    expected = model_numbers[f"{case}_{transform}", "statistic"]
    names = [{"ecog": "ph.ecog"}.get(term, term) for term in table["term"]]
    np.testing.assert_allclose(table["statistic"], expected[names], rtol=2e-7)


def test_truth_published_test_of_rossi(fits):
    """Age 5.97398, work experience 4.22460 and 17.69442 for all; earlier formulas overstate age by as much again."""
    table = survival.check_proportional_hazards(*fits["zph"]).set_index("term")
    np.testing.assert_allclose(
        table.loc[["age", "wexp", "GLOBAL"], "statistic"], [5.97398, 4.22460, 17.69442], atol=5e-6
    )
    assert table.loc["age", "p_value"] == pytest.approx(0.01451846, abs=5e-9)
    assert "from 1.02 to 0.88: stratify" in table.loc["age", "advice"]
    assert table.loc["fin", "advice"] == "no sign of a change over time"


def test_truth_levels_of_one_covariate_are_tested_together(rossi, model_numbers):
    """A covariate of three levels has one test of two degrees of freedom."""
    grouped = rossi.assign(prior=np.minimum(rossi["prio"], 2).astype(str))
    fit = survival.fit_cox(grouped, covariates=["fin", "prior"])
    table = survival.check_proportional_hazards(fit, grouped).set_index("term")
    np.testing.assert_allclose(
        table["statistic"], model_numbers["zph_factor", "statistic"][["fin", "prior", "GLOBAL"]], rtol=2e-7
    )
    assert table["df"].tolist() == [1, 2, 3]


def test_truth_a_changing_hazard_ratio_is_found():
    """Where a covariate's effect ends after a time, the test finds it, and early and late say from what to what."""
    rng = np.random.default_rng(5)
    x = rng.integers(0, 2, 20_000)
    first, then = rng.exponential(size=len(x)) / (0.1 * np.exp(1.0 * x)), rng.exponential(size=len(x)) / 0.1
    spells = pd.DataFrame({"x": x, "duration": np.where(first < 5, first, 5 + then)})
    spells = spells.assign(churned=spells["duration"] < 20, duration=np.minimum(spells["duration"], 20).round(1) + 0.1)
    fit = survival.fit_cox(spells, covariates=["x"])
    table = survival.check_proportional_hazards(fit, spells).set_index("term")
    assert table.loc["x", "p_value"] < 1e-20
    assert table.loc["x", "early"] > 2
    assert table.loc["x", "late"] < 1.3
    parts = survival.coefficients_over_time(fit, spells, bins=6)
    assert parts["estimate"].iloc[0] == pytest.approx(1.0, abs=0.15)
    assert parts["estimate"].iloc[-1] == pytest.approx(0.0, abs=0.15)
    assert parts["ends"].sum() == spells["churned"].sum()


def test_truth_residuals_equal_r(fits, heart, model_numbers):
    """Martingale and deviance residuals and dfbetas of R, with Efron's ties carried through."""
    fit, rows = fits["zph"]
    places = [place - 1 for place in SOME]
    found = survival.cox_residuals(fit, rows).iloc[places]
    for kind in ("martingale", "deviance"):
        expected = model_numbers["residuals", kind][[str(place) for place in SOME]]
        np.testing.assert_allclose(found[kind], expected, rtol=1e-8)
    moved = survival.dfbeta(fit, rows).iloc[places]
    for term in EVERY:
        np.testing.assert_allclose(
            moved[term], model_numbers["dfbeta", term][[str(place) for place in SOME]], rtol=1e-6
        )
    scaled = survival.dfbeta(fit, rows, scaled=True).iloc[places]
    np.testing.assert_allclose(scaled * fit.tidy()["std_error"].to_numpy(), moved)
    found = survival.cox_residuals(fits["zph_heart"][0], heart)["martingale"].iloc[:6]
    np.testing.assert_allclose(
        found, model_numbers["residuals_heart", "martingale"][[str(place) for place in range(1, 7)]], rtol=1e-7
    )


def test_truth_the_most_influential_row_moves_the_fit(fits):
    """Without the row that is said to move age most, age moves by about as much as said, and in that direction."""
    fit, rows = fits["zph"]
    most = survival.most_influential(fit, rows, top=3)
    without = survival.fit_cox(rows.drop(index=most["row"].iloc[0]), covariates=EVERY)
    moved = without.coefficients[1] - fit.coefficients[1]
    assert most["term"].tolist() == ["age"] * 3
    assert moved == pytest.approx(most["change"].iloc[0], rel=0.1)
    assert most["advice"].iloc[0] == "worth a look"


def test_truth_a_bent_effect_shows(fits):
    """Where the log hazard is quadratic and was taken to be linear, too many leave at both ends and too few between."""
    rng = np.random.default_rng(2)
    x = rng.uniform(-2, 2, 20_000)
    time = rng.exponential(size=len(x)) * np.exp(-0.5 * x**2) * 10
    spells = pd.DataFrame({"x": x, "duration": np.minimum(time, 8), "churned": time <= 8})
    fit = survival.fit_cox(spells, covariates=["x"])
    table = survival.functional_form(fit, spells, covariate="x", bins=5)
    assert table["ratio"].iloc[[0, -1]].gt(1.1).all()
    assert table["ratio"].iloc[2] < 0.8
    assert table["advice"].iloc[2].startswith("fewer left than expected")
    assert table["expected"].sum() == pytest.approx(table["churned"].sum(), rel=1e-6)
    bent = survival.fit_cox(spells, formula="x + {x**2}")
    assert (survival.functional_form(bent, spells, covariate="x", bins=5)["advice"] == "as expected").all()


def test_truth_concordance_equals_r(fits, model_numbers, lung, rossi):
    """Harrell's and Uno's concordance with their errors, times with and without ties, as R's concordance has them."""
    for case, score, rows, kind in (
        ("concordance_rossi", fits["zph"][0].linear_predictor(rossi), rossi, "harrell"),
        ("concordance_lung", fits["zph_lung"][0].linear_predictor(lung), lung, "harrell"),
        ("concordance_lung_uno", fits["zph_lung"][0].linear_predictor(lung), lung, "uno"),
        ("concordance_age", -rossi["age"], rossi, "harrell"),
    ):
        table = survival.score_concordance({"cox": score}, rows, kind=kind).iloc[0]
        assert table["estimate"] == pytest.approx(model_numbers[case, "estimate", ""], rel=1e-11)
        if kind == "harrell":
            assert table["std_error"] == pytest.approx(model_numbers[case, "std_error", ""], rel=1e-9)
        assert survival.concordance(score, rows, kind=kind) == pytest.approx(table["estimate"], rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(2, 90), levels=st.integers(1, 12), seed=st.integers(0, 10_000), weighted=st.booleans())
def test_truth_concordance_equals_counting_pairs(n, levels, seed, weighted):
    """Ties in times, in scores and in both count as every pair says that is looked at by itself; so do weights."""
    rng = np.random.default_rng(seed)
    time, score = rng.integers(1, 1 + levels, n), rng.integers(0, 1 + rng.integers(1, 15), n)
    churned = rng.random(n) < 0.6
    weight = rng.integers(1, 4, n) if weighted else np.ones(n)
    good = total = 0.0
    for i in np.flatnonzero(churned):
        later = (time > time[i]) | ((time == time[i]) & ~churned)
        pair = weight[i] * weight * later
        total += pair.sum()
        good += pair @ ((score < score[i]) + (score == score[i]) / 2)
    spells = pd.DataFrame({"duration": time, "churned": churned, "weight": weight})
    if total == 0:
        return
    assert survival.concordance(score, spells) == pytest.approx(good / total, rel=1e-12)
    if weighted:
        rows = np.repeat(np.arange(n), weight.astype(int))
        found = survival.score_concordance({"m": score}, spells).iloc[0]
        one_by_one = survival.score_concordance({"m": score[rows]}, spells.iloc[rows].assign(weight=1)).iloc[0]
        assert found["std_error"] == pytest.approx(one_by_one["std_error"], rel=1e-9, abs=1e-15)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 300), seed=st.integers(0, 10_000))
def test_truth_counting_above_equals_looking(n, seed):
    """For every place the elements before it in the sequence with a higher place are counted, with and without weights."""
    rng = np.random.default_rng(seed)
    place, weight = rng.permutation(n), rng.random(n)
    number, sums = np.empty(n), np.empty(n)
    for at, own in enumerate(place):
        number[own] = (place[:at] > own).sum()
        sums[own] = weight[:at] @ (place[:at] > own)
    np.testing.assert_array_equal(count_above(place), number)
    np.testing.assert_allclose(count_above(place, weight), sums, atol=1e-12)


def test_invariant_counting_keeps_the_checks(rossi):
    """Tests, parts and forms of rows counted twice are those of rows that stand there twice."""
    doubled, counted = pd.concat([rossi, rossi], ignore_index=True), rossi.assign(weight=2)
    fits = [survival.fit_cox(rows, covariates=["fin", "age", "prio"]) for rows in (doubled, counted)]
    for transform in ("km", "rank"):
        two, one = (
            survival.check_proportional_hazards(fit, rows, transform=transform)
            for fit, rows in zip(fits, (doubled, counted), strict=True)
        )
        np.testing.assert_allclose(two["statistic"], one["statistic"], rtol=1e-8)
    forms = [
        survival.functional_form(fit, rows, covariate="age", bins=4)
        for fit, rows in zip(fits, (doubled, counted), strict=True)
    ]
    pd.testing.assert_frame_equal(*forms, rtol=1e-7)


def test_input_checks_refuse_other_rows_and_odd_options(fits, rossi, heart):
    """Other rows than those of the fit, unknown transforms, penalised fits, entries and missing scores are refused."""
    fit, _ = fits["zph"]
    with pytest.raises(
        DataError, match="These are not the rows of the fit: it was made on 432 customers, there are 431"
    ):
        survival.check_proportional_hazards(fit, rossi.iloc[1:])
    with pytest.raises(ParameterError, match="`transform` must be one of km, identity, log, rank"):
        survival.check_proportional_hazards(fit, rossi, transform="sqrt")
    with pytest.raises(ParameterError, match="without penalty"):
        survival.check_proportional_hazards(survival.fit_cox(rossi, covariates=["age"], penalty=1.0), rossi)
    with pytest.raises(ParameterError, match="`bins` must be 2 or more"):
        survival.coefficients_over_time(fit, rossi, bins=1)
    with pytest.raises(DataError, match="`why` must be a column of numbers"):
        survival.functional_form(fit, rossi, covariate="why")
    with pytest.raises(ParameterError, match="`top` must be 1 or more"):
        survival.most_influential(fit, rossi, top=0)
    with pytest.raises(DataError, match="Concordance takes customers who were seen from their start"):
        survival.concordance(np.zeros(len(heart)), heart)
    with pytest.raises(ParameterError, match=r"one number per row \(432\), but has the shape \(3,\)"):
        survival.concordance([1, 2, 3], rossi)
    with pytest.raises(ParameterError, match=r"score of 'a' must be a finite .* not in 2 of 432 \(first: row 4\)"):
        survival.score_concordance({"a": rossi["age"].where(~rossi.index.isin([3, 9]))}, rossi)
    with pytest.raises(ParameterError, match="score must be a finite number in every row, but is not in 432 of 432"):
        survival.concordance(rossi["why"].fillna("none"), rossi)
    with pytest.raises(ParameterError, match="There is no score to judge"):
        survival.score_concordance({}, rossi)
    with pytest.raises(ParameterError, match="`kind` must be 'harrell' or 'uno'"):
        survival.concordance(np.zeros(432), rossi, kind="gonen")
    with pytest.raises(DataError, match="No pair"):
        survival.concordance([1, 2], pd.DataFrame({"duration": [2, 2], "churned": [True, True]}))


def test_smoke_checks_are_drawn(fits):
    """Every check has a figure, on axes of its own or on given ones."""
    from churnlab import theme

    fit, rows = fits["zph"]
    parts = survival.coefficients_over_time(fit, rows, bins=5)
    for ax in (
        survival.plot_coefficient_over_time(parts, term="age", unit="weeks"),
        survival.plot_functional_form(survival.functional_form(fit, rows, covariate="age", bins=5), covariate="age"),
        survival.plot_influence(survival.most_influential(fit, rows)),
    ):
        assert ax.get_xlabel()
        assert len(theme.to_svg(ax)) > 1_000
        theme.close(ax)

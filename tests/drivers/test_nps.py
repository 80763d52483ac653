"""The Net Promoter Score: shares, intervals, weights, groups, waves, panels, conventions, sample sizes."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multinomial

from churnlab import drivers
from churnlab.errors import DataError, ParameterError


def counted(promoters, passives, detractors, **more):
    """Return answers as a counted table."""
    return pd.DataFrame({"recommend": [10, 8, 0], "k": [promoters, passives, detractors], **more})


def drawn(n, seed, shares=(0.5, 0.3, 0.2)):
    """Return answers of random respondents."""
    values = np.random.default_rng(seed).choice([10, 8, 0], size=n, p=shares)
    return pd.DataFrame({"recommend": values})


def test_truth_equals_r():
    """462 promoters, 176 passives, 362 detractors: R's score 10, standard error 2.853068524, and both intervals."""
    wald = drivers.fit_nps(counted(462, 176, 362), count="k", interval="wald").tidy().iloc[0]
    assert (wald["n"], wald["n_missing"]) == (1000, 0)
    assert wald["estimate"] == pytest.approx(10, abs=1e-12)
    assert wald["std_error"] == pytest.approx(2.853068524, abs=1e-9)
    assert [wald["conf_low"], wald["conf_high"]] == pytest.approx([4.408088448, 15.591911552], abs=1e-8)
    assert [wald["promoters"], wald["passives"], wald["detractors"]] == [0.462, 0.176, 0.362]
    adjusted = drivers.fit_nps(counted(462, 176, 362), count="k").tidy().iloc[0]
    assert [adjusted["conf_low"], adjusted["conf_high"]] == pytest.approx([4.390, 15.551], abs=6e-4)
    small = drivers.fit_nps(counted(50, 20, 30), count="k").tidy().iloc[0]
    assert small["std_error"] == pytest.approx(8.717797887, abs=1e-9)
    assert [small["conf_low"], small["conf_high"]] == pytest.approx([2.653080, 36.181872], abs=1e-6)


def test_truth_two_groups_equal_r():
    """Two regions as R's NPS tests them: Wald 6.798, p = .323; with added answers p = .321."""
    table = {"region": ["NAM"] * 3 + ["EMEA"] * 3, "recommend": [10, 8, 0] * 2}
    for first, n, score, error in ((0, 507, 0.1104536489, 0.04031659484), (3, 259, 0.04247104247, 0.05575546504)):
        extremes = (error**2 * n + score**2) * n  # promoters and detractors follow from score and standard error
        counts = [(extremes + score * n) / 2, n - extremes, (extremes - score * n) / 2]
        np.testing.assert_allclose(counts, np.rint(counts), atol=1e-3)
        table.setdefault("k", []).extend(np.rint(counts))
        assert first == len(table["k"]) - 3
    answers = pd.DataFrame(table)
    scores = {
        interval: [
            drivers.fit_nps(answers[answers["region"] == region], count="k", interval=interval)
            for region in ("EMEA", "NAM")
        ]
        for interval in ("wald", "adjusted")
    }
    wald = drivers.compare_nps(*scores["wald"]).iloc[0]
    assert wald["estimate"] == pytest.approx(6.79826, abs=1e-5)
    assert wald["std_error"] == pytest.approx(6.880479418, abs=1e-8)
    assert wald["p_value"] == pytest.approx(0.323127951, abs=1e-8)
    assert [wald["conf_low"], wald["conf_high"]] == pytest.approx([-6.687231211, 20.2837525], abs=1e-6)
    adjusted = drivers.compare_nps(*scores["adjusted"]).iloc[0]
    assert adjusted["p_value"] == pytest.approx(0.32110, abs=1e-5)
    assert adjusted["std_error"] == pytest.approx(6.83527, abs=1e-5)


@pytest.mark.parametrize(
    ("n", "shares", "adjusted", "wald"),
    [(60, (0.5, 0.3, 0.2), 0.948, 0.940), (100, (0.3, 0.3, 0.4), 0.948, 0.946), (40, (0.8, 0.15, 0.05), 0.959, 0.909)],
)
def test_truth_coverage_is_exact_by_enumeration(n, shares, adjusted, wald):
    """Over every possible outcome, by its probability, limits with added answers hold the score in 94.8 to 95.9 %."""
    outcomes = np.array([(p, n - p - d, d) for p in range(n + 1) for d in range(n + 1 - p)])
    rows = pd.DataFrame(
        {
            "outcome": np.repeat(np.arange(len(outcomes)), 3),
            "recommend": np.tile([10, 8, 0], len(outcomes)),
            "k": outcomes.ravel(),
        }
    ).query("k > 0")
    probability = multinomial.pmf(outcomes, n, shares)
    truth = 100 * (shares[0] - shares[2])
    for interval, expected in (("adjusted", adjusted), ("wald", wald)):
        table = drivers.fit_nps(rows, by=["outcome"], count="k", interval=interval).tidy()
        held = ((table["conf_low"] <= truth) & (truth <= table["conf_high"])).to_numpy()
        assert probability @ held == pytest.approx(expected, abs=6e-4)


def test_truth_test_of_change_keeps_its_level():
    """Without a change the test errs in 5 % of 6,000 pairs of waves, and in fewer where answers are few and alike."""
    rng = np.random.default_rng(1)
    spread = 3 * np.sqrt(0.95 * 0.05 / 6000)
    for n, shares, lowest in ((400, (0.3, 0.3, 0.4), 0.045), (40, (0.8, 0.15, 0.05), 0.02)):
        waves = pd.DataFrame(
            {
                "survey": np.tile(np.repeat(np.arange(6000), 3), 2),
                "wave": np.repeat([1, 2], 18000),
                "recommend": np.tile([10, 8, 0], 12000),
                "k": rng.multinomial(n, shares, size=(2, 6000)).ravel(),
            }
        ).query("k > 0")
        found = (drivers.fit_nps(waves, by=["survey", "wave"], count="k").changes()["p_value"] < 0.05).mean()
        assert lowest - spread < found < 0.05 + spread, (n, found)


def test_truth_weighted_interval_covers():
    """With weights that go with the answer, the score and its limits are those of the population (2,000 surveys)."""
    rng = np.random.default_rng(2)
    n, surveys = 300, 2000
    young = rng.random((surveys, n)) < 0.8  # 80 % of who answers, 50 % of the customers
    draw = rng.random((surveys, n))
    value = np.where(young, np.where(draw < 0.6, 10, 8), np.where(draw < 0.5, 0, 8))
    answers = pd.DataFrame(
        {
            "survey": np.repeat(np.arange(surveys), n),
            "recommend": value.ravel(),
            "w": np.where(young, 0.5 / 0.8, 0.5 / 0.2).ravel(),
        }
    )
    truth = 100 * (0.5 * 0.6 - 0.5 * 0.5)
    table = drivers.fit_nps(answers, by=["survey"], weight="w").tidy()
    assert table["estimate"].mean() == pytest.approx(truth, abs=0.5)
    held = ((table["conf_low"] <= truth) & (truth <= table["conf_high"])).mean()
    assert abs(held - 0.95) < 3 * np.sqrt(0.95 * 0.05 / surveys)
    assert table["std_error"].mean() == pytest.approx(table["estimate"].std(), rel=0.05)


def test_invariant_counts_stand_for_rows_and_weights_have_no_unit():
    """A counted table gives what its rows give; the unit of the weights does not matter, the number of answers does."""
    rows = drawn(200, 3)
    counts = rows["recommend"].value_counts().rename_axis("recommend").reset_index(name="k")
    whole = drivers.fit_nps(rows).tidy()
    pd.testing.assert_frame_equal(whole, drivers.fit_nps(counts, count="k").tidy())
    weighted = rows.assign(w=np.linspace(0.5, 2, 200))
    scaled = weighted.assign(w=weighted["w"] * 100)
    pd.testing.assert_frame_equal(
        drivers.fit_nps(weighted, weight="w").tidy(), drivers.fit_nps(scaled, weight="w").tidy()
    )
    plain = drivers.fit_nps(rows.assign(w=3.0), weight="w").tidy()
    pd.testing.assert_frame_equal(plain, whole)


def test_truth_all_alike_has_a_width():
    """Twenty promoters of twenty: Wald's interval is a point; the adjusted one reaches from 69.7 to the end, 100."""
    fit = drivers.fit_nps(pd.DataFrame({"recommend": [10] * 20}))
    row = fit.tidy().iloc[0]
    assert [row["conf_low"], row["conf_high"]] == pytest.approx([69.69, 100], abs=0.01)
    assert row["std_error"] == 0


def test_truth_formula_is_promoters_less_detractors():
    """60 promoters, 25 passives, 15 detractors score 45: not 25, the share of passives that garbled formulas give."""
    assert drivers.fit_nps(counted(60, 25, 15), count="k").tidy()["estimate"].item() == pytest.approx(45)
    for promoters, detractors, score in ((90, 0, 90), (0, 90, -90)):
        fit = drivers.fit_nps(counted(promoters, 10, detractors).query("k > 0"), count="k")
        assert fit.tidy()["estimate"].item() == pytest.approx(score)


@pytest.mark.parametrize(("lowest", "name"), [(0, "standard"), (1, "one_to_ten")])
def test_truth_classified_by_value_on_either_scale(lowest, name):
    """6 is a detractor, 7 and 8 passives, 9 a promoter on both scales: by value, never by place on the scale."""
    answers = pd.DataFrame({"recommend": np.arange(lowest, 11)})
    row = drivers.fit_nps(answers, scheme=name).tidy().iloc[0]
    n = 11 - lowest
    assert [row["promoters"], row["passives"]] == pytest.approx([2 / n, 2 / n])
    assert row["detractors"] == pytest.approx((n - 4) / n)
    assert row["scheme"] == name


def test_truth_cut_offs_are_obeyed():
    """30 × 6, 30 × 8, 40 × 10 with detractors to 5 score +40, by the standard +10: the definition alone moves it by 30."""
    answers = pd.DataFrame({"recommend": [6] * 30 + [8] * 30 + [10] * 40})
    house = drivers.NpsScheme(name="house", lowest=1, highest=10, detractors_to=5, promoters_from=9)
    assert drivers.fit_nps(answers, scheme=house).tidy()["estimate"].item() == pytest.approx(40)
    assert drivers.fit_nps(answers).tidy()["estimate"].item() == pytest.approx(10)
    with pytest.raises(ParameterError, match="Scores of different schemes cannot be compared: .*house.*standard"):
        drivers.compare_nps(drivers.fit_nps(answers, scheme=house), drivers.fit_nps(answers))


def test_truth_mobi_item_scores_plus_14(mobi):
    """The likelihood to recommend of the mobile phone survey, asked from 1 to 10: +14.0."""
    answers = mobi.rename(columns={"CUSL3": "recommend"})
    assert drivers.fit_nps(answers, scheme="one_to_ten").tidy()["estimate"].item() == pytest.approx(14.0)


def test_truth_waves_and_groups():
    """Changes run from each wave to the next within the other groups, in the order of ordered categories."""
    frames = [
        counted(*counts, segment=segment, wave=wave)
        for segment, wave, counts in (
            ("a", "spring", (50, 30, 20)),
            ("a", "summer", (60, 20, 20)),
            ("a", "autumn", (30, 40, 30)),
            ("b", "spring", (10, 80, 10)),
            ("b", "autumn", (20, 70, 10)),
        )
    ]
    answers = pd.concat(frames)
    answers["wave"] = pd.Categorical(answers["wave"], ["spring", "summer", "autumn"], ordered=True)
    fit = drivers.fit_nps(answers, by=["segment", "wave"], count="k")
    assert fit.tidy()["estimate"].round(9).tolist() == [30, 40, 0, 0, 10]
    changes = fit.changes("wave")
    assert changes[["segment", "first", "second"]].astype(str).agg(" ".join, axis=1).tolist() == [
        "a spring summer",
        "a summer autumn",
        "b spring autumn",
    ]
    assert changes["estimate"].round(9).tolist() == [10, -40, 10]
    assert changes["p_value"].iloc[1] < 0.001 < changes["p_value"].iloc[0]
    assert fit.glance()["n"].item() == 500
    against = fit.against(30)
    assert against["estimate"].round(9).tolist() == [0, 10, -30, -30, -20]
    assert against["p_value"].iloc[2] < 0.01
    with pytest.raises(ParameterError, match="was not fitted by `region`"):
        fit.changes("region")


def test_truth_panel_counts_moves():
    """The paired change is the mean move; its error is that of the moves, here half of two independent waves'."""
    rng = np.random.default_rng(5)
    before = rng.choice([10, 8, 0], size=400, p=[0.4, 0.3, 0.3])
    after = np.where(rng.random(400) < 0.1, 10, before)
    answers = pd.DataFrame(
        {
            "respondent_id": [*range(400), *range(400), 900, 901, 902],
            "wave": [1] * 400 + [2] * 400 + [1, 2, 2],
            "recommend": [*before, *after, 5, 5, 5],
        }
    )
    fit = drivers.fit_paired_nps(answers)
    step = lambda value: np.select([value >= 9, value <= 6], [1, -1], 0)  # noqa: E731
    moves = 100.0 * (step(after) - step(before))
    row = fit.glance().iloc[0]
    assert row["estimate"] == pytest.approx(moves.mean())
    assert row["std_error"] == pytest.approx(moves.std() / 20)
    assert (row["n"], row["first_only"], row["second_only"]) == (400, 1, 2)
    assert fit.tidy()["n"].sum() == 400
    assert fit.tidy().query("first == 'promoter' and second != 'promoter'")["n"].sum() == 0
    apart = drivers.fit_nps(answers, by=["wave"]).changes().iloc[0]
    assert row["std_error"] < 0.6 * apart["std_error"]
    with pytest.raises(DataError, match="1 answers repeat a respondent within a wave .first: 900 in 1"):
        drivers.fit_paired_nps(pd.concat([answers, answers.iloc[[800]]]))
    with pytest.raises(DataError, match="takes two waves, but `wave` holds 1"):
        drivers.fit_paired_nps(answers.query("wave == 1"))


def test_truth_sample_size_finds_the_change():
    """With that many answers a wave, a change of 10 points is found in 80 % of 4,000 pairs of waves."""
    n = drivers.nps_sample_size(10, promoters=0.45, detractors=0.25)
    rng = np.random.default_rng(6)
    score = [
        (counts[:, 0] - counts[:, 2]) / n
        for counts in (rng.multinomial(n, (0.42, 0.3, 0.28), 4000), rng.multinomial(n, (0.47, 0.3, 0.23), 4000))
    ]
    error = np.sqrt(2 * (0.7 - 0.2**2) / n)
    found = (np.abs(score[1] - score[0]) / error > 1.959964).mean()
    assert abs(found - 0.8) < 3 * np.sqrt(0.8 * 0.2 / 4000)


def test_truth_bands_are_half_open():
    """0 and 30 belong to the band that begins there; bands of one's own replace the usual ones."""
    answers = pd.DataFrame({"g": [1, 1, 2, 2, 3], "recommend": [10, 0, 10, 10, 0], "k": [50, 50, 30, 1, 1]})
    read = drivers.fit_nps(answers, by=["g"], count="k").read()
    assert read["reading"].tolist() == ["average", "outstanding", "more detractors than promoters"]
    own = pd.DataFrame({"low": [-100.0, 0.0], "high": [0.0, 101.0], "reading": ["no", "yes"]})
    assert drivers.fit_nps(answers, by=["g"], count="k").read(own)["reading"].tolist() == ["yes", "yes", "no"]
    with pytest.raises(ParameterError, match="begin where the one before it ends"):
        drivers.fit_nps(answers, count="k").read(own.assign(high=[10.0, 101.0]))
    with pytest.raises(ParameterError, match="do not cover the score"):
        drivers.fit_nps(answers.query("k == 30"), count="k").read(own.assign(high=[0.0, 50.0]))


def test_input_scale_and_data_must_fit():
    """Answers off the scale are refused, and answers that look like another scale are doubted aloud."""
    with pytest.raises(DataError, match="whole number from 0 to 10 .standard scheme., but 1 of 3 rows .*row 2: 11"):
        drivers.fit_nps(pd.DataFrame({"recommend": [9, 11, 3]}))
    with pytest.raises(DataError, match="from 1 to 10 .one_to_ten scheme., but 1 of 3 rows are not .first: row 3: 0"):
        drivers.fit_nps(pd.DataFrame({"recommend": [9, 10, 0]}), scheme="one_to_ten")
    with pytest.raises(DataError, match="row 1: 8.5"):
        drivers.fit_nps(pd.DataFrame({"recommend": [8.5, 10]}))
    with pytest.raises(DataError, match="`recommend` must hold numbers"):
        drivers.fit_nps(pd.DataFrame({"recommend": ["8", "10"]}))
    with pytest.raises(DataError, match="Nobody answered `recommend`: all 2 rows"):
        drivers.fit_nps(pd.DataFrame({"recommend": [np.nan, np.nan]}))
    with pytest.warns(UserWarning, match="Nobody of 600 answered 0 to `recommend`: was it asked from 1 to 10"):
        drivers.fit_nps(drawn(600, 1).replace(0, 1))
    with pytest.warns(UserWarning, match="No answer to `recommend` is above 5 on a scale to 10"):
        drivers.fit_nps(pd.DataFrame({"recommend": np.arange(200) % 6}))
    with pytest.raises(ParameterError, match="`scheme` must be one of standard, one_to_ten"):
        drivers.fit_nps(drawn(5, 1), scheme="blog")
    with pytest.raises(ParameterError, match="lowest ≤ detractors_to < promoters_from ≤ highest"):
        drivers.NpsScheme(name="x", lowest=0, highest=10, detractors_to=9, promoters_from=9)
    with pytest.raises(DataError, match="`w` must be above 0 and finite, but 1 of 3 rows"):
        drivers.fit_nps(pd.DataFrame({"recommend": [1, 2, 10], "w": [1.0, -1.0, 1.0]}), weight="w")
    with pytest.raises(ParameterError, match="`by` must not name n, which is a column of the result"):
        drivers.fit_nps(drawn(5, 1).assign(n=1), by=["n"])
    with pytest.raises(ParameterError, match="`benchmark` must be a score"):
        drivers.fit_nps(drawn(5, 1)).against(200)
    with pytest.raises(ParameterError, match=r"`change` must lie in \(0, 200\]"):
        drivers.nps_sample_size(0, promoters=0.5, detractors=0.2)


def test_invariant_missing_answers_are_counted():
    """Skipped answers change no score and are counted; a group in which nobody answered has no score."""
    answers = pd.DataFrame({"g": ["a"] * 4 + ["b"] * 2, "recommend": [10, 8, np.nan, 3, np.nan, np.nan]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = drivers.fit_nps(answers, by=["g"]).tidy()
    assert table["n"].tolist() == [3, 0]
    assert table["n_missing"].tolist() == [1, 2]
    assert table["estimate"].iloc[0] == pytest.approx(0)
    assert np.isnan(table["estimate"].iloc[1])


def test_smoke_scores_show_themselves():
    """A score prints as one line with its scheme, and as escaped tables."""
    fit = drivers.fit_nps(counted(462, 176, 362).assign(g="<b>"), by=["g"], count="k")
    assert repr(fit) == "NpsFit(+10.0 [4.4, 15.6], standard scheme; 1,000 answers)"
    assert "<b>" not in fit._repr_html_()


def test_truth_a_panel_follows_the_order_of_its_waves():
    """May comes before June where an ordered category says so: the change has the sign of time, not of the alphabet."""
    waves = pd.Categorical(["May"] * 3 + ["June"] * 3, ["May", "June"], ordered=True)
    answers = pd.DataFrame({"respondent_id": [1, 2, 3] * 2, "wave": waves, "recommend": [6, 8, 10, 9, 8, 10]})
    moved = drivers.fit_paired_nps(answers).glance().iloc[0]
    assert (moved["first"], moved["second"]) == ("May", "June")
    assert moved["estimate"] == pytest.approx(200 / 3)
    changed = drivers.fit_nps(answers, by=["wave"]).changes().iloc[0]
    assert changed["estimate"] == pytest.approx(moved["estimate"])


def test_truth_answers_of_no_wave_are_no_change():
    """A score of answers without a wave is shown, and never as what came after the last wave."""
    answers = drawn(90, 3).assign(wave=[1.0] * 30 + [2.0] * 30 + [np.nan] * 30, shop=["a", "b"] * 45)
    fit = drivers.fit_nps(answers, by=["shop", "wave"])
    assert fit.tidy()["wave"].isna().sum() == 2
    assert fit.changes()[["shop", "first", "second"]].to_numpy().tolist() == [["a", 1, 2], ["b", 1, 2]]


@pytest.mark.parametrize("name", ["respondent_id", "wave"])
def test_input_a_panel_knows_who_answered_when(name):
    """Rows without a respondent are not one person, and rows without a wave are of no wave."""
    answers = pd.DataFrame({"respondent_id": [1, 2, 3] * 2, "wave": [1.0] * 3 + [2.0] * 3, "recommend": [6, 8, 10] * 2})
    answers = answers.astype({name: float})
    answers.loc[[2, 5], name] = np.nan
    with pytest.raises(DataError, match=rf"`{name}` must not be missing, but 2 of 6 rows lack it \(first: row 3\)"):
        drivers.fit_paired_nps(answers)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_invariant_limits_hold_the_score(count):
    """The score of a single detractor or promoter lies within its limits, so that it can be drawn."""
    for answer in (0, 8, 10):
        table = drivers.fit_nps(pd.DataFrame({"recommend": [answer] * count})).tidy()
        assert (table["conf_low"] <= table["estimate"]).all()
        assert (table["estimate"] <= table["conf_high"]).all()
        drivers.plot_nps(table)
        others = drivers.fit_nps(pd.DataFrame({"recommend": [8, 9] * 20}))
        alone = drivers.fit_nps(pd.DataFrame({"recommend": [answer] * count}))
        for change in (alone.against(20), drivers.compare_nps(others, alone)):
            assert change["estimate"].between(change["conf_low"], change["conf_high"]).all()


def test_input_bands_without_a_column():
    """A table of bands that lacks a column is told so."""
    with pytest.raises(ParameterError, match="The bands have no column `high`"):
        drivers.fit_nps(drawn(50, 1)).read(pd.DataFrame({"low": [-100]}))

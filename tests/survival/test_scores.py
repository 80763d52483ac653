"""Scores: Brier, AUC, calibration, D-calibration, lift; and the naive rules."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from churnlab import survival
from churnlab.errors import DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "survival"
TIMES = [5.0, 10.0, 15.0, 20.0]


def _world(n: int = 4000, seed: int = 1, **options) -> tuple[pd.DataFrame, np.ndarray]:
    """Return spells of a known hazard, and the predictor Σ effect · x of each customer."""
    effects = {"a": 1.0, "b": -0.6}
    spells = survival.simulate_spells(n, scale=20, shape=1.2, effects=effects, seed=seed, **options)
    return spells, sum(effect * spells[name].to_numpy() for name, effect in effects.items())


def _survival(times: np.ndarray, predictor: np.ndarray) -> np.ndarray:
    return np.exp(-((np.asarray(times) / 20) ** 1.2) * np.exp(predictor)[:, None])


def test_truth_scores_equal_scikit_survival():
    """Brier scores, their integral and AUC at four times are those of scikit-survival, with ties in the predictions."""
    data = pd.read_csv(REFERENCE / "scores_data.csv")
    predictions = {name: data[[f"{name}_{time:g}" for time in TIMES]].to_numpy() for name in ("good", "flat")}
    scores = survival.score_survival(predictions, data, times=TIMES)
    expected = pd.read_csv(REFERENCE / "scores.csv")
    both = scores.merge(expected, on=["model", "score", "time"])
    assert len(both) == len(expected)
    np.testing.assert_allclose(both["estimate_x"], both["estimate_y"], rtol=1e-11)


def test_truth_scores_on_whole_times_equal_r():
    """Where many leave and are lost from sight at once, scores equal sums over pairs and a regression written out in R."""
    data = pd.read_csv(REFERENCE / "scores_ties.csv")
    expected = pd.read_csv(REFERENCE / "scores_ties_expected.csv", skipinitialspace=True).set_index("score")["estimate"]
    stay = {"model": 1 - data[["p"]].to_numpy()}
    found = pd.concat(
        [
            survival.score_survival(stay, data, times=[8]),
            survival.score_calibration({"model": data["p"]}, data, horizon=8),
            survival.score_lift({"model": data["p"]}, data, horizon=8),
        ]
    ).set_index("score")["estimate"]
    for score in ("brier", "auc", "expected_observed", "lift"):
        assert found[score] == pytest.approx(expected[score], rel=1e-10)
    assert found["ici"] == pytest.approx(expected["ici"], rel=1e-6)  # a trace of a ridge


def test_truth_brier_without_censoring_is_the_mean_square():
    """With nobody lost from sight the Brier score is the mean squared error, with its standard error."""
    rng = np.random.default_rng(2)
    spells = pd.DataFrame({"duration": rng.uniform(0.1, 9, 200), "churned": True})
    predicted = rng.random((200, 1))
    row = survival.score_survival({"model": predicted}, spells, times=[4]).loc[0]
    squares = (predicted[:, 0] - (spells["duration"] > 4)) ** 2
    assert row["estimate"] == pytest.approx(squares.mean())
    assert row["std_error"] == pytest.approx(squares.std(ddof=1) / np.sqrt(200))


def test_invariant_the_true_model_scores_best():
    """The true hazard beats one without covariates, one too strong and one too weak, by Brier's score at every time."""
    spells, predictor = _world(whole_times=True)
    times = [3, 6, 12, 24]
    models = {
        name: _survival(times, factor * predictor) for name, factor in (("true", 1), ("none", 0), ("strong", 2.5))
    }
    models["shifted"] = _survival(times, predictor + 0.5)
    scores = survival.score_survival(models, spells, times=times)
    excess = scores[scores["score"].str.endswith("_excess")]
    assert len(excess) == 15
    assert (excess.loc[excess["model"] != "none", "estimate"] > 0).all()
    assert (excess["estimate"] > -2 * excess["std_error"]).all()
    assert (excess[excess["score"] == "integrated_brier_excess"]["conf_low"] > 0).all()


def test_truth_limits_of_scores_cover():
    """Over 200 samples the 95 % limits of Brier's score and AUC hold the values of a large sample as often as they say."""
    big, predictor = _world(200_000, seed=99, follow_up=100.0)
    truth = survival.score_survival({"m": _survival([8], 0.5 * predictor)}, big, times=[8]).set_index("score")[
        "estimate"
    ]
    hits = dict.fromkeys(("brier", "auc"), 0)
    for seed in range(1000, 1200):
        spells, predictor = _world(600, seed=seed, follow_up=24.0)
        found = survival.score_survival({"m": _survival([8], 0.5 * predictor)}, spells, times=[8]).set_index("score")
        for score in hits:
            hits[score] += found.loc[score, "conf_low"] <= truth[score] <= found.loc[score, "conf_high"]
    assert all(179 <= count <= 199 for count in hits.values()), hits  # binomial(200, .95): 999 cases of 1000


def test_invariant_counted_rows_score_like_single_ones():
    """A row of weight three scores like three rows, and the order of rows does not matter."""
    spells, predictor = _world(300, whole_times=True)
    predicted = _survival([4, 8], predictor)
    three = spells.loc[spells.index.repeat(3)].reset_index(drop=True)
    counted = survival.score_survival({"m": predicted}, spells.assign(weight=3), times=[4, 8])
    single = survival.score_survival({"m": predicted.repeat(3, axis=0)}, three, times=[4, 8])
    pd.testing.assert_frame_equal(counted, single)
    turned = survival.score_survival({"m": predicted[::-1]}, spells[::-1].assign(weight=3), times=[4, 8])
    pd.testing.assert_frame_equal(turned, counted)
    tables = [
        survival.calibration_table(1 - values[:, 1], frame, horizon=8)
        for values, frame in ((predicted, spells.assign(weight=3)), (predicted.repeat(3, axis=0), three))
    ]
    pd.testing.assert_frame_equal(*tables)


def test_truth_calibration_finds_what_is_off():
    """A true probability is calibrated; one half too high is 1.5 times the observed, and its index is the distance."""
    spells, predictor = _world(20_000, follow_up=40.0)
    true = 1 - _survival([6], predictor)[:, 0]
    models = {"true": true, "high": 1.5 * true}
    scores = survival.score_calibration(models, spells, horizon=6).set_index(["model", "score"])
    row = scores.loc[("true", "expected_observed")]
    assert row["conf_low"] < 1 < row["conf_high"]
    assert scores.loc[("high", "expected_observed"), "estimate"] == pytest.approx(1.5, rel=0.04)
    assert scores.loc[("true", "ici"), "estimate"] < 0.01
    assert scores.loc[("high", "ici"), "estimate"] == pytest.approx((0.5 * true).mean(), abs=0.01)
    table = survival.calibration_table(true, spells, horizon=6)
    assert table["customers"].sum() == 20_000
    lowest = spells[true <= np.quantile(true, 0.1)]
    curve = survival.fit_kaplan_meier(lowest).at([6]).loc[0]
    assert table.loc[0, ["estimate", "std_error"]].tolist() == pytest.approx(
        [1 - curve["estimate"], curve["std_error"]]
    )
    assert (np.abs(table["expected"] - table["estimate"]) < 4 * table["std_error"]).all()


def test_invariant_limits_stay_where_scores_can_be():
    """With few customers limits of AUC, Brier score and lift stay within what these can be; those of an excess need not."""
    spells = pd.DataFrame({"duration": [1, 2, 3, 4, 5, 6], "churned": [True, True, False, True, False, False]})
    stay = {"m": np.array([[0.2], [0.85], [0.6], [0.4], [0.9], [0.8]]), "coin": np.full((6, 1), 0.5)}
    scores = survival.score_survival(stay, spells, times=[4]).set_index(["model", "score"])
    assert scores.loc[("m", "auc"), "conf_high"].item() == 1
    assert (scores["conf_low"].drop(index=[("coin", "brier_excess"), ("coin", "integrated_brier_excess")]) >= 0).all()
    leave = {name: 1 - values[:, 0] for name, values in stay.items()}
    lift = survival.score_lift(leave, spells, horizon=4, share=0.5)
    assert (lift["conf_low"] >= 0).all()
    assert (lift["conf_high"] <= 2).all()


def test_truth_d_calibration_of_the_true_model():
    """Under the true model customers fall into all bins alike, on continuous and on whole times; a shifted one is found."""
    spells, predictor = _world(3000, seed=4)
    own = _own(spells["duration"], predictor)
    wrong = _own(spells["duration"], predictor + 0.4)
    scores = survival.score_d_calibration({"true": own, "wrong": wrong}, spells).set_index("model")
    assert scores.loc["true", "p_value"] > 0.01
    assert scores.loc["wrong", "p_value"] < 1e-4
    whole, predictor = _world(9000, seed=5, whole_times=True)
    own, before = _own(whole["duration"], predictor), _own(whole["duration"] - 1, predictor)
    plain = survival.score_d_calibration({"true": own}, whole)["p_value"].item()
    spread = survival.score_d_calibration({"true": own}, whole, before_end={"true": before})["p_value"].item()
    assert plain < 0.01 < spread
    assert survival.d_calibration_table(own, whole, before_end=before)["n_event"].sum() == pytest.approx(9000)


def _own(durations: pd.Series, predictor: np.ndarray) -> np.ndarray:
    return np.exp(-((durations.to_numpy() / 20) ** 1.2) * np.exp(predictor))


def test_truth_lift_of_a_perfect_and_a_useless_list():
    """Who knows the leavers has a lift of one over their share; a list of likes has a lift of 1."""
    spells = pd.DataFrame({"duration": [1.0] * 20 + [9.0] * 80, "churned": [True] * 20 + [False] * 80})
    lists = {"perfect": spells["churned"] * 0.9, "useless": np.full(100, 0.2)}
    scores = survival.score_lift(lists, spells, horizon=5).set_index("model")["estimate"]
    assert scores.to_dict() == pytest.approx({"perfect": 5.0, "useless": 1.0})


def test_input_scores_say_what_they_cannot_use():
    """Other shapes, values beyond 0 and 1, times after the end, late entry and no churn are named."""
    spells, predictor = _world(50)
    good = {"m": _survival([5], predictor)}
    with pytest.raises(DataError, match=r"The prediction 'm' has shape \(50, 1\), but \(50, 2\) is needed"):
        survival.score_survival(good, spells, times=[5, 6])
    with pytest.raises(DataError, match="must lie within 0 and 1: 50 of 50 do not"):
        survival.score_survival({"m": good["m"] + 1.01}, spells, times=[5])
    with pytest.raises(DataError, match="The prediction 'm' must be numbers, all of the same shape"):
        survival.score_survival({"m": [["many"]] * 50}, spells, times=[5])
    with pytest.raises(DataError, match="No customer was followed for 99"):
        survival.score_survival(good, spells, times=[99])
    with pytest.raises(DataError, match="50 of 50 rows have a late `entry`"):
        survival.score_survival(good, spells.assign(entry=1e-9), times=[5])
    with pytest.raises(DataError, match="None of 50 rows has churned"):
        survival.score_survival(good, spells.assign(churned=False), times=[5])
    with pytest.raises(ParameterError, match="There is no prediction to score"):
        survival.score_survival({}, spells, times=[5])
    with pytest.raises(ParameterError, match="`times` must ascend"):
        survival.score_survival(good, spells, times=[5, 5])
    with pytest.raises(DataError, match="Nobody left within 1e-09"):
        survival.score_calibration({"m": good["m"][:, 0]}, spells, horizon=1e-9)
    with pytest.raises(ParameterError, match="`share` must lie between 0 and 1"):
        survival.score_lift({"m": good["m"][:, 0]}, spells, horizon=5, share=1)
    with pytest.raises(ParameterError, match="`bins` must be a whole number, 2 or more"):
        survival.d_calibration_table(good["m"][:, 0], spells, bins=1)


def test_truth_rates_by_tenure():
    """Churns over time at risk by stretch, with late entry and exact Poisson limits, recover a known rate."""
    spells = survival.simulate_spells(3000, scale=25, late_entry=True, seed=3)
    rates = survival.fit_tenure_rates(spells, breaks=[6, 12])
    assert rates.time_at_risk.sum() == pytest.approx((spells["duration"] - spells["entry"]).sum())
    assert rates.events.sum() == spells["churned"].sum()
    tidy = rates.tidy()
    assert ((tidy["conf_low"] < 1 / 25) & (tidy["conf_high"] > 1 / 25)).all()
    low = tidy["conf_low"] * tidy["time_at_risk"]
    np.testing.assert_allclose(poisson.sf(tidy["n_event"] - 1, low), 0.025, rtol=1e-9)
    np.testing.assert_allclose(poisson.cdf(tidy["n_event"], tidy["conf_high"] * tidy["time_at_risk"]), 0.025, rtol=1e-9)


def test_invariant_rates_predict_as_they_survive():
    """P(leave within h | there at t) is 1 - S(t + h) / S(t), across stretches, and its limits hold it."""
    spells, _ = _world(500)
    rates = survival.fit_tenure_rates(spells, breaks=[3, 9])
    tenure = np.linspace(0, 15, len(spells))
    share = rates.survival(spells.head(1), times=np.concatenate([tenure, tenure + 4]))[0]
    expected = 1 - share[500:] / share[:500]
    np.testing.assert_allclose(rates.churn_probability(spells, horizon=4, tenure=tenure), expected, atol=1e-12)
    limits = rates.predict(spells, horizon=4, tenure=tenure)
    assert ((limits["conf_low"] < expected) & (expected < limits["conf_high"])).all()
    with pytest.raises(ParameterError, match="`breaks` must ascend from above 0"):
        survival.fit_tenure_rates(spells, breaks=[0, 3])


def test_invariant_cross_prediction_never_sees_its_own_customer():
    """Each customer is predicted from a fit without her, and rows of one customer stay together."""
    spells, _ = _world(60)
    spells["customer_id"] = np.arange(60) // 2

    class Memory:
        def __init__(self, frame: pd.DataFrame) -> None:
            self.known = set(frame["customer_id"])

        def survival(self, new: pd.DataFrame, *, times: np.ndarray) -> np.ndarray:
            return np.tile(new["customer_id"].isin(self.known).to_numpy(float)[:, None], len(times))

    assert survival.cross_predict(Memory, spells, times=[1, 2], folds=3, seed=1).sum() == 0
    with pytest.raises(
        ParameterError, match="`folds` must be a whole number between 2 and the number of customers, 30"
    ):
        survival.cross_predict(Memory, spells, times=[1], folds=31, seed=1)


def test_truth_simulated_spells_follow_their_hazard():
    """Kaplan and Meier's curve of simulated spells is the true one, by covariate, on whole times and with late entry."""
    for options in ({}, {"whole_times": True}, {"whole_times": True, "late_entry": True}):
        spells = survival.simulate_spells(20_000, scale=20, shape=1.2, effects={"a": 1.0}, seed=8, **options)
        found = survival.fit_kaplan_meier(spells, by="a").at([4, 10, 20])
        truth = np.concatenate([_survival([4, 10, 20], np.array([value]))[0] for value in (0.0, 1.0)])
        assert (np.abs(found["estimate"] - truth) < 4 * found["std_error"]).all()
    spells = survival.simulate_spells(20_000, scale=20, reasons={"price": 3, "moved": 1}, seed=8)
    share = survival.fit_aalen_johansen(spells).at([10])
    truth = (1 - np.exp(-0.5)) * np.array([0.25, 0.75])
    assert (np.abs(share["estimate"] - truth) < 4 * share["std_error"]).all()
    with pytest.raises(ParameterError, match="These must be above 0: scale = 0"):
        survival.simulate_spells(5, scale=0, seed=1)

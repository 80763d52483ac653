"""Scores of forecasts: against scikit-learn, against a plain bootstrap, and on data whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from churnlab import features, repurchase
from churnlab.errors import DataError, ParameterError
from churnlab.repurchase.ranking import rank


def _cases(n: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return true probabilities, rounded so that they tie, and what came of them."""
    rng = np.random.default_rng(seed)
    truth = rng.beta(1, 4, n).round(2)
    orders = (rng.random(n) < truth) * rng.integers(1, 4, n)
    forecast = pd.DataFrame({"probability": truth, "estimate": 2 * truth, "amount": 40 * truth})
    return forecast, pd.DataFrame({"orders": orders, "amount": orders * rng.gamma(2, 10, n)})


def _wide(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.pivot_table(index="model", columns="score", values="estimate")


def test_truth_scores_equal_those_of_scikit_learn():
    """Brier, log loss and AUC as scikit-learn computes them; errors, lift and calibration by hand."""
    forecast, future = _cases(3000, 1)
    ordered = future["orders"] > 0
    row = _wide(repurchase.score_forecasts({"m": forecast}, future, seed=1)).loc["m"]
    p = forecast["probability"]
    assert row["brier"] == pytest.approx(brier_score_loss(ordered, p))
    assert row["auc"] == pytest.approx(roc_auc_score(ordered, p))
    assert row["log_loss"] == pytest.approx(log_loss(ordered, p.clip(1e-6, 1 - 1e-6)))
    assert row["mae_orders"] == pytest.approx((forecast["estimate"] - future["orders"]).abs().mean())
    assert row["mae_amount"] == pytest.approx((forecast["amount"] - future["amount"]).abs().mean())
    assert row["error_buyers"] == pytest.approx(p.sum() / ordered.sum() - 1)
    assert row["error_orders"] == pytest.approx(forecast["estimate"].sum() / future["orders"].sum() - 1)
    assert row["error_amount"] == pytest.approx(forecast["amount"].sum() / future["amount"].sum() - 1)
    top = np.argsort(-p.to_numpy(), kind="stable")[:300]
    assert row["lift"] == pytest.approx(ordered.to_numpy()[top].mean() / ordered.mean(), rel=0.02)  # ties at the edge
    bins = pd.qcut(p, 10, duplicates="drop")
    gaps = (p - ordered).groupby(bins, observed=True).agg(["mean", "size"])
    by_hand = (gaps["mean"].abs() * gaps["size"]).sum() / 3000
    assert row["calibration_error"] == pytest.approx(by_hand, abs=0.004)  # bins that tie may be cut one value apart


def test_truth_calibration_error_of_known_bins():
    """Two bins that are .1 too high and .3 too low, of equal size, are .2 off in the mean; ties share a bin."""
    probability = np.repeat([0.3, 0.5], 10)
    ordered = np.array([1, 1] + [0] * 8 + [1] * 8 + [0] * 2, dtype=float)
    ranking = rank(probability, ordered, bins=2)
    assert ranking.scores(np.ones(20))[0] == pytest.approx(0.2)
    assert rank(probability, ordered, bins=10).scores(np.ones(20))[0] == pytest.approx(0.2)


def test_truth_standard_errors_are_those_of_means_and_of_a_plain_bootstrap():
    """Of a mean the standard error is sd / √n; of AUC and lift that of resampling rows one draw at a time."""
    forecast, future = _cases(1500, 2)
    found = repurchase.score_forecasts({"m": forecast}, future, seed=3, draws=1000).set_index("score")
    ordered = (future["orders"] > 0).to_numpy(float)
    square = (forecast["probability"] - ordered) ** 2
    tolerance = 0.1  # four standard errors of a spread over 1,000 draws
    assert found.loc["brier", "std_error"] == pytest.approx(square.std() / np.sqrt(1500), rel=tolerance)
    rng, p, drawn = np.random.default_rng(4), forecast["probability"].to_numpy(), []
    for _ in range(1000):
        rows = rng.integers(0, 1500, 1500)
        total = p[rows].sum() / ordered[rows].sum() - 1
        drawn.append((roc_auc_score(ordered[rows], p[rows]), total))
    for place, score in enumerate(("auc", "error_buyers")):
        assert found.loc[score, "std_error"] == pytest.approx(np.std(drawn, axis=0)[place], rel=tolerance)
    margin = found["estimate"] - found["conf_low"]
    assert margin["auc"] == pytest.approx(1.959964 * found.loc["auc", "std_error"], rel=1e-6)


def test_truth_weights_count_customers():
    """A customer of weight 2 counts as two rows in every score that depends on the order; one of weight 0 as none."""
    rng = np.random.default_rng(5)
    p, y = rng.random(50).round(1), (rng.random(50) < 0.4).astype(float)
    weight = rng.integers(0, 3, 50).astype(float)
    whole = np.repeat(np.arange(50), weight.astype(int))
    found = rank(p, y, bins=1).scores(weight)
    np.testing.assert_allclose(found, rank(p[whole], y[whole], bins=1).scores(np.ones(len(whole))), rtol=1e-12)


def test_truth_differences_are_paired():
    """A model against itself with noise: the difference is far surer than either score, and signed as said."""
    forecast, future = _cases(4000, 6)
    noise = np.random.default_rng(7).normal(0, 0.03, 4000)
    other = forecast.assign(probability=np.clip(forecast["probability"] + noise, 0, 1))
    models = {"true": forecast, "noisy": other}
    single = repurchase.score_forecasts(models, future, seed=1).set_index(["model", "score"])
    found = repurchase.compare_forecasts(models, future, seed=1).set_index("score")
    assert set(found["model"]) == {"noisy"}
    for score in ("brier", "log_loss", "auc"):
        difference = single.loc[("noisy", score), "estimate"] - single.loc[("true", score), "estimate"]
        assert found.loc[score, "estimate"] == pytest.approx(difference)
    assert found.loc["brier", "conf_low"] > 0
    assert found.loc["brier", "std_error"] < single.loc[("true", "brier"), "std_error"] / 3
    assert found.loc["mae_orders", "estimate"] == 0
    swapped = repurchase.compare_forecasts(models, future, seed=1, against="noisy").set_index("score")
    np.testing.assert_allclose(swapped["estimate"], -found["estimate"], atol=1e-15)
    np.testing.assert_allclose(swapped["std_error"], found["std_error"], atol=1e-15)


def test_truth_errors_of_totals_are_compared_by_size():
    """A forecast 5 % too low is nearer than one 20 % too high, whatever the sign."""
    future = pd.DataFrame({"orders": [1, 1, 0, 2] * 50, "amount": 1.0})
    low, high = (pd.DataFrame({"probability": [0.5] * 200, "estimate": [k] * 200}) for k in (0.95, 1.2))
    found = repurchase.compare_forecasts({"low": low, "high": high}, future, seed=1).set_index("score")
    assert found.loc["error_orders", "estimate"] == pytest.approx(0.15)
    assert "error_amount" not in found.index
    scores = repurchase.score_forecasts({"high": high, "low": low}, future, seed=1)
    assert repurchase.best_forecast(scores, score="error_orders") == "low"


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.floats(-2, 2), st.floats(0.3, 2))
def test_invariant_the_true_probabilities_score_best(seed, shift, slope):
    """On average over what may come, no bent probabilities have a lower log loss or Brier than the true ones."""
    truth = np.random.default_rng(seed).beta(1, 3, 300).clip(0.01, 0.99)
    bent = 1 / (1 + np.exp(-(shift + slope * np.log(truth / (1 - truth)))))
    ranking = {name: rank(p, truth, bins=1) for name, p in (("true", truth), ("bent", bent))}
    assert ranking["true"].scores(np.ones(300))[0] == pytest.approx(0, abs=1e-12)
    brier = [np.mean(truth * (1 - p) ** 2 + (1 - truth) * p**2) for p in (truth, bent)]
    loss = [-np.mean(truth * np.log(p) + (1 - truth) * np.log1p(-p)) for p in (truth, bent)]
    assert brier[0] <= brier[1] + 1e-15
    assert loss[0] <= loss[1] + 1e-15


def test_invariant_scores_do_not_depend_on_rows_or_blocks(monkeypatch):
    """Other orders of rows give the same scores; drawing in blocks of another size gives the same limits."""
    forecast, future = _cases(500, 8)
    whole = repurchase.score_forecasts({"m": forecast}, future, seed=2)
    order = np.random.default_rng(1).permutation(500)
    other = repurchase.score_forecasts({"m": forecast.iloc[order]}, future.iloc[order], seed=2)
    np.testing.assert_allclose(other["estimate"], whole["estimate"], rtol=1e-12)
    monkeypatch.setattr("churnlab.repurchase.resampling._BLOCK", 1200)
    pd.testing.assert_frame_equal(repurchase.score_forecasts({"m": forecast}, future, seed=2), whole, rtol=1e-12)


def test_truth_full_cdnow_scores(full_orders):
    """On all customers: 16,874 orders forecast, Brier .1654, AUC .7466; P(alive) is no probability of an order."""
    rfm = features.to_rfm(full_orders, as_of="1997-10-01")
    future = features.to_future(full_orders, as_of="1997-10-01", horizon=39)
    forecast = repurchase.fit_bg_nbd(rfm).predict(rfm, horizon=39)
    misread = forecast.assign(probability=forecast["p_alive"])
    models = {"model": forecast, "misread": misread}
    scores = _wide(repurchase.score_forecasts(models, future, seed=1, draws=20))
    assert scores.loc["model", "error_orders"] == pytest.approx(16873.7 / 19684 - 1, abs=1e-5)
    assert scores.loc["model", "brier"] == pytest.approx(0.16539, abs=5e-6)
    assert scores.loc["model", "auc"] == pytest.approx(0.7466, abs=5e-5)
    assert scores.loc["misread", "brier"] > 3 * scores.loc["model", "brier"]
    assert scores.loc["misread", "calibration_error"] > 0.5


def test_truth_rules_of_cdnow(full_orders):
    """The rules that the report shows: the best silence rule is worse than the model, the base rate worse still."""
    split = repurchase.split_time(full_orders, as_of=None, horizon=39)
    past = features.to_rfm(full_orders, as_of=split.test)
    future = features.to_future(full_orders, as_of=split.test, horizon=39)
    tuning = features.to_rfm(full_orders, as_of=split.tuning)
    then = features.to_future(full_orders, as_of=split.tuning, horizon=split.tuning_horizon, observed_until=split.test)
    forecasts = {
        "model": repurchase.fit_bg_nbd(past).predict(past, horizon=39),
        "silence": repurchase.fit_silence_rule(tuning, then, horizon=split.tuning_horizon).predict(past, horizon=39),
        "alike": repurchase.fit_base_rate(tuning, then, horizon=split.tuning_horizon).predict(past, horizon=39),
    }
    excess = repurchase.compare_forecasts(forecasts, future, seed=1, draws=50).set_index(["model", "score"])
    assert excess.loc[("silence", "brier"), "conf_low"] > 0
    assert excess.loc[("alike", "brier"), "estimate"] > excess.loc[("silence", "brier"), "estimate"]
    scores = repurchase.score_forecasts(forecasts, future, seed=1, draws=20)
    assert repurchase.best_forecast(scores) == "model"


def test_truth_lift_shares_out_ties():
    """Among customers rated alike no one is rated highest, so that the lift of a constant is 1; the perfect one is 1 / .3."""
    future = pd.DataFrame({"orders": [1] * 30 + [0] * 70})
    constant = pd.DataFrame({"probability": [0.3] * 100})
    perfect = pd.DataFrame({"probability": (future["orders"] > 0).astype(float)})
    lift = _wide(repurchase.score_forecasts({"c": constant, "p": perfect}, future, seed=1))["lift"]
    assert lift["c"] == pytest.approx(1)
    assert lift["p"] == pytest.approx(1 / 0.3)


def test_truth_nobody_or_everybody_ordered():
    """Where nobody ordered there is no AUC, no lift and no share of error, and the rest is still scored."""
    future = pd.DataFrame({"orders": [0] * 20, "amount": 0.0})
    found = repurchase.score_forecasts({"m": pd.DataFrame({"probability": [0.2] * 20})}, future, seed=1)
    assert found["score"].tolist() == ["log_loss", "brier", "calibration_error"]
    assert found.set_index("score").loc["brier", "estimate"] == pytest.approx(0.04)


def test_input_forecasts_that_do_not_fit():
    """A forecast of other customers, with gaps, or out of range is named; so are options out of range."""
    future = pd.DataFrame({"orders": [0, 1, 0, 2] * 5, "amount": 1.0})
    good = pd.DataFrame({"probability": [0.5] * 20})
    for name, frame, message in (
        ("short", good.head(1), "The forecast 'short' has 1 rows for 20 customers"),
        ("moved", good.set_axis(range(20, 0, -1)), "'moved' are in another order than the customers"),
        ("other", good.rename(columns={"probability": "estimate"}), "'other' has no column `probability`"),
        (
            "gaps",
            good.assign(probability=[np.nan] * 3 + [0.5] * 17),
            "`probability` of the forecast 'gaps' must be between 0 and 1: 3 of 20 rows",
        ),
        ("above", good * 3, "must be between 0 and 1: 20 of 20 rows"),
        (
            "minus",
            good.assign(estimate=-1.0),
            "`estimate` of the forecast 'minus' must be finite and not negative: 20 of",
        ),
    ):
        with pytest.raises(DataError, match=message):
            repurchase.score_forecasts({name: frame}, future, seed=1)
    with pytest.raises(ParameterError, match="no forecast to score"):
        repurchase.score_forecasts({}, future, seed=1)
    with pytest.raises(ParameterError, match="`draws` must be 20 or more"):
        repurchase.score_forecasts({"m": good}, future, seed=1, draws=2)
    with pytest.raises(ParameterError, match="takes two forecasts, one of them 'b'"):
        repurchase.compare_forecasts({"a": good, "c": good}, future, seed=1, against="b")
    with pytest.raises(ParameterError, match="`score` must be one of log_loss, brier"):
        repurchase.best_forecast(repurchase.score_forecasts({"m": good}, future, seed=1), score="f1")
    with pytest.raises(DataError, match="no customers to score"):
        repurchase.score_forecasts({"m": good.head(0)}, future.head(0), seed=1)

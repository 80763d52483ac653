"""The classifier of who orders: calibrated, monotone, repeatable, and blind to the future."""

import numpy as np
import pandas as pd
import pytest

from churnlab import features, repurchase
from churnlab.errors import DataError, ParameterError
from churnlab.repurchase.calibrators import Sigmoid, fit_calibrator

FEATURES = ["recency_days", "noise"]


def _truth(silence):
    """Return the log-odds of an order."""
    return 5.0 - 1.5 * np.arcsinh(silence)


def _panel(n: int, seed: int, *, dates=("2024-01-01", "2024-04-01"), shift: float = 0.0) -> pd.DataFrame:
    """Return customers who order with a probability that falls with silence; `shift` is added on the last date only."""
    rng, parts = np.random.default_rng(seed), []
    for day in dates:
        silence = rng.uniform(0, 100, n)
        log_odds = _truth(silence) + (shift if day == dates[-1] else 0.0)
        part = pd.DataFrame({"as_of": pd.Timestamp(day), "customer_id": [f"{k:05}" for k in range(n)]})
        ordered = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
        parts.append(part.assign(recency_days=silence, noise=rng.normal(size=n), ordered_ahead=ordered))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return _panel(3000, 1)


@pytest.mark.parametrize("method", ["boosting", "logistic"])
def test_truth_known_probabilities_are_found(panel, method):
    """On customers of a known truth the probabilities are near it in the mean, and silence is what matters."""
    fit = repurchase.fit_order_classifier(panel, horizon=91, method=method)
    fresh = _panel(4000, 2, dates=("2024-07-01",))
    truth = 1 / (1 + np.exp(-_truth(fresh["recency_days"])))
    assert np.abs(fit.predict(fresh)["estimate"] - truth).mean() < {"logistic": 0.02, "boosting": 0.06}[method]
    assert fit.tidy()["term"].tolist() == ["recency_days", "noise"]
    assert fit.tidy().loc[0, "conf_low"] > 0.05
    assert fit.tidy().loc[1, "estimate"] < 0.01


@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic"])
def test_truth_calibration_mends_a_shift_of_level(calibration):
    """Where later customers order far more often, calibration on the later window gives their level; without it none."""
    shifted = _panel(4000, 3, shift=1.5)
    fit = repurchase.fit_order_classifier(shifted, horizon=91, method="logistic", calibration=calibration)
    assert fit.log_loss < fit.log_loss_before - 0.05
    fresh = _panel(4000, 4, dates=("2024-07-01",), shift=1.5)
    mended = fit.predict(fresh)["estimate"]
    assert mended.mean() == pytest.approx(fresh["ordered_ahead"].mean(), abs=0.03)
    bare = repurchase.fit_order_classifier(
        shifted[shifted["as_of"] == "2024-01-01"], horizon=91, method="logistic", calibration="none"
    )
    assert bare.predict(fresh)["estimate"].mean() < fresh["ordered_ahead"].mean() - 0.15


def test_truth_sigmoid_is_found_again():
    """Probabilities bent by a known line in logits are bent back: intercept and slope within 4 standard errors."""
    rng = np.random.default_rng(5)
    logit = rng.normal(0, 1.5, 40_000)
    outcome = (rng.random(40_000) < 1 / (1 + np.exp(-(0.4 + 0.6 * logit)))).astype(float)
    found = fit_calibrator(1 / (1 + np.exp(-logit)), outcome, kind="sigmoid")
    assert isinstance(found, Sigmoid)
    assert found.intercept == pytest.approx(0.4, abs=0.05)
    assert found.slope == pytest.approx(0.6, abs=0.05)


def test_invariant_isotonic_rises_and_is_never_sure():
    """The curve never falls, and n customers do not make anything certain."""
    rng = np.random.default_rng(6)
    p = rng.random(500)
    found = fit_calibrator(p, (rng.random(500) < p**3).astype(float), kind="isotonic")
    curve = found.apply(np.linspace(0, 1, 200))
    assert (np.diff(curve) >= 0).all()
    assert curve.min() >= 1 / 502
    assert curve.max() <= 501 / 502


def test_invariant_boosting_keeps_the_sign_that_is_known(panel):
    """Longer silence never raises the probability, though it does in the data; without the sign it would."""
    rising = panel.assign(recency_days=100 - panel["recency_days"])
    silence = pd.DataFrame({"recency_days": np.linspace(0, 100, 50), "noise": 0.0})
    kept = repurchase.fit_order_classifier(rising, horizon=91, features=FEATURES).predict(silence)["estimate"]
    assert np.diff(kept).max() <= 1e-12
    free = repurchase.fit_order_classifier(rising, horizon=91, features=FEATURES, signs={}).predict(silence)["estimate"]
    assert free.iloc[-1] > free.iloc[0] + 0.3


def test_invariant_the_same_panel_gives_the_same_classifier(panel):
    """Fitting twice gives the same digits, rows keep their order and index, and one row's number is its own."""
    first, second = (repurchase.fit_order_classifier(panel, horizon=91, method="boosting") for _ in range(2))
    some = panel.sample(200, random_state=1)
    found = first.predict(some)
    np.testing.assert_array_equal(found["estimate"], second.predict(some)["estimate"])
    assert found.index.equals(some.index)
    assert first.predict(some.iloc[[7]])["estimate"].iloc[0] == found["estimate"].iloc[7]
    pd.testing.assert_frame_equal(first.tidy(), second.tidy())


def test_invariant_the_future_changes_nothing(panel):
    """Targets and keys are never learned from, and predictions need none of them."""
    fit = repurchase.fit_order_classifier(panel.assign(orders_ahead=panel["ordered_ahead"] * 2), horizon=91)
    assert set(fit.features) == set(FEATURES)
    bare = panel[FEATURES]
    np.testing.assert_array_equal(fit.predict(bare)["estimate"], fit.predict(panel)["estimate"])
    with pytest.raises(DataError, match="ordered_ahead lies ahead of the date"):
        repurchase.fit_order_classifier(panel, horizon=91, features=["recency_days", "ordered_ahead"])


@pytest.mark.parametrize("method", ["boosting", "logistic"])
def test_truth_gaps_are_taken_as_they_are(panel, method):
    """A feature that is missing where it has no meaning is no reason to leave a customer out."""
    gaps = panel.assign(noise=panel["noise"].mask(panel["recency_days"] > 50), never=np.nan)
    fit = repurchase.fit_order_classifier(gaps, horizon=91, method=method)
    assert fit.predict(gaps)["estimate"].between(0, 1).all()


def test_truth_model_features_are_those_of_a_model_fitted_then(cdnow_sample):
    """Each date's numbers come from a model that knew only what was before it, in the panel's own order of rows."""
    days = ["1997-07-01", "1997-10-01"]
    panel = features.snapshots(cdnow_sample, as_of=days, features=["orders"]).sample(frac=1, random_state=3)
    found = repurchase.add_model_features(panel, cdnow_sample, fit_model=repurchase.fit_bg_nbd, horizon=91)
    assert found.index.equals(panel.index)
    for day in days:
        rfm = features.to_rfm(cdnow_sample, as_of=day)
        said = repurchase.fit_bg_nbd(rfm).predict(rfm, horizon=13).set_index(rfm["customer_id"])
        part = found[found["as_of"] == day].set_index("customer_id").loc[rfm["customer_id"]]
        np.testing.assert_allclose(1 / (1 + np.exp(-part["model_logit"])), said["probability"], atol=1e-6)
        np.testing.assert_allclose(np.expm1(part["model_log_orders"]), said["estimate"], rtol=1e-9, atol=1e-15)
    stranger = panel[panel["as_of"] == days[0]].replace({"customer_id": {"00004": "x"}})
    with pytest.raises(DataError, match="1 of 2,357 customers of the panel had not ordered before"):
        repurchase.add_model_features(stranger, cdnow_sample, fit_model=repurchase.fit_bg_nbd, horizon=91)


def test_truth_cdnow_is_told_apart(full_orders):
    """With the model's numbers a logistic regression rates the 13 weeks from October 1997 at an AUC of .775 or more."""
    names = ["orders", "recency_days", "tenure_days", "orders_90"]
    options = {"features": names, "targets": ["ordered_ahead"], "horizon": 91}
    panel = features.snapshots(full_orders, as_of=["1997-04-01", "1997-07-01"], **options)
    now = features.snapshots(full_orders, as_of=["1997-10-01"], features=names)
    panel, now = (
        repurchase.add_model_features(each, full_orders, fit_model=repurchase.fit_bg_nbd, horizon=91)
        for each in (panel, now)
    )
    fit = repurchase.fit_order_classifier(panel, horizon=91, method="logistic")
    future = features.to_future(full_orders, as_of="1997-10-01", horizon=13)
    forecast = fit.predict(now).rename(columns={"estimate": "probability"})
    scores = repurchase.score_forecasts({"classifier": forecast}, future, seed=1, draws=20).set_index("score")[
        "estimate"
    ]
    assert scores["auc"] > 0.77
    assert scores["brier"] < 0.1195


def test_input_panels_that_will_not_do(panel):
    """Windows that overlap, one date only, no outcome, text, infinite numbers and unknown options are named."""
    fit = repurchase.fit_order_classifier
    with pytest.raises(
        DataError, match="window of 120 days from 2024-01-01 ends on 2024-04-30, after the calibration date"
    ):
        fit(panel, horizon=120)
    one = panel[panel["as_of"] == "2024-01-01"]
    with pytest.raises(DataError, match="has one date only"):
        fit(one, horizon=91)
    assert fit(one, horizon=91, calibration="none", method="logistic").n_calibration == 0
    with pytest.raises(DataError, match="no column ordered_ahead"):
        fit(panel.drop(columns="ordered_ahead"), horizon=91)
    with pytest.raises(DataError, match="`ordered_ahead` must be 0 or 1: 6,000 of 6,000"):
        fit(panel.assign(ordered_ahead=2), horizon=91)
    with pytest.raises(DataError, match="In the rows for training none of 3,000 customers ordered"):
        fit(panel.assign(ordered_ahead=panel["ordered_ahead"].where(panel["as_of"] > "2024-02-01", 0)), horizon=91)
    with pytest.raises(DataError, match="takes columns of numbers, but region"):
        fit(panel.assign(region="north"), horizon=91)
    with pytest.raises(DataError, match="noise is infinite somewhere"):
        fit(panel.assign(noise=np.inf), horizon=91)
    with pytest.raises(ParameterError, match="`method` must be 'boosting' or 'logistic'"):
        fit(panel, horizon=91, method="forest")
    with pytest.raises(ParameterError, match="`calibration` must be"):
        fit(panel, horizon=91, method="logistic", calibration="beta")
    with pytest.raises(ParameterError, match="signs -1 or 1"):
        fit(panel, horizon=91, signs={"noise": 5})
    with pytest.raises(DataError, match="The panel has no column noise"):
        fit(panel, horizon=91, method="logistic").predict(panel[["recency_days"]])

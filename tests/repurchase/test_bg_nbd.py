"""The BG/NBD model against R, published numbers and closed forms."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import betaln, gammaln

from churnlab import features, repurchase, simulate
from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.repurchase.order_drop_out import OrderDropOut
from churnlab.repurchase.transaction_fit import TransactionFit

REFERENCE = Path(__file__).parents[1] / "reference" / "repurchase"


@pytest.fixture(scope="module")
def reference_fits() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "fits.csv").set_index(["model", "term"])


def log_likelihood(theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return the log-likelihood as the paper writes it, equation 6."""
    r, alpha, a, b = theta
    front = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stay = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + T)
    gone = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + t_x)
    return front + np.where(x > 0, np.logaddexp(stay, gone), stay)


def test_truth_estimates_and_errors_equal_r(sample_fit, reference_fits):
    """Estimates to 7 digits, standard errors to 5 (R's are by differences), log-likelihood to 10⁻⁶, as fitted in R."""
    expected, found = reference_fits.loc["bg_nbd"], sample_fit.tidy().set_index("term")
    np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=3e-7)
    np.testing.assert_allclose(found["std_error"], expected["std_error"], rtol=1e-5)
    assert sample_fit.log_likelihood == pytest.approx(expected["log_likelihood"].iloc[0], abs=1e-6)


def test_truth_published_numbers(sample_fit):
    """R = .243, alpha = 4.414, a = .793, b = 2.426, LL = -9582.4: Fader, Hardie and Lee (2005), table 2."""
    assert sample_fit.theta.round(3).tolist() == [0.243, 4.414, 0.793, 2.426]
    assert round(sample_fit.log_likelihood, 1) == -9582.4
    assert sample_fit.tidy()["std_error"].round(5).tolist() == [0.01256, 0.37822, 0.18573, 0.70541]


def test_truth_predictions_equal_integrals_in_r(sample_fit):
    """P(alive), the probability of an order and expected orders, to 10⁻⁶ of R's integrals."""
    cases = pd.read_csv(REFERENCE / "predictions.csv")
    for horizon, part in cases.groupby("h"):
        rfm = part.rename(columns={"x": "frequency", "tx": "recency"})
        for found, column in (
            (sample_fit.p_alive(rfm), "p_alive"),
            (sample_fit.probability_of_order(rfm, horizon=horizon), "probability"),
            (sample_fit.expected_orders(rfm, horizon=horizon), "orders"),
        ):  # R takes 1 - a ratio, which rounds at 10⁻¹⁶
            np.testing.assert_allclose(found, part[column], rtol=1e-6, atol=1e-15)


def test_truth_held_out_forecast_of_the_sample(sample_fit, sample_rfm):
    """1,653 orders are forecast for the 39 held-out weeks of the sample."""
    assert round(sample_fit.expected_orders(sample_rfm, horizon=39).sum()) == 1653


def test_truth_probability_of_order_is_the_ratio_of_likelihoods(sample_fit, sample_rfm):
    """The closed form equals 1 - L(x, t_x, T + h) / L(x, t_x, T)."""
    x, t_x, T = (sample_rfm[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    ratio = log_likelihood(sample_fit.theta, x, t_x, T + 13) - log_likelihood(sample_fit.theta, x, t_x, T)
    np.testing.assert_allclose(
        sample_fit.probability_of_order(sample_rfm, horizon=13), -np.expm1(ratio), rtol=1e-10, atol=1e-14
    )


def test_truth_simulated_futures_match_the_expectations(model_at):
    """What simulated customers do in later time is what the model expects of their histories, within 4 standard errors."""
    rng = np.random.default_rng(8)
    n, T, h = 40_000, 30.0, 20.0
    rate, drop = rng.gamma(0.8, 1 / 6.0, n), rng.beta(0.9, 2.0, n)
    last = rng.geometric(drop)
    times = [np.sort(rng.uniform(0, T + h, k))[:end] for k, end in zip(rng.poisson(rate * (T + h)), last, strict=True)]
    x = np.array([(t <= T).sum() for t in times], dtype=float)
    t_x = np.array([t[t <= T].max(initial=0) for t in times])
    later = np.array([(t > T).sum() for t in times], dtype=float)
    fit = model_at(OrderDropOut(), [0.8, 6.0, 0.9, 2.0])
    forecast = fit.predict(pd.DataFrame({"frequency": x, "recency": t_x, "T": T}), horizon=h)
    expected, probability = forecast["estimate"].to_numpy(), forecast["probability"].to_numpy()
    for group in (x == 0, x == 1, (x > 1) & (x < 5), x >= 5):
        assert later[group].mean() == pytest.approx(
            expected[group].mean(), abs=4 * later[group].std() / np.sqrt(group.sum())
        )
        assert (later[group] > 0).mean() == pytest.approx(probability[group].mean(), abs=4 * 0.5 / np.sqrt(group.sum()))


@pytest.mark.parametrize(
    ("theta", "x", "T", "horizon"),
    [
        ((1.0, 1.0, 2.0, 1.0), 99, 1.0, 19.0),
        ((2.0, 74.8485, 3.0, 2.4), 900, 0.267, 1384.0),
        ((0.5, 0.616, 0.5, 0.5), 0, 20.0, 2103.0),
        ((10.0, 13.3, 10.0, 7.0), 500, 0.64, 140.0),
    ],
)
def test_truth_expected_orders_where_the_library_function_overflows(model_at, theta, x, T, horizon):
    """At whole r - a and at a + b = 1 the expectation equals the integral, where the hypergeometric function is infinite."""
    found = expected_if_alive(model_at(OrderDropOut(), theta), x, T, horizon)
    assert found == pytest.approx(integral_if_alive(theta, x, T, horizon), rel=1e-7)


@pytest.mark.parametrize("a", [0.3, 0.9994, 0.9996, 1.0, 1.0003, 1.7, 6.0])
@pytest.mark.parametrize(("x", "T", "horizon"), [(0, 0, 30), (0, 20, 5), (3, 20, 30), (400, 40, 200), (2, 39, 5000)])
def test_truth_expected_orders_equal_the_integral_for_any_a(model_at, a, x, T, horizon):
    """The hypergeometric form equals the integral over the drop-out probability, at and around a = 1 too."""
    theta = (0.25, 4.4, a, 2.4)
    found = expected_if_alive(model_at(OrderDropOut(), theta), x, T, horizon)
    assert found == pytest.approx(integral_if_alive(theta, x, T, horizon), rel=1e-7)


def expected_if_alive(fit: TransactionFit, x: int, T: float, horizon: float) -> float:
    """Return the package's expectation, given that the customer is alive."""
    forecast = fit.predict(customer(x, T / 2, T), horizon=horizon).iloc[0]
    return float(forecast["estimate"] / forecast["p_alive"])


def customer(x: int, t_x: float, T: float) -> pd.DataFrame:
    return pd.DataFrame({"frequency": [x], "recency": [t_x if x else 0.0], "T": [float(T)]})


def integral_if_alive(theta: tuple[float, ...], x: int, T: float, horizon: float) -> float:
    """Return the same as an integral over the logit of the drop-out probability, by the trapezoid rule."""
    r, alpha, a, b = theta
    y = np.arange(-45 / min(a, 1), 45 / min(b + x, 1), 0.01)
    log_p, log_q = -np.logaddexp(0, -y), -np.logaddexp(0, y)
    weight = np.exp(a * log_p + (b + x) * log_q - betaln(a, b + x))
    return float(
        0.01 * (weight * -np.expm1(-(r + x) * np.log1p(np.exp(log_p) * horizon / (alpha + T))) / np.exp(log_p)).sum()
    )


def test_invariant_collapsed_and_raw_rows_give_the_same(cdnow_sample, sample_fit):
    """Groups with weights give the same estimates, errors and likelihood as one row per customer, to 10⁻¹⁰."""
    groups = features.to_rfm_groups(cdnow_sample, as_of="1997-10-01")
    found = repurchase.fit_bg_nbd(groups)
    np.testing.assert_allclose(found.theta, sample_fit.theta, rtol=1e-10)
    np.testing.assert_allclose(found.covariance, sample_fit.covariance, rtol=1e-10)
    assert found.log_likelihood == pytest.approx(sample_fit.log_likelihood, rel=1e-12)
    assert found.n == 2357


@pytest.mark.parametrize("factor", [7.0, 604_800.0, 1 / 52])
def test_invariant_the_unit_of_time_only_scales_alpha(sample_rfm, sample_fit, factor):
    """In days, seconds or years alpha scales, the others stay, the likelihood shifts by the Jacobian, forecasts stay."""
    scaled = sample_rfm.assign(recency=sample_rfm["recency"] * factor, T=sample_rfm["T"] * factor)
    found = repurchase.fit_bg_nbd(scaled)
    np.testing.assert_allclose(found.theta, sample_fit.theta * [1, factor, 1, 1], rtol=1e-7)
    shift = sample_rfm["frequency"].sum() * np.log(factor)
    assert found.log_likelihood == pytest.approx(sample_fit.log_likelihood - shift, abs=1e-5)
    np.testing.assert_allclose(
        found.expected_orders(scaled, horizon=39 * factor),
        sample_fit.expected_orders(sample_rfm, horizon=39),
        rtol=1e-6,
    )


def test_invariant_order_and_company_do_not_matter(sample_rfm, sample_fit):
    """A customer's numbers keep their row and do not depend on who else is in the call."""
    shuffled = sample_rfm.sample(frac=1, random_state=1)
    together = pd.Series(sample_fit.expected_orders(shuffled, horizon=39), index=shuffled.index).sort_index()
    np.testing.assert_array_equal(together, sample_fit.expected_orders(sample_rfm, horizon=39))
    alone = [sample_fit.expected_orders(sample_rfm.iloc[[row]], horizon=39)[0] for row in range(0, 2357, 400)]
    np.testing.assert_array_equal(alone, together.iloc[::400])
    assert sample_fit.predict(shuffled, horizon=39).index.equals(shuffled.index)


def test_invariant_the_truth_fits_no_better_than_the_maximum():
    """The log-likelihood at the estimates is not below that at the parameters that made the data."""
    rfm = simulate.simulate_rfm(2000, r=0.5, alpha=8, a=0.8, b=2.5, T=60, seed=3)
    truth = log_likelihood(np.array([0.5, 8, 0.8, 2.5]), *rfm[["frequency", "recency", "T"]].to_numpy(float).T).sum()
    assert repurchase.fit_bg_nbd(rfm).log_likelihood >= truth


def test_truth_glance_counts_and_penalises(sample_fit):
    """AIC and BIC follow from the log-likelihood, four parameters and the number of customers."""
    row = sample_fit.glance().iloc[0]
    assert row["aic"] == pytest.approx(8 + 2 * 9582.429207, abs=1e-5)
    assert row["bic"] == pytest.approx(4 * np.log(2357) + 2 * 9582.429207, abs=1e-5)
    columns = ["model", "n", "log_likelihood", "aic", "bic", "penalty", "conf_level"]
    assert sample_fit.glance().columns.tolist() == columns


def test_input_data_that_cannot_tell():
    """One customer, nobody ordering again and nobody dropping out are named, never fitted to nonsense."""
    with pytest.raises(DataError, match="takes more than one customer"):
        repurchase.fit_bg_nbd(pd.DataFrame({"frequency": [2], "recency": [3.0], "T": [5.0]}))
    once = pd.DataFrame({"frequency": [0] * 9, "recency": [0.0] * 9, "T": [5.0] * 9})
    with pytest.raises(DataError, match="None of 9 customers has ordered again"):
        repurchase.fit_bg_nbd(once)
    rng = np.random.default_rng(1)
    rate, T = rng.gamma(1.0, 0.2, 400), np.full(400, 40.0)
    x = rng.poisson(rate * T)
    faithful = pd.DataFrame({"frequency": x, "recency": np.where(x > 0, T - rng.uniform(0, T / (x + 1)), 0), "T": T})
    faithful.loc[faithful["frequency"] > 0, "recency"] = 40.0
    with pytest.raises(ConvergenceError, match="there may be no drop-out"):
        repurchase.fit_bg_nbd(faithful)


def test_input_frames_that_break_the_contract(sample_fit):
    """Predictions check their frame as fits do."""
    wrong = pd.DataFrame({"frequency": [1], "recency": [9.0], "T": [5.0]})
    for call in (repurchase.fit_bg_nbd, sample_fit.p_alive):
        with pytest.raises(DataError, match="`recency` must not exceed `T`"):
            call(wrong)
    with pytest.raises(ParameterError, match="`horizon` must be 0 or more"):
        sample_fit.expected_orders(wrong.assign(T=10.0), horizon=-1)

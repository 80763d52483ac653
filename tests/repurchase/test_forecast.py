"""Forecasts of totals: their expectation, their limits, what their variance is made of."""

from dataclasses import replace

import numpy as np
import pandas as pd

from churnlab import features, repurchase, simulate, tables
from churnlab.repurchase.distinct import to_counts
from churnlab.repurchase.history import to_history
from churnlab.repurchase.variance import mean_square_if_alive


def _draw_totals(fit, amounts, rfm, *, horizon, draws, seed):
    """Draw totals customer by customer at the estimates: alive, rate, drop-out, orders, and what they pay."""
    rng = np.random.default_rng(seed)
    r, alpha, a, b = fit.theta
    x, T = rfm["frequency"].to_numpy(float), rfm["T"].to_numpy(float)
    spent = np.nan_to_num(rfm["monetary_value"].to_numpy(float)) * x
    alive_share, rows = fit.p_alive(rfm), []
    for _ in range(draws):
        alive = rng.random(len(x)) < alive_share
        rate, drop = rng.gamma(r + x) / (alpha + T), np.maximum(rng.beta(a, b + x), 1e-9)
        bought = np.where(alive, np.minimum(rng.poisson(rate * horizon), rng.geometric(drop)), 0)
        nu = rng.gamma(amounts.p * x + amounts.q) / (amounts.v + spent)
        paid = np.where(bought > 0, rng.gamma(np.maximum(amounts.p * bought, 1e-9)) / nu, 0.0)
        rows.append((alive[x > 0].sum(), (bought > 0).sum(), bought.sum(), paid.sum()))
    return np.array(rows, dtype=float)


def test_truth_variances_are_those_of_drawn_customers(sample_fit, sample_amounts, sample_rfm):
    """With the parameters taken for certain, mean and spread are those of 1,500 bases drawn customer by customer."""
    certain = replace(sample_fit, covariance=sample_fit.covariance * 1e-12)
    paying = replace(sample_amounts, covariance=sample_amounts.covariance * 1e-12)
    found = repurchase.forecast_totals(certain, paying, sample_rfm, horizon=39)
    drawn = _draw_totals(sample_fit, sample_amounts, sample_rfm, horizon=39, draws=1500, seed=4)
    error = drawn.std(axis=0, ddof=1)
    assert (np.abs(drawn.mean(axis=0) - found["estimate"]) < 4 * error / np.sqrt(1500)).all()
    np.testing.assert_allclose(found["std_error"], error, rtol=0.08)  # four standard errors of a spread of 1,500 draws


def test_truth_mean_square_is_the_sum_over_all_numbers(sample_fit, sample_rfm):
    """The sum that is closed by a geometric tail equals the sum of n² P(n) over 150 n, to 10⁻⁴."""
    some = pd.concat([sample_rfm.loc[sample_rfm["frequency"].nlargest(9).index], sample_rfm.head(9)])
    counts, row_of = to_counts(to_history(some))
    found = mean_square_if_alive(sample_fit.model, tuple(sample_fit.theta), counts, 39.0)[row_of]
    whole = sum(n**2 * sample_fit.probability_of_orders(some, n=n, horizon=39) for n in range(150))
    np.testing.assert_allclose(sample_fit.p_alive(some) * found, whole, rtol=1e-4)


def test_truth_forecast_limits_cover_simulated_futures():
    """Over 20 simulated bases the 95 % limits hold the orders, buyers and money that came, about as often as they say."""
    hits = {"buyers": 0, "orders": 0, "amount": 0}
    for seed in range(20):
        frame = simulate.simulate_orders(1500, r=0.6, alpha=40, a=0.8, b=2.5, days=700, seed=seed)
        orders = tables.read(frame, "ORDERS")
        rfm = features.to_rfm(orders, as_of="2025-06-01", unit="week")
        came = features.to_future(orders, as_of="2025-06-01", horizon=24, observed_until="2025-12-01")
        fit, amounts = repurchase.fit_bg_nbd(rfm), repurchase.fit_gamma_gamma(rfm)
        limits = repurchase.forecast_totals(fit, amounts, rfm, horizon=24).set_index("term")
        actual = {"buyers": (came["orders"] > 0).sum(), "orders": came["orders"].sum(), "amount": came["amount"].sum()}
        for term, value in actual.items():
            hits[term] += limits.loc[term, "conf_low"] <= value <= limits.loc[term, "conf_high"]
    assert all(count >= 16 for count in hits.values()), hits  # binomial(20, .95): fewer with a probability below 0.003


def test_truth_limits_hold_the_uncertainty_of_parameters(sample_fit, sample_amounts, sample_rfm):
    """The more uncertain the estimates, the wider the limits; the level of the limits is that of the fit."""
    whole = repurchase.forecast_totals(sample_fit, sample_amounts, sample_rfm, horizon=39)
    certain = replace(sample_fit, covariance=sample_fit.covariance * 1e-12)
    doubtful = replace(sample_amounts, covariance=sample_amounts.covariance * 100)
    spread = {
        "orders": repurchase.forecast_totals(certain, sample_amounts, sample_rfm, horizon=39)["std_error"],
        "amount": repurchase.forecast_totals(sample_fit, doubtful, sample_rfm, horizon=39)["std_error"],
    }
    assert whole["std_error"][2] > 1.2 * spread["orders"][2]
    assert spread["amount"][3] > 1.3 * whole["std_error"][3]
    narrow = repurchase.forecast_totals(replace(sample_fit, conf_level=0.5), None, sample_rfm, horizon=39)
    width = [frame["conf_high"][:3] - frame["conf_low"][:3] for frame in (whole, narrow)]
    assert (width[0] > 2 * width[1]).all()


def test_invariant_totals_count_weights_and_not_the_order_of_rows(sample_fit, sample_amounts, sample_rfm):
    """Twice the customers give twice the totals; half a customer counts half; rows may come in any order."""
    once = repurchase.forecast_totals(sample_fit, sample_amounts, sample_rfm, horizon=39)
    for weight in (2, 0.5):
        more = repurchase.forecast_totals(sample_fit, sample_amounts, sample_rfm.assign(weight=weight), horizon=39)
        np.testing.assert_allclose(more["estimate"], weight * once["estimate"])
    shuffled = repurchase.forecast_totals(
        sample_fit, sample_amounts, sample_rfm.sample(frac=1, random_state=1), horizon=39
    )
    pd.testing.assert_frame_equal(shuffled, once, rtol=1e-10)


def test_invariant_no_more_buyers_than_customers(sample_fit, sample_rfm):
    """Limits of few customers stay above 0 and below their number; without a model of amounts there is no amount."""
    few = sample_rfm.loc[sample_rfm["frequency"].nlargest(5).index]
    found = repurchase.forecast_totals(sample_fit, None, few, horizon=500)
    assert found["term"].tolist() == ["active_repeat_buyers", "buyers", "orders"]
    assert (found["conf_high"][:2] <= 5).all()
    assert (found["conf_low"] > 0).all()
    nothing = repurchase.forecast_totals(sample_fit, None, few, horizon=0)
    assert nothing.loc[1:, ["estimate", "conf_low", "conf_high"]].eq(0).all(axis=None)


def test_truth_amounts_without_a_variance_have_no_limits(sample_fit, sample_amounts, sample_rfm):
    """Where q is 2 or less the variance of a new customer's amount is infinite, and the limits say so."""
    heavy = replace(sample_amounts, q=1.9)
    found = repurchase.forecast_totals(sample_fit, heavy, sample_rfm, horizon=39).iloc[3]
    assert np.isfinite(found["estimate"])
    assert [found["conf_low"], found["conf_high"]] == [0, np.inf]

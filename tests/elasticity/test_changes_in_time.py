"""Rises against falls, past prices, and a single change of price."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given
from hypothesis import strategies as st

from churnlab.elasticity import arc_elasticity, fit_asymmetric_elasticity, fit_dynamic_elasticity, simulate_prices
from churnlab.errors import DataError, ParameterError

EXACT = 1e-8


@pytest.fixture(scope="module")
def prices():
    frame = simulate_prices(10, 30, seed=6)
    return frame[frame["period"].rank(method="dense") % 7 != frame["product"] % 7].reset_index(drop=True)


def neighbours(prices, lag):
    """Return the rows so many weeks before, by joining."""
    before = prices[["product", "period", "price", "quantity"]].assign(
        period=prices["period"] + pd.to_timedelta(7 * lag, "D")
    )
    return prices.merge(before, on=["product", "period"], how="left", suffixes=("", "_before"))


def test_truth_asymmetry_equals_a_regression_on_changes(prices):
    """Rise, fall and their difference equal statsmodels on changes between neighbouring weeks, rows around gaps left out."""
    fit = fit_asymmetric_elasticity(prices, errors="iid")
    both = neighbours(prices, 1).dropna(subset=["price_before"])
    change = np.log(both["price"] / both["price_before"])
    frame = both.assign(
        change=np.log(both["quantity"] / both["quantity_before"]), rise=change.clip(lower=0), fall=change.clip(upper=0)
    )
    own = smf.ols("change ~ rise + fall + C(period)", frame).fit()
    np.testing.assert_allclose(fit.coefficients, own.params[["rise", "fall"]], rtol=EXACT)
    difference = own.t_test("rise - fall = 0")
    found = fit.tidy().set_index("term").loc["rise - fall"]
    assert [found["estimate"], found["std_error"]] == pytest.approx(
        [difference.effect[0], difference.sd[0, 0]], rel=EXACT
    )
    assert [fit.difference.conf_low, fit.difference.conf_high] == pytest.approx(difference.conf_int()[0], rel=EXACT)
    assert (fit.n_rises, fit.n_falls) == ((change > 0).sum(), (change < 0).sum())


def test_truth_asymmetry_is_recovered():
    """Customers who flee from rises at -3 and come for falls at -1 are told apart."""
    rng = np.random.default_rng(1)
    log_price = np.cumsum(rng.normal(0, 0.1, (40, 50)), axis=1)
    steps = np.diff(log_price, axis=1)
    answer = np.cumsum(np.where(steps > 0, -3 * steps, -1 * steps) + 0.05 * rng.normal(size=steps.shape), axis=1)
    frame = pd.DataFrame(
        {
            "product": np.repeat(np.arange(40), 49),
            "period": np.tile(pd.date_range("2023-01-02", periods=49, freq="W-MON"), 40),
            "price": np.exp(log_price[:, 1:]).ravel(),
            "quantity": np.exp(answer).ravel(),
        }
    )
    fit = fit_asymmetric_elasticity(frame)
    np.testing.assert_allclose(fit.coefficients, [-3, -1], atol=0.15)
    assert fit.difference.conf_high < 0


def test_truth_dynamics_equal_a_regression_on_past_prices(prices):
    """Lags, their sums and their errors equal statsmodels with joined past prices; rows without a past are counted."""
    fit = fit_dynamic_elasticity(prices, lags=2, effects=("product",), errors="iid")
    past = {lag: neighbours(prices, lag)["price_before"] for lag in (1, 2)}
    frame = prices.assign(before_1=past[1], before_2=past[2]).dropna()
    own = smf.ols("np.log(quantity) ~ np.log(price) + np.log(before_1) + np.log(before_2) + C(product)", frame).fit()
    names = ["np.log(price)", "np.log(before_1)", "np.log(before_2)"]
    np.testing.assert_allclose(fit.coefficients, own.params[names], rtol=EXACT)
    total = own.t_test(" + ".join(names) + " = 0")
    assert fit.long_run.estimate == pytest.approx(total.effect[0], rel=EXACT)
    assert fit.long_run.std_error == pytest.approx(total.sd[0, 0], rel=EXACT)
    assert fit.short_run.std_error == pytest.approx(own.bse[names[0]], rel=EXACT)
    assert (fit.n, fit.n_without_past) == (len(frame), len(prices) - len(frame))
    assert fit.cumulative()["estimate"].tolist() == pytest.approx(np.cumsum(fit.coefficients).tolist())
    assert fit.terms == ("log_price", "log_price before 1", "log_price before 2")


def test_input_changes(prices):
    """Prices that only rise, no neighbouring periods, and lags that nothing has are refused."""
    rising = prices.assign(price=1.0 + prices["period"].rank(method="dense"))
    with pytest.raises(DataError, match="`fall` is the same in all rows"):
        fit_asymmetric_elasticity(rising, effects=(), errors="hc1")
    apart = prices[(prices["period"].rank(method="dense") + prices["product"]) % 2 == 0].reset_index(drop=True)
    with pytest.raises(DataError, match="No product is there in two neighbouring periods"):
        fit_asymmetric_elasticity(apart)
    with pytest.raises(DataError, match="No row has a price in each of the 12 periods before"):
        fit_dynamic_elasticity(prices, lags=12)
    with pytest.raises(ParameterError, match="`lags` must be 1 or more"):
        fit_dynamic_elasticity(prices, lags=0)


def test_truth_arc_elasticity_by_hand():
    """From 2.00 to 2.20 and 1,000 to 850 pieces it is (-150 / 1850) / (0.2 / 4.2) = -1.7027."""
    assert arc_elasticity(2.0, 2.2, 1000, 850).estimate == pytest.approx(-150 / 1850 / (0.2 / 4.2))


def test_truth_arc_interval_covers_counts():
    """Of 20,000 pairs of Poisson counts 95 % have intervals that hold the truth."""
    rng = np.random.default_rng(1)
    true = (700 - 1000) / 1700 / (0.2 / 4.2)
    before, after = rng.poisson(1000, 4_000), rng.poisson(700, 4_000)
    found = [arc_elasticity(2.0, 2.2, *pair) for pair in zip(before, after, strict=True)]
    covered = np.mean([one.conf_low < true < one.conf_high for one in found])
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 4_000)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(1, 1e4), st.floats(1, 1e4))
def test_invariant_arc_elasticity_is_the_same_both_ways(first, second, some, other):
    """A change and its reverse have the same elasticity and the same limits."""
    if first == second:
        return
    there, back = arc_elasticity(first, second, some, other), arc_elasticity(second, first, other, some)
    assert there.estimate == pytest.approx(back.estimate)
    assert there.std_error == pytest.approx(back.std_error)


def test_input_arc_elasticity():
    """Equal prices, negative quantities and dispersions, and what is not finite, are refused."""
    with pytest.raises(DataError, match="Two prices above 0 that differ"):
        arc_elasticity(2.0, 2.0, 10, 12)
    with pytest.raises(DataError, match="Two prices above 0 that differ"):
        arc_elasticity(2.0, np.inf, 10, 12)
    with pytest.raises(DataError, match="Two quantities of 0 or more"):
        arc_elasticity(2.0, 3.0, np.inf, 12)
    with pytest.raises(DataError, match="Two quantities of 0 or more"):
        arc_elasticity(2.0, 3.0, -1, 12)
    with pytest.raises(DataError, match="`dispersion` must be above 0"):
        arc_elasticity(2.0, 3.0, 10, 12, dispersion=0.0)


def test_smoke_results_show_themselves(prices):
    """Results have one line and a table for JupyterLab."""
    assert "rise" in fit_asymmetric_elasticity(prices)._repr_html_()
    assert "long_run" in fit_dynamic_elasticity(prices, lags=1)._repr_html_()

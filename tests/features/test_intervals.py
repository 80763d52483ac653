"""Intervals of shares and of ratios."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from churnlab.features.intervals import kept_interval, ratio_interval, wilson


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_truth_wilson_agrees_with_statsmodels(level):
    """Limits of shares from 0 to 1 of few and of many are those of statsmodels."""
    part, whole = np.array([0, 1, 5, 10, 500, 999]), np.array([10, 10, 10, 10, 1000, 1000])
    expected = proportion_confint(part, whole, alpha=1 - level, method="wilson")
    np.testing.assert_allclose(wilson(part, whole, conf_level=level), expected, atol=1e-12)


def test_truth_nobody_has_no_limits():
    """A share of nobody is not known."""
    assert np.isnan(wilson([0], [0])).all()


def test_invariant_a_ratio_to_ones_is_a_mean():
    """Where x is 1 for all, ratio and standard error are those of a mean."""
    y = np.array([1.0, 4.0, 4.0, 7.0, 10.0])
    sums = pd.DataFrame({"n": [5], "x": [5.0], "y": [y.sum()], "xx": [5.0], "xy": [y.sum()], "yy": [(y**2).sum()]})
    found = ratio_interval(sums).iloc[0]
    assert found["estimate"] == pytest.approx(y.mean())
    assert found["std_error"] == pytest.approx(y.std(ddof=1) / np.sqrt(5))


def test_truth_one_customer_has_no_standard_error():
    """One customer gives a ratio and no limits, none gives nothing."""
    sums = pd.DataFrame({"n": [1, 0], "x": [2.0, 0], "y": [4.0, 0], "xx": [4.0, 0], "xy": [8.0, 0], "yy": [16.0, 0]})
    found = ratio_interval(sums)
    assert found["estimate"].iloc[0] == 2
    assert found["std_error"].isna().all()
    assert np.isnan(found["estimate"].iloc[1])


def test_truth_what_equal_customers_keep_is_a_share():
    """With equal revenue and all or nothing kept, limits are Wilson's, also where all or none is kept."""
    kept, n = np.array([0.0, 1, 9, 10]), 10
    sums = pd.DataFrame({"x": n * 3.0, "y": kept * 3, "xx": n * 9.0, "xy": kept * 9, "yy": kept * 9})
    found = kept_interval(sums)
    np.testing.assert_allclose(found["estimate"], kept / n)
    np.testing.assert_allclose(found[["conf_low", "conf_high"]].T, wilson(kept, np.full(4, n)), atol=1e-12)


def test_truth_large_customers_widen_the_limits():
    """Where nobody is lost, one customer with half the revenue among 101 counts for 4 customers by Kish's rule, not 101."""
    x = np.array([100.0, *[1.0] * 100])
    sums = pd.DataFrame({"x": [200.0], "y": [200.0], "xx": [(x**2).sum()], "xy": [(x**2).sum()], "yy": [(x**2).sum()]})
    low = 1 / (1 + 1.959963984540054**2 / (200**2 / 10100))  # Wilson's where the share is 1
    np.testing.assert_allclose(kept_interval(sums).iloc[0], [1, low, 1], rtol=1e-12)


def test_truth_kept_revenue_lies_within_its_limits():
    """Limits of 95 % hold at least 93 % of the time where churn is rare and revenue uneven, as Wald's do not."""
    rng = np.random.default_rng(1)
    x = rng.lognormal(sigma=1.0, size=(2000, 100))
    y = x * (rng.random(x.shape) > 0.05)
    products = {"xx": x * x, "xy": x * y, "yy": y * y, "x": x, "y": y, "n": np.ones_like(x)}
    sums = pd.DataFrame({name: values.sum(axis=1) for name, values in products.items()})
    held = {
        each.__name__: each(sums).eval("conf_low <= 0.95 <= conf_high").mean()
        for each in (kept_interval, ratio_interval)
    }
    assert held["kept_interval"] > 0.93
    assert held["ratio_interval"] < 0.85

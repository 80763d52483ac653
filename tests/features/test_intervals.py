"""Intervals of shares and of ratios."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from churnlab.features.intervals import ratio_interval, wilson


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

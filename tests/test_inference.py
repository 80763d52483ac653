"""Intervals: the Wald table, the delta method, the bootstrap."""

import numpy as np
import pytest

from churnlab.errors import ParameterError
from churnlab.inference import (
    bootstrap,
    coefficient_table,
    delta_method,
    normal_quantile,
    wald_table,
)


def test_truth_normal_quantiles():
    """The quantiles of every statistics table."""
    assert normal_quantile(0.95) == pytest.approx(1.959963985, abs=1e-9)
    assert normal_quantile(0.9) == pytest.approx(1.644853627, abs=1e-9)


def test_truth_wald_limits_are_those_of_the_logarithm():
    """Limits stay positive and are symmetric as ratios; the level moves them and no column name."""
    table = wald_table(("a", "b"), np.array([1.0, 4.0]), np.diag([0.25, 1.0]), conf_level=0.9)
    z = normal_quantile(0.9)
    np.testing.assert_allclose(table["conf_low"], [np.exp(-z * 0.5), 4 * np.exp(-z * 0.25)])
    np.testing.assert_allclose(table["conf_low"] * table["conf_high"], table["estimate"] ** 2)
    assert table.columns.tolist() == ["term", "estimate", "std_error", "conf_low", "conf_high"]


def test_truth_delta_method_uses_the_covariances():
    """The variance of a ratio needs the covariance of its parts."""
    estimate, covariance = np.array([2.0, 5.0]), np.array([[0.04, 0.03], [0.03, 0.09]])
    slope = np.array([1 / 5, -2 / 25])
    interval = delta_method(lambda theta: theta[0] / theta[1], estimate, covariance)
    assert interval.std_error == pytest.approx(np.sqrt(slope @ covariance @ slope), rel=1e-8)
    assert interval.conf_high - interval.estimate == pytest.approx(normal_quantile(0.95) * interval.std_error)


def test_truth_bootstrap_covers_the_mean():
    """The percentile interval of a mean is that of the normal approximation, and 95 of 100 of them hold the truth."""
    rng = np.random.default_rng(5)
    hits = 0
    for seed in range(100):
        values = rng.normal(3, 2, 80)
        interval = bootstrap(lambda rows, values=values: values[rows].mean(), 80, seed=seed, draws=300)
        hits += interval.conf_low < 3 < interval.conf_high
    assert 87 <= hits <= 99  # binomial(100, .95): outside with a probability below 0.001
    assert interval.std_error == pytest.approx(values.std() / np.sqrt(80), rel=0.15)


def test_invariant_bootstrap_repeats_itself():
    """The same seed gives the same limits."""
    values = np.arange(30.0)
    first, second = (bootstrap(lambda rows: values[rows].mean(), 30, seed=9) for _ in range(2))
    assert first == second


def test_input_levels_and_sizes():
    """A level is a probability, and a bootstrap needs something to draw from."""
    with pytest.raises(ParameterError, match="`conf_level` must lie between 0 and 1, not 95"):
        normal_quantile(95)
    for none in (None, "0.95", float("nan")):
        with pytest.raises(ParameterError, match="`conf_level` must lie between 0 and 1, not "):
            normal_quantile(none)
    with pytest.raises(ParameterError, match="at least 2 rows and 2 draws"):
        bootstrap(lambda rows: 0.0, 1, seed=1)


def test_truth_coefficient_table_is_that_of_student_t():
    """Estimate 2, error 1, 10 degrees of freedom: p = .0733880 and limits 2 ± 2.2281389 (tables of Student's t)."""
    row = coefficient_table(("x",), np.array([2.0]), np.array([[1.0]]), df=10).iloc[0]
    assert row.p_value == pytest.approx(0.0733880, abs=1e-7)
    assert (row.conf_low, row.conf_high) == pytest.approx((2 - 2.2281389, 2 + 2.2281389), abs=1e-7)


def test_truth_delta_method_holds_for_any_sign():
    """A linear function has its exact variance, also where an estimate is negative or zero."""
    slope, covariance = np.array([1.0, 2.0, -1.0]), np.diag([0.5, 0.1, 0.2])
    interval = delta_method(lambda theta: float(slope @ theta), np.array([-3.0, 0.0, 1e-12]), covariance)
    assert interval.std_error == pytest.approx(np.sqrt(0.5 + 0.4 + 0.2), rel=1e-8)

"""The maximiser: it finds the maximum, says how sure it is, and says when there is none."""

import numpy as np
import pytest

from churnlab.errors import ConvergenceError
from churnlab.likelihood import Derivatives, maximise


def gamma_likelihood(values: np.ndarray):
    """Log-likelihood of a gamma distribution with shape k and rate b, and its derivatives."""
    from scipy.special import digamma, gammaln, polygamma

    n, total, logs = len(values), values.sum(), np.log(values).sum()

    def log_likelihood(theta: np.ndarray) -> Derivatives:
        k, b = theta
        return Derivatives(
            value=float(n * (k * np.log(b) - gammaln(k)) + (k - 1) * logs - b * total),
            gradient=np.array([n * (np.log(b) - digamma(k)) + logs, n * k / b - total]),
            hessian=np.array([[-n * polygamma(1, k), n / b], [n / b, -n * k / b**2]]),
        )

    return log_likelihood


def test_truth_exponential_has_its_closed_form():
    """The rate of an exponential sample is 1 / mean, with variance rate² / n: the delta method on both sides."""
    n, total = 50, 12.5

    def log_likelihood(theta: np.ndarray) -> Derivatives:
        rate = theta[0]
        return Derivatives(
            value=n * np.log(rate) - rate * total,
            gradient=np.array([n / rate - total]),
            hessian=np.array([[-n / rate**2]]),
        )

    found = maximise(log_likelihood, ("rate",), [np.array([100.0])])
    assert found.estimate[0] == pytest.approx(n / total, rel=1e-9)
    assert found.covariance[0, 0] == pytest.approx((n / total) ** 2 / n, rel=1e-8)
    assert found.log_likelihood == pytest.approx(n * np.log(n / total) - n, rel=1e-12)


def test_truth_gamma_covariance_is_the_inverse_information():
    """At the maximum, the covariance on the parameters' own scale is the inverse of minus the Hessian there."""
    values = np.random.default_rng(1).gamma(3.0, 0.5, 4000)
    log_likelihood = gamma_likelihood(values)
    found = maximise(log_likelihood, ("k", "b"), [np.array([1.0, 1.0])])
    at_maximum = log_likelihood(found.estimate)
    np.testing.assert_allclose(at_maximum.gradient, 0, atol=1e-4)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(-at_maximum.hessian), rtol=1e-6)
    assert found.covariance[0, 1] == found.covariance[1, 0]
    np.testing.assert_allclose(found.estimate, [3, 2], atol=4 * np.sqrt(np.diag(found.covariance)).max())


def test_invariant_starts_do_not_matter():
    """Far-away starts lead to the same place."""
    log_likelihood = gamma_likelihood(np.random.default_rng(2).gamma(0.7, 3.0, 500))
    places = [
        maximise(log_likelihood, ("k", "b"), [np.array(start)]).estimate for start in ((1, 1), (300, 0.01), (0.02, 50))
    ]
    np.testing.assert_allclose(places[1:], [places[0], places[0]], rtol=1e-7)


def test_input_a_likelihood_that_keeps_rising_names_the_parameter():
    """Without a maximum inside the parameter space there is no estimate, and the error says which way it runs."""

    def rising(theta: np.ndarray) -> Derivatives:
        k = theta[0]
        return Derivatives(value=-1 / k, gradient=np.array([1 / k**2]), hessian=np.array([[-2 / k**3]]))

    with pytest.raises(ConvergenceError, match="keeps rising as k → infinity|may still rise|flat along k"):
        maximise(rising, ("k",), [np.array([1.0])])


def test_input_a_ridge_is_not_called_a_maximum():
    """Where only a product is known, its factors are not estimated."""

    def ridge(theta: np.ndarray) -> Derivatives:
        product = theta[0] * theta[1]
        slope = 1 / product - 1
        gradient = slope * theta[::-1]
        curve = -np.outer(theta[::-1], theta[::-1]) / product**2 + slope * np.array([[0, 1], [1, 0]])
        return Derivatives(value=np.log(product) - product, gradient=gradient, hessian=curve)

    with pytest.raises(ConvergenceError, match="flat along"):
        maximise(ridge, ("left", "right"), [np.array([3.0, 2.0])])


def test_truth_real_and_positive_parameters_together():
    """A normal sample: the mean may be negative, the spread may not; both have their closed forms."""
    values = np.random.default_rng(3).normal(-2.0, 0.5, 400)

    def log_likelihood(theta: np.ndarray) -> Derivatives:
        mean, spread = theta
        gap, n = values - mean, len(values)
        return Derivatives(
            value=float(-n * np.log(spread) - (gap**2).sum() / (2 * spread**2)),
            gradient=np.array([gap.sum() / spread**2, -n / spread + (gap**2).sum() / spread**3]),
            hessian=np.array(
                [
                    [-n / spread**2, -2 * gap.sum() / spread**3],
                    [-2 * gap.sum() / spread**3, n / spread**2 - 3 * (gap**2).sum() / spread**4],
                ]
            ),
        )

    found = maximise(log_likelihood, ("mean", "spread"), [np.array([0.0, 1.0])], positive=[False, True])
    np.testing.assert_allclose(found.estimate, [values.mean(), values.std()], rtol=1e-8)
    np.testing.assert_allclose(np.diag(found.covariance), values.var() / 400 * np.array([1, 0.5]), rtol=1e-7)

"""The distributions of log time in accelerated failure time models, on the standard scale z = (log t - location) / scale."""

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Distribution", "log_density", "log_survival"]

Array = npt.NDArray[np.float64]
Distribution = Literal["weibull", "exponential", "log_normal", "log_logistic"]


def log_density(distribution: Distribution, z: Array) -> tuple[Array, Array, Array]:
    """Return the logarithm of the density at z (n,) with its first and second derivatives."""
    from scipy.special import expit

    if distribution == "log_normal":
        return -(z**2) / 2 - np.log(2 * np.pi) / 2, -z, np.full_like(z, -1.0)
    if distribution == "log_logistic":
        above = expit(z)
        return z - 2 * np.logaddexp(0.0, z), 1 - 2 * above, -2 * above * (1 - above)
    rise = np.exp(z)
    return z - rise, 1 - rise, -rise


def log_survival(distribution: Distribution, z: Array) -> tuple[Array, Array, Array]:
    """Return the logarithm of P(Z > z) at z (n,) with its first and second derivatives."""
    from scipy.special import expit, log_ndtr

    if distribution == "log_normal":
        value = log_ndtr(-z)
        ratio = np.exp(-(z**2) / 2 - np.log(2 * np.pi) / 2 - value)
        return value, -ratio, ratio * (z - ratio)
    if distribution == "log_logistic":
        above = expit(z)
        return -np.logaddexp(0.0, z), -above, -above * (1 - above)
    rise = np.exp(z)
    return -rise, -rise, -rise

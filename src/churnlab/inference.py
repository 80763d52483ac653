"""From estimates to intervals: the Wald tables, the delta method, the bootstrap."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.progress import track

__all__ = ["Interval", "bootstrap", "coefficient_table", "delta_method", "normal_quantile", "wald_table"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its standard error and its confidence limits."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float


def normal_quantile(conf_level: float) -> float:
    """Return z such that a normal variable lies in ±z with probability `conf_level`.

    Raises
    ------
    ParameterError
        If the level is not between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    from scipy.special import ndtri

    if not (isinstance(conf_level, int | float | np.number) and 0 < conf_level < 1):
        raise ParameterError(f"`conf_level` must lie between 0 and 1, not {conf_level!r}.")
    return float(ndtri((1 + conf_level) / 2))


def wald_table(terms: tuple[str, ...], estimate: Array, covariance: Array, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Tabulate positive parameters with standard errors and limits that stay positive.

    Parameters
    ----------
    terms
        The k names.
    estimate
        Estimates (k,), all positive.
    covariance
        Their covariance (k, k).
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per term: `term, estimate, std_error, conf_low, conf_high`.

    Raises
    ------
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    The limits are those of the logarithm, mapped back: θ exp(±z se/θ). There is no test of θ = 0, which is no value
    that such a parameter can have.

    Examples
    --------
    >>> wald_table(("r",), np.array([2.0]), np.array([[0.01]])).round(3)
      term  estimate  std_error  conf_low  conf_high
    0    r       2.0        0.1     1.813      2.206
    """
    std_error = np.sqrt(np.diag(covariance))
    spread = np.exp(normal_quantile(conf_level) * std_error / estimate)
    return pd.DataFrame(
        {
            "term": list(terms),
            "estimate": estimate,
            "std_error": std_error,
            "conf_low": estimate / spread,
            "conf_high": estimate * spread,
        }
    )


def coefficient_table(
    terms: tuple[str, ...],
    estimate: Array,
    covariance: Array,
    *,
    conf_level: float = 0.95,
    df: float = float("inf"),
) -> pd.DataFrame:
    """Tabulate coefficients, which may be any number, with their tests against zero.

    Parameters
    ----------
    terms
        The k names.
    estimate
        Estimates (k,).
    covariance
        Their covariance (k, k).
    conf_level
        Of the limits.
    df
        Degrees of freedom of Student's t; infinite for the normal distribution.

    Returns
    -------
    DataFrame
        One row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`.

    Raises
    ------
    ParameterError
        If the level is not between 0 and 1.

    Examples
    --------
    >>> coefficient_table(("age",), np.array([2.0]), np.array([[1.0]])).round(3)
      term  estimate  std_error  statistic  p_value  conf_low  conf_high
    0  age       2.0        1.0        2.0    0.046      0.04       3.96
    """
    from scipy.stats import t

    normal_quantile(conf_level)
    std_error = np.sqrt(np.diag(covariance))
    statistic = estimate / std_error
    margin = t.ppf((1 + conf_level) / 2, df) * std_error
    return pd.DataFrame(
        {
            "term": list(terms),
            "estimate": estimate,
            "std_error": std_error,
            "statistic": statistic,
            "p_value": 2 * t.sf(np.abs(statistic), df),
            "conf_low": estimate - margin,
            "conf_high": estimate + margin,
        }
    )


def delta_method(
    function: Callable[[Array], float], estimate: Array, covariance: Array, *, conf_level: float = 0.95
) -> Interval:
    """Return a function of parameters with its standard error and limits.

    Parameters
    ----------
    function
        Takes parameters (k,) and returns a number.
    estimate
        Estimates (k,).
    covariance
        Their covariance (k, k).
    conf_level
        Of the limits.

    Raises
    ------
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    Variance J V J′ with J by central differences; the step is 10⁻⁵ of the estimate or, where that is near zero, of its
    standard error (error of the order 10⁻¹⁰).

    Examples
    --------
    >>> delta_method(lambda theta: theta[0] ** 2, np.array([3.0]), np.array([[0.04]])).std_error.__round__(6)
    1.2
    """
    error = np.sqrt(np.diag(covariance))
    step = 1e-5 * np.where(np.abs(estimate) > 1e-3 * error, np.abs(estimate), np.where(error > 0, error, 1.0))
    shifts = np.diag(step)
    slope = np.array([(function(estimate + s) - function(estimate - s)) / (2 * s.sum()) for s in shifts])
    value, std_error = float(function(estimate)), float(np.sqrt(slope @ covariance @ slope))
    margin = normal_quantile(conf_level) * std_error
    return Interval(estimate=value, std_error=std_error, conf_low=value - margin, conf_high=value + margin)


def bootstrap(
    statistic: Callable[[npt.NDArray[np.intp]], float], n: int, *, seed: int, draws: int = 500, conf_level: float = 0.95
) -> Interval:
    """Return a statistic with percentile limits from resampling rows with replacement.

    Parameters
    ----------
    statistic
        Takes row numbers (n,) and returns a number.
    n
        Number of rows.
    seed
        Of the random numbers.
    draws
        Number of resamples.
    conf_level
        Of the limits.

    Raises
    ------
    ParameterError
        If `n` or `draws` is below 2, or the level is not between 0 and 1.

    Notes
    -----
    Efron and Tibshirani (1993), chapter 13.

    Examples
    --------
    >>> values = np.arange(100.0)
    >>> interval = bootstrap(lambda rows: values[rows].mean(), 100, seed=1)
    >>> interval.conf_low < 49.5 < interval.conf_high
    True
    """
    if n < 2 or draws < 2:
        raise ParameterError(f"A bootstrap takes at least 2 rows and 2 draws, not {n} and {draws}.")
    normal_quantile(conf_level)
    rng = np.random.default_rng(seed)
    values = np.array([statistic(rng.integers(0, n, n)) for _ in track(range(draws), "bootstrap")])
    low, high = np.quantile(values, [(1 - conf_level) / 2, (1 + conf_level) / 2])
    return Interval(
        estimate=float(statistic(np.arange(n))),
        std_error=float(values.std(ddof=1)),
        conf_low=float(low),
        conf_high=float(high),
    )

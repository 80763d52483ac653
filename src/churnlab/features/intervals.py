"""Intervals of shares and of ratios of sums."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.inference import normal_quantile

__all__ = ["ratio_interval", "wilson", "with_share"]

Array = npt.NDArray[np.float64]


def wilson(part: npt.ArrayLike, whole: npt.ArrayLike, *, conf_level: float = 0.95) -> tuple[Array, Array]:
    """Return the limits of shares by Wilson's score interval.

    Parameters
    ----------
    part, whole
        Counts (n,).
    conf_level
        Of the limits.

    Returns
    -------
    tuple of array (n,)
        Lower and upper limits, within 0 and 1; NaN where `whole` is 0.

    Raises
    ------
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    Wilson (1927), Probable inference, the law of succession, and statistical inference, Journal of the American
    Statistical Association 22, 209-212. R: `prop.test(correct = FALSE)`. It holds its level with few customers and with
    shares near 0 and 1, where share ± z standard errors does not (Brown, Cai and DasGupta 2001).

    Examples
    --------
    >>> low, high = wilson([1], [10])
    >>> low.round(4), high.round(4)
    (array([0.0179]), array([0.4042]))
    """
    z2 = normal_quantile(conf_level) ** 2
    n = np.asarray(whole, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    p = np.asarray(part, dtype=np.float64) / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    margin = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    low = np.where(p == 0, 0.0, centre - margin)
    high = np.where(p == 1, 1.0, centre + margin)
    return np.where(np.isnan(n), np.nan, low), np.where(np.isnan(n), np.nan, high)


def with_share(
    frame: pd.DataFrame, part: str, whole: str, *, name: str = "share", conf_level: float = 0.95
) -> pd.DataFrame:
    """Return a frame with the share of one column of counts in another, and its limits `conf_low, conf_high`.

    Parameters
    ----------
    frame
        With columns of counts.
    part, whole
        Their names.
    name
        Of the share.
    conf_level
        Of the limits.

    Raises
    ------
    ParameterError
        If the level is not between 0 and 1.

    Examples
    --------
    >>> with_share(pd.DataFrame({"again": [5], "buyers": [10]}), "again", "buyers")["share"].tolist()
    [0.5]
    """
    low, high = wilson(frame[part], frame[whole], conf_level=conf_level)
    shared = frame.copy()
    shared[name] = frame[part] / frame[whole].where(frame[whole] > 0)
    return shared.assign(conf_low=low, conf_high=high)


def ratio_interval(sums: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return ratios of two sums over customers with their limits, by linearisation.

    Parameters
    ----------
    sums
        Of y and x over the customers of each row: `n, x, y, xx, xy, yy`.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        The same rows: `estimate` (y / x), `std_error`, `conf_low`, `conf_high`; NaN where `x` is 0, and limits NaN where
        there is one customer.

    Raises
    ------
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    Cochran (1977), Sampling techniques, equation 6.13 without the correction for finite populations: the variance of
    R = Σy / Σx is n / (n - 1) Σ(y - R x)² / (Σx)². Customers are the units drawn, so what one customer does several
    times does not count as independent.

    Examples
    --------
    >>> sums = pd.DataFrame({"n": [2], "x": [2.0], "y": [4.0], "xx": [2.0], "xy": [4.0], "yy": [10.0]})
    >>> ratio_interval(sums)[["estimate", "std_error"]].to_numpy()
    array([[2., 1.]])
    """
    n, x, y, xx, xy, yy = (sums[name].to_numpy(dtype=np.float64) for name in ("n", "x", "y", "xx", "xy", "yy"))
    x = np.where(x > 0, x, np.nan)
    ratio = y / x
    squares = np.maximum(yy - 2 * ratio * xy + ratio**2 * xx, 0.0)
    std_error = np.sqrt(n / np.where(n > 1, n - 1, np.nan) * squares) / x
    margin = normal_quantile(conf_level) * std_error
    return pd.DataFrame(
        {"estimate": ratio, "std_error": std_error, "conf_low": ratio - margin, "conf_high": ratio + margin},
        index=sums.index,
    )

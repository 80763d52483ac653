"""Weighted means of answers with their t-intervals."""

import numpy as np
import numpy.typing as npt

__all__ = ["mean_with_error", "mean_with_limits"]

Array = npt.NDArray[np.float64]


def mean_with_error(values: Array, weight: Array) -> tuple[float, float, int]:
    """Return the weighted mean of answers (n,), its standard error, and how many there are; NaN are left out.

    Notes
    -----
    The linearised variance Σ w²(x - mean)²/(Σw)², times n/(n - 1): without weights that of any textbook.
    """
    known = ~np.isnan(values)
    x, w = values[known], weight[known]
    n = len(x)
    if not n:
        return float("nan"), float("nan"), 0
    mean = float(w @ x / w.sum())
    if n == 1:
        return mean, float("nan"), 1
    variance = float(w**2 @ (x - mean) ** 2) / float(w.sum()) ** 2 * n / (n - 1)
    return mean, float(np.sqrt(variance)), n


def mean_with_limits(values: Array, weight: Array, conf_level: float) -> dict[str, float]:
    """Return `estimate, std_error, statistic, p_value, conf_low, conf_high` and `n` of a weighted mean."""
    from scipy.stats import t

    mean, std_error, n = mean_with_error(values, weight)
    margin = float(t.ppf((1 + conf_level) / 2, n - 1)) * std_error if n > 1 else float("nan")
    statistic = mean / std_error if std_error > 0 else float("nan")
    return {
        "n": n,
        "estimate": mean,
        "std_error": std_error,
        "statistic": statistic,
        "p_value": float(2 * t.sf(abs(statistic), n - 1)) if n > 1 else float("nan"),
        "conf_low": mean - margin,
        "conf_high": mean + margin,
    }

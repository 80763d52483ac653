"""What comments are about and how satisfied those are who say it."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import column_weights, numeric_columns, require_columns
from churnlab.drivers.weighted_means import mean_with_error
from churnlab.errors import DataError
from churnlab.features.intervals import wilson
from churnlab.inference import normal_quantile

__all__ = ["describe_themes"]

Array = npt.NDArray[np.float64]


def describe_themes(
    answers: pd.DataFrame,
    codes: pd.DataFrame,
    *,
    score: str = "outcome",
    weight: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return how often each theme is named, and the mean score of those who name it.

    Parameters
    ----------
    answers
        One row per questionnaire.
    codes
        The same rows: 1 where a theme is named, 0 where not, missing without a comment (:func:`code_comments`).
    score
        Column of the score.
    weight
        Column of survey weights.
    conf_level
        Of every interval.

    Returns
    -------
    DataFrame
        One row per theme: `theme`; `n` comments that name it; their `share` of the comments with `share_low, share_high`; mean
        `score` of those who name it; `difference` from those who wrote a comment without it, with `difference_low, difference_high,
        p_value`. A difference is missing where a side has fewer than two scores.

    Raises
    ------
    DataError
        If a column is not there, the rows are not as many, a code is neither 0 nor 1, or a weight is not positive.
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    Limits of shares: Wilson (1927), with weights at Kish's effective number. Differences: Welch's t. Those who name a theme
    may differ in more than the theme.

    Examples
    --------
    >>> answers = pd.DataFrame({"outcome": [2, 3, 9, 8]})
    >>> describe_themes(answers, pd.DataFrame({"delivery": [1, 1, 0, 0]}))[["n", "share", "difference"]].values.tolist()
    [[2.0, 0.5, -6.0]]
    """
    require_columns(answers, [score])
    normal_quantile(conf_level)
    if len(answers) != len(codes):
        raise DataError(f"Answers and codes must be of the same rows, but have {len(answers):,} and {len(codes):,}.")
    values, weights = numeric_columns(answers, [score])[:, 0], column_weights(answers, weight)
    rows = [{"theme": str(name), **_describe(_flags(codes[name]), values, weights, conf_level)} for name in codes]
    return pd.DataFrame(rows)


def _flags(column: pd.Series) -> Array:
    flags = column.to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isnan(flags) & (flags != 0) & (flags != 1)
    if wrong.any():
        raise DataError(
            f"Codes of `{column.name}` must be 0 or 1, but {wrong.sum():,} are not (first: row {int(wrong.argmax()) + 1})."
        )
    return flags


def _describe(flags: Array, values: Array, weights: Array, conf_level: float) -> dict[str, float]:
    """Return the numbers of one theme."""
    wrote, named = ~np.isnan(flags), flags == 1
    total = weights[wrote].sum()
    share = float(weights[named].sum() / total) if total else float("nan")
    effective = total**2 / (weights[wrote] ** 2).sum() if total else 0.0
    (low,), (high,) = wilson([share * effective], [effective], conf_level=conf_level)
    difference, limit, p_value = _welch(values, weights, named, wrote & ~named, conf_level)
    return {
        "n": int(named.sum()),
        "share": share,
        "share_low": float(low),
        "share_high": float(high),
        "score": mean_with_error(values[named], weights[named])[0],
        "difference": difference,
        "difference_low": difference - limit,
        "difference_high": difference + limit,
        "p_value": p_value,
    }


def _welch(
    values: Array, weights: Array, first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], conf_level: float
) -> tuple[float, float, float]:
    """Return the difference of two weighted means, half the width of its limits, and its p-value."""
    from scipy.stats import t

    (a, error_a, n_a), (b, error_b, n_b) = (mean_with_error(values[rows], weights[rows]) for rows in (first, second))
    if min(n_a, n_b) < 2:
        return float("nan"), float("nan"), float("nan")
    variance = error_a**2 + error_b**2
    if variance == 0:
        return a - b, 0.0, float("nan")
    df = variance**2 / (error_a**4 / (n_a - 1) + error_b**4 / (n_b - 1))
    half = float(t.ppf((1 + conf_level) / 2, df)) * variance**0.5
    return a - b, half, float(2 * t.sf(abs(a - b) / variance**0.5, df))

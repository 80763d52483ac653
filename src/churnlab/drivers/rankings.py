"""The ranks of an analysis of importance beside those that a spreadsheet gives."""

import numpy as np
import pandas as pd

from churnlab.drivers.columns import column_weights, numeric_columns
from churnlab.drivers.importance_fit import ImportanceFit
from churnlab.drivers.weighted_means import mean_with_error

__all__ = ["to_ranking"]


def to_ranking(fit: ImportanceFit, answers: pd.DataFrame, *, weight: str | None = None) -> pd.DataFrame:
    """Return each driver's rank by importance beside its rank by correlation and by how badly it is rated.

    Parameters
    ----------
    fit
        Importance of single drivers.
    answers
        The ratings.
    weight
        Column of survey weights.

    Returns
    -------
    DataFrame
        One row per driver, the most important first: `term`; `rank` by importance with `rank_low, rank_high`; `correlation` with the
        outcome and `by_correlation`, its rank; the mean `rating` and `by_rating`, 1 for the lowest; `misleads`: which of the two naive
        ranks lie outside the limits (``""``, ``"correlation"``, ``"rating"``, ``"both"``).

    Raises
    ------
    DataError
        If a driver is no column of ratings, or a weight is not positive.
    """
    table = fit.tidy()
    weights = column_weights(answers, weight)
    ratings = numeric_columns(answers, fit.terms)
    table["rating"] = [mean_with_error(column, weights)[0] for column in ratings.T]
    table["by_correlation"] = table["correlation"].abs().rank(ascending=False, method="first").astype(int)
    table["by_rating"] = table["rating"].rank(method="first").astype(int)
    off = {
        name: (table[f"by_{name}"] < table["rank_low"]) | (table[f"by_{name}"] > table["rank_high"])
        for name in ("correlation", "rating")
    }
    table["misleads"] = np.select(
        [off["correlation"] & off["rating"], off["correlation"], off["rating"]], ["both", "correlation", "rating"], ""
    )
    names = [
        "term",
        "rank",
        "rank_low",
        "rank_high",
        "correlation",
        "by_correlation",
        "rating",
        "by_rating",
        "misleads",
    ]
    return table.sort_values("rank", kind="stable", ignore_index=True)[names]

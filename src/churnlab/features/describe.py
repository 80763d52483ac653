"""How features are spread over customers, with their meaning: the feature dictionary of a report."""

from collections.abc import Iterable

import pandas as pd

from churnlab.errors import DataError
from churnlab.features.feature import Feature

__all__ = ["describe_features"]


def describe_features(frame: pd.DataFrame, features: Iterable[Feature]) -> pd.DataFrame:
    """Return one row per feature: what it means, and how it is spread over customers.

    Parameters
    ----------
    frame
        What a snapshot returns, with a column for each feature.
    features
        Of that snapshot.

    Returns
    -------
    DataFrame
        `feature`, `unit`, `meaning`, `low` (10 % of customers have less), `median`, `high` (10 % have more), and `missing`,
        the share without a value; NaN in the middle three for labels.

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> one = Feature(name="n", expression="count(*)", unit="rows", meaning="rows")
    >>> describe_features(pd.DataFrame({"n": [1, 2, 3]}), [one])["median"].tolist()
    [2.0]
    """
    rows = []
    for feature in features:
        if feature.name not in frame:
            raise DataError(f"The frame has no column {feature.name!r}.")
        values = frame[feature.name]
        spread = values.quantile([0.1, 0.5, 0.9]).tolist() if pd.api.types.is_numeric_dtype(values) else [None] * 3
        rows.append([feature.name, feature.unit, feature.meaning, *spread, values.isna().mean()])
    return pd.DataFrame(rows, columns=["feature", "unit", "meaning", "low", "median", "high", "missing"])

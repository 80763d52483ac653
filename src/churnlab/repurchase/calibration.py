"""Whether forecasts were right within groups of customers."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.features.intervals import wilson
from churnlab.inference import normal_quantile

__all__ = ["calibration_table", "frequency_groups", "probability_groups", "recency_groups"]

Array = npt.NDArray[np.float64]


def calibration_table(group: pd.Series, predicted: Array, actual: Array, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Compare mean forecast and mean outcome within groups of customers.

    Parameters
    ----------
    group
        The group of each customer (n,), as :func:`frequency_groups` or :func:`recency_groups` return it.
    predicted, actual
        Forecast and outcome of each customer (n,).
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per group, in order: `group`, `customers`, `predicted`, `actual`, and `conf_low`, `conf_high`, the
        limits of the mean outcome (Wilson's where every outcome is 0 or 1, else ± z standard errors; NaN for one customer alone).

    Raises
    ------
    DataError
        If the three are not of the same length, or something is missing in a row.
    ParameterError
        If the level is not between 0 and 1.
    """
    if not len(group) == len(predicted) == len(actual):
        raise DataError(
            f"Groups, forecasts and outcomes differ in length: {len(group)}, {len(predicted)}, {len(actual)}."
        )
    lacking = (
        np.asarray(pd.isna(group))
        | ~np.isfinite(np.asarray(predicted, float))
        | ~np.isfinite(np.asarray(actual, float))
    )
    if lacking.any():
        raise DataError(
            f"Every customer takes a group, a forecast and an outcome: {int(lacking.sum()):,} of {len(lacking):,} rows lack one "
            f'(first: row {int(np.argmax(lacking)) + 1}). Try: a group of their own, as group.fillna("unknown").'
        )
    frame = pd.DataFrame({"group": group.array, "predicted": predicted, "actual": actual})
    grouped = frame.groupby("group", observed=True)
    table = grouped.agg(
        customers=("actual", "size"), predicted=("predicted", "mean"), actual=("actual", "mean"), sd=("actual", "std")
    ).reset_index()
    spread = table.pop("sd")
    if np.isin(actual, (0, 1)).all():
        part = table["actual"] * table["customers"]
        table["conf_low"], table["conf_high"] = wilson(part, table["customers"], conf_level=conf_level)
    else:
        margin = normal_quantile(conf_level) * spread / np.sqrt(table["customers"])
        table["conf_low"], table["conf_high"] = table["actual"] - margin, table["actual"] + margin
    return table.astype({"group": str})


def frequency_groups(rfm: pd.DataFrame, *, most: int = 7) -> pd.Series:
    """Group customers by `frequency`: 0, 1, 2, … and `most` or more.

    Parameters
    ----------
    rfm
        A frame with `frequency` (n rows).
    most
        Where the last group begins.

    Returns
    -------
    Series (n,)
        Ordered categories.

    Raises
    ------
    DataError
        If there is no such column.

    Examples
    --------
    >>> frequency_groups(pd.DataFrame({"frequency": [0, 3, 12]}), most=3).tolist()
    ['0', '3+', '3+']
    """
    if "frequency" not in rfm:
        raise DataError("The frame has no column `frequency`.")
    if rfm["frequency"].isna().any():
        raise DataError("`frequency` must not be missing.")
    labels = [*map(str, range(most)), f"{most}+"]
    codes = rfm["frequency"].clip(upper=most).astype(int)
    groups = pd.Categorical.from_codes(codes.tolist(), categories=pd.Index(labels), ordered=True)
    return pd.Series(groups, index=rfm.index)


def recency_groups(rfm: pd.DataFrame, *, groups: int = 8) -> pd.Series:
    """Group customers by the time since their last order, repeat buyers into groups of about the same size.

    Parameters
    ----------
    rfm
        A frame with `frequency`, `recency` and `T` (n rows).
    groups
        Number of groups of repeat buyers at most.

    Returns
    -------
    Series (n,)
        Ordered categories: spans of `T - recency` such as ``"4–9"`` (above 4, up to 9), then ``"one order"`` for
        whoever has not ordered again.

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [1, 1, 0], "recency": [9, 2, 0], "T": [10, 10, 10]})
    >>> recency_groups(rfm, groups=2).tolist()
    ['0–4', '4–8', 'one order']
    """
    missing = {"frequency", "recency", "T"} - set(rfm.columns)
    if missing:
        raise DataError(f"The frame has no column {', '.join(sorted(missing))}.")
    silence, repeat = rfm["T"] - rfm["recency"], rfm["frequency"] > 0
    inner = silence[repeat].quantile(np.linspace(0, 1, groups + 1)[1:-1]).round()
    edges = np.unique([0.0, *inner.dropna(), *np.ceil(silence[repeat].nlargest(1))])
    labels = [f"{low:g}–{high:g}" for low, high in pairwise(edges)] or ["0"]
    codes = np.clip(np.searchsorted(edges, silence, side="left") - 1, 0, len(labels) - 1)
    names = np.array([*labels, "one order"], dtype=object)
    chosen = names[np.where(repeat, codes, len(labels))]
    return pd.Series(pd.Categorical(chosen, categories=list(names), ordered=True), index=rfm.index)


def probability_groups(probability: pd.Series, *, groups: int = 10) -> pd.Series:
    """Group customers by their forecast probability into groups of about the same size: a calibration curve.

    Parameters
    ----------
    probability
        Forecast of each customer (n,), between 0 and 1.
    groups
        Number of groups at most; customers of the same probability are in the same group.

    Returns
    -------
    Series (n,)
        Ordered categories such as ``"8.0–12.5 %"``, the lowest first.

    Raises
    ------
    ParameterError
        If there are fewer than two groups, or a probability is not between 0 and 1.

    Examples
    --------
    >>> probability_groups(pd.Series([0.1, 0.2, 0.3, 0.9]), groups=2).tolist()
    ['10.0–20.0 %', '10.0–20.0 %', '30.0–90.0 %', '30.0–90.0 %']
    """
    if groups < 2 or not probability.between(0, 1).all():
        raise ParameterError("A calibration curve takes two groups or more and probabilities between 0 and 1.")
    rank = probability.rank(method="average").to_numpy()
    part = np.minimum(((rank - 0.5) * groups / len(rank)).astype(int), groups - 1)
    number, parts = pd.factorize(part, sort=True)
    spans = probability.groupby(number).agg(["min", "max"]) * 100
    labels = [f"{low:.1f}–{high:.1f} %" for low, high in spans.itertuples(index=False)]
    if len(set(labels)) < len(parts):
        labels = [f"{place + 1}: {label}" for place, label in enumerate(labels)]
    grouped = pd.Categorical.from_codes(number.tolist(), categories=pd.Index(labels), ordered=True)
    return pd.Series(grouped, index=probability.index)

"""Expectation gaps: what respondents perceive less what they expect, item by item and dimension by dimension (SERVQUAL)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import column_weights, numeric_columns
from churnlab.drivers.weighted_means import mean_with_error, mean_with_limits
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile

__all__ = ["GapFit", "fit_gap"]

Array = npt.NDArray[np.float64]

_COLUMNS = [
    "n",
    "perception",
    "expectation",
    "estimate",
    "std_error",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GapFit:
    """Gaps between perception and expectation.

    Attributes
    ----------
    dimensions
        One row per dimension and one or two for all, as in :meth:`tidy`.
    pairs
        One row per pair of items, as in :meth:`items`.
    n
        Respondents.
    conf_level
        Of every interval.
    """

    dimensions: pd.DataFrame
    pairs: pd.DataFrame
    n: int
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per dimension, then one for all together.

        Returns
        -------
        DataFrame
            `dimension`; `n` respondents; mean `perception` and `expectation`; the gap `estimate` (perception less
            expectation: below 0 falls short) with `std_error, statistic, p_value, conf_low, conf_high`. The row
            ``"all"`` is the mean of the dimensions, ``"all, weighted"`` the one by points.
        """
        return self.dimensions.copy()

    def items(self) -> pd.DataFrame:
        """Return one row per pair of items: `dimension, perception_item, expectation_item`, then as in `tidy()`."""
        return self.pairs.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, dimensions, items, conf_level`."""
        return pd.DataFrame(
            {
                "n": [self.n],
                "dimensions": [self.pairs["dimension"].nunique()],
                "items": [len(self.pairs)],
                "conf_level": [self.conf_level],
            }
        )

    def __repr__(self) -> str:
        row = self.dimensions.set_index("dimension").loc["all"]
        limits = f"[{row['conf_low']:.2f}, {row['conf_high']:.2f}]"
        return f"GapFit({self.pairs['dimension'].nunique()} dimensions, gap {row['estimate']:+.2f} {limits})"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_gap(
    answers: pd.DataFrame,
    *,
    dimensions: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    points: Mapping[str, float | str] | None = None,
    weight: str | None = None,
    conf_level: float = 0.95,
) -> GapFit:
    """Estimate how far what customers perceive falls short of what they expect.

    Parameters
    ----------
    answers
        One row per questionnaire.
    dimensions
        For each dimension the columns of perceptions and, in the same order, of expectations, on the same scale:
        ``{"delivery": (["p1", "p2"], ["e1", "e2"])}``.
    points
        Weight of each dimension: a number, or the column in which respondents gave their points. They need not add up
        to 100.
    weight
        Column of survey weights.
    conf_level
        Of every interval.

    Returns
    -------
    GapFit

    Raises
    ------
    DataError
        If columns are missing, empty or not of numbers, or a weight is not positive.
    ParameterError
        If a dimension has not as many expectations as perceptions, is called ``"all"``, or `points` are of other
        dimensions or negative.

    Notes
    -----
    Parasuraman, Zeithaml and Berry (1988), SERVQUAL. The gap of an item is taken from who answered both its questions;
    that of a dimension is each respondent's mean over such items; that of all is taken from respondents with every
    dimension. Limits are those of the paired t-test. Reliability of the items: :func:`fit_reliability`.

    Examples
    --------
    >>> answers = pd.DataFrame({"p": [7, 6, 8, 5], "e": [9, 9, 8, 8]})
    >>> fit_gap(answers, dimensions={"delivery": (["p"], ["e"])})
    GapFit(1 dimensions, gap -2.00 [-4.25, 0.25])
    """
    normal_quantile(conf_level)
    _check(dimensions, points)
    weights = column_weights(answers, weight)
    pairs, rows, scores = [], [], []
    for name, (perceived, expected) in dimensions.items():
        p, e = numeric_columns(answers, perceived), numeric_columns(answers, expected)
        both = np.where(np.isnan(p - e), np.nan, 1.0)
        for place, (first, second) in enumerate(zip(perceived, expected, strict=True)):
            row = _row(np.stack([p * both, e * both])[:, :, place], weights, conf_level)
            pairs.append({"dimension": name, "perception_item": first, "expectation_item": second, **row})
        means = [_row_means(part * both) for part in (p, e)]
        rows.append({"dimension": name, **_row(np.stack(means), weights, conf_level)})
        scores.append(np.stack(means))
    whole = np.stack(scores, axis=-1)
    rows.append({"dimension": "all", **_row(whole.mean(axis=2), weights, conf_level)})
    if points is not None:
        weighted = (whole * _points(answers, points, list(dimensions))).sum(axis=2)
        rows.append({"dimension": "all, weighted", **_row(weighted, weights, conf_level)})
    return GapFit(
        dimensions=pd.DataFrame(rows, columns=["dimension", *_COLUMNS]),
        pairs=pd.DataFrame(pairs, columns=["dimension", "perception_item", "expectation_item", *_COLUMNS]),
        n=len(answers),
        conf_level=conf_level,
    )


def _check(
    dimensions: Mapping[str, tuple[Sequence[str], Sequence[str]]], points: Mapping[str, float | str] | None
) -> None:
    if not dimensions:
        raise ParameterError("`dimensions` names no dimension.")
    for name, pair in dimensions.items():
        if name in ("all", "all, weighted"):
            raise ParameterError(f"No dimension may be called {name!r}, which is the row of all.")
        if len(pair) != 2 or any(isinstance(part, str) for part in pair) or len(pair[0]) != len(pair[1]):
            raise ParameterError(
                f"The dimension {name!r} must have two lists of as many columns: perceptions and expectations."
            )
    if points is not None and set(points) != set(dimensions):
        raise ParameterError(f"`points` must name the dimensions {', '.join(dimensions)}.")


def _row_means(values: Array) -> Array:
    """Return each row's mean (n,) over what is not missing."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    means: Array = np.where(count > 0, np.nansum(values, axis=1) / np.maximum(count, 1), np.nan)
    return means


def _row(pair: Array, weights: Array, conf_level: float) -> dict[str, float]:
    """Return the means and the gap of perception and expectation (2, n)."""
    return {
        "perception": mean_with_error(pair[0], weights)[0],
        "expectation": mean_with_error(pair[1], weights)[0],
        **mean_with_limits(pair[0] - pair[1], weights, conf_level),
    }


def _points(answers: pd.DataFrame, points: Mapping[str, float | str], names: Sequence[str]) -> Array:
    """Return the share of each dimension in each respondent's points (n, dimensions)."""
    columns = []
    for name in names:
        given = points[name]
        one = numeric_columns(answers, [given])[:, 0] if isinstance(given, str) else np.full(len(answers), float(given))
        columns.append(one)
        if (columns[-1] < 0).any():
            raise ParameterError(f"`points` of {name} must not be negative.")
    total = np.column_stack(columns)
    if (total.sum(axis=1) == 0).any():
        raise ParameterError("`points` must not all be 0.")
    share: Array = total / total.sum(axis=1, keepdims=True)
    return share

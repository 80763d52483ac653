"""Scores of recency, frequency and monetary value, and segments made of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import tables
from churnlab.errors import DataError, ParameterError
from churnlab.features.units import require_whole

__all__ = ["SEGMENTS", "Segment", "profile_segments", "rfm_scores", "rfm_segments"]

Array = npt.NDArray[np.float64]

_ANY = (1.0, float("inf"))
_NUMBERS = ("frequency", "recency", "T", "monetary_value")


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A segment of customers: ranges of scores, each from the first number up to, not including, the second.

    Attributes
    ----------
    name
        What to call it.
    recency, frequency, monetary
        Ranges of the three scores; any score by default.
    """

    name: str
    recency: tuple[float, float] = _ANY
    frequency: tuple[float, float] = _ANY
    monetary: tuple[float, float] = _ANY


SEGMENTS = (
    Segment(name="champions", recency=(5, 6), frequency=(4, 6)),
    Segment(name="loyal", recency=(3, 5), frequency=(4, 6)),
    Segment(name="becoming loyal", recency=(4, 6), frequency=(2, 4)),
    Segment(name="new", recency=(5, 6), frequency=(1, 2)),
    Segment(name="promising", recency=(4, 5), frequency=(1, 2)),
    Segment(name="need attention", recency=(3, 4), frequency=(3, 4)),
    Segment(name="about to sleep", recency=(3, 4), frequency=(1, 3)),
    Segment(name="do not lose", recency=(1, 3), frequency=(5, 6)),
    Segment(name="at risk", recency=(1, 3), frequency=(3, 5)),
    Segment(name="asleep", recency=(1, 3), frequency=(1, 3)),
)
"""The usual ten, for five groups: by recency and frequency, of which monetary value mostly follows."""


def rfm_scores(rfm: pd.DataFrame, *, groups: int = 5) -> pd.DataFrame:
    """Score customers by how recently, how often and for how much they buy.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM, with `monetary_value`; with a column `weight`, a row stands for so many
        customers.
    groups
        Number of groups: 5 for quintiles.

    Returns
    -------
    DataFrame
        The same rows with `recency_score`, `frequency_score`, `monetary_score`: whole numbers from 1 to `groups`, the
        highest for the most recent, frequent and valuable.

    Raises
    ------
    DataError
        If the frame breaks the contract RFM or has no `monetary_value`.
    ParameterError
        If `groups` is no whole number, 2 or more.

    Notes
    -----
    Hughes (1994), Strategic database marketing. Recency is scored by the time since the last order, `T` - `recency`. A
    score is 1 plus the number of whole groups that lie strictly below the value: equal values always get the same score,
    that of the first among them, and nobody is split off by the order of the rows. So where many are alike, as those
    who ordered once, some scores do not occur and groups differ in size. `monetary_value` is the mean of repeat orders;
    who has none has spent nothing on them, and counts as 0.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [0, 0, 3], "recency": [0, 0, 9], "T": [9, 4, 9], "monetary_value": [None, None, 7]})
    >>> rfm_scores(rfm, groups=3)[["recency_score", "frequency_score"]].to_numpy().tolist()
    [[1, 1], [2, 1], [3, 3]]
    """
    groups = require_whole("groups", groups, least=2)
    tables.read(rfm, "RFM")
    _require(rfm, ("monetary_value",), nullable=("monetary_value",))
    weight = rfm["weight"].to_numpy(dtype=float) if "weight" in rfm else np.ones(len(rfm))
    numbers = {name: pd.to_numeric(rfm[name]).to_numpy(dtype=float, na_value=np.nan) for name in _NUMBERS}
    values = {
        "recency_score": numbers["recency"] - numbers["T"],
        "frequency_score": numbers["frequency"],
        "monetary_score": np.nan_to_num(numbers["monetary_value"]),
    }
    return rfm.assign(**{name: _score(value, weight, groups) for name, value in values.items()})


def _require(frame: pd.DataFrame, columns: Sequence[str], nullable: Sequence[str] = ()) -> None:
    missing = [name for name in columns if name not in frame]
    if missing:
        raise DataError(f"The frame has no column {', '.join(map(repr, missing))}.")
    empty = [name for name in columns if name not in nullable and frame[name].isna().any()]
    if empty:
        raise DataError(f"Values are missing in {', '.join(map(repr, empty))}.")


def _score(values: Array, weight: Array, groups: int) -> npt.NDArray[np.int64]:
    distinct, row_of = np.unique(values, return_inverse=True)
    held = np.bincount(row_of, weights=weight, minlength=len(distinct))
    below = np.concatenate([[0.0], np.cumsum(held)[:-1]])
    score = 1 + np.floor(groups * below / held.sum())
    return np.asarray(score[row_of], dtype=np.int64)


def rfm_segments(scores: pd.DataFrame, *, segments: Sequence[Segment] = SEGMENTS) -> pd.DataFrame:
    """Put customers into segments by their scores.

    Parameters
    ----------
    scores
        What :func:`rfm_scores` returns.
    segments
        Their names and ranges. Each combination of scores that occurs must lie in exactly one of them.

    Returns
    -------
    DataFrame
        The same rows with `segment`, a categorical in the order of `segments`.

    Raises
    ------
    DataError
        If a column is missing, or scores lie in no segment, or in two.
    ParameterError
        If two segments have the same name.

    Examples
    --------
    >>> scores = pd.DataFrame({"recency_score": [5, 1], "frequency_score": [5, 1], "monetary_score": [5, 1]})
    >>> rfm_segments(scores)["segment"].tolist()
    ['champions', 'asleep']
    """
    _require(scores, ("recency_score", "frequency_score", "monetary_score"))
    names = [segment.name for segment in segments]
    if len(set(names)) < len(names):
        raise ParameterError("Two segments have the same name.")
    fits = np.column_stack([_fits(scores, segment) for segment in segments])
    for wrong, words in ((fits.sum(axis=1) == 0, "no segment"), (fits.sum(axis=1) > 1, "more than one segment")):
        if wrong.any():
            triple = scores.loc[wrong, ["recency_score", "frequency_score", "monetary_score"]].iloc[0].tolist()
            raise DataError(
                f"{wrong.sum():,} of {len(scores):,} customers lie in {words}; the first has recency, frequency and "
                f"monetary scores {', '.join(f'{score:g}' for score in triple)}. The default segments are for 5 groups."
            )
    return scores.assign(
        segment=pd.Categorical.from_codes(fits.argmax(axis=1).tolist(), categories=pd.Index(names), ordered=True)
    )


def _fits(scores: pd.DataFrame, segment: Segment) -> npt.NDArray[np.bool_]:
    inside = np.ones(len(scores), dtype=bool)
    for name in ("recency", "frequency", "monetary"):
        low, high = getattr(segment, name)
        score = scores[f"{name}_score"].to_numpy()
        inside &= (score >= low) & (score < high)
    return inside


def profile_segments(segmented: pd.DataFrame) -> pd.DataFrame:
    """Sum up segments: how many customers, how they buy, and what part of the repeat revenue is theirs.

    Parameters
    ----------
    segmented
        What :func:`rfm_segments` returns.

    Returns
    -------
    DataFrame
        One row per segment with a customer, in order: `segment`, `customers`, `share`, and means of `silent_for`
        (`T` - `recency`), `frequency` and `monetary_value` (of those who ordered again; NaN where nobody did), and
        `share_of_repeat_revenue`.

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [0, 3], "recency": [0, 9], "T": [9, 9], "monetary_value": [None, 7]})
    >>> profile_segments(rfm_segments(rfm_scores(rfm)))["share_of_repeat_revenue"].tolist()
    [1.0, 0.0]
    """
    _require(segmented, ("segment", "frequency", "recency", "T", "monetary_value"), nullable=("monetary_value",))
    weight = segmented["weight"] if "weight" in segmented else pd.Series(1, index=segmented.index)
    sums = pd.DataFrame(
        {
            "segment": segmented["segment"],
            "customers": weight,
            "silent_for": weight * (segmented["T"] - segmented["recency"]),
            "frequency": weight * segmented["frequency"],
            "buyers": weight * segmented["monetary_value"].notna(),
            "monetary_value": weight * segmented["monetary_value"].fillna(0),
            "revenue": weight * segmented["frequency"] * segmented["monetary_value"].fillna(0),
        }
    )
    table = sums.groupby("segment", observed=True).sum().reset_index()
    return pd.DataFrame(
        {
            "segment": table["segment"],
            "customers": table["customers"],
            "share": table["customers"] / table["customers"].sum(),
            "silent_for": table["silent_for"] / table["customers"],
            "frequency": table["frequency"] / table["customers"],
            "monetary_value": table["monetary_value"] / table["buyers"].where(table["buyers"] > 0),
            "share_of_repeat_revenue": table["revenue"] / max(table["revenue"].sum(), np.finfo(float).tiny),
        }
    )

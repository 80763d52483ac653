"""Importance in each segment, and whether segments differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import require_columns
from churnlab.drivers.importance import fit_ratings, to_plan
from churnlab.drivers.importance_fit import ImportanceFit
from churnlab.drivers.measures import Method
from churnlab.drivers.moments import Missing
from churnlab.drivers.ratings import to_ratings
from churnlab.drivers.resamples import check_draws
from churnlab.errors import DataError
from churnlab.inference import normal_quantile

__all__ = ["SegmentImportance", "fit_importance_by_segment"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SegmentImportance:
    """Importance of the same drivers in each of several segments.

    Attributes
    ----------
    segments
        Their names.
    fits
        Importance in each.
    conf_level
        Of every interval.
    """

    segments: tuple[str, ...]
    fits: tuple[ImportanceFit, ...]
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per segment and driver: `segment`, then the columns of :meth:`ImportanceFit.tidy`."""
        return self._stacked([fit.tidy() for fit in self.fits])

    def glance(self) -> pd.DataFrame:
        """Return one row per segment: `segment`, then the columns of :meth:`ImportanceFit.glance`."""
        return self._stacked([fit.glance() for fit in self.fits])

    def tests(self) -> pd.DataFrame:
        """Return one row per driver: is it as important in all segments.

        Returns
        -------
        DataFrame
            `term, statistic, df, p_value, q_value`.

        Notes
        -----
        Cochran's Q: squared distances from the mean over segments, weighted by the inverse bootstrap variances; χ² with
        one degree of freedom less than there are segments. `q_value` is the p-value adjusted for the number of drivers
        (Benjamini and Hochberg 1995).
        """
        from scipy.stats import chi2, false_discovery_control

        estimate = np.stack([fit.estimate for fit in self.fits])
        precision = 1 / np.stack([fit.samples.var(axis=0, ddof=1) for fit in self.fits])
        centre = (precision * estimate).sum(axis=0) / precision.sum(axis=0)
        statistic = (precision * (estimate - centre) ** 2).sum(axis=0)
        df = len(self.fits) - 1
        p_value = chi2.sf(statistic, df)
        return pd.DataFrame(
            {
                "term": list(self.fits[0].terms),
                "statistic": statistic,
                "df": df,
                "p_value": p_value,
                "q_value": false_discovery_control(p_value),
            }
        )

    def differences(self) -> pd.DataFrame:
        """Return one row per pair of segments and driver.

        Returns
        -------
        DataFrame
            `first, second, term, estimate` (first less second), `std_error, conf_low, conf_high`, from resamples of the
            two segments, which are independent.
        """
        tails = [(1 - self.conf_level) / 2, (1 + self.conf_level) / 2]
        frames = []
        for first, second in zip(*np.triu_indices(len(self.fits), 1), strict=True):
            one, other = self.fits[first], self.fits[second]
            drawn = one.samples - other.samples
            low, high = np.quantile(drawn, tails, axis=0)
            frames.append(
                pd.DataFrame(
                    {
                        "first": self.segments[first],
                        "second": self.segments[second],
                        "term": list(one.terms),
                        "estimate": one.estimate - other.estimate,
                        "std_error": drawn.std(axis=0, ddof=1),
                        "conf_low": low,
                        "conf_high": high,
                    }
                )
            )
        return pd.concat(frames, ignore_index=True)

    def _stacked(self, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
        named = [frame.assign(segment=name) for name, frame in zip(self.segments, frames, strict=True)]
        table = pd.concat(named, ignore_index=True)
        return table[["segment", *[column for column in table if column != "segment"]]]

    def __repr__(self) -> str:
        return f"SegmentImportance({len(self.segments)} segments, {len(self.fits[0].terms)} drivers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_importance_by_segment(
    answers: pd.DataFrame,
    *,
    segment: str = "segment",
    outcome: str = "outcome",
    drivers: Sequence[str],
    method: Method = "lmg",
    groups: Mapping[str, Sequence[str]] | None = None,
    weight: str | None = None,
    missing: Missing = "em",
    draws: int = 1000,
    seed: int = 0,
    conf_level: float = 0.95,
) -> SegmentImportance:
    """Divide the explained variance of an outcome among its drivers, segment by segment.

    Parameters
    ----------
    answers
        One row per questionnaire.
    segment
        Column that says which segment a respondent belongs to.
    outcome, drivers, method, groups, weight, missing, draws, seed, conf_level
        As in :func:`fit_importance`.

    Returns
    -------
    SegmentImportance

    Raises
    ------
    DataError
        As in :func:`fit_importance`, with the name of the segment; or if a respondent has no segment, or all have the
        same.
    ParameterError
        As in :func:`fit_importance`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> answers = pd.DataFrame(rng.normal(size=(400, 2)), columns=["price", "service"])
    >>> answers["segment"] = np.repeat(["new", "old"], 200)
    >>> pull = np.where(answers["segment"] == "new", 2.0, 0.2)
    >>> answers["outcome"] = pull * answers["price"] + answers["service"] + rng.normal(size=400)
    >>> fit = fit_importance_by_segment(answers, drivers=["price", "service"], draws=200)
    >>> (fit.tests()["q_value"] < 0.05).tolist()
    [True, True]
    """
    check_draws(draws)
    normal_quantile(conf_level)
    names = _segments(answers, segment)
    ratings = to_ratings(answers, outcome=outcome, drivers=drivers, weight=weight)
    plan = to_plan(ratings, drivers=drivers, method=method, groups=groups or {})
    levels = tuple(sorted(set(names)))
    fits = []
    for place, level in enumerate(levels):
        part = ratings.rows(names == level)
        try:
            fits.append(fit_ratings(part, plan, missing=missing, draws=draws, seed=seed + place, conf_level=conf_level))
        except DataError as error:
            raise DataError(f"Segment {level}: {error}") from None
    return SegmentImportance(segments=levels, fits=tuple(fits), conf_level=conf_level)


def _segments(answers: pd.DataFrame, segment: str) -> npt.NDArray[np.str_]:
    require_columns(answers, [segment])
    absent = answers[segment].isna()
    if absent.any():
        raise DataError(
            f"`{segment}` is missing in {int(absent.sum()):,} of {len(answers):,} rows (first: row {int(absent.argmax()) + 1}). "
            'Try: fillna("unknown").'
        )
    names = answers[segment].astype(str).to_numpy(dtype=str)
    if len(set(names)) == 1:
        raise DataError(f"All respondents are in the segment {names[0]}. Try: fit_importance.")
    return names

"""Penalty and reward: what a poor rating costs, what an excellent one earns, and which weighs more."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import numeric_columns
from churnlab.drivers.ratings import Ratings, to_ratings
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["AsymmetryFit", "find_contrasts", "fit_asymmetry"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AsymmetryFit:
    """Penalties and rewards of p drivers.

    Attributes
    ----------
    outcome, terms
        What is explained, and by which drivers.
    estimate
        Constant, p penalties, p rewards (1 + 2p,), in points of the outcome.
    covariance
        Of these, robust to unequal variances.
    shares
        Weighted share of poor and of excellent ratings of each driver (2, p).
    n, n_left_out
        Answers fitted on, and those left out because of a gap.
    r_squared
        Of the regression.
    conf_level
        Of every interval.
    """

    outcome: str
    terms: tuple[str, ...]
    estimate: Array
    covariance: Array
    shares: Array
    n: int
    n_left_out: int
    r_squared: float
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per driver.

        Returns
        -------
        DataFrame
            `term`; `share_poor, share_excellent` of the ratings; `penalty` (outcome after a poor rating less after a middling
            one) and `reward` (after an excellent one), `range` = reward - penalty, `asymmetry` = reward + penalty (above
            0: rewards weigh more), each with `_low` and `_high`; `index`, the asymmetry as a share of the range; `kind`:
            ``"basic"`` (asymmetry surely below 0: it dissatisfies if poor), ``"excitement"`` (surely above 0: it delights
            if excellent), ``"performance"`` (it matters both ways, or which is not certain), ``"no effect seen"`` (its
            range may be 0).
        """
        p = len(self.terms)
        frame = pd.DataFrame(
            {"term": list(self.terms), "share_poor": self.shares[0], "share_excellent": self.shares[1]}
        )
        for name, (penalty, reward) in {
            "penalty": (1, 0),
            "reward": (0, 1),
            "range": (-1, 1),
            "asymmetry": (1, 1),
        }.items():
            contrast = np.hstack([np.zeros((p, 1)), penalty * np.eye(p), reward * np.eye(p)])
            value = contrast @ self.estimate
            margin = normal_quantile(self.conf_level) * np.sqrt(np.diag(contrast @ self.covariance @ contrast.T))
            frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = value, value - margin, value + margin
        size = frame["penalty"].abs() + frame["reward"].abs()
        kinds = np.select(
            [frame["range_low"] <= 0, frame["asymmetry_high"] < 0, frame["asymmetry_low"] > 0],
            ["no effect seen", "basic", "excitement"],
            "performance",
        )
        return frame.assign(index=frame["asymmetry"] / size, kind=kinds)

    def glance(self) -> pd.DataFrame:
        """Return one row: `outcome, n, n_left_out, r_squared, conf_level`."""
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "n": [self.n],
                "n_left_out": [self.n_left_out],
                "r_squared": [self.r_squared],
                "conf_level": [self.conf_level],
            }
        )

    def __repr__(self) -> str:
        kinds = self.tidy()["kind"].value_counts()
        parts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        return f"AsymmetryFit({parts}; {self.n:,} answers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def find_contrasts(
    answers: pd.DataFrame, *, items: Sequence[str], low: float, high: float, fewest: int = 10
) -> list[str]:
    """Return the items that enough respondents rated poor, enough excellent, and enough in between.

    Parameters
    ----------
    answers
        One row per questionnaire.
    items
        Columns of ratings.
    low, high
        Ratings up to `low` are poor, and from `high` on excellent.
    fewest
        Ratings of each kind that are enough.

    Raises
    ------
    DataError
        If a column is missing, not of numbers or without an answer.

    Examples
    --------
    >>> answers = pd.DataFrame({"hotline": [1, 4, 5], "gifts": [4, 4, 5]})
    >>> find_contrasts(answers, items=["hotline", "gifts"], low=2, high=5, fewest=1)
    ['hotline']
    """
    ratings = numeric_columns(answers, items)
    counts = [
        (ratings <= low).sum(axis=0),
        (ratings >= high).sum(axis=0),
        ((ratings > low) & (ratings < high)).sum(axis=0),
    ]
    return [name for name, rarest in zip(items, np.min(counts, axis=0), strict=True) if rarest >= fewest]


def fit_asymmetry(
    answers: pd.DataFrame,
    *,
    outcome: str = "outcome",
    drivers: Sequence[str],
    low: float,
    high: float,
    weight: str | None = None,
    conf_level: float = 0.95,
) -> AsymmetryFit:
    """Estimate for each driver what a poor rating costs and what an excellent one earns.

    Parameters
    ----------
    answers
        One row per questionnaire; rows with a gap are left out and counted.
    outcome, drivers, weight
        As in :func:`fit_importance`.
    low
        Ratings up to here are poor.
    high
        Ratings from here on are excellent.
    conf_level
        Of every interval.

    Returns
    -------
    AsymmetryFit

    Raises
    ------
    DataError
        As in :func:`fit_importance`, or if a driver holds categories, or has no poor, no middling or no excellent rating.
    ParameterError
        If `low` is not below `high`.

    Notes
    -----
    Penalty-reward contrasts: Brandt (1987); Matzler and Sauerwein (2002); the index of Mikulić and Prebežac (2008). Least
    squares on two flags per driver, all drivers together; limits are robust to unequal variances (HC3). Kinds are given by
    the limits and not by the estimates alone.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> answers = pd.DataFrame(rng.integers(1, 8, (500, 2)), columns=["hotline", "gifts"])
    >>> answers["outcome"] = 1.0 * (answers["gifts"] >= 6) - (answers["hotline"] <= 2) + rng.normal(0, 0.5, 500)
    >>> fit_asymmetry(answers, drivers=["hotline", "gifts"], low=2, high=6).tidy()["kind"].tolist()
    ['basic', 'excitement']
    """
    normal_quantile(conf_level)
    if not low < high:
        raise ParameterError(f"`low` must lie below `high`, not {low!r} and {high!r}.")
    ratings = to_ratings(answers, outcome=outcome, drivers=drivers, weight=weight)
    numeric_columns(answers, drivers)  # categories are neither poor nor excellent
    part = ratings.rows(ratings.complete)
    flags = _flags(part, low, high)
    design = np.column_stack([np.ones(len(flags)), flags])
    n, k = design.shape
    if n <= k:
        raise DataError(f"{len(drivers)} drivers take more than {k} rows without a gap, but there are {n}.")
    estimate, covariance, r_squared = _least_squares(design, part.values[:, -1], part.weight)
    p = flags.shape[1] // 2
    return AsymmetryFit(
        outcome=outcome,
        terms=part.terms,
        estimate=estimate,
        covariance=covariance,
        shares=(part.weight @ flags / part.weight.sum()).reshape(2, p),
        n=n,
        n_left_out=len(answers) - n,
        r_squared=r_squared,
        conf_level=conf_level,
    )


def _flags(part: Ratings, low: float, high: float) -> Array:
    x = part.values[:, :-1]
    poor, excellent = x <= low, x >= high
    for kind, found in (("poor", poor), ("excellent", excellent), ("middling", ~(poor | excellent))):
        empty = ~found.any(axis=0)
        if empty.any():
            name = part.terms[int(empty.argmax())]
            raise DataError(
                f"`{name}` has no {kind} rating (poor is up to {low:g}, excellent from {high:g}). Try: other limits."
            )
    return np.hstack([poor, excellent]).astype(float)


def _least_squares(design: Array, y: Array, weight: Array) -> tuple[Array, Array, float]:
    """Return coefficients (k,), their HC3 covariance (k, k) and R²."""
    weighted = design * weight[:, None]
    cross = weighted.T @ design
    if np.linalg.cond(cross) > 1e12:
        raise DataError("Poor or excellent ratings of two drivers always go together. Try: leave one driver out.")
    inverse = np.linalg.inv(cross)
    estimate = inverse @ (weighted.T @ y)
    residual = y - design @ estimate
    leverage = np.einsum("ni,ij,nj->n", weighted, inverse, design)
    scores = weighted * (residual / np.maximum(1 - leverage, 1e-9))[:, None]
    mean = weight @ y / weight.sum()
    r_squared = 1 - float(weight @ residual**2) / float(weight @ (y - mean) ** 2)
    return estimate, inverse @ (scores.T @ scores) @ inverse, r_squared

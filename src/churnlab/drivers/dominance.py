"""Dominance analysis: does a driver add more than another, on average, with any number of others, or always."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.importance import to_plan
from churnlab.drivers.measures import Units
from churnlab.drivers.moments import Missing, to_moment_rows
from churnlab.drivers.ratings import to_ratings
from churnlab.drivers.resamples import check_draws, resampled_correlations, whole_correlation
from churnlab.drivers.shapley import fold, subset_r_squared, subset_sizes
from churnlab.errors import ParameterError

__all__ = ["DominanceFit", "fit_dominance"]

Array = npt.NDArray[np.float64]

_MOST_UNITS = 20
_NUMBERS = 2**22
_TIE = 1e-12
_LEVELS = ("complete", "conditional", "general")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DominanceFit:
    """How u drivers dominate one another.

    Attributes
    ----------
    outcome
        What is explained.
    terms
        Names of the drivers or groups.
    added
        Mean gain in R² of each driver when so many others are in already (u, u): row driver, column number of others.
    shares
        Share of the subsets of the others in which the driver of the row adds more than that of the column (u, u).
    held
        How often in the resamples the driver of the row dominates that of the column at each level (3, u, u): complete,
        conditional, general.
    r_squared
        Of all drivers.
    n
        Answers that count.
    """

    outcome: str
    terms: tuple[str, ...]
    added: Array
    shares: Array
    held: Array
    r_squared: float
    n: int

    def tidy(self) -> pd.DataFrame:
        """Return one row per driver: `term`, `estimate` (general dominance, which is its LMG share), `first`, `last`."""
        return pd.DataFrame(
            {
                "term": list(self.terms),
                "estimate": self.added.mean(axis=1),
                "first": self.added[:, 0],
                "last": self.added[:, -1],
            }
        )

    def conditional(self) -> pd.DataFrame:
        """Return one row per driver and number of others: `term, others, estimate`, the mean gain in R²."""
        count = len(self.terms)
        return pd.DataFrame(
            {
                "term": np.repeat(list(self.terms), count),
                "others": np.tile(np.arange(count), count),
                "estimate": self.added.ravel(),
            }
        )

    def pairs(self) -> pd.DataFrame:
        """Return one row per pair of drivers, the one that adds more on average first.

        Returns
        -------
        DataFrame
            `first, second`; `difference` in general dominance; `complete`, the share of the subsets of the others in
            which the first adds more (1: it dominates completely); `level`, the strongest kind of dominance that holds
            (``"complete"``: in every subset, ``"conditional"``: on average for every number of others, ``"general"``: on
            average); `reproduced`, the share of resamples in which it holds too.
        """
        general = self.added.mean(axis=1)
        order = np.argsort(-general, kind="stable")
        levels = _dominates(self.added[:, :, None], self.shares[:, :, None])[:, :, :, 0]
        rows = []
        for place, first in enumerate(order):
            for second in order[place + 1 :]:
                level = int(levels[:, first, second].argmax()) if levels[:, first, second].any() else 2
                rows.append(
                    {
                        "first": self.terms[first],
                        "second": self.terms[second],
                        "difference": general[first] - general[second],
                        "complete": self.shares[first, second],
                        "level": _LEVELS[level],
                        "reproduced": self.held[level, first, second],
                    }
                )
        return pd.DataFrame(rows, columns=["first", "second", "difference", "complete", "level", "reproduced"])

    def glance(self) -> pd.DataFrame:
        """Return one row: `outcome, n, r_squared`."""
        return pd.DataFrame({"outcome": [self.outcome], "n": [self.n], "r_squared": [self.r_squared]})

    def __repr__(self) -> str:
        first = self.terms[int(self.added.mean(axis=1).argmax())]
        return f"DominanceFit({len(self.terms)} drivers, {first} first, R² = {self.r_squared:.2f}; {self.n:,} answers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_dominance(
    answers: pd.DataFrame,
    *,
    outcome: str = "outcome",
    drivers: Sequence[str],
    groups: Mapping[str, Sequence[str]] | None = None,
    weight: str | None = None,
    missing: Missing = "em",
    draws: int = 1000,
    seed: int = 0,
) -> DominanceFit:
    """Compare what drivers add to R² in every subset of the others.

    Parameters
    ----------
    answers, outcome, drivers, groups, weight
        As in :func:`fit_importance`.
    missing
        ``"em"``, ``"pairwise"`` or ``"listwise"``, as in :func:`fit_importance`.
    draws
        Resamples of the bootstrap.
    seed
        Of the random numbers.

    Returns
    -------
    DominanceFit

    Raises
    ------
    DataError
        As in :func:`fit_importance`.
    ParameterError
        If an option is unknown, or there are more than 20 drivers.

    Notes
    -----
    Azen and Budescu (2003), The dominance analysis approach for comparing predictors in multiple regression. R:
    `dominanceanalysis`, `domir`. A tie counts half.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> answers = pd.DataFrame(rng.normal(size=(300, 2)), columns=["price", "service"])
    >>> answers["outcome"] = answers["price"] + 2 * answers["service"] + rng.normal(size=300)
    >>> fit_dominance(answers, drivers=["price", "service"], draws=200).pairs()["level"].tolist()
    ['complete']
    """
    check_draws(draws)
    ratings = to_ratings(answers, outcome=outcome, drivers=drivers, weight=weight)
    plan = to_plan(ratings, drivers=drivers, method="lmg", groups=groups or {})
    count = len(plan.units)
    if count > _MOST_UNITS:
        raise ParameterError(
            f"Dominance compares all subsets of at most {_MOST_UNITS} drivers, not {count}. Try: `groups`."
        )
    rows = to_moment_rows(ratings, missing=missing, seed=seed)
    correlation = whole_correlation(rows, ratings.terms)
    added, shares, r_squared = _compare(correlation[None], plan.units)
    held, usable = np.zeros((3, count, count)), 0
    for drawn in resampled_correlations(rows, draws=draws, seed=seed, batch=max(1, _NUMBERS >> count)):
        held += _dominates(*_compare(drawn, plan.units)[:2]).sum(axis=3)
        usable += len(drawn)
    return DominanceFit(
        outcome=outcome,
        terms=plan.terms,
        added=added[:, :, 0],
        shares=shares[:, :, 0],
        held=held / usable,
        r_squared=float(r_squared[0]),
        n=rows.n,
    )


def _compare(correlation: Array, units: Units) -> tuple[Array, Array, Array]:
    """Return mean gains by number of others (u, u, b), shares of subsets (u, u, b) and R² (b,)."""
    r_squared = subset_r_squared(correlation, units)
    return _mean_gains(r_squared), _shares_of_subsets(r_squared), r_squared[-1]


def _mean_gains(r_squared: Array) -> Array:
    """Return the mean gain of each unit when so many others are in: (u, u, b) from R² of all subsets (2**u, b)."""
    units = len(r_squared).bit_length() - 1
    sizes = subset_sizes(units)
    inside = np.stack([fold(r_squared * (sizes == size)[:, None]) for size in range(units + 1)], axis=1)
    total = np.stack([r_squared[sizes == size].sum(axis=0) for size in range(units + 1)])
    outside = total[None] - inside
    ways = np.array([comb(units - 1, size) for size in range(units)], dtype=float)[None, :, None]
    gains: Array = (inside[:, 1:] - outside[:, :-1]) / ways
    return gains


def _shares_of_subsets(r_squared: Array) -> Array:
    """Return in which share of the subsets of the others a unit (row) adds more than another (column)."""
    units = len(r_squared).bit_length() - 1
    shares = np.full((units, units, r_squared.shape[1]), 0.5)
    for low in range(units):
        for high in range(low + 1, units):
            cut = r_squared.reshape(-1, 2, 2 ** (high - low - 1), 2, 2**low, r_squared.shape[1])
            excess = cut[:, 0, :, 1] - cut[:, 1, :, 0]
            share = ((excess > _TIE) + 0.5 * (np.abs(excess) <= _TIE)).mean(axis=(0, 1, 2))
            shares[low, high], shares[high, low] = share, 1 - share
    return shares


def _dominates(added: Array, shares: Array) -> npt.NDArray[np.bool_]:
    """Return whether row dominates column completely, conditionally, generally: (3, u, u, b)."""
    excess = added[:, None] - added[None]
    general = added.mean(axis=1)
    return np.stack([shares == 1, np.all(excess > _TIE, axis=2), general[:, None] - general[None] > _TIE])

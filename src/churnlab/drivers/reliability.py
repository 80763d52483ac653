"""Reliability: do the items of a dimension measure one thing, and how well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import column_weights, numeric_columns
from churnlab.drivers.moments import standardise, to_moment_rows
from churnlab.drivers.ratings import Ratings
from churnlab.drivers.resamples import check_draws, resample
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["ReliabilityFit", "fit_reliability"]

Array = npt.NDArray[np.float64]

_MEASURES = ("alpha", "alpha_standardised", "omega", "ave")

_AGAINST = 0.1


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReliabilityFit:
    """Reliability of the dimensions of a questionnaire.

    Attributes
    ----------
    dimensions
        One row per dimension, as in :meth:`tidy`.
    item_table
        One row per item, as in :meth:`items`.
    missing
        How gaps were handled.
    conf_level
        Of every interval.
    """

    dimensions: pd.DataFrame
    item_table: pd.DataFrame
    missing: str
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per dimension.

        Returns
        -------
        DataFrame
            `dimension, items, n`; `alpha` (Cronbach), `alpha_standardised` (of items of equal variance), `omega` (McDonald's
            total, of one factor), `ave` (average variance extracted: mean squared loading), each with `_low` and `_high`;
            `improper`, true where a loading ran to its limit of 1, so that omega and AVE are not to be trusted.
        """
        return self.dimensions.copy()

    def items(self) -> pd.DataFrame:
        """Return one row per item.

        Returns
        -------
        DataFrame
            `dimension, item, mean, std_dev, item_rest` (correlation with the sum of the others), `loading` (on the one
            factor), `alpha_without`.
        """
        return self.item_table.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: `dimensions, items, missing, conf_level`."""
        return pd.DataFrame(
            {
                "dimensions": [len(self.dimensions)],
                "items": [len(self.item_table)],
                "missing": [self.missing],
                "conf_level": [self.conf_level],
            }
        )

    def __repr__(self) -> str:
        parts = ", ".join(f"{row.dimension} {row.alpha:.2f}" for row in self.dimensions.itertuples())
        return f"ReliabilityFit(alpha: {parts})"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_reliability(
    answers: pd.DataFrame,
    *,
    dimensions: Mapping[str, Sequence[str]],
    weight: str | None = None,
    missing: Literal["em", "listwise"] = "em",
    draws: int = 1000,
    seed: int = 0,
    conf_level: float = 0.95,
) -> ReliabilityFit:
    """Estimate how reliably each dimension is measured by its items.

    Parameters
    ----------
    answers
        One row per questionnaire.
    dimensions
        Two items or more for each, all of the same direction: ``{"delivery": ["d1", "d2", "d3"]}``.
    weight, missing, draws, seed
        As in :func:`fit_importance`.
    conf_level
        Of every interval.

    Returns
    -------
    ReliabilityFit

    Raises
    ------
    DataError
        If a column is missing, constant, empty or not of numbers, or an item runs against the others.
    ParameterError
        If a dimension has fewer than two items, or an option is unknown.

    Notes
    -----
    Cronbach (1951); McDonald (1999); Fornell and Larcker (1981). Loadings are those of one factor by minimum residuals
    (R: `psych::fa(fm = "minres")`) on correlations; with two items, which do not determine two loadings, they are taken to
    be equal. Alpha is that of the raw items (R: `psych::alpha`, raw). Limits are percentiles of the bootstrap.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> quality = rng.normal(size=(200, 1))
    >>> answers = pd.DataFrame(quality + rng.normal(size=(200, 3)), columns=["q1", "q2", "q3"])
    >>> fit_reliability(answers, dimensions={"quality": ["q1", "q2", "q3"]}, draws=200)
    ReliabilityFit(alpha: quality 0.70)
    """
    check_draws(draws)
    normal_quantile(conf_level)
    if missing not in ("em", "listwise"):
        raise ParameterError(f"`missing` must be 'em' or 'listwise', not {missing!r}.")
    weights = column_weights(answers, weight)
    rows, items = [], []
    for name, columns in dimensions.items():
        if isinstance(columns, str) or len(set(columns)) < 2:
            raise ParameterError(f"The dimension {name!r} must have two items or more, in a list.")
        ratings = _ratings(answers, list(columns), weights)
        moments = to_moment_rows(ratings, missing=missing, seed=seed)
        unit = np.outer(moments.scale, moments.scale)
        covariance = moments.covariance * unit
        loadings = _loadings(standardise(covariance[None]))[0]
        _refuse_reversed(name, columns, covariance)
        drawn = np.concatenate(
            [
                _measures(moments.to_covariance(totals) * unit)
                for totals in resample(moments.rows, draws=draws, seed=seed)
            ]
        )
        row = _row(name, columns, moments.n, np.vstack([_measures(covariance[None]), drawn]), conf_level)
        rows.append(row | {"improper": bool(np.abs(loadings).max() > 1 - 1e-9)})
        items += _items(name, columns, covariance, moments.shift, loadings)
    return ReliabilityFit(
        dimensions=pd.DataFrame(rows), item_table=pd.DataFrame(items), missing=missing, conf_level=conf_level
    )


def _ratings(answers: pd.DataFrame, columns: list[str], weights: Array) -> Ratings:
    values = numeric_columns(answers, columns)
    return Ratings(
        outcome=columns[-1],
        drivers=tuple(columns[:-1]),
        terms=tuple(columns[:-1]),
        driver_of=tuple(range(len(columns) - 1)),
        values=values,
        weight=weights,
    )


def _refuse_reversed(name: str, columns: Sequence[str], covariance: Array) -> None:
    leading = np.linalg.eigh(standardise(covariance[None])[0])[1][:, -1]
    leading = leading * (1 if (leading > 0).sum() >= (leading < 0).sum() else -1)
    against = [column for column, value in zip(columns, leading, strict=True) if value < -_AGAINST]
    if against:
        raise DataError(
            f"In the dimension {name!r}, {', '.join(f'`{column}`' for column in against)} runs against the other items. "
            "Try: reverse it (highest + lowest - answer), or leave it out."
        )


def _measures(covariance: Array) -> Array:
    """Return alpha, that of standardised items, omega and AVE (b, 4) of covariances (b, k, k)."""
    correlation = standardise(covariance)
    loadings = _loadings(correlation)
    common = loadings.sum(axis=1) ** 2
    omega = common / (common + (1 - loadings**2).sum(axis=1))
    return np.stack([_alpha(covariance), _alpha(correlation), omega, (loadings**2).mean(axis=1)], axis=1)


def _alpha(covariance: Array) -> Array:
    k = covariance.shape[1]
    own = np.trace(covariance, axis1=1, axis2=2)
    alpha: Array = k / (k - 1) * (1 - own / covariance.sum(axis=(1, 2)))
    return alpha


def _loadings(correlation: Array) -> Array:
    """Return the loadings (b, k) on one factor that leave the smallest squared residual correlations.

    Each loading in turn takes its least-squares value given the others, within ±1 (Harman and Fukuda 1966), until none
    moves.
    """
    k = correlation.shape[1]
    others = correlation * (1 - np.eye(k))
    start = np.sqrt(np.abs(others).sum(axis=(1, 2)) / (k * (k - 1)))
    loadings = np.repeat(start[:, None], k, axis=1)
    if k == 2:
        return loadings
    for _ in range(2000):
        before = loadings.copy()
        for place in range(k):
            rest = (loadings**2).sum(axis=1) - loadings[:, place] ** 2
            best = np.einsum("bj,bj->b", others[:, place], loadings) / rest
            loadings[:, place] = np.clip(best, -1.0, 1.0)
        if np.abs(loadings - before).max() < 1e-10:
            break
    return loadings


def _row(name: str, columns: Sequence[str], n: int, values: Array, conf_level: float) -> dict[str, object]:
    """Return a dimension's row from its measures (1 + b, 4): the estimates, then the resamples."""
    low, high = np.quantile(values[1:], [(1 - conf_level) / 2, (1 + conf_level) / 2], axis=0)
    row: dict[str, object] = {"dimension": name, "items": len(columns), "n": n}
    for place, measure in enumerate(_MEASURES):
        row |= {measure: values[0, place], f"{measure}_low": low[place], f"{measure}_high": high[place]}
    return row


def _items(
    name: str, columns: Sequence[str], covariance: Array, mean: Array, loadings: Array
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for place, column in enumerate(columns):
        rest = [other for other in range(len(columns)) if other != place]
        part = covariance[np.ix_(rest, rest)]
        rows.append(
            {
                "dimension": name,
                "item": column,
                "mean": mean[place],
                "std_dev": np.sqrt(covariance[place, place]),
                "item_rest": covariance[place, rest].sum() / np.sqrt(covariance[place, place] * part.sum()),
                "loading": loadings[place],
                "alpha_without": _alpha(part[None])[0] if len(rest) > 1 else np.nan,
            }
        )
    return rows

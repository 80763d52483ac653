"""Path models of satisfaction: image, expectation, quality, value → satisfaction → complaints, loyalty (ECSI, ACSI)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import column_weights, numeric_columns
from churnlab.drivers.moments import standardise, to_moment_rows
from churnlab.drivers.path_weights import Composites, path_coefficients, weigh_items
from churnlab.drivers.ratings import Ratings
from churnlab.drivers.resamples import check_draws, resample
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile

__all__ = ["PathFit", "fit_path_model"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PathFit:
    """A fitted path model of c constructs, each a weighted sum of its items.

    Attributes
    ----------
    constructs, items
        Names of the c constructs and k items.
    blocks, paths
        Which items belong to which construct (k, c); whether the row leads to the column (c, c).
    composites
        Weights and loadings of the items, correlations of the constructs; each has a first axis of length 1.
    item_correlation
        Of the items (k, k).
    samples
        Path coefficients in each resample (b, c, c).
    n
        Answers that count.
    conf_level
        Of every interval.
    """

    constructs: tuple[str, ...]
    items: tuple[str, ...]
    blocks: npt.NDArray[np.bool_]
    paths: npt.NDArray[np.bool_]
    composites: Composites
    item_correlation: Array
    samples: Array
    n: int
    conf_level: float

    @property
    def coefficients(self) -> Array:
        """Path coefficients (c, c) from the construct of the row to that of the column."""
        own: Array = path_coefficients(self.composites.correlation, self.paths)[0]
        return own

    def tidy(self) -> pd.DataFrame:
        """Return one row per path: `first, second, estimate, std_error, conf_low, conf_high`, of standardised scores."""
        return self._effects(self.paths, self.coefficients, self.samples)

    def total_effects(self) -> pd.DataFrame:
        """Return one row per pair of which one leads to the other on any way: the columns of :meth:`tidy`."""
        whole = _total(self.coefficients)
        reached = _total(self.paths.astype(float)) > 0
        return self._effects(reached, whole, _total(self.samples))

    def reliability(self) -> pd.DataFrame:
        """Return one row per construct.

        Returns
        -------
        DataFrame
            `construct, items`; `r_squared` (missing where nothing leads to it); `rho_c` (composite reliability), `rho_a`
            (Dijkstra and Henseler) and `ave` (average variance extracted); 1 for single items.
        """
        coefficients, between = self.coefficients, self.composites.correlation[0]
        explained = (coefficients * between).sum(axis=0)
        rows = []
        for place, name in enumerate(self.constructs):
            own = self.blocks[:, place]
            loading = self.composites.loadings[0, own, place]
            common = loading.sum() ** 2
            rows.append(
                {
                    "construct": name,
                    "items": int(own.sum()),
                    "r_squared": explained[place] if self.paths[:, place].any() else np.nan,
                    "rho_c": common / (common + (1 - loading**2).sum()),
                    "rho_a": self._rho_a(place),
                    "ave": (loading**2).mean(),
                }
            )
        return pd.DataFrame(rows)

    def loadings(self) -> pd.DataFrame:
        """Return one row per item: `construct, item, weight, loading`."""
        item, construct = np.nonzero(self.blocks)
        order = np.lexsort((item, construct))
        return pd.DataFrame(
            {
                "construct": [self.constructs[place] for place in construct[order]],
                "item": [self.items[place] for place in item[order]],
                "weight": self.composites.weights[0, item[order], construct[order]],
                "loading": self.composites.loadings[0, item[order], construct[order]],
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, constructs, items, paths, conf_level`."""
        return pd.DataFrame(
            {
                "n": [self.n],
                "constructs": [len(self.constructs)],
                "items": [len(self.items)],
                "paths": [int(self.paths.sum())],
                "conf_level": [self.conf_level],
            }
        )

    def _rho_a(self, place: int) -> float:
        own = self.blocks[:, place]
        if own.sum() == 1:
            return 1.0
        weight = self.composites.weights[0, own, place]
        between = self.item_correlation[np.ix_(own, own)]
        off = between - np.diag(np.diag(between))
        outer = np.outer(weight, weight)
        ratio = (weight @ off @ weight) / (weight @ (outer - np.diag(np.diag(outer))) @ weight)
        return float((weight @ weight) ** 2 * ratio)

    def _effects(self, chosen: npt.NDArray[np.bool_], estimate: Array, samples: Array) -> pd.DataFrame:
        first, second = np.nonzero(chosen)
        drawn = samples[:, first, second]
        low, high = np.quantile(drawn, [(1 - self.conf_level) / 2, (1 + self.conf_level) / 2], axis=0)
        return pd.DataFrame(
            {
                "first": [self.constructs[place] for place in first],
                "second": [self.constructs[place] for place in second],
                "estimate": estimate[first, second],
                "std_error": drawn.std(axis=0, ddof=1),
                "conf_low": low,
                "conf_high": high,
            }
        )

    def __repr__(self) -> str:
        return f"PathFit({len(self.constructs)} constructs, {int(self.paths.sum())} paths; {self.n:,} answers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def _total(coefficients: Array) -> Array:
    """Return direct and indirect effects: the sum of the powers of the coefficients, which end where no path leads on."""
    total: Array = np.linalg.inv(np.eye(coefficients.shape[-1]) - coefficients) - np.eye(coefficients.shape[-1])
    return total


def fit_path_model(
    answers: pd.DataFrame,
    *,
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    weight: str | None = None,
    missing: Literal["em", "listwise"] = "em",
    draws: int = 1000,
    seed: int = 0,
    conf_level: float = 0.95,
) -> PathFit:
    """Fit a path model of constructs that several items measure, by partial least squares.

    Parameters
    ----------
    answers
        One row per questionnaire.
    constructs
        Items of each: ``{"quality": ["q1", "q2"], "satisfaction": ["s1", "s2", "s3"]}``.
    paths
        What leads to what: ``[("quality", "satisfaction")]``; no way may lead back.
    weight, missing, seed
        As in :func:`fit_importance`.
    draws
        Resamples of the bootstrap.
    conf_level
        Of every interval.

    Returns
    -------
    PathFit

    Raises
    ------
    DataError
        If a column is missing, constant, empty or not of numbers.
    ParameterError
        If a path leads back or names no construct, a construct is in no path, or an item is in two.
    ConvergenceError
        If the weights do not settle.

    Notes
    -----
    Partial least squares with mode A and path weighting, from the correlations alone (Tenenhaus, Esposito Vinzi, Chatelin
    and Lauro 2005). R: `seminr::estimate_pls`. Composites are weighted sums with the error of their items in them, so that
    coefficients are attenuated; limits are percentiles of the bootstrap.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> quality = rng.normal(size=(300, 1))
    >>> answers = pd.DataFrame(quality + rng.normal(size=(300, 4)), columns=["q1", "q2", "s1", "s2"])
    >>> blocks = {"quality": ["q1", "q2"], "satisfaction": ["s1", "s2"]}
    >>> fit_path_model(answers, constructs=blocks, paths=[("quality", "satisfaction")], draws=100)
    PathFit(2 constructs, 1 paths; 300 answers)
    """
    check_draws(draws)
    normal_quantile(conf_level)
    if missing not in ("em", "listwise"):
        raise ParameterError(f"`missing` must be 'em' or 'listwise', not {missing!r}.")
    lead = _adjacency(constructs, paths)
    items = [item for block in constructs.values() for item in block]
    blocks = np.array([[item in block for block in constructs.values()] for item in items])
    ratings = Ratings(
        outcome=items[-1],
        drivers=tuple(items[:-1]),
        terms=tuple(items[:-1]),
        driver_of=tuple(range(len(items) - 1)),
        values=numeric_columns(answers, items),
        weight=column_weights(answers, weight),
    )
    rows = to_moment_rows(ratings, missing=missing, seed=seed)
    correlation = standardise(rows.covariance[None])
    samples = [
        path_coefficients(weigh_items(standardise(rows.to_covariance(totals)), blocks, lead).correlation, lead)
        for totals in resample(rows.rows, draws=draws, seed=seed)
    ]
    return PathFit(
        constructs=tuple(constructs),
        items=tuple(items),
        blocks=blocks,
        paths=lead,
        composites=weigh_items(correlation, blocks, lead),
        item_correlation=correlation[0],
        samples=np.concatenate(samples),
        n=rows.n,
        conf_level=conf_level,
    )


def _adjacency(constructs: Mapping[str, Sequence[str]], paths: Sequence[tuple[str, str]]) -> npt.NDArray[np.bool_]:
    names = list(constructs)
    items = [item for block in constructs.values() for item in block]
    if any(isinstance(block, str) or not len(block) for block in constructs.values()):
        raise ParameterError("Each construct must have a list of items.")
    if len(set(items)) < len(items):
        raise ParameterError("Each item must belong to one construct only.")
    lead = np.zeros((len(names), len(names)), dtype=bool)
    for first, second in paths:
        for name in (first, second):
            if name not in constructs:
                raise ParameterError(f"The path {first} → {second} names {name}, which is no construct.")
        lead[names.index(first), names.index(second)] = True
    alone = [name for name, used in zip(names, np.any(lead | lead.T, axis=0).tolist(), strict=True) if not used]
    if alone:
        raise ParameterError(f"The construct {alone[0]} is in no path. Try: leave it out.")
    if np.linalg.matrix_power(lead.astype(float), len(names)).any():
        raise ParameterError("The paths lead back to where they began. Try: leave one out.")
    return lead

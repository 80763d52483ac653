"""The result of a path model: effects, reliability of its constructs, loadings of their items."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.path_weights import Composites, path_coefficients

__all__ = ["PathFit"]

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

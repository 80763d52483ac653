"""A regression from cross-products by cluster: estimates, clustered errors, the jackknife."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.elasticity.coefficients import independent_terms, interval_of
from churnlab.elasticity.semidefinite import inverse
from churnlab.errors import DataError, ParameterError
from churnlab.inference import Interval, coefficient_table

__all__ = ["ByCluster", "SpecificationFit", "cluster_jackknife", "fit_specification", "solve"]

Array = npt.NDArray[np.float64]


class ByCluster(Protocol):
    """Cross-products by cluster, as `CrossProducts` holds them."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, the outcome first (m)."""

    @property
    def products(self) -> Array:
        """(G, m, m)."""

    @property
    def squares(self) -> Array:
        """Sums of squares before effects were taken out (m,)."""

    @property
    def n(self) -> int:
        """Rows."""

    @property
    def effects(self) -> dict[str, int]:
        """Levels by effect."""

    @property
    def clustered_parameters(self) -> int:
        """What effects add to the number of coefficients for clustered errors."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SpecificationFit:
    """A fitted demand curve from cross-products.

    Attributes
    ----------
    terms
        Names of the k coefficients.
    coefficients, covariance
        Estimates (k,) and their covariance (k, k).
    errors
        ``"cluster"`` or ``"jackknife"``.
    df
        Degrees of freedom of Student's t: clusters less 1.
    n
        Rows.
    conf_level
        Of every interval.
    """

    terms: tuple[str, ...]
    coefficients: Array
    covariance: Array
    errors: str
    df: float
    n: int
    conf_level: float

    @property
    def elasticity(self) -> Interval:
        """The coefficient of the logarithm of price.

        Raises
        ------
        ParameterError
            If that is none of the terms.
        """
        if "log_price" not in self.terms:
            raise ParameterError(
                f"The elasticity is the coefficient of log_price; the terms are {', '.join(self.terms)}."
            )
        place = self.terms.index("log_price")
        error = float(np.sqrt(self.covariance[place, place]))
        return interval_of(float(self.coefficients[place]), error, df=self.df, conf_level=self.conf_level)

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`."""
        return coefficient_table(self.terms, self.coefficients, self.covariance, conf_level=self.conf_level, df=self.df)

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, errors, df, conf_level`."""
        return pd.DataFrame({name: [getattr(self, name)] for name in ("n", "errors", "df", "conf_level")})

    def __repr__(self) -> str:
        found = ", ".join(f"{term} {value:.4g}" for term, value in zip(self.terms, self.coefficients, strict=True))
        return f"SpecificationFit({found}; {self.n:,} rows)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """Cross-products of k terms by cluster, X'X (G, k, k) and X'y (G, k), the inverse of their sum and the coefficients."""

    gram: Array
    moments: Array
    bread: Array
    coefficients: Array


def solve(data: ByCluster, terms: tuple[str, ...]) -> Solved:
    """Return the least-squares coefficients of some terms.

    Raises
    ------
    DataError
        If a term or the quantity does not vary, a term repeats others, or there is one cluster only.
    """
    if len(data.products) < 2:
        raise DataError(
            "There is only one cluster, and clustered errors take two or more (better: 30). Try: another cluster."
        )
    if data.squares[0] == 0:
        raise DataError(
            f"The quantity is the same in all {data.n:,} rows, so that no error is known. Try: more periods."
        )
    places = [data.names.index(term) for term in terms]
    gram, moments = data.products[:, places][:, :, places], data.products[:, places, 0]
    total = gram.sum(axis=0)
    independent_terms(terms, data.squares[places], total, effects=tuple(data.effects))
    bread = inverse(total)
    return Solved(gram=gram, moments=moments, bread=bread, coefficients=bread @ moments.sum(axis=0))


def fit_specification(data: ByCluster, terms: tuple[str, ...], *, conf_level: float) -> SpecificationFit:
    """Fit some terms, with clustered errors and the factors for small samples of :func:`covariances.clustered`."""
    found = solve(data, terms)
    scores = found.moments - np.einsum("gij,j->gi", found.gram, found.coefficients)
    clusters, total = len(data.products), len(terms) + data.clustered_parameters
    factor = (data.n - 1) / (data.n - total) * clusters / (clusters - 1)
    return SpecificationFit(
        terms=terms,
        coefficients=found.coefficients,
        covariance=factor * found.bread @ (scores.T @ scores) @ found.bread,
        errors="cluster",
        df=clusters - 1,
        n=data.n,
        conf_level=conf_level,
    )


def cluster_jackknife(data: ByCluster, terms: tuple[str, ...], *, conf_level: float) -> SpecificationFit:
    """Fit some terms, with errors from leaving out one cluster after the other.

    Raises
    ------
    DataError
        If a term rests on one cluster alone.
    """
    found = solve(data, terms)
    left = found.gram.sum(axis=0) - found.gram
    moments = found.moments.sum(axis=0) - found.moments
    smallest = np.einsum("gkk->gk", left) <= 1e-9 * np.diag(found.gram.sum(axis=0))
    if smallest.any():
        term = terms[int(np.argmax(smallest.any(axis=0)))]
        raise DataError(f"`{term}` varies within one cluster alone, which the jackknife leaves out. Try: fit.")
    gaps = np.linalg.solve(left, moments[:, :, None])[:, :, 0] - found.coefficients
    clusters = len(data.products)
    return SpecificationFit(
        terms=terms,
        coefficients=found.coefficients,
        covariance=(clusters - 1) / clusters * gaps.T @ gaps,
        errors="jackknife",
        df=clusters - 1,
        n=data.n,
        conf_level=conf_level,
    )

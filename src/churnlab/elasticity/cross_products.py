"""Cross-products by cluster, with effects taken out: what any further specification takes, in milliseconds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.blocks import row_blocks
from churnlab.elasticity.collapse import collapse
from churnlab.elasticity.covariances import parameters_of_sizes
from churnlab.elasticity.design import Form, Specification, to_design
from churnlab.elasticity.fit_statistics import outcome_and_regressors
from churnlab.elasticity.groups import Group
from churnlab.elasticity.specification import SpecificationFit, cluster_jackknife, fit_specification
from churnlab.elasticity.streaming import Piece, open_stream
from churnlab.elasticity.wild_bootstrap import BootstrapTest, wild_cluster_test
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile

__all__ = ["CrossProducts", "to_cross_products"]

Array = npt.NDArray[np.float64]

_PIECE = 1_000_000
"""Rows of a frame that are added up at a time, as of a file."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CrossProducts:
    """What a table of prices says of any regression on the same columns, effects and clusters.

    Attributes
    ----------
    names
        Of the columns (m): ``"log_quantity"``, the price, the controls.
    products
        Cross-products of the columns, effects taken out, of each cluster (G, m, m).
    squares
        Sums of squares around the mean before the effects were taken out (m,).
    n, n_singletons
        Rows, and rows left out because they were alone in a level of an effect.
    effects
        Levels of each effect, by its name.
    cluster
        By what the rows are clustered.
    parameters, clustered_parameters
        What the effects add to the number of coefficients: for independent errors, and for clustered ones.
    nested
        Whether all effects lie within clusters.
    """

    names: tuple[str, ...]
    products: Array
    squares: Array
    n: int
    n_singletons: int
    effects: dict[str, int]
    cluster: str
    parameters: int
    clustered_parameters: int
    nested: bool

    def fit(self, terms: tuple[str, ...] | None = None, *, conf_level: float = 0.95) -> SpecificationFit:
        """Fit log quantity on some of the columns, with errors clustered; by default on all of them.

        Raises
        ------
        DataError
            If a term does not vary beside the effects, or repeats others.
        ParameterError
            If a term is no column, or the level is not between 0 and 1.
        """
        normal_quantile(conf_level)
        return fit_specification(self, self._chosen(terms), conf_level=conf_level)

    def jackknife(self, terms: tuple[str, ...] | None = None, *, conf_level: float = 0.95) -> SpecificationFit:
        """Fit as :meth:`fit` does, with errors by leaving out one cluster after the other (CRV3).

        Raises
        ------
        DataError
            If a term rests on one cluster alone.
        ParameterError
            If a term is no column, or the level is not between 0 and 1.

        Notes
        -----
        MacKinnon, Nielsen and Webb (2023), Fast and reliable jackknife and bootstrap methods for cluster-robust inference. Exact
        where all effects lie within clusters; others are kept as they were estimated from all rows.
        """
        normal_quantile(conf_level)
        return cluster_jackknife(self, self._chosen(terms), conf_level=conf_level)

    def wild_bootstrap(
        self, term: str, *, value: float = 0.0, terms: tuple[str, ...] | None = None, draws: int = 9_999, seed: int = 0
    ) -> BootstrapTest:
        """Test a coefficient by the restricted wild cluster bootstrap, which few clusters ask for.

        Raises
        ------
        ParameterError
            If a term is no column or `term` is not among them, or there are no draws.

        Notes
        -----
        Cameron, Gelbach and Miller (2008), section III; signs by Rademacher, all of them where these are no more than `draws`.
        The numerator of the statistic is exact; its error is exact where all effects lie within clusters.
        """
        chosen = self._chosen(terms)
        if term not in chosen:
            raise ParameterError(f"{term!r} must be among the terms {', '.join(chosen)}.")
        if draws < 1:
            raise ParameterError(f"`draws` must be 1 or more, not {draws!r}.")
        return wild_cluster_test(self, chosen, term, value=value, draws=draws, seed=seed)

    def _chosen(self, terms: tuple[str, ...] | None) -> tuple[str, ...]:
        chosen = self.names[1:] if terms is None else tuple(terms)
        unknown = [term for term in chosen if term not in self.names[1:]]
        if unknown or not chosen or len(set(chosen)) < len(chosen):
            raise ParameterError(f"`terms` must be some of {', '.join(self.names[1:])}, each once, not {terms!r}.")
        return chosen

    def __repr__(self) -> str:
        return f"CrossProducts({', '.join(self.names)}; {len(self.products):,} clusters, {self.n:,} rows)"


def to_cross_products(
    prices: Any,
    *,
    controls: tuple[str, ...] = (),
    effects: tuple[str, ...] = ("product", "period"),
    cluster: str = "product",
    form: Form = "log-log",
) -> CrossProducts:
    """Add up prices by cluster, effects taken out; files are read in pieces and may be larger than memory.

    Parameters
    ----------
    prices
        Path of Parquet or CSV files of PRICES, which are streamed (twice, and looked at first); or a table or frame.
    controls
        Columns of numbers.
    effects
        As in :func:`fit_elasticity`; all but the largest should have few levels.
    cluster
        A column, or several joined by colons.
    form
        ``"log-log"`` or ``"semi-log"``.

    Returns
    -------
    CrossProducts

    Raises
    ------
    DataError
        As in :func:`fit_elasticity`. A stream is not searched for products that occur twice in a period.
    ParameterError
        If an option is unknown, or the effects have too many pairs of levels to be streamed.

    Examples
    --------
    >>> import pandas as pd
    >>> weeks = pd.date_range("2024-01-01", periods=4, freq="W-MON")
    >>> tea = pd.DataFrame({"product": "tea", "period": weeks, "price": [2.0, 4.0, 2.0, 4.0], "quantity": [40, 9, 40, 11]})
    >>> pie = pd.DataFrame({"product": "pie", "period": weeks, "price": [5.0, 5.0, 6.0, 6.0], "quantity": [8, 9, 5, 6]})
    >>> products = to_cross_products(pd.concat([tea, pie], ignore_index=True), effects=("product",))
    >>> products.fit().elasticity.estimate.__round__(3)
    -2.033
    """
    if form not in ("log-log", "semi-log"):
        raise ParameterError(f"`form` must be 'log-log' or 'semi-log', not {form!r}.")
    source = _open(prices, controls, effects, cluster, form)
    found = collapse(source.pieces, source.sizes)
    free = [size for size, nested in zip(source.sizes, found.nested, strict=False) if not nested]
    return CrossProducts(
        names=source.names,
        products=found.products,
        squares=found.squares,
        n=source.n,
        n_singletons=source.n_singletons,
        effects=dict(zip(effects, source.sizes, strict=False)),
        cluster=cluster,
        parameters=parameters_of_sizes(0, source.sizes[:-1]),
        clustered_parameters=parameters_of_sizes(0, free),
        nested=all(found.nested),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Source:
    """Rows that can be gone through again and again; groups are the effects, then the cluster."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    n: int
    n_singletons: int
    pieces: Callable[[], Iterable[Piece]]


def _open(prices: Any, controls: tuple[str, ...], effects: tuple[str, ...], cluster: str, form: Form) -> _Source:
    if isinstance(prices, str | Path):
        groups = tuple(dict.fromkeys((*effects, cluster)))
        stream = open_stream(prices, controls=controls, form=form, groups=groups, effects=effects)
        places = [groups.index(name) for name in (*effects, cluster)]

        def pieces() -> Iterator[Piece]:
            for piece in stream.pieces():
                yield Piece(columns=piece.columns, groups=tuple(piece.groups[place] for place in places))

        sizes = tuple(stream.sizes[place] for place in places)
        return _Source(names=stream.names, sizes=sizes, n=stream.n, n_singletons=stream.n_singletons, pieces=pieces)
    asked = Specification(effects=effects, cluster=(cluster,), controls=controls, form=form)
    design = to_design(prices, asked)
    columns, _ = outcome_and_regressors(design)
    groups_of_rows = (*design.groups, design.clusters[0])
    return _Source(
        names=("log_quantity", *design.terms),
        sizes=tuple(group.size for group in groups_of_rows),
        n=design.n,
        n_singletons=design.n_singletons,
        pieces=lambda: (_piece(columns, groups_of_rows, rows) for rows in row_blocks(design.n, _PIECE)),
    )


def _piece(columns: Array, groups: tuple[Group, ...], rows: slice) -> Piece:
    """Return some of the rows, without a copy."""
    return Piece(columns=columns[rows], groups=tuple(replace(group, codes=group.codes[rows]) for group in groups))

"""What a demand curve is fitted on: the columns, effects and clusters of the rows that count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.groups import Group, keep_rows, take_rows
from churnlab.elasticity.panel import Panel, open_panel, refuse_rows
from churnlab.elasticity.singletons import rows_with_company
from churnlab.errors import DataError, ParameterError

__all__ = ["Design", "Form", "Specification", "to_design"]

Array = npt.NDArray[np.float64]
Form = Literal["log-log", "semi-log"]


@dataclass(frozen=True, kw_only=True)
class Specification:
    """What is asked of the data, by names of columns.

    Attributes
    ----------
    effects, cluster
        Columns, or several joined by colons.
    controls, moderators, instruments
        Columns of numbers.
    form
        Whether price enters by its logarithm.
    weights
        A column of positive weights.
    zeros
        Whether quantities of 0 are allowed.
    series
        Whether the order in time is needed.
    """

    effects: tuple[str, ...]
    cluster: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    moderators: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    form: Form = "log-log"
    weights: str | None = None
    zeros: bool = False
    series: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Columns of the n rows that count.

    Attributes
    ----------
    quantity, price
        As they were (n,).
    terms
        Names of the k regressors, the price first.
    columns
        The k regressors (n,); they may be the caller's own memory.
    moderators
        The mean of each moderator, from which its effect on the elasticity is counted.
    instruments
        (n, l), columns contiguous.
    groups, clusters
        The effects and the ways to cluster.
    weights
        Of the rows (n,), or None.
    series
        Whose series in time a row belongs to, and its place in it; empty where that is not needed.
    n_singletons
        Rows left out because they were alone in a level of an effect.
    """

    quantity: Array
    price: Array
    terms: tuple[str, ...]
    columns: tuple[Array, ...]
    moderators: dict[str, float]
    instruments: Array
    groups: tuple[Group, ...]
    clusters: tuple[Group, ...]
    weights: Array | None
    series: tuple[Group, ...]
    n_singletons: int

    @property
    def n(self) -> int:
        """Number of rows that count."""
        return len(self.quantity)

    @cached_property
    def regressors(self) -> Array:
        """The columns side by side (n, k), contiguous."""
        return _beside(self.columns, self.n)

    def keep(self, kept: npt.NDArray[np.bool_]) -> "Design":
        """Return the design of the rows that are kept."""
        return self if kept.all() else self._take(kept, keep_rows)

    def together(self) -> "Design":
        """Return the design with its rows in the order of the first effect's levels."""
        codes = self.groups[0].codes
        if (codes[1:] >= codes[:-1]).all():
            return self
        small = codes.astype(np.min_scalar_type(self.groups[0].size))  # the smaller the numbers, the faster sorted
        return self._take(np.argsort(small, kind="stable"), take_rows)

    def _take(self, rows: Any, of_group: Callable[[Group, Any], Group]) -> "Design":
        return replace(
            self,
            quantity=self.quantity[rows],
            price=self.price[rows],
            columns=tuple(column[rows] for column in self.columns),
            instruments=np.asfortranarray(self.instruments[rows]),
            groups=tuple(of_group(group, rows) for group in self.groups),
            clusters=tuple(of_group(group, rows) for group in self.clusters),
            weights=None if self.weights is None else self.weights[rows],
            series=tuple(of_group(group, rows) for group in self.series),
        )

    def without_singletons(self) -> "Design":
        """Return the design without rows that are alone in a level of an effect, which are counted.

        Raises
        ------
        DataError
            If no row is left.
        """
        kept = rows_with_company(self.groups, self.n)
        lost = self.n - int(kept.sum())
        if lost == self.n:
            raise DataError(
                f"Each of the {self.n:,} rows is alone in a level of {' or '.join(group.name for group in self.groups)}. "
                "Try: coarser effects."
            )
        return replace(self.keep(kept), n_singletons=self.n_singletons + lost)


def to_design(prices: Any, asked: Specification) -> Design:
    """Take what was asked from a table of prices; singletons are out.

    Raises
    ------
    DataError
        If the table breaks the contract, a column is not there or is no number, or a quantity is 0 in a log model.
    ParameterError
        If an option is unknown, or a column has two roles.
    """
    _check(asked)
    panel = open_panel(prices)
    quantity, price = _quantity(panel, asked), panel.price()
    terms, columns, means = _regressors(panel, asked, price)
    design = Design(
        quantity=quantity,
        price=price,
        terms=terms,
        columns=tuple(columns),
        moderators=means,
        instruments=_beside([panel.number(name) for name in asked.instruments], panel.n),
        groups=tuple(panel.group(name) for name in asked.effects),
        clusters=tuple(panel.group(name) for name in asked.cluster),
        weights=None if asked.weights is None else _weights(panel, asked.weights),
        series=_series(panel) if asked.series else (),
        n_singletons=0,
    )
    return design.without_singletons()


def _check(asked: Specification) -> None:
    if asked.form not in ("log-log", "semi-log"):
        raise ParameterError(f"`form` must be 'log-log' or 'semi-log', not {asked.form!r}.")
    for name in ("effects", "cluster", "controls", "moderators", "instruments"):
        value = getattr(asked, name)
        if isinstance(value, str) or not all(isinstance(column, str) for column in value):
            raise ParameterError(f'`{name}` must be a tuple of names, as ("product", "period"), not {value!r}.')
    numbers = [*asked.controls, *asked.moderators, *asked.instruments]
    taken = [name for name in numbers if name in ("price", "quantity") or numbers.count(name) > 1]
    if taken:
        raise ParameterError(f"`{taken[0]}` has two roles. Try: name it once.")
    if len(set(asked.effects)) < len(asked.effects):
        raise ParameterError(f"An effect is named twice in {asked.effects}.")


def _quantity(panel: Panel, asked: Specification) -> Array:
    quantity = panel.number("quantity")
    if not asked.zeros:
        refuse_rows(
            quantity <= 0,
            quantity,
            "`quantity` must be above 0 in a model of its logarithm",
            "elasticity.fit_poisson_elasticity, which takes zeros; or leave out periods without a sale",
        )
    if quantity.min() == quantity.max():
        raise DataError(
            f"`quantity` is {quantity[0]:g} in all {panel.n:,} rows: without a quantity that changed, nothing can be said about "
            "how demand answers. Try: more periods, or more products."
        )
    return quantity


def _series(panel: Panel) -> tuple[Group, Group]:
    return panel.group("product:store" if "store" in panel.names else "product"), panel.group("period")


def _weights(panel: Panel, name: str) -> Array:
    weights = panel.number(name)
    refuse_rows(weights <= 0, weights, f"`{name}` must be above 0 as a weight", "leave these rows out")
    return weights


def _regressors(
    panel: Panel, asked: Specification, price: Array
) -> tuple[tuple[str, ...], list[Array], dict[str, float]]:
    means: dict[str, float]
    name, main = ("log_price", np.log(price)) if asked.form == "log-log" else ("price", price)
    terms, columns, means = [name], [main], {}
    for moderator in asked.moderators:
        values = panel.number(moderator)
        means[moderator] = float(values.mean())
        terms.append(f"{name}:{moderator}")
        columns.append(main * (values - means[moderator]))
    for control in [*asked.moderators, *asked.controls]:
        terms.append(control)
        columns.append(panel.number(control))
    return tuple(terms), columns, means


def _beside(columns: Sequence[Array], n: int) -> Array:
    together = np.empty((n, len(columns)), order="F")
    for place, column in enumerate(columns):
        together[:, place] = column
    return together

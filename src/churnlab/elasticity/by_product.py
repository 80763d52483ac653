"""The elasticity of every product at once, and what the products have in common."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.elasticity.attributes import attribute_matrix, attributes_of_groups
from churnlab.elasticity.batched import Slopes, fit_slopes
from churnlab.elasticity.covariance_choice import check_errors
from churnlab.elasticity.design import Design, Form, Specification, to_design
from churnlab.elasticity.elasticity_table import drawn_together, raw_table
from churnlab.elasticity.groups import combine_groups, count_levels, is_nested, ranked_within
from churnlab.elasticity.shrinkage import Population
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["ElasticitiesFit", "fit_elasticities"]

Array = npt.NDArray[np.float64]
_FEWEST = 4
"""Products from which on their spread is estimated."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ElasticitiesFit:
    """Elasticities of many products, each by itself and drawn towards the others.

    Attributes
    ----------
    table
        What :meth:`tidy` returns.
    left_out
        Groups without an estimate: their columns, `reason`, `n`.
    terms
        What the mean depends on: ``"constant"`` and the columns of `towards`.
    population
        Mean and spread of the true elasticities; None where there are fewer than four groups.
    n, n_singletons
        Rows fitted on, and rows left out since their product has one row only.
    form, errors
        As asked for.
    conf_level
        Of every interval.
    """

    table: pd.DataFrame
    left_out: pd.DataFrame
    terms: tuple[str, ...]
    population: Population | None
    n: int
    n_singletons: int
    form: Form
    errors: str
    conf_level: float

    @property
    def mean(self) -> float:
        """The mean of the true elasticities, over products."""
        if self.population is None:
            return float(self.table["raw_estimate"].mean())
        weight = 1 / (self.table["raw_std_error"] ** 2 + self.spread**2)
        return float(np.average(self.table["raw_estimate"], weights=weight))

    @property
    def spread(self) -> float:
        """The standard deviation of the true elasticities around what `towards` says of them; NaN for few groups."""
        return float("nan") if self.population is None else self.population.spread

    def tidy(self) -> pd.DataFrame:
        """Return one row per group.

        Its columns; `estimate, std_error, conf_low, conf_high`, drawn towards the others; the same by itself as `raw_…`;
        `shrinkage` (0: as by itself, 1: as the others); `n`, `df`; `price_mean, price_low, price_high`; `residual_variance` and
        `smearing` of log quantity.
        """
        return self.table.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, n_singletons, n_groups, n_left_out, mean, spread, form, errors, conf_level`."""
        return pd.DataFrame(
            {
                "n": [self.n],
                "n_singletons": [self.n_singletons],
                "n_groups": [len(self.table)],
                "n_left_out": [len(self.left_out)],
                "mean": [self.mean],
                "spread": [self.spread],
                "form": [self.form],
                "errors": [self.errors],
                "conf_level": [self.conf_level],
            }
        )

    def __repr__(self) -> str:
        return (
            f"ElasticitiesFit({len(self.table):,} estimates, mean {self.mean:.3g}, spread {self.spread:.3g}; "
            f"{len(self.left_out):,} left out)"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_elasticities(
    prices: Any,
    *,
    by: str = "product",
    controls: tuple[str, ...] = (),
    towards: tuple[str, ...] = (),
    form: Form = "log-log",
    errors: Literal["hc1", "iid"] = "hc1",
    conf_level: float = 0.95,
) -> ElasticitiesFit:
    """Estimate the elasticity of every product (or store, or category) by itself, then draw the noisy ones together.

    Parameters
    ----------
    prices
        A table or frame of PRICES (n rows).
    by
        A column, or several joined as ``"product:store"``: one elasticity for each of its values. Within it every product (and
        store) has a level of its own.
    controls
        Columns of numbers. One that does not vary in a group, or repeats others there, is left out of that group.
    towards
        Columns that are the same in all rows of a group and say towards what it is drawn: numbers, or text such as
        ``"category"``. By default all groups are drawn towards one mean.
    form
        ``"log-log"``, or ``"semi-log"``, where the elasticity is that at the group's mean price.
    errors
        Of the estimates by themselves: ``"hc1"`` or ``"iid"``.
    conf_level
        Of every interval.

    Returns
    -------
    ElasticitiesFit

    Raises
    ------
    DataError
        If the table breaks the contract, has a product twice in a period, a quantity of 0, or no group that can be estimated.
    ParameterError
        If an option is unknown.

    Notes
    -----
    Each estimate equals that of a regression of its own. Estimates are drawn together by empirical Bayes: true elasticities
    are taken to be normal around what `towards` says (see the module `shrinkage`). Drawn estimates are better on the whole, not
    for each: a product that is truly unlike the others is drawn too far.

    Examples
    --------
    >>> weeks = pd.date_range("2024-01-01", periods=4, freq="W-MON")
    >>> tea = pd.DataFrame({"product": "tea", "period": weeks, "price": [2.0, 4.0, 2.0, 4.0], "quantity": [40, 9, 40, 11]})
    >>> pie = pd.DataFrame({"product": "pie", "period": weeks, "price": [5.0, 5.0, 6.0, 6.0], "quantity": [8, 9, 5, 6]})
    >>> fit_elasticities(pd.concat([tea, pie], ignore_index=True)).tidy()[["product", "raw_estimate"]].round(2)
      product  raw_estimate
    0     pie         -2.40
    1     tea         -2.01
    """
    check_errors(errors, (), ("hc1", "iid"))
    if isinstance(towards, str):
        raise ParameterError(f"`towards` must be a tuple of names, as ({towards!r},).")
    normal_quantile(conf_level)
    design = _design(prices, by, controls, towards, form)
    slopes = _slopes(design)
    if not np.isfinite(slopes.estimate).any():
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in _reasons(slopes).value_counts().items())
        raise DataError(f"No group of `{by}` can be estimated: {reasons}. Try: more periods, or coarser groups.")
    return _result(design, slopes, form, errors, conf_level)


def _design(prices: Any, by: str, controls: tuple[str, ...], towards: tuple[str, ...], form: Form) -> Design:
    """Return the design whose first cluster is the group, and whose effect is the product (and store) within it.

    Its rows stand in the order of the groups, and within them of the products.
    """
    asked = Specification(effects=(), cluster=(by, *towards), controls=controls, form=form, series=True)
    design = to_design(prices, asked)
    unit, group = design.series[0], design.clusters[0]
    if not is_nested(unit, group):
        unit = combine_groups(unit.name, [unit, group])
    return replace(design, groups=(ranked_within(unit, group),), series=()).without_singletons().together()


def _slopes(design: Design) -> Slopes:
    price, *controls = design.columns
    groups, units = (count_levels(group) for group in (design.clusters[0], design.groups[0]))
    return fit_slopes(np.log(design.quantity), [*controls, price], groups, units)


def _reasons(slopes: Slopes) -> "pd.Series[Any]":
    """Return why a group has no estimate, for the groups without one."""
    lacking = np.flatnonzero(~np.isfinite(slopes.estimate))
    reason = np.where(
        slopes.constant,
        "with one price only",
        np.where(
            slopes.repeated,
            "with a price that moves with the controls",
            np.where(slopes.exact, "with a quantity that never varies, or that the terms give exactly", ""),
        ),
    )
    return pd.Series(np.where(reason == "", "with too few rows", reason)[lacking], index=lacking)


def _result(design: Design, slopes: Slopes, form: Form, errors: str, conf_level: float) -> ElasticitiesFit:
    group = design.clusters[0]
    rows = np.bincount(group.codes, minlength=group.size)
    reasons = _reasons(slopes)
    told = np.isfinite(slopes.estimate)
    raw = raw_table(design, slopes, form=form, errors=errors)[told].reset_index(drop=True)
    labels = group.labels()
    attributes = None
    if len(raw) >= _FEWEST:
        known = attributes_of_groups(group, design.clusters[1:])[told].reset_index(drop=True)
        attributes = attribute_matrix(known)
    table, population = drawn_together(raw, attributes, conf_level)
    return ElasticitiesFit(
        table=pd.concat([labels[told].reset_index(drop=True), table], axis=1),
        left_out=labels.loc[reasons.index].assign(reason=reasons, n=rows[reasons.index]).reset_index(drop=True),
        terms=("constant",) if attributes is None else attributes.terms,
        population=population,
        n=design.n,
        n_singletons=design.n_singletons,
        form=form,
        errors=errors,
        conf_level=conf_level,
    )

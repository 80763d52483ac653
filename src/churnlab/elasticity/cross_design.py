"""The regression of one product on the prices of all products in the same period (and store)."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.elasticity.design import Design
from churnlab.elasticity.groups import Group, combine_groups, group_values

__all__ = ["OwnDesign", "PricesThere", "own_design", "rival_prices"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class PricesThere:
    """Logarithms of the prices of J products in m periods (and stores) (m, J), NaN where there is none; each row's place."""

    log_prices: Array
    market: npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnDesign:
    """What one product is fitted on.

    Attributes
    ----------
    design
        Its rows; regressors are the prices that vary, its own first, then the controls that vary.
    rivals
        Places of the products whose prices these are, its own first (r,).
    n_incomplete, n_zero
        Rows left out since a price is lacking, or since nothing was sold.
    """

    design: Design
    rivals: tuple[int, ...]
    n_incomplete: int
    n_zero: int


def rival_prices(design: Design) -> PricesThere:
    """Return the prices of all products in each period (and store) of a design with series, products its last cluster."""
    unit, period = design.series
    stores = [values for name, values in unit.parts if name == "store"]
    market = period
    if stores:
        of_unit = group_values("store", pd.Series(stores[0]))
        store = Group(name="store", codes=of_unit.codes[unit.codes], size=of_unit.size, parts=of_unit.parts)
        market = combine_groups("market", [store, period])
    product = design.clusters[-1]
    table = np.full((market.size, product.size), np.nan)
    table[market.codes, product.codes] = np.log(design.price)
    return PricesThere(log_prices=table, market=market.codes)


def own_design(design: Design, there: PricesThere, place: int) -> OwnDesign:
    """Return what the product at a place is fitted on."""
    own = design.clusters[-1].codes == place
    lacking = np.isnan(there.log_prices).sum(axis=1)
    complete = own & (lacking[there.market] == 0)
    kept = complete & (design.quantity > 0)
    prices = there.log_prices[there.market[kept]]
    controls = [column[kept] for column in design.columns[1:]]
    order = [place, *(other for other in range(prices.shape[1]) if other != place)]
    rivals = tuple(other for other in order if other == place or _varies(prices[:, other]))
    varying = [place for place, control in enumerate(controls) if _varies(control)]
    columns = (*(prices[:, rival] for rival in rivals), *(controls[place] for place in varying))
    terms = (*(f"price {other}" for other in rivals), *(design.terms[1 + place] for place in varying))
    rows = design.keep(kept)
    fitted = replace(rows, columns=columns, terms=terms, clusters=rows.clusters[:-1])
    return OwnDesign(
        design=fitted.without_singletons(),
        rivals=rivals,
        n_incomplete=int((own & ~complete).sum()),
        n_zero=int((complete & (design.quantity == 0)).sum()),
    )


def _varies(column: Array) -> bool:
    return len(column) > 0 and bool(column.min() < column.max())

"""Rows beside the rows of the same product (and store) some periods before."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.design import Design
from churnlab.errors import DataError

__all__ = ["rows_before", "to_changes"]

Rows = npt.NDArray[np.intp]


def rows_before(design: Design, lag: int) -> Rows:
    """Return for each row the place of the row of its series so many periods before (n,), or -1.

    Parameters
    ----------
    design
        With its series.
    lag
        Number of periods, among those that occur in the table; 1 or more.
    """
    unit, period = design.series
    order = np.lexsort((period.codes, unit.codes))
    # Keys of a unit lie `lag` apart from those of the next, so that no period before its first one is another unit's.
    keys = unit.codes[order] * (period.size + lag) + period.codes[order]
    wanted = unit.codes * (period.size + lag) + period.codes - lag
    place = np.searchsorted(keys, wanted)
    inside = np.minimum(place, len(keys) - 1)
    found = keys[inside] == wanted
    rows: Rows = np.where(found, order[inside], -1)
    return rows


def to_changes(design: Design) -> Design:
    """Return the changes from the period before, of log quantity (first) and of all regressors.

    Raises
    ------
    DataError
        If no product is there in two neighbouring periods.
    """
    before = rows_before(design, 1)
    kept = before >= 0
    if not kept.any():
        raise DataError("No product is there in two neighbouring periods. Try: longer periods in to_prices.")
    values = (np.log(design.quantity), *design.columns)
    changes = tuple((column - column[before])[kept] for column in values)
    return replace(design.keep(kept), columns=changes, terms=("change", *design.terms)).without_singletons()

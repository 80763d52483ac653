"""Rows that are alone in a level of an effect: they fit perfectly and say nothing."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.groups import Group, count_levels

__all__ = ["rows_with_company"]


def rows_with_company(groups: Sequence[Group], n: int) -> npt.NDArray[np.bool_]:
    """Return the rows that are not alone in any level, even once the others that are have gone.

    Parameters
    ----------
    groups
        The effects, each of n rows.
    n
        Number of rows.

    Returns
    -------
    array (n,)

    Notes
    -----
    Correia (2015), Singletons, cluster-robust standard errors and fixed effects: such rows leave the estimates as they are
    and make clustered errors too small.

    Examples
    --------
    >>> from churnlab.elasticity.groups import group_values
    >>> import pandas as pd
    >>> product = group_values("product", pd.Series(["a", "a", "b", "c", "c"]))
    >>> week = group_values("week", pd.Series([1, 2, 1, 1, 2]))
    >>> rows_with_company([product, week], 5)
    array([ True,  True, False,  True,  True])
    """
    kept = np.ones(n, dtype=bool)
    counts = [count_levels(group) for group in groups]
    while True:
        alone = np.zeros(n, dtype=bool)
        for group, count in zip(groups, counts, strict=True):
            if (count == 1).any():
                alone |= (count == 1)[group.codes]
        alone &= kept
        if not alone.any():
            return kept
        kept &= ~alone
        for group, count in zip(groups, counts, strict=True):
            np.subtract(count, np.bincount(group.codes[alone], minlength=group.size), out=count)

"""Spells counted by what a fit needs to know of them: the same rows at a fraction of the number."""

from typing import Any

import pandas as pd

from churnlab import tables
from churnlab.errors import ParameterError
from churnlab.tables import Table
from churnlab.tables.dialects import DIALECTS

__all__ = ["to_spell_counts"]


def to_spell_counts(spells: Any, *, by: tuple[str, ...] | list[str] = ()) -> pd.DataFrame:
    """Count spells per distinct entry, duration, end and covariates.

    Parameters
    ----------
    spells
        A frame, file or table of SPELLS; with a column `weight`, each row stands for so many customers.
    by
        Names of the covariates to keep apart; include ``"reason"`` for competing reasons.

    Returns
    -------
    DataFrame
        SPELLS, in order: `entry` (where there is one), `duration`, `churned`, the covariates, and `weight`, the number of
        customers. Every curve and fit of it equals that of the single spells, but for what needs to know who is who, as
        errors clustered by customer do.

    Raises
    ------
    DataError
        If the table breaks the contract.
    ParameterError
        If a covariate is no column, or one that is counted anyway.

    Examples
    --------
    >>> to_spell_counts(pd.DataFrame({"duration": [1, 1, 2], "churned": [True, True, False]}))
       duration  churned  weight
    0       1.0     True     2.0
    1       2.0    False     1.0
    """
    table = spells if isinstance(spells, Table) else tables.read(spells, "SPELLS")
    own = [name for name in ("entry", "duration", "churned") if name in table.columns]
    wrong = [name for name in by if name not in table.columns or name in (*own, "weight")]
    if wrong:
        raise ParameterError(
            f"`by` must name covariates of {table.label}, which has {', '.join(table.columns)}; not {wrong!r}."
        )
    quote = DIALECTS[table.engine.dialect].quote
    columns = ", ".join(map(quote, [*own, *by]))
    weight = "sum(weight)" if "weight" in table.columns else "count(*)"
    return table.engine.frame(
        f"SELECT {columns}, CAST({weight} AS DOUBLE) AS weight FROM {table.view} GROUP BY {columns} ORDER BY {columns}"
    )

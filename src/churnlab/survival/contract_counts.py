"""What becomes of the contracts of a table as they are made into spells, in numbers."""

from datetime import date

import pandas as pd

from churnlab.survival.contracts import linked_sql, to_window
from churnlab.survival.overlaps import find_overlaps
from churnlab.tables import Table, require_table
from churnlab.tables.dialects import DIALECTS

__all__ = ["count_contracts"]


def count_contracts(
    subscriptions: Table,
    *,
    as_of: str | date,
    observed_from: str | date | None = None,
    longest_gap: int = 0,
) -> pd.DataFrame:
    """Count what becomes of the contracts of a table as they are made into spells.

    Parameters
    ----------
    subscriptions, as_of, observed_from, longest_gap
        As in :func:`to_spells`.

    Returns
    -------
    DataFrame
        Two columns, `what` and `value`: a row per count.

    Raises
    ------
    ParameterError
        If an argument is out of range.
    """
    require_table(subscriptions, "SUBSCRIPTIONS")
    window = to_window(as_of, observed_from, longest_gap)
    quote = DIALECTS[subscriptions.engine.dialect].quote
    morning = f"TIMESTAMP '{window.as_of.isoformat()} 00:00:00'"
    rows = subscriptions.engine.rows
    began, ends = rows(
        f"SELECT count(CASE WHEN start > {morning} THEN 1 END), "
        f"count(CASE WHEN start <= {morning} AND {quote('end')} > {morning} THEN 1 END) FROM {subscriptions.view}"
    )[0]
    n, overlapping, *_ = find_overlaps(subscriptions, window.as_of)
    customers, spells, gaps, returns = rows(
        f"""SELECT count(DISTINCT customer_id), coalesce(sum(opens), 0), count(CASE WHEN gap > 0 THEN 1 END),
    count(CASE WHEN opens = 1 AND spell > 1 THEN 1 END) FROM ({linked_sql(subscriptions, window)})"""
    )[0]
    counts = {
        "contracts that had begun": n,
        "of so many customers": customers,
        "begin later, left out": began,
        "end later, taken as running": ends,
        "overlap with an earlier one": overlapping,
        f"gaps of {longest_gap} days or less that were bridged": gaps,
        "spells": spells,
        "of these, returns after a longer gap": returns,
    }
    return pd.DataFrame({"what": list(counts), "value": [int(value) for value in counts.values()]})

"""Contracts of a customer that overlap: found, refused, or made into one."""

from dataclasses import replace
from datetime import date

from churnlab.errors import DataError
from churnlab.survival.contracts import ordered_sql, seen_sql
from churnlab.tables import Table, require_table
from churnlab.tables.dialects import DIALECTS

__all__ = ["find_overlaps", "merge_overlaps", "refuse_overlaps"]


def refuse_overlaps(subscriptions: Table, as_of: date) -> None:
    """Refuse contracts of a customer that begin before an earlier one has ended.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS.
    as_of
        The day on whose morning it is looked at.

    Raises
    ------
    DataError
        If there are any; it says how many, and the first.
    """
    n, count, customer, day = find_overlaps(subscriptions, as_of)
    if count:
        raise DataError(
            f"{count:,} of {n:,} contracts of {subscriptions.label} begin before an earlier one of the same customer has "
            f"ended (first: customer {customer}, {day}). If a customer counts as there while any contract runs, try: "
            "survival.merge_overlaps(subscriptions), which makes one contract of them and says how many there were."
        )


def find_overlaps(subscriptions: Table, as_of: date) -> tuple[int, int, str, str]:
    """Return the number of contracts, of those that overlap, and customer and day of the first of these.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS.
    as_of
        The day on whose morning it is looked at.
    """
    contracts, overlapping = f"({ordered_sql(seen_sql(subscriptions, as_of))})", "end_before > first_day"
    rows = subscriptions.engine.rows
    n, count = rows(f"SELECT count(*), count(CASE WHEN {overlapping} THEN 1 END) FROM {contracts}")[0]
    first = rows(
        f"""SELECT CAST(customer_id AS STRING), CAST(first_day AS STRING) FROM {contracts} WHERE {overlapping}
ORDER BY first_day, customer_id LIMIT 1"""
    )
    customer, day = first[0] if first else ("", "")
    return n, count, customer, day


def merge_overlaps(subscriptions: Table) -> Table:
    """Make one contract of those of a customer that overlap: she counts as there while any of them runs.

    Parameters
    ----------
    subscriptions
        A table of SUBSCRIPTIONS.

    Returns
    -------
    Table
        SUBSCRIPTIONS, whose label says how many contracts were merged: each from its first start to its last end, with the
        reason of the contract that ended last, and the other columns of the one that began first.

    Raises
    ------
    DataError
        If the rows cannot be read any more.

    Examples
    --------
    >>> import pandas as pd
    >>> from churnlab import tables
    >>> two = {"customer_id": ["a", "a"], "start": ["2024-01-01", "2024-01-20"], "end": ["2024-02-01", None]}
    >>> merge_overlaps(tables.read(pd.DataFrame(two), "SUBSCRIPTIONS"))
    Table(SUBSCRIPTIONS: 1 rows of the frame with 2 contracts merged into 1)
    """
    require_table(subscriptions, "SUBSCRIPTIONS")
    quote = DIALECTS[subscriptions.engine.dialect].quote
    end, never = quote("end"), "TIMESTAMP '9999-12-31 00:00:00'"
    columns = subscriptions.columns
    rest = [quote(name) for name in columns if name not in ("customer_id", "start", "end", "reason")]
    order = f"PARTITION BY customer_id ORDER BY start, coalesce({end}, {never})"
    before = f"max(coalesce({end}, {never})) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    last = (
        f"row_number() OVER (PARTITION BY customer_id, churnlab_run ORDER BY coalesce({end}, {never}) DESC, start DESC)"
    )
    chosen = {
        "customer_id": "customer_id",
        "start": "min(start) AS start",
        "end": f"CASE WHEN count({end}) = count(*) THEN max({end}) END AS {end}",
        "reason": "max(CASE WHEN churnlab_last = 1 THEN reason END) AS reason",
        **{name: f"max(CASE WHEN churnlab_first = 1 THEN {name} END) AS {name}" for name in rest},
    }
    listed = ", ".join(chosen.get(name, chosen.get(quote(name), "")) for name in columns)
    runs = f"""SELECT *, row_number() OVER (PARTITION BY customer_id, churnlab_run ORDER BY churnlab_place) AS churnlab_first,
        {last} AS churnlab_last
    FROM (
        SELECT *, sum(CASE WHEN churnlab_before > start THEN 0 ELSE 1 END)
            OVER (PARTITION BY customer_id ORDER BY churnlab_place) AS churnlab_run
        FROM (SELECT *, {before} AS churnlab_before, row_number() OVER ({order}) AS churnlab_place
            FROM {subscriptions.view})
    )"""
    engine = subscriptions.engine
    merged, into = engine.rows(
        f"SELECT coalesce(sum(n), 0), count(*) FROM (SELECT count(*) AS n FROM ({runs}) "
        "GROUP BY customer_id, churnlab_run HAVING count(*) > 1)"
    )[0]
    view = engine.create_view(f"SELECT {listed} FROM ({runs}) GROUP BY customer_id, churnlab_run")
    label = f"{subscriptions.label} with {int(merged):,} contracts merged into {int(into):,}"
    n = subscriptions.n - int(merged) + int(into)
    return replace(subscriptions, view=view, label=label, n=n, parent=subscriptions)

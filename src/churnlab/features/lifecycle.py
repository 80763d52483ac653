"""Where customers stand: first purchase, repeat, loyal, lapsing, gone; and how they move."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import pandas as pd

from churnlab.errors import DataError
from churnlab.features.history import days_sql, to_cut, to_days
from churnlab.features.intervals import with_share
from churnlab.features.lifecycle_rules import DEFAULT_RULES, NEW, STAGES, LifecycleRules, stages_sql
from churnlab.tables import Table

__all__ = ["lifecycle_counts", "lifecycle_transitions", "to_lifecycle"]


def to_lifecycle(
    orders: Table,
    *,
    as_of: str | date,
    rules: LifecycleRules = DEFAULT_RULES,
    observed_until: str | date | None = None,
) -> pd.DataFrame:
    """Return the stage of each customer as of a date.

    Parameters
    ----------
    orders
        A table of ORDERS; orders of a customer on one day count as one.
    as_of
        The day from which on nothing is known.
    rules
        What makes a customer loyal, lapsing or gone.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.

    Returns
    -------
    DataFrame
        One row per customer with an order before `as_of`, in order of `customer_id`: `customer_id`, `orders`,
        `recency_days` (days since the last order), `rhythm_days` (by which she is judged) and `stage`.

    Raises
    ------
    DataError
        If no order lies before `as_of`, the orders end before it, or nobody has ordered twice and there is no rhythm.
    ParameterError
        If an argument is no date.

    Notes
    -----
    The customer lifecycle of Blattberg, Kim and Neslin (2008), Database marketing, chapter 2, with silence measured in
    each customer's own rhythm as in Reinartz and Kumar (2000), Journal of Marketing 64 (4), 17-35. A rule is no model:
    it gives no probability, and a rhythm is seen only where it is shorter than the history.

    Examples
    --------
    >>> from churnlab import datasets
    >>> to_lifecycle(datasets.load_cdnow_sample(), as_of="1998-07-01")["stage"].value_counts(sort=False).tolist()
    [0, 201, 306, 213, 1637]
    """
    cut = _cut(orders, as_of, rules, observed_until)
    frame = orders.engine.frame(f"SELECT * FROM ({stages_sql(orders, cut, rules)}) ORDER BY customer_id")
    return frame.assign(stage=_staged(frame["stage"], STAGES))


def lifecycle_counts(
    orders: Table,
    *,
    as_of: Sequence[str | date],
    rules: LifecycleRules = DEFAULT_RULES,
    observed_until: str | date | None = None,
) -> pd.DataFrame:
    """Count the customers of each stage as of several dates.

    Parameters
    ----------
    orders, rules, observed_until
        As in :func:`to_lifecycle`.
    as_of
        Dates that ascend.

    Returns
    -------
    DataFrame
        One row per date and stage: `as_of`, `stage`, `customers`, `share` (of the customers known at the date).

    Raises
    ------
    DataError
        As in :func:`to_lifecycle`, for any of the dates.
    ParameterError
        If an argument is no date, or the dates do not ascend.

    Examples
    --------
    >>> from churnlab import datasets
    >>> counts = lifecycle_counts(datasets.load_cdnow_sample(), as_of=["1997-07-01", "1998-07-01"])
    >>> counts.groupby("as_of")["customers"].sum().tolist()
    [2357, 2357]
    """
    parts = []
    for day in to_days(as_of, "as_of"):
        cut = _cut(orders, day, rules, observed_until)
        found = orders.engine.frame(
            f"SELECT stage, count(*) AS customers FROM ({stages_sql(orders, cut, rules)}) GROUP BY stage"
        )
        counts = found.set_index("stage")["customers"].reindex(list(STAGES), fill_value=0).reset_index()
        counts.insert(0, "as_of", pd.Timestamp(cut))
        parts.append(counts.assign(share=counts["customers"] / counts["customers"].sum()))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(stage=_staged(frame["stage"], STAGES))


def lifecycle_transitions(
    orders: Table,
    *,
    as_of: Sequence[str | date],
    rules: LifecycleRules = DEFAULT_RULES,
    observed_until: str | date | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Count how customers move between the stages from each date to the next.

    Parameters
    ----------
    orders, rules, observed_until
        As in :func:`to_lifecycle`.
    as_of
        Two or more dates that ascend.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per pair of dates, stage at the first and stage at the second: `as_of`, `until`, `stage`, `next_stage`,
        `customers`, `share` (of those in `stage`; NaN where there are none) with Wilson's limits `conf_low, conf_high`.
        Customers who came in between are in the stage ``"new"`` at the first date.

    Raises
    ------
    DataError
        As in :func:`to_lifecycle`, for any of the dates.
    ParameterError
        If an argument is no date, there are fewer than two dates, they do not ascend, or the level is out of range.

    Notes
    -----
    Stages are not a Markov chain: who is lapsing after forty orders and who is after two do not have the same future,
    so powers of the matrix are no forecast. A customer may come back from gone without an order where the rhythm of all
    has grown in between; :attr:`LifecycleRules.rhythm_of_all` holds it fixed.

    Examples
    --------
    >>> from churnlab import datasets
    >>> moves = lifecycle_transitions(datasets.load_cdnow_sample(), as_of=["1997-07-01", "1998-07-01"])
    >>> moves["customers"].sum()
    np.int64(2357)
    """
    days = to_days(as_of, "as_of", least=2)
    cuts = [_cut(orders, day, rules, observed_until) for day in days]
    parts = [_moves(orders, before, after, rules) for before, after in pairwise(cuts)]
    frame = pd.concat(parts, ignore_index=True)
    whole = frame.groupby(["as_of", "stage"])["customers"].transform("sum")
    shared = with_share(frame.assign(whole=whole), "customers", "whole", conf_level=conf_level).drop(columns="whole")
    return shared.assign(stage=_staged(frame["stage"], (NEW, *STAGES)), next_stage=_staged(frame["next_stage"], STAGES))


def _moves(orders: Table, before: date, after: date, rules: LifecycleRules) -> pd.DataFrame:
    found = orders.engine.frame(f"""SELECT stage, next_stage, count(*) AS customers
FROM (
    SELECT coalesce(earlier.stage, '{NEW}') AS stage, later.stage AS next_stage
    FROM ({stages_sql(orders, after, rules)}) AS later
    LEFT JOIN ({stages_sql(orders, before, rules)}) AS earlier ON earlier.customer_id = later.customer_id
)
GROUP BY stage, next_stage""")
    grid = pd.MultiIndex.from_product([(NEW, *STAGES), STAGES], names=["stage", "next_stage"])
    frame = found.set_index(["stage", "next_stage"])["customers"].reindex(grid, fill_value=0).reset_index()
    frame.insert(0, "as_of", pd.Timestamp(before))
    frame.insert(1, "until", pd.Timestamp(after))
    return frame


def _cut(orders: Table, as_of: str | date, rules: LifecycleRules, observed_until: str | date | None) -> date:
    cut = to_cut(orders, as_of, observed_until)
    if rules.rhythm_of_all is None and not orders.engine.rows(_repeat_buyer_sql(orders, cut)):
        raise DataError(
            f"Nobody in {orders.label} has ordered on two days before {cut.isoformat()}, so there is no rhythm to judge "
            "silence by. Try: rules=LifecycleRules(rhythm_of_all=…), in days."
        )
    return cut


def _repeat_buyer_sql(orders: Table, cut: date) -> str:
    return f"SELECT customer_id FROM ({days_sql(orders, cut)}) GROUP BY customer_id HAVING count(*) > 1 LIMIT 1"


def _staged(stages: pd.Series, order: tuple[str, ...]) -> pd.Categorical:
    return pd.Categorical(stages, categories=list(order), ordered=True)

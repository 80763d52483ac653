"""From orders to spells, where nobody says that she leaves: gone after a silence."""

from datetime import date, timedelta
from typing import Literal

import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.features import Unit, days_per
from churnlab.features.dialects import DIALECTS
from churnlab.features.history import days_sql, to_cut
from churnlab.survival.spells import ZeroDurations
from churnlab.tables import Table

__all__ = ["to_order_spells"]


def to_order_spells(
    orders: Table,
    *,
    as_of: str | date,
    silence: int,
    dated: Literal["end_of_silence", "last_order"] = "end_of_silence",
    unit: Unit = "day",
    observed_until: str | date | None = None,
    zero_durations: ZeroDurations = "refuse",
) -> pd.DataFrame:
    """Make spells of orders: a customer has gone once so many days have passed without an order.

    Parameters
    ----------
    orders
        A table of ORDERS; orders of a customer on one day count as one.
    as_of
        The day from which on nothing is known.
    silence
        Days without an order after which a customer counts as gone. Her next order, if there is one, opens a second spell.
    dated
        When she left: ``"end_of_silence"``, `silence` days after her last order, or ``"last_order"``, on its day.
    unit
        Of `duration`.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.
    zero_durations
        What to do with spells of a single order where `dated` is ``"last_order"``: ``"refuse"``, ``"leave_out"`` or count
        ``"half_day"``.

    Returns
    -------
    DataFrame
        SPELLS, in order of customer and spell: `customer_id`, `spell` (1, 2, …), `start` (the day of its first order),
        `duration`, `churned`, `orders` (days with an order in it, up to `as_of`).

    Raises
    ------
    DataError
        If no order lies before `as_of`, the orders end before it, a duration is zero, or all or none have gone.
    ParameterError
        If an argument is out of range.

    Notes
    -----
    Nobody can be known to have gone in the last `silence` days. So with ``dated="last_order"`` everybody is followed up to
    `silence` days before the day before `as_of`, and later orders only tell who was still there then; with
    ``"end_of_silence"`` everybody is followed up to the day before `as_of`. The rule is a definition, not an observation:
    :func:`churnlab.repurchase.fit_bg_nbd` gives the probability that a silent customer comes back.

    Examples
    --------
    >>> from churnlab import datasets
    >>> spells = to_order_spells(datasets.load_cdnow_sample(), as_of="1998-07-01", silence=182, unit="week")
    >>> len(spells), int(spells["churned"].sum()), int((spells["spell"] > 1).sum())
    (2834, 2320, 477)
    """
    _check(silence, dated, zero_durations)
    cut = to_cut(orders, as_of, observed_until)
    followed = cut - timedelta(days=1 + (silence if dated == "last_order" else 0))
    sql = _spells_sql(orders, cut, followed, silence=silence, dated=dated)
    frame = orders.engine.frame(f"SELECT * FROM ({sql}) ORDER BY customer_id, spell")
    _refuse_one_sided(frame, orders.label, silence, followed)
    zero = frame["days"] == 0
    if zero.any() and zero_durations == "refuse":
        raise DataError(
            f"{int(zero.sum()):,} of {len(frame):,} spells consist of a single order, and last no time if they end with it. "
            'Try: dated="end_of_silence"; or say zero_durations="leave_out" or "half_day".'
        )
    if zero_durations == "leave_out":
        frame = frame[~zero].reset_index(drop=True)
    days = frame.pop("days").astype("float64").clip(lower=0.5)
    frame.insert(3, "duration", days / days_per(unit))
    return frame


def _check(silence: int, dated: str, zero_durations: str) -> None:
    if isinstance(silence, bool) or not isinstance(silence, int) or silence < 1:
        raise ParameterError(f"`silence` must be a whole number of days, 1 or more, not {silence!r}.")
    if dated not in ("end_of_silence", "last_order"):
        raise ParameterError(f"`dated` must be 'end_of_silence' or 'last_order', not {dated!r}.")
    if zero_durations not in ("refuse", "leave_out", "half_day"):
        raise ParameterError(f"`zero_durations` must be 'refuse', 'leave_out' or 'half_day', not {zero_durations!r}.")


def _spells_sql(orders: Table, cut: date, followed: date, *, silence: int, dated: str) -> str:
    days = DIALECTS[orders.engine.dialect].days
    on = f"DATE '{followed.isoformat()}'"
    ended = "last_day" if dated == "last_order" else f"CAST(last_day + INTERVAL {silence} DAY AS DATE)"
    opens = f"CASE WHEN day_before IS NULL OR {days('day', 'day_before')} > {silence} THEN 1 ELSE 0 END"
    return f"""SELECT customer_id, CAST(spell AS BIGINT) AS spell, CAST(first_day AS TIMESTAMP) AS start,
    {days(f"CASE WHEN ended <= {on} THEN ended ELSE {on} END", "first_day")} AS days, ended <= {on} AS churned, orders
FROM (
    SELECT *, {ended} AS ended
    FROM (
        SELECT customer_id, spell, min(day) AS first_day, max(day) AS last_day, count(*) AS orders
        FROM (
            SELECT customer_id, day, sum({opens}) OVER (PARTITION BY customer_id ORDER BY day) AS spell
            FROM (
                SELECT customer_id, day, lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS day_before
                FROM ({days_sql(orders, cut)})
            )
        )
        GROUP BY customer_id, spell
    )
)
WHERE first_day < {on}"""


def _refuse_one_sided(frame: pd.DataFrame, label: str, silence: int, followed: date) -> None:
    n, gone = len(frame), int(frame["churned"].sum())
    if gone == 0:
        raise DataError(
            f"None of {n:,} spells of {label} had ended by {followed.isoformat()} by a silence of {silence} days. Try a "
            "shorter silence."
        )
    if gone == n:
        raise DataError(
            f"All {n:,} spells of {label} had ended by {followed.isoformat()} by a silence of {silence} days. Try a longer "
            "silence, or an earlier as_of if the orders end before it."
        )

"""What makes a customer loyal, lapsing or gone: the rules, and their SQL."""

from dataclasses import dataclass
from datetime import date

from churnlab.errors import ParameterError
from churnlab.features.history import days_sql
from churnlab.features.units import require_whole
from churnlab.tables import Table

__all__ = ["DEFAULT_RULES", "NEW", "STAGES", "LifecycleRules", "stages_sql"]

STAGES = ("first", "repeat", "loyal", "lapsing", "gone")
"""One order so far; more than one; many; silent for longer than usual; silent for so long that she is taken for gone."""

NEW = "new"
"""Where customers come from who were none at the earlier of two dates."""


@dataclass(frozen=True, kw_only=True)
class LifecycleRules:
    """What makes a customer loyal, lapsing or gone.

    A customer's rhythm is the median time between her own orders. If she bought by chance at a constant rate (a Poisson
    process), she would be silent for longer than k of them with probability 2⁻ᵏ. So with the defaults one customer in
    eight who is still there is called lapsing by mistake, and one in 64 gone.

    Attributes
    ----------
    loyal_orders
        From so many days with an order on, a customer is loyal. With 4 her rhythm is the median of three times between
        orders, which one odd time does not move.
    lapsing_after, gone_after
        Silence, as a multiple of the customer's rhythm, after which she is lapsing, or gone.
    own_rhythm_orders
        A customer with fewer orders is judged by the rhythm of all: one or no time between orders says little.
    least_rhythm
        A shorter rhythm counts as this many days, so that two visits in a row do not make next week's silence a loss.
    rhythm_of_all
        In days; by default the median, over customers who ordered again, of their own rhythms as of the date. It grows
        with the length of history: give a number to hold it fixed between dates.
    """

    loyal_orders: int = 4
    lapsing_after: float = 3.0
    gone_after: float = 6.0
    own_rhythm_orders: int = 3
    least_rhythm: float = 7.0
    rhythm_of_all: float | None = None

    def __post_init__(self) -> None:
        for name in ("loyal_orders", "own_rhythm_orders"):
            require_whole(name, getattr(self, name), least=2)
        if not 0 < self.lapsing_after < self.gone_after < float("inf"):
            raise ParameterError(
                f"`lapsing_after` must be above 0 and below `gone_after`, not {self.lapsing_after} and "
                f"{self.gone_after}."
            )
        if not 0 < self.least_rhythm < float("inf"):
            raise ParameterError(f"`least_rhythm` must be above 0 days, not {self.least_rhythm}.")
        if self.rhythm_of_all is not None and not 0 < self.rhythm_of_all < float("inf"):
            raise ParameterError(f"`rhythm_of_all` must be above 0 days, not {self.rhythm_of_all}.")


DEFAULT_RULES = LifecycleRules()
"""Rules with the defaults of :class:`LifecycleRules`."""


def stages_sql(orders: Table, cut: date, rules: LifecycleRules) -> str:
    """Return the SQL of each customer's stage as of a day.

    Parameters
    ----------
    orders
        A table of ORDERS.
    cut
        The day from which on nothing is known.
    rules
        What makes a customer loyal, lapsing or gone.

    Returns
    -------
    str
        One row per customer: `customer_id`, `orders`, `recency_days`, `rhythm_days`, `stage`.
    """
    everyone = (
        "SELECT median(own_days) AS days_of_all FROM customers"
        if rules.rhythm_of_all is None
        else f"SELECT {_number(rules.rhythm_of_all)} AS days_of_all"
    )
    least = _number(rules.least_rhythm)
    return f"""WITH days AS (
    {days_sql(orders, cut)}
),
gaps AS (
    SELECT customer_id, age, lag(age) OVER (PARTITION BY customer_id ORDER BY age DESC) - age AS gap
    FROM days
),
customers AS (
    SELECT customer_id, count(*) AS orders, min(age) AS recency_days, median(1.0e0 * gap) AS own_days
    FROM gaps
    GROUP BY customer_id
),
everyone AS (
    {everyone}
),
judged AS (
    SELECT customer_id, orders, recency_days,
        CASE WHEN orders >= {rules.own_rhythm_orders} THEN own_days ELSE days_of_all END AS days
    FROM customers CROSS JOIN everyone
),
rhythms AS (
    SELECT customer_id, orders, recency_days, CASE WHEN days < {least} THEN {least} ELSE days END AS rhythm_days
    FROM judged
)
SELECT customer_id, orders, recency_days, rhythm_days,
    CASE
        WHEN recency_days > {_number(rules.gone_after)} * rhythm_days THEN 'gone'
        WHEN recency_days > {_number(rules.lapsing_after)} * rhythm_days THEN 'lapsing'
        WHEN orders >= {rules.loyal_orders} THEN 'loyal'
        WHEN orders > 1 THEN 'repeat'
        ELSE 'first'
    END AS stage
FROM rhythms"""


def _number(value: float) -> str:
    return f"{float(value)!r}e0" if "e" not in repr(float(value)) else repr(float(value))

"""What is known of each customer as of a date, and what she did afterwards."""

from churnlab.features.compose import Cut, Population
from churnlab.features.feature import Feature, dictionary, renamed
from churnlab.features.habits import (
    calendar,
    discounts,
    first_order,
    frequency,
    money,
    preference,
    rhythm,
    shares,
    windows,
)
from churnlab.features.leakage import check_leakage
from churnlab.features.relations import reach, survey, trouble, use, who
from churnlab.features.rfm import to_future, to_rfm, to_rfm_groups
from churnlab.features.snapshots import DEFAULTS, Snapshot, snapshot, snapshots
from churnlab.features.targets import TARGETS, amount_ahead, ordered_ahead, orders_ahead, silent_ahead
from churnlab.features.units import DAYS_PER_UNIT, Unit, days_per, shift

__all__ = [
    "DAYS_PER_UNIT",
    "DEFAULTS",
    "TARGETS",
    "Cut",
    "Feature",
    "Population",
    "Snapshot",
    "Unit",
    "amount_ahead",
    "calendar",
    "check_leakage",
    "days_per",
    "dictionary",
    "discounts",
    "first_order",
    "frequency",
    "money",
    "ordered_ahead",
    "orders_ahead",
    "preference",
    "reach",
    "renamed",
    "rhythm",
    "shares",
    "shift",
    "silent_ahead",
    "snapshot",
    "snapshots",
    "survey",
    "to_future",
    "to_rfm",
    "to_rfm_groups",
    "trouble",
    "use",
    "who",
    "windows",
]

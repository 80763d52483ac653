"""What is known of each customer as of a date, and what she did afterwards."""

from churnlab.features.activity import activity_churn
from churnlab.features.baskets import calendar, discounts, first_order, preference, shares
from churnlab.features.churn_rates import scale_rate, to_churn_counts, to_churn_rates
from churnlab.features.cohorts import repurchase_rates, to_cohorts
from churnlab.features.compose import Population
from churnlab.features.describe import describe_features
from churnlab.features.feature import Feature, dictionary, renamed
from churnlab.features.grains import Cut
from churnlab.features.habit_segments import HabitSegments, segment_by_habits
from churnlab.features.habits import frequency, money, rhythm, windows
from churnlab.features.history import observed_end
from churnlab.features.leakage import check_leakage
from churnlab.features.lifecycle import lifecycle_counts, lifecycle_transitions, to_lifecycle
from churnlab.features.lifecycle_rules import STAGES, LifecycleRules
from churnlab.features.loyalty import reach, referrals
from churnlab.features.periods import Period
from churnlab.features.plots import (
    plot_average_orders,
    plot_cohorts,
    plot_lifecycle_counts,
    plot_repurchase_rates,
    plot_segments,
    plot_transitions,
)
from churnlab.features.quality import correlated_groups, feature_quality
from churnlab.features.relations import survey, trouble, use, who
from churnlab.features.revenue import average_orders
from churnlab.features.rfm import to_future, to_rfm, to_rfm_groups
from churnlab.features.segments import SEGMENTS, Segment, profile_segments, rfm_scores, rfm_segments
from churnlab.features.snapshots import DEFAULTS, Snapshot, snapshot, snapshots
from churnlab.features.targets import TARGETS, amount_ahead, ordered_ahead, orders_ahead, silent_ahead
from churnlab.features.units import DAYS_PER_UNIT, Unit, days_per, shift

__all__ = [
    "DAYS_PER_UNIT",
    "DEFAULTS",
    "SEGMENTS",
    "STAGES",
    "TARGETS",
    "Cut",
    "Feature",
    "HabitSegments",
    "LifecycleRules",
    "Period",
    "Population",
    "Segment",
    "Snapshot",
    "Unit",
    "activity_churn",
    "amount_ahead",
    "average_orders",
    "calendar",
    "check_leakage",
    "correlated_groups",
    "days_per",
    "describe_features",
    "dictionary",
    "discounts",
    "feature_quality",
    "first_order",
    "frequency",
    "lifecycle_counts",
    "lifecycle_transitions",
    "money",
    "observed_end",
    "ordered_ahead",
    "orders_ahead",
    "plot_average_orders",
    "plot_cohorts",
    "plot_lifecycle_counts",
    "plot_repurchase_rates",
    "plot_segments",
    "plot_transitions",
    "preference",
    "profile_segments",
    "reach",
    "referrals",
    "renamed",
    "repurchase_rates",
    "rfm_scores",
    "rfm_segments",
    "rhythm",
    "scale_rate",
    "segment_by_habits",
    "shares",
    "shift",
    "silent_ahead",
    "snapshot",
    "snapshots",
    "survey",
    "to_churn_counts",
    "to_churn_rates",
    "to_cohorts",
    "to_future",
    "to_lifecycle",
    "to_rfm",
    "to_rfm_groups",
    "trouble",
    "use",
    "who",
    "windows",
]

"""Who leaves, when, and what goes with it."""

from churnlab.survival.collapse import to_spell_counts
from churnlab.survival.contracts import count_contracts, merge_overlaps
from churnlab.survival.cumulative_hazard import CumulativeHazardCurve, fit_nelson_aalen
from churnlab.survival.curve_summaries import compare_restricted_means
from churnlab.survival.incidence import IncidenceCurve, fit_aalen_johansen
from churnlab.survival.kaplan_meier import SurvivalCurve, fit_kaplan_meier
from churnlab.survival.log_rank import log_rank_groups, log_rank_test
from churnlab.survival.order_spells import to_order_spells
from churnlab.survival.periods import to_periods
from churnlab.survival.spells import to_spells, to_spells_table

__all__ = [
    "CumulativeHazardCurve",
    "IncidenceCurve",
    "SurvivalCurve",
    "compare_restricted_means",
    "count_contracts",
    "fit_aalen_johansen",
    "fit_kaplan_meier",
    "fit_nelson_aalen",
    "log_rank_groups",
    "log_rank_test",
    "merge_overlaps",
    "to_order_spells",
    "to_periods",
    "to_spell_counts",
    "to_spells",
    "to_spells_table",
]

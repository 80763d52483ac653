"""Who leaves, when, and what goes with it."""

from churnlab.survival.aft import fit_aft
from churnlab.survival.aft_fit import AftFit
from churnlab.survival.averages import average_lifetime, average_survival, expected_churns
from churnlab.survival.boosted import fit_boosted_hazard
from churnlab.survival.boosted_fit import BoostedHazardFit
from churnlab.survival.calibration import calibration_table, score_calibration
from churnlab.survival.cause_specific import CauseSpecificFit, fit_cause_specific
from churnlab.survival.check_plots import plot_coefficient_over_time, plot_functional_form, plot_influence
from churnlab.survival.collapse import to_spell_counts
from churnlab.survival.concordance import concordance, score_concordance
from churnlab.survival.contract_counts import count_contracts
from churnlab.survival.course_scores import d_calibration_table, score_d_calibration, score_lift
from churnlab.survival.cox import fit_cox
from churnlab.survival.cox_fit import CoxFit
from churnlab.survival.cumulative_hazard import CumulativeHazardCurve, fit_nelson_aalen
from churnlab.survival.curve_summaries import compare_restricted_means
from churnlab.survival.discrete_fit import DiscreteHazardFit
from churnlab.survival.discrete_time import fit_discrete_hazard
from churnlab.survival.functional_form import functional_form
from churnlab.survival.held_out import TimeSplit, cross_predict, predict_follow_up, split_time, to_follow_up
from churnlab.survival.incidence import IncidenceCurve, fit_aalen_johansen
from churnlab.survival.incidence_averages import average_incidence
from churnlab.survival.influence import cox_residuals, dfbeta, most_influential
from churnlab.survival.kaplan_meier import SurvivalCurve, fit_kaplan_meier
from churnlab.survival.log_rank import log_rank_groups, log_rank_test
from churnlab.survival.order_spells import to_order_spells
from churnlab.survival.overlaps import merge_overlaps
from churnlab.survival.periods import to_periods
from churnlab.survival.plots import (
    plot_calibration,
    plot_curves,
    plot_hazard_ratios,
    plot_incidence,
    plot_retention,
    plot_tenure_rates,
)
from churnlab.survival.proportional_hazards import check_proportional_hazards, coefficients_over_time
from churnlab.survival.reading import read_spells
from churnlab.survival.retention import to_retention
from churnlab.survival.scores import score_survival
from churnlab.survival.simulation import simulate_spells, simulate_subscriptions
from churnlab.survival.spells import to_spells, to_spells_table
from churnlab.survival.tenure_rates import TenureRates, fit_tenure_rates

__all__ = [
    "AftFit",
    "BoostedHazardFit",
    "CauseSpecificFit",
    "CoxFit",
    "CumulativeHazardCurve",
    "DiscreteHazardFit",
    "IncidenceCurve",
    "SurvivalCurve",
    "TenureRates",
    "TimeSplit",
    "average_incidence",
    "average_lifetime",
    "average_survival",
    "calibration_table",
    "check_proportional_hazards",
    "coefficients_over_time",
    "compare_restricted_means",
    "concordance",
    "count_contracts",
    "cox_residuals",
    "cross_predict",
    "d_calibration_table",
    "dfbeta",
    "expected_churns",
    "fit_aalen_johansen",
    "fit_aft",
    "fit_boosted_hazard",
    "fit_cause_specific",
    "fit_cox",
    "fit_discrete_hazard",
    "fit_kaplan_meier",
    "fit_nelson_aalen",
    "fit_tenure_rates",
    "functional_form",
    "log_rank_groups",
    "log_rank_test",
    "merge_overlaps",
    "most_influential",
    "plot_calibration",
    "plot_coefficient_over_time",
    "plot_curves",
    "plot_functional_form",
    "plot_hazard_ratios",
    "plot_incidence",
    "plot_influence",
    "plot_retention",
    "plot_tenure_rates",
    "predict_follow_up",
    "read_spells",
    "score_calibration",
    "score_concordance",
    "score_d_calibration",
    "score_lift",
    "score_survival",
    "simulate_spells",
    "simulate_subscriptions",
    "split_time",
    "to_follow_up",
    "to_order_spells",
    "to_periods",
    "to_retention",
    "to_spell_counts",
    "to_spells",
    "to_spells_table",
]

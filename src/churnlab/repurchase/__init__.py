"""Whether a customer buys again, and what she is worth."""

from churnlab.repurchase.assumptions import amount_frequency_correlation, check_assumptions
from churnlab.repurchase.bg_bb import fit_bg_bb
from churnlab.repurchase.bg_nbd import fit_bg_nbd, fit_mbg_nbd
from churnlab.repurchase.calibration import calibration_table, frequency_groups, probability_groups, recency_groups
from churnlab.repurchase.candidates import (
    ORDER_MODELS,
    Amounts,
    Candidates,
    fit_amounts,
    fit_order_models,
    forecast_customers,
    left_out,
)
from churnlab.repurchase.classifier import KNOWN_SIGNS, OrderClassifier, fit_order_classifier
from churnlab.repurchase.classifier_forecast import ClassifierForecast, forecast_by_classifier
from churnlab.repurchase.cnbd import fit_bg_cnbd, fit_mbg_cnbd, to_rfm_with_gaps
from churnlab.repurchase.customers import customers_to_act_on, group_customers, p_alive_grid, to_customers
from churnlab.repurchase.forecast import forecast_totals
from churnlab.repurchase.gamma_gamma import GammaGammaFit, fit_gamma_gamma
from churnlab.repurchase.histogram import to_frequency_histogram, to_order_histogram
from churnlab.repurchase.naive import SilenceRule, fit_base_rate, fit_silence_rule, nobody_changes
from churnlab.repurchase.panel import add_model_features, training_dates
from churnlab.repurchase.pareto_nbd import fit_pareto_nbd
from churnlab.repurchase.plots import (
    plot_calibration,
    plot_calibration_curve,
    plot_cumulative_tracking,
    plot_frequency_histogram,
    plot_p_alive,
    plot_retention,
    plot_tracking,
    plot_value_concentration,
)
from churnlab.repurchase.retention import fit_beta_discrete_weibull, fit_shifted_beta_geometric
from churnlab.repurchase.retention_curves import (
    RETENTION_MODELS,
    RetentionCurves,
    fit_retention_curves,
    project_survivors,
    read_survivors,
    score_retention,
)
from churnlab.repurchase.retention_fit import RetentionFit
from churnlab.repurchase.retention_rules import ConstantRetention, fit_constant_retention
from churnlab.repurchase.scores import SCORES, best_forecast, compare_forecasts, score_forecasts, to_score_table
from churnlab.repurchase.sensitivity import earlier_dates, to_sensitivity
from churnlab.repurchase.simulate_histories import (
    simulate_bg_bb,
    simulate_drop_out_at_order,
    simulate_pareto_nbd,
    simulate_survivors,
)
from churnlab.repurchase.split import TimeSplit, split_time
from churnlab.repurchase.tracking import to_tracking
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.repurchase.value import (
    customer_lifetime_value,
    lifetime_value_limits,
    total_lifetime_value,
    value_concentration,
)

__all__ = [
    "KNOWN_SIGNS",
    "ORDER_MODELS",
    "RETENTION_MODELS",
    "SCORES",
    "Amounts",
    "Candidates",
    "ClassifierForecast",
    "ConstantRetention",
    "GammaGammaFit",
    "OrderClassifier",
    "RetentionCurves",
    "RetentionFit",
    "SilenceRule",
    "TimeSplit",
    "TransactionFit",
    "add_model_features",
    "amount_frequency_correlation",
    "best_forecast",
    "calibration_table",
    "check_assumptions",
    "compare_forecasts",
    "customer_lifetime_value",
    "customers_to_act_on",
    "earlier_dates",
    "fit_amounts",
    "fit_base_rate",
    "fit_beta_discrete_weibull",
    "fit_bg_bb",
    "fit_bg_cnbd",
    "fit_bg_nbd",
    "fit_constant_retention",
    "fit_gamma_gamma",
    "fit_mbg_cnbd",
    "fit_mbg_nbd",
    "fit_order_classifier",
    "fit_order_models",
    "fit_pareto_nbd",
    "fit_retention_curves",
    "fit_shifted_beta_geometric",
    "fit_silence_rule",
    "forecast_by_classifier",
    "forecast_customers",
    "forecast_totals",
    "frequency_groups",
    "group_customers",
    "left_out",
    "lifetime_value_limits",
    "nobody_changes",
    "p_alive_grid",
    "plot_calibration",
    "plot_calibration_curve",
    "plot_cumulative_tracking",
    "plot_frequency_histogram",
    "plot_p_alive",
    "plot_retention",
    "plot_tracking",
    "plot_value_concentration",
    "probability_groups",
    "project_survivors",
    "read_survivors",
    "recency_groups",
    "score_forecasts",
    "score_retention",
    "simulate_bg_bb",
    "simulate_drop_out_at_order",
    "simulate_pareto_nbd",
    "simulate_survivors",
    "split_time",
    "to_customers",
    "to_frequency_histogram",
    "to_order_histogram",
    "to_rfm_with_gaps",
    "to_score_table",
    "to_sensitivity",
    "to_tracking",
    "total_lifetime_value",
    "training_dates",
    "value_concentration",
]

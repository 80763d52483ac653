"""Whether a customer buys again, and what she is worth."""

from churnlab.repurchase.assumptions import amount_frequency_correlation
from churnlab.repurchase.bg_nbd import BgNbdFit, fit_bg_nbd
from churnlab.repurchase.calibration import calibration_table, frequency_groups, recency_groups
from churnlab.repurchase.customers import group_customers, p_alive_grid, to_customers
from churnlab.repurchase.forecast import forecast_totals, simulate_totals
from churnlab.repurchase.gamma_gamma import GammaGammaFit, fit_gamma_gamma
from churnlab.repurchase.naive import SilenceRule, fit_base_rate, fit_silence_rule, nobody_changes
from churnlab.repurchase.plots import (
    plot_calibration,
    plot_cumulative_tracking,
    plot_p_alive,
    plot_tracking,
    plot_value_concentration,
)
from churnlab.repurchase.scores import score_forecasts
from churnlab.repurchase.split import TimeSplit, split_time
from churnlab.repurchase.tracking import to_tracking
from churnlab.repurchase.value import customer_lifetime_value, total_lifetime_value, value_concentration

__all__ = [
    "BgNbdFit",
    "GammaGammaFit",
    "SilenceRule",
    "TimeSplit",
    "amount_frequency_correlation",
    "calibration_table",
    "customer_lifetime_value",
    "fit_base_rate",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_silence_rule",
    "forecast_totals",
    "frequency_groups",
    "group_customers",
    "nobody_changes",
    "p_alive_grid",
    "plot_calibration",
    "plot_cumulative_tracking",
    "plot_p_alive",
    "plot_tracking",
    "plot_value_concentration",
    "recency_groups",
    "score_forecasts",
    "simulate_totals",
    "split_time",
    "to_customers",
    "to_tracking",
    "total_lifetime_value",
    "value_concentration",
]

"""How demand answers to price."""

from churnlab.elasticity.changes import price_changes
from churnlab.elasticity.checks import check_elasticities, check_prices
from churnlab.elasticity.decision import optimal_price, optimal_prices, price_change_effects, total_revenue_change
from churnlab.elasticity.demand import DemandCurve
from churnlab.elasticity.least_squares import ElasticityFit, fit_elasticity
from churnlab.elasticity.prices import to_prices
from churnlab.elasticity.retransformation import forecast_quantity, to_demand
from churnlab.elasticity.sales import SALES, unpriced_lines
from churnlab.elasticity.simulate import simulate_prices
from churnlab.elasticity.variation import price_variation

__all__ = [
    "SALES",
    "DemandCurve",
    "ElasticityFit",
    "check_elasticities",
    "check_prices",
    "fit_elasticity",
    "forecast_quantity",
    "optimal_price",
    "optimal_prices",
    "price_change_effects",
    "price_changes",
    "price_variation",
    "simulate_prices",
    "to_demand",
    "to_prices",
    "total_revenue_change",
    "unpriced_lines",
]

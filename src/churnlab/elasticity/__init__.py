"""How demand answers to price."""

from churnlab.elasticity.arc import arc_elasticity
from churnlab.elasticity.asymmetry import AsymmetryFit, fit_asymmetric_elasticity
from churnlab.elasticity.by_product import ElasticitiesFit, fit_elasticities
from churnlab.elasticity.changes import price_changes
from churnlab.elasticity.checks import check_elasticities, check_prices
from churnlab.elasticity.cross_prices import CrossPricesFit, fit_cross_prices
from churnlab.elasticity.cross_products import CrossProducts, to_cross_products
from churnlab.elasticity.decision import optimal_price, optimal_prices, price_change_effects, total_revenue_change
from churnlab.elasticity.demand import DemandCurve
from churnlab.elasticity.demand_plots import plot_demand, plot_margin
from churnlab.elasticity.dynamics import DynamicFit, fit_dynamic_elasticity
from churnlab.elasticity.instruments import InstrumentedFit, fit_instrumented
from churnlab.elasticity.least_squares import ElasticityFit, fit_elasticity
from churnlab.elasticity.moderators import ModeratorsFit, explain_elasticities
from churnlab.elasticity.naive import naive_forecasts
from churnlab.elasticity.plots import plot_cross_prices, plot_elasticities, plot_moderators, plot_price_history
from churnlab.elasticity.poisson import PoissonElasticityFit, fit_poisson_elasticity
from churnlab.elasticity.prices import to_prices
from churnlab.elasticity.products import describe_products, leading_products, to_traits
from churnlab.elasticity.retransformation import forecast_quantity, to_demand
from churnlab.elasticity.sales import SALES, unpriced_lines
from churnlab.elasticity.scores import score_quantities
from churnlab.elasticity.simulate import simulate_prices
from churnlab.elasticity.split import PriceSplit, split_periods
from churnlab.elasticity.variation import keep_varied, price_variation

__all__ = [
    "SALES",
    "AsymmetryFit",
    "CrossPricesFit",
    "CrossProducts",
    "DemandCurve",
    "DynamicFit",
    "ElasticitiesFit",
    "ElasticityFit",
    "InstrumentedFit",
    "ModeratorsFit",
    "PoissonElasticityFit",
    "PriceSplit",
    "arc_elasticity",
    "check_elasticities",
    "check_prices",
    "describe_products",
    "explain_elasticities",
    "fit_asymmetric_elasticity",
    "fit_cross_prices",
    "fit_dynamic_elasticity",
    "fit_elasticities",
    "fit_elasticity",
    "fit_instrumented",
    "fit_poisson_elasticity",
    "forecast_quantity",
    "keep_varied",
    "leading_products",
    "naive_forecasts",
    "optimal_price",
    "optimal_prices",
    "plot_cross_prices",
    "plot_demand",
    "plot_elasticities",
    "plot_margin",
    "plot_moderators",
    "plot_price_history",
    "price_change_effects",
    "price_changes",
    "price_variation",
    "score_quantities",
    "simulate_prices",
    "split_periods",
    "to_cross_products",
    "to_demand",
    "to_prices",
    "to_traits",
    "total_revenue_change",
    "unpriced_lines",
]

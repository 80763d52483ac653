"""From an elasticity to a decision: closed forms, limits that cover, and refusals with their reason."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from churnlab import elasticity
from churnlab.errors import DataError, ParameterError
from churnlab.inference import Interval


def slope(estimate: float, std_error: float = 0.0) -> Interval:
    margin = 1.959963984540054 * std_error
    return Interval(estimate=estimate, std_error=std_error, conf_low=estimate - margin, conf_high=estimate + margin)


def product(n: int = 60, *, noise: float = 0.3, truth: float = -2.0, seed: int = 1) -> pd.DataFrame:
    """Weeks of one product whose median quantity is 100 at a price of 2."""
    rng = np.random.default_rng(seed)
    price = 2.0 * np.exp(0.2 * rng.standard_normal(n))
    quantity = 100 * (price / 2.0) ** truth * np.exp(noise * rng.standard_normal(n))
    weeks = pd.date_range("2024-01-01", periods=n, freq="7D")
    return pd.DataFrame({"product": "tea", "period": weeks, "price": price, "quantity": quantity})


def at(*prices: float) -> pd.DataFrame:
    return pd.DataFrame({"price": prices})


def test_truth_the_level_is_duans_smearing():
    """Expected quantity is exp(forecast of the log) times the mean of exp(residuals), as Duan (1983) has it."""
    prices = product()
    logs, place = np.log(prices["quantity"]), np.log(prices["price"])
    intercept = (logs + 1.7 * place).mean()
    smearing = np.exp(logs - intercept + 1.7 * place).mean()
    found = elasticity.to_demand(prices, slope(-1.7)).predict(at(1.5, 2.0, 3.0))["estimate"]
    assert found.to_numpy() == pytest.approx(np.exp(intercept - 1.7 * np.log([1.5, 2.0, 3.0])) * smearing, rel=1e-12)


def test_truth_the_level_holds_with_zeros():
    """Of counts that are 0 in every fourth week, the curve finds the expectation (limit: 3 of its standard errors)."""
    rng = np.random.default_rng(3)
    prices = product(4000)
    prices["quantity"] = rng.poisson(1.4 * (prices["price"] / 2.0) ** -2).astype(float)
    assert (prices["quantity"] == 0).mean() > 0.2
    curve = elasticity.to_demand(prices, slope(-2.0))
    assert abs(curve.predict(at(2.0))["estimate"].item() / 1.4 - 1) < 3 * curve.quantity_std_error < 0.1


def test_truth_smearing_finds_the_mean_where_the_exponential_finds_the_median():
    """With noise of 0.8, the mean is 38 % above the median; the curve is near the mean (limit: 3 standard errors)."""
    prices = product(4000, noise=0.8)
    found = elasticity.to_demand(prices, slope(-2.0)).predict(at(2.0))
    mean = 100 * np.exp(0.8**2 / 2)
    assert abs(found["estimate"].item() / mean - 1) < 3 * np.sqrt((np.exp(0.8**2) - 1) / 4000)
    assert found["estimate"].item() > 1.3 * 100


def test_truth_revenue_and_margin_follow_from_quantity():
    """Revenue is price times quantity, margin what is left of it after cost, each with its limits in order."""
    curve = elasticity.to_demand(product(), slope(-2.0, 0.1), cost=1.5)
    found = curve.predict(at(1.0, 2.0, 3.0))
    assert found["revenue"].to_numpy() == pytest.approx(found["price"] * found["estimate"], rel=1e-14)
    assert found["margin"].to_numpy() == pytest.approx((found["price"] - 1.5) * found["estimate"], rel=1e-14)
    assert (found["margin_low"] < found["margin"]).all()
    assert (found["margin"] < found["margin_high"]).all()
    assert found["margin"].iloc[0] < 0


def test_truth_the_band_is_that_of_two_independent_errors():
    """The log of the curve has variance se(level)² + (distance)² se(slope)²; at the best-known price the level's alone."""
    curve = elasticity.to_demand(product(), slope(-2.0, 0.25))
    here, far = (curve.predict(at(price)) for price in (curve.price, 2 * curve.price))
    z = 1.959963984540054
    assert np.log(here["conf_high"] / here["estimate"]).item() == pytest.approx(z * curve.quantity_std_error, rel=1e-12)
    expected = z * np.hypot(curve.quantity_std_error, 0.25 * np.log(2))
    assert np.log(far["conf_high"] / far["estimate"]).item() == pytest.approx(expected, rel=1e-12)


def own_slope(prices: pd.DataFrame) -> Interval:
    """Least squares of log quantity on log price, by hand."""
    x, y = np.log(prices["price"]), np.log(prices["quantity"])
    x, y = x - x.mean(), y - y.mean()
    found = float(x @ y / (x @ x))
    return slope(found, float(np.sqrt(((y - found * x) ** 2).sum() / (len(x) - 2) / (x @ x))))


def test_truth_single_periods_by_ranks():
    """With 79 periods and the slope known, 95 % limits are the second smallest and second largest ratio: ranks (n + 1) p."""
    prices = product(79)
    ratio = np.sort(prices["quantity"] * (prices["price"] / 2.0) ** 2.0)
    curve = elasticity.to_demand(prices, slope(-2.0))
    found = [curve.period_low, curve.period_median, curve.period_high]
    assert found == pytest.approx(ratio[[1, 39, 77]] / ratio.mean(), rel=1e-12)


def test_truth_limits_cover_at_a_new_price():
    """Over 150 products, 95 % limits cover the expectation and a single new week in 95 % (±3 standard errors: 5.3 %)."""
    rng = np.random.default_rng(5)
    inside = np.zeros(2)
    mean = 100 * (1.3 / 2.0) ** -2 * np.exp(0.3**2 / 2)
    for seed in range(150):
        prices = product(80, seed=seed)
        found = elasticity.to_demand(prices, own_slope(prices)).predict(at(1.3)).iloc[0]
        week = 100 * (1.3 / 2.0) ** -2 * np.exp(0.3 * rng.standard_normal())
        inside += found["conf_low"] < mean < found["conf_high"], found["period_low"] < week < found["period_high"]
    assert inside / 150 == pytest.approx([0.95, 0.95], abs=0.053)


def test_truth_semi_log_curves():
    """With q ~ exp(b p), the curve follows the slope on the price itself."""
    curve = elasticity.to_demand(product(), slope(-0.8), form="semi-log", cost=1.0)
    found = curve.predict(at(1.5, 2.5))["estimate"]
    assert np.log(found[1] / found[0]) == pytest.approx(-0.8, rel=1e-12)
    assert elasticity.optimal_price(curve).estimate == pytest.approx(1.0 + 1 / 0.8, rel=1e-14)


def test_truth_a_fit_can_be_given_as_it_is():
    """A fit brings its own slope, standard error and form."""
    prices = elasticity.simulate_prices(20, 60, seed=2)
    for form in ("log-log", "semi-log"):
        fit = elasticity.fit_elasticity(prices, form=form)
        curve = elasticity.to_demand(prices[prices["product"] == 1], fit)
        assert (curve.slope, curve.form) == (fit.coefficients[0], form)
        assert curve.std_error == pytest.approx(np.sqrt(fit.covariance[0, 0]), rel=1e-14)


@settings(max_examples=40, deadline=None)
@given(st.floats(-6, -1.2), st.floats(0.2, 3))
def test_invariant_the_best_price_is_where_the_margin_peaks(estimate, cost):
    """No price earns more than c ε / (1 + ε), as a search finds too."""
    found = elasticity.optimal_prices(
        pd.DataFrame({"estimate": [estimate], "conf_low": [estimate], "conf_high": [estimate], "cost": cost,
                      "price_low": 0.0, "price_high": 1e9})
    )["optimal_price"].item()  # fmt: skip
    peak = minimize_scalar(lambda log: -(np.exp(log) - cost) * np.exp(estimate * log), bracket=(np.log(cost), 3))
    assert found == pytest.approx(np.exp(peak.x), rel=1e-5)


def test_truth_the_best_price_with_limits():
    """Limits of the slope become limits of the price; the standard error is c / (1 + ε)² se."""
    curve = elasticity.to_demand(product(200), slope(-2.5, 0.1), cost=1.2)
    found = elasticity.optimal_price(curve)
    low, high = (1.2 * e / (1 + e) for e in (-2.5 - 0.1959963984540054, -2.5 + 0.1959963984540054))
    values = [found.estimate, found.std_error, found.conf_low, found.conf_high]
    assert values == pytest.approx([2.0, 1.2 / 1.5**2 * 0.1, low, high], rel=1e-12)


def test_truth_the_upper_limit_is_open_where_demand_may_be_inelastic():
    """If the limits of the elasticity include -1, no price is too high to be the best."""
    curve = elasticity.to_demand(product(200), slope(-2.0, 0.6), cost=1.0)
    assert elasticity.optimal_price(curve).conf_high == np.inf


@pytest.mark.parametrize(
    ("estimate", "cost", "reason"),
    [
        (-0.9, 1.0, r"inelastic \(elasticity -0.90, not below -1\)"),
        (-1.05, 1.0, "it would be 21, above the highest price observed"),
        (-9.0, 0.5, "it would be 0.5625, below the lowest price observed"),
    ],
)
def test_input_refusals_say_why(estimate, cost, reason):
    """An inelastic curve and a best price outside what was observed are refused, alone and in a table."""
    curve = elasticity.to_demand(product(), slope(estimate), cost=cost)
    with pytest.raises(DataError, match=f"No best price is given: .*{reason}"):
        elasticity.optimal_price(curve)
    row = {"estimate": [estimate], "conf_low": [estimate], "conf_high": [estimate], "cost": cost}
    found = elasticity.optimal_prices(
        pd.DataFrame({**row, "price_low": curve.price_low, "price_high": curve.price_high})
    )
    assert found["optimal_price"].isna().all()
    assert found["refusal"].str.contains(reason).all()


def test_truth_verdicts_stand_beside_prices():
    """Each product has a verdict, and a price only if it is given; an unknown elasticity is no inelastic one."""
    estimate = [-2.0, -0.5, -1.1, -8.0, np.nan]
    products = pd.DataFrame({"estimate": estimate, "conf_low": estimate, "conf_high": estimate, "cost": 1.0})
    found = elasticity.optimal_prices(products.assign(price_low=1.5, price_high=3.0))
    assert found["verdict"].tolist() == [
        "given", "inelastic", "above what was observed", "below what was observed", "not known"
    ]  # fmt: skip
    assert found["optimal_price"].notna().tolist() == [True, False, False, False, False]
    assert (found["refusal"] == "").tolist() == [True, False, False, False, False]


def test_truth_effects_of_a_change():
    """A rise of 5 % changes quantity by 1.05^ε - 1, revenue by 1.05^(1+ε) - 1, margin by (1 + .05/m) 1.05^ε - 1."""
    table = pd.DataFrame({"estimate": [-2.0, -0.5], "conf_low": [-3.0, -1.0], "conf_high": [-1.0, 0.0]}, index=[7, 3])
    found = elasticity.price_change_effects(table, change=0.05, margin=0.4)
    assert found.index.tolist() == [7, 3]
    assert found["quantity_change"].to_numpy() == pytest.approx([1.05**-2 - 1, 1.05**-0.5 - 1], rel=1e-12)
    assert found["revenue_low"].to_numpy() == pytest.approx([1.05**-2 - 1, 0], abs=1e-12)
    assert found["revenue_high"].to_numpy() == pytest.approx([0, 0.05], abs=1e-12)
    assert found["margin_change"].iloc[0] == pytest.approx(1.125 * 1.05**-2 - 1, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.floats(-5, 1), st.floats(-0.5, 1).filter(lambda change: abs(change) > 1e-6))
def test_invariant_a_change_and_its_way_back(estimate, change):
    """A rise followed by the fall that undoes it leaves quantity as it was; limits hold the estimate."""
    table = pd.DataFrame({"estimate": [estimate], "conf_low": [estimate - 0.5], "conf_high": [estimate + 0.5]})
    there = elasticity.price_change_effects(table, change=change).iloc[0]
    back = elasticity.price_change_effects(table, change=1 / (1 + change) - 1).iloc[0]
    assert (1 + there["quantity_change"]) * (1 + back["quantity_change"]) == pytest.approx(1, rel=1e-9)
    for name in ("quantity", "revenue"):
        assert there[f"{name}_low"] <= there[f"{name}_change"] <= there[f"{name}_high"]


def test_truth_the_change_of_all_revenue_is_the_weighted_mean():
    """Products count by their revenue; with independent errors the variance is the weighted sum."""
    table = pd.DataFrame({"estimate": [-2.0, -1.0], "std_error": [0.2, 0.1], "revenue": [30.0, 70.0]})
    found = elasticity.total_revenue_change(table, change=0.1)
    parts = np.array([0.3 * 1.1**-1.0, 0.7])
    assert found.estimate == pytest.approx(parts.sum() - 1, rel=1e-12)
    assert found.std_error == pytest.approx(np.linalg.norm(parts * np.log(1.1) * [0.2, 0.1]), rel=1e-12)


def test_truth_the_limits_of_the_total_cover():
    """Over 1,000 draws of ten elasticities, limits cover the true change in 95 % (±3 standard errors: 2.1 %)."""
    rng = np.random.default_rng(8)
    truth, revenue = rng.normal(-2, 0.7, 10), rng.uniform(10, 100, 10)
    actual = revenue @ 1.05 ** (1 + truth) / revenue.sum() - 1
    inside = 0
    for _ in range(1000):
        table = pd.DataFrame({"estimate": truth + 0.3 * rng.standard_normal(10), "std_error": 0.3, "revenue": revenue})
        found = elasticity.total_revenue_change(table, change=0.05)
        inside += found.conf_low < actual < found.conf_high
    assert inside / 1000 == pytest.approx(0.95, abs=0.021)


def test_truth_forecasts_keep_the_level_of_each_product():
    """With the true elasticities and no noise, later weeks are forecast exactly; with 0, each product's mean is."""
    prices = elasticity.simulate_prices(5, 30, seed=6, noise=0)
    cut = prices["period"] < "2023-06-01"
    truth = prices.drop_duplicates("product").rename(columns={"elasticity": "estimate"})
    found = elasticity.forecast_quantity(prices[cut], prices[~cut], elasticity=truth)
    assert found["estimate"].to_numpy() == pytest.approx(prices.loc[~cut, "quantity"].to_numpy(), rel=1e-10)
    assert found.index.equals(prices.index[~cut])
    flat = elasticity.forecast_quantity(prices[cut], prices[~cut], elasticity=0.0)["estimate"]
    means = prices[cut].groupby("product")["quantity"].mean()
    assert flat.to_numpy() == pytest.approx(prices.loc[~cut, "product"].map(means).to_numpy(), rel=1e-12)


def test_input_forecasts_of_unknown_products():
    """A product without a history, or without an elasticity, is named."""
    prices = elasticity.simulate_prices(2, 10, seed=1)
    with pytest.raises(DataError, match=r"10 of 20 rows of `future` are of products without a history \(first: 2\)"):
        elasticity.forecast_quantity(prices[:10], prices, elasticity=-1.0)
    with pytest.raises(DataError, match=r"1 products have no elasticity \(first: 2\)"):
        elasticity.forecast_quantity(prices, prices, elasticity=pd.DataFrame({"product": [1], "estimate": [-1.0]}))


def test_input_of_forecasts():
    """Prices that are missing or no numbers, ids of another kind, and two elasticities of a product are said."""
    prices = elasticity.simulate_prices(2, 10, seed=1)
    cases = {
        "no column `price`": prices.drop(columns="price"),
        r"`price` must be a number: 20 of 20 rows .*first: row 1: 'dear'": prices.assign(price="dear"),
        "`price` of `future` must be above 0: 20 of 20 rows": prices.assign(price=np.nan),
        "`product` is numbers in `history` and text in `future`": prices.assign(product="tea"),
    }
    for message, future in cases.items():
        with pytest.raises(DataError, match=message):
            elasticity.forecast_quantity(prices, future, elasticity=-1.0)
    twice = pd.DataFrame({"product": [1, 2, 2], "estimate": -1.0})
    with pytest.raises(DataError, match=r"one row per product: 1 rows come on top \(first: 2\)"):
        elasticity.forecast_quantity(prices, prices, elasticity=twice)
    text = elasticity.forecast_quantity(prices, prices.assign(price=prices["price"].astype(str)), elasticity=-1.0)
    pd.testing.assert_frame_equal(text, elasticity.forecast_quantity(prices, prices, elasticity=-1.0))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"elasticity": -2.0}, "must have `estimate` and `std_error`"),
        ({"elasticity": slope(float("nan"))}, "The elasticity must be finite"),
        ({"form": "linear"}, "`form` must be"),
        ({"cost": -1.0}, "`cost` must be 0 or more"),
        ({"conf_level": 1.0}, "`conf_level` must lie between 0 and 1"),
    ],
)
def test_input_of_a_curve(options, text):
    """Each argument says what it may be."""
    arguments = {"elasticity": slope(-2.0), **options}
    with pytest.raises(ParameterError, match=text):
        elasticity.to_demand(product(), **arguments)


def test_input_rows_of_a_curve():
    """Few periods, several products, nothing sold and impossible prices are refused."""
    with pytest.raises(DataError, match="takes 8 periods or more, not 5"):
        elasticity.to_demand(product(5), slope(-2.0))
    with pytest.raises(DataError, match="is of one product, but `prices` holds 2"):
        elasticity.to_demand(elasticity.simulate_prices(2, 9, seed=1), slope(-2.0))
    with pytest.raises(DataError, match="Nothing was sold in any of 60 periods"):
        elasticity.to_demand(product().assign(quantity=0.0), slope(-2.0))
    with pytest.raises(ParameterError, match=r"`price` must be above 0, but 1 of 2 are not \(first: -1\)"):
        elasticity.to_demand(product(), slope(-2.0)).predict(at(1.0, -1.0))
    with pytest.raises(DataError, match="`price` must be a number: 1 of 1 rows break this"):
        elasticity.to_demand(product(), slope(-2.0)).predict(pd.DataFrame({"price": ["dear"]}))
    with pytest.raises(ParameterError, match="takes a cost above 0"):
        elasticity.optimal_price(elasticity.to_demand(product(), slope(-2.0)))


def test_input_of_effects():
    """A price cannot fall by more than it is, and a margin is a share."""
    table = pd.DataFrame({"estimate": [-2.0], "conf_low": [-3.0], "conf_high": [-1.0]})
    with pytest.raises(ParameterError, match="`change` must be above -1"):
        elasticity.price_change_effects(table, change=-1.0)
    with pytest.raises(ParameterError, match=r"`margin` must be in \(0, 1\]"):
        elasticity.price_change_effects(table, change=0.1, margin=40)
    with pytest.raises(DataError, match="no column `conf_low`"):
        elasticity.price_change_effects(table[["estimate"]], change=0.1)
    with pytest.raises(DataError, match="`revenue` must be above 0, but 1 of 1 rows"):
        elasticity.total_revenue_change(table.assign(std_error=1.0, revenue=0.0), change=0.1)
    with pytest.raises(DataError, match="`cost` must be above 0"):
        elasticity.optimal_prices(table.assign(cost=0.0, price_low=1.0, price_high=2.0))
    with pytest.raises(DataError, match="`cost` must be a number: 1 of 1 rows"):
        elasticity.optimal_prices(table.assign(cost="two", price_low=1.0, price_high=2.0))
    with pytest.raises(DataError, match="`estimate` must be a number: 1 of 1 rows"):
        elasticity.price_change_effects(table.assign(estimate="low"), change=0.1)


def test_smoke_a_curve_shows_itself():
    """A curve has one line, a table and HTML."""
    curve = elasticity.to_demand(product(), slope(-2.0, 0.1), cost=1.0)
    assert repr(curve).startswith("DemandCurve(log-log: ")
    assert curve.tidy()["term"].tolist() == ["elasticity", "quantity"]
    assert "<table" in curve._repr_html_()
    assert curve.with_cost(3.0).cost == 3.0
    assert curve.grid(5)["observed"].all()
    assert not curve.grid(5, beyond=0.5)["observed"].iloc[[0, -1]].any()

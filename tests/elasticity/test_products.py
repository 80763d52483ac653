"""What is known of products, which of them can be studied, and the rules that a model must beat."""

import numpy as np
import pandas as pd
import pytest

from churnlab import elasticity
from churnlab.errors import DataError, ParameterError


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    return elasticity.simulate_prices(30, 40, seed=5, promotions=0.2)


def test_truth_products_are_described_by_their_rows(prices):
    """Revenue, quantity, median price and promoted share are those of the product's own rows; empty text is unknown."""
    frame = prices.assign(brand=np.where(prices["product"] < 5, "own", None))
    found = elasticity.describe_products(frame, attributes=("category", "brand")).set_index("product")
    one = prices[prices["product"] == 7]
    assert found.loc[7, "revenue"] == pytest.approx((one["price"] * one["quantity"]).sum(), rel=1e-12)
    assert found.loc[7, "price_median"] == one["price"].median()
    assert found.loc[7, "promoted_share"] == pytest.approx(np.average(one["promoted"], weights=one["quantity"]))
    assert found["brand"].tolist() == ["own"] * 4 + ["unknown"] * 26
    assert list(found.columns[:2]) == ["category", "brand"]


def test_truth_traits_put_rare_values_together(prices):
    """A value of fewer than `least` products becomes other; what is the same for all is left out; price is in tenfolds."""
    frame = prices.assign(brand=np.where(prices["product"] < 5, "own", "known"), country="here")
    products = elasticity.describe_products(frame, attributes=("category", "brand", "country"))
    found = elasticity.to_traits(products, attributes=("category", "brand", "country"), least=5)
    assert set(found) == {"product", "category", "brand", "price_tenfold", "promoted_share"}
    assert found["brand"].value_counts().to_dict() == {"known": 26, "other": 4}
    enough = elasticity.to_traits(products, attributes=("brand",), least=4)
    assert enough["brand"].value_counts().to_dict() == {"known": 26, "own": 4}
    assert found["price_tenfold"].mean() == pytest.approx(0, abs=1e-12)
    dear, cheap = products["price_median"].idxmax(), products["price_median"].idxmin()
    ratio = products["price_median"][dear] / products["price_median"][cheap]
    assert found["price_tenfold"][dear] - found["price_tenfold"][cheap] == pytest.approx(np.log10(ratio))


def test_truth_traits_explain_what_was_built_in():
    """Products of a brand that is more sensitive by 1 are found to be so, within the limits."""
    rng = np.random.default_rng(1)
    own = np.repeat(rng.random(80) < 0.5, 50)
    prices = elasticity.simulate_prices(80, 50, seed=6, spread=0.2, price_variation=0.2)
    move = np.log(prices["price"]) - np.log(prices["price"]).groupby(prices["product"]).transform("mean")
    prices["quantity"] *= np.exp(-1.0 * own * move)
    prices["brand"] = np.where(own, "own", "known")
    traits = elasticity.to_traits(elasticity.describe_products(prices, attributes=("brand",)), attributes=("brand",))
    found = elasticity.explain_elasticities(elasticity.fit_elasticities(prices).tidy(), traits).tidy().set_index("term")
    assert found.loc["brand: own", "conf_low"] < -1 < found.loc["brand: own", "conf_high"] < -0.5


def test_truth_leading_products(prices):
    """The group with most revenue among large enough ones leads; without one, all products are a group."""
    products = elasticity.describe_products(prices, attributes=("category",))
    revenue = products.groupby("category")["revenue"].sum()
    found = elasticity.leading_products(products, within="category", most=3)
    assert (found["category"] == revenue.idxmax()).all()
    assert found["revenue"].is_monotonic_decreasing
    everywhere = elasticity.leading_products(products, within="product", most=3)
    assert everywhere["product"].tolist() == products.nlargest(3, "revenue")["product"].tolist()


def test_truth_products_whose_price_moved_are_kept(prices):
    """A constant price, too few weeks and a mixed unit each take a product out, and rows without a sale go."""
    frame = prices.copy()
    frame.loc[frame["product"] == 1, "price"] = 2.0
    frame = frame.drop(index=frame.index[(frame["product"] == 2)][:15])
    frame.loc[frame.index[frame["product"] == 3][20], "price"] *= 100
    frame.loc[frame.index[frame["product"] == 4][20], "quantity"] = 0
    found = elasticity.keep_varied(frame, least_periods=30)
    assert found["product"].unique().tolist() == list(range(4, 31))
    assert len(found) == 27 * 40 - 1


def test_truth_time_is_cut_before_the_last_periods(prices):
    """The last periods are held out, all others are history."""
    cut = elasticity.split_periods(prices, hold_out=12)
    assert cut.history["period"].max() < cut.start == cut.future["period"].min()
    assert (cut.periods, cut.future["period"].nunique()) == (28, 12)
    assert len(cut.history) + len(cut.future) == len(prices)


def test_truth_the_naive_rules_are_what_they_say(prices):
    """As before is the product's mean; one line is the slope of polyfit; one elasticity is the fit with both effects."""
    cut = elasticity.split_periods(prices, hold_out=10)
    found = elasticity.naive_forecasts(cut.history, cut.future)
    mean = cut.future["product"].map(cut.history.groupby("product")["quantity"].mean())
    assert found["as before"]["estimate"].to_numpy() == pytest.approx(mean.to_numpy(), rel=1e-12)
    line = np.polyfit(np.log(cut.history["price"]), np.log(cut.history["quantity"]), 1)[0]
    expected = elasticity.forecast_quantity(cut.history, cut.future, elasticity=line)
    assert found["one line"]["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy(), rel=1e-9)
    slope = elasticity.fit_elasticity(cut.history).elasticity.estimate
    expected = elasticity.forecast_quantity(cut.history, cut.future, elasticity=slope)
    assert found["one elasticity"]["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy(), rel=1e-9)


def test_invariant_own_elasticities_beat_the_naive_rules():
    """Where elasticities differ and prices move, those of single products forecast later weeks better than any one rule."""
    cut = elasticity.split_periods(elasticity.simulate_prices(80, 60, seed=7, spread=1.0, noise=0.2), hold_out=15)
    own = elasticity.fit_elasticities(cut.history).tidy()
    forecasts = elasticity.naive_forecasts(cut.history, cut.future)
    forecasts["own"] = elasticity.forecast_quantity(cut.history, cut.future, elasticity=own)
    scores = elasticity.score_quantities(forecasts, cut.future)
    deviance = scores[scores["score"] == "deviance"].set_index("model")["estimate"]
    assert deviance.idxmin() == "own"
    assert deviance["one elasticity"] < deviance["as before"]


def test_input_of_products(prices):
    """Attributes that change, none left, bad numbers and too few periods are refused."""
    with pytest.raises(DataError, match=r"`promoted` must be the same in all rows of a product: 30 products"):
        elasticity.describe_products(prices, attributes=("promoted",))
    with pytest.raises(DataError, match="no column `brand`"):
        elasticity.describe_products(prices, attributes=("brand",))
    with pytest.raises(DataError, match="None of 30 products has 41 periods with a sale or more"):
        elasticity.keep_varied(prices, least_periods=41)
    with pytest.raises(
        DataError, match=r"Of 40 periods, 35 held out leave 5 to learn from: fewer than 8. Try: hold_out=32"
    ):
        elasticity.split_periods(prices, hold_out=35)
    with pytest.raises(ParameterError, match="`hold_out` must be 1 or more, and whole, not 0"):
        elasticity.split_periods(prices, hold_out=0)
    with pytest.raises(ParameterError, match="`hold_out` must be 1 or more, and whole, not 5.5"):
        elasticity.split_periods(prices, hold_out=5.5)
    products = elasticity.describe_products(prices)
    with pytest.raises(ParameterError, match="`most` and `least` must be 1 or more"):
        elasticity.leading_products(products, most=0)
    with pytest.raises(ParameterError, match="`least` must be 1 or more"):
        elasticity.to_traits(products, least=0)

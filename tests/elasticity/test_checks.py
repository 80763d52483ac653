"""Checks find what is wrong with prices, say so in words, and stay quiet where nothing is."""

import numpy as np
import pandas as pd
import pytest

from churnlab import elasticity
from churnlab.errors import DataError, ParameterError


def findings(prices: pd.DataFrame) -> dict[str, str]:
    found = elasticity.check_prices(prices)
    return dict(zip(found["check"], found["finding"], strict=True))


def test_truth_good_prices_pass():
    """Prices that move at random pass every check."""
    found = findings(elasticity.simulate_prices(40, 60, seed=1, promotions=0.1))
    assert set(found.values()) == {"ok"}
    assert list(found) == ["variation", "promotion", "gaps", "zeros", "jumps", "endogeneity", "serial correlation"]


def test_truth_prices_that_hardly_move():
    """A price that never changes, and one that moves by a per cent or so, are counted."""
    prices = elasticity.simulate_prices(10, 60, seed=1)
    prices.loc[prices["product"] == 3, "price"] = 2.0
    prices.loc[prices["product"] == 4, "price"] **= 0.05
    row = elasticity.check_prices(prices).set_index("check").loc["variation"]
    assert (row["finding"], row["count"], row["of"]) == ("look", 2, 10)


def test_truth_prices_that_move_with_promotion_alone():
    """Where promotion explains more than 90 % of the variance of log price, it is said."""
    options = {"promotions": 0.2, "cost_variation": 0.01, "price_variation": 0.01}
    row = (
        elasticity.check_prices(elasticity.simulate_prices(10, 60, seed=1, **options))
        .set_index("check")
        .loc["promotion"]
    )
    assert (row["finding"], row["count"]) == ("look", 10)
    assert "moves only with promotion" in row["meaning"]


def test_truth_gaps_zeros_and_jumps_are_counted():
    """Two rows taken out, three sales of nothing and one price a hundredfold are found as so many."""
    prices = elasticity.simulate_prices(10, 60, seed=1)
    prices.loc[[100, 200, 300], "quantity"] = 0
    prices.loc[450, "price"] *= 100
    found = elasticity.check_prices(prices.drop(index=[5, 6])).set_index("check")
    assert found.loc[["gaps", "zeros", "jumps"], "count"].tolist() == [2, 3, 1]
    assert found.loc[["gaps", "zeros", "jumps"], "of"].tolist() == [600, 598, 10]


def later_seller(answer: float) -> pd.DataFrame:
    """Simulate a seller who raises the price in the week after a good one."""
    rng = np.random.default_rng(11)
    prices = elasticity.simulate_prices(60, 50, seed=2, noise=0)
    surprise = 0.3 * rng.standard_normal(len(prices))
    before = np.where(prices["period"] > prices["period"].min(), np.roll(surprise, 1), 0.0)
    move = np.exp(answer * before)
    prices["price"] *= move
    prices["quantity"] *= move ** prices["elasticity"] * np.exp(surprise)
    return prices


def test_truth_a_seller_who_answers_to_demand_is_found():
    """Prices that rise after good weeks are endogenous, and the words say what an instrument would be."""
    assert findings(later_seller(0.0))["endogeneity"] == "ok"
    row = elasticity.check_prices(later_seller(0.2)).set_index("check").loc["endogeneity"]
    assert row["finding"] == "look"
    assert row["estimate"] > row["conf_low"] > 0
    assert "An instrument is something that moves the price" in row["meaning"]


def test_truth_serial_correlation_is_found_and_measured():
    """Deviations that carry over by a half are estimated at a half, short panels included (limit: 0.08)."""
    for periods in (15, 80):
        prices = elasticity.simulate_prices(3000 // periods, periods, seed=3, noise=0, spread=0)
        rng = np.random.default_rng(4)
        noise = 0.3 * rng.standard_normal((3000 // periods, periods))
        for week in range(1, periods):
            noise[:, week] = 0.5 * noise[:, week - 1] + np.sqrt(0.75) * noise[:, week]
        prices["quantity"] *= np.exp(noise.ravel())
        row = elasticity.check_prices(prices).set_index("check").loc["serial correlation"]
        assert row["finding"] == "look"
        assert row["estimate"] == pytest.approx(0.5, abs=0.08)


def test_truth_correlations_hold_their_level():
    """Of 40 panels without any, 5 % at most are flagged on each side (±3 standard errors), for both correlations."""
    flagged = np.zeros(2)
    for seed in range(40):
        found = elasticity.check_prices(elasticity.simulate_prices(20, 30, seed=seed)).tail(2)
        flagged += (found["conf_low"] > 0).to_numpy()
    assert (flagged / 40 < 0.025 + 3 * np.sqrt(0.025 * 0.975 / 40)).all()


def test_truth_elasticities_are_checked_by_their_limits():
    """Surely positive, unclear, surely inelastic and extreme products are counted, each once."""
    table = pd.DataFrame(
        {
            "estimate": [1.0, 0.0, -0.5, -12.0, -2.0],
            "conf_low": [0.5, -1.0, -0.9, -13, -2.5],
            "conf_high": [2, 1, -0.1, -11, -1.5],
        }
    )
    found = elasticity.check_elasticities(table)
    assert found["check"].tolist() == ["sign", "unclear", "inelastic", "extreme"]
    assert found["count"].tolist() == [1, 1, 1, 1]
    assert (elasticity.check_elasticities(table[4:])["finding"] == "ok").all()


def test_input_of_checks():
    """Two periods, a level out of range and a table without limits are refused."""
    prices = elasticity.simulate_prices(5, 2, seed=1)
    with pytest.raises(DataError, match="There are 2 periods"):
        elasticity.check_prices(prices)
    with pytest.raises(ParameterError, match="`conf_level` must lie between 0 and 1"):
        elasticity.check_prices(prices, conf_level=95)
    with pytest.raises(DataError, match="no column `estimate`, `conf_low`, `conf_high`"):
        elasticity.check_elasticities(prices)


def test_truth_simulated_prices_follow_their_model():
    """Without noise, log quantity is exactly linear in log price with the stated slope; cost moves the price."""
    prices = elasticity.simulate_prices(6, 200, seed=9, noise=0, spread=0.4)
    for _, one in prices.groupby("product"):
        found = np.polyfit(np.log(one["price"]), np.log(one["quantity"]), 1)[0]
        assert found == pytest.approx(one["elasticity"].iloc[0], rel=1e-9)
    assert np.corrcoef(np.log(one["price"]), np.log(one["cost"]))[0, 1] > 0.5


def test_truth_simulated_endogeneity_biases_least_squares_and_cost_does_not():
    """With a seller who answers to demand, least squares is biased upwards by η σ² / var(log p); 2SLS on cost is not."""
    prices = elasticity.simulate_prices(1, 40_000, seed=9, elasticity=-2, spread=0, endogeneity=0.4)
    x, y, z = (np.log(prices[name]) - np.log(prices[name]).mean() for name in ("price", "quantity", "cost"))
    bias = 0.4 * 0.3**2 / (0.1**2 + 0.1**2 + (0.4 * 0.3) ** 2)
    truth = prices["elasticity"].iloc[0]
    assert (x @ y) / (x @ x) - truth == pytest.approx(bias, abs=0.05)
    assert (z @ y) / (z @ x) == pytest.approx(truth, abs=0.05)


def test_truth_simulated_counts_promotions_and_seasons():
    """Counts are whole and 0 at times; promotions take their share of weeks and their depth off the price."""
    options = {"promotions": 0.25, "promotion_depth": 0.3, "cost_variation": 0, "price_variation": 0}
    prices = elasticity.simulate_prices(50, 100, seed=9, quantity=2, counts=True, season=0.5, **options)
    assert (prices["quantity"] % 1 == 0).all()
    assert (prices["quantity"] == 0).any()
    assert prices["promoted"].mean() == pytest.approx(0.25, abs=0.02)
    offer, usual = (prices[prices["promoted"] == share].groupby("product")["price"].mean() for share in (1, 0))
    assert (offer / usual).to_numpy() == pytest.approx(0.7, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"products": 0}, "products = 0"),
        ({"noise": -1}, "noise = -1"),
        ({"promotions": 1.0}, r"in \[0, 1\): promotions = 1.0"),
    ],
)
def test_input_of_the_simulator(options, text):
    """Each number says what it may be."""
    with pytest.raises(ParameterError, match=text):
        elasticity.simulate_prices(**{"products": 2, "periods": 3, "seed": 1, **options})

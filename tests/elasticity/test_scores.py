"""Forecasts of quantity are scored in money, product by product."""

import numpy as np
import pandas as pd
import pytest

from churnlab import elasticity
from churnlab.errors import DataError, ParameterError


def frame(values: np.ndarray, index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({"estimate": values}, index=index)


def test_truth_scores_by_hand():
    """Bias, absolute error and deviance are sums of money over products; the standard error is Cochran's."""
    weeks = pd.to_datetime(["2024-01-01"] * 2)
    future = pd.DataFrame({"product": ["a", "b"], "period": weeks, "price": [2.0, 1.0], "quantity": [10.0, 0.0]})
    found = elasticity.score_quantities({"it": frame(np.array([8.0, 3.0]), future.index)}, future).set_index("score")
    assert found.loc["bias", "estimate"] == pytest.approx((2 * -2 + 1 * 3) / 20)
    assert found.loc["absolute_error", "estimate"] == pytest.approx(7 / 20)
    deviance = 2 * 2 * (10 * np.log(10 / 8) - 2) + 2 * 3
    assert found.loc["deviance", "estimate"] == pytest.approx(deviance / 20)
    scores = np.array([4 - 7 / 20 * 20, 3.0])
    assert found.loc["absolute_error", "std_error"] == pytest.approx(np.sqrt(2 * (scores @ scores)) / 20)


def test_invariant_the_truth_scores_best():
    """The true expectation has a lower deviance than other elasticities; so has the better level."""
    prices = elasticity.simulate_prices(80, 60, seed=4, noise=0, counts=True, spread=0)
    truth = prices["quantity"].to_numpy()
    scores = {}
    cut = prices["period"] < "2024-01-01"
    future = prices[~cut]
    forecasts = {
        str(value): elasticity.forecast_quantity(prices[cut], future, elasticity=value)
        for value in (0.0, -1.0, -2.0, -3.0)
    }
    found = elasticity.score_quantities(forecasts, future)
    scores = found[found["score"] == "deviance"].set_index("model")["estimate"]
    assert scores.idxmin() == "-2.0"
    excess = found[found["score"] == "deviance_excess"].set_index("model")
    assert excess.loc["-2.0", "conf_high"] < 0
    assert len(truth) == len(prices)


def test_invariant_the_unit_of_money_and_the_order_do_not_matter():
    """Prices in cents, or rows in another order, give the same scores."""
    future = elasticity.simulate_prices(10, 12, seed=4)
    forecast = frame(future["quantity"].to_numpy() * 1.1 + 1, future.index)
    found = elasticity.score_quantities({"it": forecast}, future)
    cents = elasticity.score_quantities({"it": forecast}, future.assign(price=future["price"] * 100))
    back = elasticity.score_quantities({"it": forecast[::-1]}, future[::-1])
    pd.testing.assert_frame_equal(found, cents)
    pd.testing.assert_frame_equal(found, back)


def test_input_of_scores():
    """No forecast, other rows, a forecast of 0 and a missing column are refused."""
    future = elasticity.simulate_prices(3, 4, seed=4)
    with pytest.raises(ParameterError, match="no forecast"):
        elasticity.score_quantities({}, future)
    with pytest.raises(ParameterError, match="`forecasts` must be frames by the names of their models"):
        elasticity.score_quantities(future, future)
    with pytest.raises(DataError, match="are not those of `future`"):
        elasticity.score_quantities({"it": frame(np.ones(11), future.index[1:])}, future)
    with pytest.raises(DataError, match="must be above 0 and finite: 12 of 12 rows"):
        elasticity.score_quantities({"it": frame(np.zeros(12), future.index)}, future)
    with pytest.raises(DataError, match="has no column `estimate`"):
        elasticity.score_quantities({"it": future}, future)
    with pytest.raises(DataError, match="Nothing was sold"):
        elasticity.score_quantities({"it": frame(np.ones(12), future.index)}, future.assign(quantity=0.0))

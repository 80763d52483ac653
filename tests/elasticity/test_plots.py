"""The figures of the elasticity family draw what their frames hold."""

import numpy as np
import pandas as pd
import pytest

from churnlab import elasticity, theme
from churnlab.errors import DataError, ParameterError
from churnlab.inference import Interval


@pytest.fixture
def table() -> pd.DataFrame:
    estimate = np.linspace(-3, -0.5, 12)
    limits = {"conf_low": estimate - 0.4, "conf_high": estimate + 0.4}
    return pd.DataFrame(
        {"product": [f"<b>{n}" for n in range(12)], "estimate": estimate[::-1], "raw_estimate": estimate[::-1] * 1.3}
    ).assign(conf_low=limits["conf_low"][::-1], conf_high=limits["conf_high"][::-1])


@pytest.fixture
def curve() -> elasticity.DemandCurve:
    prices = elasticity.simulate_prices(1, 50, seed=2)
    slope = Interval(estimate=-3.0, std_error=0.3, conf_low=-3.6, conf_high=-2.4)
    return elasticity.to_demand(prices, slope, cost=float(prices["price"].median()) / 1.5)


def test_smoke_elasticities_stand_in_order(table):
    """The most sensitive product is at the bottom, each with its name, few or many."""
    ax = elasticity.plot_elasticities(table)
    assert [label.get_text() for label in ax.get_yticklabels()] == [f"<b>{n}" for n in range(11, -1, -1)]
    theme.close(ax)
    many = pd.concat([table] * 10, ignore_index=True)
    ax = elasticity.plot_elasticities(many)
    assert ax.get_ylabel().startswith("120 products")
    theme.close(ax)


def test_smoke_demand_and_margin(curve):
    """The curve's line is that of the grid, the best price is marked, and what was never observed is shaded."""
    grid = curve.grid(11, beyond=0.3)
    ax = elasticity.plot_demand(grid, prices=elasticity.simulate_prices(1, 50, seed=2), currency="Euro")
    assert ax.get_xlabel() == "Price in Euro"
    assert any(np.allclose(line.get_ydata(), grid["estimate"]) for line in ax.lines if len(line.get_ydata()) == 11)
    assert [text.get_text() for text in ax.texts] == ["never observed"] * 2
    theme.close(ax)
    optimum = elasticity.optimal_price(curve)
    ax = elasticity.plot_margin(grid, optimum=optimum, current=curve.last_price)
    assert any(line.get_xdata()[0] == optimum.estimate for line in ax.lines)
    assert ax.get_ylabel() == "Margin a period"
    theme.close(ax)
    ax = elasticity.plot_margin(grid.drop(columns="margin"))
    assert ax.get_ylabel() == "Revenue a period"
    theme.close(ax)


def test_smoke_cross_prices():
    """Each cell of the matrix is written out; empty ones stay empty, and nothing is called minus zero."""
    matrix = pd.DataFrame([[-2.0, 0.3], [np.nan, -0.01]], index=["tea", "milk"], columns=["tea", "milk"])
    ax = elasticity.plot_cross_prices(matrix)
    assert [text.get_text() for text in ax.texts] == ["-2.0", "0.3", "0.0"]
    theme.close(ax)
    with pytest.raises(ParameterError, match="shows 1 to 15 products, not 16"):
        elasticity.plot_cross_prices(pd.DataFrame(np.eye(16)))


def test_smoke_moderators_and_history(table):
    """Terms are named from top to bottom; promoted weeks are marked."""
    ax = elasticity.plot_moderators(table.rename(columns={"product": "term"}))
    assert ax.yaxis_inverted()
    theme.close(ax)
    prices = elasticity.simulate_prices(1, 50, seed=2, promotions=0.3)
    ax = elasticity.plot_price_history(prices)
    marked = next(line for line in ax.lines if line.get_label() == "Promoted")
    assert len(marked.get_xdata()) == prices["promoted"].sum()
    theme.close(ax)


def test_invariant_the_same_frame_gives_the_same_bytes(table):
    """A figure depends on its frame alone."""
    first, second = (elasticity.plot_elasticities(table) for _ in range(2))
    assert theme.to_svg(first) == theme.to_svg(second)
    theme.close(first)
    theme.close(second)


def test_input_of_plots(table):
    """A missing column, no rows and several products are refused."""
    with pytest.raises(DataError, match="no column `conf_low`"):
        elasticity.plot_elasticities(table.drop(columns="conf_low"))
    with pytest.raises(DataError, match="has no rows"):
        elasticity.plot_elasticities(table[:0])
    with pytest.raises(DataError, match="of one product, not of 2"):
        elasticity.plot_price_history(elasticity.simulate_prices(2, 5, seed=1))

"""The matrix of own- and cross-price elasticities."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from churnlab.elasticity import fit_cross_prices
from churnlab.errors import DataError, ParameterError

TRUE = np.array([[-2.0, 0.5, 0.0], [0.8, -2.5, 0.3], [0.0, 0.2, -1.5]])


def simulate_category(weeks, stores, seed, true=TRUE):
    """Return the prices and quantities of products that stand in for each other as `true` says."""
    rng = np.random.default_rng(seed)
    size = len(true)
    log_prices = rng.normal(0.5, 0.2, (stores, weeks, size))
    levels = 4 + rng.normal(0, 0.3, (stores, 1, size))
    log_quantities = levels + log_prices @ true.T + 0.2 * rng.normal(size=(stores, weeks, size))
    store, week, product = np.meshgrid(range(stores), range(weeks), range(size), indexing="ij")
    frame = pd.DataFrame({"product": product.ravel(), "store": store.ravel(), "week": week.ravel()})
    return frame.assign(
        period=pd.Timestamp("2023-01-02") + pd.to_timedelta(7 * frame["week"], "D"),
        price=np.exp(log_prices).ravel(),
        quantity=np.exp(log_quantities).ravel(),
    )


@pytest.fixture(scope="module")
def prices():
    return simulate_category(30, 2, seed=1)


def test_truth_each_row_equals_a_regression_on_all_prices(prices):
    """By themselves the estimates of a product equal statsmodels on its own and its rivals' prices, stores held constant."""
    table = fit_cross_prices(prices, effects=("store",), errors="hc1").tidy().set_index(["product", "rival"])
    wide = np.log(prices.pivot_table(index=["store", "period"], columns="product", values="price"))
    wide.columns = ["p0", "p1", "p2"]
    for product in range(3):
        own = prices[prices["product"] == product].set_index(["store", "period"])
        frame = wide.assign(y=np.log(own["quantity"])).reset_index()
        fit = smf.ols("y ~ p0 + p1 + p2 + C(store)", frame).fit(cov_type="HC1")
        for rival in range(3):
            found = table.loc[(product, rival), ["raw_estimate", "raw_std_error"]].tolist()
            assert found == pytest.approx([fit.params[f"p{rival}"], fit.bse[f"p{rival}"]], rel=1e-8)


def test_truth_the_matrix_is_recovered():
    """With much data the matrix of the simulation comes out, products in rows and prices in columns."""
    fit = fit_cross_prices(simulate_category(300, 4, seed=2), effects=("store",))
    np.testing.assert_allclose(fit.matrix().to_numpy(), TRUE, atol=0.1)
    np.testing.assert_allclose(fit.matrix("raw_estimate").to_numpy(), TRUE, atol=0.1)


def test_truth_drawing_together_lowers_the_error():
    """Of 12 products over 30 weeks the drawn matrix is nearer to the truth."""
    rng = np.random.default_rng(3)
    true = rng.normal(0.1, 0.1, (12, 12))
    np.fill_diagonal(true, rng.normal(-2, 0.3, 12))
    fit = fit_cross_prices(simulate_category(30, 1, seed=3, true=true))
    raw, drawn = (np.sqrt(((fit.matrix(name).to_numpy() - true) ** 2).mean()) for name in ("raw_estimate", "estimate"))
    assert drawn < 0.6 * raw


def test_invariant_rows_without_all_prices_are_counted(prices):
    """A rival that is not there takes its periods away; a quantity of 0 gives its price to the rivals all the same."""
    whole = fit_cross_prices(prices, effects=("store",))
    lacking = prices[(prices["product"] != 2) | (prices["week"] != 4)].reset_index(drop=True)
    fit = fit_cross_prices(lacking, effects=("store",))
    assert (whole.n - fit.n, fit.n_incomplete) == (6, 4)
    zero = prices.assign(quantity=prices["quantity"].where((prices["product"] != 2) | (prices["week"] != 4), 0.0))
    fit = fit_cross_prices(zero, effects=("store",))
    assert (whole.n - fit.n, fit.n_zero, fit.n_incomplete) == (2, 2, 0)
    first = fit.tidy().query("product == 0")["raw_estimate"].to_numpy()
    np.testing.assert_allclose(first, whole.tidy().query("product == 0")["raw_estimate"].to_numpy(), rtol=1e-9)


def test_input_cross_prices(prices):
    """One product, prices that move together, and columns that are not there are said."""
    with pytest.raises(DataError, match="takes 2 to 60 products, not 1"):
        fit_cross_prices(prices[prices["product"] == 1].reset_index(drop=True))
    wide = prices.sort_values(["store", "period", "product"], ignore_index=True)
    wide.loc[wide["product"] == 1, "price"] = 2 * wide.loc[wide["product"] == 2, "price"].to_numpy()
    with pytest.raises(
        DataError, match="None of the 3 products can be estimated; 0: .*can be computed from the terms before"
    ):
        fit_cross_prices(wide)
    flat = prices.assign(price=prices["price"].where(prices["product"] != 1, 2.0))
    fit = fit_cross_prices(flat)
    assert fit.left_out["product"].tolist() == [1]
    assert fit.left_out["reason"].str.contains("log_price of 1").all()
    assert fit.matrix().shape == (2, 2)
    fit = fit_cross_prices(prices.assign(quantity=prices["quantity"].where(prices["product"] != 1, 1.0)))
    assert fit.left_out["product"].tolist() == [1]
    assert fit.left_out["reason"].str.contains("The quantity .* is the same in all").all()
    with pytest.raises(ParameterError, match="There is no column 'share'"):
        fit.matrix("share")


def test_smoke_results_show_themselves(prices):
    """A result has one line and a table for JupyterLab."""
    fit = fit_cross_prices(prices)
    assert repr(fit).startswith("CrossPricesFit(3 products")
    assert "n_incomplete" in fit._repr_html_()

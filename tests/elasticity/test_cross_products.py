"""Cross-products by cluster, from memory and from files: equal to fits, jackknifes and bootstraps by their definitions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from churnlab import tables
from churnlab.elasticity import cross_products, fit_elasticity, streaming, to_cross_products
from churnlab.errors import DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "elasticity"
EXACT = 1e-9


@pytest.fixture(scope="module")
def sold():
    frame = pd.read_csv(REFERENCE / "panel.csv")
    frame = frame.assign(period=pd.Timestamp("2023-01-02") + pd.to_timedelta(7 * frame["week"], "D"))
    return frame[frame["quantity"] > 0].reset_index(drop=True)


@pytest.fixture(scope="module")
def path(sold, tmp_path_factory):
    path = tmp_path_factory.mktemp("prices") / "prices.parquet"
    sold.to_parquet(path)
    return path


@pytest.mark.parametrize(
    ("effects", "cluster"),
    [
        (("product", "period"), "product"),
        (("product:store", "period"), "store"),
        (("product:period", "store"), "product"),
        (("product", "store", "month"), "product:store"),
        ((), "store"),
    ],
)
def test_truth_cross_products_equal_fits(sold, path, effects, cluster, monkeypatch):
    """A frame and a file, in small pieces, give the fit of all rows, rows that are alone left out by both."""
    monkeypatch.setattr(streaming, "_VECTORS", 1)
    monkeypatch.setattr(cross_products, "_PIECE", 100)
    fit = fit_elasticity(sold, effects=effects, controls=("promoted",), cluster=(cluster,))
    for source in (sold, path):
        products = to_cross_products(source, effects=effects, controls=("promoted",), cluster=cluster)
        found = products.fit()
        np.testing.assert_allclose(found.coefficients, fit.coefficients, rtol=EXACT)
        np.testing.assert_allclose(found.covariance, fit.covariance, rtol=EXACT)
        assert (products.n, products.n_singletons, found.df) == (fit.n, fit.n_singletons, fit.df)
        alone = fit_elasticity(sold, effects=effects, cluster=(cluster,)).elasticity
        other = products.fit(("log_price",)).elasticity
        assert [other.estimate, other.std_error] == pytest.approx([alone.estimate, alone.std_error], rel=EXACT)


def test_truth_rows_that_are_alone_go_in_turns_from_files(tmp_path):
    """Rows whose going leaves others alone go by turns in a file as in memory."""
    frame = pd.DataFrame({"product": [0, 0, 1, 1, 2, 2, 2], "week": [0, 1, 1, 2, 3, 4, 5], "store": 1})
    frame = pd.concat(
        [frame, frame.assign(week=frame["week"] % 2 + 3, product=frame["product"] + 3)], ignore_index=True
    )
    frame = frame.drop_duplicates(["product", "week"], ignore_index=True)
    frame["price"] = 1.0 + np.arange(len(frame)) % 4
    frame["quantity"] = 2.0 + np.arange(len(frame)) * 7 % 5
    frame["period"] = pd.Timestamp("2023-01-02") + pd.to_timedelta(7 * frame["week"], "D")
    frame.to_parquet(tmp_path / "few.parquet")
    memory, file = (to_cross_products(source, cluster="store") for source in (frame, tmp_path / "few.parquet"))
    assert (memory.n, memory.n_singletons) == (file.n, file.n_singletons)
    assert memory.n_singletons > 2
    np.testing.assert_allclose(memory.products, file.products, atol=1e-12)


def test_truth_jackknife_leaves_out_clusters(sold):
    """With effects within clusters the errors equal those of fits without one product after the other."""
    names = {"effects": ("product:store",), "controls": ("promoted",)}
    found = to_cross_products(sold, **names).jackknife()
    whole = fit_elasticity(sold, **names).coefficients
    parts = [
        fit_elasticity(sold[sold["product"] != product].reset_index(drop=True), **names).coefficients
        for product in range(12)
    ]
    gaps = np.array(parts) - whole
    np.testing.assert_allclose(found.covariance, 11 / 12 * gaps.T @ gaps, rtol=1e-8)


@pytest.mark.parametrize("value", [-2.0, -1.0, -0.6, 0.2])
def test_truth_wild_bootstrap_is_its_definition(sold, value):
    """With all 64 signs of 6 products the p-value equals regressions on outcomes made by the signs, the value imposed."""
    few = sold[sold["product"] < 6].reset_index(drop=True)
    products = to_cross_products(few, effects=("product",), controls=("promoted",))
    found = products.wild_bootstrap("log_price", value=value)
    assert found.draws == 64
    within = few.assign(y=np.log(few["quantity"]), x=np.log(few["price"]))
    within = within[["y", "x", "promoted"]] - within.groupby("product")[["y", "x", "promoted"]].transform("mean")
    codes = few["product"].to_numpy()

    def statistic(outcome, value):
        fit = sm.OLS(outcome, within[["x", "promoted"]]).fit()
        score = within[["x", "promoted"]].to_numpy() * np.asarray(fit.resid)[:, None]
        sums = np.array([score[codes == code].sum(axis=0) for code in range(6)])
        bread = np.linalg.inv(within[["x", "promoted"]].T @ within[["x", "promoted"]])
        return (fit.params.iloc[0] - value) / np.sqrt((bread @ sums.T @ sums @ bread)[0, 0])

    held = sm.OLS(within["y"] - value * within["x"], within[["promoted"]]).fit()
    expected = value * within["x"] + held.fittedvalues
    observed = statistic(within["y"], value)
    assert found.statistic == pytest.approx(observed, rel=1e-8)
    drawn = []
    for number in range(64):
        signs = np.array([1 - 2 * (number >> code & 1) for code in range(6)])[codes]
        drawn.append(statistic(expected + signs * held.resid, value))
    assert found.p_value == np.mean(np.abs(drawn) >= abs(observed) * (1 - 1e-10))


def test_invariant_bootstrap_draws(sold):
    """The same seed gives the same p-value; a value far off is rejected, the estimate itself is not."""
    products = to_cross_products(sold, effects=("product", "period"), cluster="product:store")
    first = products.wild_bootstrap("log_price", value=-1.0, draws=500, seed=3)
    assert first == products.wild_bootstrap("log_price", value=-1.0, draws=500, seed=3)
    assert products.wild_bootstrap("log_price", value=-20.0, draws=500).p_value < 0.05
    assert products.wild_bootstrap("log_price", value=first.estimate, draws=500).p_value == 1.0


def test_input_cross_products(sold, path, tmp_path):
    """Unknown terms, one cluster, bad files and effects that are too large are refused."""
    products = to_cross_products(sold)
    with pytest.raises(ParameterError, match="`terms` must be some of log_price, each once"):
        products.fit(("promoted",))
    with pytest.raises(ParameterError, match="must be among the terms log_price"):
        products.wild_bootstrap("promoted")
    with pytest.raises(ParameterError, match="`draws` must be 1 or more"):
        products.wild_bootstrap("log_price", draws=0)
    with pytest.raises(DataError, match="only one cluster"):
        to_cross_products(sold[sold["product"] == 1].reset_index(drop=True), effects=("period",)).fit()
    with pytest.raises(DataError, match="There is no column `promo`"):
        to_cross_products(path, controls=("promo",))
    with pytest.raises(DataError, match="There is no column `shop`"):
        to_cross_products(path, effects=("shop",))
    sold.assign(brand="own", gap=np.nan).to_parquet(tmp_path / "odd.parquet")
    with pytest.raises(DataError, match="`brand` is not a number"):
        to_cross_products(tmp_path / "odd.parquet", controls=("brand",))
    with pytest.raises(DataError, match="`gap` must be there, and finite: 450 of 450"):
        to_cross_products(tmp_path / "odd.parquet", controls=("gap",))
    sold.assign(quantity=3).to_parquet(tmp_path / "flat.parquet")
    with pytest.raises(DataError, match="The quantity is the same in all 450 rows"):
        to_cross_products(tmp_path / "flat.parquet").fit()
    sold.assign(quantity=0).to_parquet(tmp_path / "zero.parquet")
    with pytest.raises(DataError, match="must be above 0 in a model of its logarithm: 450 of 450 rows"):
        to_cross_products(tmp_path / "zero.parquet")


def test_invariant_numbers_of_csv_files(sold, tmp_path):
    """Controls of a CSV file, which are text to begin with, count as those of a frame do; a word among them is said."""
    known = sold.assign(rain=np.sin(np.arange(len(sold))))
    known.to_csv(tmp_path / "prices.csv", index=False)
    frame = fit_elasticity(known, controls=("rain",))
    table = fit_elasticity(tables.read(tmp_path / "prices.csv", "PRICES"), controls=("rain",))
    stream = to_cross_products(tmp_path / "prices.csv", controls=("rain",)).fit()
    for fit in (table, stream):
        assert fit.coefficients == pytest.approx(frame.coefficients, rel=EXACT)
        assert fit.covariance == pytest.approx(frame.covariance, rel=EXACT)
    known.assign(rain=known["rain"].astype(str).where(known.index != 7, "wet")).to_csv(
        tmp_path / "odd.csv", index=False
    )
    with pytest.raises(
        DataError, match="`rain` is not a number: 1 of 450 rows break this. Try: name it among `effects`"
    ):
        to_cross_products(tmp_path / "odd.csv", controls=("rain",))
    with pytest.raises(DataError, match=r"`rain` is not a number: 1 of 450 rows break this \(first: row 8: wet\)"):
        fit_elasticity(tables.read(tmp_path / "odd.csv", "PRICES"), controls=("rain",))
    with pytest.raises(DataError, match="`period` is not a number: 450 of 450"):
        fit_elasticity(sold, controls=("period",))


def test_smoke_results_show_themselves(sold):
    """Results have one line and a table for JupyterLab."""
    products = to_cross_products(sold)
    assert repr(products) == "CrossProducts(log_quantity, log_price; 12 clusters, 450 rows)"
    assert "log_price" in products.fit()._repr_html_()

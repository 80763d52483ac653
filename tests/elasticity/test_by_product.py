"""All products at once: equal to regressions one by one, drawn together as in R, and better for it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from churnlab.elasticity import batched, explain_elasticities, fit_elasticities, fit_elasticity, simulate_prices
from churnlab.elasticity.shrinkage import fit_population, shrink
from churnlab.errors import DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "elasticity"
EXACT = 1e-9


@pytest.fixture(scope="module")
def reference():
    return pd.read_csv(REFERENCE / "references.csv").set_index(["case", "term"])


@pytest.fixture(scope="module")
def estimates():
    return pd.read_csv(REFERENCE / "estimates.csv")


@pytest.fixture(scope="module")
def prices():
    return simulate_prices(8, 25, seed=2, promotions=0.2, promotion_lift=0.3)


@pytest.mark.parametrize("errors", ["hc1", "iid"])
def test_truth_each_product_equals_a_regression_of_its_own(prices, errors):
    """Slopes, errors, residual variances and smearing factors equal statsmodels on each product, whatever the order of rows."""
    shuffled = prices.sample(frac=1, random_state=1).reset_index(drop=True)
    table = fit_elasticities(shuffled, controls=("promoted",), errors=errors).tidy().set_index("product")
    for product, rows in prices.groupby("product"):
        kind = {"cov_type": "HC1"} if errors == "hc1" else {}
        own = smf.ols("np.log(quantity) ~ np.log(price) + promoted", rows).fit(**kind)
        found = table.loc[product]
        assert found["raw_estimate"] == pytest.approx(own.params["np.log(price)"], rel=EXACT)
        assert found["raw_std_error"] == pytest.approx(own.bse["np.log(price)"], rel=EXACT)
        assert found["residual_variance"] == pytest.approx(own.scale, rel=EXACT)
        assert found["smearing"] == pytest.approx(np.exp(own.resid).mean(), rel=EXACT)
        assert found["df"] == own.df_resid
        assert found["price_high"] == rows["price"].max()


def test_truth_controls_that_say_nothing_are_left_out_of_their_product(prices):
    """A control that is constant for one product, or repeats another there, changes nothing for it and stays for the rest."""
    odd = prices.assign(again=prices["promoted"] * 1.0)
    odd.loc[odd["product"] == 1, "promoted"] = 0.0
    odd.loc[odd["product"] != 2, "again"] = np.arange((odd["product"] != 2).sum()) % 3
    table = fit_elasticities(odd, controls=("promoted", "again")).tidy().set_index("product")
    for product, formula in ((1, "again"), (2, "promoted"), (3, "promoted + again")):
        rows = odd[odd["product"] == product]
        own = smf.ols(f"np.log(quantity) ~ np.log(price) + {formula}", rows).fit(cov_type="HC1")
        assert table.loc[product, "raw_estimate"] == pytest.approx(own.params["np.log(price)"], rel=1e-8)
        assert table.loc[product, "raw_std_error"] == pytest.approx(own.bse["np.log(price)"], rel=1e-8)


def test_truth_groups_of_products_keep_levels_apart(prices):
    """One elasticity for a category equals a regression with the products' effects; semi-log is at the mean price."""
    known = prices.assign(category=np.where(prices["product"] < 4, "tea", "pie"))
    table = fit_elasticities(known, by="category", form="semi-log").tidy().set_index("category")
    rows = known[known["category"] == "tea"].reset_index(drop=True)
    own = fit_elasticity(rows, effects=("product",), form="semi-log", errors="hc1").elasticity
    found = table.loc["tea", ["raw_estimate", "raw_std_error", "raw_conf_low"]].tolist()
    assert found == pytest.approx([own.estimate, own.std_error, own.conf_low], rel=EXACT)


def test_truth_drawn_estimates_equal_r(reference, estimates):
    """Mean, spread and drawn estimates equal metafor; the variance has what is not known of the spread on top."""
    estimate, error = estimates["estimate"].to_numpy(), estimates["std_error"].to_numpy()
    constant = np.ones((40, 1))
    population = fit_population(estimate, error, constant)
    expected = reference.loc[("reml", "mean")]
    assert population.coefficients[0] == pytest.approx(expected["estimate"], rel=1e-7)
    assert np.sqrt(population.covariance[0, 0]) == pytest.approx(expected["std_error"], rel=1e-7)
    assert population.spread == pytest.approx(reference.loc[("reml", "spread"), "estimate"], rel=1e-7)
    drawn = shrink(estimate, error, constant, population)
    for place in (0, 1, 39):
        expected = reference.loc[("reml blup", str(place + 1))]
        assert drawn.estimate[place] == pytest.approx(expected["estimate"], rel=1e-7)
        pull = error[place] ** 2 / (error[place] ** 2 + population.spread**2)
        of_spread = 2 / 37 * pull**2 * (estimate[place] - population.coefficients[0]) ** 2
        assert drawn.std_error[place] ** 2 - of_spread == pytest.approx(expected["std_error"] ** 2, rel=1e-6)


def test_truth_moderators_equal_r(reference, estimates):
    """The meta-regression equals metafor with Knapp and Hartung's errors."""
    table = estimates.rename(columns={"estimate": "raw_estimate", "std_error": "raw_std_error"})
    fit = explain_elasticities(
        table[["product", "raw_estimate", "raw_std_error"]], estimates[["product", "brand", "rivals"]]
    )
    for _, row in fit.tidy().iterrows():
        expected = reference.loc[("meta", row["term"])]
        assert [row["estimate"], row["std_error"]] == pytest.approx(expected.tolist(), rel=1e-6)
    assert fit.spread == pytest.approx(reference.loc[("meta", "spread"), "estimate"], rel=1e-6)
    assert fit.df == 37


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 2.0))
def test_invariant_spread_maximises_the_restricted_likelihood(seed, spread):
    """No other spread has a higher restricted likelihood, a spread of 0 included."""
    rng = np.random.default_rng(seed)
    error = rng.uniform(0.2, 1.0, 25)
    estimate = -2 + spread * rng.normal(size=25) + error * rng.normal(size=25)

    def loss(variance):
        weight = 1 / (error**2 + variance)
        mean = weight @ estimate / weight.sum()
        return np.log(1 / weight).sum() + np.log(weight.sum()) + weight @ (estimate - mean) ** 2

    found = fit_population(estimate, error, np.ones((25, 1))).spread ** 2
    best = minimize_scalar(loss, bounds=(0, 10), method="bounded", options={"xatol": 1e-10})
    assert loss(found) <= min(best.fun, loss(0.0)) + 1e-6


def test_truth_drawing_together_lowers_the_error():
    """Of 2,000 products of known spread 0.5 the drawn estimates are nearer to the truth by a fifth; intervals cover 95 %."""
    prices = simulate_prices(2_000, 30, seed=7, elasticity=-2.0, spread=0.5, noise=0.4)
    true = prices.groupby("product")["elasticity"].first().to_numpy()
    fit = fit_elasticities(prices, errors="iid")  # HC1 is known to be too small for 30 rows, and the noise is alike
    table = fit.tidy()
    raw, drawn = (np.sqrt(((table[name] - true) ** 2).mean()) for name in ("raw_estimate", "estimate"))
    assert drawn < 0.8 * raw
    assert fit.spread == pytest.approx(0.5, abs=0.05)
    assert fit.mean == pytest.approx(-2.0, abs=0.05)
    for low, high in (("raw_conf_low", "raw_conf_high"), ("conf_low", "conf_high")):
        covered = ((table[low] < true) & (true < table[high])).mean()
        assert abs(covered - 0.95) < 0.02  # four standard errors, 0.019, of 2,000 products


def test_truth_drawing_towards_what_is_known():
    """Where categories differ, products are drawn towards their category, and better so."""
    parts = [
        simulate_prices(150, 15, seed=seed, elasticity=mean, spread=0.2, noise=0.5).assign(category=name)
        for seed, (name, mean) in enumerate([("luxury", -1.0), ("ordinary", -3.0)])
    ]
    parts[1]["product"] += 1_000
    prices = pd.concat(parts, ignore_index=True)
    true = prices.groupby("product")["elasticity"].first().to_numpy()
    alone, known = fit_elasticities(prices), fit_elasticities(prices, towards=("category",))
    assert known.terms == ("constant", "category: ordinary")
    assert known.population.coefficients == pytest.approx([-1.0, -2.0], abs=0.15)
    errors = [np.sqrt(((fit.tidy()["estimate"] - true) ** 2).mean()) for fit in (alone, known)]
    assert errors[1] < 0.8 * errors[0]


def test_input_products_without_an_estimate_are_listed(prices):
    """One price only, a price that moves with the controls, and too few rows are reasons; if none is left it is an error."""
    odd = prices.copy()
    odd.loc[odd["product"] == 1, "price"] = 2.0
    promoted = odd["product"] == 2
    odd.loc[promoted, "price"] = np.where(odd.loc[promoted, "promoted"] > 0, 1.0, 2.0)
    odd = odd[(odd["product"] != 3) | (odd.groupby("product").cumcount() < 2)].reset_index(drop=True)
    fit = fit_elasticities(odd, controls=("promoted",))
    assert fit.left_out["product"].tolist() == [1, 2, 3]
    assert fit.left_out["reason"].tolist() == [
        "with one price only",
        "with a price that moves with the controls",
        "with too few rows",
    ]
    assert len(fit.tidy()) == 5
    flat = odd[odd["product"].isin([1, 2])].reset_index(drop=True)
    with pytest.raises(
        DataError, match="No group of `product` can be estimated: 1 with one price only, 1 with a price that"
    ):
        fit_elasticities(flat, controls=("promoted",))


@pytest.mark.parametrize("rule", [lambda price: 1.0 + 0 * price, lambda price: 90 * price**-2])
def test_input_products_without_errors_are_listed(prices, rule):
    """A quantity that never varies, or that the price gives exactly, leaves no error to judge by: it must not weigh without end."""
    odd = prices.assign(quantity=prices["quantity"].where(prices["product"] > 2, rule(prices["price"])))
    fit = fit_elasticities(odd)
    assert fit.left_out["product"].tolist() == [1, 2]
    assert set(fit.left_out["reason"]) == {"with a quantity that never varies, or that the terms give exactly"}
    rest = fit_elasticities(prices[prices["product"] > 2].reset_index(drop=True))
    pd.testing.assert_frame_equal(fit.tidy(), rest.tidy())


@pytest.mark.parametrize("by", ["product", "category", "category:store"])
def test_invariant_blocks_and_order_of_rows(prices, by, monkeypatch):
    """Neither the order of rows nor how many are worked on at a time changes a number, with products scattered over groups."""
    parts = [prices.assign(store=store, category=np.where(prices["product"] % 2, "tea", "pie")) for store in "ab"]
    panel = pd.concat(parts, ignore_index=True)
    panel["quantity"] *= np.exp(np.sin(np.arange(len(panel))))
    whole = fit_elasticities(panel, by=by, controls=("promoted",)).tidy()
    monkeypatch.setattr(batched, "_BLOCK", 30)
    shuffled = panel.sample(frac=1, random_state=3, ignore_index=True)
    pd.testing.assert_frame_equal(fit_elasticities(shuffled, by=by, controls=("promoted",)).tidy(), whole, rtol=1e-11)
    for label, rows in panel.groupby(by.split(":")):
        alone = fit_elasticity(
            rows.reset_index(drop=True), effects=("product:store",), controls=("promoted",), errors="hc1"
        )
        found = whole.set_index(by.split(":")).loc[label]
        assert found["raw_estimate"] == pytest.approx(alone.elasticity.estimate, rel=1e-8)
        assert found["raw_std_error"] == pytest.approx(alone.elasticity.std_error, rel=1e-8)


def test_input_what_is_known_of_products(prices):
    """What products are drawn towards must be one value each; moderators must be there once for each product."""
    with pytest.raises(ParameterError, match=r"`towards` must be a tuple of names, as \('category',\)"):
        fit_elasticities(prices, towards="category")
    with pytest.raises(DataError, match="`promoted` has several values within one `product`"):
        fit_elasticities(prices, towards=("promoted",))
    table = fit_elasticities(prices).tidy()
    known = pd.DataFrame({"product": table["product"], "size": range(8)})
    with pytest.raises(DataError, match="no row for 2 of 8 products"):
        explain_elasticities(table, known[:6])
    with pytest.raises(DataError, match="has several for"):
        explain_elasticities(table, pd.concat([known, known[:1]]))
    with pytest.raises(DataError, match="`size` is empty for 1 of 8"):
        explain_elasticities(table, known.assign(size=[None, *range(7)]))
    with pytest.raises(DataError, match="`size` is the same in all rows"):
        explain_elasticities(table, known.assign(size=1))
    with pytest.raises(DataError, match="8 products for 8 terms"):
        explain_elasticities(table, known.assign(size=list("abcdefgh")))
    with pytest.raises(DataError, match="`raw_std_error` must be above 0, with an estimate: 8 of 8"):
        explain_elasticities(table.assign(raw_std_error=0.0), known)
    with pytest.raises(ParameterError, match="must share the products' column"):
        explain_elasticities(table, known[["size"]])


def test_invariant_few_products_are_not_drawn(prices):
    """Three products or fewer tell no spread, and stay as they are by themselves."""
    few = prices[prices["product"] < 3].reset_index(drop=True)
    fit = fit_elasticities(few)
    assert np.isnan(fit.spread)
    assert (fit.tidy()["estimate"] == fit.tidy()["raw_estimate"]).all()


def test_smoke_results_show_themselves(prices):
    """Results have one line and a table for JupyterLab."""
    fit = fit_elasticities(prices)
    assert repr(fit).startswith("ElasticitiesFit(8 estimates")
    assert "n_left_out" in fit._repr_html_()
    sizes = pd.DataFrame({"product": fit.tidy()["product"], "size": [1, 2, 3, 4, 5, 6, 7, 9]})
    assert "r_squared" in explain_elasticities(fit.tidy(), sizes)._repr_html_()

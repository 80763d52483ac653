"""Least squares with effects absorbed: against R, pyfixest and statsmodels, and what it refuses."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import datasets
from churnlab.elasticity import (
    fit_elasticities,
    fit_elasticity,
    fit_poisson_elasticity,
    simulate_prices,
    to_cross_products,
)
from churnlab.errors import DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "elasticity"
ERRORS = {"const": "iid", "HC1": "hc1", "HC3": "hc3"}
# Both sides are exact solutions in floating point.
EXACT = 1e-9
# pyfixest takes effects out by iteration, to a tolerance of its own.
ITERATED = 1e-6


@pytest.fixture(scope="module")
def reference():
    return pd.read_csv(REFERENCE / "references.csv").set_index(["case", "term"])


@pytest.fixture(scope="module")
def panel():
    frame = pd.read_csv(REFERENCE / "panel.csv")
    weeks = pd.Timestamp("2023-01-02") + pd.to_timedelta(7 * frame["week"], "D")
    return frame.assign(period=weeks)


@pytest.fixture(scope="module")
def sold(panel):
    return panel[panel["quantity"] > 0].reset_index(drop=True)


@pytest.fixture(scope="module")
def cigarettes():
    return datasets.load_cigarettes().to_frame()


@pytest.fixture(scope="module")
def cigarettes_1995(cigarettes):
    return cigarettes[cigarettes["period"].dt.year == 1995].reset_index(drop=True)


def row_of(fit):
    return fit.tidy().set_index("term").loc["log_price", ["estimate", "std_error"]].to_numpy(dtype=float)


@pytest.mark.parametrize("kind", list(ERRORS))
@pytest.mark.parametrize("controls", [(), ("log_income",)])
def test_truth_equals_r(reference, cigarettes_1995, kind, controls):
    """Estimates and errors without effects equal lm and sandwich in R."""
    fit = fit_elasticity(cigarettes_1995, effects=(), controls=controls, errors=ERRORS[kind])
    expected = reference.loc[(f"ols {1 + len(controls)} {kind}", "log_price")]
    np.testing.assert_allclose(row_of(fit), expected.to_numpy(), rtol=EXACT)


@pytest.mark.parametrize("kind", list(ERRORS))
def test_truth_absorbed_effects_equal_dummies(reference, cigarettes, kind):
    """State and year absorbed give what dummies give in R, leverages of the dummies included."""
    fit = fit_elasticity(cigarettes, effects=("store", "period"), controls=("log_income",), errors=ERRORS[kind])
    np.testing.assert_allclose(row_of(fit), reference.loc[(f"panel {kind}", "log_price")].to_numpy(), rtol=EXACT)


def test_truth_clusters_count_parameters_as_fixest(cigarettes):
    """Published: -1.05597386 with .15933468 clustered by state, to which states do not count as parameters."""
    fit = fit_elasticity(cigarettes, effects=("store", "period"), controls=("log_income",), cluster=("store",))
    assert row_of(fit) == pytest.approx([-1.05597386, 0.15933468], abs=5e-9)
    assert fit.df == 47


@pytest.mark.parametrize("lags", [1, 3])
def test_truth_errors_in_time_equal_r(reference, lags):
    """Newey-West errors of one series equal sandwich in R; three lags are the default for 97 days."""
    fish, days = datasets.load_fish().to_frame(), ("mon", "tues", "wed", "thurs")
    asked = {"lags": 1} if lags == 1 else {}
    fit = fit_elasticity(fish, effects=(), controls=days, errors="hac", **asked)
    np.testing.assert_allclose(row_of(fit), reference.loc[(f"fish hac {lags}", "log_price")].to_numpy(), rtol=EXACT)


def test_truth_errors_in_time_leave_gaps_out(sold):
    """Products are series of their own, and rows two weeks apart count as two apart, as in the double sum by definition."""
    one = sold[sold["store"] == 0].drop(columns="store").reset_index(drop=True)
    fit = fit_elasticity(one, effects=("product",), errors="hac", lags=2)
    x = np.log(one["price"]) - np.log(one["price"]).groupby(one["product"]).transform("mean")
    y = np.log(one["quantity"]) - np.log(one["quantity"]).groupby(one["product"]).transform("mean")
    kept = one.groupby("product")["price"].transform("size").to_numpy() > 1
    score = (x * (y - x * (x @ y) / (x @ x))).to_numpy() * kept
    product, week = one["product"].to_numpy(), one["week"].to_numpy()
    gap = np.abs(week[:, None] - week[None, :])
    weight = np.where((product[:, None] == product[None, :]) & (gap <= 2), 1 - gap / 3, 0)
    n, k = int(kept.sum()), 1 + int(one.loc[kept, "product"].nunique())
    expected = np.sqrt(score @ weight @ score / (x @ x) ** 2 * n / (n - k))
    assert fit.elasticity.std_error == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize("model", ["ols", "weighted"])
def test_truth_effects_equal_pyfixest(sold, model):
    """Two and three effects, interactions, singletons, one- and two-way clusters and weights equal pyfixest."""
    found = pd.read_csv(REFERENCE / "pyfixest.csv")
    for (effects, errors), expected in found[found["model"] == model].groupby(["effects", "errors"], sort=False):
        names = tuple(name.replace("^", ":").replace("week", "period") for name in effects.split("+"))
        kind = {"iid": "iid", "hetero": "hc1"}.get(errors, "cluster")
        cluster = tuple(name.replace("week", "period") for name in errors.split("+")) if kind == "cluster" else ()
        weights = "weight" if model == "weighted" else None
        fit = fit_elasticity(
            sold, effects=names, controls=("promoted",), errors=kind, cluster=cluster or ("product",), weights=weights
        )
        np.testing.assert_allclose(fit.coefficients, expected["estimate"], rtol=ITERATED, err_msg=effects)
        np.testing.assert_allclose(fit.tidy()["std_error"], expected["std_error"], rtol=ITERATED, err_msg=effects)
        assert fit.n == expected["n"].iloc[0]
        assert fit.n + fit.n_singletons == len(sold)


def test_truth_glance_and_predictions_equal_statsmodels(sold):
    """Fit statistics, fitted values and the semi-log form equal a regression on dummies."""
    fit = fit_elasticity(sold, effects=("product", "quarter"), controls=("promoted",), form="semi-log", errors="iid")
    frame = sold.assign(quarter=sold["period"].dt.quarter)
    dummies = smf.ols("np.log(quantity) ~ price + promoted + C(product) + C(quarter)", frame).fit()
    assert fit.tidy()["std_error"].iloc[0] == pytest.approx(dummies.bse["price"], rel=EXACT)
    glance = fit.glance().iloc[0]
    assert glance["r_squared"] == pytest.approx(dummies.rsquared, rel=EXACT)
    assert glance["log_likelihood"] == pytest.approx(dummies.llf, rel=EXACT)
    assert glance["residual_variance"] == pytest.approx(dummies.scale, rel=EXACT)
    assert fit.smearing == pytest.approx(np.exp(dummies.resid).mean(), rel=EXACT)
    assert fit.elasticity.estimate == pytest.approx(dummies.params["price"] * sold["price"].mean(), rel=EXACT)
    expected = np.exp(dummies.fittedvalues) * np.exp(dummies.resid).mean()
    shuffled = sold.sample(frac=1, random_state=1)
    np.testing.assert_allclose(fit.predict(shuffled)["estimate"], expected.loc[shuffled.index], rtol=EXACT)
    assert (fit.predict(shuffled).index == shuffled.index).all()


def test_truth_moderators_are_interactions_around_the_mean(sold):
    """A moderator enters by its product with log price, counted from its mean; what the effects hold of it is left out."""
    known = sold.assign(rating=(sold["product"] * 7 % 5).astype(float), cold=(sold["week"] % 3).astype(float))
    fit = fit_elasticity(known, effects=("product",), moderators=("rating", "cold"), errors="iid")
    assert fit.terms == ("log_price", "log_price:rating", "log_price:cold", "cold")
    centred = known.assign(rating=known["rating"] - known["rating"].mean(), cold=known["cold"] - known["cold"].mean())
    dummies = smf.ols("np.log(quantity) ~ np.log(price) * cold + np.log(price) : rating + C(product)", centred).fit()
    names = ["np.log(price)", "np.log(price):rating", "np.log(price):cold", "cold"]
    np.testing.assert_allclose(fit.coefficients[:3], dummies.params[names[:3]], rtol=1e-8)
    np.testing.assert_allclose(fit.predict(known)["estimate"] / fit.smearing, np.exp(dummies.fittedvalues), rtol=1e-8)


def test_truth_intervals_cover():
    """Intervals of 90 % hold the true elasticity in 90 % of simulated panels, give or take four standard errors."""
    covered = []
    for seed in range(30):
        prices = simulate_prices(40, 20, seed=seed, elasticity=-2.0, spread=0.0, endogeneity=0.0)
        found = fit_elasticity(prices, conf_level=0.9).elasticity
        covered.append(found.conf_low < -2.0 < found.conf_high)
    assert abs(np.mean(covered) - 0.9) < 4 * np.sqrt(0.09 / 30)


@settings(max_examples=8, deadline=None)
@given(st.floats(0.01, 100), st.floats(0.01, 100), st.randoms(use_true_random=False))
def test_invariant_units_and_order_do_not_matter(price_unit, quantity_unit, random):
    """Other currencies, units of quantity and orders of rows leave the elasticity and its error as they are."""
    prices = simulate_prices(6, 12, seed=3)
    order = list(range(len(prices)))
    random.shuffle(order)
    other = prices.assign(price=prices["price"] * price_unit, quantity=prices["quantity"] * quantity_unit).iloc[order]
    before, after = fit_elasticity(prices).elasticity, fit_elasticity(other.reset_index(drop=True)).elasticity
    assert after.estimate == pytest.approx(before.estimate, rel=1e-7)
    assert after.std_error == pytest.approx(before.std_error, rel=1e-7)


def test_invariant_what_kind_of_frame_it_is_does_not_matter(sold):
    """Decimals, numbers in text, text keys, an index of one's own, Polars frames and tables give the same fit."""
    import polars

    from churnlab import tables

    expected = row_of(fit_elasticity(sold, controls=("promoted",)))
    written = sold.assign(
        price=[Decimal(f"{price:.2f}") for price in sold["price"]],
        quantity=sold["quantity"].astype(str),
        product="p" + sold["product"].astype(str),
        period=sold["period"].dt.strftime("%Y-%m-%d"),
        promoted=sold["promoted"].astype(bool),
    )
    for frame in (written, sold.set_index(sold.index * 2 + 7), polars.from_pandas(sold), tables.read(sold, "PRICES")):
        np.testing.assert_allclose(row_of(fit_elasticity(frame, controls=("promoted",))), expected, rtol=EXACT)


def test_invariant_weights_stand_for_repeated_information(sold):
    """Weights that are all alike change nothing, and rows of weight 2 count as much as rows that are there twice."""
    fit = fit_elasticity(sold, effects=("product",), errors="hc1")
    same = fit_elasticity(sold.assign(w=3.0), effects=("product",), errors="hc1", weights="w")
    np.testing.assert_allclose(same.covariance, fit.covariance, rtol=EXACT)
    copies = sold.assign(store=sold["store"] + 100)
    both = fit_elasticity(pd.concat([sold, copies], ignore_index=True), effects=("product",), errors="iid")
    np.testing.assert_allclose(both.coefficients, fit.coefficients, rtol=EXACT)


def test_input_quantities_and_prices_of_zero(sold):
    """A quantity of 0 is refused with a way out; prices must be above 0 and differ."""
    zero = sold.assign(quantity=sold["quantity"].where(sold.index != 5, 0))
    with pytest.raises(
        DataError, match=r"`quantity` must be above 0 .*: 1 of 450 rows .*first: row 6: 0.*fit_poisson_elasticity"
    ):
        fit_elasticity(zero)
    with pytest.raises(DataError, match="`price`.* above 0"):
        fit_elasticity(sold.assign(price=sold["price"].where(sold.index != 5, -1.0)))
    with pytest.raises(DataError, match="`price` is 2 in all 450 rows"):
        fit_elasticity(sold.assign(price=2.0))
    for fit in (fit_elasticity, fit_elasticities, fit_poisson_elasticity, to_cross_products):
        with pytest.raises(DataError, match="`quantity` is 3 in all 450 rows: without a quantity that changed"):
            fit(sold.assign(quantity=3))


def test_input_a_product_twice(sold):
    """A product that occurs twice in a period is refused, with the first such row."""
    with pytest.raises(DataError, match=r"1 of 451 rows come on top \(first: row 451: product 0, store 0"):
        fit_elasticity(pd.concat([sold, sold.iloc[:1]], ignore_index=True))
    with pytest.raises(DataError, match=r"one row in each period: .* name the column of the store"):
        fit_elasticity(sold.drop(columns="store"))


def test_input_terms_that_say_nothing_are_named(sold):
    """Terms that the effects hold, that repeat others, that are text, empty or unknown are named."""
    known = sold.assign(size=sold["product"] * 2.0, twice=sold["promoted"] * 2.0, brand="own", gap=np.nan, one=0.1)
    cases = {
        "size": "`size` does not vary beside the effects product, period",
        "twice": "`twice` can be computed from the terms before",
        "brand": "`brand` is not a number",
        "gap": "`gap` must be there, and finite: 450 of 450 rows",
        "promotd": "There is no column `promotd`: did you mean `promoted`",
    }
    for name, message in cases.items():
        with pytest.raises(DataError, match=message):
            fit_elasticity(known, controls=("promoted", name))
    with pytest.raises(DataError, match="`one` is the same in all rows"):
        fit_elasticity(known, effects=(), controls=("one",))
    with pytest.raises(DataError, match="`log_price` does not vary beside the effects"):
        fit_elasticity(known.assign(price=1.0 + known["product"]))
    with pytest.raises(DataError, match="There is no column `shop`"):
        fit_elasticity(known, effects=("shop",))


def test_input_too_little_data(sold):
    """One cluster, rows that are all alone, and more parameters than rows are refused."""
    one = sold[sold["product"] == 0].reset_index(drop=True)
    with pytest.raises(DataError, match="only one cluster of `product`"):
        fit_elasticity(one, effects=())
    with pytest.raises(DataError, match="is alone in a level of product:store:period"):
        fit_elasticity(sold, effects=("product:store:period",))
    few = one[:3].assign(late=[0.0, 1.0, 5.0], quantity=[1, 2, 1])
    with pytest.raises(DataError, match="There are 3 rows for 3 parameters"):
        fit_elasticity(few, effects=(), controls=("late",), errors="iid")


def test_input_options(sold):
    """Unknown options, names that are no tuples and columns with two roles are refused."""
    with pytest.raises(ParameterError, match="`errors` must be one of"):
        fit_elasticity(sold, errors="robust")
    with pytest.raises(ParameterError, match="`form` must be"):
        fit_elasticity(sold, form="linear")
    with pytest.raises(ParameterError, match="`effects` must be a tuple of names"):
        fit_elasticity(sold, effects="product")
    with pytest.raises(ParameterError, match="`promoted` has two roles"):
        fit_elasticity(sold, controls=("promoted",), moderators=("promoted",))
    for lags in (1.5, -1):
        with pytest.raises(ParameterError, match="`lags` must be a whole number of periods, 0 or more, not"):
            fit_elasticity(sold, errors="hac", lags=lags)
    with pytest.raises(ParameterError, match="takes the columns to cluster by"):
        fit_elasticity(sold, cluster=())
    with pytest.raises(ParameterError, match="`conf_level` must lie between"):
        fit_elasticity(sold, conf_level=95)
    with pytest.raises(DataError, match="`weight` must be above 0 as a weight"):
        fit_elasticity(sold.assign(weight=0.0), weights="weight")


def test_input_predictions_for_unknown_levels(sold):
    """A level that was not fitted, a missing column and a price of 0 are refused."""
    fit = fit_elasticity(sold, effects=("product",), controls=("promoted",))
    with pytest.raises(DataError, match="The level of `product` must be among those fitted: 1 of 1 rows"):
        fit.predict(pd.DataFrame({"product": [99], "price": [1.0], "promoted": [0]}))
    with pytest.raises(DataError, match="There is no column `promoted`"):
        fit.predict(pd.DataFrame({"product": [1], "price": [1.0]}))
    with pytest.raises(DataError, match="`price` must be above 0"):
        fit.predict(pd.DataFrame({"product": [1], "price": [0.0], "promoted": [0]}))
    with pytest.raises(DataError, match="`price` must be a number: 1 of 1 rows"):
        fit.predict(pd.DataFrame({"product": [1], "price": ["dear"], "promoted": [0]}))
    with pytest.raises(DataError, match="`promoted` must be there, and finite: 1 of 1 rows"):
        fit.predict(pd.DataFrame({"product": [1], "price": [1.0], "promoted": [np.inf]}))


def test_invariant_dates_with_a_zone(sold):
    """A fit on dates that carry a zone predicts for such dates what one on plain dates does."""
    zoned = sold.assign(period=sold["period"].dt.tz_localize("Europe/Berlin"))
    found, plain = (fit_elasticity(rows).predict(rows) for rows in (zoned, sold))
    pd.testing.assert_frame_equal(found, plain)


def test_smoke_results_show_themselves(sold):
    """A result has one line, and a table for JupyterLab."""
    fit = fit_elasticity(sold)
    assert repr(fit).startswith("ElasticityFit(")
    assert "log_price" in fit._repr_html_()


def test_invariant_how_a_frame_stands_in_memory(sold):
    """Columns that lie apart or backwards, of small or large whole numbers, give the same; the frame stays as it was."""
    fit = fit_elasticity(sold, controls=("promoted",))
    wide = pd.DataFrame(
        np.ascontiguousarray(sold.drop(columns="period").to_numpy(dtype=float)), columns=sold.columns[:-1]
    )
    apart = wide.assign(period=sold["period"]).astype({"product": "int16", "store": "int8", "week": int})
    frames = {
        "apart": apart,
        "backwards": sold[::-1],
        "far": sold.assign(product=sold["product"] * 10**12 - 5, store=sold["store"] - 128),
        "unsigned": sold.astype({"product": "uint8", "promoted": "float32"}),
        "text": sold.assign(product=sold["product"].astype(str)),
    }
    for name, frame in frames.items():
        before = frame.copy()
        found = fit_elasticity(frame, controls=("promoted",))
        assert found.coefficients == pytest.approx(fit.coefficients, rel=EXACT), name
        assert found.n_clusters == fit.n_clusters
        pd.testing.assert_frame_equal(frame, before)
    same = fit_elasticities(frames["apart"].drop(columns="store").assign(product=sold["product"] * 50 + sold["store"]))
    other = fit_elasticities(sold.drop(columns="store").assign(product=sold["product"] * 50 + sold["store"]))
    pd.testing.assert_frame_equal(same.tidy(), other.tidy(), check_dtype=False)

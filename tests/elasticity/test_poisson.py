"""Poisson pseudo-maximum likelihood: against pyfixest and statsmodels, separation, recovery with zeros."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from churnlab.elasticity import fit_poisson_elasticity, simulate_prices
from churnlab.elasticity.groups import group_values, keep_rows
from churnlab.elasticity.separation import separated_rows
from churnlab.errors import ConvergenceError, DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "elasticity"


@pytest.fixture(scope="module")
def panel():
    frame = pd.read_csv(REFERENCE / "panel.csv")
    return frame.assign(period=pd.Timestamp("2023-01-02") + pd.to_timedelta(7 * frame["week"], "D"))


def test_truth_equals_pyfixest(panel):
    """Coefficients, errors and deviance equal pyfixest with one to three effects, with a third of zeros."""
    found = pd.read_csv(REFERENCE / "pyfixest.csv")
    for (effects, errors), expected in found[found["model"] == "poisson"].groupby(["effects", "errors"], sort=False):
        names = tuple(name.replace("^", ":").replace("week", "period") for name in effects.split("+"))
        kind = {"iid": "iid", "hetero": "hc1"}.get(errors, "cluster")
        cluster = tuple(name.replace("week", "period") for name in errors.split("+"))
        fit = fit_poisson_elasticity(panel, effects=names, controls=("promoted",), errors=kind, cluster=cluster)
        np.testing.assert_allclose(fit.coefficients, expected["estimate"], rtol=1e-6, err_msg=effects)
        np.testing.assert_allclose(fit.tidy()["std_error"], expected["std_error"], rtol=1e-6, err_msg=effects)
        assert fit.deviance == pytest.approx(expected["deviance"].iloc[0], rel=1e-8)
        assert fit.n == expected["n"].iloc[0]


def test_truth_equals_statsmodels_on_dummies(panel):
    """Likelihood, dispersion and fitted quantities equal a generalised linear model on dummies."""
    import statsmodels.api as sm

    fit = fit_poisson_elasticity(panel, effects=("product",), controls=("promoted",), errors="hc1")
    formula = "quantity ~ np.log(price) + promoted + C(product)"
    dummies = smf.glm(formula, panel, family=sm.families.Poisson()).fit()
    assert fit.log_likelihood == pytest.approx(dummies.llf, rel=1e-9)
    assert fit.dispersion == pytest.approx(dummies.pearson_chi2 / dummies.df_resid, rel=1e-6)
    np.testing.assert_allclose(fit.predict(panel)["estimate"], dummies.fittedvalues, rtol=1e-6)
    assert fit.pseudo_r_squared == pytest.approx(1 - dummies.llf / dummies.llnull, rel=1e-6)


def test_truth_separated_rows_are_found():
    """Rows that a combination of columns sets apart are found, also far out ones, and only these.

    The rows follow the test cases of the authors of the method: (0, -1, -1, -1) is separated by the sum of three columns; a column
    that is above 0 only where nothing was sold separates, whatever its size; columns with both signs do not.
    """
    columns = np.array(
        [[5, 11, 2, 2], [5, 2, 11, 2], [5, 2, 2, 11], [0, -1, -1, -1], [5, 5, 5, 5], [4] * 4, [3] * 4, [2] * 4, [1] * 4]
    )
    quantity = np.array([0, 0, 0, 0, 1, 2, 3, 4, 5.0])
    scaled = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    assert np.flatnonzero(separated_rows(quantity, scaled, ())).tolist() == [3]
    far = np.array([[1, 0], [-1, 0], [0, 1], [0, 5], [0, 1000], [0, 0], [0, 0]])
    quantity = np.array([0, 0, 0, 0, 0, 2.0, 3.0])
    scaled = (far - far.mean(axis=0)) / far.std(axis=0)
    assert np.flatnonzero(separated_rows(quantity, scaled, ())).tolist() == [2, 3, 4]
    with pytest.raises(ConvergenceError, match="which rows with a quantity of 0"):
        separated_rows(quantity, scaled, (), largest=0)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(st.integers(0, 100_000))
def test_truth_separated_rows_are_those_of_the_linear_programme(seed):
    """Over random small designs the rows set apart are those that a linear programme finds by the definition."""
    rng = np.random.default_rng(seed)
    columns = rng.integers(-1, 2, (14, 4)).astype(float)
    quantity = np.where(rng.random(14) < 0.6, 0.0, 1.0 + rng.integers(0, 3, 14))
    quantity[0] = 1.0
    group = group_values("g", pd.Series(rng.integers(0, 3, 14)))
    whole = np.hstack([columns, np.eye(group.size)[group.codes]])
    zero = quantity == 0
    rows, k = int(zero.sum()), whole.shape[1]
    if rows == 0:
        return
    # Highest sum of t, each 0 to 1 and no more than its row's combination, which is 0 where something was sold.
    found = linprog(
        c=np.concatenate([np.zeros(k), -np.ones(rows)]),
        A_ub=np.hstack([-whole[zero], np.eye(rows)]),
        b_ub=np.zeros(rows),
        A_eq=np.hstack([whole[~zero], np.zeros((int((~zero).sum()), rows))]),
        b_eq=np.zeros(int((~zero).sum())),
        bounds=[(None, None)] * k + [(0, 1)] * rows,
    )
    expected = np.zeros(14, dtype=bool)
    expected[zero] = found.x[k:] > 0.5
    kept = np.ones(14, dtype=bool)
    while (apart := separated_rows(quantity[kept], columns[kept], [keep_rows(group, kept)])).any():
        kept[np.flatnonzero(kept)[apart]] = False
    assert (~kept == expected).all()


def test_truth_products_that_never_sold_change_nothing(panel):
    """A product without a sale and a promotion under which nothing ever sold are left out and counted."""
    fit = fit_poisson_elasticity(panel, effects=("product",))
    never = panel[panel["product"] == 3].assign(product=99, quantity=0)
    more = fit_poisson_elasticity(pd.concat([panel, never], ignore_index=True), effects=("product",))
    assert (more.n, more.n_separated) == (fit.n, len(never))
    np.testing.assert_allclose(more.coefficients, fit.coefficients, rtol=1e-9)
    odd = panel.assign(failed=0.0)
    odd.loc[odd.index[odd["quantity"] == 0][:7], "failed"] = 1.0
    with pytest.raises(DataError, match="`failed` does not vary"):
        fit_poisson_elasticity(odd, effects=("product",), controls=("failed",))


def test_truth_zeros_are_no_obstacle():
    """With many zeros the elasticity is recovered, where leaving zeros out is far off."""
    from churnlab.elasticity import fit_elasticity

    prices = simulate_prices(60, 80, seed=5, elasticity=-2.0, spread=0.0, quantity=1.0, counts=True, noise=0.3)
    assert (prices["quantity"] == 0).mean() > 0.2
    found = fit_poisson_elasticity(prices).elasticity
    assert abs(found.estimate + 2.0) < 3 * found.std_error
    assert found.std_error < 0.15
    sold = prices[prices["quantity"] > 0].reset_index(drop=True)
    assert fit_elasticity(sold).elasticity.conf_low > -1.7


def test_invariant_units_do_not_matter(panel):
    """Other units of quantity and price leave the elasticity and its clustered error as they are."""
    fit = fit_poisson_elasticity(panel, effects=("product",)).elasticity
    other = panel.assign(price=panel["price"] * 7, quantity=panel["quantity"] / 12)
    found = fit_poisson_elasticity(other, effects=("product",)).elasticity
    assert [found.estimate, found.std_error] == pytest.approx([fit.estimate, fit.std_error], rel=1e-7)


def test_input_poisson(panel):
    """Nothing sold at all, negative quantities and errors that are not to be had are refused."""
    with pytest.raises(DataError, match="`quantity` is 0 in all"):
        fit_poisson_elasticity(panel.assign(quantity=0))
    with pytest.raises(DataError, match="`quantity` must be zero or more"):
        fit_poisson_elasticity(panel.assign(quantity=-1))
    with pytest.raises(ParameterError, match="`errors` must be one of 'iid', 'hc1', 'cluster'"):
        fit_poisson_elasticity(panel, errors="hac")


def test_smoke_results_show_themselves(panel):
    """A result has one line and a table for JupyterLab."""
    fit = fit_poisson_elasticity(panel, effects=("product",))
    assert repr(fit).startswith("PoissonElasticityFit(")
    assert "n_separated" in fit._repr_html_()
    assert fit.smearing == 1.0

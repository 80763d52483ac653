"""Instruments: estimates, their strength, the tests and the sets that hold where they are weak."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnlab import datasets
from churnlab.elasticity import fit_elasticity, fit_instrumented, simulate_prices
from churnlab.elasticity.anderson_rubin import ReducedForm, anderson_rubin_set
from churnlab.elasticity.first_stage import FirstStage, strength
from churnlab.errors import DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "elasticity"
DAYS = ("mon", "tues", "wed", "thurs")
EXACT = 1e-8
CASES = {
    "iv sales": (("sales_tax",), ()),
    "iv sales income": (("sales_tax",), ("log_income",)),
    "iv both income": (("sales_tax", "cigarette_tax"), ("log_income",)),
    "diff sales": (("sales_tax",), ("log_income",)),
    "diff cig": (("cigarette_tax",), ("log_income",)),
    "diff both": (("sales_tax", "cigarette_tax"), ("log_income",)),
}


@pytest.fixture(scope="module")
def reference():
    return pd.read_csv(REFERENCE / "references.csv").set_index(["case", "term"])


@pytest.fixture(scope="module")
def cigarettes():
    return datasets.load_cigarettes().to_frame()


@pytest.fixture(scope="module")
def cigarettes_1995(cigarettes):
    return cigarettes[cigarettes["period"].dt.year == 1995].reset_index(drop=True)


@pytest.fixture(scope="module")
def fish():
    return datasets.load_fish().to_frame()


@pytest.mark.parametrize("kind", ["const", "HC1"])
@pytest.mark.parametrize("case", list(CASES))
def test_truth_two_stages_equal_r(reference, cigarettes, cigarettes_1995, case, kind):
    """Cross-section and ten-year differences equal ivreg in R; differences are state and year effects here."""
    instruments, controls = CASES[case]
    levels = case.startswith("iv")
    fit = fit_instrumented(
        cigarettes_1995 if levels else cigarettes,
        instruments=instruments,
        controls=controls,
        effects=() if levels else ("store", "period"),
        errors={"const": "iid", "HC1": "hc1"}[kind],
    )
    found = [fit.elasticity.estimate, fit.elasticity.std_error]
    np.testing.assert_allclose(found, reference.loc[(f"{case} {kind}", "log_price")].to_numpy(), rtol=EXACT)
    assert fit.strength.f == pytest.approx(reference.loc[(case, "f"), "estimate"], rel=EXACT)
    tests = fit.tests().set_index("test")["statistic"]
    assert tests["wu_hausman"] == pytest.approx(reference.loc[(case, "wu_hausman"), "estimate"], rel=1e-7)
    if len(instruments) > 1:
        assert tests["sargan"] == pytest.approx(reference.loc[(case, "sargan"), "estimate"], rel=1e-7)


def test_truth_published_numbers(cigarettes, cigarettes_1995, fish):
    """Stock and Watson's cigarettes and the Fulton fish market, to the printed digits."""
    both, income = ("sales_tax", "cigarette_tax"), ("log_income",)
    fit = fit_instrumented(cigarettes_1995, instruments=both, controls=income, effects=(), errors="hc1")
    table = fit.tidy().set_index("term")
    assert table.loc["log_price", ["estimate", "std_error"]].tolist() == pytest.approx(
        [-1.27742413, 0.24961000], abs=5e-9
    )
    assert table.loc["log_income", ["estimate", "std_error"]].tolist() == pytest.approx(
        [0.28040483, 0.25388965], abs=5e-9
    )
    assert fit.strength.robust_f == pytest.approx(209.676, abs=5e-4)
    assert fit.tests().set_index("test").loc["hansen_j", "statistic"] == pytest.approx(0.33473588, abs=5e-9)
    liml = fit_instrumented(cigarettes_1995, instruments=both, controls=income, effects=(), errors="iid", method="liml")
    assert [liml.elasticity.estimate, liml.elasticity.std_error] == pytest.approx([-1.27644190, 0.26329289], abs=5e-9)
    for instruments, robust_f in ((both[:1], 33.674), (both[1:], 107.183), (both, 88.616)):
        fit = fit_instrumented(
            cigarettes, instruments=instruments, controls=income, effects=("store", "period"), errors="hc1"
        )
        assert fit.strength.robust_f == pytest.approx(robust_f, abs=5e-4)
    four = ("wave2", "wave3", "speed2", "speed3")
    fit = fit_instrumented(fish, instruments=four[:2], controls=DAYS, effects=(), errors="iid")
    assert [fit.elasticity.estimate, fit.elasticity.std_error] == pytest.approx([-0.815818, 0.327437], abs=5e-7)
    assert fit.strength.f == pytest.approx(19.0998, abs=5e-5)
    assert fit.tests().set_index("test").loc["sargan", "statistic"] == pytest.approx(0.027978, abs=5e-7)
    liml = fit_instrumented(fish, instruments=four, controls=DAYS, effects=(), errors="iid", method="liml")
    assert [liml.elasticity.estimate, liml.elasticity.std_error] == pytest.approx([-0.877012, 0.350514], abs=5e-7)


def test_truth_anderson_rubin_sets(cigarettes_1995):
    """The published sets, for equal and for unequal variances, with one instrument and with two."""
    both = ("sales_tax", "cigarette_tax")
    cases = {
        (both[:1], "iid"): (-1.8520, -0.3307),
        (both[:1], "hc1"): (-1.9291, -0.3565),
        (both, "iid"): (-1.9170, -0.5963),
        (both, "hc1"): (-1.8933, -0.6161),
    }
    for (instruments, errors), expected in cases.items():
        fit = fit_instrumented(
            cigarettes_1995, instruments=instruments, controls=("log_income",), effects=(), errors=errors
        )
        found = fit.anderson_rubin()
        assert len(found) == 1
        np.testing.assert_allclose(found.iloc[0], expected, atol=1e-4)  # the last digit printed, which some cut off


def test_truth_anderson_rubin_borders_are_where_the_test_rejects(fish):
    """At each border the F statistic by a regression of its own is the critical value."""
    from scipy.stats import f

    fit = fit_instrumented(fish, instruments=("wave2", "wave3"), controls=DAYS, effects=(), errors="iid")
    columns = np.column_stack([np.ones(len(fish)), fish[list(DAYS)]])
    full = np.column_stack([columns, fish[["wave2", "wave3"]]])
    for border in fit.anderson_rubin().iloc[0]:
        outcome = np.log(fish["quantity"]) - border * np.log(fish["price"])
        rss = [outcome @ (outcome - x @ np.linalg.lstsq(x, outcome, rcond=None)[0]) for x in (columns, full)]
        statistic = (rss[0] - rss[1]) / 2 / (rss[1] / (len(fish) - 7))
        assert statistic == pytest.approx(f.ppf(0.95, 2, len(fish) - 7), rel=1e-8)


def test_truth_anderson_rubin_sets_of_every_shape():
    """With variances that do not depend on the value the test is a quadratic: intervals, rays, the line and nothing are found."""

    def shape(outcome, price, spread):
        reduced = ReducedForm(
            outcome=np.array(outcome),
            price=np.array(price),
            covariance_at=lambda values: np.eye(len(price)) * (1 + spread * values**2)[:, None, None],
            df=1e9,
        )
        return anderson_rubin_set(reduced, centre=0.0, scale=1.0)

    critical = 3.841458821
    assert shape([2.0], [0.0], 0.0) == ()
    ((low, high),) = shape([0.0], [4.0], 0.0)
    assert (low, high) == pytest.approx((-np.sqrt(critical) / 4, np.sqrt(critical) / 4))
    assert shape([1.0], [1.0], 1.0) == ((-np.inf, np.inf),)
    (_, upper), (lower, _) = shape([3.0], [0.5], 1.0)
    roots = np.roots([0.25 - critical, -3.0, 9.0 - critical])
    assert sorted([upper, lower]) == pytest.approx(sorted(roots))
    ((low, high),) = shape([300.0], [100.0], 0.0)
    assert (low + high) / 2 == pytest.approx(3.0)


def test_truth_effective_f(reference, cigarettes_1995):
    """The effective F equals its definition in R; with one instrument it is the robust F, and 23.1 is asked of it."""
    both = ("sales_tax", "cigarette_tax")
    fit = fit_instrumented(cigarettes_1995, instruments=both, controls=("log_income",), effects=(), errors="hc1")
    expected = reference.loc[("iv both income", "effective_f"), "estimate"]
    assert fit.strength.effective_f == pytest.approx(expected, rel=1e-9)
    alone = np.array([[2.0]])
    one = strength(FirstStage(coefficients=np.ones(1), covariance=alone, iid_covariance=alone, gram=alone, df=10))
    assert one.effective_f == one.robust_f
    assert one.effective_f_critical == pytest.approx(23.1, abs=0.05)  # as printed by Montiel Olea and Pflueger


def test_truth_instruments_recover_what_least_squares_misses():
    """Where price answers to demand least squares is far off, two stages are not, and the test says so."""
    prices = simulate_prices(80, 60, seed=4, elasticity=-2.0, spread=0.0, endogeneity=0.5)
    prices = prices.assign(log_cost=np.log(prices["cost"]))
    plain = fit_elasticity(prices).elasticity
    fit = fit_instrumented(prices, instruments=("log_cost",))
    assert plain.conf_low > -1.9
    assert abs(fit.elasticity.estimate + 2.0) < 3 * fit.elasticity.std_error
    assert fit.elasticity.std_error < 0.1
    assert fit.tests()["p_value"].iloc[0] < 1e-6


def test_truth_intervals_cover():
    """Anderson-Rubin and Wald intervals of 90 % hold the truth in 90 % of panels, give or take four standard errors."""
    covered = []
    for seed in range(30):
        prices = simulate_prices(30, 20, seed=seed, elasticity=-2.0, spread=0.0, endogeneity=0.4)
        prices = prices.assign(log_cost=np.log(prices["cost"]))
        fit = fit_instrumented(prices, instruments=("log_cost",), errors="hc1", conf_level=0.9)
        low, high = fit.anderson_rubin().iloc[0]
        covered.append((fit.elasticity.conf_low < -2 < fit.elasticity.conf_high, low < -2 < high))
    assert (np.abs(np.mean(covered, axis=0) - 0.9) < 4 * np.sqrt(0.09 / 30)).all()


def test_invariant_instruments_count_by_what_they_span(cigarettes_1995):
    """Other units and sums of instruments leave estimate, strength and set as they are."""
    both = ("sales_tax", "cigarette_tax")
    known = cigarettes_1995.assign(
        a=lambda t: t["sales_tax"] * 100 + t["cigarette_tax"], b=lambda t: -t["cigarette_tax"] / 7
    )
    fits = [
        fit_instrumented(known, instruments=names, controls=("log_income",), effects=(), errors="hc1")
        for names in (both, ("a", "b"))
    ]
    np.testing.assert_allclose(fits[1].covariance, fits[0].covariance, rtol=1e-8)
    assert vars(fits[1].strength) == pytest.approx(vars(fits[0].strength), rel=1e-7)
    np.testing.assert_allclose(fits[1].anderson_rubin(), fits[0].anderson_rubin(), rtol=1e-7)


def test_input_instruments(cigarettes):
    """No instrument, one that the effects or controls hold, and unknown options are refused."""
    with pytest.raises(ParameterError, match="Name an instrument at least"):
        fit_instrumented(cigarettes, instruments=())
    with pytest.raises(ParameterError, match="`method` must be '2sls' or 'liml'"):
        fit_instrumented(cigarettes, instruments=("sales_tax",), method="gmm")
    with pytest.raises(ParameterError, match="`errors` must be one of 'iid', 'hc1', 'cluster', 'hac'"):
        fit_instrumented(cigarettes, instruments=("sales_tax",), errors="hc3")
    known = cigarettes.assign(year=cigarettes["period"].dt.year.astype(float), again=cigarettes["log_income"] * 2)
    with pytest.raises(DataError, match="`year` does not vary beside the effects period"):
        fit_instrumented(known, instruments=("year",), effects=("period",), errors="hc1")
    own = known.assign(own=np.log(known["price"]) * 3)
    with pytest.raises(DataError, match="The instruments give the price exactly"):
        fit_instrumented(own, instruments=("own",), effects=(), errors="hc1")
    with pytest.raises(DataError, match="`again` can be computed from the terms before"):
        fit_instrumented(known, instruments=("again",), controls=("log_income",), effects=(), errors="hc1")


def test_smoke_results_show_themselves(cigarettes_1995):
    """A result has one line, a table for JupyterLab, and a first stage."""
    fit = fit_instrumented(cigarettes_1995, instruments=("sales_tax",), effects=(), errors="hc1")
    assert "effective F 40.4" in repr(fit)
    assert "effective_f" in fit._repr_html_()
    assert fit.first_stage()["estimate"].iloc[0] == pytest.approx(0.03072886, abs=5e-9)

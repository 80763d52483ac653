"""Accelerated failure times, hazards in discrete time and boosted hazards."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from churnlab import survival
from churnlab.errors import ConvergenceError, DataError, ParameterError

EVERY = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
SOME = ["fin", "age", "prio", "mar"]
OF_R = {"weibull": "weibull", "log_normal": "lognormal", "log_logistic": "loglogistic", "exponential": "exponential"}


@pytest.mark.parametrize("distribution", list(OF_R))
def test_truth_failure_times_equal_r(rossi, model_numbers, distribution):
    """Coefficients, their errors, scale and log-likelihood are those of R's survreg, run to its last step."""
    fit = survival.fit_aft(rossi, distribution=distribution, covariates=EVERY)
    numbers = model_numbers[OF_R[distribution]]
    table = fit.tidy().set_index("term")
    terms = ["(Intercept)", *EVERY]
    np.testing.assert_allclose(table.loc[terms, "estimate"], numbers["estimate"][terms], rtol=1e-7)
    np.testing.assert_allclose(table.loc[terms, "std_error"], numbers["std_error"][terms], rtol=1e-6)
    assert fit.log_likelihood == pytest.approx(numbers["log_likelihood", ""], abs=1e-8)
    if distribution != "exponential":
        assert table.loc["scale", "estimate"] == pytest.approx(numbers["scale", ""], rel=1e-8)
        expected = numbers["std_error", "Log(scale)"] * numbers["scale", ""]
        assert table.loc["scale", "std_error"] == pytest.approx(expected, rel=1e-6)


def test_truth_published_weibull_of_rossi(rossi):
    """Intercept 3.99013480, fin .27216336 (.13796192), prio -.06581690, scale .71240533, log-likelihood -679.916564."""
    fit = survival.fit_aft(rossi, covariates=EVERY)
    table = fit.tidy().set_index("term")["estimate"]
    expected = [3.99013480, 0.27216336, -0.06581690, 0.71240533]
    np.testing.assert_allclose(table[["(Intercept)", "fin", "prio", "scale"]], expected, atol=5e-9)
    assert fit.log_likelihood == pytest.approx(-679.916564, abs=5e-7)
    assert fit.time_ratios()["estimate"].iloc[0] == pytest.approx(np.exp(0.27216336), abs=1e-7)


def test_truth_late_entry_and_weights_equal_r(rossi, model_numbers):
    """Weights are survreg's; late entry is the likelihood given survival to entry, climbed by R, to its six digits."""
    weighted = survival.fit_aft(rossi.assign(weight=rossi["w"]), covariates=EVERY)
    expected = model_numbers["weibull_weights", "estimate"][["(Intercept)", *EVERY]]
    np.testing.assert_allclose(weighted.tidy()["estimate"].iloc[:-1], expected, rtol=1e-7)
    entered = rossi.assign(entry=rossi["late"])
    for distribution in ("weibull", "log_normal"):
        fit = survival.fit_aft(entered, distribution=distribution, covariates=["fin", "age", "prio"])
        numbers = model_numbers[f"late_{distribution}"]
        terms = ["(Intercept)", "fin", "age", "prio"]
        np.testing.assert_allclose(fit.parameters[:4], numbers["estimate"][terms], rtol=1e-5)
        assert np.log(fit.parameters[4]) == pytest.approx(numbers["estimate", "log_scale"], abs=1e-5)
        np.testing.assert_allclose(fit.tidy()["std_error"].iloc[:4], numbers["std_error"][terms], rtol=1e-4)
        assert fit.log_likelihood == pytest.approx(numbers["log_likelihood", ""], abs=1e-7)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_truth_discrete_time_equals_glm(rossi, model_numbers, link):
    """Estimates, errors, log-likelihood and survival are those of R's glm on the person-period table."""
    fit = survival.fit_discrete_hazard(rossi, covariates=SOME, link=link)
    numbers = model_numbers[f"each_{link}"]
    np.testing.assert_allclose(fit.tidy()["estimate"], numbers["estimate"][SOME], rtol=1e-7)
    np.testing.assert_allclose(fit.tidy()["std_error"], numbers["std_error"][SOME], rtol=1e-6)
    assert fit.log_likelihood == pytest.approx(numbers["log_likelihood", ""], rel=1e-10)
    new = pd.DataFrame({"fin": [0], "age": [25], "prio": [3], "mar": [0]})
    np.testing.assert_allclose(
        fit.survival(new, times=[10, 20, 52])[0], numbers["survival"][["10", "20", "52"]], rtol=1e-8
    )
    smooth = survival.fit_discrete_hazard(rossi, covariates=SOME, link=link, baseline="smooth")
    numbers = model_numbers[f"smooth_{link}"]
    np.testing.assert_allclose(smooth.tidy()["estimate"], numbers["estimate"][SOME], rtol=1e-7)
    assert smooth.log_likelihood == pytest.approx(numbers["log_likelihood", ""], rel=1e-10)
    hazard = smooth.predict(new, horizon=1, tenure=9).iloc[0]
    eta, error = numbers["predictor", "10"], numbers["predictor_std_error", "10"]
    rate = np.exp(eta)
    assert hazard["estimate"] == pytest.approx(rate / (1 + rate) if link == "logit" else -np.expm1(-rate), rel=1e-7)
    if link == "cloglog":
        assert hazard["conf_high"] == pytest.approx(-np.expm1(-np.exp(eta + 1.959963985 * error)), rel=1e-6)


def test_invariant_late_entry_in_discrete_time_is_a_split(rossi):
    """Spells cut in two, the second with its entry, count as the whole ones; so do weights and counted rows."""
    plain = rossi[["duration", "churned", *SOME]]
    whole = survival.fit_discrete_hazard(plain, covariates=SOME)
    beyond = plain["duration"] > 20
    parts = [
        plain[~beyond].assign(entry=0),
        plain[beyond].assign(duration=20, churned=False, entry=0),
        plain[beyond].assign(entry=20),
    ]
    split = survival.fit_discrete_hazard(pd.concat(parts), covariates=SOME)
    np.testing.assert_allclose(split.coefficients, whole.coefficients, rtol=1e-7)
    assert split.periods_at_risk == whole.periods_at_risk
    doubled = survival.fit_discrete_hazard(plain.assign(weight=2), covariates=SOME)
    np.testing.assert_allclose(doubled.covariance, whole.covariance / 2, rtol=1e-6)
    many = pd.concat([plain.assign(age=plain["age"] // 10, prio=plain["prio"] // 6)] * 10, ignore_index=True)
    counted = survival.fit_discrete_hazard(many, covariates=SOME)
    one_by_one = survival.fit_discrete_hazard(many, formula="fin + age + prio + mar")
    np.testing.assert_allclose(counted.coefficients, one_by_one.coefficients, rtol=1e-7)
    assert counted.log_likelihood == pytest.approx(one_by_one.log_likelihood, rel=1e-11)


def test_invariant_special_cases_agree(rossi):
    """The exponential is the Weibull of scale 1; the Weibull's coefficients are those of hazards over minus the scale."""
    exponential = survival.fit_aft(rossi, distribution="exponential", covariates=[])
    rate = rossi["churned"].sum() / rossi["duration"].sum()
    assert exponential.parameters[0] == pytest.approx(-np.log(rate), rel=1e-9)
    assert exponential.survival(rossi.iloc[:1], times=10)[0, 0] == pytest.approx(np.exp(-10 * rate))
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, 30_000)
    time = 10 * np.exp(0.4 * x) * rng.weibull(1.5, len(x))
    spells = pd.DataFrame({"x": x, "duration": np.minimum(time, 20), "churned": time <= 20})
    aft, cox = survival.fit_aft(spells, covariates=["x"]), survival.fit_cox(spells, covariates=["x"])
    np.testing.assert_allclose(aft.parameters, [np.log(10), 0.4, 1 / 1.5], atol=0.02)
    assert -aft.parameters[1] / aft.parameters[2] == pytest.approx(cox.coefficients[0], abs=0.02)
    cloglog = survival.fit_discrete_hazard(
        spells.assign(duration=np.ceil(spells["duration"])), covariates=["x"], link="cloglog"
    )
    assert cloglog.coefficients[0] == pytest.approx(cox.coefficients[0], abs=0.01)


def test_truth_boosting_finds_what_is_bent():
    """On other data boosting comes close to the true order where the effect is bent, and a linear Cox model does not."""
    rng = np.random.default_rng(4)

    def draw(n):
        x = rng.uniform(-2, 2, (n, 2))
        hazard = 0.03 * np.exp(1.2 * (np.abs(x[:, 0]) - 1))
        time = np.ceil(-np.log(rng.random(n)) / hazard)
        frame = pd.DataFrame(x, columns=["a", "b"])
        return frame.assign(
            duration=np.minimum(time, 24), churned=time <= 24, truth=hazard, plan=np.where(x[:, 1] > 0, "p", "q")
        )

    past, later = draw(3_000), draw(4_000)
    fit = survival.fit_boosted_hazard(past, covariates=["a", "b", "plan"], seed=1, trees=60, learning_rate=0.1)
    cox = survival.fit_cox(past, covariates=["a", "b"])
    best = survival.concordance(later["truth"], later)
    found = survival.concordance(fit.churn_probability(later, horizon=12), later)
    assert best - found < 0.02
    assert survival.concordance(cox.linear_predictor(later), later) < 0.53
    assert fit.tidy()["term"].iloc[0] == "a"
    expected = 1 - np.exp(-12 * later["truth"].to_numpy())
    assert fit.churn_probability(later, horizon=12).mean() == pytest.approx(expected.mean(), abs=0.02)
    again = survival.fit_boosted_hazard(past, covariates=["a", "b", "plan"], seed=1, trees=60, learning_rate=0.1)
    np.testing.assert_array_equal(
        again.survival(later.head(50), times=[1, 9]), fit.survival(later.head(50), times=[1, 9])
    )
    table = fit.predict(later.head(5), horizon=3, tenure=[0, 1, 2, 3, 4])
    curve = fit.survival(later.head(5), times=[0, 1, 2, 3, 4, 5, 6, 7])
    ratio = [curve[row, row + 3] / curve[row, row] for row in range(5)]
    np.testing.assert_allclose(1 - table["estimate"], ratio)
    assert fit.expected_lifetime(later.head(1), until=7)[0] == pytest.approx(curve[0, :7].sum())
    assert fit.predict(later.head(0), horizon=3).empty
    with pytest.raises(ParameterError, match="BoostedHazardFit does not know how sure it is"):
        survival.expected_churns(fit, later, horizon=3)


def test_input_parametric_models(rossi):
    """Broken periods, unknown options, periods in which all leave, and separation are refused by name."""
    with pytest.raises(
        DataError,
        match=r"`duration` must be a whole number of periods, but 432 of 432 rows are not \(first: row 1: 20.5\)",
    ):
        survival.fit_discrete_hazard(rossi.assign(duration=rossi["duration"] + 0.5), covariates=["age"])
    seconds = rossi.assign(duration=rossi["duration"] * 604_800)
    for fit in (survival.fit_discrete_hazard, partial(survival.fit_boosted_hazard, seed=1)):
        with pytest.raises(DataError, match="`duration` goes up to 31,449,600 periods, but .* take 5,000"):
            fit(seconds, covariates=["age"])
    with pytest.raises(DataError, match="Everybody at risk in period 52 left in it"):
        survival.fit_discrete_hazard(
            rossi.assign(churned=rossi["churned"] | (rossi["duration"] == 52)), covariates=["age"]
        )
    with pytest.raises(ParameterError, match="`link` must be 'logit' or 'cloglog'"):
        survival.fit_discrete_hazard(rossi, covariates=["age"], link="probit")
    with pytest.raises(ParameterError, match="`baseline` must be 'each' or 'smooth'"):
        survival.fit_discrete_hazard(rossi, covariates=["age"], baseline="none")
    with pytest.raises(ParameterError, match="`distribution` must be one of weibull"):
        survival.fit_aft(rossi, covariates=["age"], distribution="gamma")
    vip = rossi.assign(vip=~rossi["churned"] & (rossi["age"] > 25))
    for fit in (survival.fit_aft, survival.fit_discrete_hazard):
        with pytest.warns(UserWarning, match="`vip` is the same"):  # noqa: SIM117 - both are said
            with pytest.raises(ConvergenceError, match="separates those who churned"):
                fit(vip, covariates=["vip"])
    with pytest.raises(ParameterError, match="1 tree or more"):
        survival.fit_boosted_hazard(rossi, covariates=["age"], seed=1, trees=0)
    with pytest.raises(DataError, match="A covariate has empty cells"):
        survival.fit_boosted_hazard(rossi.assign(age=rossi["age"].where(rossi.index > 3)), covariates=["age"], seed=1)


def test_smoke_results_show_themselves(rossi):
    """Every result has a line and a table for JupyterLab."""
    named = rossi.assign(reason=rossi["why"])
    for fit in (
        survival.fit_cox(rossi, covariates=["age"]),
        survival.fit_aft(rossi, covariates=["age"]),
        survival.fit_discrete_hazard(rossi, covariates=["age"]),
        survival.fit_cause_specific(named, covariates=["age"]),
    ):
        assert "age" in fit._repr_html_()
        assert "432 customers" in repr(fit)

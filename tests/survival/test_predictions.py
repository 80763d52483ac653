"""What fitted models say of customers and groups: curves, churn within a horizon, lifetimes, counts, with limits."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from churnlab import survival
from churnlab.errors import DataError, ParameterError

EVERY = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
NEW = pd.DataFrame({"fin": [0, 1], "age": 25, "race": 1, "wexp": 0, "mar": 0, "paro": 1, "prio": 3}, index=["a", "b"])


@pytest.fixture(scope="module")
def models(rossi):
    some = ["fin", "age", "prio"]
    return {
        "cox": survival.fit_cox(rossi, covariates=EVERY),
        "strata": survival.fit_cox(rossi, covariates=[name for name in EVERY if name != "wexp"], strata="wexp"),
        "weibull": survival.fit_aft(rossi, covariates=some),
        "log_normal": survival.fit_aft(rossi, covariates=some, distribution="log_normal"),
        "each": survival.fit_discrete_hazard(rossi, covariates=some),
        "smooth": survival.fit_discrete_hazard(rossi, covariates=some, baseline="smooth", link="cloglog"),
        "joint": survival.fit_cause_specific(rossi.assign(reason=rossi["why"]), covariates=some),
    }


@pytest.mark.parametrize(
    ("case", "options", "columns"),
    [
        ("curve", {}, {}),
        ("curve_breslow", {"ties": "breslow"}, {}),
        ("curve_weights", {"weights": "sampling"}, {"weight": "w"}),
        ("curve_late", {}, {"entry": "late"}),
    ],
)
def test_truth_survival_curves_equal_r(rossi, model_numbers, case, options, columns):
    """Survival and its limits on the scale log(-log) are those of R's survfit, the uncertainty of the baseline included."""
    rows = rossi.assign(**{name: rossi[source] for name, source in columns.items()})
    fit = survival.fit_cox(rows, covariates=EVERY, **options)
    curve = fit.survival(NEW, times=[10, 20, 52])
    for place in range(2):
        numbers = model_numbers[f"{case}_{place + 1}"]
        np.testing.assert_allclose(curve[place], numbers["survival"][["10", "20", "52"]], rtol=1e-9)
        for time in (10, 20, 52):
            row = fit.predict(NEW, horizon=time).iloc[place]
            assert 1 - row["conf_high"] == pytest.approx(numbers["conf_low", str(time)], rel=1e-7)
            assert 1 - row["conf_low"] == pytest.approx(numbers["conf_high", str(time)], rel=1e-7)


def test_truth_curves_of_strata_equal_r(models, model_numbers):
    """Each stratum has its own baseline, and its own uncertainty."""
    for level in (0, 1):
        fit = models["strata"]
        new = NEW.assign(wexp=level)
        for place in range(2):
            numbers = model_numbers[f"curve_strata_{level}_{place + 1}"]
            np.testing.assert_allclose(
                fit.survival(new, times=[10, 20, 52])[place], numbers["survival"][["10", "20", "52"]], rtol=1e-9
            )
            assert 1 - fit.predict(new, horizon=20)["conf_high"].iloc[place] == pytest.approx(
                numbers["conf_low", "20"], rel=1e-7
            )


def test_truth_what_is_to_come_equals_r(models, model_numbers):
    """P(churn within h | still here at 10) and its limits are those of R's survfit from time 10 on."""
    for time in (20, 52):
        found = models["cox"].predict(NEW, horizon=time - 10, tenure=10)
        for place in range(2):
            numbers = model_numbers[f"curve_from_10_{place + 1}"]
            assert 1 - found["estimate"].iloc[place] == pytest.approx(numbers["survival", str(time)], rel=1e-9)
            assert 1 - found["conf_high"].iloc[place] == pytest.approx(numbers["conf_low", str(time)], rel=1e-7)
            assert 1 - found["conf_low"].iloc[place] == pytest.approx(numbers["conf_high", str(time)], rel=1e-7)
    assert found.index.tolist() == ["a", "b"]


def test_truth_baseline_hazard_equals_r(models, model_numbers):
    """The cumulative hazard of a customer whose covariates are all 0, as R's basehaz has it without centring."""
    base = models["cox"].baseline_hazard().set_index("time")["cumulative_hazard"]
    expected = model_numbers["baseline", "cumulative_hazard"][["1", "10", "20", "52"]]
    np.testing.assert_allclose(base.loc[[1, 10, 20, 52]], expected, rtol=1e-8)


@pytest.mark.parametrize("name", ["cox", "weibull", "log_normal", "each", "smooth", "joint"])
def test_truth_lifetime_is_the_area_under_survival(models, rossi, name):
    """Expected lifetime is the integral of survival from tenure on, over survival at tenure, for every model."""
    fit, new = models[name], rossi.iloc[[0, 5]]
    for tenure in (0.0, 10.0):
        found = fit.expected_lifetime(new, until=40, tenure=tenure)
        for place in range(2):
            row = new.iloc[[place]]
            edges = np.arange(tenure, 40)
            if name in ("weibull", "log_normal"):
                area = quad(
                    lambda time, row=row: fit.survival(row, times=time)[0, 0], tenure, 40, epsabs=1e-11, limit=200
                )[0]
            else:
                area = fit.survival(row, times=edges).sum()
            assert found[place] == pytest.approx(area / fit.survival(row, times=tenure)[0, 0], rel=1e-7)


@pytest.mark.parametrize("name", ["cox", "strata", "weibull", "log_normal", "each", "smooth", "joint"])
@settings(max_examples=10, deadline=None)
@given(tenure=st.integers(0, 30), horizon=st.integers(1, 20))
def test_invariant_what_is_to_come_is_a_ratio(models, rossi, name, tenure, horizon):
    """P(still here at t + h | here at t) is S(t + h) / S(t); limits hold the estimate and lie between 0 and 1."""
    fit, new = models[name], rossi.iloc[:7]
    curve = fit.survival(new, times=[tenure, tenure + horizon])
    table = fit.predict(new, horizon=horizon, tenure=tenure)
    np.testing.assert_allclose(1 - table["estimate"], curve[:, 1] / curve[:, 0], rtol=1e-10)
    np.testing.assert_allclose(fit.churn_probability(new, horizon=horizon, tenure=tenure), table["estimate"])
    assert (table["conf_low"] >= 0).all()
    assert (table["conf_low"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["conf_high"]).all()
    assert (table["conf_high"] <= 1).all()


@pytest.mark.parametrize("name", ["cox", "strata", "weibull", "log_normal", "each", "smooth", "joint"])
def test_truth_a_group_of_one_is_the_customer(models, rossi, name):
    """The average over one customer, or over like ones, has her own estimate and limits."""
    fit, one = models[name], rossi.iloc[[3]]
    own = fit.predict(one, horizon=12, tenure=4).iloc[0]
    for new in (one, pd.concat([one] * 3), one.assign(weight=5.0)):
        group = survival.average_survival(fit, new, times=12, tenure=4).iloc[0]
        assert 1 - group["estimate"] == pytest.approx(own["estimate"], rel=1e-10)
        assert 1 - group["conf_high"] == pytest.approx(own["conf_low"], rel=1e-7)
        assert 1 - group["conf_low"] == pytest.approx(own["conf_high"], rel=1e-7)
    counted = survival.expected_churns(fit, one.assign(weight=5.0), horizon=12, tenure=4).iloc[0]
    assert counted["estimate"] == pytest.approx(5 * own["estimate"])
    assert counted["std_error"] == pytest.approx(5 * group["std_error"])


@pytest.mark.parametrize("name", ["weibull", "log_normal", "each", "smooth"])
def test_truth_limits_of_averages_follow_from_the_parameters(models, rossi, name):
    """The error of a parametric model's average is the delta method by differences of its parameters."""
    from dataclasses import replace

    fit, new = models[name], rossi.iloc[:40]
    tenure = np.arange(40) % 9

    def moved(delta):
        if name in ("weibull", "log_normal"):
            return replace(fit, parameters=fit.parameters + delta)
        q = len(fit.levels)
        return replace(fit, levels=fit.levels + delta[:q], coefficients=fit.coefficients + delta[q:])

    covariance = fit.covariance if name in ("weibull", "log_normal") else fit.whole_covariance
    steps = np.eye(len(covariance)) * 1e-5
    for function, found in (
        (
            lambda m: m.churn_probability(new, horizon=8, tenure=tenure).sum(),
            survival.expected_churns(fit, new, horizon=8, tenure=tenure),
        ),
        (
            lambda m: m.expected_lifetime(new, until=40, tenure=tenure).mean(),
            survival.average_lifetime(fit, new, until=40, tenure=tenure),
        ),
    ):
        slope = np.array([(function(moved(step)) - function(moved(-step))) / 2e-5 for step in steps])
        assert found["estimate"].item() == pytest.approx(function(fit), rel=1e-10)
        assert found["std_error"].item() == pytest.approx(np.sqrt(slope @ covariance @ slope), rel=1e-5)


def test_truth_limits_of_cox_averages_by_the_bootstrap(rossi):
    """The errors of Cox averages, baseline included, are the spread over 200 resamples, within that spread's own error."""
    some = ["fin", "age", "prio"]
    fit, new = survival.fit_cox(rossi, covariates=some), rossi.iloc[:60]
    rng = np.random.default_rng(11)
    draws = []
    for _ in range(200):
        again = survival.fit_cox(rossi.iloc[rng.integers(0, len(rossi), len(rossi))], covariates=some)
        draws.append(
            (again.churn_probability(new, horizon=8, tenure=10).sum(), again.expected_lifetime(new, until=50).mean())
        )
    spread = np.std(draws, axis=0, ddof=1)
    found = [
        survival.expected_churns(fit, new, horizon=8, tenure=10)["std_error"].item(),
        survival.average_lifetime(fit, new, until=50)["std_error"].item(),
    ]
    np.testing.assert_allclose(found, spread, rtol=4 / np.sqrt(2 * 200))


def test_truth_prediction_limits_hold_what_chance_adds(models, rossi):
    """Their width is that of the estimate's error and of independent leaving together; groups add up to the whole."""
    fit = models["cox"]
    whole = survival.expected_churns(fit, rossi, horizon=8, tenure=10).iloc[0]
    p = fit.churn_probability(rossi, horizon=8, tenure=10)
    half = (whole["predict_high"] - whole["predict_low"]) / 2
    assert half == pytest.approx(1.959964 * np.sqrt(whole["std_error"] ** 2 + (p * (1 - p)).sum()), rel=1e-6)
    groups = survival.expected_churns(fit, rossi, horizon=8, tenure=10, by="fin")
    assert groups["fin"].tolist() == [0, 1]
    assert groups["estimate"].sum() == pytest.approx(whole["estimate"])
    assert groups["n"].tolist() == [216, 216]


def test_truth_reasons_equal_r(models, rossi, model_numbers):
    """Coefficients by reason are those of R's multi-state coxph; the shares gone those of its single fits, put together."""
    fit = models["joint"]
    table = fit.tidy().set_index(["reason", "term"])["estimate"]
    for reason, state in (("price", "1:2"), ("moved", "1:3")):
        expected = model_numbers["reasons", "estimate"][[f"{term}_{state}" for term in ("fin", "age", "prio")]]
        np.testing.assert_allclose(table[reason], expected, rtol=1e-8)
    new = NEW[["fin", "age", "prio"]]
    for place in range(2):
        numbers = model_numbers[f"reasons_{place + 1}"]
        times = [10, 20, 52]
        names = [str(time) for time in times]
        np.testing.assert_allclose(fit.survival(new, times=times)[place], numbers["survival"][names], rtol=1e-8)
        for reason in ("price", "moved"):
            found = fit.cumulative_incidence(new, reason=reason, times=times)[place]
            np.testing.assert_allclose(found, numbers[reason][names], rtol=1e-8)


@settings(max_examples=10, deadline=None)
@given(tenure=st.integers(0, 20), ahead=st.integers(1, 30))
def test_invariant_reasons_add_up(models, rossi, tenure, ahead):
    """Over the reasons the shares gone and the share still here add up to 1, from any tenure on."""
    fit, new = models["joint"], rossi.iloc[:9]
    gone = [
        fit.cumulative_incidence(new, reason=reason, times=tenure + ahead, tenure=tenure)[:, 0] for reason in fit.fits
    ]
    np.testing.assert_allclose(
        np.sum(gone, axis=0), fit.churn_probability(new, horizon=ahead, tenure=tenure), atol=1e-12
    )


def test_input_times_and_horizons(models, rossi):
    """Times beyond the data are not answered, with a warning, and refused for groups; negative ones are refused."""
    fit, new = models["cox"], rossi.iloc[:3]
    with pytest.warns(UserWarning, match=r"3 of 3 rows ask beyond the last time seen in the data of the fit \(52\)"):
        assert np.isnan(fit.survival(new, times=[52, 53])).tolist() == [[False, True]] * 3
    with pytest.warns(UserWarning, match="1 of 3 rows ask beyond"):
        found = fit.predict(new, horizon=10, tenure=[10, 20, 50])
    assert found["estimate"].isna().tolist() == [False, False, True]
    with pytest.raises(DataError, match="For 3 of 3 customers the time asked for ends after the last that was seen"):
        survival.expected_churns(fit, new, horizon=10, tenure=50)
    with pytest.raises(ParameterError, match="`horizon` must be above 0"):
        fit.predict(new, horizon=0)
    with pytest.raises(ParameterError, match="`tenure` must be 0 or more"):
        fit.predict(new, horizon=1, tenure=-1)
    with pytest.raises(ParameterError, match=r"`tenure` must be one number or one per row \(3\)"):
        fit.predict(new, horizon=1, tenure=[1, 2])
    rates = survival.fit_tenure_rates(rossi, breaks=[10])
    with pytest.raises(ParameterError, match=r"`tenure` must be one number or one per row \(3\)"):
        rates.predict(new, horizon=1, tenure=[1, 2])
    with pytest.raises(ParameterError, match="TenureRates does not know how sure it is of a group"):
        survival.average_survival(rates, new, times=3)
    with pytest.raises(ParameterError, match="`times` must be numbers"):
        fit.survival(new, times=[-1])
    with pytest.raises(ParameterError, match="`until` must be above 0 and no tenure beyond it"):
        fit.expected_lifetime(new, until=5, tenure=9)
    with pytest.raises(DataError, match="There is no column `plan` to group by"):
        survival.expected_churns(fit, new, horizon=1, by="plan")
    with pytest.raises(ParameterError, match="There is no reason 'weather'; there are 'moved', 'price'"):
        models["joint"].cumulative_incidence(new, reason="weather", times=3)
    with pytest.raises(DataError, match="There are no customers"):
        survival.expected_churns(fit, new.iloc[:0], horizon=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(models["weibull"].predict(new, horizon=500)["estimate"]).all()


def test_input_reasons(rossi):
    """Reasons that nobody left for, that are missing for some, or missing altogether are refused."""
    named = rossi.assign(reason=rossi["why"])
    with pytest.raises(DataError, match="Nobody left for the reason 'weather'. `reason` holds 'moved', 'price'"):
        survival.fit_cox(named, covariates=["age"], reason="weather")
    with pytest.raises(DataError, match="has no column `reason`"):
        survival.fit_cox(rossi, covariates=["age"], reason="price")
    lacking = named.assign(reason=named["reason"].where(named["reason"] != "moved"))
    with pytest.raises(DataError, match="Of the reason 'price': `reason` must say why every customer left who did"):
        survival.fit_cause_specific(lacking, covariates=["age"])
    with pytest.raises(DataError, match="`reason` is empty in every row"):
        survival.fit_cause_specific(named.assign(reason=None), covariates=["age"])

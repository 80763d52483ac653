"""What share of a group leaves for each reason, with limits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnlab import survival
from churnlab.errors import DataError, ParameterError

SOME = ["fin", "age", "prio"]


@pytest.fixture(scope="module")
def spells(rossi):
    return rossi.assign(reason=rossi["why"])


@pytest.fixture(scope="module")
def joint(spells):
    return survival.fit_cause_specific(spells, covariates=SOME)


def test_truth_one_reason_is_one_minus_survival(rossi):
    """Where all leave for one reason, share and error are those of the share still here, from any tenure."""
    rows = rossi.assign(reason=np.where(rossi["churned"].astype(bool), "price", None))
    fit = survival.fit_cause_specific(rows, covariates=SOME)
    plain = survival.fit_cox(rows, covariates=SOME)
    tenure = np.arange(len(rows)) % 12
    for by in (None, "fin"):
        gone = survival.average_incidence(fit, rows, reason="price", times=[5, 40], tenure=tenure, by=by)
        here = survival.average_survival(plain, rows, times=[5, 40], tenure=tenure, by=by)
        np.testing.assert_allclose(gone["estimate"], 1 - here["estimate"], rtol=1e-12)
        np.testing.assert_allclose(gone["std_error"], here["std_error"], rtol=1e-10)
        assert gone["n"].tolist() == here["n"].tolist()


def test_truth_the_mean_of_single_customers(joint, spells):
    """The share of a group is the weighted mean of its customers' shares; over reasons they are all who leave."""
    rows, weight = spells.iloc[:40].assign(weight=np.arange(1, 41)), np.arange(1, 41)
    total = 0.0
    for reason in joint.fits:
        found = survival.average_incidence(joint, rows, reason=reason, times=[10, 30], tenure=5)
        each = joint.cumulative_incidence(rows, reason=reason, times=[15, 35], tenure=5)
        np.testing.assert_allclose(found["estimate"], weight @ each / weight.sum(), rtol=1e-12)
        total = total + found["estimate"]
    here = survival.average_survival(joint, rows, times=[10, 30], tenure=5)
    np.testing.assert_allclose(total, 1 - here["estimate"], rtol=1e-12)
    assert found["n"].tolist() == [820.0, 820.0]


def test_truth_error_by_differences(joint, spells):
    """The error is what differences by every parameter of every reason give, tenures that differ included."""
    rows, tenure = spells.iloc[:6], np.array([0.0, 3, 10, 11.5, 20, 20])

    def mean(fit):
        each = [
            fit.cumulative_incidence(rows.iloc[[place]], reason="price", times=start + 25, tenure=start)[0, 0]
            for place, start in enumerate(tenure)
        ]
        return np.mean(each)

    def slope(reason, **changed):
        low, high = (
            replace(joint, fits={**joint.fits, reason: replace(joint.fits[reason], **{k: v[side] for k, v in changed.items()})})
            for side in (0, 1)
        )  # fmt: skip
        return (mean(high) - mean(low)) / 2e-6

    variance = 0.0
    for reason, fit in joint.fits.items():
        baseline, slopes = fit.baseline, []
        for step in np.flatnonzero(baseline.hazard):
            moved = np.zeros(len(baseline.hazard))
            moved[step] = 1e-6
            both = [replace(baseline, hazard=baseline.hazard + sign * moved) for sign in (-1, 1)]
            variance += slope(reason, baseline=both) ** 2 * baseline.variance[step]
        for place in range(len(SOME)):
            moved = 1e-6 * (np.arange(len(SOME)) == place)
            both = [replace(baseline, hazard=baseline.hazard - sign * moved @ baseline.shift) for sign in (-1, 1)]
            slopes.append(
                slope(reason, baseline=both, coefficients=[fit.coefficients - moved, fit.coefficients + moved])
            )
        variance += np.array(slopes) @ fit.covariance @ np.array(slopes)
    found = survival.average_incidence(joint, rows, reason="price", times=25, tenure=tenure)
    assert found["std_error"][0] == pytest.approx(np.sqrt(variance), rel=1e-6)


def test_truth_aalen_johansen_where_covariates_say_nothing():
    """With a covariate that says nothing, shares and errors are nearly those of Aalen and Johansen's curves."""
    rng = np.random.default_rng(8)
    n = 1_000
    first, second, lost = rng.exponential(10, n), rng.exponential(20, n), rng.uniform(2, 15, n)
    duration = np.minimum(np.minimum(first, second), lost)
    reason = np.select([duration == lost, duration == first], ["", "price"], "moved")
    frame = pd.DataFrame({"duration": duration, "churned": reason != "", "x": rng.normal(size=n)})
    frame["reason"] = pd.Series(reason).where(frame["churned"], None)
    fit = survival.fit_cause_specific(frame, covariates=["x"])
    curves = survival.fit_aalen_johansen(frame).at([3, 10]).set_index("reason")
    for name in ("price", "moved"):
        found = survival.average_incidence(fit, frame, reason=name, times=[3, 10])
        np.testing.assert_allclose(found["estimate"], curves.loc[name, "estimate"], rtol=2e-3)
        np.testing.assert_allclose(found["std_error"], curves.loc[name, "std_error"], rtol=1e-2)
        assert (found["conf_low"] < found["estimate"]).all()
        assert (found["conf_high"] > found["estimate"]).all()


def test_input_reasons_and_times(joint, spells):
    """A reason that is not there, a time of 0 and one beyond the data are refused."""
    with pytest.raises(ParameterError, match="There is no reason 'weather'; there are 'moved', 'price'"):
        survival.average_incidence(joint, spells, reason="weather", times=3)
    with pytest.raises(ParameterError, match="`times` must be above 0"):
        survival.average_incidence(joint, spells, reason="price", times=[0, 3])
    with pytest.raises(DataError, match="For 432 of 432 customers the time asked for ends after the last"):
        survival.average_incidence(joint, spells, reason="price", times=30, tenure=30)

"""Missing answers: EM, pairwise correlations and multiple imputation against the truth and against each other."""

import numpy as np
import pandas as pd
import pytest

from churnlab import drivers
from churnlab.drivers import completion
from churnlab.drivers.imputation import impute
from churnlab.drivers.ratings import to_ratings
from churnlab.drivers.shapley import shapley_values
from churnlab.errors import DataError

NAMES = [f"x{place}" for place in range(6)]


def survey(n, seed, share=1 / 3):
    """Return full answers with R² = 0.70, and the same with answers skipped mostly by who is satisfied."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    x = np.sqrt(0.6) * rng.normal(size=(n, 6)) + np.sqrt(0.4) * common
    slopes = np.array([0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    own = 0.4 + 0.6 * np.eye(6)
    signal = slopes @ own @ slopes
    y = x @ slopes + rng.normal(size=n) * np.sqrt(signal * 0.3 / 0.7)
    full = pd.DataFrame(x, columns=NAMES).assign(outcome=y)
    skips = np.where(y > np.median(y), 1.9, 0.1) * share
    gaps = rng.random((n, 3)) < skips[:, None]
    thin = full.copy()
    thin[NAMES[:3]] = full[NAMES[:3]].mask(gaps)
    return full, thin


def test_truth_r_squared_survives_skipped_answers():
    """A third of three answers skipped by the satisfied: listwise R² falls by more than 0.1, EM's and imputation's do not."""
    full, thin = survey(6000, 1)
    fit = {
        missing: drivers.fit_importance(thin, drivers=NAMES, missing=missing, draws=100)
        for missing in ("listwise", "em", "impute", "pairwise")
    }
    truth = drivers.fit_importance(full, drivers=NAMES, draws=100)
    assert truth.r_squared == pytest.approx(0.70, abs=0.015)
    assert fit["listwise"].r_squared < 0.60
    assert fit["em"].r_squared == pytest.approx(truth.r_squared, abs=0.01)
    assert fit["impute"].r_squared == pytest.approx(truth.r_squared, abs=0.01)
    np.testing.assert_allclose(fit["em"].estimate, truth.estimate, atol=0.01)
    np.testing.assert_allclose(fit["impute"].estimate, fit["em"].estimate, atol=0.005)
    assert (fit["em"].n, fit["em"].n_complete) == (6000, fit["listwise"].n)


def test_truth_em_is_the_maximum_of_the_likelihood():
    """No small change of means or covariances makes the answers likelier (the gradient by differences is 0)."""
    from scipy.stats import multivariate_normal

    _, thin = survey(120, 2)
    values = ((thin - thin.mean()) / thin.std()).to_numpy()
    patterns = completion.find_patterns(values, np.ones(120), (*NAMES, "outcome"))
    moments, _ = completion.fit_moments(patterns)

    def log_likelihood(flat):
        full = completion.from_triangle(flat, 8)
        mean, second = full[0, 1:], full[1:, 1:]
        covariance = second - np.outer(mean, mean)
        total = 0.0
        for row in values:
            there = ~np.isnan(row)
            total += multivariate_normal(mean[there], covariance[np.ix_(there, there)]).logpdf(row[there])
        return total

    flat = completion.triangle(moments)[0]
    for place in (1, 8, 9, 20, 35):
        step = np.zeros_like(flat)
        step[place] = 1e-4
        slope = (log_likelihood(flat + step) - log_likelihood(flat - step)) / 2e-4
        assert abs(slope) < 1e-3  # of a curvature of 10 and more
        assert log_likelihood(flat + 100 * step) < log_likelihood(flat)
        assert log_likelihood(flat - 100 * step) < log_likelihood(flat)


def test_truth_amplifier_is_the_derivative_of_em():
    """What EM settles at moves with the data as its closed-form derivative says (against refitting)."""
    _, thin = survey(400, 3)
    values = ((thin - thin.mean()) / thin.std()).to_numpy()
    names = (*NAMES, "outcome")
    plain = np.ones(400)
    patterns = completion.find_patterns(values, plain, names)
    moments, amplifier = completion.fit_moments(patterns)
    rows = completion.expected_products(values, patterns, moments)
    np.testing.assert_allclose(rows.mean(axis=0), completion.triangle(moments)[0], atol=1e-9)
    weight = plain + 1e-4 * np.random.default_rng(1).normal(size=400)
    refit, _ = completion.fit_moments(completion.find_patterns(values, weight, names))
    moved = amplifier @ (weight @ rows / weight.sum() - rows.mean(axis=0))
    np.testing.assert_allclose(completion.triangle(refit - moments)[0], moved, atol=2e-8)
    assert np.abs(moved).max() > 1e-6


def test_truth_spread_of_resamples_equals_refitting_em():
    """One Newton step per resample gives the standard errors that refitting EM to resampled rows gives."""
    _, thin = survey(500, 4)
    fit = drivers.fit_importance(thin, drivers=NAMES, draws=2000)
    rng = np.random.default_rng(0)
    refits = np.array(
        [
            drivers.fit_importance(thin.iloc[rng.integers(0, 500, 500)], drivers=NAMES, draws=100).estimate
            for _ in range(100)
        ]
    )
    ratio = fit.samples.std(axis=0) / refits.std(axis=0)
    assert (np.abs(ratio - 1) < 3 / np.sqrt(2 * 100)).all(), ratio
    np.testing.assert_allclose(fit.samples.mean(axis=0), refits.mean(axis=0), atol=0.005)


def test_truth_intervals_with_gaps_cover():
    """95 % limits from answers with gaps hold the population's shares in 93 to 95 % of 120 surveys."""
    own, slopes = 0.4 + 0.6 * np.eye(6), np.array([0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    with_outcome = own @ slopes / np.sqrt(slopes @ own @ slopes / 0.7)
    joined = np.block([[own, with_outcome[:, None]], [with_outcome[None], np.ones((1, 1))]])
    truth = shapley_values(joined[None], [[place] for place in range(6)])[0]
    hits = np.zeros(6)
    for seed in range(120):
        table = drivers.fit_importance(survey(500, seed + 1000)[1], drivers=NAMES, draws=250, seed=seed).tidy()
        hits += ((table["conf_low"] <= truth) & (truth <= table["conf_high"])).to_numpy()
    spread = 3 * np.sqrt(0.95 * 0.05 / 120)  # percentile limits fall short by up to 0.02, as 1,000 surveys show
    assert (hits / 120 > 0.93 - spread).all(), hits
    assert (hits / 120 < 0.95 + spread).all(), hits


def test_truth_imputed_spread_is_that_of_em():
    """Pooled resamples of 20 imputations spread as those of EM, and wider than if nothing were missing."""
    full, thin = survey(800, 5)
    whole, em, imputed = (
        drivers.fit_importance(frame, drivers=NAMES, missing=missing, draws=2000).samples.std(axis=0)
        for frame, missing in ((full, "em"), (thin, "em"), (thin, "impute"))
    )
    assert (np.abs(imputed / em - 1) < 0.2).all(), imputed / em
    assert (em[:3] > whole[:3]).all()


def test_truth_pairwise_is_pandas_pairwise():
    """Pairwise correlations are those of pandas, which takes who answered both."""
    _, thin = survey(300, 6)
    fit = drivers.fit_importance(thin, drivers=NAMES, missing="pairwise", method="first", draws=100)
    np.testing.assert_allclose(fit.estimate, thin.corr()["outcome"].loc[NAMES] ** 2, atol=1e-12)


def test_invariant_without_gaps_all_ways_agree():
    """Full answers give the same numbers however gaps would be handled."""
    full, _ = survey(300, 7)
    fits = [
        drivers.fit_importance(full, drivers=NAMES, missing=missing, draws=100)
        for missing in ("em", "listwise", "pairwise", "impute")
    ]
    for fit in fits[1:]:
        np.testing.assert_allclose(fit.estimate, fits[0].estimate, atol=1e-12)


def test_input_gaps_that_leave_nothing_are_refused():
    """Contradictory pairwise correlations, items never answered together and too few full rows are refused."""
    rng = np.random.default_rng(8)
    thin = pd.DataFrame(rng.normal(size=(60, 8)), columns=[*NAMES, "x6", "outcome"]).mask(rng.random((60, 8)) < 0.55)
    with pytest.raises(DataError, match="The pairwise correlations contradict one another .*eigenvalue -0"):
        drivers.fit_importance(thin, drivers=[*NAMES, "x6"], missing="pairwise", draws=100)
    with pytest.raises(DataError, match="7 drivers take more than 8 answers, but there are . of 60 that count"):
        drivers.fit_importance(thin, drivers=[*NAMES, "x6"], missing="listwise", draws=100)
    apart = survey(100, 9)[0]
    apart.loc[:49, "x0"], apart.loc[50:, "x1"] = np.nan, np.nan
    with pytest.raises(DataError, match="Nobody answered both `x0` and `x1`"):
        drivers.fit_importance(apart, drivers=NAMES, draws=100)


def test_invariant_empty_rows_are_counted_not_used():
    """A respondent without any answer changes nothing but the count of those left out."""
    full, _ = survey(200, 10)
    more = pd.concat([full, pd.DataFrame(np.nan, index=range(3), columns=full.columns)], ignore_index=True)
    fit = drivers.fit_importance(more, drivers=NAMES, draws=100)
    np.testing.assert_allclose(fit.estimate, drivers.fit_importance(full, drivers=NAMES, draws=100).estimate)
    assert fit.glance()[["n", "n_left_out"]].to_numpy().tolist() == [[200, 3]]


def test_truth_imputations_differ_as_the_parameters_are_unsure():
    """The mean of 20 imputed of 40 answers varies by the noise of the answers and as much again by the parameters."""
    rng = np.random.default_rng(12)
    x = rng.normal(size=40)
    frame = pd.DataFrame({"x": x, "outcome": x + rng.normal(size=40)})
    frame.loc[20:, "x"] = np.nan
    ratings = to_ratings(frame, outcome="outcome", drivers=["x"])
    means = np.array([part.values[20:, 0].mean() for seed in range(10) for part in impute(ratings, seed=seed)])
    slope, intercept = np.polyfit(frame["outcome"][:20], frame["x"][:20], 1)
    residual = frame["x"][:20] - slope * frame["outcome"][:20] - intercept
    noise = residual.std(ddof=2) / np.sqrt(20)
    assert means.std() > 1.2 * noise
    assert means.std() < 2.0 * noise

"""Retention by contract against the published tables, and what a table of survivors must keep."""

import numpy as np
import pandas as pd
import pytest

from churnlab import repurchase
from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.repurchase.retention_likelihood import total_log_likelihood
from churnlab.repurchase.simulate_histories import simulate_survivors
from churnlab.repurchase.survivors import to_losses

# Fader and Hardie (2007), table 1: customers per segment who survived year 0 to 12, of 1,000.
REGULAR = (1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173)
HIGH_END = (1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394)


def survivors(counts: tuple[int, ...], years: int) -> pd.DataFrame:
    return pd.DataFrame({"period": range(years + 1), "survivors": counts[: years + 1]})


@pytest.mark.parametrize(
    ("counts", "years", "alpha", "beta", "log_likelihood"),
    [
        (REGULAR, 7, 0.7040773, 1.182043, -1680.26519),
        (HIGH_END, 7, 0.6680883, 3.806095, -1611.15815),
        (REGULAR, 4, 0.7636651, 1.29583, -1401.55942),
        (HIGH_END, 4, 1.280976, 7.790384, -1225.13491),
    ],
)
def test_truth_the_published_segments(counts, years, alpha, beta, log_likelihood):
    """The parameters and log-likelihoods of both segments, to the digits printed by independent fits."""
    fit = repurchase.fit_shifted_beta_geometric(survivors(counts, years))
    np.testing.assert_allclose(fit.theta, [alpha, beta], rtol=5e-7)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=5e-6)


def test_truth_standard_errors_and_projections():
    """Standard errors, and the survival projected to years 8 to 12, as published and recomputed."""
    regular, high_end = (repurchase.fit_shifted_beta_geometric(survivors(counts, 7)) for counts in (REGULAR, HIGH_END))
    assert regular.tidy()["std_error"].round(4).tolist() == [0.0656, 0.1525]
    assert high_end.tidy()["std_error"].round(4).tolist() == [0.1037, 0.7855]
    assert (100 * regular.survival(range(8, 13))).round(2).tolist() == [22.01, 20.44, 19.12, 17.99, 17.00]
    assert (100 * high_end.survival(range(8, 13))).round(2).tolist() == [46.04, 43.58, 41.42, 39.51, 37.80]


def test_truth_remaining_lifetime_is_the_published_one():
    """After 7 years of the High End segment 7.530 discounted renewals remain at 10 % (Fader and Hardie 2010)."""
    fit = repurchase.fit_shifted_beta_geometric(survivors(HIGH_END, 7))
    row = fit.remaining_lifetime([7], discount=0.1).iloc[0]
    assert row["estimate"] == pytest.approx(7.529628, abs=1e-6)
    assert row["conf_low"] < row["estimate"] < row["conf_high"]
    plain = fit.remaining_lifetime([0], horizon=3)["estimate"].iloc[0]
    assert plain == pytest.approx(fit.survival([1, 2, 3]).sum(), rel=1e-12)


def test_truth_the_weibull_model_of_four_years():
    """Alpha .2594, beta 1.7227, c 1.5843 are published for High End; ours are within their rounding, and likelier."""
    table = survivors(HIGH_END, 4)
    fit = repurchase.fit_beta_discrete_weibull(table)
    np.testing.assert_allclose(fit.theta, [0.2594, 1.7227, 1.5843], atol=2e-4)
    published = total_log_likelihood(np.array([0.2594, 1.7227, 1.5843]), to_losses(table, parameters=3)).value
    assert fit.log_likelihood >= published
    assert fit.log_likelihood > repurchase.fit_shifted_beta_geometric(table).log_likelihood


def test_invariant_weibull_with_c_of_one_is_the_shifted_geometric():
    """At c = 1 both models are one: the same likelihood, the same curve."""
    losses = to_losses(survivors(REGULAR, 7), parameters=3)
    both = [total_log_likelihood(np.array(theta), losses) for theta in ((0.7, 1.2), (0.7, 1.2, 1.0))]
    assert both[0].value == pytest.approx(both[1].value, rel=1e-14)
    np.testing.assert_allclose(both[1].hessian[:2, :2], both[0].hessian, rtol=1e-12)


@pytest.mark.parametrize("theta", [(0.7, 1.2), (0.3, 1.7, 1.6), (4.0, 30.0, 0.6)])
def test_invariant_derivatives_are_those_of_the_value(theta):
    """Gradient and Hessian equal central differences."""
    losses, theta = to_losses(survivors(HIGH_END, 7), parameters=2), np.array(theta)
    here = total_log_likelihood(theta, losses)
    for place in range(len(theta)):
        step = np.zeros(len(theta))
        step[place] = 1e-5 * theta[place]
        up, down = (total_log_likelihood(theta + sign * step, losses) for sign in (1, -1))
        assert here.gradient[place] == pytest.approx((up.value - down.value) / (2 * step[place]), rel=1e-5, abs=1e-4)
        slope = (up.gradient - down.gradient) / (2 * step[place])
        np.testing.assert_allclose(here.hessian[place], slope, rtol=1e-5, atol=1e-3)


def test_invariant_cohorts_add_up():
    """Two like cohorts are one of twice the size; cohorts of other lengths each count to their own last period."""
    table = survivors(REGULAR, 7)
    whole = repurchase.fit_shifted_beta_geometric(table.assign(survivors=table["survivors"] * 2))
    halves = pd.concat([table.assign(cohort="a"), table.assign(cohort="b")])
    found = repurchase.fit_shifted_beta_geometric(halves)
    np.testing.assert_allclose(found.theta, whole.theta, rtol=1e-10)
    np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-8)
    ragged = pd.concat([table.assign(cohort="a"), survivors(REGULAR, 3).assign(cohort="b")])
    assert repurchase.fit_shifted_beta_geometric(ragged).n == 2000


def test_invariant_curves_fall_and_retention_rises():
    """Survival starts at 1 and falls, retention rises, and the limits hold the estimate within 0 and 1."""
    fit = repurchase.fit_shifted_beta_geometric(survivors(REGULAR, 7))
    table = fit.predict(pd.DataFrame({"period": range(40)}, index=range(100, 140)))
    assert table.index[0] == 100
    assert table["estimate"].iloc[0] == 1
    assert (np.diff(table["estimate"]) < 0).all()
    assert (np.diff(fit.retention_rate(range(1, 40))) > 0).all()
    inner = table.iloc[1:]
    assert ((inner["conf_low"] < inner["estimate"]) & (inner["estimate"] < inner["conf_high"])).all()
    assert table[["conf_low", "conf_high"]].stack().between(0, 1).all()
    rates = fit.retention_rate([1, 2])
    np.testing.assert_allclose(fit.survival([2]), rates.prod())


def test_truth_simulated_cohorts_are_covered():
    """Over 60 simulated cohorts the 95 % interval of each parameter covers the truth about as often as it says."""
    truth, hits = np.array([0.8, 2.0]), np.zeros(2)
    for seed in range(60):
        table = simulate_survivors(3000, alpha=0.8, beta=2.0, periods=10, seed=seed)
        tidy = repurchase.fit_shifted_beta_geometric(table).tidy()
        hits += (tidy["conf_low"] <= truth) & (truth <= tidy["conf_high"])
    assert (hits >= 51).all(), hits  # binomial(60, .95): fewer with a probability of 0.002


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"year": [0], "survivors": [1]}), "there is no period"),
        (pd.DataFrame({"period": [0, 1, 3, 4], "survivors": [9, 8, 7, 6]}), "where 2 should be, it is 3"),
        (pd.DataFrame({"period": [1, 2, 3], "survivors": [9, 8, 7]}), "where 0 should be, it is 1"),
        (pd.DataFrame({"period": [0, 1, 2], "survivors": [9, 8, 8.5]}), "must not grow: 8 in period 1, but 8.5"),
        (pd.DataFrame({"period": [0, 1, 2], "survivors": [9, "x", 8]}), r"`survivors` must be a number .* 'x'\)"),
        (pd.DataFrame({"period": [0, 1, 2], "survivors": [9, -1, -2]}), "2 of 3 rows are not"),
        (pd.DataFrame({"period": [0, 1], "survivors": [9, 8]}), "takes 2 renewals or more, but the longest row"),
        (pd.DataFrame({"period": [0, 1, 2, 3], "survivors": [9, 9, 9, 9]}), "Nobody has left"),
        (pd.DataFrame({"period": [], "survivors": []}), "has no row"),
    ],
)
def test_input_tables_that_are_none_of_survivors(table, message):
    """A table that cannot be one of survivors is refused by name and place."""
    with pytest.raises(DataError, match=message):
        repurchase.fit_shifted_beta_geometric(table)


def test_input_falling_retention_and_impossible_questions():
    """Where retention falls there is no maximum; a lifetime for ever takes a discount."""
    falling = pd.DataFrame({"period": range(5), "survivors": [1000, 990, 900, 600, 200]})
    with pytest.raises(ConvergenceError):
        repurchase.fit_shifted_beta_geometric(falling)
    fit = repurchase.fit_shifted_beta_geometric(survivors(REGULAR, 7))
    with pytest.raises(ParameterError, match="Without a horizon"):
        fit.remaining_lifetime([1])
    with pytest.raises(ParameterError, match="`horizon` must be a whole number of renewals"):
        fit.remaining_lifetime([1], horizon=2.5)
    with pytest.raises(ParameterError, match="must be 1 or more, not 0"):
        fit.retention_rate([0])
    with pytest.raises(DataError, match="no column `period`"):
        fit.predict(pd.DataFrame({"year": [1]}))


def test_input_cohorts_without_a_name():
    """Survivors of a cohort without a name are not left out, and categories that do not occur are no cohorts."""
    table = pd.DataFrame({"period": [0, 1, 2] * 2, "survivors": [100, 70, 60] * 2, "cohort": list("aaabbb")})
    with pytest.raises(DataError, match=r"`cohort` must not be missing: 3 of 6 rows break this \(first: row 4\)"):
        repurchase.fit_shifted_beta_geometric(table.assign(cohort=table["cohort"].where(table["cohort"] == "a")))
    category = table.astype({"cohort": "category"}).head(3)
    fit = repurchase.fit_shifted_beta_geometric(category)
    assert fit.theta == pytest.approx(repurchase.fit_shifted_beta_geometric(category.drop(columns="cohort")).theta)
    with pytest.raises(DataError, match="A table of survivors is a pandas frame"):
        repurchase.fit_shifted_beta_geometric([100, 70, 60])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda fit: fit.remaining_lifetime(1, discount="0.1"), "`discount` must be 0 or more, not '0.1'"),
        (lambda fit: fit.remaining_lifetime(1, horizon=float("nan")), "`horizon` must be a whole number .* not nan"),
        (lambda fit: fit.remaining_lifetime("x", horizon=3), "Numbers of renewals must be 0 or more, not 'x'"),
        (lambda fit: fit.survival(["a", 2]), "Numbers of renewals must be 0 or more"),
    ],
)
def test_input_numbers_that_are_none(ask, message):
    """What is no number is refused in words."""
    fit = repurchase.fit_shifted_beta_geometric(pd.DataFrame({"period": [0, 1, 2], "survivors": [100, 70, 60]}))
    with pytest.raises(ParameterError, match=message):
        ask(fit)

"""Amounts and value: the Gamma-Gamma model, lifetime value, forecasts of totals, customers and groups."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from churnlab import features, repurchase
from churnlab.errors import ConvergenceError, DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "repurchase"


def test_truth_gamma_gamma_equals_r(sample_amounts):
    """Estimates and errors of the 946 repeat buyers as fitted in R; p = 6.25, q = 3.74, v = 15.44, LL = -4055.918."""
    expected = pd.read_csv(REFERENCE / "fits.csv").set_index(["model", "term"]).loc["gamma_gamma"]
    found = sample_amounts.tidy().set_index("term")
    np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=3e-7)
    np.testing.assert_allclose(found["std_error"], expected["std_error"], rtol=1e-5)
    assert sample_amounts.log_likelihood == pytest.approx(-4055.9176948, abs=1e-6)
    assert sample_amounts.n == 946
    assert sample_amounts.theta.round(2).tolist() == [6.25, 3.74, 15.44]


def test_truth_expected_amounts_lie_between_own_and_common_mean(sample_amounts, sample_rfm):
    """The common mean is p v / (q - 1) = 35.17; a customer's is drawn from it to her own the more, the more she ordered."""
    common = sample_amounts.p * sample_amounts.v / (sample_amounts.q - 1)
    assert common == pytest.approx(35.17037, abs=1e-4)
    amount = sample_amounts.expected_amount(sample_rfm)
    repeat = sample_rfm["frequency"].to_numpy() > 0
    np.testing.assert_allclose(amount[~repeat], common)
    own = sample_rfm["monetary_value"].to_numpy()[repeat]
    share = (amount[repeat] - common) / (own - common)
    weight = 6.249571 * sample_rfm["frequency"].to_numpy()[repeat]
    np.testing.assert_allclose(share, weight / (weight + 2.744225), rtol=1e-5)


def test_invariant_gamma_gamma_takes_weights_and_units(sample_rfm, sample_amounts):
    """Doubling by weight doubles the likelihood; cents instead of dollars scale v alone."""
    doubled = repurchase.fit_gamma_gamma(sample_rfm.assign(weight=2.0))
    np.testing.assert_allclose(doubled.theta, sample_amounts.theta, rtol=1e-8)
    np.testing.assert_allclose(doubled.covariance, sample_amounts.covariance / 2, rtol=1e-6)
    cents = repurchase.fit_gamma_gamma(sample_rfm.assign(monetary_value=sample_rfm["monetary_value"] * 100))
    np.testing.assert_allclose(cents.theta, sample_amounts.theta * [1, 1, 100], rtol=1e-8)
    assert cents.log_likelihood == pytest.approx(sample_amounts.log_likelihood - 946 * np.log(100), abs=1e-5)


def test_input_gamma_gamma_says_what_it_cannot_use(sample_rfm):
    """Zero values, missing amounts and too few buyers are named; zero values are left out only if said, and counted."""
    zero = sample_rfm.assign(monetary_value=sample_rfm["monetary_value"].where(sample_rfm.index > 5, 0.0))
    with pytest.raises(
        DataError, match="`monetary_value` must be above 0 where `frequency` is: 2 of 2,357 rows break this"
    ):
        repurchase.fit_gamma_gamma(zero)
    assert repurchase.fit_gamma_gamma(zero, zero_values="leave_out").n_left_out == 2
    with pytest.raises(DataError, match="has no column `monetary_value`"):
        repurchase.fit_gamma_gamma(sample_rfm.drop(columns="monetary_value"))
    with pytest.raises(DataError, match="must be there where `frequency` is above 0: 946"):
        repurchase.fit_gamma_gamma(sample_rfm.assign(monetary_value=np.nan))
    with pytest.raises(DataError, match="takes two repeat buyers or more, but there are 0"):
        repurchase.fit_gamma_gamma(sample_rfm[sample_rfm["frequency"] == 0])
    with pytest.raises(ParameterError, match="`zero_values` must be 'refuse' or 'leave_out'"):
        repurchase.fit_gamma_gamma(sample_rfm, zero_values="drop")
    with pytest.raises(DataError, match="`monetary_value` must be zero or more"):
        repurchase.fit_gamma_gamma(sample_rfm.assign(monetary_value=-1.0))


def test_input_all_amounts_alike_and_infinite_means(sample_rfm, sample_amounts):
    """Where amounts do not differ there is nothing to estimate; where q is not above 1 the common mean is infinite."""
    with pytest.raises(ConvergenceError):
        repurchase.fit_gamma_gamma(sample_rfm.assign(monetary_value=20.0))
    with pytest.raises(ConvergenceError, match="infinite, since q = 0.9 is not above 1"):
        sample_amounts.at(np.array([6.0, 0.9, 15.0])).expected_amount(sample_rfm)


def test_input_infinite_means_are_warned_of_and_repeat_buyers_go_on():
    """With q below 1 the fit warns; repeat buyers still have an expected amount, others do not."""
    rng = np.random.default_rng(3)
    x = rng.integers(1, 9, 800)
    amount = rng.gamma(2.0 * x) / x / rng.gamma(0.7, 1 / 5.0, 800)
    rfm = pd.DataFrame({"frequency": x, "recency": 3.0, "T": 9.0, "monetary_value": amount})
    with pytest.warns(
        UserWarning, match="is not above 1: under this model the mean amount over all customers is infinite"
    ):
        fit = repurchase.fit_gamma_gamma(rfm)
    assert fit.q < 1
    assert np.isfinite(fit.expected_amount(rfm)).all()
    with pytest.raises(ConvergenceError, match="is not above 1"):
        fit.expected_amount(pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [9.0], "monetary_value": [np.nan]}))


def test_truth_gamma_gamma_limits_cover_the_simulated_truth():
    """Over 40 simulated bases the 95 % limits of p, q and v hold the truth about as often as they say."""
    truth, hits = np.array([6.0, 4.0, 15.0]), np.zeros(3, dtype=int)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.geometric(0.4, 1500)
        amount = rng.gamma(6.0 * x) / x / rng.gamma(4.0, 1 / 15.0, 1500)
        rfm = pd.DataFrame({"frequency": x, "recency": 3.0, "T": 9.0, "monetary_value": amount})
        tidy = repurchase.fit_gamma_gamma(rfm).tidy()
        hits += ((tidy["conf_low"] <= truth) & (truth <= tidy["conf_high"])).to_numpy()
    assert (hits >= 33).all(), hits  # binomial(40, .95): fewer with a probability below 0.002


@pytest.mark.parametrize("fit", [repurchase.fit_bg_nbd, repurchase.fit_mbg_nbd, repurchase.fit_pareto_nbd])
def test_truth_limits_of_each_customers_value_are_those_of_drawn_parameters(fit, sample_rfm, sample_amounts):
    """Standard errors of single customers equal the spread over drawn parameters; the value is that of the plain function."""
    orders, some = fit(sample_rfm), sample_rfm.iloc[[0, 1, 2, 100, 1500]]
    table = repurchase.lifetime_value_limits(orders, sample_amounts, some, horizon=52)
    plain = repurchase.customer_lifetime_value(orders, sample_amounts, some, horizon=52)
    np.testing.assert_allclose(table["estimate"], plain, rtol=1e-13)
    rng, drawn = np.random.default_rng(1), []
    for _ in range(400):
        moved = [
            each.at(
                np.exp(rng.multivariate_normal(np.log(each.theta), each.covariance / np.outer(each.theta, each.theta)))
            )
            for each in (orders, sample_amounts)
        ]
        drawn.append(repurchase.customer_lifetime_value(*moved, some, horizon=52))
    spread = np.std(np.log(drawn), axis=0)
    np.testing.assert_allclose(
        table["std_error"] / table["estimate"], spread, rtol=0.2
    )  # of 400 draws, and of curvature
    assert (table["conf_low"] > 0).all()
    assert table.index.equals(some.index)


def test_truth_the_uncertainty_of_amounts_counts(sample_fit, sample_amounts, sample_rfm):
    """With orders taken for certain, the variance left is that of the expected amount by the delta method."""
    from dataclasses import replace

    certain, some = replace(sample_fit, covariance=sample_fit.covariance * 1e-12), sample_rfm.iloc[[1, 5, 100]]
    table = repurchase.lifetime_value_limits(certain, sample_amounts, some, horizon=52)
    slopes = []
    for step in np.diag(1e-4 * sample_amounts.theta):
        up, down = (sample_amounts.at(sample_amounts.theta + sign * step).expected_amount(some) for sign in (1, -1))
        slopes.append((up - down) / (2 * step.sum()))
    error = np.sqrt(np.einsum("kn,kl,ln->n", slopes, sample_amounts.covariance, slopes))
    np.testing.assert_allclose(
        table["std_error"] / table["estimate"], error / sample_amounts.expected_amount(some), rtol=1e-4
    )
    total = repurchase.total_lifetime_value(certain, sample_amounts, some, horizon=52)
    assert total.std_error > 0.9 * table["std_error"].max()


def test_truth_value_for_ever_is_the_limit_of_long_horizons(sample_fit, sample_amounts, sample_rfm):
    """Without a horizon the value is that of 400 years, and takes a discount."""
    some = sample_rfm.head(20)
    for_ever = repurchase.customer_lifetime_value(sample_fit, sample_amounts, some, horizon=None, discount_rate=0.15)
    long = repurchase.customer_lifetime_value(sample_fit, sample_amounts, some, horizon=400 * 52, discount_rate=0.15)
    np.testing.assert_allclose(for_ever, long, rtol=1e-9)
    with pytest.raises(ParameterError, match="Without a horizon, `discount` must be above 0"):
        repurchase.customer_lifetime_value(sample_fit, sample_amounts, some, horizon=None, discount_rate=0.0)


def test_truth_lifetime_value_is_the_discounted_integral(sample_fit, sample_amounts, sample_rfm):
    """Lifetime value equals the integral of discounted order rates times the expected amount; rates are by differences."""
    some = sample_rfm.iloc[[0, 1, 2, 100, 1500]]
    found = repurchase.customer_lifetime_value(
        sample_fit, sample_amounts, some, horizon=52, unit="week", discount_rate=0.15, margin=0.3
    )
    for row in range(len(some)):
        one = some.iloc[[row]]

        def rate(s: float, one: pd.DataFrame = one) -> float:
            later, sooner = (sample_fit.expected_orders(one, horizon=s + step)[0] for step in (1e-4, -1e-4))
            return (later - sooner) / 2e-4 * 1.15 ** (-s * 7 / 365.25)

        orders = quad(rate, 2e-4, 52, epsrel=1e-9)[0]
        assert found[row] == pytest.approx(0.3 * orders * sample_amounts.expected_amount(one)[0], rel=3e-5)


@pytest.mark.parametrize(
    ("horizon", "unit", "rate"), [(39, "week", 0.1), (520, "week", 0.1), (1000, "month", 0.1), (1000, "month", 1.0)]
)
def test_truth_discounting_holds_over_long_horizons(sample_fit, sample_rfm, horizon, unit, rate):
    """The weighted sum equals an integral with 400 nodes, from months to lifetimes."""
    from churnlab.features import days_per

    some = sample_rfm.iloc[[0, 2, 100, 1500]]
    force = np.log1p(rate) * days_per(unit) / 365.25
    nodes, exact = np.polynomial.legendre.leggauss(400)
    end = min(horizon, 60 / force)
    span = np.log1p(end / 5)
    grid = 5 * np.expm1((nodes + 1) * span / 2)
    inner = force * np.exp(-force * grid) * exact * span / 2 * (grid + 5)
    expected = sample_fit.expected_orders_by(some, horizons=grid) @ inner
    expected += np.exp(-force * horizon) * sample_fit.expected_orders(some, horizon=horizon)
    found = sample_fit.discounted_orders(some, discount=np.expm1(force), horizon=horizon)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_invariant_value_does_not_depend_on_the_unit(cdnow_sample):
    """Value in days and in weeks is the same, to the last digits of the fits."""
    values = []
    for unit, horizon in (("week", 52), ("day", 364)):
        rfm = features.to_rfm(cdnow_sample, as_of="1997-10-01", unit=unit)
        fits = repurchase.fit_bg_nbd(rfm), repurchase.fit_gamma_gamma(rfm)
        values.append(repurchase.customer_lifetime_value(*fits, rfm, horizon=horizon, unit=unit, discount_rate=0.3))
    np.testing.assert_allclose(values[0], values[1], rtol=1e-6)


def test_invariant_value_without_discount_is_orders_times_amount(sample_fit, sample_amounts, sample_rfm):
    """At a rate of 0, value is expected orders times expected amount; a higher rate takes more off."""
    plain = sample_fit.expected_orders(sample_rfm, horizon=39) * sample_amounts.expected_amount(sample_rfm)
    at = {
        rate: repurchase.customer_lifetime_value(sample_fit, sample_amounts, sample_rfm, horizon=39, discount_rate=rate)
        for rate in (0, 0.1, 1)
    }
    np.testing.assert_allclose(at[0], plain, rtol=1e-12)
    assert (at[0] > at[0.1]).all()
    assert (at[0.1] > at[1]).all()


def test_truth_total_value_adds_up_and_its_interval_covers():
    """The total is the sum over customers, and its interval is that of drawn parameters."""
    from churnlab import simulate, tables

    frame = simulate.simulate_orders(800, r=0.5, alpha=60, a=0.8, b=2.5, days=700, seed=5)
    rfm = features.to_rfm(tables.read(frame, "ORDERS"), as_of="2025-12-01", unit="week")
    fit, amounts = repurchase.fit_bg_nbd(rfm), repurchase.fit_gamma_gamma(rfm)
    total = repurchase.total_lifetime_value(fit, amounts, rfm, horizon=52)
    each = repurchase.customer_lifetime_value(fit, amounts, rfm, horizon=52)
    assert total.estimate == pytest.approx(each.sum(), rel=1e-12)
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(200):
        orders = fit.at(
            np.exp(rng.multivariate_normal(np.log(fit.theta), fit.covariance / np.outer(fit.theta, fit.theta)))
        )
        spend = np.exp(
            rng.multivariate_normal(np.log(amounts.theta), amounts.covariance / np.outer(amounts.theta, amounts.theta))
        )
        drawn.append(repurchase.customer_lifetime_value(orders, amounts.at(spend), rfm, horizon=52).sum())
    assert total.std_error == pytest.approx(np.std(drawn), rel=0.2)  # the standard error of 200 draws is 5 %


def test_invariant_a_row_of_weight_two_is_two_customers(sample_fit, sample_amounts, sample_rfm):
    """Totals count weights; where weights have no meaning they are refused."""
    doubled = sample_rfm.assign(weight=2)
    total = [
        repurchase.total_lifetime_value(sample_fit, sample_amounts, rfm.head(50), horizon=9).estimate
        for rfm in (sample_rfm, doubled)
    ]
    assert total[1] == pytest.approx(2 * total[0])
    with pytest.raises(DataError, match="Groups are of single customers"):
        repurchase.group_customers(repurchase.to_customers(sample_fit, sample_amounts, doubled, horizon=39))


def test_invariant_any_frame_of_the_contract_gives_the_same(sample_fit, sample_amounts, sample_rfm):
    """Text, nullable and Polars columns are read like numbers, by fits and by predictions."""
    import polars as pl

    some = sample_rfm.head(40)
    expected = sample_fit.predict(some, horizon=9)["estimate"].to_numpy()
    text = some.assign(frequency=some["frequency"].astype(str))
    nullable = some.convert_dtypes()
    for frame in (text, nullable, pl.from_pandas(some)):
        np.testing.assert_array_equal(sample_fit.predict(frame, horizon=9)["estimate"], expected)
        np.testing.assert_array_equal(sample_amounts.expected_amount(frame), sample_amounts.expected_amount(some))


def test_truth_concentration_of_known_values():
    """Of equal values any share of customers holds its share; of one rich customer the first holds all."""
    equal = repurchase.value_concentration(np.ones(1000))
    np.testing.assert_allclose(equal["share_of_value"], equal["share_of_customers"])
    one = repurchase.value_concentration(np.array([1.0] + [0.0] * 99))
    assert one["share_of_value"].iloc[1] == 1
    with pytest.raises(ParameterError, match="must be finite, not negative, and not all 0"):
        repurchase.value_concentration(np.zeros(3))


def test_truth_groups_add_up_to_all_customers(sample_fit, sample_amounts, sample_rfm):
    """Each customer is in one group by what is known of her, and the groups' sums are those of all."""
    customers = repurchase.to_customers(sample_fit, sample_amounts, sample_rfm, horizon=39)
    groups = repurchase.group_customers(customers).set_index("group")
    assert groups["customers"].sum() == 2357
    assert groups.loc["one order so far", "customers"] == (sample_rfm["frequency"] == 0).sum()
    assert groups["lifetime_value"].sum() == pytest.approx(customers["lifetime_value"].sum())
    assert groups["share_of_value"].sum() == pytest.approx(1)
    doubtful = customers[customers["group"] == "in doubt"]
    assert doubtful["p_alive"].between(0.2, 0.8).all()
    others = customers[(customers["frequency"] > 0) & (customers["group"] != "in doubt")]
    assert not others["p_alive"].between(0.2, 0.8).any()
    np.testing.assert_allclose(customers["value_in_doubt"], customers["lifetime_value"] * (1 - customers["p_alive"]))
    assert customers["customer_id"].equals(sample_rfm["customer_id"])


def test_invariant_the_same_silence_says_more_of_frequent_buyers(sample_fit, sample_rfm):
    """P(alive) of the grid rises with recency, and falls with frequency where the silence is long."""
    grid = repurchase.p_alive_grid(sample_fit, sample_rfm).pivot_table(
        index="recency", columns="frequency", values="p_alive"
    )
    assert (grid.diff().iloc[1:] > 0).all(axis=None)
    assert (grid.iloc[len(grid) // 3].diff().iloc[1:] < 0).all()

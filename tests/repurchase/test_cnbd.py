"""Regular customers: how regular they are, and what is expected of them over long times."""

import numpy as np
import pandas as pd
import pytest

from churnlab import repurchase
from churnlab.errors import DataError, ParameterError
from churnlab.repurchase import order_drop_out_future as future
from churnlab.repurchase.simulate_histories import simulate_drop_out_at_order


def waiting(k: int, n: int, *, seed: int) -> future.Waiting:
    """Draw customers who are alive."""
    rng = np.random.default_rng(seed)
    stage = rng.dirichlet(np.ones(k), n).T
    shape, age, leave, stay = (np.exp(rng.uniform(np.log(low), np.log(high), n)) for low, high in
        ((0.1, 100), (1, 100), (0.1, 8), (0.1, 60)))  # fmt: skip
    return future.Waiting(k=k, stage=stage, shape=shape, age=age, leave=leave, stay=stay)


def test_truth_the_sum_for_regular_customers_is_the_closed_form_at_k_of_one():
    """Terms added one by one and the integral of the rest give what the hypergeometric function gives, to 10⁻⁸."""
    customers = waiting(1, 400, seed=3)
    horizon = np.exp(np.random.default_rng(4).uniform(np.log(0.1), np.log(3000), 400))
    found, exact = future.expected_regular_orders(customers, horizon), future.expected_orders(customers, horizon)
    np.testing.assert_allclose(found, exact, rtol=1e-8)
    assert exact.max() > 200


def test_truth_the_sum_for_regular_customers_is_the_whole_sum():
    """For k = 3 it equals the sum of 4,000 terms, to 10⁻⁷."""
    customers = waiting(3, 30, seed=5)
    horizon = np.full(30, 150.0)
    found = future.expected_regular_orders(customers, horizon)
    exact = sum(future._comes(customers, np.full(30, float(n)), horizon) for n in range(1, 4000))
    np.testing.assert_allclose(found, exact, rtol=1e-7)


def test_truth_regularity_is_found():
    """The k with the highest likelihood is the one that made the data."""
    for k in (1, 2, 4):
        rfm = simulate_drop_out_at_order(np.linspace(30, 60, 3000), r=0.9, alpha=6 / k, a=0.9, b=2.5, k=k, seed=k)
        assert repurchase.fit_bg_cnbd(rfm).model.k == k


def test_truth_regular_customers_are_forecast_better():
    """Orders of the time after T, simulated with k = 4, are forecast without bias, and those long overdue are gone."""
    truth = {"r": 2.0, "alpha": 2.0, "a": 0.9, "b": 4.0}
    whole = simulate_drop_out_at_order(np.full(20_000, 60.0), **truth, k=4, seed=1)
    fit = repurchase.fit_bg_cnbd(whole, k=4)
    np.testing.assert_allclose(fit.theta, list(truth.values()), rtol=0.15)
    overdue = pd.DataFrame({"frequency": [10, 10], "recency": [58.0, 20.0], "T": [60.0, 60.0]})
    alive = fit.p_alive(overdue)
    plain = repurchase.fit_bg_nbd(whole).p_alive(overdue)
    assert alive[1] < plain[1] < plain[0] < alive[0]


@pytest.mark.parametrize("unit", ["day", "week"])
def test_truth_log_gaps_are_those_of_the_days(cdnow_sample, unit):
    """The sums of logarithms equal those of the differences of days in pandas."""
    orders = cdnow_sample.to_frame()
    days = orders[orders["date"] < "1997-10-01"].assign(day=lambda frame: frame["date"].dt.normalize())
    days = days[["customer_id", "day"]].drop_duplicates().sort_values(["customer_id", "day"])
    gap = days.groupby("customer_id")["day"].diff().dt.days / (7 if unit == "week" else 1)
    expected = np.log(gap).groupby(days["customer_id"]).sum()
    found = repurchase.to_rfm_with_gaps(cdnow_sample, as_of="1997-10-01", unit=unit)
    np.testing.assert_allclose(found["log_gaps"], expected.loc[found["customer_id"]], rtol=1e-12, atol=1e-12)


def test_invariant_the_unit_does_not_choose_k(cdnow_sample):
    """In days and in weeks the likelihoods of every k differ by the same Jacobian, so that the same k is chosen."""
    fits = {
        unit: [repurchase.fit_mbg_cnbd(repurchase.to_rfm_with_gaps(cdnow_sample, as_of="1997-10-01", unit=unit), k=k)
            for k in (1, 2)]
        for unit in ("day", "week")
    }  # fmt: skip
    shift = [day.log_likelihood - week.log_likelihood for day, week in zip(fits["day"], fits["week"], strict=True)]
    assert shift[0] == pytest.approx(shift[1], abs=1e-5)


def test_input_k_and_gaps(sample_rfm):
    """The regularity is a whole number; to choose it takes the times between orders, which must fit the recency."""
    with pytest.raises(DataError, match="Choosing k takes a column `log_gaps`"):
        repurchase.fit_bg_cnbd(sample_rfm)
    with pytest.raises(ParameterError, match="`k` must be a whole number from 1 to 20, or None, not 1.5"):
        repurchase.fit_mbg_cnbd(sample_rfm, k=1.5)
    with pytest.raises(DataError, match="`log_gaps` must be a number that times between orders can have"):
        repurchase.fit_bg_cnbd(sample_rfm.assign(log_gaps=100.0))
    assert np.isnan(repurchase.fit_bg_cnbd(sample_rfm, k=2).log_likelihood)
    plain, one = repurchase.fit_bg_nbd(sample_rfm), repurchase.fit_bg_cnbd(sample_rfm, k=1)
    np.testing.assert_array_equal(one.theta, plain.theta)

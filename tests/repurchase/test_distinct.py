"""Counting like customers: the quick ways give what a plain group-by gives."""

import numpy as np
import pandas as pd
import pytest

from churnlab import repurchase
from churnlab.repurchase import columns as coding
from churnlab.repurchase.columns import Column, WholeColumn, alike, to_column
from churnlab.repurchase.distinct import as_they_are, count_histories, to_counts
from churnlab.repurchase.history import to_history
from churnlab.repurchase.order_drop_out import OrderDropOut

KINDS = {
    "days": lambda rfm: rfm,
    "parts of days": lambda rfm: rfm.assign(recency=rfm["recency"] / 7, T=rfm["T"] / 7),
    "seconds": lambda rfm: rfm.assign(recency=rfm["recency"] * 86_400, T=rfm["T"] * 86_400),
    "weights": lambda rfm: rfm.assign(weight=1.0 + np.arange(len(rfm)) % 3),
}


@pytest.fixture(scope="module")
def days():
    T = 40 + np.arange(3000) % 20
    rfm = repurchase.simulate_drop_out_at_order(T, r=0.5, alpha=10, a=0.8, b=2.4, seed=1)
    recency = np.ceil(rfm["recency"])
    return pd.DataFrame({"frequency": rfm["frequency"], "recency": recency, "T": np.maximum(T, recency)})


@pytest.mark.parametrize("kind", KINDS)
def test_truth_counts_are_those_of_a_group_by(kind, days):
    """Distinct histories, in order, with the number of customers of each; and whose is which."""
    rfm = KINDS[kind](days)
    truth = rfm.assign(weight=rfm.get("weight", 1.0)).groupby(["frequency", "recency", "T"])["weight"].sum()
    counts, row_of = to_counts(to_history(rfm))
    for found in (counts, count_histories(to_history(rfm))):
        table = np.column_stack([found.frequency.rows, found.recency.rows, found.T.rows, found.weight])
        np.testing.assert_array_equal(table, truth.reset_index().to_numpy(float))
    for name in ("frequency", "recency", "T"):
        np.testing.assert_array_equal(getattr(counts, name).rows[row_of], rfm[name])
        np.testing.assert_array_equal(getattr(as_they_are(to_history(rfm)), name).rows, rfm[name])


@pytest.mark.parametrize("offset", [-5.0, 0.0, 1e9])
def test_invariant_whole_numbers_are_coded_as_any_others(offset):
    """Places found by subtraction tell the same rows apart, in the same order, as places found by looking up."""
    rng = np.random.default_rng(1)
    whole = [rng.integers(0, 9, 5000) + offset for _ in range(3)]
    quick, slow = [to_column(each) for each in whole], [to_column(each + 0.5) for each in whole]
    assert all(isinstance(each, WholeColumn) for each in quick)
    assert all(isinstance(each, Column) for each in slow)
    for each, numbers in zip(quick, whole, strict=True):
        np.testing.assert_array_equal(each.rows, numbers)
        np.testing.assert_array_equal(each.values[each.place], numbers)
        np.testing.assert_array_equal(each.take(slice(10, 4000)).rows, numbers[10:4000])
    np.testing.assert_array_equal(alike(quick)[1], alike(slow)[1])


@pytest.mark.parametrize("largest", [10**2, 10**7, 2**62])
def test_invariant_however_many_combinations_there_may_be(largest, monkeypatch):
    """Rows are told apart alike by a table, by sorting codes beside row numbers, and where codes grow too large."""
    monkeypatch.setattr(coding, "_LARGEST", largest)
    rng = np.random.default_rng(1)
    table = rng.integers(0, 30, (2000, 5)) + 0.5
    some, place = alike([to_column(column) for column in table.T])
    truth, expected = np.unique(table, axis=0, return_inverse=True)
    np.testing.assert_array_equal(table[some], truth)
    np.testing.assert_array_equal(place, expected)


def test_invariant_a_sample_is_of_customers(days):
    """Customers taken evenly stand for all of them, and each history for about its share."""
    counts = count_histories(to_history(days))
    some = counts.sample(600)
    assert some.n == pytest.approx(3000)
    assert some.weight @ some.frequency.rows / some.n == pytest.approx(days["frequency"].mean(), rel=0.02)
    assert some.weight @ some.T.rows / some.n == pytest.approx(days["T"].mean(), rel=0.02)


@pytest.mark.parametrize("from_start", [False, True])
@pytest.mark.parametrize("theta", [(0.24, 4.4, 0.8, 2.4), (3.0, 0.5, 0.2, 0.1), (0.1, 900.0, 30.0, 0.5)])
def test_invariant_shared_parameters_are_those_of_each(from_start, theta, days):
    """What is tabulated where customers share their parameters is what the formula says of each by herself."""
    model, counts = OrderDropOut(from_start=from_start), count_histories(to_history(days))
    counts = counts.take(np.arange(len(counts)))
    each = tuple(np.full(len(counts), value) for value in theta)
    quick, slow = model.paths(theta, counts), model.paths(each, counts)
    np.testing.assert_allclose(quick.value, slow.value, rtol=1e-13)
    np.testing.assert_allclose(quick.gradient, slow.gradient, rtol=1e-11, atol=1e-12)
    for pair, bend in slow.bends.items():
        np.testing.assert_allclose(quick.bends[pair], bend, rtol=1e-11, atol=1e-12)
    curve, expected = (np.einsum("pm,pim,pjm->ijm", x.spread_weight, x.spread, x.spread) for x in (quick, slow))
    np.testing.assert_allclose(curve, expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(model.p_alive(theta, counts), model.p_alive(each, counts), rtol=1e-12)

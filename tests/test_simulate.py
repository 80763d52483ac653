"""Simulated customers follow the models that they are said to follow."""

import numpy as np
import pandas as pd
import pytest

from churnlab import features, repurchase, simulate, tables
from churnlab.errors import ParameterError

TRUTH = {"r": 0.5, "alpha": 8.0, "a": 0.8, "b": 2.5}


def test_truth_simulated_histories_have_the_expected_means():
    """Mean orders are those of the model in closed form, and P(alive) is the share that is alive, within 4 standard errors."""
    rfm = simulate.simulate_rfm(40_000, **TRUTH, T=60, seed=4)
    fit = repurchase.fit_bg_nbd(rfm).at(np.array(list(TRUTH.values())))
    expected = fit.expected_orders_of_new(rfm["T"].sample(500, random_state=1).to_numpy()).mean()
    assert rfm["frequency"].mean() == pytest.approx(expected, abs=4 * rfm["frequency"].std() / 200 + 0.05)
    p_alive = fit.p_alive(rfm)
    assert rfm["alive"].mean() == pytest.approx(p_alive.mean(), abs=4 * 0.5 / 200)
    by_decile = pd.DataFrame({"p": p_alive, "alive": rfm["alive"]}).groupby(
        pd.cut(p_alive, [0, 0.2, 0.4, 0.6, 0.8, 0.99]), observed=True
    )
    error = (by_decile["p"].mean() - by_decile["alive"].mean()).abs()
    assert (error < 4 * np.sqrt(0.25 / by_decile.size())).all()


def test_truth_parameters_are_recovered_and_their_intervals_cover():
    """Over 40 simulated bases the 95 % intervals of all four parameters hold the truth about as often as they say."""
    hits = np.zeros(4)
    for seed in range(40):
        table = repurchase.fit_bg_nbd(simulate.simulate_rfm(3000, **TRUTH, T=60, seed=seed)).tidy()
        truth = np.array(list(TRUTH.values()))
        hits += (table["conf_low"] < truth) & (truth < table["conf_high"])
    assert (hits >= 33).all()  # binomial(40, .95): fewer with a probability below 0.005
    assert hits.sum() <= 159


def test_truth_simulated_orders_give_back_the_models():
    """Orders simulated by the day give back the rates and the amounts that made them."""
    frame = simulate.simulate_orders(20_000, r=0.5, alpha=60, a=0.8, b=2.5, days=700, seed=1, p=6, q=4, v=15)
    rfm = features.to_rfm(tables.read(frame, "ORDERS"), as_of="2025-12-01", unit="day")
    amounts = repurchase.fit_gamma_gamma(rfm).tidy().set_index("term")
    assert ((amounts["conf_low"] < [6, 4, 15]) & (amounts["conf_high"] > [6, 4, 15])).all()
    orders = repurchase.fit_bg_nbd(rfm).tidy().set_index("term")["estimate"]
    np.testing.assert_allclose(orders, [0.5, 60, 0.8, 2.5], rtol=0.12)


def test_invariant_seeds_repeat_and_differ():
    """The same seed gives the same customers, another seed others."""
    first, again, other = (simulate.simulate_rfm(50, **TRUTH, T=60, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_input_numbers_must_be_positive():
    """What must be positive is named."""
    with pytest.raises(ParameterError, match="alpha = -1"):
        simulate.simulate_rfm(5, r=1, alpha=-1, a=1, b=1, T=10, seed=1)

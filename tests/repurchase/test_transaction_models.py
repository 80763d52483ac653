"""What every model of orders must keep: numbers that are finite, bounded, and the same whoever else is in the call."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.special import betaln, gammaln

from churnlab import features, repurchase
from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.repurchase.columns import Column
from churnlab.repurchase.covariates import Covariates
from churnlab.repurchase.discrete_drop_out import DiscreteDropOut
from churnlab.repurchase.distinct import Counts, to_counts
from churnlab.repurchase.history import to_history
from churnlab.repurchase.order_drop_out import OrderDropOut
from churnlab.repurchase.random_drop_out import RandomDropOut
from churnlab.repurchase.simulate_histories import simulate_bg_bb
from churnlab.repurchase.transaction_likelihood import row_log_likelihood, total_log_likelihood

MODELS = {
    "BG/NBD": OrderDropOut(),
    "MBG/NBD": OrderDropOut(from_start=True),
    "BG/CNBD-3": OrderDropOut(k=3),
    "MBG/CNBD-2": OrderDropOut(k=2, from_start=True),
    "Pareto/NBD": RandomDropOut(),
    "BG/BB": DiscreteDropOut(),
}
THETA = {
    "BG/NBD": (0.24, 4.4, 0.8, 2.4),
    "MBG/NBD": (0.52, 6.2, 0.9, 1.6),
    "BG/CNBD-3": (0.3, 1.5, 0.9, 2.0),
    "MBG/CNBD-2": (0.6, 2.3, 1.1, 1.6),
    "Pareto/NBD": (0.55, 10.6, 0.6, 11.7),
    "BG/BB": (1.2, 0.75, 0.66, 2.8),
}
FITS = {
    "BG/NBD": repurchase.fit_bg_nbd,
    "MBG/NBD": repurchase.fit_mbg_nbd,
    "Pareto/NBD": repurchase.fit_pareto_nbd,
}
every_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def whole_rfm() -> pd.DataFrame:
    return simulate_bg_bb(np.arange(2000) % 9 + 1, alpha=1.2, beta=1.5, gamma=0.7, delta=2.8, seed=4)


@pytest.fixture
def rfm_of(sample_rfm, whole_rfm):
    """Return histories that a model can explain."""
    return lambda name: whole_rfm if name == "BG/BB" else sample_rfm


def drawn_counts(rng: np.random.Generator, n: int, *, whole: bool) -> Counts:
    """Draw histories of every kind: no repeat order, hundreds of them, an order at the very end."""
    x = np.where(rng.random(n) < 0.3, 0, np.floor(np.exp(rng.uniform(0, np.log(40 if whole else 1500), n))))
    T = np.maximum(np.exp(rng.uniform(np.log(5), np.log(60 if whole else 1500), n)), x if whole else 0)
    share = np.where(rng.random(n) < 0.2, 1, rng.uniform(0.001, 1, n))
    t_x = np.where(x > 0, np.maximum(share * T, x) if whole else share * T, 0.0)
    columns = (x, np.floor(t_x), np.floor(T)) if whole else (x, t_x, T)
    frequency, recency, age = (Column(values=column, place=np.arange(n)) for column in columns)
    return Counts(frequency=frequency, recency=recency, T=age, weight=np.ones(n), covariates=np.zeros((n, 0)))


@every_model
def test_invariant_no_parameter_gives_a_number_that_is_none(name):
    """Over up to 20,000 drawn parameters and histories every number is finite, chances are in order and expectations bounded."""
    model, rng = MODELS[name], np.random.default_rng(7)
    n = 500 if model.k > 1 else 3_000 if name == "BG/BB" else 20_000
    counts = drawn_counts(rng, n, whole=name == "BG/BB")
    lows = {"alpha": 0.1, "beta": 0.1} if name == "Pareto/NBD" else {} if name == "BG/BB" else {"alpha": 0.1}
    parameters = tuple(
        np.exp(rng.uniform(np.log(lows.get(term, 0.01)), np.log(2000 if term in lows else 30), n))
        for term in model.terms
    )
    horizon = np.full(n, 12.0) if name == "BG/BB" else np.exp(rng.uniform(np.log(0.01), np.log(3000), n))
    smooth, paths = model.smooth(parameters, counts.frequency.rows), model.paths(parameters, counts)
    alive, chance = model.p_alive(parameters, counts), model.chance_if_alive(parameters, counts, horizon)
    expected = model.expected_if_alive(parameters, counts, horizon)
    counted = [model.count_if_alive(parameters, counts, number, horizon) for number in (1, 5, 12)]
    few = 100 if model.k > 1 else 2_000
    worth = model.discounted_if_alive(
        tuple(values[:few] for values in parameters), counts.take(slice(0, few)), 0.002, np.inf
    )
    for values in (smooth.value, paths.value, *paths.gradient, *paths.bends.values(), alive, expected, *counted, worth):
        assert np.isfinite(values).all()
    assert ((alive >= 0) & (alive <= 1)).all()
    assert ((chance >= 0) & (chance <= 1 + 1e-12)).all()
    assert (expected >= chance * (1 - 1e-9)).all()
    assert (sum(counted) <= chance * (1 + 1e-9)).all()
    if name in ("BG/NBD", "MBG/NBD", "Pareto/NBD"):
        rate = (parameters[0] + counts.frequency.rows) / (parameters[1] + counts.T.rows)
        assert (expected <= rate * horizon * (1 + 1e-9)).all()


@every_model
@pytest.mark.parametrize("factor", [(1, 1, 1, 1), (3, 0.4, 2, 0.3), (0.2, 3, 0.6, 4)])
def test_invariant_derivatives_are_those_of_the_value(name, factor, rfm_of):
    """Gradient and Hessian equal central differences of the log-likelihood and of the gradient, penalty included."""
    counts, _ = to_counts(to_history(rfm_of(name)))

    def at(theta):
        return total_log_likelihood(MODELS[name], Covariates(), theta, counts, penalty=0.7)

    theta = np.array(THETA[name]) * factor
    here = at(theta)
    for place in range(4):
        step = np.zeros(4)
        step[place] = 1e-5 * theta[place]
        up, down = at(theta + step), at(theta - step)
        assert here.gradient[place] == pytest.approx((up.value - down.value) / (2 * step[place]), rel=1e-5, abs=1e-3)
        slope = (up.gradient - down.gradient) / (2 * step[place])
        np.testing.assert_allclose(here.hessian[place], slope, rtol=1e-4, atol=2e-3)


@every_model
def test_truth_probability_of_order_is_the_ratio_of_likelihoods(name, model_at, rfm_of):
    """The chance of an order equals 1 - L(x, t_x, T + h) / L(x, t_x, T), for every model."""
    fit, rfm = model_at(MODELS[name], THETA[name]), rfm_of(name).head(400)
    columns = {column: rfm[column] for column in ("frequency", "recency", "T")}
    counts, row_of = to_counts(to_history(pd.DataFrame(columns)))
    later, row_of_later = to_counts(to_history(pd.DataFrame(columns | {"T": rfm["T"] + 5})))
    values = [
        row_log_likelihood(fit.model, fit.covariates, fit.theta, some)[rows]
        for some, rows in ((counts, row_of), (later, row_of_later))
    ]
    found = fit.probability_of_order(rfm, horizon=5)
    np.testing.assert_allclose(found, -np.expm1(values[1] - values[0]), rtol=1e-8, atol=1e-11)


@every_model
def test_invariant_probabilities_of_counts_add_up(name, model_at, rfm_of):
    """The probabilities of 0, 1, 2, … orders add up to 1, and their mean is the expectation."""
    fit, rfm = model_at(MODELS[name], THETA[name]), rfm_of(name).head(150)
    chances = np.array([fit.probability_of_orders(rfm, n=n, horizon=6) for n in range(120)])
    np.testing.assert_allclose(chances.sum(axis=0), 1, atol=1e-9)
    np.testing.assert_allclose(np.arange(120) @ chances, fit.expected_orders(rfm, horizon=6), rtol=1e-6, atol=1e-9)
    assert (chances >= 0).all()


@every_model
def test_invariant_company_order_and_time_do_not_matter(name, model_at, rfm_of):
    """A customer's numbers keep her row and index, do not depend on who else is in the call, and grow with the horizon."""
    fit, rfm = model_at(MODELS[name], THETA[name]), rfm_of(name).head(600)
    shuffled = rfm.sample(frac=1, random_state=1)
    together = fit.predict(shuffled, horizon=7)
    assert together.index.equals(shuffled.index)
    assert together.columns.tolist() == ["estimate", "p_alive", "probability"]
    pd.testing.assert_frame_equal(together.sort_index(), fit.predict(rfm, horizon=7), check_exact=True)
    alone = pd.concat([fit.predict(rfm.iloc[[row]], horizon=7) for row in range(0, 600, 60)])
    pd.testing.assert_frame_equal(alone, together.sort_index().iloc[::60], rtol=1e-13)
    paths = fit.expected_orders_by(rfm, horizons=np.array([0.0, 1.0, 7.0, 30.0]))
    assert (paths[:, 0] == 0).all()
    assert all((later > sooner).all() for sooner, later in pairwise(paths.T))
    np.testing.assert_array_equal(paths[:, 2], together.sort_index()["estimate"])


@every_model
def test_truth_discounted_orders_add_up_the_orders_of_each_stretch(name, model_at, rfm_of):
    """Discounted orders equal the orders of many short stretches of time, each discounted from its middle."""
    fit, rfm = model_at(MODELS[name], THETA[name]), rfm_of(name).head(4 if MODELS[name].k > 1 else 12)
    if name == "BG/BB":
        times, worth = np.arange(41.0), 1.03 ** -np.arange(1.0, 41)
    else:
        times = np.linspace(0, 40, 401)
        worth = 1.03 ** -((times[1:] + times[:-1]) / 2)
    expected = np.diff(fit.expected_orders_by(rfm, horizons=times), axis=1) @ worth
    found = fit.discounted_orders(rfm, discount=0.03, horizon=40)
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # of the midpoints
    for_ever = fit.discounted_orders(rfm, discount=0.5)
    np.testing.assert_allclose(for_ever, fit.discounted_orders(rfm, discount=0.5, horizon=200), rtol=1e-9)


@pytest.mark.parametrize("name", FITS)
def test_invariant_collapsed_and_raw_rows_give_the_same(name, cdnow_sample, sample_rfm):
    """Groups with weights, and rows in any order, give the same fit to 10⁻¹⁰."""
    raw = FITS[name](sample_rfm)
    groups = FITS[name](features.to_rfm_groups(cdnow_sample, as_of="1997-10-01"))
    shuffled = FITS[name](sample_rfm.sample(frac=1, random_state=2))
    for other in (groups, shuffled):
        np.testing.assert_allclose(other.theta, raw.theta, rtol=1e-10)
        np.testing.assert_allclose(other.covariance, raw.covariance, rtol=1e-8)
        assert other.log_likelihood == pytest.approx(raw.log_likelihood, rel=1e-12)
        assert other.n == 2357
    held = FITS[name](sample_rfm, penalty=3.0)
    again = FITS[name](features.to_rfm_groups(cdnow_sample, as_of="1997-10-01"), penalty=3.0)
    np.testing.assert_allclose(again.theta, held.theta, rtol=1e-9)


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("factor", [7.0, 604_800.0])
def test_invariant_the_unit_of_time_only_scales(name, factor, sample_rfm):
    """In days or seconds what is in units of time scales, the rest stays, the likelihood shifts by the Jacobian."""
    fit = FITS[name](sample_rfm, penalty=0.5)
    scaled = FITS[name](
        sample_rfm.assign(recency=sample_rfm["recency"] * factor, T=sample_rfm["T"] * factor), penalty=0.5
    )
    scale = [factor if term in fit.model.times else 1.0 for term in fit.model.terms]
    np.testing.assert_allclose(scaled.theta, fit.theta * scale, rtol=1e-6)
    shift = sample_rfm["frequency"].sum() * np.log(factor)
    assert scaled.log_likelihood == pytest.approx(fit.log_likelihood - shift, abs=1e-5)


def nbd_bound(rfm: pd.DataFrame) -> float:
    """Return a bound on any likelihood of these models: each customer as likely as if her own rate were known."""
    x, t_x, T = (rfm[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    age = np.where(x > 0, t_x, T)
    return float((x * np.log(np.where(x > 0, x, 1) / age) - x).sum())


@pytest.mark.parametrize("name", FITS)
def test_invariant_the_likelihood_keeps_its_bound(name, sample_rfm):
    """No fit is likelier than if every customer's rate were known and she had left at her last order."""
    assert FITS[name](sample_rfm).log_likelihood < nbd_bound(sample_rfm)


@pytest.mark.parametrize("name", FITS)
def test_truth_a_penalty_draws_to_one_and_is_not_in_the_likelihood(name, sample_rfm):
    """A rising penalty draws the logarithms to 0 and lowers the likelihood, which is reported without it."""
    unit = sample_rfm["T"].mean()
    sizes, likelihoods = [], []
    for penalty in (0.0, 10.0, 1000.0):
        fit = FITS[name](sample_rfm, penalty=penalty)
        scale = [unit if term in fit.model.times else 1.0 for term in fit.model.terms]
        sizes.append(float(np.sum(np.log(fit.theta / scale) ** 2)))
        likelihoods.append(fit.log_likelihood)
        counts, _ = to_counts(to_history(sample_rfm))
        plain = row_log_likelihood(fit.model, fit.covariates, fit.theta, counts) @ counts.weight
        assert fit.log_likelihood == pytest.approx(plain, rel=1e-12)
    assert sizes[0] > sizes[1] > sizes[2]
    assert likelihoods[0] > likelihoods[1] > likelihoods[2]


@pytest.mark.parametrize("name", FITS)
def test_input_no_drop_out_is_named(name):
    """Where nobody drops out there is no maximum, and the error says so; a penalty gives an answer."""
    rng = np.random.default_rng(1)
    x = rng.poisson(rng.gamma(1.0, 0.2, 400) * 40.0)
    faithful = pd.DataFrame({"frequency": x, "recency": np.where(x > 0, 40.0, 0.0), "T": 40.0})
    with pytest.raises(ConvergenceError, match="there may be no drop-out"):
        FITS[name](faithful)
    assert FITS[name](faithful, penalty=1.0).p_alive(faithful)[x > 0].min() > 0.9


@every_model
def test_invariant_new_customers_are_those_without_history(name, model_at):
    """The expectation of a new customer by an age is that of a history of length 0."""
    fit = model_at(MODELS[name], THETA[name])
    new = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [0.0]})
    found = fit.expected_orders_of_new(np.array([0.0, 3.0, 20.0]))
    np.testing.assert_allclose(found, fit.expected_orders_by(new, horizons=np.array([0.0, 3.0, 20.0]))[0], rtol=1e-13)
    assert found[0] == 0


@every_model
def test_input_horizons_numbers_and_discounts(name, model_at, rfm_of):
    """What is asked for must be possible: no negative horizon, no half order, no endless sum."""
    fit, rfm = model_at(MODELS[name], THETA[name]), rfm_of(name).head(3)
    with pytest.raises(ParameterError, match="`horizon` must be 0 or more, not -1"):
        fit.expected_orders(rfm, horizon=-1)
    with pytest.raises(ParameterError, match="`n` must be a whole number of 0 or more, not 1.5"):
        fit.probability_of_orders(rfm, n=1.5, horizon=2)
    with pytest.raises(ParameterError, match="Without a horizon, `discount` must be above 0"):
        fit.discounted_orders(rfm, discount=0.0)
    with pytest.raises(ParameterError, match="`discount` must be 0 or more"):
        fit.discounted_orders(rfm, discount=-0.1, horizon=3)
    with pytest.raises(ParameterError, match=r"`covariates` must give \[\], not \['age'\]"):
        fit.expected_orders_of_new(np.array([1.0]), covariates={"age": 3})
    if name == "BG/BB":
        with pytest.raises(ParameterError, match="`horizon` must be a whole number, not 2.5"):
            fit.expected_orders(rfm, horizon=2.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recency": 99.0}, "`recency` must not exceed `T`"),
        ({"frequency": 1.5}, "`frequency`"),
        ({"frequency": -1}, "`frequency`"),
        ({"T": -1.0}, "`T`"),
        ({"recency": 0.0}, "`recency` must be 0 where `frequency` is 0"),
        ({"T": np.nan}, "`T`"),
        ({"T": np.inf}, "`T`"),
        ({"monetary_value": -3.0}, "`monetary_value`"),
        ({"weight": 0.0}, "`weight`"),
    ],
)
@pytest.mark.parametrize("fit", [*FITS.values(), repurchase.fit_bg_bb, repurchase.fit_bg_cnbd])
def test_input_every_fit_names_the_broken_rule(fit, change, message):
    """Negative, fractional, missing and impossible histories are refused by the rule that they break."""
    good = pd.DataFrame({"frequency": [2, 0, 1], "recency": [5.0, 0.0, 3.0], "T": [9.0, 9.0, 9.0], "log_gaps": 0.0})
    bad = good.astype({"frequency": float}).assign(monetary_value=1.0, weight=1.0)
    bad.loc[0, list(change)] = list(change.values())
    with pytest.raises(DataError, match=message):
        fit(bad)


@pytest.mark.parametrize("fit", FITS.values())
def test_input_customers_of_age_zero_change_nothing(fit, sample_rfm):
    """A customer who came on the last day says nothing of buying or leaving: the estimates stay."""
    fresh = pd.DataFrame({"frequency": [0] * 50, "recency": 0.0, "T": 0.0})
    more = fit(pd.concat([sample_rfm[["frequency", "recency", "T"]], fresh], ignore_index=True))
    np.testing.assert_allclose(more.theta, fit(sample_rfm).theta, rtol=1e-6)
    assert more.n == 2407


def test_truth_regular_likelihood_is_the_renewal_density():
    """The CNBD likelihood with the times between orders is the density of Erlang gaps and a silence, integrated by hand."""
    r, alpha, a, b, k = 0.7, 2.0, 0.9, 2.1, 3
    gaps, T = np.array([2.0, 5.0, 1.5]), 14.0
    x, t_x, silent = len(gaps), gaps.sum(), T - gaps.sum()
    rate = np.exp(np.linspace(-25, 6, 200_001))
    prior = np.exp(r * np.log(alpha) + (r - 1) * np.log(rate) - alpha * rate - gammaln(r))
    density = np.prod([rate**k * gap ** (k - 1) * np.exp(-rate * gap) / np.exp(gammaln(k)) for gap in gaps], axis=0)
    waits = np.exp(-rate * silent) * sum((rate * silent) ** j / np.exp(gammaln(j + 1)) for j in range(k))
    for from_start in (False, True):
        chosen = x + from_start
        stay = np.exp(betaln(a, b + chosen) - betaln(a, b))
        gone = np.exp(betaln(a + 1, b + chosen - 1) - betaln(a, b))
        step = np.log(rate[1] / rate[0])
        truth = np.log(np.sum(prior * density * (stay * waits + gone) * rate) * step)
        counts, _ = to_counts(to_history(pd.DataFrame({"frequency": [x], "recency": [t_x], "T": [T]})))
        model = OrderDropOut(k=k, from_start=from_start)
        found = row_log_likelihood(model, Covariates(), np.array([r, alpha, a, b]), counts)[0]
        assert found + (k - 1) * np.log(gaps).sum() == pytest.approx(truth, abs=1e-9)


def test_invariant_plain_frames_are_judged_as_the_contract_judges(sample_rfm):
    """What is checked in memory agrees with the contract on frames that break it in one place."""
    from churnlab import tables
    from churnlab.repurchase.history import _keeps_the_contract

    rng, base = np.random.default_rng(5), sample_rfm[["frequency", "recency", "T", "monetary_value"]].head(50)
    base = base.astype({"frequency": float}).assign(weight=1.0)
    assert _keeps_the_contract(base)
    for _ in range(25):
        column = rng.choice(base.columns)
        frame = base.copy()
        frame.loc[int(rng.integers(50)), column] = rng.choice([-1.0, 0.0, 0.5, 3.0, 1e3, np.nan])
        try:
            tables.read(frame, "RFM")
            keeps = True
        except DataError:
            keeps = False
        assert keeps or not _keeps_the_contract(frame)


def test_input_several_horizons_and_ages(sample_fit, sample_rfm):
    """One horizon or age is a list of one; what is no number, or negative, is named as what it was given as."""
    one = sample_fit.expected_orders_by(sample_rfm.head(3), horizons=5)
    assert one.shape == (3, 1)
    assert one[:, 0] == pytest.approx(sample_fit.expected_orders(sample_rfm.head(3), horizon=5))
    assert sample_fit.expected_orders_of_new(5) == pytest.approx(sample_fit.expected_orders_of_new([5, 6])[:1])
    for wrong in ("x", -1, [1, None], float("nan"), [[1, 2]]):
        with pytest.raises(ParameterError, match="`horizons` must be numbers of 0 or more"):
            sample_fit.expected_orders_by(sample_rfm, horizons=wrong)
        with pytest.raises(ParameterError, match="`age` must be numbers of 0 or more"):
            sample_fit.expected_orders_of_new(wrong)


def test_invariant_no_minus_nought(sample_fit, sample_rfm):
    """In no time no orders are expected, and not minus none."""
    assert not np.signbit(sample_fit.predict(sample_rfm, horizon=0)["estimate"]).any()


def test_input_covariates_by_name_and_row(sample_rfm):
    """A covariate named twice is refused before the search; rows are counted from 1, as the contract counts them."""
    with pytest.raises(ParameterError, match="`purchase` names the column 'z' twice"):
        repurchase.fit_bg_nbd(sample_rfm.assign(z=1.0), purchase=["z", "z"])
    gap = sample_rfm.assign(z=np.where(np.arange(len(sample_rfm)) == 6, np.nan, 1.0))
    with pytest.raises(DataError, match=r"1 of 2,357 rows are not \(first: row 7\)"):
        repurchase.fit_bg_nbd(gap, purchase=["z"])
    opportunities = pd.DataFrame({"frequency": [0, 1], "recency": [0.0, 2.5], "T": [3.0, 3.0]})
    with pytest.raises(DataError, match=r"1 of 2 rows break this \(first: row 2: 2.5\)"):
        repurchase.fit_bg_bb(opportunities)


def test_input_simulated_ages():
    """Ages may be a list of whole numbers; one below 0 is named."""
    listed = repurchase.simulate_drop_out_at_order([10, 20], r=1, alpha=1, a=1, b=1, seed=1)
    array = repurchase.simulate_drop_out_at_order(np.array([10.0, 20.0]), r=1, alpha=1, a=1, b=1, seed=1)
    pd.testing.assert_frame_equal(listed, array)
    assert len(repurchase.simulate_pareto_nbd([10, 20], r=1, alpha=1, s=1, beta=1, seed=1)) == 2
    with pytest.raises(ParameterError, match=r"These must be above 0: T = -10\.0"):
        repurchase.simulate_drop_out_at_order([-10, 20], r=1, alpha=1, a=1, b=1, seed=1)

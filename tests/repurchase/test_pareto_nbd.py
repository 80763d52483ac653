"""Pareto/NBD, MBG/NBD, BG/BB and covariates against R, published numbers and simulated truth."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnlab import repurchase
from churnlab.errors import DataError, ParameterError
from churnlab.repurchase.decay_quadrature import decay_nodes
from churnlab.repurchase.random_drop_out import RandomDropOut
from churnlab.repurchase.simulate_histories import simulate_bg_bb, simulate_drop_out_at_order, simulate_pareto_nbd

REFERENCE = Path(__file__).parents[1] / "reference" / "repurchase"


@pytest.fixture(scope="module")
def donations() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "donations.csv")


@pytest.fixture(scope="module")
def with_first(sample_rfm, cdnow_sample) -> pd.DataFrame:
    """Return the sample with the amount of each customer's first day, in tens of dollars."""
    first = cdnow_sample.engine.frame(
        f"""SELECT customer_id, CAST(sum(amount) AS DOUBLE) / 10 AS first FROM (
    SELECT customer_id, amount, date, min(date) OVER (PARTITION BY customer_id) AS born FROM {cdnow_sample.view}
) WHERE date = born GROUP BY customer_id ORDER BY customer_id"""
    )
    return sample_rfm.assign(first=first["first"].to_numpy())


@pytest.mark.parametrize(
    ("model", "published", "log_likelihood"),
    [
        ("mbg_nbd", (0.525, 6.183, 0.891, 1.614), -9582.13572),
        ("pareto_nbd", (0.553, 10.578, 0.606, 11.669), -9594.97618),
        ("bg_bb", (1.204, 0.750, 0.657, 2.783), -33225.58127),
    ],
)
def test_truth_estimates_equal_r_and_the_papers(model, published, log_likelihood, sample_rfm, donations):
    """Estimates and errors as fitted in R, the papers' digits, and the log-likelihoods of independent refits."""
    reference = pd.read_csv(REFERENCE / "models-fits.csv").set_index(["model", "term"]).loc[model]
    fit = getattr(repurchase, f"fit_{model}")(donations if model == "bg_bb" else sample_rfm)
    found = fit.tidy().set_index("term")
    np.testing.assert_allclose(
        found["estimate"], reference["estimate"], rtol=2e-5
    )  # where R's search by slopes stopped
    np.testing.assert_allclose(found["std_error"], reference["std_error"], rtol=1e-3)  # R's are by differences
    assert fit.theta.round(3).tolist() == list(published)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=6e-6)
    assert fit.log_likelihood >= reference["log_likelihood"].iloc[0] - 1e-7


def test_truth_standard_errors_of_independent_refits(sample_rfm):
    """Pareto/NBD and MBG/NBD standard errors to the digits printed by refits with other numerics."""
    errors = {
        repurchase.fit_pareto_nbd: (0.047628, 0.842723, 0.187281, 6.211117),
        repurchase.fit_mbg_nbd: (0.08327, 0.6956, 0.1548, 0.5375),
    }
    for fit, expected in errors.items():
        np.testing.assert_allclose(fit(sample_rfm).tidy()["std_error"], expected, rtol=7e-5)  # of four digits


def test_truth_forecasts_equal_integrals_in_r(model_at):
    """P(alive), orders, chances of any, one and four, and discounted orders, to 10⁻⁸ of R's integrals."""
    fit = model_at(RandomDropOut(), (0.55, 10.5, 0.6, 11.7))
    for horizon, part in pd.read_csv(REFERENCE / "pareto-forecasts.csv").groupby("h"):
        rfm = part.rename(columns={"x": "frequency", "tx": "recency"})
        found = fit.predict(rfm, horizon=horizon).assign(
            once=fit.probability_of_orders(rfm, n=1, horizon=horizon),
            four_times=fit.probability_of_orders(rfm, n=4, horizon=horizon),
        )
        for column in found:
            np.testing.assert_allclose(found[column], part[column], rtol=1e-8)
        worth = fit.discounted_orders(rfm, discount=0.002, horizon=20_000)
        np.testing.assert_allclose(worth, part["discounted"], rtol=1e-7)


@pytest.mark.parametrize("s", [0.3, 0.999999, 1.0, 1.000001, 4.0])
def test_truth_expected_orders_at_s_of_one(model_at, s):
    """The expectation is the integral of the rate of those who stay, at s = 1 too."""
    fit = model_at(RandomDropOut(), (0.55, 10.5, s, 11.7))
    one = pd.DataFrame({"frequency": [3], "recency": [12.0], "T": [20.0]})
    u, weights = np.polynomial.legendre.leggauss(60)
    time = 20 * (u + 1)
    rate = 3.55 / 30.5 * (31.7 / (31.7 + time)) ** s
    assert fit.expected_orders(one, horizon=40)[0] / fit.p_alive(one)[0] == pytest.approx(
        20 * weights @ rate, rel=1e-12
    )


def test_truth_the_quadrature_of_silence():
    """The integral of a decay equals that of many short panels, for steep and flat ones, β far below α and reverse."""
    rng = np.random.default_rng(3)
    m = 2000
    p, q, A, B, length = (np.exp(rng.uniform(np.log(low), np.log(high), m)) for low, high in
        ((0.05, 300), (1.05, 20), (0.1, 2000), (0.1, 2000), (0.01, 1500)))  # fmt: skip
    found = np.zeros(m)
    for nodes in decay_nodes(p, q, A, B, length):
        rows = nodes.rows
        logs = -p[rows] * np.log1p(nodes.u / A[rows]) - q[rows] * np.log1p(nodes.u / B[rows]) + nodes.log_weight
        found[rows] = np.exp(logs).sum(axis=0)
    scale = np.minimum(A, B)
    ends, exact = np.linspace(0, 1, 81)[:, None] * np.log1p(length / scale), np.zeros(m)
    u, weights = np.polynomial.legendre.leggauss(30)
    for low, high in pairwise(ends):
        for node, weight in zip(u, weights, strict=True):
            v = (low + high) / 2 + (high - low) / 2 * node
            logs = -p * np.log1p(scale * np.expm1(v) / A) - q * np.log1p(scale * np.expm1(v) / B) + v + np.log(scale)
            exact += weight * (high - low) / 2 * np.exp(logs)
    np.testing.assert_allclose(found, exact, rtol=5e-11)


def test_truth_donations_of_the_paper(donations):
    """Who gave every year will give 3.75 times in five, who never gave 0.07: Fader, Hardie and Shang (2010), table 4."""
    fit = repurchase.fit_bg_bb(donations)
    table = fit.predict(donations, horizon=5).assign(x=donations["frequency"], t_x=donations["recency"]).round(2)
    every, never = table[table["x"] == 6].iloc[0], table[table["x"] == 0].iloc[0]
    assert (every["estimate"], every["p_alive"]) == (3.75, 0.93)
    assert (never["estimate"], never["p_alive"]) == (0.07, 0.11)
    assert fit.tidy()["std_error"].round(4).tolist() == [0.0694, 0.0294, 0.0510, 0.3208]
    assert fit.n == 11_104


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("bg_nbd", {"purchase": ["first"], "drop_out": ["first"]}),
        ("pareto_nbd", {"purchase": ["first"], "drop_out": ["first"]}),
    ],
)
def test_truth_covariates_equal_r(model, options, with_first):
    """Effects of the first amount on buying and dropping out, with their errors, as fitted in R."""
    reference = pd.read_csv(REFERENCE / "models-fits.csv").set_index(["model", "term"]).loc[f"{model}_covariate"]
    fit = getattr(repurchase, f"fit_{model}")(with_first, **options)
    found = fit.tidy().set_index("term")
    assert found.index.tolist() == reference.index.tolist()
    assert fit.log_likelihood == pytest.approx(reference["log_likelihood"].iloc[0], abs=1e-6)
    assert fit.log_likelihood >= reference["log_likelihood"].iloc[0] - 1e-6
    np.testing.assert_allclose(found["estimate"], reference["estimate"], rtol=2e-4)
    np.testing.assert_allclose(found["std_error"], reference["std_error"], rtol=2e-3)


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_invariant_without_effects_it_is_the_plain_model(model, with_first, model_at):
    """With the effects at 0 every forecast is that of the model without covariates, and the likelihood is no lower with."""
    fit = getattr(repurchase, f"fit_{model}")
    plain, wide = fit(with_first), fit(with_first, purchase=["first"], drop_out=["first"])
    assert wide.log_likelihood >= plain.log_likelihood
    null = wide.at(np.append(plain.theta, np.zeros(len(wide.theta) - 4)))
    some = with_first.head(300)
    for found, expected in zip(
        (null.predict(some, horizon=20), null.discounted_orders(some, discount=0.01)),
        (plain.predict(some, horizon=20), plain.discounted_orders(some, discount=0.01)),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    ages = np.array([5.0, 30.0])
    np.testing.assert_allclose(
        null.expected_orders_of_new(ages, covariates={"first": 2.0}), plain.expected_orders_of_new(ages), rtol=1e-13
    )


def test_invariant_the_unit_of_a_covariate_only_scales_its_effect(with_first):
    """In dollars the effect is a tenth of that in tens of dollars; shifted, alpha takes up the difference."""
    tens = repurchase.fit_bg_nbd(with_first, purchase=["first"])
    dollars = repurchase.fit_bg_nbd(with_first.assign(first=with_first["first"] * 10 + 50), purchase=["first"])
    effect = tens.parameters["alpha.first"]
    assert dollars.parameters["alpha.first"] == pytest.approx(effect / 10, rel=1e-6)
    assert dollars.parameters["alpha"] == pytest.approx(tens.parameters["alpha"] * np.exp(effect * 5), rel=1e-6)
    assert dollars.log_likelihood == pytest.approx(tens.log_likelihood, abs=1e-7)
    row = tens.tidy().set_index("term").loc["alpha.first"]
    other = dollars.tidy().set_index("term").loc["alpha.first"]
    assert other["statistic"] == pytest.approx(row["statistic"], rel=1e-5)


def test_input_covariates_that_will_not_do(with_first):
    """Texts, gaps, constants and strangers are named."""
    for values, message in (
        (with_first["first"].astype(str) + "x", "must be numbers. Try: pandas.get_dummies"),
        (with_first["first"].where(with_first.index > 3), "4 of 2,357 rows are not"),
        (1.0, "is the same for every customer"),
    ):
        with pytest.raises(DataError, match=message):
            repurchase.fit_bg_nbd(with_first.assign(first=values), purchase=["first"])
    with pytest.raises(DataError, match="no column 'age', a covariate"):
        repurchase.fit_pareto_nbd(with_first, drop_out=["age"])
    with pytest.raises(ParameterError, match="`purchase` must be a list of columns, not 'first'"):
        repurchase.fit_bg_nbd(with_first, purchase="first")
    fit = repurchase.fit_bg_nbd(with_first, purchase=["first"])
    with pytest.raises(DataError, match="no column 'first'"):
        fit.p_alive(with_first.drop(columns="first"))
    with pytest.raises(ParameterError, match="`penalty` must be 0 or more"):
        repurchase.fit_bg_nbd(with_first, penalty=-1)


def test_input_opportunities_are_whole(donations):
    """The BG/BB model refuses parts of a period, and more orders than opportunities."""
    with pytest.raises(DataError, match="`T` must be a whole number of opportunities, but 22 of 22 rows"):
        repurchase.fit_bg_bb(donations.assign(T=6.5))
    with pytest.raises(DataError, match="`frequency` must not exceed `recency`"):
        repurchase.fit_bg_bb(donations.assign(frequency=donations["frequency"] * 2))


def covered(tidy: pd.DataFrame, truth: np.ndarray) -> np.ndarray:
    """Return which parameters' limits hold the truth."""
    return ((tidy["conf_low"] <= truth) & (truth <= tidy["conf_high"])).to_numpy().astype(int)


@pytest.mark.parametrize(
    ("fit", "simulate", "truth"),
    [
        (repurchase.fit_pareto_nbd, simulate_pareto_nbd, {"r": 0.8, "alpha": 6.0, "s": 0.9, "beta": 15.0}),
        (repurchase.fit_mbg_nbd, simulate_drop_out_at_order, {"r": 0.8, "alpha": 6.0, "a": 0.9, "b": 2.0}),
        (repurchase.fit_bg_cnbd, simulate_drop_out_at_order, {"r": 0.8, "alpha": 3.0, "a": 0.9, "b": 2.0}),
        (repurchase.fit_bg_bb, simulate_bg_bb, {"alpha": 1.2, "beta": 1.5, "gamma": 0.7, "delta": 2.8}),
    ],
)
def test_truth_limits_cover_the_simulated_truth(fit, simulate, truth):
    """Over 25 simulated bases the 95 % limits of each parameter hold the truth about as often as they say."""
    options = {"from_start": True} if fit is repurchase.fit_mbg_nbd else {}
    options |= {"k": 2} if fit is repurchase.fit_bg_cnbd else {}
    ages = np.arange(1500) % 5 + 6 if fit is repurchase.fit_bg_bb else np.linspace(30, 60, 1500)
    hits = np.zeros(4, dtype=int)
    for seed in range(25):
        rfm = simulate(ages, **truth, **options, seed=seed)
        found = fit(rfm, k=2) if fit is repurchase.fit_bg_cnbd else fit(rfm)
        hits += covered(found.tidy(), np.array(list(truth.values())))
    assert (hits >= 20).all(), hits  # binomial(25, .95): fewer with a probability of 0.001


def test_truth_effects_of_covariates_are_recovered():
    """Simulated effects on buying and dropping out are found within four standard errors."""
    rng = np.random.default_rng(2)
    n = 6000
    z = rng.normal(size=n)
    alpha, beta = 8 * np.exp(-0.5 * z), 20 * np.exp(0.4 * z)
    rfm = simulate_pareto_nbd(np.full(n, 60.0), r=1.0, alpha=alpha, s=1.0, beta=beta, seed=5).assign(z=z)
    tidy = repurchase.fit_pareto_nbd(rfm, purchase=["z"], drop_out=["z"]).tidy().set_index("term")
    truth = pd.Series({"r": 1.0, "alpha": 8.0, "s": 1.0, "beta": 20.0, "alpha.z": 0.5, "beta.z": -0.4})
    assert (abs(tidy["estimate"] - truth) < 4 * tidy["std_error"]).all()
    assert (tidy["std_error"][["alpha.z", "beta.z"]] < 0.12).all()


def test_truth_simulated_futures_match_the_forecasts(model_at):
    """What simulated customers of the Pareto/NBD model do later is what is expected of their histories, within 4 errors."""
    rng = np.random.default_rng(8)
    n, T, h = 30_000, 30.0, 20.0
    rate, end = rng.gamma(0.8, 1 / 6.0, n), rng.exponential(1 / rng.gamma(0.9, 1 / 15.0, n))
    times = [np.sort(rng.uniform(0, last, rng.poisson(speed * last))) for speed, last in
        zip(rate, np.minimum(end, T + h), strict=True)]  # fmt: skip
    x = np.array([(t <= T).sum() for t in times], dtype=float)
    t_x = np.array([t[t <= T].max(initial=0) for t in times])
    later = np.array([(t > T).sum() for t in times], dtype=float)
    fit = model_at(RandomDropOut(), (0.8, 6.0, 0.9, 15.0))
    rfm = pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
    forecast = fit.predict(rfm, horizon=h)
    twice = fit.probability_of_orders(rfm, n=2, horizon=h)
    for group in (x == 0, x == 1, (x > 1) & (x < 5), x >= 5):
        error = 4 / np.sqrt(group.sum())
        assert later[group].mean() == pytest.approx(forecast["estimate"][group].mean(), abs=error * later[group].std())
        assert (later[group] > 0).mean() == pytest.approx(forecast["probability"][group].mean(), abs=error * 0.5)
        assert (end[group] > T).mean() == pytest.approx(forecast["p_alive"][group].mean(), abs=error * 0.5)
        assert (later[group] == 2).mean() == pytest.approx(twice[group].mean(), abs=error * 0.5)

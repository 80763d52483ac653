"""Cox's model: estimates as in R, ties, strata, weights, late entry, robust errors, invariants, bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import survival
from churnlab.errors import ConvergenceError, DataError, ParameterError

EVERY = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
HEART = ["age", "year", "surgery", "transplant"]
PRINTED = 2e-9
"""R was run to its last step, and its numbers are kept to 12 digits; both end where rounding does."""


def _compare(fit, numbers, case, terms, *, rtol=PRINTED):
    names = [term if term != "transplant" else "transplant1" for term in terms]
    np.testing.assert_allclose(fit.tidy()["estimate"], numbers[case, "estimate"][names], rtol=rtol)
    np.testing.assert_allclose(fit.tidy()["std_error"], numbers[case, "std_error"][names], rtol=max(rtol, 1e-7))
    glance = fit.glance().iloc[0]
    assert glance["log_likelihood"] == pytest.approx(numbers[case, "log_likelihood", ""], rel=1e-11)
    assert glance["log_likelihood_null"] == pytest.approx(numbers[case, "log_likelihood_null", ""], rel=1e-11)


def test_truth_published_numbers_of_rossi(rossi):
    """The numbers that R 4.2 with survival 3.5 prints for the recidivism data, by Efron's and by Breslow's ties."""
    fit = survival.fit_cox(rossi, covariates=EVERY)
    expected = [-0.37942217, -0.05743774, 0.31389979, -0.14979570, -0.43370388, -0.08487108, 0.09149708]
    np.testing.assert_allclose(fit.coefficients, expected, atol=5e-9)
    assert fit.log_likelihood == pytest.approx(-658.747659, abs=1e-6)
    assert fit.log_likelihood_null == pytest.approx(-675.380632, abs=1e-6)
    assert fit.glance()["statistic"].item() == pytest.approx(33.265946, abs=1e-6)
    assert survival.concordance(fit.linear_predictor(rossi), rossi) == pytest.approx(0.64032925, abs=5e-9)
    assert repr(fit) == "CoxFit(7 terms; 432 customers, 114 churned)"


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("efron", {}),
        ("breslow", {"ties": "breslow"}),
        ("robust", {"std_errors": "robust"}),
        ("breslow_robust", {"ties": "breslow", "std_errors": "robust"}),
        ("cluster", {"cluster": "store"}),
    ],
)
def test_truth_errors_and_ties_equal_r(rossi, model_numbers, case, options):
    """Coefficients, errors of the model, robust errors and those by cluster are R's, by both treatments of ties."""
    _compare(survival.fit_cox(rossi, covariates=EVERY, **options), model_numbers, case, EVERY)


def test_truth_strata_weights_and_late_entry_equal_r(rossi, model_numbers):
    """Strata, case weights with their robust errors, late entry, and all of them together are R's."""
    rest = [name for name in EVERY if name != "wexp"]
    _compare(survival.fit_cox(rossi, covariates=rest, strata="wexp"), model_numbers, "strata", rest)
    sampled = rossi.assign(weight=rossi["w"])
    for case, ties in (("weights", "efron"), ("weights_breslow", "breslow")):
        fit = survival.fit_cox(sampled, covariates=EVERY, weights="sampling", ties=ties)
        _compare(fit, model_numbers, case, EVERY)
        own = np.sqrt(np.diag(fit.model_covariance))
        np.testing.assert_allclose(own, model_numbers[case, "model_std_error"][EVERY], rtol=1e-7)
    entered = rossi.assign(entry=rossi["late"])
    _compare(survival.fit_cox(entered, covariates=EVERY), model_numbers, "late", EVERY)
    some = ["fin", "age", "mar", "paro", "prio"]
    both = survival.fit_cox(
        entered.assign(weight=rossi["w"]), covariates=some, strata=["race", "wexp"], weights="sampling"
    )
    _compare(both, model_numbers, "late_strata_weights", some)


def test_truth_start_stop_rows_and_distinct_times_equal_r(heart, lung, model_numbers):
    """The Stanford heart transplants, whose rows are split where a transplant came, and times without many ties."""
    fit = survival.fit_cox(heart, covariates=HEART, cluster="id")
    _compare(fit, model_numbers, "heart", HEART)
    assert fit.coefficients[3] == pytest.approx(-0.01025077, abs=5e-9)
    assert fit.log_likelihood == pytest.approx(-290.565616, abs=1e-6)
    found = survival.fit_cox(lung, covariates=["age", "sex", "ecog"])
    np.testing.assert_allclose(
        found.coefficients, model_numbers["lung", "estimate"][["age", "sex", "ph.ecog"]], rtol=PRINTED
    )


def test_truth_penalty_equals_r(rossi, model_numbers):
    """Half the penalty times the squared coefficients, unscaled: R's ridge, which stops at its sixth digit."""
    fit = survival.fit_cox(rossi, covariates=EVERY, penalty=1.0)
    expected = model_numbers["ridge", "estimate"][[f"ridge({name})" for name in EVERY]]
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-6)


def test_truth_telco_subset(telco):
    """The numbers of month-to-month customers with internet access, as the Databricks accelerator and R have them."""
    part = telco[(telco["contract"] == "Month-to-month") & (telco["internet_service"] != "No")]
    part = part.assign(
        dsl=part["internet_service"] == "DSL",
        backup=part["online_backup"] == "Yes",
        support=part["tech_support"] == "Yes",
    )
    fit = survival.fit_cox(part, covariates=["dependents", "dsl", "backup", "support"])
    expected = [-0.3286509492, -0.2173291349, -0.7766203756, -0.6391661617]
    np.testing.assert_allclose(fit.coefficients, expected, atol=5e-10)
    assert fit.log_likelihood == pytest.approx(-11315.95247740, abs=1e-7)
    test = survival.check_proportional_hazards(fit, part).set_index("term")["statistic"]
    np.testing.assert_allclose(
        test[["dsl", "backup", "support", "GLOBAL"]], [21.7716, 20.0856, 8.4278, 51.8417], atol=6e-5
    )


def test_truth_a_known_model_is_recovered():
    """Of 300,000 simulated customers, more than the search starts from, the estimates lie within 4 errors of the truth."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(300_000, 3))
    truth = np.array([0.5, -0.3, 0.0])
    time, lost = rng.exponential(size=len(x)) * np.exp(-x @ truth) * 100, rng.uniform(0, 150, len(x))
    spells = pd.DataFrame(x, columns=list("abc"))
    spells = spells.assign(duration=np.ceil(np.minimum(time, lost) * 10), churned=time <= lost)
    fit = survival.fit_cox(spells, covariates=list("abc"))
    table = fit.tidy()
    assert (np.abs(table["estimate"] - truth) < 4 * table["std_error"]).all()
    whole = survival.fit_cox(spells.iloc[:150_000], covariates=list("abc"))
    twice = survival.fit_cox(pd.concat([spells.iloc[:150_000]] * 2), covariates=list("abc"), ties="breslow")
    alone = survival.fit_cox(spells.iloc[:150_000], covariates=list("abc"), ties="breslow")
    np.testing.assert_allclose(twice.coefficients, alone.coefficients, rtol=1e-8)
    assert np.abs(whole.coefficients - alone.coefficients).max() < 0.01


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_invariant_counting_customers_changes_nothing(rossi, ties):
    """Rows of weight 2 are rows that stand there twice, for coefficients, errors, robust errors and curves."""
    for errors in ("model", "robust"):
        options = {"covariates": ["fin", "age", "prio"], "ties": ties, "std_errors": errors}
        counted = survival.fit_cox(rossi.assign(weight=2), **options)
        doubled = survival.fit_cox(pd.concat([rossi, rossi], ignore_index=True), **options)
        np.testing.assert_allclose(counted.coefficients, doubled.coefficients, rtol=1e-9)
        np.testing.assert_allclose(counted.covariance, doubled.covariance, rtol=1e-7)
        assert counted.log_likelihood == pytest.approx(doubled.log_likelihood, rel=1e-12)
        assert counted.n == doubled.n == 864
        pd.testing.assert_frame_equal(counted.predict(rossi, horizon=9), doubled.predict(rossi, horizon=9), rtol=1e-8)


def test_invariant_collapsed_rows_give_the_same_fit():
    """Many rows of few kinds are counted first, and give what the same rows give one by one."""
    rng = np.random.default_rng(3)
    n = 6_000
    spells = pd.DataFrame(
        {"plan": rng.choice(["a", "b", "c"], n), "old": rng.random(n) < 0.4, "visits": rng.integers(0, 3, n)}
    )
    rate = 0.05 * np.exp(0.5 * (spells["plan"] == "b") - 0.4 * spells["old"])
    time = np.ceil(rng.exponential(size=n) / rate)
    spells = spells.assign(duration=np.minimum(time, 24), churned=time <= 24)
    counted = survival.fit_cox(spells, covariates=["plan", "old", "visits"])
    assert counted.design.terms == ("plan[b]", "plan[c]", "old", "visits")
    apart = survival.fit_cox(spells, formula="plan + C(old) + visits")
    np.testing.assert_allclose(counted.coefficients, apart.coefficients, rtol=1e-8)
    np.testing.assert_allclose(counted.covariance, apart.covariance, rtol=1e-7)
    by_row = survival.fit_cox(spells.assign(who=np.arange(n)), covariates=["plan", "old", "visits"], cluster="who")
    robust = survival.fit_cox(spells, covariates=["plan", "old", "visits"], std_errors="robust")
    np.testing.assert_allclose(by_row.covariance, robust.covariance, rtol=1e-7)


@pytest.mark.parametrize("few", [40, 400, 3_000])
@pytest.mark.parametrize("options", [{}, {"strata": "area"}, {"penalty": 5.0}, {"weights": "sampling"}])
def test_invariant_a_sample_first_changes_nothing(monkeypatch, few, options):
    """The search that starts from a sample of the rows, a poor one too, ends where the search from 0 does, in few full steps."""
    from churnlab.survival import cox, cox_newton

    rng = np.random.default_rng(2)
    x = rng.normal(size=(4_000, 3))
    entry, time = (
        rng.integers(0, 9, len(x)) * 1.0,
        np.ceil(rng.exponential(size=len(x)) * np.exp(-x @ [0.9, -0.5, 0.1]) * 30),
    )
    spells = pd.DataFrame(x, columns=["a", "b", "c"]).assign(
        entry=entry, duration=entry + np.minimum(time, 40), churned=time <= 40, weight=1 + (time % 2), area=x[:, 0] > 0
    )
    whole = survival.fit_cox(spells, covariates=["a", "b", "c"], **options)
    monkeypatch.setattr(cox, "_MANY", 1_000)
    monkeypatch.setattr(cox, "_FEW", few)
    full, at = [], cox_newton.PartialLikelihood.at
    monkeypatch.setattr(
        cox_newton.PartialLikelihood, "at", lambda self, b: full.append(len(self.matrix[0])) or at(self, b)
    )
    found = survival.fit_cox(spells, covariates=["a", "b", "c"], **options)
    assert full.count(len(x)) <= (3 if few > 40 else 8)
    assert min(full) < len(x)
    np.testing.assert_allclose(found.coefficients, whole.coefficients, rtol=1e-8)
    np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-7)
    assert found.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-11)


@pytest.mark.parametrize("size", [2**24, 2])
def test_invariant_columns_of_any_kind_are_counted(monkeypatch, size):
    """Numbers, whole or not, below 0, far from it or nullable, truths and categories: counted, rows give the same fit."""
    from churnlab.survival import patterns

    monkeypatch.setattr(patterns, "_TABLE", size)
    rng = np.random.default_rng(5)
    n = 30_000
    spells = pd.DataFrame(
        {
            "below": rng.integers(-2, 1, n),
            "far": 1e9 + rng.integers(0, 2, n),
            "parts": rng.choice([0.25, 0.5, 9.75], n),
            "vip": rng.random(n) < 0.4,
            "plan": pd.Categorical(rng.choice(["c", "a"], n), categories=["c", "unused", "a"]),
            "nullable": pd.array(rng.integers(0, 2, n), dtype="Int64"),
            "area": rng.choice(["north", "south"], n),
            "entry": rng.integers(0, 2, n),
            "weight": rng.integers(1, 3, n),
        }
    )
    time = np.ceil(rng.exponential(size=n) * 4 * np.exp(0.3 * spells["vip"] - 0.2 * spells["below"]))
    spells = spells.assign(duration=spells["entry"] + np.minimum(time, 3), churned=time <= 3)
    names = ["below", "far", "parts", "vip", "plan", "nullable"]
    calls = []
    count = patterns._count
    monkeypatch.setattr(patterns, "_count", lambda *given: calls.append(found := count(*given)) or found)
    counted = survival.fit_cox(spells, covariates=names, strata="area")
    monkeypatch.setattr(patterns, "_PROBE", n + 1)
    apart = survival.fit_cox(spells, covariates=names, strata="area")
    assert len(calls) == 1
    assert len(calls[0][0]) < n / 4
    assert counted.n == apart.n == spells["weight"].sum()
    np.testing.assert_allclose(counted.coefficients, apart.coefficients, rtol=1e-8)
    np.testing.assert_allclose(counted.covariance, apart.covariance, rtol=1e-8)
    assert counted.log_likelihood == pytest.approx(apart.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("fit", [survival.fit_cox, survival.fit_aft, survival.fit_discrete_hazard])
@pytest.mark.parametrize(
    ("values", "lack"),
    [
        ([0.0, 1.0], None),
        ([0.0, 1.0], np.inf),
        ([0.5, 2.5], None),
        ([0.5, 2.5], np.inf),
        (pd.array([0, 1], dtype="Int64"), None),
    ],
)
def test_input_a_lack_among_many_alike_is_named(fit, values, lack):
    """One empty or infinite cell among thousands of few values is refused with its row, and is never taken for a value."""
    rng = np.random.default_rng(1)
    n = 5_000
    spells = pd.DataFrame(
        {"duration": rng.integers(1, 9, n), "churned": rng.random(n) < 0.5, "z": rng.integers(0, 2, n)}
    )
    column = pd.Series(values)[rng.integers(0, 2, n)].reset_index(drop=True)
    column[3_000] = lack
    with pytest.raises(DataError, match=r"`x` must be there and finite .* not in 1 of 5,000 \(first: row 3001\)"):
        fit(spells.assign(x=column), covariates=["z", "x"])


@settings(max_examples=15, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 51), min_size=1, max_size=4, unique=True), ties=st.sampled_from(["efron", "breslow"])
)
def test_invariant_splitting_spells_changes_nothing(cuts, ties):
    """A spell cut into start-stop rows, at times of ends too, counts as the spell does."""
    rossi = _rossi()
    pieces, rest = [], rossi.assign(entry=0.0)
    for cut in sorted(cuts):
        beyond = rest["duration"] > cut
        pieces += [rest[~beyond], rest[beyond].assign(duration=cut, churned=False)]
        rest = rest[beyond].assign(entry=float(cut))
    split = pd.concat([*pieces, rest])
    whole = survival.fit_cox(rossi, covariates=["fin", "age", "prio"], ties=ties)
    found = survival.fit_cox(split, covariates=["fin", "age", "prio"], ties=ties)
    np.testing.assert_allclose(found.coefficients, whole.coefficients, rtol=1e-8)
    np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-7)
    assert found.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-11)


def _rossi():
    from lifelines.datasets import load_rossi

    return load_rossi().rename(columns={"week": "duration", "arrest": "churned"}).astype({"churned": bool})


@settings(max_examples=15, deadline=None)
@given(shift=st.floats(-1e3, 1e3), scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_invariant_order_unit_and_origin_do_not_matter(shift, scale, seed):
    """Rows in another order and covariates in another unit give the same hazards; a coefficient is per unit."""
    rossi = _rossi()
    whole = survival.fit_cox(rossi, covariates=["fin", "age", "prio"])
    moved = rossi.sample(frac=1, random_state=seed).assign(age=lambda frame: shift + scale * frame["age"])
    found = survival.fit_cox(moved, covariates=["fin", "age", "prio"])
    np.testing.assert_allclose(found.coefficients * [1, scale, 1], whole.coefficients, rtol=1e-7)
    later = moved["duration"] * 7
    weeks = survival.fit_cox(moved.assign(duration=later), covariates=["fin", "age", "prio"])
    np.testing.assert_allclose(weeks.coefficients, found.coefficients, rtol=1e-8)


def test_input_covariates_that_cannot_be_used_are_named(rossi, monkeypatch):
    """Constant, collinear, separating, empty and unknown covariates are named, with what to try."""
    with pytest.raises(DataError, match="`one` is the same in every row"):
        survival.fit_cox(rossi.assign(one=1.0), covariates=["fin", "one"])
    double = rossi.assign(sum=rossi["age"] + 2 * rossi["prio"])
    with pytest.raises(DataError, match="`sum` follows exactly from `age`, `prio`"):
        survival.fit_cox(double, covariates=["age", "prio", "sum"])
    monkeypatch.setattr("churnlab.survival.design_checks._SOME", 50)
    with pytest.raises(DataError, match="`sum` follows exactly from `age`, `prio`"):
        survival.fit_cox(double, covariates=["age", "prio", "sum"])
    unseen = rossi.assign(one=rossi.index % 9 == 1, other=rossi.index % 9 == 2)  # by the rows that are looked at first
    assert np.isfinite(survival.fit_cox(unseen, covariates=["one", "other"]).coefficients).all()
    with pytest.raises(DataError, match="cannot be told apart"):
        survival.fit_cox(rossi, covariates=["fin", "wexp"], strata="wexp")
    with pytest.warns(UserWarning, match="`vip` is the same for everybody who churned"):  # noqa: SIM117 - both are said
        with pytest.raises(ConvergenceError, match=r"`vip` \(to minus infinity\).*separates"):
            survival.fit_cox(rossi.assign(vip=(~rossi["churned"]) & (rossi["age"] > 25)), covariates=["vip", "age"])
    with pytest.warns(UserWarning, match="`gone` is the same for everybody who churned"):  # noqa: SIM117 - both are said
        with pytest.raises(ConvergenceError, match=r"`gone` \(to plus infinity\).*separates"):
            survival.fit_cox(rossi.assign(gone=1.0 * rossi["churned"]), covariates=["gone"])
    for factor in (1e300, 1e-300):
        with pytest.raises(DataError, match="`far` has values too large, or too close to each other"):
            survival.fit_cox(rossi.assign(far=(rossi["age"] - 20) * factor), covariates=["age", "far"])
    with pytest.raises(DataError, match="more than one column named `age`"):
        survival.fit_cox(pd.concat([rossi, rossi[["age"]]], axis=1), covariates=["age"])
    with pytest.raises(
        DataError, match=r"`age` must be there and finite in every row, but is not in 1 of 432 \(first: row 8\)"
    ):
        survival.fit_cox(rossi.assign(age=rossi["age"].where(rossi.index != 7)), covariates=["age"])
    who = rossi.assign(who=[f"C-{place}" for place in range(432)])
    with pytest.raises(DataError, match="`who` has 432 levels in 432 rows, like a name of customers"):
        survival.fit_cox(who, covariates=["who"])
    with pytest.raises(DataError, match="There is no column `plan`"):
        survival.fit_cox(rossi, covariates=["plan"])
    with pytest.raises(ParameterError, match="`covariates` or by `formula`"):
        survival.fit_cox(rossi)
    with pytest.raises(ParameterError, match="`duration` cannot stand among the covariates"):
        survival.fit_cox(rossi, covariates=["duration"])
    with pytest.raises(ParameterError, match="right-hand side alone"):
        survival.fit_cox(rossi, formula="churned ~ age")


def test_input_spells_that_cannot_be_used(rossi):
    """Durations of zero, nobody churned, parts of customers, unknown options and levels are refused by name and number."""
    with pytest.raises(DataError, match="`duration` must be"):
        survival.fit_cox(rossi.assign(duration=0), covariates=["age"])
    with pytest.raises(DataError, match="None of 432 rows has churned"):
        survival.fit_cox(rossi.assign(churned=False), covariates=["age"])
    with pytest.raises(DataError, match="`weight` must count customers, but 288 of 432"):
        survival.fit_cox(rossi.assign(weight=rossi["w"] + 0.25 * (rossi["w"] == 2)).iloc[:432], covariates=["age"])
    with pytest.raises(ParameterError, match="`ties` must be 'efron' or 'breslow', not 'exact'"):
        survival.fit_cox(rossi, covariates=["age"], ties="exact")
    with pytest.raises(ParameterError, match="`penalty` must be 0 or more"):
        survival.fit_cox(rossi, covariates=["age"], penalty=-1)
    with pytest.raises(DataError, match="There is no column `shop` to cluster by"):
        survival.fit_cox(rossi, covariates=["age"], cluster="shop")
    named = rossi.assign(plan=np.where(rossi["fin"] == 1, "yearly", "monthly"))
    fit = survival.fit_cox(named, covariates=["plan"])
    assert fit.tidy()["term"].tolist() == ["plan[yearly]"]
    with pytest.raises(
        DataError, match=r"`plan` holds levels that the fit has not seen, in 1 of 2 rows \(first: row 2: 'weekly'\)"
    ):
        fit.linear_predictor(pd.DataFrame({"plan": ["yearly", "weekly"]}))
    stratified = survival.fit_cox(named, covariates=["age"], strata="plan")
    with pytest.raises(DataError, match="belong to no stratum"):
        stratified.survival(named.assign(plan="weekly"), times=3)


def test_input_covariates_that_look_like_the_target_are_warned_of(rossi):
    """A covariate named like churn may have been written down after the event: it is fitted, with a warning."""
    with pytest.warns(UserWarning, match="`churn_score` is named like what is to be explained"):
        survival.fit_cox(rossi.assign(churn_score=rossi["prio"]), covariates=["churn_score"])


def test_truth_everybody_churned_still_fits(rossi):
    """Where nobody is censored the hazard ratio of two groups is that of the closed form for one split."""
    spells = pd.DataFrame({"duration": [1.0, 2.0, 3.0], "churned": True, "x": [1.0, 0.0, 1.0]})
    fit = survival.fit_cox(spells, covariates=["x"])
    ratio = np.exp(fit.coefficients[0])
    assert ratio / (2 * ratio + 1) * 2 + ratio / (ratio + 1) == pytest.approx(1.0, rel=1e-9)


def test_truth_many_ties_have_a_closed_form(monkeypatch):
    """Thousands of tied ends in a period are summed in closed form, and give what summing them one by one gives."""
    from churnlab.survival import cox_risk

    rng = np.random.default_rng(8)
    x = rng.normal(size=(9_000, 2))
    time = np.ceil(rng.exponential(size=len(x)) * np.exp(-x @ [0.6, -0.4]) * 3)
    spells = pd.DataFrame(x, columns=["a", "b"]).assign(duration=np.minimum(time, 6), churned=time <= 6)
    closed = survival.fit_cox(spells, covariates=["a", "b"], std_errors="robust")
    monkeypatch.setattr(cox_risk, "_FEW_TIES", np.inf)
    summed = survival.fit_cox(spells, covariates=["a", "b"], std_errors="robust")
    np.testing.assert_allclose(closed.coefficients, summed.coefficients, rtol=1e-11)
    np.testing.assert_allclose(closed.covariance, summed.covariance, rtol=1e-10)
    np.testing.assert_allclose(closed.baseline.variance, summed.baseline.variance, rtol=1e-11)
    assert closed.log_likelihood == pytest.approx(summed.log_likelihood, rel=1e-13)
    assert closed.log_likelihood_null == pytest.approx(summed.log_likelihood_null, rel=1e-13)

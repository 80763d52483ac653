"""Where a forecast can be trusted: histograms, calibration curves, other dates and units, assumptions, candidates."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnlab import features, repurchase, simulate
from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.repurchase.assumptions import warn_of_assumptions


@pytest.fixture(scope="module")
def future(cdnow_sample):
    return features.to_future(cdnow_sample, as_of="1997-10-01", horizon=39)


def test_truth_histogram_of_cdnow_equals_published_shape(sample_fit, sample_rfm):
    """All customers are counted; without repeat orders there are 1,411, and the model expects 1,400 to 1,430 of them."""
    found = repurchase.to_frequency_histogram(sample_fit, sample_rfm)
    assert found["actual"].sum() == 2357
    assert found.loc[0, "actual"] == 1411
    assert 1400 < found.loc[0, "estimate"] < 1430
    assert found["estimate"].sum() == pytest.approx(2357)


def test_truth_histogram_limits_hold_simulated_counts():
    """Customers who do as the model says are counted within the limits in about 95 of 100 groups."""
    truth, inside = {"r": 0.6, "alpha": 5.0, "a": 0.8, "b": 2.5}, []
    for seed in range(8):
        rfm = simulate.simulate_rfm(3000, **truth, T=40, seed=seed)
        fit = repurchase.fit_bg_nbd(rfm)
        found = repurchase.to_frequency_histogram(fit, rfm)
        inside += found["actual"].between(found["conf_low"], found["conf_high"]).tolist()
    assert np.mean(inside) > 0.9


def test_truth_histogram_is_the_mean_over_ages(sample_fit, sample_rfm):
    """What is expected of each number of orders is the sum of the probabilities of new customers of each age."""
    found = repurchase.to_frequency_histogram(sample_fit, sample_rfm, most=3)
    new = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [0.0]})
    ages, customers = np.unique(sample_rfm["T"], return_counts=True)
    for n in range(3):
        each = [sample_fit.probability_of_orders(new, n=n, horizon=age)[0] for age in ages]
        assert found.loc[n, "estimate"] == pytest.approx(np.dot(each, customers))
    weighted = sample_rfm.groupby(["frequency", "recency", "T"]).size().rename("weight").reset_index()
    pd.testing.assert_frame_equal(repurchase.to_frequency_histogram(sample_fit, weighted, most=3), found)


def test_truth_held_out_histogram_counts_what_came(sample_fit, sample_rfm, future):
    """Each group's actual number is that of the window; the expected ones add up to all customers."""
    found = repurchase.to_order_histogram(sample_fit, sample_rfm, future, horizon=39, most=4)
    assert found["group"].tolist() == ["0", "1", "2", "3", "4+"]
    assert found["actual"].tolist() == [
        *[(future["orders"] == n).sum() for n in range(4)],
        (future["orders"] >= 4).sum(),
    ]
    assert found["estimate"].sum() == pytest.approx(2357)
    chance = sample_fit.probability_of_order(sample_rfm, horizon=39)
    assert found.loc[0, "std_error"] == pytest.approx(np.sqrt((chance * (1 - chance)).sum()))
    with pytest.raises(DataError, match="`future` has 5 rows for 2,357 customers"):
        repurchase.to_order_histogram(sample_fit, sample_rfm, future.head(5), horizon=39)
    with pytest.raises(ParameterError, match="`most` must be 1 or more"):
        repurchase.to_order_histogram(sample_fit, sample_rfm, future, horizon=39, most=0)


def test_truth_probability_groups_are_even_and_ordered():
    """Groups are of about the same size, in order, ties together, and their labels say what they span."""
    p = pd.Series(np.random.default_rng(1).random(1000))
    group = repurchase.probability_groups(p, groups=5)
    assert group.value_counts().tolist() == [200] * 5
    spans = p.groupby(group, observed=True).agg(["min", "max"])
    assert (spans["min"].to_numpy()[1:] > spans["max"].to_numpy()[:-1]).all()
    assert group.cat.categories[0] == f"{100 * spans['min'].iloc[0]:.1f}–{100 * spans['max'].iloc[0]:.1f} %"
    assert repurchase.probability_groups(pd.Series([0.2] * 9)).nunique() == 1
    tiny = repurchase.probability_groups(pd.Series([1e-5, 2e-5, 3e-5, 4e-5]), groups=2)
    assert tiny.tolist() == ["1: 0.0–0.0 %", "1: 0.0–0.0 %", "2: 0.0–0.0 %", "2: 0.0–0.0 %"]
    with pytest.raises(ParameterError, match="between 0 and 1"):
        repurchase.probability_groups(pd.Series([0.2, 1.4]))


def test_truth_the_unit_of_time_does_not_matter_and_the_date_does(cdnow_sample):
    """Days and weeks give the same forecast to 10⁻⁵; other dates others; each row is its own fit and count."""
    days = ["1997-07-01", "1997-10-01"]
    found = repurchase.to_sensitivity(cdnow_sample, as_of=days, horizon=91, units=["day", "week"])
    by_date = found.pivot_table(index="as_of", columns="unit", values="estimate")
    np.testing.assert_allclose(by_date["day"], by_date["week"], rtol=1e-5)
    assert abs(by_date["week"].iloc[0] / by_date["week"].iloc[1] - 1) > 0.01
    rfm = features.to_rfm(cdnow_sample, as_of="1997-10-01")
    row = found.iloc[3]
    assert row["estimate"] == pytest.approx(repurchase.fit_bg_nbd(rfm).expected_orders(rfm, horizon=13).sum())
    assert row["actual"] == features.to_future(cdnow_sample, as_of="1997-10-01", horizon=13)["orders"].sum()
    assert row["error"] == pytest.approx(row["estimate"] / row["actual"] - 1)
    with pytest.raises(ParameterError, match="a date and a unit at least"):
        repurchase.to_sensitivity(cdnow_sample, as_of=[], horizon=91)


def test_truth_assumptions_hold_where_they_do(sample_fit, sample_amounts, sample_rfm):
    """On CDNOW every check holds; where frequent buyers pay twice as much, the correlation is named, with a warning."""
    assert repurchase.check_assumptions(sample_fit, sample_amounts, sample_rfm)["holds"].all()
    paying = sample_rfm.assign(monetary_value=sample_rfm["monetary_value"] * (1 + sample_rfm["frequency"]))
    found = repurchase.check_assumptions(sample_fit, sample_amounts, paying).set_index("check")
    row = found.loc["correlation of amount and frequency, at least"]
    assert not row["holds"]
    assert row["estimate"] == pytest.approx(repurchase.amount_frequency_correlation(paying).loc[0, "conf_low"])
    with pytest.warns(UserWarning, match="correlation of amount and frequency.*frequent buyers pay more per order"):
        repurchase.to_customers(sample_fit, sample_amounts, paying, horizon=39)


def test_truth_doubtful_estimates_are_warned_of(sample_fit, sample_rfm, sample_amounts):
    """An estimate that the data hardly determine, one that runs off, and amounts without variance each have a warning."""
    with pytest.warns(UserWarning, match="relative standard error of a parameter is 1.2, beyond 1: the data hardly"):
        warn_of_assumptions(
            replace(sample_fit, covariance=sample_fit.covariance * (1.2 / 0.2837) ** 2), None, sample_rfm
        )
    far = replace(sample_fit, theta=sample_fit.theta * [1, 1, 1e5, 1e5])
    with pytest.warns(UserWarning, match="most extreme parameter is .*beyond 1000: customers hardly differ"):
        warn_of_assumptions(far, None, sample_rfm)
    with pytest.warns(UserWarning, match="2 / q of the Gamma-Gamma model is 1.1, beyond 1"):
        warn_of_assumptions(sample_fit, replace(sample_amounts, q=1.9), sample_rfm)


def test_invariant_assumptions_do_not_depend_on_the_unit(cdnow_sample, sample_fit, sample_rfm):
    """In days the same is found as in weeks."""
    rfm = features.to_rfm(cdnow_sample, as_of="1997-10-01", unit="day")
    found = repurchase.check_assumptions(repurchase.fit_bg_nbd(rfm), None, rfm)
    expected = repurchase.check_assumptions(sample_fit, None, sample_rfm)
    np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=1e-4)


def test_truth_candidates_are_the_models_one_by_one(sample_fit, sample_rfm, sample_amounts):
    """Each candidate is what its own function fits; its forecast has the expected money beside it."""
    found = repurchase.fit_order_models(sample_rfm)
    assert list(found.fits) == ["BG/NBD", "MBG/NBD", "Pareto/NBD"]
    np.testing.assert_allclose(found.fits["BG/NBD"].theta, sample_fit.theta)
    said = repurchase.forecast_customers(found, repurchase.fit_amounts(sample_rfm), sample_rfm, horizon=39)
    money = sample_fit.expected_orders(sample_rfm, horizon=39) * sample_amounts.expected_amount(sample_rfm)
    np.testing.assert_allclose(said["BG/NBD"]["amount"], money)


def test_truth_models_that_cannot_be_fitted_are_refused_with_a_reason(sample_rfm):
    """What has no maximum is left out and says why; if nothing is left, that is an error."""

    def never(rfm: pd.DataFrame) -> repurchase.TransactionFit:
        raise ConvergenceError("It keeps rising.")

    found = repurchase.fit_order_models(sample_rfm, models={"BG/NBD": repurchase.fit_bg_nbd, "other": never})
    assert list(found.fits) == ["BG/NBD"]
    assert found.refused == {"other": "It keeps rising."}
    assert repurchase.left_out(found.refused).to_dict("records") == [{"model": "other", "reason": "It keeps rising."}]
    with pytest.raises(ConvergenceError, match="No model of orders can be fitted: It keeps rising"):
        repurchase.fit_order_models(sample_rfm, models={"other": never})
    with pytest.raises(ParameterError, match="no model to fit"):
        repurchase.fit_order_models(sample_rfm, models={})


def test_truth_a_study_goes_on_without_amounts(sample_fit, sample_rfm):
    """Without amounts, with equal ones, or with too few, there is no model and a reason; customers are ranked by orders."""
    for rfm, reason in (
        (sample_rfm.drop(columns="monetary_value"), "no amounts"),
        (sample_rfm.assign(monetary_value=10.0), "no maximum|flat|infinity"),
        (sample_rfm.assign(monetary_value=0.0), "Fewer than two"),
    ):
        found = repurchase.fit_amounts(rfm)
        assert found.fit is None
        assert pd.Series([found.reason]).str.contains(reason).all(), found.reason
    customers = repurchase.to_customers(sample_fit, None, sample_rfm, horizon=39)
    assert not {"lifetime_value", "value_in_doubt", "expected_amount"} & set(customers)
    groups = repurchase.group_customers(customers)
    assert groups["orders_in_doubt"].sum() == pytest.approx(
        (sample_fit.expected_orders(sample_rfm, horizon=39) * (1 - sample_fit.p_alive(sample_rfm))).sum()
    )


def test_truth_the_list_to_act_on_is_of_those_in_doubt(sample_fit, sample_amounts, sample_rfm):
    """The list holds customers in doubt alone, most in doubt first, with limits around their value."""
    customers = repurchase.to_customers(sample_fit, sample_amounts, sample_rfm, horizon=39)
    found = repurchase.customers_to_act_on(customers, most=20)
    assert len(found) == 20
    assert (found["group"] == "in doubt").all()
    assert found["value_in_doubt"].is_monotonic_decreasing
    assert found["value_in_doubt"].iloc[0] == customers.loc[customers["group"] == "in doubt", "value_in_doubt"].max()
    assert (customers["value_low"] < customers["lifetime_value"]).all()
    assert (customers["lifetime_value"] < customers["value_high"]).all()
    with pytest.raises(ParameterError, match="`most` must be 1 or more"):
        repurchase.customers_to_act_on(customers, most=0)


def test_truth_classifier_knows_nothing_of_the_test(cdnow_sample):
    """Orders from the test date on change no forecast; where history is too short, the reason is given."""
    split = repurchase.split_time(cdnow_sample, as_of=None, horizon=13)
    whole = repurchase.forecast_by_classifier(cdnow_sample, split, days=91)
    before = cdnow_sample.where(f"date < TIMESTAMP '{split.test}'")
    cut = repurchase.forecast_by_classifier(before, split, days=91)
    np.testing.assert_array_equal(whole.forecast["probability"], cut.forecast["probability"])
    rfm = features.to_rfm(cdnow_sample, as_of=split.test)
    assert whole.forecast.index.equals(rfm.index)
    longer = repurchase.forecast_by_classifier(cdnow_sample, split, days=230)
    assert longer.forecast is None
    assert "learns on two windows of 230 days" in longer.reason


def test_smoke_diagnostics_are_drawn(sample_fit, sample_rfm, future):
    """Both new figures have labelled axes and draw without a warning."""
    from churnlab import theme

    forecast = sample_fit.predict(sample_rfm, horizon=39)["probability"]
    table = repurchase.calibration_table(
        repurchase.probability_groups(forecast), forecast, (future["orders"] > 0) * 1.0
    )
    for ax in (
        repurchase.plot_frequency_histogram(repurchase.to_frequency_histogram(sample_fit, sample_rfm)),
        repurchase.plot_calibration_curve(table),
    ):
        assert ax.get_ylabel()
        assert "<svg" in theme.to_svg(ax)
        theme.close(ax)

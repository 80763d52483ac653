"""Held-out tests: splits, naive rules, calibration, tracking."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnlab import features, repurchase, tables
from churnlab.errors import DataError, ParameterError


@pytest.fixture(scope="module")
def sample_future(cdnow_sample):
    return features.to_future(cdnow_sample, as_of="1997-10-01", horizon=39)


def test_truth_split_of_cdnow(full_orders):
    """By default the forecast begins the day after the last order, and the test 39 weeks before."""
    split = repurchase.split_time(full_orders, as_of=None, horizon=39)
    assert [str(day) for day in (split.first, split.tuning, split.test, split.as_of)] == [
        "1997-01-01",
        "1997-05-18",
        "1997-10-01",
        "1998-07-01",
    ]
    assert split.tuning_horizon == 19.5


def test_input_split_without_enough_history(full_orders):
    """Where the horizon leaves no history to learn from, the error names a horizon that would."""
    with pytest.raises(DataError, match="leaves 8 weeks before the held-out window of 70 weeks.*horizon of 62 weeks"):
        repurchase.split_time(full_orders, as_of=None, horizon=70)
    assert repurchase.split_time(full_orders, as_of=None, horizon=62).tuning_horizon > 0
    with pytest.raises(DataError, match="1998-07-20 lies 19 days after the end of cdnow.csv .last order: 1998-06-30"):
        repurchase.split_time(full_orders, as_of="1998-07-20", horizon=39)
    assert repurchase.split_time(full_orders, as_of=None, horizon=39, observed_until="1998-07-20").as_of == date(
        1998, 7, 20
    )
    with pytest.raises(ParameterError, match="must lie after the first order, on 1997-01-01"):
        repurchase.split_time(full_orders, as_of="1996-01-01", horizon=3)


def test_truth_naive_rules_do_as_they_say():
    """Rates go on, a customer of no age has no rate; the two kinds do what their kind did, scaled to the horizon."""
    rfm = pd.DataFrame({"frequency": [4, 4, 0, 0], "recency": [2.0, 8.0, 0, 0], "T": [10.0, 10, 1, 0]})
    same = repurchase.nobody_changes(rfm, horizon=5)
    np.testing.assert_allclose(same["estimate"], [2, 2, 0, 0])
    np.testing.assert_allclose(same["probability"], 1 - np.exp([-2, -2, 0, 0]))
    rule = repurchase.SilenceRule(silence=3, horizon=5, probability=(0.5, 0.1), orders=(1.0, 0.2))
    np.testing.assert_allclose(rule.predict(rfm, horizon=5)["probability"], [0.1, 0.5, 0.5, 0.5])
    longer = rule.predict(rfm, horizon=10)
    np.testing.assert_allclose(longer["estimate"], [0.4, 2, 2, 2])
    np.testing.assert_allclose(longer["probability"], [0.19, 0.75, 0.75, 0.75])


def test_truth_silence_is_the_limit_that_errs_least():
    """Of all limits, the chosen one has the least Brier score; its numbers are the shares and means of its two kinds."""
    rng = np.random.default_rng(2)
    silence = rng.integers(1, 30, 900).astype(float)
    rfm = pd.DataFrame({"frequency": 1, "recency": 40 - silence, "T": 40.0})
    orders = np.where(rng.random(900) < np.where(silence <= 9, 0.6, 0.1), 2, 0)
    rule = repurchase.fit_silence_rule(rfm, pd.DataFrame({"orders": orders}), horizon=13)
    assert rule.silence == 9
    assert rule.probability == (np.mean(orders[silence <= 9] > 0), np.mean(orders[silence > 9] > 0))
    assert rule.orders[0] == orders[silence <= 9].mean()
    alike = repurchase.fit_base_rate(rfm, pd.DataFrame({"orders": orders}), horizon=13)
    assert alike.predict(rfm, horizon=13)["estimate"].sum() == pytest.approx(orders.sum())
    with pytest.raises(DataError, match="`future` has 3 rows for 900 customers"):
        repurchase.fit_silence_rule(rfm, pd.DataFrame({"orders": orders[:3]}), horizon=13)
    with pytest.raises(DataError, match="one customer a row, but 900 of 900 rows have a weight"):
        repurchase.fit_silence_rule(rfm.assign(weight=2), pd.DataFrame({"orders": orders}), horizon=13)


def test_truth_calibration_means_are_those_of_the_groups(sample_rfm, sample_future):
    """Groups keep their order; means, counts and limits are those of their customers."""
    group = repurchase.frequency_groups(sample_rfm, most=3)
    actual = sample_future["orders"].to_numpy(float)
    table = repurchase.calibration_table(group, actual * 2, actual)
    assert table["group"].tolist() == ["0", "1", "2", "3+"]
    assert table["customers"].sum() == 2357
    last = actual[(sample_rfm["frequency"] >= 3).to_numpy()]
    row = table.iloc[3]
    assert row["predicted"] == pytest.approx(2 * row["actual"])
    assert row["actual"] == pytest.approx(last.mean())
    assert row["conf_high"] == pytest.approx(last.mean() + 1.959964 * last.std(ddof=1) / np.sqrt(len(last)), rel=1e-6)
    shares = repurchase.calibration_table(group, actual, (actual > 0).astype(float))
    assert shares["conf_high"].max() <= 1
    one = repurchase.calibration_table(pd.Series(["a", "b", "b"]), np.zeros(3), np.array([2.0, 1.0, 0.0]))
    assert one["conf_low"].isna().tolist() == [True, False]


def test_truth_recency_groups_hold_their_spans(sample_rfm):
    """Each repeat buyer's silence lies in the span of her group; the others stand apart."""
    group = repurchase.recency_groups(sample_rfm)
    silence = sample_rfm["T"] - sample_rfm["recency"]
    repeat = sample_rfm["frequency"] > 0
    assert (group[~repeat] == "one order").all()
    low, high = (group[repeat].astype(str).str.split("–").str[k].astype(float) for k in (0, 1))
    assert ((silence[repeat] >= low) & (silence[repeat] <= high)).all()
    assert group[repeat].value_counts().loc[lambda n: n > 0].min() > 60
    spans = {name: silence[group == name] for name in group[repeat].cat.categories[:-1] if (group == name).any()}
    for name, values in spans.items():
        low, high = map(float, name.split("–"))
        assert values.max() <= high
        assert low < values.min() or low == 0


def test_truth_recency_groups_at_their_edges():
    """Where all were last seen on the last day there is one span, and where nobody ordered again there is none."""
    today = pd.DataFrame({"frequency": [1, 1], "recency": [9.0, 9.0], "T": [9.0, 9.0]})
    assert repurchase.recency_groups(today).tolist() == ["0", "0"]
    once = pd.DataFrame({"frequency": [0, 0], "recency": [0.0, 0.0], "T": [9.0, 8.0]})
    assert repurchase.recency_groups(once).tolist() == ["one order", "one order"]


def test_truth_tracking_adds_up(cdnow_sample, sample_fit, sample_rfm, sample_future):
    """Actual repeat orders add up to those of the two windows, the expectation to that of new customers of each age."""
    tracking = repurchase.to_tracking(cdnow_sample, sample_fit, as_of="1997-10-01", until="1998-07-01")
    assert len(tracking) == 78
    past, later = tracking[~tracking["held_out"]], tracking[tracking["held_out"]]
    assert past["actual"].sum() == sample_rfm["frequency"].sum() == 2457
    assert later["actual"].sum() == sample_future["orders"].sum() == 1882
    expected = sample_fit.expected_orders_of_new(sample_rfm["T"].to_numpy()).sum()
    assert past["expected_cumulative"].iloc[-1] == pytest.approx(expected, rel=1e-10)
    assert later["start"].iloc[0] == pd.Timestamp("1997-10-01")
    np.testing.assert_allclose(tracking["expected_cumulative"], tracking["expected"].cumsum())


@pytest.mark.parametrize("months", range(1, 9))
def test_truth_tracking_holds_every_held_out_order(cdnow_sample, sample_fit, months):
    """Whatever the unit, the held-out periods hold the orders of the held-out window."""
    until = features.shift(date(1997, 10, 1), months, "month")
    tracking = repurchase.to_tracking(cdnow_sample, sample_fit, as_of="1997-10-01", until=until, unit="month")
    held_out = tracking[tracking["held_out"]]
    future = features.to_future(cdnow_sample, as_of="1997-10-01", horizon=months, unit="month")
    assert len(held_out) == months
    assert held_out["actual"].sum() == future["orders"].sum()
    assert held_out["end"].iloc[-1].date() == until


def test_truth_customers_born_on_the_cut_are_not_tracked(sample_fit):
    """Who first orders on the day of the cut is not known before it: neither tracked nor counted in the future."""
    rows = [
        ("a", "2024-01-01", 1),
        ("a", "2024-01-20", 1),
        ("b", "2024-01-15", 1),
        ("b", "2024-01-20", 1),
        ("b", "2024-01-21", 1),
    ]
    orders = tables.read(pd.DataFrame(rows, columns=["customer_id", "date", "amount"]), "ORDERS")
    tracking = repurchase.to_tracking(orders, sample_fit, as_of="2024-01-15", until="2024-01-22")
    assert tracking["actual"].sum() == 1
    assert features.to_future(orders, as_of="2024-01-15", horizon=1)["customer_id"].tolist() == ["a"]


def test_input_tracking_without_a_whole_period(cdnow_sample, sample_fit):
    """Too short a time is refused."""
    with pytest.raises(ParameterError, match="no whole year"):
        repurchase.to_tracking(cdnow_sample, sample_fit, as_of="1997-02-01", until="1997-02-01", unit="year")


def test_truth_correlation_of_amount_and_frequency(sample_rfm):
    """The correlation of logarithms as NumPy computes it, with limits that hold it."""
    row = repurchase.amount_frequency_correlation(sample_rfm).iloc[0]
    buyers = sample_rfm[sample_rfm["frequency"] > 0]
    assert row["estimate"] == pytest.approx(
        np.corrcoef(np.log(buyers["frequency"]), np.log(buyers["monetary_value"]))[0, 1]
    )
    assert row["conf_low"] < row["estimate"] < row["conf_high"]
    z, half = np.arctanh(row["estimate"]), 1.959964 / np.sqrt(946 - 3)
    assert [row["conf_low"], row["conf_high"]] == pytest.approx(np.tanh([z - half, z + half]), rel=1e-6)
    with pytest.raises(DataError, match="five repeat buyers or more, of different frequency, but there are 3"):
        repurchase.amount_frequency_correlation(buyers.head(3))


def test_smoke_every_figure_is_drawn(cdnow_sample, sample_fit, sample_amounts, sample_rfm, sample_future):
    """Each figure has labelled axes and draws without a warning."""
    from churnlab import theme

    tracking = repurchase.to_tracking(cdnow_sample, sample_fit, as_of="1997-10-01", until="1998-07-01")
    customers = repurchase.to_customers(sample_fit, sample_amounts, sample_rfm, horizon=39)
    table = repurchase.calibration_table(
        repurchase.recency_groups(sample_rfm), customers["expected_orders"], sample_future["orders"]
    )
    drawn = [
        repurchase.plot_tracking(tracking, unit="week"),
        repurchase.plot_cumulative_tracking(tracking),
        repurchase.plot_calibration(table, xlabel="weeks", ylabel="orders"),
        repurchase.plot_p_alive(repurchase.p_alive_grid(sample_fit, sample_rfm), unit="week"),
        repurchase.plot_value_concentration(repurchase.value_concentration(customers["lifetime_value"].to_numpy())),
    ]
    for ax in drawn:
        assert ax.get_ylabel()
        assert "<svg" in theme.to_svg(ax)
        theme.close(ax)


def test_input_one_customer_or_one_order_each():
    """A table of one customer, or of customers with one order each, gives RFM but no model."""
    one = tables.read(pd.DataFrame({"customer_id": "a", "date": ["2024-01-01", "2024-02-01"], "amount": 1}), "ORDERS")
    rfm = features.to_rfm(one, as_of="2024-02-10")
    with pytest.raises(DataError, match="takes more than one customer"):
        repurchase.fit_bg_nbd(rfm)
    each = tables.read(pd.DataFrame({"customer_id": ["a", "b"], "date": "2024-01-01", "amount": 1}), "ORDERS")
    with pytest.raises(DataError, match="None of 2 customers has ordered again"):
        repurchase.fit_bg_nbd(features.to_rfm(each, as_of="2024-01-10"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda future: future.iloc[::-1], "in another order than the customers"),
        (lambda future: future.head(3), "`future` has 3 rows for 2,357 customers"),
        (lambda future: future.drop(columns="orders"), "`future` has no column `orders`"),
        (
            lambda future: future.assign(orders=future["orders"].where(future.index != 4)),
            r"`orders` of `future` must be a number: 1 of 2,357 rows break this \(first: row 5: nan\)",
        ),
    ],
)
def test_input_what_came_must_be_that_of_the_same_customers(change, message, sample_fit, sample_rfm, sample_future):
    """A future of other rows, or with gaps, is refused by whatever learns from it or is held against it."""
    future = change(sample_future)
    with pytest.raises(DataError, match=message):
        repurchase.fit_silence_rule(sample_rfm, future, horizon=39)
    with pytest.raises(DataError, match=message):
        repurchase.fit_base_rate(sample_rfm, future, horizon=39)
    with pytest.raises(DataError, match=message):
        repurchase.to_order_histogram(sample_fit, sample_rfm, future, horizon=39)


def test_input_scores_of_a_future_with_gaps(sample_fit, sample_rfm, sample_future):
    """A missing number of orders does not pass for none, nor missing money for no score."""
    forecast = {"BG/NBD": sample_fit.predict(sample_rfm, horizon=39)}
    for column in ("orders", "amount"):
        future = sample_future.assign(**{column: sample_future[column].where(sample_future.index > 0)})
        with pytest.raises(DataError, match=f"`{column}` of `future` must be a number: 1 of 2,357 rows"):
            repurchase.score_forecasts(forecast, future, seed=1)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_input_calibration_leaves_nobody_out(place):
    """A customer without group, forecast or outcome is named, not left out of the means."""
    columns = [["a", "b", "a"], [0.1, 0.2, 0.3], [0.0, 1.0, 0.0]]
    columns[place] = [*columns[place][:2], None if place == 0 else np.nan]
    with pytest.raises(DataError, match=r"1 of 3 rows lack one \(first: row 3\)"):
        repurchase.calibration_table(pd.Series(columns[0]), np.array(columns[1]), np.array(columns[2]))


def test_input_lists_of_customers_need_what_to_customers_gives(sample_fit, sample_amounts, sample_rfm):
    """Frames without group or identity are refused by the name of what they lack."""
    with pytest.raises(DataError, match="no column `group`"):
        repurchase.group_customers(sample_rfm)
    customers = repurchase.to_customers(sample_fit, sample_amounts, sample_rfm.head(50), horizon=39)
    with pytest.raises(DataError, match="no column `customer_id`"):
        repurchase.customers_to_act_on(customers.drop(columns="customer_id"), most=3)

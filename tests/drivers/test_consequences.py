"""Answers meet what the same customers did, never what they were yet to do, and limits hold what is true."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from churnlab import drivers, features, simulate, tables
from churnlab.errors import ConvergenceError, DataError, ParameterError


@pytest.fixture(scope="module")
def orders() -> tables.Table:
    """Orders of 300 simulated customers in 400 days."""
    frame = simulate.simulate_orders(300, r=0.8, alpha=40, a=0.8, b=2.5, days=400, seed=3)
    return tables.read(frame, "ORDERS")


@pytest.fixture(scope="module")
def answers() -> tables.Table:
    """Questionnaires of customers, on a few days, and one of nobody."""
    rng = np.random.default_rng(1)
    day = pd.Timestamp("2024-08-01") + pd.to_timedelta(rng.integers(0, 4, 400), unit="D")
    frame = pd.DataFrame({"respondent_id": range(400), "customer_id": rng.integers(0, 300, 400), "date": day})
    return tables.read(frame.assign(outcome=rng.integers(0, 11, 400)), "ANSWERS")


def test_truth_what_is_linked_is_the_snapshot_of_that_day(answers, orders):
    """Past and future of every answer are those of the snapshot as of its day."""
    linked = drivers.to_repurchase(answers, orders, horizon=60, gap=5)
    assert (linked["link"] == "linked").sum() > 200
    for day, rows in linked[linked["link"] == "linked"].groupby("date"):
        snap = features.snapshot(
            orders,
            as_of=str(day.date()),
            features=["orders", "recency_days", "tenure_days", "amount_total"],
            targets=["orders_ahead", "amount_ahead"],
            horizon=60,
            gap=5,
        )
        known = snap.to_frame().set_index("customer_id").loc[rows["customer_id"]]
        for mine, theirs in {
            "past_orders": "orders",
            "past_amount": "amount_total",
            "orders_ahead": "orders_ahead",
        }.items():
            assert rows[mine].to_numpy(dtype=float) == pytest.approx(known[theirs].to_numpy(dtype=float), abs=1e-9)
        for name in ("recency_days", "tenure_days", "amount_ahead"):
            assert rows[name].to_numpy(dtype=float) == pytest.approx(known[name].to_numpy(dtype=float), abs=1e-9)
    assert (linked["ordered_ahead"].dropna() == (linked["orders_ahead"].dropna() > 0)).all()


def test_invariant_the_future_does_not_reach_back(answers, orders):
    """Without the orders from the first answer on, what was known before the answers is the same."""
    early = orders.where("date < DATE '2024-08-01'")
    seen = drivers.to_repurchase(answers, orders, horizon=30)
    cut = drivers.to_repurchase(answers, early, horizon=30, observed_until="2025-01-01")
    first = (seen["date"] == "2024-08-01") & (seen["link"] == "linked")
    names = ["past_orders", "past_amount", "recency_days", "tenure_days"]
    pd.testing.assert_frame_equal(seen.loc[first, names], cut.loc[first, names])
    assert cut["orders_ahead"].dropna().sum() == 0


def test_truth_every_answer_that_is_not_linked_has_its_reason():
    """Unknown customers, missing dates and windows beyond the data are named; no row is lost."""
    orders = tables.read(
        pd.DataFrame(
            {"customer_id": ["a", "b", "z"], "date": ["2024-01-01", "2024-01-02", "2024-03-01"], "amount": [1, 2, 3]}
        ),
        "ORDERS",
    )
    frame = pd.DataFrame(
        {
            "respondent_id": range(6),
            "customer_id": ["a", "b", None, "a", "new", "b"],
            "date": ["2024-01-05", "2024-01-02", "2024-01-05", None, "2024-01-05", "2024-02-20"],
            "outcome": 5,
        }
    )
    linked = drivers.to_repurchase(tables.read(frame, "ANSWERS"), orders, horizon=20)
    wanted = ["linked", "no order before", "no customer", "no date", "no order before", "window not covered"]
    assert linked["link"].tolist() == wanted
    assert linked["past_orders"].notna().tolist() == [True, False, False, False, False, False]
    with pytest.raises(DataError, match="None of the rows can be joined with orders: 2 window not covered"):
        drivers.to_repurchase(tables.read(frame, "ANSWERS"), orders, horizon=90)


def test_truth_returns_and_referrals_are_counted_in_their_window():
    """A return and a first order of a customer brought count before or after the answer by their day."""
    orders = tables.read(
        pd.DataFrame(
            {"customer_id": list("abcb"), "date": ["2024-01-01", "2024-01-03", "2024-02-01", "2024-02-09"], "amount": 1}
        ),
        "ORDERS",
    )
    cases = tables.read(
        pd.DataFrame(
            {
                "customer_id": list("aaa"),
                "date": ["2024-01-02", "2024-01-20", "2024-01-21"],
                "kind": ["return", "Return", "complaint"],
            }
        ),
        "CASES",
    )
    people = tables.read(pd.DataFrame({"customer_id": list("abc"), "referred_by": [None, "a", "a"]}), "CUSTOMERS")
    frame = pd.DataFrame({"respondent_id": [1], "customer_id": ["a"], "date": ["2024-01-10"], "outcome": [8]})
    options = {"horizon": 30, "cases": cases, "customers": people}
    row = drivers.to_repurchase(tables.read(frame, "ANSWERS"), orders, **options).iloc[0]
    names = ["past_returns", "returns_ahead", "past_referrals", "referrals_ahead", "returned_ahead", "referred_ahead"]
    assert row[names].tolist() == [1, 1, 1, 1, 1, 1]


def test_truth_complaints_are_looked_at_from_the_same_day_on():
    """An order between complaint and landmark counts for nobody; how it was handled is told by days."""
    days = ["2024-01-01", "2024-01-12", "2024-01-16", "2024-03-01"]
    orders = tables.read(pd.DataFrame({"customer_id": list("aaab"), "date": days, "amount": 1}), "ORDERS")
    frame = pd.DataFrame({"customer_id": list("aaaa"), "date": "2024-01-10", "kind": ["complaint"] * 3 + ["return"]})
    frame["resolved"] = ["2024-01-11", "2024-01-14", None, None]
    linked = drivers.to_complaint_outcomes(tables.read(frame, "CASES"), orders, within=[1, 3], horizon=10)
    assert linked["handled"].tolist() == ["within 1 day", "later or open", "later or open"]
    assert linked["resolved_in_time"].tolist() == [1, 0, 0]
    assert linked["orders_ahead"].tolist() == [1, 1, 1]
    assert linked["past_orders"].tolist() == [1, 1, 1]
    with pytest.raises(DataError, match="no case of kind 'praise'"):
        drivers.to_complaint_outcomes(tables.read(frame, "CASES"), orders, horizon=10, kind="praise")
    with pytest.raises(ParameterError, match="must be days that ascend"):
        drivers.to_complaint_outcomes(tables.read(frame, "CASES"), orders, within=[3, 1], horizon=10)


def _customers(n: int, seed: int, *, slope: float = 0.0) -> pd.DataFrame:
    """Return customers of whom the good ones are more satisfied and come back more, besides what satisfaction does."""
    rng = np.random.default_rng(seed)
    good = rng.normal(size=n)
    past = np.round(np.exp(1 + good)).clip(1)
    answer = np.clip(np.round(7 + 1.5 * (0.6 * np.log1p(past) - 0.8 + rng.normal(size=n))), 0, 10)
    p = 1 / (1 + np.exp(-(-2 + 1.2 * np.log1p(past) + slope * (answer - 7))))
    return pd.DataFrame({"outcome": answer, "past_orders": past, "ordered_ahead": (rng.random(n) < p).astype(float)})


def test_truth_the_effect_is_that_of_statsmodels():
    """Log odds, robust errors and the average slope with its error are those of a logit by statsmodels."""
    data = _customers(800, 1, slope=0.2)
    fit = drivers.fit_consequence(data, adjust=["past_orders"])
    x = sm.add_constant(np.column_stack([data["outcome"], np.log1p(data["past_orders"])]))
    theirs = sm.Logit(data["ordered_ahead"].to_numpy(), x).fit(disp=0, cov_type="HC0", tol=1e-14, maxiter=100)
    share = np.sqrt(800 / 799)
    assert fit.coefficient == pytest.approx(theirs.params, rel=1e-7)
    assert fit.tidy()["std_error"].tolist() == pytest.approx(theirs.bse * share, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(theirs.llf, rel=1e-10)
    slope = theirs.get_margeff()
    row = fit.effects().iloc[0]
    assert row["estimate"] == pytest.approx(slope.margeff[0], rel=1e-7)
    assert row["std_error"] == pytest.approx(slope.margeff_se[0] * share, rel=1e-5)
    assert fit.predict(data)["estimate"].to_numpy() == pytest.approx(theirs.predict(), rel=1e-7)


def test_truth_rows_of_a_customer_count_once():
    """Every row twice under the same customer leaves estimates and limits as they are."""
    data = _customers(300, 2).assign(customer_id=range(300))
    once = drivers.fit_consequence(data, adjust=["past_orders"])
    twice = drivers.fit_consequence(pd.concat([data, data]), adjust=["past_orders"])
    pd.testing.assert_frame_equal(once.effects(), twice.effects(), rtol=1e-8)
    assert (twice.n, twice.clusters) == (600, 300)


def test_truth_the_past_explains_what_satisfaction_does_not():
    """Where good customers are only more satisfied, the raw effect is surely above 0 and the adjusted one is not."""
    table = drivers.fit_consequence(_customers(6000, 3), adjust=["past_orders"]).effects().set_index("term")
    assert table.loc["raw", "conf_low"] > 0.02
    assert table.loc["adjusted", "conf_low"] < 0 < table.loc["adjusted", "conf_high"]


def test_truth_limits_of_the_effect_hold_it():
    """Nominal 95 % limits of a true adjusted effect of 0 hold it in 90 to 99 % of 200 surveys of 400."""
    held = 0
    for seed in range(200):
        row = drivers.fit_consequence(_customers(400, 100 + seed), adjust=["past_orders"]).effects().iloc[0]
        held += row["conf_low"] <= 0 <= row["conf_high"]
    assert 0.90 <= held / 200 <= 0.99


def test_truth_without_adjustment_the_response_is_the_share():
    """Each level's estimate is its share, with the binomial error; thin levels are taken together."""
    data = _customers(2000, 4)
    table = drivers.to_dose_response(data, adjust=[])
    assert table["estimate"].to_numpy() == pytest.approx(table["raw"].to_numpy(), abs=1e-9)
    wanted = np.sqrt(table["raw"] * (1 - table["raw"]) / table["n"]) * np.sqrt(2000 / 1999)
    assert table["std_error"].to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-6)
    assert table["n"].sum() == 2000
    assert (table["n"] >= 20).all()


def test_truth_adjusted_responses_are_standardised():
    """The adjusted share of a level is the mean prediction if everybody had answered so, by statsmodels too."""
    data = _customers(3000, 5, slope=0.2)
    data["level"] = pd.Categorical(np.where(data["outcome"] < 7, "low", "high"), ["low", "high"], ordered=True)
    table = drivers.to_dose_response(data, satisfaction="level", adjust=["past_orders"]).set_index("level")
    high = (data["level"] == "high").to_numpy(dtype=float)
    x = np.column_stack([np.ones(3000), high, np.log1p(data["past_orders"])])
    theirs = sm.Logit(data["ordered_ahead"].to_numpy(), x).fit(disp=0, tol=1e-14, maxiter=100)
    for name, value in {"low": 0.0, "high": 1.0}.items():
        assert table.loc[name, "estimate"] == pytest.approx(
            theirs.predict(np.column_stack([x[:, 0], np.full(3000, value), x[:, 2]])).mean(), rel=1e-7
        )
    assert table.loc["high", "raw"] - table.loc["low", "raw"] > table["estimate"].diff().iloc[-1] + 0.02


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"ordered_ahead": 2.0}, {}, "`ordered_ahead` must be 1 or 0, but 300 of 300"),
        ({"ordered_ahead": 1.0}, {}, "`ordered_ahead` is the same in all 300 rows. Try: another horizon"),
        ({"outcome": 7.0}, {}, "`outcome` is the same in all 300 rows. Try: another question"),
        ({"outcome": np.nan}, {}, "No row has all of"),
        ({}, {"adjust": ["outcome"]}, "only one of outcome"),
        ({}, {"adjust": ["nothing"]}, "no column `nothing`"),
        ({"w": 0.0}, {"weight": "w"}, "`w` must be above 0"),
    ],
)
def test_input_what_cannot_be_estimated(change, options, message):
    """A constant, a gap everywhere, an outcome of other values, a column of two roles, a weight of 0: refused."""
    data = _customers(300, 6).assign(**change)
    with pytest.raises((DataError, ParameterError), match=message):
        drivers.fit_consequence(data, **{"adjust": ["past_orders"], **options})


def test_input_levels_without_an_order():
    """Categories without an order are no dose."""
    data = _customers(300, 6).assign(outcome=pd.Categorical(np.arange(300) % 5))
    with pytest.raises(DataError, match="The categories of `outcome` have no order"):
        drivers.to_dose_response(data, adjust=["past_orders"])


def test_input_an_answer_that_tells_everything():
    """Where an answer separates those who came back from those who did not, there is no maximum, and this is said."""
    data = pd.DataFrame({"outcome": np.arange(40.0), "ordered_ahead": np.repeat([0.0, 1.0], 20)})
    with pytest.raises(ConvergenceError, match="No maximum was found"):
        drivers.fit_consequence(data, adjust=[])
    both = _customers(200, 7).assign(twin=lambda frame: np.log1p(frame["past_orders"]))
    with pytest.raises(ConvergenceError, match="determine one another"):
        drivers.fit_consequence(both, adjust=["past_orders", "twin"])

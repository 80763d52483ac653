"""Spark frames are read against the contracts as every other table is."""

from typing import Any

import pandas as pd
import pytest

from churnlab import tables
from churnlab.engines import SparkEngine, default_engine
from churnlab.errors import DataError, ParameterError
from churnlab.tables.checks import typed_query
from churnlab.tables.sources import open_source

DATES = [
    "2024-01-31",
    "2024-1-5",
    "2024/01/05 10:30",
    "2024-01-05T10:30:15.25",
    " 2024-01-05 10:30:00 ",
    "2024-01",
    "2024",
    "2024-02-30",
    "05/01/2024",
    "2024-01-05abc",
    "2024-01-05 25:00:00",
    "",
    None,
]
ZONED = ["2024-06-30T23:30:00Z", "2024-06-30 23:30:00+02:00", "2024-06-30 23:30:00-0500", "2024-06-30 23:30:00+00"]
NUMBERS = ["7", " 7.5 ", "1e3", "-1", "7d", "7f", "0x10", "seven", "1,5", "nan", "inf", "1e14", "1.00005", "", None]


Found = tuple[str, str, int | None]


def _both_refused(
    spark: Any, rows: list[tuple[Any, ...]], names: list[str], contract: str, **options: Any
) -> list[list[Found]]:
    """Breaches of both engines about the same rows of text: column, rule, number of rows."""
    schema = ", ".join(f"{name} STRING" for name in names)
    found = []
    for source in (pd.DataFrame(rows, columns=names, dtype=object), spark.createDataFrame(rows, schema)):
        with pytest.raises(DataError) as caught:
            tables.read(source, contract, **options)
        found.append([(breach.column, breach.rule, breach.rows) for breach in caught.value.breaches])
    return found


def _both_typed(spark: Any, texts: list[str | None], name: str, **options: Any) -> list[list[tuple[Any, ...]]]:
    """Rows of both engines: what texts become when they are read as a column of SUBSCRIPTIONS."""
    rows = [(str(number), text) for number, text in enumerate(texts)]
    frame = pd.DataFrame(rows, columns=["customer_id", "text"], dtype=object)
    layout = tables.Layout(**options)
    results = []
    for source in (frame, spark.createDataFrame(rows, "customer_id STRING, text STRING")):
        raw = open_source(source, layout, default_engine())
        matched = {"customer_id": "customer_id", name: "text"}
        query = typed_query(raw, tables.CONTRACTS["SUBSCRIPTIONS"], matched, layout)
        results.append(sorted(raw.engine.rows(query)))
    return results


def test_truth_spark_frame_is_read_where_it_is(spark: Any) -> None:
    """The table is on Spark, has the contract's kinds, and keeps the other columns, whatever their names."""
    frame = spark.createDataFrame(
        [(1, "2024-01-01", 9.5, "x"), (2, "2024-02-01", 12.0, None)],
        "who INT, day STRING, paid DOUBLE, `my ``note` STRING",
    )
    table = tables.read(frame, "ORDERS", columns={"customer_id": "who", "date": "day", "amount": "paid"})
    assert table.engine == SparkEngine(spark)
    assert table.columns == ("customer_id", "date", "amount", "my `note")
    assert table.engine.types(table.view)["amount"] == "DECIMAL(18,4)"
    assert table.engine.types(table.view)["date"] == "TIMESTAMP"
    assert table.n == 2
    assert table.where("amount > 10").n == 1
    profile = dict(table.profile().to_numpy())
    assert (profile["customers"], profile["total amount"], profile["missing my `note"]) == ("2", "21.50", "1")


def test_truth_frames_on_one_session_share_an_engine(spark: Any) -> None:
    """Tables read from one session can be joined; the session's settings stay as they are."""
    first, second = (tables.read(spark.range(1).selectExpr("id AS customer_id"), "CUSTOMERS") for _ in range(2))
    assert first.engine == second.engine
    assert first.view != second.view
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"


@pytest.mark.parametrize("texts", [DATES, ZONED], ids=["naive", "zoned"])
def test_truth_texts_become_the_same_dates(spark: Any, texts: list[str | None]) -> None:
    """A text is a date on Spark where it is one on DuckDB, and the same one."""
    here, there = _both_typed(spark, texts, "start", time_zone="Europe/Paris")
    assert here == there
    assert any(moment for _, moment in here)


@pytest.mark.parametrize("decimal", [".", ","])
def test_truth_texts_become_the_same_money(spark: Any, decimal: str) -> None:
    """A text is an amount on Spark where it is one on DuckDB, and the same one."""
    here, there = _both_typed(spark, NUMBERS, "price", decimal=decimal)
    assert here == there
    assert any(price for _, price in here)


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (["05/01/2024", "5/1/2024", "31/02/2024"], "%d/%m/%Y"),
        (["20240105", "2024-1-5"], "%Y%m%d"),
        (["45292", "45292.5", "x"], "excel"),
    ],
    ids=["slashes", "digits", "excel"],
)
def test_truth_written_dates_are_the_same(spark: Any, texts: list[str | None], written: str) -> None:
    """Dates in the layout's codes, and Excel's serial numbers, mean the same on both engines."""
    here, there = _both_typed(spark, texts, "start", date_format=written)
    assert here == there
    assert any(moment for _, moment in here)


def test_truth_timestamps_show_the_asked_zone(spark: Any) -> None:
    """A timestamp of Spark shows the session's clock, or that of the layout's zone."""
    frame = spark.sql("SELECT 'a' AS customer_id, TIMESTAMP '2024-06-30 23:30:00' AS date, 1 AS amount")
    shown = [
        tables.read(frame, "ORDERS", layout=tables.Layout(time_zone=zone)).to_frame()["date"][0]
        for zone in (None, "Europe/Paris")
    ]
    assert shown == [pd.Timestamp("2024-06-30 23:30"), pd.Timestamp("2024-07-01 01:30")]


@pytest.mark.parametrize(
    "rows",
    [
        [(None, "2024-01-01", "1"), (" ", "2024-01-01", "1")],
        [("a", "soon", "1"), ("a", "1066-10-14", "1"), ("a", None, "1")],
        [("a", "2024-01-01T10:00:00Z", "1"), ("a", "2024-01-01", "1")],
        [("a", "2024-01-01", "-1"), ("a", "2024-01-01", "nan"), ("a", "2024-01-01", "inf"), ("a", "2024-01-01", "x")],
    ],
    ids=["keys", "dates", "zones", "amounts"],
)
def test_truth_breaches_are_the_same(spark: Any, rows: list[tuple[Any, ...]]) -> None:
    """Both engines report the same breaches, with the same numbers of rows, all at once."""
    here, there = _both_refused(spark, rows, ["customer_id", "date", "amount"], "ORDERS", as_of="2024-01-01")
    assert here == there
    assert here


def test_truth_repeated_customers_are_found(spark: Any) -> None:
    """A column that must not repeat is checked on Spark too."""
    here, there = _both_refused(spark, [("a", "x"), ("a", "y"), ("b", "z")], ["customer_id", "region"], "CUSTOMERS")
    assert here == there == [("customer_id", "must not repeat", 2)]


def test_input_breach_shows_an_example_instead_of_a_row_number(spark: Any) -> None:
    """Rows of Spark have no order, so that a row that breaks a rule is shown but not numbered."""
    frame = spark.sql("SELECT 'a' AS customer_id, DATE '2024-01-01' AS date, -1.5e0 AS amount")
    with pytest.raises(
        DataError, match=r"`amount` must be zero or more: 1 of 1 rows breaks this \(for example: -1\.5\)"
    ):
        tables.read(frame, "ORDERS")


def test_input_spark_reads_frames_of_its_own_alone(spark: Any) -> None:
    """A path or a pandas frame beside a Spark engine says how to bring it there."""
    with pytest.raises(DataError, match="Spark reads its own frames alone, not a DataFrame"):
        tables.read(pd.DataFrame({"customer_id": [1]}), "CUSTOMERS", engine=SparkEngine(spark))


def test_input_columns_that_differ_in_case_alone(spark: Any) -> None:
    """Two columns that SQL takes for one are refused before Spark calls them ambiguous."""
    with pytest.raises(DataError, match="the Spark frame has two columns named `a` and `A`"):
        tables.read(spark.sql("SELECT 1 AS a, 2 AS A"), "CUSTOMERS")


def test_input_code_of_a_date_that_spark_cannot_read(spark: Any) -> None:
    """A code without a counterpart in Spark is named."""
    frame = spark.sql("SELECT 'a' AS customer_id, '2024 001' AS date, 1 AS amount")
    with pytest.raises(ParameterError, match="`date_format` holds %j, which Spark cannot read"):
        tables.read(frame, "ORDERS", layout=tables.Layout(date_format="%Y %j"))


def test_input_query_that_fails_on_the_cluster(spark: Any) -> None:
    """What Spark cannot compute ends in one error of ours, not in a trace of Java's."""
    frame = spark.sql("SELECT 'a' AS customer_id, DATE '2024-01-01' AS date, 1 / id AS amount FROM range(1)")
    with pytest.raises(DataError, match="the Spark frame cannot be read: .*DIVIDE_BY_ZERO"):
        tables.read(frame, "ORDERS")

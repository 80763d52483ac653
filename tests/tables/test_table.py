"""What a table does once it is read, and what it leaves behind."""

import gc
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

from churnlab import tables
from churnlab.engines import DuckDBEngine, default_engine
from churnlab.errors import DataError, ParameterError


@pytest.fixture
def database(tmp_path, orders):
    """Return the path of a database file with a table of orders, one column of which is an ENUM."""
    path = tmp_path / "shop.db"
    with duckdb.connect(path) as connection:
        connection.register("frame", orders())
        connection.execute("CREATE TYPE who AS ENUM ('007', 'b')")
        connection.execute(
            "CREATE TABLE orders AS SELECT * REPLACE (CAST(customer_id AS who) AS customer_id) FROM frame"
        )
    return path


def views(connection):
    """Names of all views, and whether they are temporary."""
    return connection.execute("SELECT view_name, temporary FROM duckdb_views() WHERE NOT internal").fetchall()


@pytest.mark.parametrize("read_only", [False, True], ids=["writable", "read-only"])
def test_truth_a_database_of_yours_stays_as_it_is(database, read_only):
    """A relation of a database file is read through temporary views alone, and they go with the table."""
    with duckdb.connect(database, read_only=read_only) as connection:
        table = tables.read(connection.table("orders"), "ORDERS")
        assert table.where("amount > 0").to_frame()["customer_id"].tolist() == ["007", "b"]
        assert all(is_temporary for _, is_temporary in views(connection))
        del table
        gc.collect()
        assert views(connection) == []


def test_truth_a_refused_relation_leaves_nothing_behind(database):
    """Where the contract is broken, the views go as well."""
    with duckdb.connect(database) as connection:
        with pytest.raises(DataError):
            tables.read(connection.sql("SELECT customer_id, date FROM orders"), "ORDERS")
        assert views(connection) == []


def test_truth_a_table_outlives_its_connection_in_peace(database):
    """A table whose connection was closed goes without a word."""
    connection = duckdb.connect(database)
    table = tables.read(connection.table("orders"), "ORDERS")
    connection.close()
    del table
    gc.collect()


def test_truth_an_engine_of_your_own_is_left_clean(database, orders):
    """An engine on a connection of yours makes temporary views there, and drops them."""
    with duckdb.connect(database) as connection:
        table = tables.read(orders(), "ORDERS", engine=DuckDBEngine(connection))
        assert table.n == 3
        del table
        gc.collect()
        assert views(connection) == []


def test_input_a_condition_on_a_column_that_is_not_there(orders):
    """A condition that SQL cannot ask names the columns that there are."""
    with pytest.raises(
        ParameterError, match="cannot be asked of the frame: .*Its columns are customer_id, date, amount"
    ):
        tables.read(orders(), "ORDERS").where("amonut > 0")


def test_input_all_rows_left_out(orders, refusal):
    """Refunds alone are no table of orders."""
    text = refusal(orders(amount=[-1, -2, -3]), layout=tables.Layout(negative_amounts="leave_out"))
    assert "All rows of the frame have an amount below zero" in text


def test_input_a_file_that_is_gone(orders, tmp_path):
    """A file that was taken away after it was checked is one line."""
    orders().to_csv(tmp_path / "o.csv", index=False)
    table = tables.read(tmp_path / "o.csv", "ORDERS")
    (tmp_path / "o.csv").unlink()
    for ask in (table.to_frame, table.profile, lambda: table.where("amount > 0")):
        with pytest.raises((DataError, ParameterError), match=r"^.*o\.csv.*$"):
            ask()


def test_truth_a_profile_takes_two_queries(orders, monkeypatch):
    """All facts of a profile come from two passes over the rows, however many columns there are."""
    table = tables.read(orders(channel=["x", None, "y"], note="z"), "ORDERS")
    asked = []
    rows = DuckDBEngine.rows
    monkeypatch.setattr(DuckDBEngine, "rows", lambda engine, sql: asked.append(sql) or rows(engine, sql))
    facts = dict(table.profile().to_numpy())
    assert len(asked) == 2
    assert (facts["rows"], facts["missing channel"], facts["rows with amount 0"]) == ("3", "1", "1")
    assert default_engine() is table.engine


def test_truth_dates_of_many_kinds():
    """Text, dates, timestamps and NumPy's dates name the same day; no date is none."""
    given = ["2024-01-31", date(2024, 1, 31), pd.Timestamp("2024-01-31 18:00"), np.datetime64("2024-01-31T18:00")]
    assert {tables.to_date(value, "as_of") for value in given} == {date(2024, 1, 31)}
    for nothing in (None, pd.NaT, np.datetime64("NaT"), 20240131, "31.01.2024"):
        with pytest.raises(ParameterError, match="`as_of` must be a date as in 2024-12-31"):
            tables.to_date(nothing, "as_of")

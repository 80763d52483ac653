"""Reading tables of every kind, and refusing what breaks a contract."""

from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from churnlab import tables
from churnlab.errors import DataError, ParameterError

GOOD = pd.DataFrame(
    {"customer_id": ["007", "b", "b"], "date": ["2024-01-01", "2024-01-02", "2024-02-01"], "amount": [1.5, 2, 0]}
)


def orders(**columns: object) -> pd.DataFrame:
    """Three good orders, with some columns replaced."""
    return GOOD.assign(**columns)


def message(source: object, contract: str = "ORDERS", **options: object) -> str:
    """Return what reading the source is refused with."""
    with pytest.raises(DataError) as caught:
        tables.read(source, contract, **options)
    return str(caught.value)


def as_csv(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path


def as_parquet(frame: pd.DataFrame, path: Path) -> Path:
    duckdb.from_df(frame).write_parquet(str(path))
    return path


def as_excel(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_excel(path, index=False)
    return path


@pytest.mark.parametrize(
    "bring",
    [
        lambda frame, folder: as_csv(frame, folder / "o.csv"),
        lambda frame, folder: str(as_csv(frame, folder / "o.csv.gz")),
        lambda frame, folder: as_parquet(frame, folder / "o.parquet"),
        lambda frame, folder: as_excel(frame, folder / "o.xlsx"),
        lambda frame, folder: frame,
        lambda frame, folder: pl.from_pandas(frame),
        lambda frame, folder: pa.Table.from_pandas(frame),
        lambda frame, folder: duckdb.from_df(frame),
    ],
    ids=["csv", "csv.gz", "parquet", "excel", "pandas", "polars", "arrow", "duckdb"],
)
def test_truth_every_kind_of_source_gives_the_same_rows(bring, tmp_path):
    """A table is the same whatever it came in: text keys keep their zeros, money is exact, order is kept."""
    table = tables.read(bring(GOOD, tmp_path), "ORDERS")
    frame = table.to_frame()
    assert frame["customer_id"].tolist() == ["007", "b", "b"]
    assert frame["date"].tolist() == [pd.Timestamp(day) for day in GOOD["date"]]
    assert frame["amount"].tolist() == [1.5, 2, 0]
    assert table.n == 3


def test_truth_a_glob_reads_all_its_files(tmp_path):
    """The rows of all files that a glob names are one table."""
    for number in range(3):
        as_csv(GOOD, tmp_path / f"part-{number}.csv")
    assert tables.read(tmp_path / "part-*.csv", "ORDERS").n == 9


def test_truth_money_adds_up_exactly():
    """Ten thousand dimes are a thousand, to the last digit."""
    table = tables.read(pd.DataFrame({"customer_id": 1, "date": "2024-01-01", "amount": [0.1] * 10_000}), "ORDERS")
    assert table.engine.rows(f"SELECT sum(amount) FROM {table.view}")[0][0] == Decimal("1000")


def test_truth_whole_number_keys_stay_numbers():
    """Keys that are whole numbers are not turned into text."""
    assert tables.read(orders(customer_id=[7, 8, 9]), "ORDERS").to_frame()["customer_id"].tolist() == [7, 8, 9]


def test_truth_other_columns_are_kept():
    """Columns that the contract does not know come along as they are."""
    assert tables.read(orders(shop=["x", "y", "z"]), "ORDERS").columns == ("customer_id", "date", "amount", "shop")


def test_truth_columns_are_mapped_by_dict_and_by_file(tmp_path):
    """A column map says what the table calls the contract's columns."""
    renamed = GOOD.rename(columns={"customer_id": "Kunde Nr.", "amount": "Betrag"})
    by_dict = tables.read(renamed, "ORDERS", columns={"customer_id": "Kunde Nr.", "amount": "Betrag"})
    path = tmp_path / "map.toml"
    path.write_text('[columns]\ncustomer_id = "Kunde Nr."\namount = "Betrag"\n', encoding="utf-8")
    by_file = tables.read(renamed, "ORDERS", columns=path)
    assert by_dict.columns == by_file.columns == ("customer_id", "date", "amount")


def test_truth_a_layout_reads_a_german_export(tmp_path):
    """Semicolons, decimal commas, day-first dates, Latin-1 and a word for missing values are a matter of the layout."""
    path = tmp_path / "export.csv"
    path.write_bytes(
        "customer_id;date;amount;channel\n1;31.12.2024;1234,50;Köln\n2;01.02.2024;0,5;-\n".encode("latin-1")
    )
    layout = tables.Layout(encoding="latin-1", decimal=",", date_format="%d.%m.%Y", missing=("-",))
    frame = tables.read(path, "ORDERS", layout=layout).to_frame()
    assert frame["amount"].tolist() == [1234.5, 0.5]
    assert frame["date"].tolist() == [pd.Timestamp("2024-12-31"), pd.Timestamp("2024-02-01")]
    assert frame["channel"].fillna("nothing").tolist() == ["Köln", "nothing"]


def test_truth_excel_serial_days_are_read_where_said():
    """45292 is the first of January 2024 in Excel."""
    table = tables.read(orders(date=[45292, 45293.5, 45294]), "ORDERS", layout=tables.Layout(date_format="excel"))
    assert table.to_frame()["date"].tolist()[:2] == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02 12:00")]


@pytest.mark.parametrize(("zone", "day"), [("UTC", "2023-12-31"), ("Europe/Paris", "2024-01-01")])
def test_truth_zoned_times_fall_on_the_day_of_the_stated_zone(zone, day):
    """Half past eleven at night in London is the next day in Paris, in text as in timestamps."""
    text = orders(date=["2023-12-31T23:30:00Z"] * 3)
    stamps = orders(date=pd.to_datetime(["2023-12-31T23:30:00Z"] * 3))
    for frame in (text, stamps):
        table = tables.read(frame, "ORDERS", layout=tables.Layout(time_zone=zone))
        assert table.to_frame()["date"].dt.date.astype(str).tolist() == [day] * 3


def test_truth_profile_counts_what_is_there(cdnow_sample):
    """The profile of the CDNOW sample holds its published counts and total."""
    facts = cdnow_sample.profile().set_index("what")["value"]
    assert facts["rows"] == "6,919"
    assert facts["customers"] == "2,357"
    assert facts["total amount"] == "244,091.94"
    assert (facts["first date"], facts["last date"]) == ("1997-01-01", "1998-06-30")


def test_truth_repeated_rows_are_reported_and_kept():
    """Rows that repeat another are counted in the profile, and stay."""
    table = tables.read(pd.concat([GOOD, GOOD.head(1)]), "ORDERS")
    assert table.profile().set_index("what")["value"]["repeated rows (kept)"] == "1"
    assert len(table.to_frame()) == 4


def test_truth_negative_amounts_are_left_out_where_said_and_counted():
    """Refunds go only if the layout says so, and the profile says how many went."""
    table = tables.read(orders(amount=[1, -2, 3]), "ORDERS", layout=tables.Layout(negative_amounts="leave_out"))
    assert table.to_frame()["amount"].tolist() == [1, 3]
    assert table.profile().set_index("what")["value"]["rows left out (amount below zero)"] == "1"


def test_truth_where_keeps_the_rows_of_a_condition(cdnow_sample):
    """A part of a table is a table, even after the whole is out of sight."""
    part = tables.read(GOOD, "ORDERS").where("amount > 0")
    assert part.to_frame()["amount"].tolist() == [1.5, 2]
    with pytest.raises(DataError, match="No row of"):
        cdnow_sample.where("amount < 0")


def test_invariant_reading_does_not_change_the_callers_frame():
    """The frame that was given is the same afterwards."""
    frame = orders(amount=["1", "2", "3"])
    before = frame.copy()
    tables.read(frame, "ORDERS", columns={"amount": "amount"})
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("name", sorted(tables.CONTRACTS))
def test_truth_every_contract_accepts_its_own_example(name):
    """The example row of a contract keeps the contract."""
    contract = tables.CONTRACTS[name]
    row = {
        column.name: contract.example.get(column.name)
        for column in contract.columns
        if column.required or column.name in contract.example
    }
    assert tables.read(pd.DataFrame([row]), name).n == 1
    assert len(contract.to_frame()) == len(contract.columns)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (GOOD.drop(columns="amount"), ["`amount` is missing", 'columns = {"amount"']),
        (GOOD.rename(columns={"customer_id": "CustomerID"}),
         ["`customer_id` is missing", '"customer_id": "CustomerID"']),
        (GOOD.set_axis(["customer_id", "amount", "amount"], axis=1), ["two columns named `amount` and `amount`"]),
        (GOOD.assign(Amount=1), ["two columns named `amount` and `Amount`"]),
        (GOOD.head(0), ["has no rows"]),
        (orders(amount=["1", "2", "n/a"]),
         ["`amount` must be a number: 1 of 3 rows breaks this (first: row 3: 'n/a')"]),
        (orders(amount=["1,5", "2", "3"]), ["must be a number", "row 1: '1,5'", 'decimal = ","']),
        (orders(amount=[1, np.nan, 3]),
         ["`amount` must not be missing: 1 of 3 rows breaks this (first: row 2: empty)"]),
        (orders(amount=[1, 2, np.inf]), ["`amount` must be finite", "row 3: inf"]),
        (orders(amount=[1, -2, -3]),
         ["`amount` must be zero or more: 2 of 3 rows break this (first: row 2: -2)", "leave_out"]),
        (orders(date=["2024-01-01", "01/02/2024", "x"]),
         ["must be a date as in 2024-12-31", "2 of 3", "'01/02/2024'", "%d/%m/%Y"]),
        (orders(date=[45292, 45293, 45294]), ["must be a date", "row 1: 45292", '"excel" for serial day numbers']),
        (orders(date=["2024-02-30"] * 3), ["must be a date", "3 of 3", "'2024-02-30'"]),
        (orders(date=["now", "today", "epoch"]), ["must be a date", "3 of 3"]),
        (orders(date=["2024-01-01T10:00Z", "2024-01-01 10:00", "2024-01-02"]),
         ["must carry a time zone in every row or in none: 2 of 3"]),
        (orders(date=["9999-12-31", "2024-01-01", "2024-01-01"]), ["must lie between 1900 and 2200", "9999-12-31"]),
        (orders(customer_id=[None, "b", " "]),
         ["`customer_id` must not be missing: 2 of 3 rows break this (first: row 1"]),
        (orders(customer_id=[1.0, 2.0, np.nan]), ["must be whole numbers or text", "row 1: 1.0"]),
    ],
    ids=["missing", "similar name", "duplicate", "case", "empty", "text", "comma", "nan", "inf", "negative", "format",
         "serial", "no such day", "clock", "zones", "sentinel", "null key", "float key"],
)  # fmt: skip
def test_input_each_breach_names_column_rule_rows_and_remedy(frame, words):
    """A breach says which column, which rule, how many rows, the first one, and what to try."""
    text = message(frame)
    assert [word for word in words if word not in text] == [], text


def test_input_all_breaches_come_at_once():
    """Whoever mends a table learns of everything in one go."""
    with pytest.raises(DataError) as caught:
        tables.read(orders(customer_id=[None, "1", "2"], date=["x"] * 3).drop(columns="amount"), "ORDERS")
    assert [breach.column for breach in caught.value.breaches] == ["amount", "customer_id", "date"]


def test_input_rules_between_columns_name_both_values():
    """A rule between columns shows the values of the first row that breaks it."""
    rfm = pd.DataFrame({"frequency": [1, 2], "recency": [1.0, 9.0], "T": [5.0, 4.0]})
    assert "`recency` must not exceed `T`: 1 of 2 rows breaks this (first: row 2: 9.0, 4.0)" in message(rfm, "RFM")
    backwards = pd.DataFrame({"customer_id": [1], "start": ["2024-02-01"], "end": ["2024-01-01"]})
    assert "`end` must not lie before `start`" in message(backwards, "SUBSCRIPTIONS")
    late = pd.DataFrame({"frequency": [0], "recency": [2.0], "T": [5.0]})
    assert "`recency` must be 0 where `frequency` is 0" in message(late, "RFM")


def test_input_fractional_frequency_and_repeated_keys():
    """Counts are whole numbers, and a customer stands once in CUSTOMERS."""
    assert "must be a whole number" in message(pd.DataFrame({"frequency": [1.5], "recency": [1], "T": [2]}), "RFM")
    assert "`customer_id` must not repeat: 2 of 3" in message(pd.DataFrame({"customer_id": [1, 1, 2]}), "CUSTOMERS")


def test_input_rows_after_the_day_of_the_extract():
    """With as_of given, rows dated on it or later are a breach."""
    text = message(GOOD, as_of="2024-01-15")
    assert "`date` must lie before as_of 2024-01-15: 1 of 3 rows breaks this (first: row 3" in text
    with pytest.raises(ParameterError, match="`as_of` must be a date as in 2024-12-31, not 'soon'"):
        tables.read(GOOD, "ORDERS", as_of="soon")


def test_input_files_that_are_not_what_they_say(tmp_path):
    """A file is looked into before it is believed; a damaged one is said to be so."""
    whole = as_parquet(GOOD, tmp_path / "o.parquet")
    (tmp_path / "cut.parquet").write_bytes(whole.read_bytes()[:-10])
    whole.rename(tmp_path / "o.csv")
    (tmp_path / "text.xlsx").write_text("customer_id,date,amount\n")
    (tmp_path / "nothing.csv").write_text("")
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 and then nothing that is Excel")
    (tmp_path / "orders.docx").write_text("x")
    assert "cut.parquet is cut short" in message(tmp_path / "cut.parquet")
    assert "o.csv is named as CSV, but its first bytes are Parquet" in message(tmp_path / "o.csv")
    assert "text.xlsx is named as Excel, but" in message(tmp_path / "text.xlsx")
    assert "nothing.csv is empty" in message(tmp_path / "nothing.csv")
    assert "broken.xlsx cannot be read as Excel" in message(tmp_path / "broken.xlsx")
    assert "files that end in '.docx' cannot be read" in message(tmp_path / "orders.docx")
    assert "There is no file" in message(tmp_path / "absent.csv")
    assert "is a folder. Name its files with a glob" in message(tmp_path)


def test_input_csv_with_bom_bad_encoding_and_ragged_rows(tmp_path):
    """A byte-order mark is no part of a name; other encodings and ragged rows are told, never mended in silence."""
    text = "customer_id,date,amount,city\n1,2024-01-01,2,Orléans\n"
    (tmp_path / "bom.csv").write_bytes(text.encode("utf-8-sig"))
    (tmp_path / "latin.csv").write_bytes(text.encode("latin-1"))
    (tmp_path / "latin-header.csv").write_bytes("customer_id,date,amount,né\n1,2024-01-01,2,x\n".encode("latin-1"))
    (tmp_path / "utf16.csv").write_bytes(text.encode("utf-16"))
    (tmp_path / "ragged.csv").write_text("customer_id,date,amount\n1,2024-01-01\n")
    (tmp_path / "nameless.csv").write_text("customer_id,date,,amount\n1,2024-01-01,2,3\n")
    (tmp_path / "twice.csv").write_text("customer_id,date,amount,amount\n1,2024-01-01,2,3\n")
    assert tables.read(tmp_path / "bom.csv", "ORDERS").columns == ("customer_id", "date", "amount", "city")
    for name in ("latin.csv", "latin-header.csv", "utf16.csv"):
        assert "is not written in utf-8" in message(tmp_path / name)
    assert tables.read(tmp_path / "utf16.csv", "ORDERS", layout=tables.Layout(encoding="utf-16")).n == 1
    assert "ragged.csv cannot be read" in message(tmp_path / "ragged.csv")
    assert "column 3 of 4 has no name" in message(tmp_path / "nameless.csv")
    assert "two columns named `amount` and `amount`" in message(tmp_path / "twice.csv")


def test_input_column_maps_that_are_wrong(tmp_path):
    """A column map is checked like everything else."""
    path = tmp_path / "map.toml"
    for text, words in [
        ('[columns]\ncustomer = "x"\n', "`customer` is no column of ORDERS. Try: did you mean `customer_id`"),
        ('[columns]\namount = "paid"\n', "`amount` is mapped to `paid`, which is missing"),
        ('[colums]\namount = "paid"\n', "map.toml holds 'colums'"),
        ("[layout]\ncolour = 1\n", "map.toml holds 'colour'"),
        ("[columns\n", "map.toml cannot be read as a TOML file"),
        ("[columns]\namount = 3\n", "map.toml: `columns` must be names by names, each a text"),
    ]:
        path.write_text(text)
        assert words in message(GOOD, columns=path)
    assert "There is no column map" in message(GOOD, columns=tmp_path / "absent.toml")


def test_input_sources_contracts_and_layouts_that_do_not_exist():
    """What cannot be read, checked or meant is named, with what can be."""
    assert "What was given (int) cannot be read as a table" in message(3)
    with pytest.raises(ParameterError, match="There is no contract 'ORDRES': did you mean ORDERS"):
        tables.read(GOOD, "ORDRES")
    with pytest.raises(ParameterError, match=r"`decimal` must be '\.' or ',', not ';'"):
        tables.Layout(decimal=";")
    with pytest.raises(ParameterError, match="not both"):
        tables.read(GOOD, "ORDERS", columns="map.toml", layout=tables.Layout())


def test_input_names_from_a_table_are_never_executed(tmp_path):
    """Quotes and SQL in column names, values and file names stay text."""
    nasty = 'amount"; DROP TABLE x; --'
    path = tmp_path / "it's; DROP TABLE x.csv"
    as_csv(GOOD.rename(columns={"amount": nasty}).assign(customer_id="'); DROP TABLE x; --"), path)
    table = tables.read(path, "ORDERS", columns={"amount": nasty})
    assert table.to_frame()["customer_id"].unique().tolist() == ["'); DROP TABLE x; --"]


def test_smoke_a_table_shows_itself_in_a_notebook():
    """The HTML of a table escapes what the table holds."""
    table = tables.read(orders(customer_id=["<script>"] * 3), "ORDERS", columns={"customer_id": "customer_id"})
    assert "<script>" not in table._repr_html_()
    assert "3 rows" in repr(table)

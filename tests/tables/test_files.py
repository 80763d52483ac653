"""Files of every make: names, encodings, headers, damage."""

import gzip
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from churnlab import tables
from churnlab.engines import default_engine
from churnlab.errors import DataError
from churnlab.tables.sources import open_source

TEXT = "customer_id,date,amount\n1,2024-01-01,2\n"


def write(frame, path):
    """Write a frame by a plain name first, since DuckDB may take another for a pattern."""
    plain = path.with_name("plain")
    frame.to_csv(plain, index=False) if path.suffix == ".csv" else duckdb.from_df(frame).write_parquet(str(plain))
    plain.rename(path)


@pytest.mark.parametrize("name", ["o[1]", "o*", "o?", "[o]"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_truth_a_name_is_no_pattern(name, suffix, tmp_path, orders):
    """A file whose name holds the signs of a glob is that file alone."""
    for decoy in ("o", "o1"):
        write(orders().head(1), tmp_path / f"{decoy}.{suffix}")
    write(orders(), tmp_path / f"{name}.{suffix}")
    assert tables.read(tmp_path / f"{name}.{suffix}", "ORDERS").n == 3


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-be", "latin-1", "gb18030"])
def test_truth_encodings_are_read(encoding, tmp_path):
    """A file in another encoding gives the same text, also under its byte-order mark."""
    word = {"latin-1": "Köln", "gb18030": "上海"}.get(encoding, "10 €")
    text = "\ufeff" * (encoding == "utf-16-be") + TEXT.replace("amount", "amount,note").replace(",2\n", f",2,{word}\n")
    (tmp_path / "o.csv").write_bytes(text.encode(encoding))
    frame = tables.read(tmp_path / "o.csv", "ORDERS", layout=tables.Layout(encoding=encoding)).to_frame()
    assert frame["note"].tolist() == [word]
    assert frame.columns[0] == "customer_id"


def test_truth_copies_are_removed_with_the_source(tmp_path):
    """What is copied in order to be read does not outlive its use."""
    (tmp_path / "o.csv").write_bytes(TEXT.encode("utf-16"))
    source = open_source(tmp_path / "o.csv", tables.Layout(encoding="utf-16"), default_engine())
    folder = Path(source.copies.name)
    assert len(list(folder.iterdir())) == 1
    source.close()
    assert not folder.exists()


def test_input_an_euro_sign_in_latin_1(tmp_path, refusal):
    """Bytes that Latin-1 does not use mean cp1252, and the message offers it."""
    (tmp_path / "o.csv").write_bytes(TEXT.replace("2\n", "2 €\n").encode("cp1252"))
    assert 'o.csv is not written in utf-8. Say how it is written in the layout: encoding = "cp1252"' in refusal(
        tmp_path / "o.csv"
    )
    assert 'encoding = "cp1252"' in refusal(tmp_path / "o.csv", layout=tables.Layout(encoding="latin-1"))


def test_input_bad_bytes_in_a_column_without_rules(tmp_path, refusal):
    """The check looks at every column of a CSV file, so that none fails later."""
    good = b"1,2024-01-01,2,tea\n" * 10_000
    (tmp_path / "o.csv").write_bytes(b"customer_id,date,amount,note\n" + good + b"1,2024-01-01,2,caf\xe9\n")
    assert "o.csv is not written in utf-8" in refusal(tmp_path / "o.csv")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_truth_a_first_line_of_excel_says_the_delimiter(tmp_path, end):
    """A line such as sep=; is no header; it says how columns are divided."""
    (tmp_path / "o.csv").write_text("sep=;\n" + TEXT.replace(",", ";"), newline=end)
    table = tables.read(tmp_path / "o.csv", "ORDERS")
    assert (table.n, table.columns) == (1, ("customer_id", "date", "amount"))


def test_truth_a_name_in_quotes_may_hold_anything(tmp_path):
    """A line break and delimiters inside a quoted name are part of the name."""
    (tmp_path / "o.csv").write_text('customer_id;date;"paid,\nnet, in euro"\n1;2024-01-01;2\n')
    table = tables.read(tmp_path / "o.csv", "ORDERS", columns={"amount": "paid,\nnet, in euro"})
    assert table.to_frame()["amount"].tolist() == [2]


def test_input_a_quotation_mark_that_is_not_closed(tmp_path, refusal):
    """A stray quotation mark in the header is named."""
    (tmp_path / "o.csv").write_text(TEXT.replace("amount", 'amount,5" pipe'))
    assert "a quotation mark in the header line is not closed" in refusal(tmp_path / "o.csv")


@pytest.mark.parametrize("options", [{}, {"layout": tables.Layout(delimiter=";")}], ids=["unknown", "wrong"])
def test_input_a_header_that_is_not_split(tmp_path, refusal, options):
    """Where the columns were not told apart the advice is about the delimiter, not about names."""
    (tmp_path / "o.csv").write_text(TEXT if options else TEXT.replace(",", "~"))
    text = refusal(tmp_path / "o.csv", **options)
    assert "`amount` is missing" in text
    assert "the header line was not split: delimiter =" in text
    assert "map it" not in text


def test_truth_gzip_in_capitals(tmp_path):
    """A suffix in capitals means the same."""
    (tmp_path / "O.CSV.GZ").write_bytes(gzip.compress(TEXT.encode()))
    assert tables.read(tmp_path / "O.CSV.GZ", "ORDERS").n == 1


def test_input_damaged_gzip(tmp_path, refusal):
    """A compressed file that is cut short or overwritten is said to be so."""
    whole = gzip.compress(TEXT.encode() * 1000)
    (tmp_path / "cut.csv.gz").write_bytes(whole[:40])
    (tmp_path / "broken.csv.gz").write_bytes(whole[:12] + b"\xff" * 40)
    for name in ("cut.csv.gz", "broken.csv.gz"):
        assert f"{name} cannot be " in refusal(tmp_path / name)


def test_input_damaged_pages_of_parquet(tmp_path):
    """Damage inside a Parquet file is one line: at the check, or later where only later those pages are read."""
    frame = pd.DataFrame({"customer_id": range(5000), "date": pd.Timestamp("2024-01-01"), "amount": 1.0})
    duckdb.from_df(frame).write_parquet(str(tmp_path / "o.parquet"), compression="zstd")
    content = bytearray((tmp_path / "o.parquet").read_bytes())
    content[4:400] = b"\xff" * 396
    (tmp_path / "o.parquet").write_bytes(content)
    with pytest.raises(DataError) as caught:
        tables.read(tmp_path / "o.parquet", "ORDERS").to_frame()
    assert str(caught.value).startswith("o.parquet cannot be read")
    assert "\n" not in str(caught.value)


def test_input_empty_lines_at_the_end(tmp_path, refusal):
    """A last line of nothing but commas is told with what to do."""
    (tmp_path / "o.csv").write_text(TEXT + ",,\n")
    assert "take out empty lines at the end of the file" in refusal(tmp_path / "o.csv")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "frame"])
def test_truth_words_for_missing_values_mean_the_same_everywhere(kind, tmp_path, orders, refusal):
    """NA is a missing value where the layout says so and nowhere else, whatever the source."""
    frame = orders(channel=["NA", "shop", " - "], note=["NA", "x", "y"])
    path = tmp_path / f"o.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "parquet":
        duckdb.from_df(frame).write_parquet(str(path))
    source = frame if kind == "frame" else path
    assert tables.read(source, "ORDERS").to_frame()["channel"].tolist() == ["NA", "shop", " - "]
    rows = tables.read(source, "ORDERS", layout=tables.Layout(missing=("NA", "-"))).to_frame()
    assert rows["channel"].isna().tolist() == [True, False, True]
    assert rows["note"].isna().tolist() == [True, False, False]

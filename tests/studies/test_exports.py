"""Runs taken elsewhere."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnlab import studies
from churnlab.errors import ParameterError
from churnlab.studies import exports
from churnlab.studies.output import StudyOutput

Two = tuple[studies.RunResult, studies.RunResult]
HOSTILE = ["=1+1", "+x", "-x", "@x", "\tx", "plain | <b>", "a\nb"]


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the outputs of a study whose texts want to be formulas, Markdown and HTML."""
    monkeypatch.setattr("churnlab.studies.output.display_output", lambda *_, **__: None)
    output = StudyOutput(name="any", folder=tmp_path / "run")
    output.answer("So *it* is <i>.")
    output.value("behind", "Behind it", 2)
    output.headline("n", "Number | of", 3.25, low=3, high=4, unit="orders")
    frame = pd.DataFrame({"=name": HOSTILE, "amount": [-1.0, 2, 3, 4, 5, 6, 0.123456]})
    output.table(frame, "texts", caption="Texts")
    output.table(pd.DataFrame({"customer_id": ["c1"]}), "people", customer_level=True)
    return tmp_path / "run"


def test_truth_csv_holds_no_formula(hostile: Path, tmp_path: Path) -> None:
    """What a spreadsheet would execute gets an apostrophe; negative numbers stay numbers; customers stay at home."""
    [path] = exports.write_csv(hostile, tmp_path / "csv")
    frame = pd.read_csv(path)
    assert list(frame.columns) == ["'=name", "amount"]
    assert list(frame.iloc[:, 0]) == ["'=1+1", "'+x", "'-x", "'@x", "'\tx", "plain | <b>", "a\nb"]
    assert frame["amount"].iloc[0] == -1.0
    assert len(exports.write_csv(hostile, tmp_path / "all", customers=True)) == 2


def test_truth_markdown_is_only_text(hostile: Path, tmp_path: Path) -> None:
    """Signs of Markdown and HTML are escaped, a row stays a row, and numbers are rounded."""
    text = exports.write_markdown(hostile, tmp_path / "run.md").read_text(encoding="utf-8")
    assert text.startswith("So \\*it\\* is &lt;i>.\n\n| number | estimate | interval |\n| --- | --- | --- |\n")
    assert "| --- |\n| Number \\| of | 3.25 orders | between 3 and 4 |\n| Behind it | 2 |  |\n" in text
    assert "| plain \\| &lt;b> | 6 |" in text
    assert "| a b | 0.1235 |" in text
    assert "customer" not in text


@pytest.mark.skipif(not any(map(shutil.which, exports._BROWSERS)), reason="there is no Chromium or Chrome here")
def test_truth_report_is_printed(two_runs: Two, tmp_path: Path) -> None:
    """The report becomes a PDF of at least a page, and the run folder stays as it is."""
    before = sorted(two_runs[0].folder.rglob("*"))
    path = exports.write_pdf(two_runs[0].folder, tmp_path / "a report.pdf")
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/Type /Page" in content
    assert sorted(two_runs[0].folder.rglob("*")) == before


def test_input_nothing_to_export(two_runs: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No run, no browser, a browser that writes nothing, and a place that cannot be written are named."""
    for export in (exports.write_pdf, exports.write_markdown, exports.write_csv):
        with pytest.raises(ParameterError, match="is it a finished run?"):
            export(tmp_path, tmp_path / "x")
    with pytest.raises(ParameterError, match=r"is a folder: name a file in it, such as .*/report\.pdf"):
        exports.write_pdf(two_runs[0].folder, tmp_path)
    monkeypatch.setenv("CHURNLAB_BROWSER", "/bin/true")
    with pytest.raises(ParameterError, match="/bin/true wrote no PDF: it said nothing"):
        exports.write_pdf(two_runs[0].folder, tmp_path / "x.pdf")
    monkeypatch.delenv("CHURNLAB_BROWSER")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ParameterError, match="a PDF needs Chromium or Chrome"):
        exports.write_pdf(two_runs[0].folder, tmp_path / "x.pdf")
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match=r"file/x\.md cannot be written"):
        exports.write_markdown(two_runs[0].folder, tmp_path / "file" / "x.md")


def test_truth_every_table_is_there(two_runs: Two, results: dict[str, Any], tmp_path: Path) -> None:
    """A CSV file holds what the run's table holds."""
    [path] = exports.write_csv(two_runs[0].folder, tmp_path)
    assert path.name == "numbers.csv"
    assert pd.read_csv(path).to_numpy().tolist() == [[1, 3], [2, 6], [3, 9]]

"""The notebook's side of a run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from churnlab.errors import DataError, ParameterError
from churnlab.studies import StudyOutput, open_study


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyOutput:
    monkeypatch.setenv("CHURNLAB_OUTPUT", str(tmp_path))
    return open_study("test")


def read(output: StudyOutput) -> dict[str, Any]:
    assert output.folder is not None
    content: dict[str, Any] = json.loads((output.folder / "results.json").read_text(encoding="utf-8"))
    return content


def test_truth_number_is_kept(kept: StudyOutput) -> None:
    """A headline number keeps label, value, interval, unit and method, as plain numbers."""
    kept.headline("n", "Orders", np.int64(12), low=np.float64(1.5), high=20, unit="orders", method="counted")
    assert read(kept)["numbers"]["n"] == {
        "label": "Orders",
        "estimate": 12,
        "low": 1.5,
        "high": 20,
        "unit": "orders",
        "method": "counted",
        "digits": None,
        "headline": True,
    }


@pytest.mark.parametrize(("value", "reason"), [(float("nan"), "estimate is nan"), (np.inf, "estimate is inf")])
def test_truth_number_that_is_none_has_its_reason(kept: StudyOutput, value: float, reason: str) -> None:
    """What is not finite becomes null in results.json, with the reason beside it."""
    kept.value("n", "Orders", value)
    number = read(kept)["numbers"]["n"]
    assert (number["estimate"], number["reason"], number["headline"]) == (None, reason, False)


def test_truth_table_is_kept_whole(kept: StudyOutput, capsys: pytest.CaptureFixture[str]) -> None:
    """A table is kept with every row and its kinds, whatever is shown of it."""
    frame = pd.DataFrame({"n": range(100), "x": np.linspace(0, 1, 100), "t": ["<b>"] * 100})
    kept.table(frame, "all_rows")
    assert kept.folder is not None
    pd.testing.assert_frame_equal(pq.read_table(kept.folder / "tables/all_rows.parquet").to_pandas(), frame)
    assert read(kept)["tables"]["all_rows"]["rows"] == 100


def test_truth_customers_are_not_shown_unasked(kept: StudyOutput, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of single customers are kept but not shown, unless the study says so."""
    shown: list[str] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data["text/html"]))
    frame = pd.DataFrame({"customer_id": ["anna-77"]})
    kept.table(frame, "hidden", customer_level=True)
    kept.table(frame, "open", customer_level=True, show=True)
    assert ["anna-77" in html for html in shown] == [False, True]
    assert "customer_id" in shown[0]


def test_truth_outside_a_run_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In JupyterLab or under plain papermill the same calls only display."""
    monkeypatch.delenv("CHURNLAB_OUTPUT", raising=False)
    monkeypatch.chdir(tmp_path)
    output = open_study("test")
    output.table(pd.DataFrame({"x": [1]}), "t")
    output.headline("n", "N", 1)
    output.answer("It is so.")
    assert list(tmp_path.iterdir()) == []


def test_input_bad_names(kept: StudyOutput) -> None:
    """Names become file names, so they are plain and used once."""
    for name in ("../x", "A", "a b", "", "a/b", ".x"):
        with pytest.raises(ParameterError, match="must be a plain name"):
            kept.table(pd.DataFrame(), name)
    kept.value("twice", "N", 1)
    with pytest.raises(ParameterError, match="`twice` was put out before"):
        kept.value("twice", "N", 1)
    with pytest.raises(ParameterError, match="must be a plain name"):
        open_study("no/good")


def test_input_unfinished_output(kept: StudyOutput) -> None:
    """Half an interval, an empty answer, a figure without words and an odd table are refused."""
    with pytest.raises(ParameterError, match="only one end of its interval"):
        kept.headline("n", "N", 1, low=0)
    with pytest.raises(ParameterError, match="an answer needs words"):
        kept.answer("  ")
    with pytest.raises(ParameterError, match="figure `f` needs an alt text"):
        kept.figure(None, "f", alt=" ")
    with pytest.raises(DataError, match="table `odd` cannot be stored"):
        kept.table(pd.DataFrame({"x": pd.period_range("2024-01", periods=2, freq="M")}), "odd")

"""Running a run again."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from churnlab import studies
from churnlab.errors import ParameterError
from churnlab.studies import verification
from churnlab.studies.manifest import Record, read_run

Make = Callable[..., Path]


@pytest.fixture
def copied(two_runs: tuple[studies.RunResult, studies.RunResult], tmp_path: Path) -> Path:
    """Copy a run, so that it may be tampered with."""
    return Path(shutil.copytree(two_runs[0].folder, tmp_path / "run"))


@pytest.fixture
def compare(two_runs: tuple[studies.RunResult, studies.RunResult], copied: Path) -> Callable[[], studies.Verification]:
    """Compare the copy with a repetition that was made before: what verify does once it has executed."""
    return lambda: verification.compare(read_run(copied), two_runs[1].folder, ())


def test_truth_untouched_run_is_identical(copied: Path) -> None:
    """A run that nobody touched comes out again to the last byte."""
    assert studies.verify(copied) == studies.Verification(level="identical", differences=(), causes=())


def test_truth_tampered_number_is_found(copied: Path, compare: Callable[[], studies.Verification]) -> None:
    """A changed number is named with its file, both values and the difference, and the edit is told."""
    text = (copied / "results.json").read_text().replace("18.0", "19.8")
    (copied / "results.json").write_text(text)
    found = compare()
    assert (found.level, found.exit_code) == ("different", 3)
    assert found.differences == ("results.json: numbers: total: estimate: was 19.8, now 18.0 (-9.09 %)",)
    assert found.causes == ("results.json was edited or removed after the run",)


@pytest.mark.parametrize(("factor", "level"), [(1 + 1e-9, "equal"), (1 + 1e-3, "different")])
def test_truth_tolerance_separates_drift_from_difference(
    copied: Path, compare: Callable[[], studies.Verification], factor: float, level: str
) -> None:
    """A drift of the last digits, as between machines, is equal; a thousandth is not."""
    results: dict[str, Any] = json.loads((copied / "results.json").read_text())
    results["numbers"]["total"]["estimate"] *= factor
    (copied / "results.json").write_text(json.dumps(results))
    assert compare().level == level


def test_truth_tampered_table_is_found(copied: Path, compare: Callable[[], studies.Verification]) -> None:
    """A changed cell of a table is named with column and row."""
    path = copied / "tables" / "numbers.parquet"
    with duckdb.connect() as connection:
        frame = connection.read_parquet(str(path)).df()
        frame.loc[1, "y"] = 7.0
        duckdb.from_df(frame, connection=connection).write_parquet(str(path))
    assert compare().differences == ("tables/numbers.parquet: y [2]: was 7.0, now 6.0 (-14.3 %)",)


def test_truth_removed_file_is_found(copied: Path, compare: Callable[[], studies.Verification]) -> None:
    """A file that only one of the two has is a difference."""
    (copied / "figures" / "line.svg").unlink()
    found = compare()
    assert found.level == "different"
    assert found.differences == ("figures/line.svg: only in its repetition",)


def test_truth_changed_data_is_the_cause(make_study: Make, tmp_path: Path) -> None:
    """When the data is no longer that of the run, verify says so and what it did to the numbers."""
    data = tmp_path / "d.csv"
    data.write_text("5")
    cells = (
        "from churnlab import studies",
        "study = studies.open_study('reads')\nstudy.value('n', 'N', float(Path(data).read_text()))",
    )
    run = studies.run("reads", {"data": data}, notebooks=make_study("reads", cells), out=tmp_path / "runs")
    data.write_text("6")
    found = studies.verify(run.folder)
    assert found.causes == ("the data is not the data of the run",)
    assert "results.json: numbers: n: estimate: was 5.0, now 6.0 (+20 %)" in found.differences
    data.rename(tmp_path / "moved.csv")
    with pytest.raises(ParameterError, match="there is no such file or sample"):
        studies.verify(run.folder)


def test_input_no_run(tmp_path: Path, copied: Path) -> None:
    """A folder that is no run, a spoilt record and a failed run are refused."""
    with pytest.raises(ParameterError, match=r"is no run folder: it has no manifest\.json"):
        studies.verify(tmp_path)
    manifest = copied / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"done"', '"failed"'))
    with pytest.raises(ParameterError, match="is a failed run"):
        studies.verify(copied)
    for text, complaint in (("{", "cannot be read"), ("[]", "holds no record"), ("{}", "holds no whole record")):
        manifest.write_text(text)
        with pytest.raises(ParameterError, match=rf"manifest\.json {complaint}"):
            studies.verify(copied)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("notebook.ipynb", "{}", "notebook.ipynb cannot be read as a notebook"),
        ("log.json", "{}", "log.json holds no whole record of a run: `started` is missing"),
        ("results.json", "{}", "results.json holds no whole record of a run: `answer` is missing"),
        (
            "results.json",
            '{"answer": [], "numbers": {"n": {}}, "figures": {}, "tables": {}}',
            "numbers, `n` holds no whole",
        ),
    ],
)
def test_input_spoilt_record(copied: Path, name: str, text: str, complaint: str) -> None:
    """A record that lacks something is named with what it lacks."""
    (copied / name).write_text(text)
    with pytest.raises(ParameterError, match=complaint):
        studies.verify(copied)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"x": [[1, 2.5], [3]]}, {"x": [[1, 2.5], [4]]}, ["t: x [2] [1]: was 3.0, now 4.0 (+33.3 %)"]),
        ({"x": [[1, math.nan]]}, {"x": [[1 + 1e-9, math.nan]]}, []),
        ({"x": list(range(999))}, {"x": [1]}, ["t: x: was 999 values, now [1]"]),
        (
            {"x": list(range(99))},
            {"x": [-1] * 99},
            [f"t: x [{n + 1}]: was {n}" for n in range(20)] + ["t: and 79 more"],
        ),
    ],
)
def test_truth_differences_of_tables_are_told_in_few_lines(
    before: dict[str, Any], after: dict[str, Any], told: list[str], tmp_path: Path
) -> None:
    """Lists within cells are compared item by item; of many differences the first are told, and the rest counted."""
    for place, columns in (("run", before), ("again", after)):
        (tmp_path / place / "tables").mkdir(parents=True)
        with duckdb.connect() as connection:
            frame = pd.DataFrame(columns)
            duckdb.from_df(frame, connection=connection).write_parquet(str(tmp_path / place / "tables" / "t.parquet"))
    record = Record(folder=tmp_path / "run", manifest={"files": {}}, log={}, results={})
    found = [
        line.replace("tables/t.parquet", "t")
        for line in verification.compare(record, tmp_path / "again", ()).differences
    ]
    told = told or ["t: other bytes"]
    assert [line[: len(start)] for line, start in zip(found, told, strict=True)] == told


@pytest.mark.parametrize("kept", ["the run", "its repetition"])
def test_truth_table_of_one_side_only_is_one_line(
    kept: str, copied: Path, compare: Callable[[], studies.Verification], tmp_path: Path
) -> None:
    """A table that only one of the two has is said to be so, without its rows."""
    path = copied / "tables" / "numbers.parquet"
    path.rename(path.with_name("other.parquet") if kept == "the run" else tmp_path / "away.parquet")
    name = "other" if kept == "the run" else "numbers"
    assert f"tables/{name}.parquet: only in {kept}" in compare().differences

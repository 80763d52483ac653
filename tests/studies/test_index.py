"""The page of all runs."""

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from churnlab import studies
from churnlab.studies.courses import to_series
from churnlab.studies.index import write_index


@pytest.fixture
def runs(two_runs: tuple[studies.RunResult, studies.RunResult], tmp_path: Path) -> Path:
    """Fill a folder with two runs that are done, with different parameters, and one that failed."""
    places = ("small/" + "a" * 16, "small/" + "b" * 16, "small/failed/" + "c" * 16)
    for hour, (place, status) in enumerate(zip(places, ("done", "done", "failed"), strict=True)):
        folder = Path(shutil.copytree(two_runs[0].folder, tmp_path / place))
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest |= {"status": status, "message": "<b>it broke</b>" if status == "failed" else ""}
        manifest["parameters"]["factor"] = hour
        (folder / "manifest.json").write_text(json.dumps(manifest))
        log = json.loads((folder / "log.json").read_text())
        (folder / "log.json").write_text(json.dumps(log | {"started": f"2024-01-01T0{hour}:00:00+00:00"}))
    return tmp_path


def test_truth_index_lists_all_runs(runs: Path) -> None:
    """Failures come first, then every run, newest first, with its numbers and what tells it from the others."""
    page = write_index(runs).read_text(encoding="utf-8")
    order = [
        page.index(text) for text in ("&lt;b&gt;it broke", "A small study", "2024-01-01 01:00", "2024-01-01 00:00")
    ]
    assert order == sorted(order)
    assert '<th scope="col">factor</th>' in page
    assert '<th scope="col">seed</th>' not in page
    assert "18 orders" in page


def test_truth_a_new_parameter_leaves_older_runs_listed(runs: Path) -> None:
    """A run from before a study had one of its parameters shows nothing in that column."""
    path = runs / "small" / ("a" * 16) / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["parameters"]["factor"]
    path.write_text(json.dumps(manifest))
    page = write_index(runs).read_text(encoding="utf-8")
    assert "<td>1</td>" in page
    assert "<td></td>" in page


def test_truth_links_lead_to_files(runs: Path) -> None:
    """Every link of the page leads to a file beside it."""
    page = write_index(runs).read_text(encoding="utf-8")
    places = [part.split('"')[0] for part in page.split('href="')[1:]]
    assert len(places) == 5
    for place in places:
        assert (runs / place).parent.is_dir()
        assert place == quote(place)


@pytest.mark.parametrize(("factor", "hour", "past"), [(1, "00", True), (1, "02", False), (5, "00", False)])
def test_truth_failure_after_which_the_study_was_done_is_past(runs: Path, factor: int, hour: str, past: bool) -> None:
    """A failure stays on top until the same study is done with the same parameters, dates and newer ones aside."""
    folder = runs / "small" / "failed" / ("c" * 16)
    manifest, log = (json.loads((folder / name).read_text()) for name in ("manifest.json", "log.json"))
    manifest["parameters"] = {"factor": factor, "label": "plain", "was": "once", "data": None}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "log.json").write_text(json.dumps(log | {"started": f"2024-01-01T{hour}:30:00+00:00"}))
    page = write_index(runs).read_text(encoding="utf-8")
    assert (page.index("it broke") > page.index("A small study")) == past
    assert ("Earlier failures" in page) == past


def test_truth_spoilt_folder_hides_nothing(runs: Path) -> None:
    """A folder whose records cannot be read, or say nothing, is named; the others are still listed."""
    path = runs / "small" / ("a" * 16) / "log.json"
    for text, complaint in (
        ("{", "log.json cannot be read"),
        ("{}", "log.json holds no whole record of a run: `started`"),
    ):
        path.write_text(text)
        page = write_index(runs).read_text(encoding="utf-8")
        assert "2024-01-01 01:00" in page
        assert "2024-01-01 00:00" not in page
        assert complaint in page


def test_truth_empty_index_says_what_to_do(tmp_path: Path) -> None:
    """Before the first run the page says how to make one."""
    assert "churnlab run" in write_index(tmp_path).read_text(encoding="utf-8")


def test_truth_course_runs_over_dates(tmp_path: Path) -> None:
    """Runs that differ in dates only are one course, drawn in a box from its lowest limit to its highest."""

    def run(day: str, country: str, estimate: float) -> dict[str, Any]:
        number = {"label": "Orders", "estimate": estimate, "low": estimate - 1, "high": estimate + 1}
        return {"parameters": {"as_of": day, "country": country}, "headlines": {"orders": number}}

    runs = [run("2024-03-01", "DE", 9.0), run("2024-03-01", "FR", 5.0), run("2024-01-01", "DE", 3.0)]
    german, french = to_series(runs, ["as_of", "country"])
    assert (german.name, len(german.runs), french.name, len(french.runs)) == ("country: DE", 2, "country: FR", 1)
    [course] = german.courses
    assert course.line == "4.0,26.8 128.0,7.2"  # from 3 to 9 in a box from 2 to 10: heights 4 + 26 (10 - y) / 8
    assert course.band == "4.0,23.5 128.0,4.0 128.0,10.5 4.0,30.0"
    assert course.alt == "Orders over 2 runs"
    assert french.courses[0].line == ""

"""Two runs of a study side by side."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from churnlab import studies
from churnlab.errors import ParameterError
from churnlab.studies.comparison import Comparison, compare_runs, to_json, write_page

Two = tuple[studies.RunResult, studies.RunResult]


@pytest.fixture
def edited(two_runs: Two, tmp_path: Path) -> Callable[..., Comparison]:
    """Compare a run with a copy of it in which numbers, parameters or data were changed."""

    def compare(numbers: dict[str, Any] | None = None, manifest: dict[str, Any] | None = None) -> Comparison:
        folder = tmp_path / "copy"
        shutil.copytree(two_runs[0].folder, folder)
        for name, changes in (("results.json", {"numbers": numbers or {}}), ("manifest.json", manifest or {})):
            content = json.loads((folder / name).read_text(encoding="utf-8"))
            for key, change in changes.items():
                content[key] = {**content[key], **change} if isinstance(change, dict) else change
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
        return compare_runs(two_runs[0].folder, folder)

    return compare


def number(estimate: float | None, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    rest = {"label": "Total", "unit": "orders", "method": "", "digits": None, "headline": True}
    return {"estimate": estimate, "low": low, "high": high, **rest}


def test_truth_identical_runs_show_no_change(two_runs: Two) -> None:
    """Two runs of the same thing differ in nothing."""
    found = compare_runs(two_runs[0].folder, two_runs[1].folder)
    assert found.changes == ()
    assert {move.verdict for move in found.moves} == {"same"}
    assert found.flagged == ()


NEW_DATA = {"parameters": {"factor": 4.0}}


@pytest.mark.parametrize(
    ("after", "manifest", "verdict"),
    [
        (number(18.0, 1, 20), NEW_DATA, "same"),
        (number(30.0, 20, 40), NEW_DATA, "moved"),  # 12 up, and the arms that face each other are 2 and 10: 10.2
        (number(28.0, 18, 40), NEW_DATA, "within"),  # 10 up
        (number(1.0, 0, 20), NEW_DATA, "within"),  # 17 down, arms 17 and 19
        (number(18.1, 1, 20), {}, "moved"),  # the same data and parameters: it should not move at all
        (number(18.0 * (1 + 1e-9), 1, 20), {}, "same"),
        (number(30.0), NEW_DATA, "unknown"),
        (number(None), NEW_DATA, "moved"),
    ],
)
def test_truth_verdicts(edited: Callable[..., Comparison], after: Any, manifest: Any, verdict: str) -> None:
    """A number is flagged when it moved by more than √(a² + b²) of the arms that face each other."""
    found = edited({"total": after}, manifest)
    move = next(move for move in found.moves if move.key == "total")
    assert move.verdict == verdict
    assert (move in found.flagged) == (verdict == "moved")


def test_truth_rule_is_the_test_it_says() -> None:
    """For normal estimates from independent data without a change, about 5 % of the numbers are flagged."""
    from churnlab.studies.comparison import _verdict

    rng = np.random.default_rng(1)
    errors, draws = np.array([1.0, 2.5]), 4000
    estimates = rng.normal(10.0, errors, (draws, 2))
    pairs = [[number(x, x - 1.959964 * e, x + 1.959964 * e) for x, e in zip(row, errors)] for row in estimates]  # noqa: B905
    moved = np.mean([_verdict(old, new, same_input=False) == "moved" for old, new in pairs])
    assert abs(moved - 0.05) < 3 * np.sqrt(0.05 * 0.95 / draws)


def test_truth_changes_are_named(edited: Callable[..., Comparison]) -> None:
    """Parameters, versions and code that differ are named with both values."""
    found = edited(
        manifest={"parameters": {"factor": 5.0}, "versions": {"pandas": "0"}, "ingredients": {"package": "x" * 64}}
    )
    told = {(change.kind, change.name): (change.before, change.after) for change in found.changes}
    assert told["parameter", "factor"] == ("3.0", "5.0")
    assert told["version", "pandas"][1] == "0"
    assert told["code", "churnlab's own code"][1] == "x" * 8


def test_truth_numbers_that_come_and_go(edited: Callable[..., Comparison]) -> None:
    """A headline number that only one of the runs put out is flagged."""
    found = edited({"extra": number(1.0)})
    assert [(move.key, move.verdict) for move in found.flagged] == [("extra", "new")]
    assert found.flagged[0].difference is None


def test_truth_page_and_json(edited: Callable[..., Comparison], tmp_path: Path) -> None:
    """The page escapes what it shows; the JSON holds every number."""
    hostile = number(99.0, 98, 100) | {"label": "<script>alert(1)</script>"}
    found = edited({"total": hostile}, NEW_DATA)
    write_page(found, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "moved by more than its interval allows" in page
    assert "before: Total<" in page
    content = json.loads(json.dumps(to_json(found)))
    assert content["flagged"] == ["total"]
    assert {entry["key"] for entry in content["numbers"]} == {"total", "empty"}


def test_input_runs_that_cannot_be_compared(two_runs: Two, tmp_path: Path, edited: Callable[..., Comparison]) -> None:
    """No run folder, a failed run, and runs of different studies are refused."""
    with pytest.raises(ParameterError, match="is no run folder"):
        compare_runs(two_runs[0].folder, tmp_path)
    with pytest.raises(ParameterError, match="is a failed run: it has no numbers"):
        edited(manifest={"status": "failed"})
    shutil.rmtree(tmp_path / "copy")
    with pytest.raises(ParameterError, match="runs of different studies: small and other"):
        edited(manifest={"study": "other"})

"""Running a study from end to end."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from churnlab import studies
from churnlab.errors import ParameterError
from churnlab.studies.catalogue import find_study
from churnlab.studies.runner import prepare

Make = Callable[..., Path]
Twice = tuple[studies.RunResult, studies.RunResult]
QUICK = ("from churnlab import studies", "study = studies.open_study('quick')")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_truth_two_runs_are_identical(two_runs: Twice) -> None:
    """Two runs with the same inputs give the same bytes, but for the log."""
    first, second = (files(run.folder) for run in two_runs)
    assert first.pop("log.json")
    assert second.pop("log.json")
    assert sorted(first) == [
        "figures/line.svg",
        "manifest.json",
        "notebook.ipynb",
        "report.html",
        "results.json",
        "tables/numbers.parquet",
    ]
    assert [name for name in first if first[name] != second[name]] == []


def test_truth_results_are_the_notebooks(results: Mapping[str, Any]) -> None:
    """results.json holds what the notebook computed with the parameters that it was given."""
    assert results["numbers"]["total"]["estimate"] == 18.0
    assert results["numbers"]["empty"] == {
        **results["numbers"]["empty"],
        "estimate": None,
        "reason": "estimate is nan",
    }
    assert results["answer"] == ["The total is known."]
    assert results["figures"]["line"]["alt"] == "A rising line."


def test_truth_manifest_tells_everything(two_runs: Twice) -> None:
    """The manifest holds address, effective parameters, versions and a fingerprint of every file."""
    run = two_runs[0]
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert manifest["address"] == run.address == run.folder.name
    assert manifest["parameters"] == {"factor": 3.0, "label": "plain", "data": None, "seed": 1}
    assert (manifest["status"], manifest["seed"]) == ("done", 1)
    assert set(manifest["files"]) == {name for name in files(run.folder) if name not in ("manifest.json", "log.json")}
    assert "papermill" in manifest["versions"]


def test_truth_no_trace_of_the_machine(two_runs: Twice) -> None:
    """No folder of the machine enters what identical runs share."""
    kept = {name: text for name, text in files(two_runs[0].folder).items() if name != "log.json"}
    assert [name for name, text in kept.items() if str(two_runs[0].folder.parents[2]).encode() in text] == []


def test_truth_unchanged_study_is_not_run_again(two_runs: Twice) -> None:
    """The same study with the same inputs is recognised by its address."""
    run = two_runs[0]
    before = files(run.folder)
    again = studies.run("small", {"factor": 3.0}, notebooks=run.folder.parents[2], out=run.folder.parents[1])
    assert (again.status, again.folder, again.exit_code) == ("unchanged", run.folder, 0)
    assert files(run.folder) == before


def test_truth_address_knows_all_inputs(make_study: Make, tmp_path: Path) -> None:
    """Another parameter, another byte of data, another line of code: another address; another place: the same."""
    folder, data = make_study("small"), tmp_path / "d.csv"
    (tmp_path / "else").mkdir()

    def address(values: dict[str, Any], *, code: bool = False) -> str:
        return prepare(find_study("small", folder), values, code=code).address

    data.write_text("1")
    plain, with_data = address({}), address({"data": data})
    assert len({plain, with_data, address({"factor": 3}), address({}, code=True)}) == 4
    data.write_text("2")
    assert address({"data": data}) != with_data
    (tmp_path / "else" / "d.csv").write_text("1")
    assert address({"data": tmp_path / "else" / "d.csv"}) == with_data
    make_study("small", (*QUICK, "1 + 1"))
    assert address({}) != plain


def test_truth_hostile_text_arrives_as_text(make_study: Make, tmp_path: Path) -> None:
    """Quotes, newlines and code in a parameter arrive as the text that they are, and data is found by its name."""
    text = '"); import os; os._exit(7) #\n\'\'\'"""\\n{x} \\ 日本'
    data = tmp_path / 'it\'s "data" ü.csv'
    data.write_text("seen")
    cells = (*QUICK, "study.answer(label)\nstudy.answer(data + '|' + Path(data).read_text())")
    run = studies.run(
        "hostile", {"label": text, "data": data}, notebooks=make_study("hostile", cells), out=tmp_path / "o"
    )
    assert run.status == "done"
    answers = json.loads((run.folder / "results.json").read_text(encoding="utf-8"))["answer"]
    assert answers == [text, f"inputs/data/{data.name}|seen"]


FAILURES = [
    ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "failed", 1, "the kernel died in cell 5"),
    ("import sys\nsys.exit(0)", "failed", 1, "cell 5 left the notebook with sys.exit"),
    ("1 / 0", "failed", 1, "cell 5 failed: ZeroDivisionError: division by zero"),
    ("from churnlab.errors import DataError\nraise DataError('no dates')", "data", 2, "no dates"),
    ("import matplotlib.pyplot as plt\nplt.plot([1]);", "failed", 1, "cell 5 shows a figure without alt text"),
    ("import time\nwhile True: time.sleep(1)", "timeout", 124, "not done within 5 seconds"),
    ("open(data, 'a').write('more')", "data", 2, "the data changed while the study was running: d.csv"),
]


@pytest.mark.parametrize(("cell", "status", "code", "message"), FAILURES, ids=[row[3][:25] for row in FAILURES])
def test_truth_failure_is_told_and_kept(  # noqa: PLR0917  (fixtures and one row of the table)
    make_study: Make,
    living: Callable[[Path], list[str]],
    tmp_path: Path,
    cell: str,
    status: str,
    code: int,
    message: str,
) -> None:
    """A failed run says what happened, keeps its notebook under `failed`, and leaves nothing else."""
    (tmp_path / "d.csv").write_text("1")
    folder = make_study("bad", (*QUICK, cell, "'never reached'"))
    timeout = 5 if status == "timeout" else None
    run = studies.run("bad", {"data": tmp_path / "d.csv"}, notebooks=folder, out=tmp_path / "runs", timeout=timeout)
    assert (run.status, run.exit_code) == (status, code)
    assert run.message.startswith(message)
    assert run.folder == tmp_path / "runs" / "bad" / "failed" / run.address
    kept = {"error.txt", "log.json", "manifest.json", "notebook.ipynb"}
    assert set(files(run.folder)) - {"results.json"} == kept  # time may be up before there are results
    assert (run.folder / "error.txt").read_text().startswith(message)
    assert sorted(path.name for path in run.folder.parents[1].iterdir()) == [".lock", "failed"]
    assert living(tmp_path / "runs") == []


def test_truth_success_removes_former_failure(make_study: Make, tmp_path: Path) -> None:
    """When a study that failed by chance succeeds, its failure is no longer listed."""
    cells = (*QUICK, f"assert not Path({str(tmp_path / 'bad luck')!r}).exists()")
    folder = make_study("lucky", cells)
    (tmp_path / "bad luck").touch()
    failed = studies.run("lucky", notebooks=folder, out=tmp_path / "runs")
    (tmp_path / "bad luck").unlink()
    done = studies.run("lucky", notebooks=folder, out=tmp_path / "runs")
    assert (failed.status, done.status) == ("failed", "done")
    assert failed.address == done.address
    assert not failed.folder.exists()


def test_input_nothing_is_made_for_wrong_parameters(make_study: Make, tmp_path: Path) -> None:
    """Wrong parameters are refused before anything is written."""
    folder = make_study("small")
    for values in ({"factr": 1}, {"factor": 11}, {"data": "missing.csv"}):
        with pytest.raises(ParameterError):
            studies.run("small", values, notebooks=folder, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_truth_environment_of_the_caller_is_left_alone(two_runs: Twice) -> None:
    """A run changes nothing in the environment of the process that asked for it."""
    assert two_runs[0].exit_code == 0
    assert not {"CHURNLAB_OUTPUT", "SOURCE_DATE_EPOCH"} & set(os.environ)

"""Plans of several studies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from churnlab.errors import ParameterError
from churnlab.studies import RunResult
from churnlab.studies.plan import PlannedRun, PlannedStudy, check_plan, read_plan, worst_exit_code

Make = Callable[..., Path]


def write(folder: Path, text: str) -> Path:
    (folder / "studies.toml").write_text(text, encoding="utf-8")
    return folder / "studies.toml"


def test_truth_defaults_are_shared(tmp_path: Path) -> None:
    """Defaults hold for every study of a plan unless the study says otherwise."""
    plan = read_plan(
        write(
            tmp_path,
            "[defaults]\nseed = 1\nfactor = 2\n[[study]]\nname = 'a'\nparameters = {factor = 3}\n[[study]]\nname = 'b'",
        )
    )
    assert plan == (
        PlannedStudy(name="a", parameters={"seed": 1, "factor": 3}),
        PlannedStudy(name="b", parameters={"seed": 1, "factor": 2}),
    )


def test_truth_check_finds_every_problem(make_study: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is checked without running: unknown studies and wrong parameters are all named."""
    monkeypatch.chdir(tmp_path)
    text = (
        "[[study]]\nname='small'\n[[study]]\nname='smal'\n"
        "[[study]]\nname='small'\nparameters={factor=99}\n[[study]]\nname='small'\nparameters={data='none.csv'}"
    )
    problems = check_plan(read_plan(write(tmp_path, text)), notebooks=make_study("small"))
    assert problems == (
        "smal: there is no study `smal`; did you mean `small`?",
        "small: `factor` must be a number in (0, 10], but it is 99",
        "small: `data` is 'none.csv', but there is no such file or sample",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"must hold \[\[study\]\] tables"),
        ("x = 1", r"must hold \[\[study\]\] tables"),
        ("[[study]]\nname = 'a'\n[other]", r"must hold \[\[study\]\] tables"),
        ("[[study]]", "needs a `name`"),
        ("[[study]]\nname = 1", "needs a `name`"),
        ("[[study]]\nname = 'a'\nparameter = {}", "needs a `name`, may have `parameters`, and no more"),
        ("[[study]]\nname = 'a'\nparameters = 1", "needs a `name`"),
        ("[[study", "is not valid TOML"),
    ],
)
def test_input_plan_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """A plan that says anything else is refused with what it should say."""
    with pytest.raises(ParameterError, match=message):
        read_plan(write(tmp_path, text))


def test_input_no_plan(tmp_path: Path) -> None:
    """A plan that is not there is named."""
    with pytest.raises(ParameterError, match=r"nowhere\.toml cannot be read: No such file"):
        read_plan(tmp_path / "nowhere.toml")


def test_truth_exit_code_is_that_of_the_worst() -> None:
    """A failed study outweighs one out of time, which outweighs one refused, which outweighs success."""

    def planned(status: Any) -> PlannedRun:
        result = RunResult(study="a", address="0", status=status, folder=Path(), message="", seconds=0.0)
        return PlannedRun(planned=PlannedStudy(name="a", parameters={}), result=result, message="")

    refused = PlannedRun(planned=PlannedStudy(name="a", parameters={}), result=None, message="no")
    assert worst_exit_code([planned("done"), planned("unchanged")]) == 0
    assert worst_exit_code([planned("done"), refused]) == 2
    assert worst_exit_code([refused, planned("timeout")]) == 124
    assert worst_exit_code([planned("timeout"), planned("failed"), planned("data")]) == 1

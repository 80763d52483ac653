"""Plans of several studies."""

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from churnlab.errors import ParameterError
from churnlab.studies.plan import PlannedStudy, check_plan, choose, read_plan, with_dates
from churnlab.studies.plan_runs import PlannedRun, run_plan, worst_exit_code

Make = Callable[..., Path]
TODAY = date(2024, 8, 15)


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
    problems = check_plan(read_plan(write(tmp_path, text)), today=TODAY, notebooks=make_study("small"))
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
        ("[[study]]\nname = 'a'\nparameter = {}", "needs a `name`, may have `parameters` and `matrix`, and no more"),
        ("[[study]]\nname = 'a'\nparameters = 1", "needs a `name`"),
        ("[[study", "is not valid TOML"),
        ("[[study]]\nname = 'a'\nmatrix = {x = 1}", "the matrix must give a list of values for `x`"),
        ("[[study]]\nname = 'a'\nmatrix = {x = []}", "the matrix must give a list of values for `x`"),
        (
            "[[study]]\nname = 'a'\nparameters = {x = 1}\nmatrix = {x = [1]}",
            "`x` stands both in parameters and in matrix",
        ),
        ("[[study]]\nname = 'a'\n[[study]]\nname = 'a'", "holds the same run twice: a"),
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

    def planned(status: str) -> PlannedRun:
        return PlannedRun(planned=PlannedStudy(name="a", parameters={}), status=status, message="")

    assert worst_exit_code([planned("done"), planned("unchanged")]) == 0
    assert worst_exit_code([planned("done"), planned("refused")]) == 2
    assert worst_exit_code([planned("refused"), planned("timeout")]) == 124
    assert worst_exit_code([planned("timeout"), planned("failed"), planned("data")]) == 1


def test_truth_matrix_gives_every_combination(tmp_path: Path) -> None:
    """Each combination of a matrix is a run, the last parameter fastest; its values go before defaults."""
    text = "[defaults]\ny = 9\n[[study]]\nname = 'a'\nmatrix = {x = ['p', 'q'], y = [1, 2]}"
    plan = read_plan(write(tmp_path, text))
    assert [planned.parameters for planned in plan] == [
        {"y": 1, "x": "p"},
        {"y": 2, "x": "p"},
        {"y": 1, "x": "q"},
        {"y": 2, "x": "q"},
    ]
    assert plan[0].label == "a (x=p, y=1)"


def test_truth_label_is_one_line(tmp_path: Path) -> None:
    """However a varied text is broken, a run of the plan has one line."""
    (tmp_path / "plan.toml").write_text('[[study]]\nname = "any"\nmatrix = { label = ["a\\n  b"] }')
    assert [planned.label for planned in read_plan(tmp_path / "plan.toml")] == ["any (label=a b)"]


def test_truth_dates_in_words_become_dates(make_study: Make) -> None:
    """Words are dates only where the study declares a date; a text that looks like one stays text."""
    folder = make_study(
        "dated", parameters="from datetime import date\nas_of: date | None = None  # a day\nlabel: str = ''  # any\n"
    )
    planned = PlannedStudy(name="dated", parameters={"as_of": "month-start", "label": "today"})
    assert with_dates(planned, TODAY, folder).parameters == {"as_of": date(2024, 8, 1), "label": "today"}


def test_input_only_what_the_plan_has() -> None:
    """`choose` keeps the order of the plan, and names what the plan does not have."""
    plan = tuple(PlannedStudy(name=name, parameters={}) for name in "abc")
    assert [planned.name for planned in choose(plan, ("c", "a"))] == ["a", "c"]
    assert choose(plan, ()) == plan
    with pytest.raises(ParameterError, match="the plan has no study d; it has: a, b, c"):
        choose(plan, ("a", "d"))


def test_truth_one_failure_stops_nobody(make_study: Make, tmp_path: Path) -> None:
    """Of studies that run side by side, each ends as it would alone."""
    make_study("bad", ("raise KeyError('x')",))
    folder = make_study("quick")
    plan = [
        PlannedStudy(name="quick", parameters={"factor": 2}),
        PlannedStudy(name="bad", parameters={}),
        PlannedStudy(name="quick", parameters={"factor": 99}),
        PlannedStudy(name="quick", parameters={"factor": 3}),
    ]
    seen: list[tuple[int, int, int]] = []
    done = list(
        run_plan(plan, workers=3, notebooks=folder, out=tmp_path / "runs", progress=lambda *told: seen.append(told))
    )
    outcomes: dict[Any, str] = {(run.planned.name, run.planned.parameters.get("factor")): run.status for run in done}
    assert outcomes == {("quick", 2): "done", ("bad", None): "failed", ("quick", 99): "refused", ("quick", 3): "done"}
    assert {place for place, _, _ in seen} == {0, 1, 3}
    assert worst_exit_code(done) == 1


def test_truth_same_run_side_by_side_is_made_once(make_study: Make, tmp_path: Path) -> None:
    """Two who want the same run at the same time share it: one makes it, the other waits and finds it."""
    folder = make_study("quick")
    plan = [PlannedStudy(name="quick", parameters={})] * 3
    done = list(run_plan(plan, workers=3, notebooks=folder, out=tmp_path / "runs"))
    assert sorted(run.status for run in done) == ["done", "unchanged", "unchanged"]
    assert {path.name for path in (tmp_path / "runs" / "quick").iterdir()} == {".lock", done[0].result.address}


def test_truth_interrupted_at_any_moment(make_study: Make, tmp_path: Path) -> None:
    """An interruption ends what runs, also while the studies are still being handed out, and while none is awaited."""
    folder = make_study("slow", ("import time; time.sleep(120)",))

    class Interrupted(list[PlannedStudy]):
        def __iter__(self) -> Iterator[PlannedStudy]:
            yield from super().__iter__()
            while not list((tmp_path / "runs").glob("slow/.staging-*/worker.log")):
                time.sleep(0.01)
            raise KeyboardInterrupt

    started = time.monotonic()
    plan = Interrupted([PlannedStudy(name="slow", parameters={})] * 2)
    with pytest.raises(KeyboardInterrupt):
        next(run_plan(plan, workers=2, notebooks=folder, out=tmp_path / "runs"))
    make_study("quick")
    runs = run_plan([PlannedStudy(name="quick", parameters={}), *plan[:1]], notebooks=folder, out=tmp_path / "runs")
    assert next(runs).status == "done"
    runs.close()
    assert time.monotonic() - started < 100
    assert {path.name for path in (tmp_path / "runs" / "slow").iterdir()} <= {".lock"}

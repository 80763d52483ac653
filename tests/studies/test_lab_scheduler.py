"""Studies in JupyterLab's own scheduler."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyter_scheduler", reason="needs the extra `scheduler`", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

Make = Callable[..., Path]


@pytest.fixture
def schedule(make_study: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a job as the scheduler does, and return its record."""
    from jupyter_scheduler.orm import Job, create_session, create_tables

    from churnlab.studies.lab_scheduler import StudyExecutionManager

    address = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    create_tables(db_url=address)
    monkeypatch.chdir(tmp_path)

    def run(name: str, given: dict[str, str] | None = None, **study: Any) -> Any:
        notebook = make_study(name, **study) / f"{name}.ipynb"
        session = create_session(address)
        with session() as jobs:
            job = Job(
                name=name,
                input_filename=notebook.name,
                parameters=given,
                runtime_environment_name="any",
                output_formats=["html", "ipynb"],
                url="",
            )
            jobs.add(job)
            jobs.commit()
            number = job.job_id
        places = {"input": str(notebook)} | {kind: str(tmp_path / f"out.{kind}") for kind in ("html", "ipynb")}
        StudyExecutionManager(number, str(tmp_path), address, places).process()
        with session() as jobs:
            return jobs.query(Job).filter(Job.job_id == number).one()

    return run


def test_truth_job_is_a_run(schedule: Callable[..., Any], tmp_path: Path) -> None:
    """A job leaves the run folder that `churnlab run` would leave, and hands report and notebook over."""
    job = schedule("quick", {"factor": "3"})
    assert (job.status, job.status_message) == ("COMPLETED", None)
    [folder] = [path.parent for path in (tmp_path / "runs" / "quick").glob("*/manifest.json")]
    numbers = json.loads((folder / "results.json").read_text(encoding="utf-8"))["numbers"]
    assert numbers["f"]["estimate"] == 3.0
    assert (tmp_path / "out.html").read_bytes() == (folder / "report.html").read_bytes()
    assert (tmp_path / "out.ipynb").read_bytes() == (folder / "notebook.ipynb").read_bytes()
    assert (tmp_path / "runs" / "index.html").is_file()


def test_truth_job_takes_dates_in_words(schedule: Callable[..., Any], tmp_path: Path) -> None:
    """A job that comes back every month names its month by a word."""
    show = "studies.open_study('monthly').value('day', 'Day of the month', int(day[-2:]))"
    cells = ("from churnlab import studies", show)
    text = "from datetime import date\nday: date | None = None  # the first of the data"
    job = schedule("monthly", {"day": "month-start"}, cells=cells, parameters=text)
    assert (job.status, job.status_message) == ("COMPLETED", None)
    [results] = (tmp_path / "runs" / "monthly").glob("*/results.json")
    assert json.loads(results.read_text(encoding="utf-8"))["numbers"]["day"]["estimate"] == 1


def test_input_job_says_what_is_wrong(schedule: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong parameter and a failing cell end the job with the line that the command line would end with."""
    job = schedule("quick", {"factor": "99"})
    assert (job.status, job.status_message) == ("FAILED", "`factor` must be a number in (0, 10], but it is 99.0")
    job = schedule("bad", cells=("raise KeyError('x')",))
    assert job.status == "FAILED"
    assert job.status_message.startswith("cell 3 failed: KeyError: 'x' (see ")

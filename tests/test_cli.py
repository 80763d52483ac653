"""The command line, seen from a terminal and from a scheduler."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from churnlab.cli import app
from churnlab.cli.console import cell_progress, plan_progress, print_table, say_error, terminate

PARAMETERS = (
    "from pathlib import Path\nfactor: int = 2  # what to multiply by [1, 9]\ndata: Path | None = None  # a file"
)
START = "from churnlab import studies\nstudy = studies.open_study('any')"
STUDIES = {
    "good": (START, "study.headline('n', 'Number', factor)"),
    "bad": (START, "raise KeyError('x')"),
    "picky": ("from churnlab.errors import DataError\nraise DataError('`date` is missing')",),
    "slow": (START, "import time\ntime.sleep(600)"),
    "people": (START, "import pandas as pd\nstudy.table(pd.DataFrame({'id': [7]}), 'list', customer_level=True)"),
    "wordy": (START, "print('long ' * 20_000)"),
}


def cell(kind: str, source: str, *tags: str) -> dict[str, Any]:
    code = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source, **code}


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with studies of its own."""
    (tmp_path / "notebooks").mkdir()
    for name, sources in STUDIES.items():
        cells = [cell("markdown", f"# The {name} one"), cell("code", PARAMETERS, "parameters")]
        cells += [cell("code", source) for source in sources]
        content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def call(*arguments: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a command."""
    result = CliRunner().invoke(app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    command = [sys.executable, "-c", "from churnlab.cli import main; main()", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_folders() -> Sequence[Path]:
    return [path for path in Path("runs").glob("*/*") if path.name != "failed" and not path.name.startswith(".")]


def test_truth_studies_are_listed_and_shown() -> None:
    """`list` names every study, `show` its parameters with kind, default, range and meaning."""
    code, out, _ = call("list", "--notebooks", "notebooks")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == sorted(STUDIES)
    code, out, _ = call("show", "good")
    assert code == 0
    assert "factor     int          2        [1, 9]  what to multiply by" in out.splitlines()


def test_truth_run_verify_and_again() -> None:
    """A run leaves a report, verify finds it identical, the same run again is unchanged, a tampered one is found."""
    code, out, _ = call("run", "good", "-p", "factor=3")
    assert code == 0
    report = Path(out.splitlines()[-1])
    assert report.name == "report.html"
    assert report.is_file()
    assert "The good one" in Path("runs/index.html").read_text(encoding="utf-8")
    code, out, _ = call("run", "good", "-p", "factor=3")
    assert (code, "unchanged" in out) == (0, True)
    results = report.parent / "results.json"
    results.write_text(results.read_text().replace('"estimate": 3', '"estimate": 4'))
    code, out, _ = call("verify", str(report.parent))
    assert code == 3
    assert "- results.json: numbers: n: estimate: was 4, now 3 (-25 %)" in out.splitlines()


USAGE = [
    (["run", "goood"], "there is no study `goood`; did you mean `good`?"),
    (["run", "good", "-p", "facto=3"], "`facto` is not a parameter of this study; did you mean `factor`?"),
    (["run", "good", "-p", "factor=ten"], "`factor` must be a whole number in [1, 9], but it is 'ten'"),
    (["run", "good", "-p", "factor"], "-p takes name=value, but it was given 'factor'"),
    (["run", "good", "-p", "factor=1", "-p", "factor=2"], "`factor` was given twice"),
    (["run", "good", "--data", "none.csv"], "`data` is 'none.csv', but there is no such file or sample"),
    (["run", "good", "--notebooks", "nowhere"], "there is no folder of notebooks at nowhere"),
    (["run", "good", "--out", "file.txt"], "runs cannot be written to file.txt/good"),
    (["show", "goood"], "there is no study `goood`"),
    (["verify", "nowhere"], "nowhere is no run folder"),
    (["plan", "run", "none.toml"], "the plan none.toml cannot be read"),
    (["plan", "check"], "the plan studies.toml cannot be read"),
    (["check", "none.csv", "--as", "ORDERS"], "none.csv"),
    (["check", "file.txt", "--as", "ORDRES"], "ORDRES"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[" ".join(row[0])[:40] for row in USAGE])
def test_input_mistake_is_one_clear_line(arguments: list[str], message: str) -> None:
    """A user's mistake ends with exit code 2 and a message on standard error, without a traceback."""
    Path("file.txt").touch()
    code, out, err = call(*arguments)
    assert code == 2
    assert err.startswith("churnlab: ")
    assert message in err
    assert "Traceback" not in out + err
    assert not run_folders()


def test_input_unknown_option() -> None:
    """An unknown command or option ends with exit code 2 as well."""
    assert call("run", "good", "--nonsense")[0] == 2
    assert call("nonsense")[0] == 2


def test_truth_plan_goes_on_after_a_failure() -> None:
    """A failing study does not stop a plan; the table tells each outcome, the exit code the worst."""
    Path("studies.toml").write_text(
        "[[study]]\nname='bad'\n[[study]]\nname='picky'\n[[study]]\nname='none'\n[[study]]\nname='good'"
    )
    code, out, _ = call("plan", "run")
    assert code == 1
    lines = out.splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("study "))
    table = {line.split()[0]: line for line in lines[head:-2]}
    assert re.search(r"failed +[\d.]+ s +cell 4 failed: KeyError: 'x'", table["bad"])
    assert re.search(r"data +[\d.]+ s +`date` is missing", table["picky"])
    assert re.search(r"refused +there is no study `none`", table["none"])
    assert re.search(r"done +[\d.]+ s +runs/good/", table["good"])
    assert list(table)[:4] == ["study", "bad", "picky", "none"]
    assert out.splitlines()[-1] == "All runs: runs/index.html"
    page = Path("runs/index.html").read_text(encoding="utf-8")
    assert page.index("KeyError") < page.index("The good one")


def test_truth_plan_check() -> None:
    """A plan that would run is confirmed; one that would not is refused with every reason."""
    Path("studies.toml").write_text("[[study]]\nname='good'")
    assert call("plan", "check") == (0, "studies.toml: all is well with 1 run\n", "")
    Path("studies.toml").write_text("[[study]]\nname='good'\nparameters={factor=0}")
    code, _, err = call("plan", "check")
    assert (code, "good: `factor` must be" in err) == (2, True)


def test_truth_failure_and_timeout_codes() -> None:
    """A failed study ends with 1, data that breaks its contract with 2, time that is up with 124."""
    code, _, err = call("run", "bad")
    assert (code, "bad: cell 4 failed: KeyError: 'x'" in err) == (1, True)
    code, _, err = call("run", "picky")
    assert (code, err.splitlines()[0]) == (2, "churnlab: picky: `date` is missing")
    code, _, err = call("run", "slow", "--timeout", "4")
    assert (code, "slow: not done within 4 seconds" in err) == (124, True)


@pytest.mark.parametrize(
    ("sent", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_truth_interruption_leaves_nothing(tmp_path: Path, sent: signal.Signals, code: int, word: str) -> None:
    """Ctrl-C and SIGTERM end worker and kernel, leave nothing half made, and say so in one line."""
    process = start("run", "slow")
    assert process.stdout is not None
    assert "cell 1 of" in process.stdout.readline()
    process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert err == f"churnlab: {word}; nothing half made was left\n"
    assert [path.name for path in (tmp_path / "runs" / "slow").iterdir()] == [".lock"]


def test_truth_killed_worker_is_told_and_tidied_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process that executes a notebook is killed outright, the run fails, and no folder stays anywhere."""
    with tempfile.TemporaryDirectory(prefix="t") as temporary:  # a short name, since sockets go into it
        monkeypatch.setenv("TMPDIR", temporary)
        process = start("run", "slow")
        assert process.stdout is not None
        assert "cell 1 of" in process.stdout.readline()
        [worker] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(list(Path(temporary).iterdir())) == 1
        os.kill(int(worker), signal.SIGKILL)
        _, err = process.communicate(timeout=30)
        assert (process.returncode, "churnlab: slow: the kernel died in cell" in err) == (1, True)
        assert list(Path(temporary).iterdir()) == []


def test_truth_termination_has_its_code_wherever_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's signal ends a command with 143 even where it comes before the command's own work."""
    monkeypatch.setattr("churnlab.cli.console._asked", [])
    with pytest.raises(SystemExit) as ending:
        terminate(signal.SIGTERM, None)
    assert ending.value.code == 143
    assert not isinstance(ending.value, Exception)
    with (
        cell_progress("any") as progress,
        pytest.raises(SystemExit),
    ):  # swallowed where it came, noticed at the next cell
        progress(1, 2)


def test_truth_output_that_nobody_reads_ends_a_command_quietly() -> None:
    """A command in front of `head` ends as other commands do there: without a word, and not as a failed study."""
    process = start("list")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    assert (process.communicate(timeout=30)[1], process.returncode) == ("", 141)


def test_truth_kill_at_any_moment_leaves_no_half_run(tmp_path: Path) -> None:
    """A runner killed outright at random moments leaves no half-made run, and the next run works and tidies up."""
    moments = random.Random(1)  # noqa: S311  (moments, not secrets)
    for _ in range(4):
        process = start("run", "good")
        try:
            process.wait(timeout=moments.uniform(0.5, 4.0))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        assert all((folder / "manifest.json").is_file() for folder in run_folders())
    shutil.rmtree("runs/good", ignore_errors=True) if run_folders() else None
    assert call("run", "good")[0] == 0
    assert len(run_folders()) == 1
    assert sorted(path.name for path in (tmp_path / "runs" / "good").iterdir()) == [".lock", run_folders()[0].name]


def test_truth_check_prints_profile() -> None:
    """`check` prints what a table holds, or every breach of its contract."""
    Path("orders.csv").write_text("customer_id,date,amount\n1,2024-01-01,5\n1,2024-01-02,6\n", encoding="utf-8")
    code, out, _ = call("check", "orders.csv", "--as", "ORDERS")
    assert code == 0
    assert "2024-01-01" in out
    Path("orders.csv").write_text("customer_id,date,amount\n,2024-01-01,x\n1,soon,6\n", encoding="utf-8")
    code, _, err = call("check", "orders.csv", "--as", "ORDERS")
    assert code == 2
    assert all(f"`{name}`" in err for name in ("customer_id", "date", "amount"))


def test_truth_version() -> None:
    """`--version` says the package's version."""
    from churnlab import __version__

    assert call("--version") == (0, f"churnlab {__version__}\n", "")


def test_truth_help_is_quick_to_load() -> None:
    """Help and listing load none of the heavy libraries."""
    heavy = ["pandas", "papermill", "nbconvert", "duckdb", "matplotlib", "sklearn"]
    script = (
        "import sys; from typer.testing import CliRunner; from churnlab.cli import app; "
        "CliRunner().invoke(app, ['--help']); CliRunner().invoke(app, ['--version']); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_truth_plan_runs_a_matrix_of_dates_in_parallel() -> None:
    """A plan of a matrix runs on the day it is told, several at a time; unchanged ones are recognised; --only chooses."""
    dated = "from datetime import date\nfactor: int = 2  # what to multiply by [1, 9]\nday: date | None = None  # a day"
    cells = [cell("markdown", "# Dated"), cell("code", dated, "parameters"), cell("code", START)]
    cells += [cell("code", "study.headline('n', f'Number on {day}', factor)")]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    Path("notebooks/dated.ipynb").write_text(json.dumps(content), encoding="utf-8")
    Path("studies.toml").write_text(
        "[[study]]\nname='dated'\nparameters={day='month-start'}\nmatrix={factor=[1, 2, 3]}\n[[study]]\nname='good'"
    )
    code, out, _ = call("plan", "run", "--only", "dated", "--today", "2024-02-15", "--workers", "2")
    assert (code, out.count("done "), "good" in out) == (0, 3, False)
    assert len(run_folders()) == 3
    assert "Number on 2024-02-01" in Path("runs/index.html").read_text(encoding="utf-8")
    code, out, _ = call("plan", "run", "--only", "dated", "--today", "2024-02-29")
    assert (code, out.count("unchanged ")) == (0, 3)
    assert call("plan", "check", "--only", "nobody")[0] == 2
    assert call("plan", "check", "--today", "tomorrow")[0] == 2


def test_truth_two_plans_at_once_do_not_disturb_each_other() -> None:
    """Two plans that start together share the work: every run is made once, and both end well."""
    Path("studies.toml").write_text("[[study]]\nname='good'\nmatrix={factor=[1, 2, 3, 4]}")
    plans = [start("plan", "run", "--workers", "2") for _ in range(2)]
    outs = [plan.communicate(timeout=120) for plan in plans]
    assert [plan.returncode for plan in plans] == [0, 0], outs
    outcomes = [found for out, _ in outs for found in re.findall(r"^good \(factor=\d\): (\w+)$", out, re.MULTILINE)]
    assert sorted(outcomes) == ["done"] * 4 + ["unchanged"] * 4
    assert len(run_folders()) == 4
    assert not [path for path in Path("runs/good").iterdir() if path.name.startswith(".") and path.name != ".lock"]


def test_truth_interrupted_plan_leaves_nothing() -> None:
    """Ctrl-C ends every study of a plan that is running, with its exit code and nothing half made."""
    Path("studies.toml").write_text("[[study]]\nname='slow'\nmatrix={factor=[1, 2, 3]}")
    plan = start("plan", "run", "--workers", "3")
    while len(list(Path("runs/slow").glob(".staging-*/worker.log"))) < 3 and plan.poll() is None:
        pass
    plan.send_signal(signal.SIGINT)
    _, err = plan.communicate(timeout=30)
    assert (plan.returncode, err.strip()) == (130, "churnlab: interrupted; nothing half made was left")
    assert [path.name for path in Path("runs/slow").iterdir()] == [".lock"]


def test_truth_compare_and_export() -> None:
    """`compare` tells what moved in words, as JSON and as a page; `export` writes Markdown and CSV."""
    folders = []
    for factor in (3, 4):
        _, out, _ = call("run", "good", "-p", f"factor={factor}")
        folders.append(str(Path(out.splitlines()[-1]).parent))
    code, out, _ = call("compare", *folders, "--html", "page.html")
    assert code == 0
    assert out.splitlines()[1].split() == ["Number", "3", "4", "+1", "has", "no", "interval", "to", "judge", "it", "by"]
    assert out.splitlines()[2] == "parameter factor: 3 → 4"
    assert "what changed?" in Path("page.html").read_text(encoding="utf-8")
    code, out, _ = call("compare", *folders, "--json")
    assert json.loads(out)["numbers"][0]["difference"] == 1
    code, out, _ = call("export", folders[0], "--markdown", "good.md", "--csv", "csv")
    assert (code, out) == (0, "good.md\n")
    assert call("export", folders[0])[0] == 2
    _, out, _ = call("run", "people")
    people = str(Path(out.splitlines()[-1]).parent)
    assert "(--customers takes them too): list" in call("export", people, "--csv", "csv")[1]
    assert call("export", people, "--csv", "csv", "--customers")[1] == "csv/list.csv\n"
    assert call("compare", folders[0], "nowhere")[0] == 2


def test_truth_new_study_can_be_shown() -> None:
    """`new` writes a study beside the others; a second one of the same name is refused."""
    code, out, _ = call("new", "mine")
    assert (code, out.splitlines()[0]) == (0, "notebooks/mine.ipynb")
    assert "within_days" in call("show", "mine")[1]
    assert call("new", "mine")[0] == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Make a disk that holds 20 kilobytes."""
    folder, mount, unmount = tmp_path / "small", shutil.which("mount"), shutil.which("umount")
    folder.mkdir()
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=20k", "tmpfs", str(folder)]
    if not (mount and unmount) or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk")
    yield folder
    subprocess.run([unmount, str(folder)], check=True)


def test_truth_full_disk_is_said_in_one_line(small_disk: Path) -> None:
    """Where the disk is full, a run ends with one line and exit code 1, and leaves nothing half made."""
    code, _, err = call("run", "wordy", "--out", str(small_disk / "runs"))
    assert (code, len(err.splitlines()), "No space left on device" in err) == (1, 1, True)
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == [".lock"]


def test_truth_labels_and_messages_are_shown_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a parameter holds neither steers the terminal nor passes for the markup of a progress bar."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with plan_progress(["any (label=[/x])"]) as show:
        show(0, 1, 2)
    assert "label=[/x]" in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    print_table(("study",), [("a\nb",), ("\x1b[31mred",)])
    assert capsys.readouterr().out == "study\na b\n�[31mred\n"
    assert say_error("one\n\x1b]0;two\x07", 2) == 2
    assert capsys.readouterr().err == "churnlab: one\n�]0;two�\n"

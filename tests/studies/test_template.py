"""A study of one's own."""

from pathlib import Path

import pytest

from churnlab import studies
from churnlab.errors import ParameterError
from churnlab.studies.comparison import compare_runs
from churnlab.studies.template import write_new_study


def test_truth_new_study_runs_verifies_and_compares(tmp_path: Path) -> None:
    """What `churnlab new` writes is a study like the others: it runs, comes out again, and can be compared."""
    path = write_new_study("my-weeks", tmp_path / "notebooks")
    assert "{name}" not in path.read_text(encoding="utf-8")
    options = {"notebooks": path.parent, "out": tmp_path / "runs"}
    first = studies.run("my-weeks", None, **options)
    assert (first.status, first.message) == ("done", "")
    assert studies.verify(first.folder).level == "identical"
    second = studies.run("my-weeks", {"within_days": 30}, **options)
    found = compare_runs(first.folder, second.folder)
    assert [(change.name, change.after) for change in found.changes] == [("within_days", "30")]
    assert [move.verdict for move in found.moves] == ["moved"]


def test_input_name_and_place(tmp_path: Path) -> None:
    """A name that is no plain name, a notebook that is there, and a folder that is none are refused."""
    with pytest.raises(ParameterError, match=r"'\.\./x' must be a plain name"):
        write_new_study("../x", tmp_path)
    write_new_study("mine", tmp_path)
    with pytest.raises(ParameterError, match=r"mine\.ipynb is there already, and is left as it is"):
        write_new_study("mine", tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match=r"deeper/mine\.ipynb cannot be written"):
        write_new_study("mine", tmp_path / "file" / "deeper")

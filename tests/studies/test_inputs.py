"""The files that a study reads."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from churnlab.errors import DataError, ParameterError
from churnlab.studies.inputs import Input, check_unchanged, find_inputs, link_inputs
from churnlab.studies.parameters import read_parameters

DECLARED = read_parameters("data: Path | None = None\nmap: Path | None = None\nlabel: str = 'x'")


def find(data: Any, second: Any = None) -> tuple[Input, ...]:
    return find_inputs(DECLARED, {"data": data, "map": second, "label": "no file"})


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_truth_file_is_offered_without_its_place(tmp_path: Path) -> None:
    """The notebook sees a file under its parameter's name; no folder of the machine remains."""
    place = tmp_path / "a folder's name" / "größe 1.csv"
    place.parent.mkdir()
    place.write_bytes(b"x\n1\n")
    [found] = find(str(place))
    assert found.value == "inputs/data/größe 1.csv"
    assert found.files[0].sha256 == hashlib.sha256(b"x\n1\n").hexdigest()
    assert found.files[0].size == 4


def test_truth_same_file_names_do_not_collide(tmp_path: Path) -> None:
    """Two parameters may name files of the same name in different folders; each reaches its own."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text(folder)
    found = find("one/t.csv", "two/t.csv")
    link_inputs(found, tmp_path / "scratch")
    assert [(tmp_path / "scratch" / given.value).read_text() for given in found] == ["one", "two"]


@pytest.mark.parametrize("given", ["parts/*.csv", "parts", "**/*.csv", "par*/[ab].csv"])
def test_truth_pattern_and_folder_mean_every_file(tmp_path: Path, given: str) -> None:
    """A pattern or a folder stands for all its files, in order, and works alike in the working directory."""
    (tmp_path / "parts").mkdir()
    for name in ("b", "a"):
        (tmp_path / "parts" / f"{name}.csv").write_text(name)
    (tmp_path / "parts" / ".hidden").write_text("not meant")
    [found] = find(given)
    assert [file.path.name for file in found.files] == ["a.csv", "b.csv"]
    scratch = tmp_path / "elsewhere"
    link_inputs([found], scratch)
    pattern = found.value if "*" in found.value or "[" in found.value else f"{found.value}/*"
    assert sorted(path.read_text() for path in scratch.glob(pattern)) == ["a", "b"]


def test_truth_sample_keeps_its_name() -> None:
    """The name of a sample reaches the notebook as it is, and the sample's bytes are fingerprinted."""
    [found] = find("cdnow")
    assert (found.value, found.is_sample, found.files[0].size > 10**6) == ("cdnow", True, True)


def test_truth_none_is_no_input() -> None:
    """A path that is None names no file."""
    assert find(None) == ()


def test_input_missing_files_all_at_once(tmp_path: Path) -> None:
    """Missing files are named together, with near names from the same folder and the samples."""
    (tmp_path / "orders.csv").touch()
    with pytest.raises(ParameterError) as refusal:
        find("order.csv", "cdnoww")
    assert str(refusal.value).splitlines() == [
        "`data` is 'order.csv', but there is no such file or sample; did you mean `orders.csv`?",
        "`map` is 'cdnoww', but there is no such file or sample; did you mean `cdnow`?",
    ]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("*.csv", ", but there is no such file or sample"),
        ("empty", ", which is an empty folder"),
        ("/dev/null", ", which is no file that can be read twice"),
    ],
)
def test_input_nothing_matches(tmp_path: Path, given: str, reason: str) -> None:
    """A pattern without a match, an empty folder and a device are refused with the reason."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ParameterError) as refusal:
        find(given)
    assert str(refusal.value) == f"`data` is {given!r}{reason}"


def test_input_place_that_cannot_be_looked_at() -> None:
    """A name that the system refuses, as in a folder that may not be entered, is told as a parameter's problem."""
    with pytest.raises(ParameterError, match="`data` is 'xxx.*xxx', which cannot be read: File name too long"):
        find("x" * 300)


@pytest.mark.parametrize("change", ["appended", "removed"])
def test_input_change_is_noticed(tmp_path: Path, change: str) -> None:
    """A file whose bytes are not those that were fingerprinted is named."""
    file = tmp_path / "t.csv"
    file.write_text("1")
    found = find("t.csv")
    check_unchanged(found)
    if change == "appended":
        file.write_text("12")
    else:
        file.unlink()
    with pytest.raises(DataError, match=r"the data changed while the study was running: t\.csv"):
        check_unchanged(found)

"""Run folders appear whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from churnlab.errors import ParameterError
from churnlab.studies.folder import publish, staging, sweep


def build(folder: Path, text: str) -> Path:
    (folder / "run").mkdir()
    (folder / "run" / "file").write_text(text)
    return folder / "run"


def visible(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if path.name != ".lock")


def test_truth_finished_run_is_renamed_into_place(tmp_path: Path) -> None:
    """A published run stands in its place, and nothing else is left."""
    with staging(tmp_path) as folder:
        assert publish(build(folder, "new"), tmp_path / "abc", replace=False)
    assert visible(tmp_path) == ["abc"]
    assert (tmp_path / "abc" / "file").read_text() == "new"


def test_truth_first_run_stays(tmp_path: Path) -> None:
    """Of two equal runs at the same time the first stays, unless the second is to replace it."""
    for text, replace, published, content in (
        ("1", False, True, "1"),
        ("2", False, False, "1"),
        ("3", True, True, "3"),
    ):
        with staging(tmp_path) as folder:
            assert publish(build(folder, text), tmp_path / "abc", replace=replace) is published
        assert (tmp_path / "abc" / "file").read_text() == content
    assert visible(tmp_path) == ["abc"]


def test_truth_exception_leaves_nothing(tmp_path: Path) -> None:
    """What is half made goes when its making is broken off."""
    with suppress(KeyboardInterrupt), staging(tmp_path) as folder:
        build(folder, "half")
        raise KeyboardInterrupt
    assert visible(tmp_path) == []


def test_truth_dead_staging_is_swept_and_living_is_not(tmp_path: Path) -> None:
    """The next run removes what a dead one left, and leaves alone what another is still making."""
    with staging(tmp_path) as living:
        dead = tmp_path / ".staging-dead"
        dead.mkdir()
        (dead / "lock").touch()
        build(dead, "half")
        sweep(tmp_path)
        assert living.is_dir()
        assert not dead.exists()


@pytest.mark.parametrize("place", ["abc", "failed/abc"])
def test_truth_run_about_to_be_replaced_comes_back(tmp_path: Path, place: str) -> None:
    """A process that died between the two renames of a replacement has lost nothing."""
    with staging(tmp_path) as folder:
        publish(build(folder, "old"), tmp_path / place, replace=False)
    dead = tmp_path / ".staging-dead"
    dead.mkdir()
    (tmp_path / place).rename(dead / f"replaced-{place.replace('/', '-')}")
    sweep(tmp_path)
    assert (tmp_path / place / "file").read_text() == "old"
    assert not dead.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_input_read_only_folder(tmp_path: Path) -> None:
    """A folder that cannot be written is named."""
    tmp_path.chmod(0o500)
    with pytest.raises(ParameterError, match="runs cannot be written to"), staging(tmp_path / "runs"):
        pass


def test_input_place_is_a_file(tmp_path: Path) -> None:
    """A file where the folder of runs should be is named."""
    (tmp_path / "runs").touch()
    with (
        pytest.raises(ParameterError, match="runs cannot be written to .*runs/small"),
        staging(tmp_path / "runs" / "small"),
    ):
        pass

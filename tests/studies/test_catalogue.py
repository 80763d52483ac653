"""Finding studies."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from churnlab import studies
from churnlab.errors import ParameterError
from churnlab.studies.catalogue import split_opening

Make = Callable[..., Path]


def test_truth_study_is_a_notebook_with_parameters(make_study: Make) -> None:
    """A study has its notebook's name, first heading and the paragraph after it; other notebooks are none."""
    folder = make_study("small")
    (folder / "notes.ipynb").write_text(json.dumps({"cells": [], "metadata": {}}), encoding="utf-8")
    found = studies.find_studies(folder)
    assert list(found) == ["small"]
    assert (found["small"].title, found["small"].question) == ("A small study", "Does it work?")


@pytest.mark.parametrize(
    ("markdown", "parts"),
    [
        ("# T\n\nOne\ntwo\n\nrest", ("T", "One two", "rest")),
        ("# T", ("T", "", "")),
        ("# T\n\n- a list", ("T", "", "- a list")),
        ("no heading", ("", "", "no heading")),
    ],
)
def test_truth_opening_is_split(markdown: str, parts: tuple[str, str, str]) -> None:
    """The first text gives title and question, and keeps the rest."""
    assert split_opening(markdown) == parts


def test_truth_kit_brings_its_own_studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no folder `notebooks`, the kit's own studies are found."""
    monkeypatch.chdir(tmp_path)
    assert "repurchase" in studies.find_studies()


def test_truth_own_folder_comes_first(make_study: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Studies of the working directory's `notebooks` stand beside the kit's own, and before those of the same name."""
    make_study("repurchase")
    monkeypatch.chdir(make_study("mine").parent)
    found = studies.find_studies()
    assert {"customer_base", "mine", "repurchase"} <= set(found)
    assert found["repurchase"].title == "A small study"
    assert list(studies.find_studies("notebooks")) == ["mine", "repurchase"]


def test_input_unknown_study(make_study: Make) -> None:
    """An unknown study is refused with the nearest name."""
    with pytest.raises(ParameterError, match=r"there is no study `smal`; did you mean `small`\?"):
        studies.find_study("smal", make_study("small"))


def test_input_no_folder(tmp_path: Path) -> None:
    """A folder of notebooks that is not there is refused by its name."""
    with pytest.raises(ParameterError, match="there is no folder of notebooks at .*nowhere"):
        studies.find_studies(tmp_path / "nowhere")


def test_input_broken_notebook(tmp_path: Path) -> None:
    """A file that is no notebook is refused by its name."""
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"broken\.ipynb cannot be read as a notebook"):
        studies.find_study("broken", tmp_path)


def test_input_default_out_of_its_own_range(make_study: Make) -> None:
    """A notebook whose default contradicts its declaration is refused with the notebook's name."""
    folder = make_study("odd", parameters="weeks: int = 0  # how far [1, 9]")
    with pytest.raises(ParameterError, match=r"odd\.ipynb: `weeks` must be a whole number in \[1, 9\], but it is 0"):
        studies.find_study("odd", folder)

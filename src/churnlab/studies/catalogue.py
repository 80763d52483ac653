"""Finds the studies: notebooks that have a parameters cell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnlab.errors import ParameterError
from churnlab.studies.parameters import Parameter, read_parameters
from churnlab.studies.values import check_values, suggestion

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """A notebook with the question that it asks and the parameters that it takes."""

    name: str
    title: str
    question: str
    parameters: tuple[Parameter, ...]
    notebook: dict[str, Any]


def find_studies(notebooks: str | Path | None = None) -> dict[str, Study]:
    """Read every study of a folder.

    Parameters
    ----------
    notebooks : path, optional
        The folder; by default the kit's own, and ``notebooks`` in the working directory, which goes before it.

    Returns
    -------
    dict of str to Study
        By name, in alphabetical order. A notebook without a parameters cell is no study.

    Raises
    ------
    ParameterError
        If there is no such folder, or a notebook in it cannot be read.
    """
    read = (_read(path) for path in _paths(notebooks).values())
    return {study.name: study for study in read if study is not None}


def find_study(name: str, notebooks: str | Path | None = None) -> Study:
    """Read one study.

    Parameters
    ----------
    name : str
        The notebook's file name without its ending.
    notebooks : path, optional
        The folder, as in ``find_studies``.

    Returns
    -------
    Study
        The study.

    Raises
    ------
    ParameterError
        If there is none of this name, or its notebook cannot be read.
    """
    paths = _paths(notebooks)
    if name not in paths:
        listed = f" (there are: {', '.join(paths)})" if paths else " (there are none)"
        raise ParameterError(f"there is no study `{name}`{suggestion(name, list(paths)) or listed}")
    study = _read(paths[name])
    if study is None:
        raise ParameterError(f"{paths[name].name} is no study: none of its cells is tagged `parameters`")
    return study


def to_study(name: str, notebook: dict[str, Any]) -> Study:
    """Make a study of a notebook that is already in memory.

    Parameters
    ----------
    name : str
        The study's name.
    notebook : dict
        A notebook, as its JSON text reads.

    Returns
    -------
    Study
        The study; without a parameters cell it takes no parameters.

    Raises
    ------
    ParameterError
        If the parameters cell cannot be read, or a default contradicts its own declaration.
    """
    cell = parameters_cell(notebook)
    parameters = () if cell is None else read_parameters(text_of(cell["source"]))
    check_values(parameters, {})
    title, question, _ = split_opening(_first_markdown(notebook))
    return Study(name=name, title=title or name, question=question, parameters=parameters, notebook=notebook)


def parameters_cell(notebook: dict[str, Any]) -> dict[str, Any] | None:
    """Return the code cell that is tagged ``parameters``, if there is one."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get("tags", []):
            return dict(cell)
    return None


def split_opening(markdown: str) -> tuple[str, str, str]:
    """Split a first markdown cell into its title, the paragraph after it, and the rest.

    Parameters
    ----------
    markdown : str
        The cell's text.

    Returns
    -------
    tuple of str
        Title, question, rest; title and question are empty if the cell does not open with a heading.

    Raises
    ------
    Nothing
        Any text can be split.

    Examples
    --------
    >>> split_opening("# Who stays?")
    ('Who stays?', '', '')
    """
    head, _, after = markdown.strip().partition("\n")
    if not head.startswith("# "):
        return "", "", markdown
    paragraph, _, rest = after.strip().partition("\n\n")
    if paragraph.startswith(("#", "-", "*", "|", ">", "```")):
        return head[2:].strip(), "", after.strip()
    return head[2:].strip(), " ".join(paragraph.split()), rest.strip()


def text_of(source: str | list[str]) -> str:
    """Return the text of a notebook field, which is stored whole or in lines."""
    return source if isinstance(source, str) else "".join(source)


def _first_markdown(notebook: dict[str, Any]) -> str:
    texts = (text_of(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    return next(texts, "")


def _paths(notebooks: str | Path | None) -> dict[str, Path]:
    """Return the notebooks by name; one of the user's own goes before one of the kit's."""
    found = {path.stem: path for folder in _folders(notebooks) for path in folder.glob("[!.]*.ipynb")}
    return dict(sorted(found.items()))


def _folders(notebooks: str | Path | None) -> tuple[Path, ...]:
    if notebooks is not None:
        if not Path(notebooks).is_dir():
            raise ParameterError(f"there is no folder of notebooks at {notebooks}")
        return (Path(notebooks),)
    kit = next(filter(Path.is_dir, (_PACKAGE.parents[1] / "notebooks", _PACKAGE / "_notebooks")), None)
    return tuple(folder for folder in (kit, Path("notebooks")) if folder is not None and folder.is_dir())


def _read(path: Path) -> Study | None:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cell = parameters_cell(notebook)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ParameterError(f"{path} cannot be read as a notebook") from None
    try:
        return None if cell is None else to_study(path.stem, notebook)
    except ParameterError as error:
        raise ParameterError(f"{path.name}: {error}") from None

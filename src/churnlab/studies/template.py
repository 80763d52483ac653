"""Begins a study of one's own: a notebook that runs as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from churnlab.errors import ParameterError
from churnlab.studies.report import TEMPLATES

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")


def write_new_study(name: str, folder: str | Path = "notebooks") -> Path:
    """Write a notebook to begin a study from.

    Parameters
    ----------
    name : str
        The study's name: small letters, digits, - and _.
    folder : path
        Where it goes; made if it is not there.

    Returns
    -------
    Path
        The notebook.

    Raises
    ------
    ParameterError
        If the name is no plain name, there is such a notebook already, or the folder cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise ParameterError(f"{name!r} must be a plain name of small letters, digits, - and _")
    path = Path(folder) / f"{name}.ipynb"
    notebook = json.loads((TEMPLATES / "new_study.ipynb").read_text(encoding="utf-8"))
    title = name.replace("_", " ").replace("-", " ").capitalize()
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("{title}", title).replace("{name}", name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    except FileExistsError:
        raise ParameterError(f"{path} is there already, and is left as it is") from None
    except OSError as error:
        raise ParameterError(f"{path} cannot be written: {error.strerror}") from None
    return path

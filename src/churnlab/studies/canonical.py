"""Takes out of an executed notebook whatever differs between two identical runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from churnlab.studies.catalogue import text_of

END_TAG = "churnlab-end"
INJECTED_TAG = "injected-parameters"
_MARKER_TAG = "papermill-error-cell-tag"
_CHANCE = (
    (re.compile(r"\bat 0x[0-9a-fA-F]+"), "at 0x…"),
    (re.compile(r"(?:/[^\s/]{1,255}){0,40}/ipykernel_\d+/\d+\.py"), "<cell>"),
    (re.compile(r"\bT_[0-9a-f]{5}(?=[_\"' ])"), "T_table"),
)


def canonical(notebook: Mapping[str, Any], *, hide: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the notebook without timings, random identifiers, addresses in memory, and papermill's marks.

    Parameters
    ----------
    notebook : mapping
        An executed notebook, as its JSON text reads.
    hide : mapping of str to str, optional
        What outputs must not hold, such as folders of this machine, and what stands in its place.

    Returns
    -------
    dict
        A notebook of format 4.5.

    Raises
    ------
    KeyError
        If the mapping is not a notebook.
    """
    kept = [cell for cell in notebook["cells"] if not {END_TAG, _MARKER_TAG} & set(_tags(cell))]
    metadata = {key: value for key, value in notebook["metadata"].items() if key in ("kernelspec", "language_info")}
    cells = [_cell(cell, f"cell-{number:03d}", hide or {}) for number, cell in enumerate(kept)]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def source_of(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return the notebook as it was before its run: without outputs and injected parameters.

    Parameters
    ----------
    notebook : mapping
        An executed notebook.

    Returns
    -------
    dict
        Its source.

    Raises
    ------
    KeyError
        If the mapping is not a notebook.
    """
    cells = [dict(cell) for cell in notebook["cells"] if INJECTED_TAG not in _tags(cell)]
    for cell in cells:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return {**notebook, "cells": cells}


def _tags(cell: Mapping[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def _cell(cell: Mapping[str, Any], name: str, hide: Mapping[str, str]) -> dict[str, Any]:
    metadata = {key: value for key, value in cell["metadata"].items() if key not in ("papermill", "execution")}
    own_id = cell.get("id", name) if INJECTED_TAG not in _tags(cell) else INJECTED_TAG
    clean = {"cell_type": cell["cell_type"], "id": own_id, "metadata": metadata, "source": text_of(cell["source"])}
    if "attachments" in cell:
        clean["attachments"] = cell["attachments"]
    if cell["cell_type"] == "code":
        clean["execution_count"] = cell["execution_count"]
        clean["outputs"] = [_output(output, hide) for output in cell["outputs"]]
    return clean


def _output(output: Mapping[str, Any], hide: Mapping[str, str]) -> dict[str, Any]:
    clean = dict(output)
    if "text" in clean:
        clean["text"] = text_of(clean["text"])
    if "data" in clean:
        clean["data"] = {kind: _datum(kind, value) for kind, value in clean["data"].items()}
    return {key: _steady_throughout(value, hide) for key, value in clean.items()}


def _datum(kind: str, value: Any) -> Any:
    return text_of(value) if kind.startswith(("text/", "image/")) else value


def _steady_throughout(value: Any, hide: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {_steady(key, hide): _steady_throughout(item, hide) for key, item in value.items()}
    if isinstance(value, list):
        return [_steady_throughout(item, hide) for item in value]
    return _steady(value, hide) if isinstance(value, str) else value


def _steady(text: str, hide: Mapping[str, str]) -> str:
    for hidden, shown in hide.items():
        text = text.replace(hidden, shown)
    for pattern, replacement in _CHANCE:
        text = pattern.sub(replacement, text)
    return text

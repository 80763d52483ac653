"""Turns a run into report.html: one file that opens with the answer, works offline and holds nothing that acts."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnlab.studies.catalogue import split_opening, text_of
from churnlab.studies.clean import clean_html
from churnlab.studies.headline import amount_text, difference_text, estimate_text, interval_text
from churnlab.studies.manifest import read_results

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PARTED_UNIT = re.compile(r"(?<=\d) (?=%)")
_UNSEEN_TAGS = {"parameters", "injected-parameters"}


def write_report(folder: Path, description: Mapping[str, Any], notebook: Mapping[str, Any]) -> None:
    """Write the report of a run.

    Parameters
    ----------
    folder : Path
        The run folder, with results.json if the study put one out.
    description : mapping
        The manifest's part that is known before the outcome.
    notebook : mapping
        The executed notebook, in canonical form.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    # nbformat's schema checker would import a slow module that no notebook needs
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import nbformat
    from nbconvert import HTMLExporter

    opening, cells = _without_opening(notebook["cells"])
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="report", extra_template_basedirs=[str(TEMPLATES)], exclude_anchor_links=True
    )
    prepare_environment(exporter.environment)
    resources = {
        "churnlab": {
            "run": description,
            "question": opening,
            "results": read_results(folder),
            "show_code": description["code"],
            "facts": _facts(description["parameters"]),
        }
    }
    shown = nbformat.from_dict({**notebook, "cells": cells})  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(shown, resources)
    (folder / "report.html").write_text(html, encoding="utf-8")


def prepare_environment(environment: Environment) -> None:
    """Let templates escape everything that was not cleaned, and know how numbers are written.

    Parameters
    ----------
    environment : jinja2.Environment
        The templates' environment; changed.

    Raises
    ------
    Nothing
        Any environment will do.
    """
    from markupsafe import Markup

    environment.autoescape = True
    environment.filters["cleaned"] = lambda html: Markup(clean_html(str(html)))  # noqa: S704  (it was just cleaned)
    environment.filters["uncoloured"] = lambda text: _COLOURS.sub("", text)
    environment.filters["together"] = lambda text: _PARTED_UNIT.sub("\N{NO-BREAK SPACE}", text)
    environment.filters["amount"] = amount_text
    environment.filters["estimate"] = estimate_text
    environment.filters["difference"] = difference_text
    environment.filters["interval"] = interval_text
    environment.filters["json_text"] = lambda value: json.dumps(value, ensure_ascii=False)


def _without_opening(cells: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Take title and question, which the report shows at its top, out of the first text; drop cells without use."""
    kept = [deepcopy(cell) for cell in cells if not _UNSEEN_TAGS & set(cell["metadata"].get("tags", []))]
    first = next((cell for cell in kept if cell["cell_type"] == "markdown"), None)
    if first is None:
        return "", kept
    _, question, first["source"] = split_opening(text_of(first["source"]))
    return question, [cell for cell in kept if text_of(cell["source"]).strip()]


def _facts(parameters: Mapping[str, Any]) -> list[str]:
    """Say which data, as of when: what a reader asks first of any number."""
    data, as_of = parameters.get("data"), parameters.get("as_of")
    facts = [f"Data: {Path(str(data)).name}"] if data else []
    return [*facts, f"as of {as_of}"] if as_of else facts

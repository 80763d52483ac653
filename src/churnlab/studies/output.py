"""The notebook's side of a run: the answer, the numbers, tables and figures that a study puts out."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnlab.errors import ParameterError
from churnlab.studies.headline import card_html, to_number
from churnlab.studies.output_files import write_table, write_text
from churnlab.studies.showing import display_output, unshown_html

if TYPE_CHECKING:
    import pandas as pd

_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


@dataclass(kw_only=True, eq=False, repr=False)
class StudyOutput:
    """Where a study puts its results.

    In a run each call also writes into the run folder; anywhere else it only displays.
    """

    name: str
    folder: Path | None
    _results: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._results = {"study": self.name, "answer": [], "numbers": {}, "figures": {}, "tables": {}}

    def __repr__(self) -> str:
        return f"StudyOutput({self.name!r}, {'shown only' if self.folder is None else 'kept'})"

    def answer(self, text: str) -> None:
        """Say in a plain sentence or two what was found; the report opens with it.

        Parameters
        ----------
        text : str
            Plain text.

        Raises
        ------
        ParameterError
            If the text is empty.
        """
        if not text.strip():
            raise ParameterError("an answer needs words")
        self._results["answer"].append(text)
        self._keep()
        display_output({"text/plain": text}, role="answer")

    def headline(
        self,
        key: str,
        label: str,
        estimate: float,
        *,
        low: float | None = None,
        high: float | None = None,
        unit: str = "",
        method: str = "",
        digits: int | None = None,
    ) -> None:
        """Put out a number that opens the report.

        Parameters
        ----------
        key : str
            Its name in results.json, a plain slug.
        label : str
            What it is, for the reader.
        estimate, low, high : float
            The number and its interval.
        unit : str
            Its unit, such as ``customers`` or ``%``.
        method : str
            How number and interval were obtained.
        digits : int, optional
            Significant digits to show, by default four.

        Raises
        ------
        ParameterError
            If the key is no slug or was used before, or only one end of the interval is given.
        """
        number = to_number(key, label, estimate, (low, high), unit=unit, method=method, digits=digits)
        self._add_number(key, {**number, "headline": True})
        display_output({"text/plain": f"{label}: {estimate}", "text/html": card_html(number)}, role="headline")

    def value(
        self,
        key: str,
        label: str,
        estimate: float,
        *,
        low: float | None = None,
        high: float | None = None,
        unit: str = "",
        method: str = "",
        digits: int | None = None,
    ) -> None:
        """Put out a number that stands in results.json but not at the top of the report.

        Parameters
        ----------
        key, label, estimate, low, high, unit, method, digits
            As for ``headline``.

        Raises
        ------
        ParameterError
            As for ``headline``.
        """
        number = to_number(key, label, estimate, (low, high), unit=unit, method=method, digits=digits)
        self._add_number(key, {**number, "headline": False})

    def figure(self, ax: Any, name: str, *, alt: str, caption: str = "") -> None:
        """Show a figure as SVG, and keep it as ``figures/<name>.svg``.

        Parameters
        ----------
        ax : matplotlib Axes or Figure
            What was drawn.
        name : str
            A plain slug.
        alt : str
            What is to be seen, for those who cannot see it.
        caption : str
            How to read it.

        Raises
        ------
        ParameterError
            If the name is no slug or was used before, or the alt text is empty.
        """
        self._check_new(name, "figures")
        if not alt.strip():
            raise ParameterError(f"figure `{name}` needs an alt text that says what is to be seen")
        from churnlab import theme

        svg = theme.to_svg(ax)
        theme.close(ax)
        self._results["figures"][name] = {"file": f"figures/{name}.svg", "alt": alt, "caption": caption}
        if self.folder is not None:
            write_text(self.folder / "figures" / f"{name}.svg", svg)
        self._keep()
        metadata = {"image/svg+xml": {"alt": alt, "caption": caption}}
        display_output({"text/plain": alt, "image/svg+xml": svg}, metadata=metadata)

    def table(
        self,
        frame: pd.DataFrame,
        name: str,
        *,
        caption: str = "",
        digits: int | None = None,
        customer_level: bool = False,
        show: bool | None = None,
    ) -> None:
        """Show a table, and keep it whole as ``tables/<name>.parquet``.

        Parameters
        ----------
        frame : DataFrame
            The table; at most 30 rows of it are shown.
        name : str
            A plain slug.
        caption : str
            How to read it.
        digits : int, optional
            Significant digits to show, by default four.
        customer_level : bool
            Whether a row is a single customer; then only the number of rows and the columns are shown.
        show : bool, optional
            Whether rows are shown; by default not those of single customers.

        Raises
        ------
        ParameterError
            If the name is no slug or was used before.
        DataError
            If the frame cannot be stored as a table.
        """
        self._check_new(name, "tables")
        from churnlab.display import frame_to_html

        shown = not customer_level if show is None else show
        self._results["tables"][name] = {
            "file": f"tables/{name}.parquet",
            "rows": len(frame),
            "columns": [str(column) for column in frame.columns],
            "caption": caption,
            "customer_level": customer_level,
        }
        if self.folder is not None:
            write_table(frame, name, self.folder / "tables" / f"{name}.parquet")
        self._keep()
        html = frame_to_html(frame, title=caption, digits=digits or 4) if shown else unshown_html(frame, name, caption)
        display_output({"text/plain": f"{name}: {len(frame)} rows", "text/html": html})

    def _add_number(self, key: str, number: dict[str, Any]) -> None:
        self._check_new(key, "numbers")
        self._results["numbers"][key] = number
        self._keep()

    def _check_new(self, name: str, kind: str) -> None:
        if not _SLUG.fullmatch(name):
            raise ParameterError(f"{name!r} must be a plain name of small letters, digits, - and _")
        if name in self._results[kind]:
            raise ParameterError(f"`{name}` was put out before; every one of the {kind} needs a name of its own")

    def _keep(self) -> None:
        if self.folder is not None:
            write_text(self.folder / "results.json", json.dumps(self._results, indent=1, ensure_ascii=False) + "\n")


def open_study(name: str) -> StudyOutput:
    """Open the output of a study, at the start of its notebook.

    Parameters
    ----------
    name : str
        The study's name, a plain slug.

    Returns
    -------
    StudyOutput
        Keeps results in the run folder if the runner executes the notebook, and only shows them if not.

    Raises
    ------
    ParameterError
        If the name is no slug.

    Examples
    --------
    >>> open_study("repurchase")
    StudyOutput('repurchase', shown only)
    """
    if not _SLUG.fullmatch(name):
        raise ParameterError(f"{name!r} must be a plain name of small letters, digits, - and _")
    folder = os.environ.get("CHURNLAB_OUTPUT")
    output = StudyOutput(name=name, folder=Path(folder) if folder else None)
    output._keep()
    return output

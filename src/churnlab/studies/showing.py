"""Shows in a notebook what a study puts out."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def display_output(data: dict[str, str], *, role: str = "", metadata: dict[str, Any] | None = None) -> None:
    """Display an output by its kinds of content; the report knows its answer and headlines by their role."""
    from IPython.display import display

    display(data, raw=True, metadata={**(metadata or {}), **({"churnlab": role} if role else {})})  # type: ignore[no-untyped-call]


def unshown_html(frame: pd.DataFrame, name: str, caption: str) -> str:
    """Return where the rows of single customers are, in place of the rows."""
    columns = ", ".join(map(str, frame.columns))
    return (
        f"<p>{escape(caption)}: {len(frame):,} rows, a customer each, are in <code>tables/{name}.parquet</code> and not "
        f"shown here. Columns: {escape(columns)}.</p>"
    )

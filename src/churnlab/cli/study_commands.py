"""Commands about studies: which there are, what they take, and how to begin one of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnlab.cli.console import Notebooks, plainly, print_table


@plainly
def list_studies(notebooks: Notebooks = None) -> int:
    """List the studies."""
    from churnlab.studies import find_studies

    rows = [(study.name, study.title, study.question) for study in find_studies(notebooks).values()]
    print_table(("study", "title", "question"), rows)
    return 0


@plainly
def show(study: Annotated[str, typer.Argument(help="The study.")], notebooks: Notebooks = None) -> int:
    """Show what a study asks and which parameters it takes."""
    from churnlab.studies import find_study

    found = find_study(study, notebooks)
    print("\n".join(line for line in (found.title, found.question, "") if line or found.parameters))
    rows = [
        (parameter.name, parameter.kind, repr(parameter.default), str(parameter.range or ""), parameter.help)
        for parameter in found.parameters
    ]
    print_table(("parameter", "kind", "default", "range", "meaning"), rows)
    return 0


@plainly
def new(
    study: Annotated[str, typer.Argument(help="What to call it, such as weekly_orders.")],
    notebooks: Annotated[Path, typer.Option("--notebooks", help="The folder to put it in.")] = Path("notebooks"),
) -> int:
    """Begin a study of your own from a template that runs."""
    from churnlab.studies.template import write_new_study

    path = write_new_study(study, notebooks)
    print(f"{path}\nOpen it in JupyterLab, or run it as it is: churnlab run {study}")
    return 0

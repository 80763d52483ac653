"""The command line: ``churnlab list | show | new | run | verify | compare | export | plan | check``."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from churnlab.cli.console import terminate
from churnlab.cli.plan_commands import plan_app
from churnlab.cli.run_commands import compare, export, run, verify
from churnlab.cli.study_commands import list_studies, new, show
from churnlab.cli.table_commands import check

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
app.command("list")(list_studies)
for command in (show, new, run, verify, compare, export):
    app.command()(command)
app.add_typer(plan_app, name="plan")
app.command()(check)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        from churnlab import __version__

        print(f"churnlab {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line.

    Raises
    ------
    SystemExit
        Always, with the exit code.
    """
    signal.signal(signal.SIGTERM, terminate)
    app()

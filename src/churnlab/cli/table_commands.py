"""Commands about tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnlab.cli.console import plainly, print_table


@plainly
def check(
    file: Annotated[Path, typer.Argument(help="A CSV, Parquet or Excel file, or a pattern.")],
    contract: Annotated[str, typer.Option("--as", metavar="CONTRACT", help="What it should be, such as ORDERS.")],
    columns: Annotated[Path | None, typer.Option("--columns", help="A TOML file that maps your column names.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The day up to which the data goes.")] = None,
) -> int:
    """Check a table against a contract; print its profile or everything that is wrong with it."""
    from churnlab import tables

    profile = tables.read(file, contract, columns=columns, as_of=as_of).profile()
    print_table(tuple(profile.columns), [tuple(map(str, row)) for row in profile.itertuples(index=False)])
    return 0

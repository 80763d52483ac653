"""What a table asks of the engine that its rows are on."""

from pathlib import Path
from typing import Any, Protocol

import pandas as pd

__all__ = ["Engine"]


class Engine(Protocol):
    """Runs SQL where the rows are."""

    @property
    def dialect(self) -> str:
        """How its SQL is spelt: ``"duckdb"`` or ``"spark"``."""

    @property
    def failure(self) -> type[Exception]:
        """What it raises where a query cannot be run."""

    def create_view(self, sql: str) -> str:
        """Give a query a name of its own, and return the name."""

    def register(self, data: Any) -> str:
        """Give a frame a name of its own, and return the name."""

    def drop(self, name: str) -> None:
        """Forget a view or a registered frame."""

    def types(self, name: str) -> dict[str, str]:
        """Return the type of each column of a view, in order and in DuckDB's words."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""

    def frame(self, sql: str) -> pd.DataFrame:
        """Run a query and return its result as a pandas frame."""

    def write(self, sql: str, path: Path) -> None:
        """Run a query and write its result as Parquet."""

"""What a contract is made of: columns of a kind and a range, and rules between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

__all__ = ["Column", "Contract", "Kind", "Rule"]

Kind = Literal["key", "text", "date", "money", "number", "count", "flag"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a contract: its kind, its unit and the range it must keep.

    A table may lack a column that is not `required`; where the column is there, its cells may be empty if `nullable`.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    minimum: float | None = None
    above: float | None = None
    below: float | None = None
    required: bool = False
    nullable: bool = False


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule between the columns of one row: an SQL condition that every row must keep."""

    sentence: str
    condition: str
    columns: tuple[str, ...]
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What one row of a table is, its columns, and the rules between them."""

    name: str
    one_row: str
    columns: tuple[Column, ...]
    example: Mapping[str, Any]
    rules: tuple[Rule, ...] = field(default=())
    unique: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return one row per column: kind, unit, whether it is required, meaning and an example."""
        return pd.DataFrame(
            {
                "column": [column.name for column in self.columns],
                "kind": [column.kind for column in self.columns],
                "unit": [column.unit for column in self.columns],
                "required": [column.required for column in self.columns],
                "meaning": [column.meaning for column in self.columns],
                "example": [str(self.example.get(column.name, "")) for column in self.columns],
            }
        )

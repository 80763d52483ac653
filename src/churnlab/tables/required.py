"""What a function that takes a table may expect of it."""

from typing import Any

from churnlab.errors import DataError, ParameterError
from churnlab.tables.contracts import CONTRACTS
from churnlab.tables.table import Table

__all__ = ["require_table"]


def require_table(table: Any, contract: str) -> None:
    """Refuse what is no table, or lacks what a contract requires.

    Parameters
    ----------
    table
        What was given.
    contract
        Name of the contract.

    Raises
    ------
    DataError
        If a column that the contract requires is not there.
    ParameterError
        If it is no table.
    """
    if not isinstance(table, Table):
        raise ParameterError(
            f"A table of {contract} is needed, not a {type(table).__name__}. Try: tables.read(…, {contract!r})."
        )
    required = [column.name for column in CONTRACTS[contract].columns if column.required]
    missing = [name for name in required if name not in table.columns]
    if missing:
        raise DataError(
            f"{table.label} was read as {table.contract.name} and has no column {missing[0]!r}; a table of {contract} is "
            "needed."
        )

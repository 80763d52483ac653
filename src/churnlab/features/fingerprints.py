"""What tells one table from another: its number of rows, and a sum of their hashes."""

from churnlab.features.dialects import DIALECTS
from churnlab.tables import Table

__all__ = ["fingerprint"]


def fingerprint(table: Table) -> dict[str, str]:
    """Return the number of rows of a table and a sum of hashes over them, which any change of a value changes.

    Parameters
    ----------
    table
        Any table.
    """
    dialect = DIALECTS[table.engine.dialect]
    rows, total = table.engine.rows(
        f"SELECT count(*), sum(CAST({dialect.row_hash(table.columns)} AS DECIMAL(38, 0))) FROM {table.view}"
    )[0]
    return {"rows": str(rows), "hash": str(total)}

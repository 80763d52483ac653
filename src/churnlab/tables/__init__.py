"""Table contracts, and reading tables against them."""

from churnlab.tables.checks import Breach
from churnlab.tables.contract import Column, Contract, Rule
from churnlab.tables.contracts import CONTRACTS, find_contract
from churnlab.tables.layout import Layout, read_layout
from churnlab.tables.required import require_table
from churnlab.tables.sources import Source
from churnlab.tables.table import Table, read, to_date

__all__ = [
    "CONTRACTS",
    "Breach",
    "Column",
    "Contract",
    "Layout",
    "Rule",
    "Source",
    "Table",
    "find_contract",
    "read",
    "read_layout",
    "require_table",
    "to_date",
]

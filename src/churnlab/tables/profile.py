"""What a table holds, in a few facts: rows, customers, period, money, missing values."""

from typing import Any

import pandas as pd

from churnlab.engines import Engine
from churnlab.tables.contract import Contract
from churnlab.tables.dialects import DIALECTS

__all__ = ["profile_view"]


def profile_view(engine: Engine, view: str, contract: Contract, *, label: str, rows_read: int) -> pd.DataFrame:
    """Return two columns, `what` and `value`, from two queries."""
    asked = _questions(engine, view, contract)
    found = dict(zip(asked, engine.rows(f"SELECT {', '.join(asked.values())} FROM {view}")[0], strict=True))
    distinct = engine.rows(f"SELECT count(*) FROM (SELECT DISTINCT * FROM {view})")[0][0]
    kept = found.pop("rows kept")
    left_out = {"rows left out (amount below zero)": rows_read - kept} if kept < rows_read else {}
    missing = {what: value for what, value in found.items() if what.startswith("missing ") and value}
    others = {what: value for what, value in found.items() if not what.startswith("missing ") and value is not None}
    facts = {"table": label, "contract": contract.name, "rows": rows_read, **left_out, **others}
    facts |= {"repeated rows (kept)": kept - distinct, **missing}
    return pd.DataFrame({"what": list(facts), "value": [_worded(value) for value in facts.values()]})


def _questions(engine: Engine, view: str, contract: Contract) -> dict[str, str]:
    """Return the SQL of each fact that one row of sums can hold."""
    names, quote = list(engine.types(view)), DIALECTS[engine.dialect].quote
    asked = {"rows kept": "count(*)"}
    if "customer_id" in names:
        asked["customers"] = "count(DISTINCT customer_id)"
    for column in contract.columns:
        if column.kind == "date" and column.name in names:
            asked |= {f"{end} {column.name}": f"{sql}({quote(column.name)})" for end, sql in _ENDS.items()}
    if "amount" in names:
        asked |= {"total amount": "sum(amount)", "rows with amount 0": "count_if(amount = 0)"}
    return asked | {f"missing {name}": f"count(*) - count({quote(name)})" for name in names}


_ENDS = {"first": "min", "last": "max"}


def _worded(value: Any) -> str:
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if hasattr(value, "quantize") else str(value)

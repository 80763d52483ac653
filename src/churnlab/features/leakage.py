"""Whether the future leaks into features: the same customers from full, shortened and poisoned tables."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from churnlab.features.dialects import DIALECTS
from churnlab.features.snapshots import Snapshot
from churnlab.tables import Table

__all__ = ["check_leakage"]


def check_leakage(snapshot: Snapshot) -> pd.DataFrame:
    """Compute a snapshot's features thrice: from its tables, without their future rows, and with false future rows.

    Parameters
    ----------
    snapshot
        What :func:`churnlab.features.snapshot` returns; its targets are left out.

    Returns
    -------
    DataFrame
        One row per feature: `feature`, `table`, `shortened` and `poisoned` (number of customers whose value differs from
        that of the full tables), `leaks`, and `checked`: no for features of a table without dates, which no removal of
        rows can check, and which rests on the promise that it does not change.

    Notes
    -----
    Kaufman, Rosset, Perlich and Stitelman (2012), Leakage in data mining, ACM TKDD 6 (4). Future rows are those dated on
    as_of or later and, where a table says when a row became known, those known then or later. Poisoning multiplies their
    numbers and adds each of them twice. Numbers are compared to nine digits, everything else exactly.

    Examples
    --------
    >>> from churnlab import datasets, features
    >>> snap = features.snapshot(datasets.load_cdnow_sample(), as_of="1997-10-01", features=["orders", "amount_mean"])
    >>> check_leakage(snap)["leaks"].tolist()
    [False, False]
    """
    plain = replace(snapshot, targets=())
    full = plain.to_frame()
    versions = {
        "shortened": replace(plain, tables=_each(plain, _shortened)).to_frame(),
        "poisoned": replace(plain, tables=_each(plain, _poisoned)).to_frame(),
    }
    rows = []
    for feature in snapshot.features:
        differing = {name: _differing(full, frame, feature.name) for name, frame in versions.items()}
        dated = feature.grain in ("customer", "referred") or "date" in snapshot.tables[feature.table].columns
        leaks = any(differing.values())
        rows.append({"feature": feature.name, "table": feature.table, **differing, "leaks": leaks, "checked": dated})
    return pd.DataFrame(rows)


def _each(snapshot: Snapshot, change: Callable[[Table, str], Table]) -> Mapping[str, Table]:
    return {name: change(table, _future(snapshot, name)) for name, table in snapshot.tables.items()}


def _future(snapshot: Snapshot, name: str) -> str:
    """Return the SQL condition of a table's future rows."""
    moment = f"TIMESTAMP '{snapshot.cut.as_of.isoformat()} 00:00:00'"
    dated = ["date"] if "date" in snapshot.tables[name].columns else []
    dialect = DIALECTS[snapshot.tables[name].engine.dialect]
    known = [dialect.moment(snapshot.cut.known[name])] if name in snapshot.cut.known else []
    return " OR ".join(f"{column} >= {moment}" for column in dated + known) or "1 = 0"


def _shortened(table: Table, future: str) -> Table:
    return _replaced(table, f"SELECT * FROM {table.view} WHERE NOT ({future})")


def _poisoned(table: Table, future: str) -> Table:
    numbers = [
        column for column in ("amount", "quantity", "outcome", "recommend", "discount") if column in table.columns
    ]
    quoted = {name: DIALECTS[table.engine.dialect].quote(name) for name in table.columns}
    false = ", ".join(f"{name} * 7 + 3 AS {name}" if name in numbers else column for name, column in quoted.items())
    poison = f"SELECT {false} FROM {table.view} WHERE {future}"
    past = f"SELECT {', '.join(quoted.values())} FROM {table.view} WHERE NOT ({future})"
    return _replaced(table, f"{past} UNION ALL {poison} UNION ALL {poison}")


def _replaced(table: Table, sql: str) -> Table:
    return replace(table, view=table.engine.create_view(sql), parent=table)


def _differing(full: pd.DataFrame, other: pd.DataFrame, name: str) -> int:
    """Return for how many customers a feature differs; a customer who is in one frame alone counts."""
    both = full[["customer_id", name]].merge(
        other[["customer_id", name]], on="customer_id", how="outer", suffixes=("", "_other"), indicator=True
    )
    left, right = both[name], both[f"{name}_other"]
    same = (left == right) | (left.isna() & right.isna())
    if pd.api.types.is_float_dtype(left) and pd.api.types.is_float_dtype(right):
        same |= np.isclose(left, right, rtol=1e-9, atol=0)
    return int((~same.astype(bool) | (both["_merge"] != "both")).sum())

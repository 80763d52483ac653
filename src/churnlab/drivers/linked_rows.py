"""Linked rows as arrays: who has no gap, what customers are made alike in, and which rows are of the same customer."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import require_columns
from churnlab.errors import DataError, ParameterError

__all__ = ["ADJUST", "design", "number_clusters", "to_whole_rows"]

Array = npt.NDArray[np.float64]

ADJUST = ("past_orders", "past_amount", "recency_days", "tenure_days")
"""What customers are made alike in by default: what they had bought before they answered."""
_LOGGED = frozenset({*ADJUST, "past_returns", "past_referrals"})


def to_whole_rows(
    linked: pd.DataFrame, outcome: str, satisfaction: str, adjust: Sequence[str], weight: str | None
) -> pd.DataFrame:
    """Return the rows without a gap.

    Raises
    ------
    DataError
        If a column is not there or does not vary, the outcome is neither 0 nor 1, or every row has a gap.
    ParameterError
        If a column has two roles.
    """
    names = [outcome, satisfaction, *adjust, *([weight] if weight else [])]
    if len(set(names)) < len(names):
        raise ParameterError("A column can be only one of outcome, satisfaction, adjustment and weight.")
    require_columns(linked, names)
    data = linked[linked[names].notna().all(axis=1)]
    if data.empty:
        raise DataError(f"No row has all of {', '.join(f'`{name}`' for name in names)}.")
    wrong = ~data[outcome].isin([0, 1])
    if wrong.any():
        raise DataError(f"`{outcome}` must be 1 or 0, but {wrong.sum():,} of {len(data):,} rows are not.")
    for name in names[: 2 + len(adjust)]:
        if data[name].nunique() < 2:
            raise DataError(
                f"`{name}` is the same in all {len(data):,} rows. Try: {_advice(name, outcome, satisfaction)}."
            )
    return data


def _advice(name: str, outcome: str, satisfaction: str) -> str:
    if name == outcome:
        return "another horizon"
    return "another question" if name == satisfaction else "leave it out of `adjust`"


def design(data: pd.DataFrame, satisfaction: str, adjust: Sequence[str]) -> Array:
    """Return constant, answer and adjustments (n, k); what :func:`to_repurchase` counted before enters as log(1 + x).

    Raises
    ------
    DataError
        If a column is not there.
    """
    require_columns(data, [satisfaction, *adjust])
    columns = [np.ones(len(data)), data[satisfaction].to_numpy(dtype=float, na_value=np.nan)]
    for name in adjust:
        values = data[name].to_numpy(dtype=float, na_value=np.nan)
        columns.append(np.log1p(values) if name in _LOGGED else values)
    return np.column_stack(columns)


def number_clusters(data: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Return the number of the customer of each row (n,), from 0; each row is a customer where there is no `customer_id`."""
    if "customer_id" not in data:
        return np.arange(len(data))
    return pd.factorize(data["customer_id"], use_na_sentinel=False)[0]

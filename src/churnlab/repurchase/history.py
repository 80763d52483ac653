"""Customers' histories as typed arrays, from any frame that keeps the contract RFM."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import tables
from churnlab.errors import DataError

__all__ = ["History", "to_history", "what_came"]

Array = npt.NDArray[np.float64]

_CHUNK = 65_536
"""Rows that are looked at a time, so that what is made of them stays small."""


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """Frequency, recency, T, mean amount (NaN where there is none) and weight of n rows, each (n,), in their order."""

    frequency: Array
    recency: Array
    T: Array
    monetary_value: Array | None
    weight: Array

    @property
    def spent(self) -> Array:
        """Money of the repeat orders (n,), 0 where there are none.

        Raises
        ------
        DataError
            If there is no `monetary_value`, or not for every repeat buyer.
        """
        if self.monetary_value is None:
            raise DataError("The frame has no column `monetary_value`. Try: features.to_rfm, which computes it.")
        repeat = self.frequency > 0
        lacking = int(np.isnan(self.monetary_value[repeat]).sum())
        if lacking:
            raise DataError(
                f"`monetary_value` must be there where `frequency` is above 0: {lacking:,} of {len(repeat):,} rows break this."
            )
        return np.where(repeat, self.frequency * np.nan_to_num(self.monetary_value), 0.0)

    def one_customer_a_row(self, purpose: str) -> "History":
        """Return the same history, sure that no row stands for several customers.

        Raises
        ------
        DataError
            If a weight is not 1.
        """
        several = int((self.weight != 1).sum())
        if several:
            raise DataError(
                f"{purpose} takes one customer a row, but {several:,} of {len(self.weight):,} rows have a weight that is not 1. "
                "Try: features.to_rfm in place of features.to_rfm_groups."
            )
        return self


def to_history(rfm: Any) -> History:
    """Check a frame against the contract RFM and return its columns as numbers.

    Parameters
    ----------
    rfm
        pandas, Polars or Arrow frame (n rows).

    Raises
    ------
    DataError
        If the frame breaks the contract.
    """
    frame = rfm if _keeps_the_contract(rfm) else tables.read(rfm, "RFM").to_frame()
    columns = {name: frame[name].to_numpy(dtype=np.float64) for name in ("frequency", "recency", "T")}
    amount = frame["monetary_value"].to_numpy(dtype=np.float64, na_value=np.nan) if "monetary_value" in frame else None
    weight = frame["weight"].to_numpy(dtype=np.float64) if "weight" in frame else np.broadcast_to(1.0, len(frame))
    return History(**columns, monetary_value=amount, weight=weight)


def what_came(future: pd.DataFrame, *, column: str = "orders", rfm: pd.DataFrame | None = None) -> Array:
    """Return what customers did in a held-out window.

    Parameters
    ----------
    future
        What :func:`churnlab.features.to_future` returns (n rows).
    column
        `orders` or `amount`.
    rfm
        The same customers before it, where the rows have to match.

    Returns
    -------
    array (n,)

    Raises
    ------
    DataError
        If there is no such column, a number is missing, or the rows are not those of `rfm`.
    """
    if column not in future:
        raise DataError(
            f"`future` has no column `{column}`. It has: {', '.join(map(str, future))}. Try: features.to_future, which makes it."
        )
    values = pd.to_numeric(future[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"`{column}` of `future` must be a number: {int(wrong.sum()):,} of {len(wrong):,} rows break this (first: row "
            f"{row + 1}: {future[column].iloc[row]}). Try: 0 for whoever did not order."
        )
    if rfm is not None:
        if len(future) != len(rfm):
            raise DataError(f"`future` has {len(future):,} rows for {len(rfm):,} customers.")
        if not _same_customers(rfm, future):
            raise DataError("The rows of `future` are in another order than the customers, or of other customers.")
    return values


def _same_customers(rfm: pd.DataFrame, future: pd.DataFrame) -> bool:
    if "customer_id" in rfm and "customer_id" in future:
        return bool((rfm["customer_id"].to_numpy() == future["customer_id"].to_numpy()).all())
    return future.index.equals(rfm.index)


def _keeps_the_contract(rfm: Any) -> bool:
    """Return whether a frame of plain numbers keeps the contract; of any other frame the contract itself has to judge."""
    names = ["frequency", "recency", "T", "monetary_value", "weight"]
    if not isinstance(rfm, pd.DataFrame) or not rfm.columns.is_unique or not set(names[:3]) <= set(rfm.columns):
        return False
    there = [name for name in names if name in rfm.columns]
    if len(rfm) == 0 or not all(
        isinstance(rfm[name].dtype, np.dtype) and rfm[name].dtype.kind in "iuf" for name in there
    ):
        return False
    columns = [rfm[name].to_numpy() for name in there]
    slices = (slice(start, start + _CHUNK) for start in range(0, len(rfm), _CHUNK))
    return all(_rows_keep_it(dict(zip(there, (column[rows] for column in columns), strict=True))) for rows in slices)


def _rows_keep_it(rows: dict[str, npt.NDArray[Any]]) -> bool:
    frequency, recency, T = rows["frequency"], rows["recency"], rows["T"]
    amount, weight = rows.get("monetary_value", np.zeros(1)), rows.get("weight", np.ones(1))
    return bool(
        (recency >= 0).all()
        and (recency <= T).all()
        and np.isfinite(T).all()
        and (frequency >= 0).all()
        and (frequency < 2**53).all()
        and (frequency.dtype.kind in "iu" or (frequency == np.floor(frequency)).all())
        and ((frequency == 0) == (recency == 0)).all()
        and ((amount >= 0) & (amount < np.inf) | np.isnan(amount)).all()
        and ((weight > 0) & (weight < np.inf)).all()
    )

"""Customers counted per distinct frequency, recency and T: the arrays that transaction models are fitted on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import tables
from churnlab.errors import DataError

__all__ = ["Counts", "as_arrays", "distinct_rows", "to_counts"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Frequency, recency and T (m,) of m distinct histories, and the number of customers of each (m,)."""

    frequency: Array
    recency: Array
    T: Array
    weight: Array

    @property
    def n(self) -> float:
        """Number of customers."""
        return float(self.weight.sum())


def to_counts(rfm: pd.DataFrame) -> Counts:
    """Check an RFM frame and count its customers per distinct history.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM; with a column `weight`, each row stands for so many customers.

    Raises
    ------
    DataError
        If the frame breaks the contract, holds one customer only, or nobody in it has ordered again.
    """
    table = tables.read(rfm, "RFM")
    weight = "sum(weight)" if "weight" in table.columns else "count(*)"
    rows = table.engine.frame(
        f"""SELECT frequency, recency, "T", CAST({weight} AS DOUBLE) AS weight
FROM {table.view} GROUP BY frequency, recency, "T" ORDER BY frequency, recency, "T\""""
    )
    counts = Counts(**{name: rows[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T", "weight")})
    if counts.n < 2:
        raise DataError("A model of customers takes more than one customer.")
    if not (counts.frequency > 0).any():
        raise DataError(
            f"None of {counts.n:,.0f} customers has ordered again, so there is no repeat buying to model. Try a longer "
            "period, or check that as_of and the dates are what you think."
        )
    return counts


def as_arrays(rfm: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Return frequency, recency and T of a checked RFM frame, row by row.

    Raises
    ------
    DataError
        If the frame breaks the contract.
    """
    tables.read(rfm, "RFM")
    frequency, recency, age = (rfm[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
    return frequency, recency, age


def distinct_rows(*columns: Array) -> tuple[tuple[Array, ...], npt.NDArray[np.intp]]:
    """Return the distinct rows of some columns (n,), and for each row the number of its distinct one.

    Examples
    --------
    >>> distinct, row_of = distinct_rows(np.array([1.0, 2.0, 1.0]), np.array([5.0, 5.0, 5.0]))
    >>> distinct[0], row_of
    (array([1., 2.]), array([0, 1, 0]))
    """
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        number, values = pd.factorize(column)
        codes = pd.factorize(codes * (len(values) + 1) + number)[0].astype(np.int64)
    first = np.unique(codes, return_index=True)[1]
    return tuple(column[first] for column in columns), codes.astype(np.intp)

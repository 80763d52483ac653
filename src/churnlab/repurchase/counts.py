"""Customers counted per distinct frequency, recency and T: the arrays that transaction models are fitted on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import tables
from churnlab.errors import DataError

__all__ = ["Counts", "to_counts"]

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

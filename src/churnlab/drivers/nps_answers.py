"""Answers to the likelihood to recommend: on the scale of their convention, or refused."""

from warnings import warn

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.nps_scheme import NpsScheme
from churnlab.errors import DataError

__all__ = ["check_recommend"]

Array = npt.NDArray[np.float64]


def check_recommend(column: pd.Series, scheme: NpsScheme, count: Array) -> Array:
    """Return answers on the scale of a scheme (n,), NaN where missing; each row stands for `count` (n,) of them.

    Raises
    ------
    DataError
        If some are off the scale or not whole.
    """
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise DataError(f"`{column.name}` must hold numbers. Try: pandas.to_numeric, or drivers.to_answers.")
    values = column.to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(values)
    wrong = known & ~((values >= scheme.lowest) & (values <= scheme.highest) & (values % 1 == 0))
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"`{column.name}` must be a whole number from {scheme.lowest} to {scheme.highest} ({scheme.name} scheme), but "
            f"{wrong.sum():,} of {len(values):,} rows are not (first: row {first + 1}: {values[first]:g}). "
            "Try: the scheme that fits the question, or drivers.NpsScheme(...)."
        )
    if not known.any():
        raise DataError(f"Nobody answered `{column.name}`: all {len(values):,} rows are missing.")
    _doubt_scale(str(column.name), values[known], int(count[known].sum()), scheme)
    return values


def _doubt_scale(name: str, values: Array, n: int, scheme: NpsScheme) -> None:
    if n > 500 and values.min() > scheme.lowest == 0:
        warn(
            f"Nobody of {n:,} answered 0 to `{name}`: was it asked from 1 to 10? Then scheme='one_to_ten' is "
            "its name; scores of two schemes are not to be compared.",
            UserWarning,
            stacklevel=4,
        )
    if n > 100 and values.max() <= (scheme.lowest + scheme.highest) / 2:
        warn(
            f"No answer to `{name}` is above {values.max():g} on a scale to {scheme.highest}: was it asked on a shorter one?",
            UserWarning,
            stacklevel=4,
        )

"""Rows alike in everything that a model sees, counted: many customers, few patterns."""

from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.survival.design import Covariate, Design
from churnlab.survival.spell_arrays import SpellArrays

__all__ = ["collapse_rows"]

Codes = npt.NDArray[np.int64]

_PROBE = 2_000
_MOST_VALUES = 256
_LARGEST = 2**62
_TABLE = 2**24
"""How many combinations are counted by a table of all; beyond it they are looked up."""


def collapse_rows(
    frame: pd.DataFrame, design: Design, observations: SpellArrays, stratum: npt.NDArray[np.intp] | None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]] | None:
    """Return a row of each kind and how many customers it stands for, or None where that saves little.

    Parameters
    ----------
    frame
        With the design's columns (n rows).
    design
        Of columns; after a formula rows are not compared.
    observations
        The n times at risk.
    stratum
        Number of each row's stratum (n,), or None.

    Returns
    -------
    rows, weight
        Place of the first row of each kind (m,), and the weight of the kind (m,); m is at most n / 4.
    """
    columns = [observations.duration, observations.churned]
    columns += [part for part in (observations.entry, stratum) if part is not None]
    if design.formula is not None or len(frame) < _PROBE:
        return None
    code, size = np.zeros(len(frame), dtype=np.int64), 1
    coded = (_code_covariate(covariate, frame) for covariate in design.covariates)
    for part in chain(coded, map(_code, columns)):
        if part is None or size * (part[1] + 1) > _LARGEST:
            return None
        if part[1] > 1:
            code *= part[1]
            code += part[0]
            size *= part[1]
    return _count(code, size, observations.weight)


def _code_covariate(covariate: Covariate, frame: pd.DataFrame) -> tuple[npt.NDArray[Any], int] | None:
    if covariate.levels is None:
        return _code(frame[covariate.name].to_numpy())
    return covariate.codes(frame[covariate.name]), len(covariate.levels)


def _code(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], int] | None:
    """Return numbers from 0 for values (n,) and how many there may be; None if they look continuous."""
    if values.dtype == bool:
        return values, 2
    low, high = float(values.min()), float(values.max())
    if high - low < 2**20 and abs(low) < _LARGEST:
        number = values[:_PROBE].astype(np.int64)
        if (number == values[:_PROBE]).all():
            number = values.astype(np.int64)
            if (number == values).all():
                number -= int(low)
                return number, int(high - low) + 1
    if len(np.unique(values[:_PROBE])) > _MOST_VALUES:
        return None
    place, known = pd.factorize(values)
    return place, len(known)


def _count(
    code: Codes, size: int, weight: npt.NDArray[np.float64] | None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]] | None:
    n = len(code)
    if size > _TABLE:
        if len(np.unique(code[:: max(1, n // 50_000)])) > 0.8 * min(n, 50_000):
            return None
        code = pd.factorize(code)[0].astype(np.int64)
        size = int(code.max()) + 1
    first = np.full(size, -1, dtype=np.intp)
    first[code[::-1]] = np.arange(n - 1, -1, -1)
    kinds = np.flatnonzero(first >= 0)
    if len(kinds) > n / 4:
        return None
    return first[kinds], np.bincount(code, weight, size)[kinds].astype(np.float64)

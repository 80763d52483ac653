"""Answers on their scale: read as numbers, codes for no answer taken out, what lies off the scale refused."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from numbers import Real
from warnings import warn

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import require_columns
from churnlab.errors import DataError, ParameterError

__all__ = ["Scale", "doubt_scales", "find_codes", "read_items", "to_scales"]

Array = npt.NDArray[np.float64]
Scale = tuple[float, float]

_ENOUGH_FOR_FLOOR, _ENOUGH_FOR_CEILING = 500, 100
"""Answers from which on an end of the scale that nobody used is worth a word."""


def to_scales(items: Sequence[str], scale: Scale | Mapping[str, Scale]) -> dict[str, Scale]:
    """Return the scale of each item.

    Raises
    ------
    ParameterError
        If an item has none, or it is not lowest, highest.
    """
    if isinstance(items, str):
        raise ParameterError(f'`items` must be a list of columns, not the text {items!r}. Try: ["{items}"].')
    if isinstance(scale, Mapping):
        absent = [name for name in items if name not in scale]
        if absent:
            raise ParameterError(f"`scale` has none for {', '.join(absent)}.")
        scales = {name: scale[name] for name in items}
    else:
        scales = dict.fromkeys(items, scale)
    for name, ends in scales.items():
        numbers = isinstance(ends, Iterable) and all(isinstance(end, Real) for end in ends)
        if not (numbers and len(ends) == 2 and ends[0] < ends[1]):
            raise ParameterError(f"The scale of `{name}` must be its lowest and its highest answer, not {ends!r}.")
    return scales


def _check_codes(scales: Mapping[str, Scale], no_answer: Sequence[float | str]) -> None:
    if isinstance(no_answer, str) or not isinstance(no_answer, Iterable):
        raise ParameterError(f"`no_answer` must be a list of codes, not {no_answer!r}. Try: [{no_answer!r}].")
    strange = [code for code in no_answer if not isinstance(code, str) and (not isinstance(code, Real) or isnan(code))]
    if strange:
        raise ParameterError(f"A code is a number or a text, not {strange[0]!r}: what is empty needs none.")
    for code in _numbers(no_answer):
        inside = [name for name, (low, high) in scales.items() if low <= code <= high]
        if inside:
            raise ParameterError(f"The code {code:g} lies on the scale of `{inside[0]}`, where it is an answer.")


def _numbers(no_answer: Iterable[float | str]) -> list[float]:
    return [float(code) for code in no_answer if not isinstance(code, str)]


def find_codes(column: pd.Series, no_answer: Sequence[float | str]) -> pd.Series:
    """Return which answers (n,) are codes."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.isin(_numbers(no_answer))
    words = [code.strip().casefold() for code in no_answer if isinstance(code, str)]
    said = column.astype("string").str.strip().str.casefold().isin(words) & column.notna()
    return said.astype(bool) | pd.to_numeric(column, errors="coerce").isin(_numbers(no_answer))


def _read(column: pd.Series, no_answer: Sequence[float | str]) -> Array:
    """Return answers as numbers (n,): NaN where there is none, infinite where it cannot be read."""
    coded = find_codes(column, no_answer).to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.where(coded, np.nan, column.to_numpy(dtype=float, na_value=np.nan))
    text = column.astype("string").str.strip()
    empty = (column.isna() | (text == "").fillna(value=True)).to_numpy(dtype=bool)
    numbers = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(empty | coded, np.nan, np.where(np.isnan(numbers), np.inf, numbers))


def read_items(frame: pd.DataFrame, scales: Mapping[str, Scale], no_answer: Sequence[float | str]) -> dict[str, Array]:
    """Return the answers to each item (n,), NaN where there is none.

    Raises
    ------
    DataError
        If an item is not there, or holds what is neither a number on its scale nor a code.
    ParameterError
        If a code lies on a scale.
    """
    require_columns(frame, list(scales))
    _check_codes(scales, no_answer)
    columns = {name: _read(frame[name], no_answer) for name in scales}
    _refuse_off_scale(frame, columns, scales)
    return columns


def _refuse_off_scale(frame: pd.DataFrame, columns: Mapping[str, Array], scales: Mapping[str, Scale]) -> None:
    found = []
    for name, values in columns.items():
        low, high = scales[name]
        wrong = ~np.isnan(values) & ~((values >= low) & (values <= high))
        if wrong.any():
            first = int(wrong.argmax())
            found.append(
                f"`{name}` must be a number from {low:g} to {high:g}, but {wrong.sum():,} of {len(values):,} rows are not "
                f"(first: row {first + 1}: {frame[name].iloc[first]!s:.40})"
            )
    if found:
        raise DataError(". ".join(found) + ". Try: the scale that was asked, or declare the code in `no_answer`.")


def doubt_scales(columns: Mapping[str, Array], scales: Mapping[str, Scale]) -> None:
    """Warn where no answer to any item of a scale uses an end of it that would be used."""
    for ends in sorted(set(scales.values())):
        names = [name for name in columns if scales[name] == ends]
        values = np.concatenate([columns[name] for name in names])
        values = values[~np.isnan(values)]
        if len(values) >= _ENOUGH_FOR_FLOOR and ends[0] == 0 and values.min() >= 1:
            warn(
                f"None of {len(values):,} answers to {_some(names)} is 0 on a scale from 0 to {ends[1]:g}: was it asked from 1 "
                f"to {ends[1]:g}? Then say so in `scale`; the two must not be mixed.",
                UserWarning,
                stacklevel=3,
            )
        if len(values) >= _ENOUGH_FOR_CEILING and values.max() <= (ends[0] + ends[1]) / 2:
            warn(
                f"No answer to {_some(names)} is above {values.max():g} on a scale to {ends[1]:g}: was it asked on a shorter one?",
                UserWarning,
                stacklevel=3,
            )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"

"""One column of answers: there, of numbers, finite, answered; or refused."""

import difflib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError

__all__ = ["column_weights", "is_categorical", "numeric_columns", "refuse_constant", "require_columns", "to_numbers"]

Array = npt.NDArray[np.float64]

_NUMBERS = frozenset({"integer", "floating", "mixed-integer-float", "decimal", "boolean"})
"""What pandas calls values that are numbers or flags though the column does not say so."""
_LARGEST = 1e100


def require_columns(answers: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse a frame that lacks columns.

    Raises
    ------
    DataError
        If it does; the nearest names are given.
    """
    if not isinstance(answers, pd.DataFrame):
        raise DataError(f"`answers` must be a data frame, not {type(answers).__name__}. Try: drivers.to_answers.")
    if answers.empty:
        raise DataError("The frame of answers has no rows.")
    for name in names:
        if name not in answers:
            near = difflib.get_close_matches(str(name), [str(column) for column in answers], n=1)
            raise DataError(f"The answers have no column `{name}`" + (f"; did you mean `{near[0]}`?" if near else "."))
        if isinstance(answers[name], pd.DataFrame):
            raise DataError(f"The answers have more than one column `{name}`.")


def is_categorical(column: pd.Series) -> bool:
    """Return whether a column holds categories rather than numbers or flags.

    Raises
    ------
    DataError
        If it holds neither: numbers as text, dates, or values of several kinds.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return False
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in _NUMBERS:
        return False
    if kind not in ("string", "empty", "categorical"):
        words = "values of several kinds" if kind.startswith("mixed") else f"values of the kind {kind}"
        raise DataError(
            f"`{column.name}` holds {words}, neither numbers nor categories. Try: leave it out, or convert it."
        )
    if pd.to_numeric(column.dropna(), errors="coerce").notna().any():
        raise DataError(f"`{column.name}` holds numbers as text. Try: pandas.to_numeric, or drivers.to_answers.")
    return True


def to_numbers(column: pd.Series) -> Array:
    """Return a column of numbers or flags (n,), NaN where missing.

    Raises
    ------
    DataError
        If one is infinite, or so large that its square is.
    """
    plain = column.mask(column.isna(), np.nan) if column.dtype == object else column
    values = plain.to_numpy(dtype=float, na_value=np.nan)
    wrong = np.abs(values) > _LARGEST
    if wrong.any():
        first = int(wrong.argmax())
        rule = "be finite" if np.isinf(values).any() else f"lie between -{_LARGEST:g} and {_LARGEST:g}"
        raise DataError(
            f"`{column.name}` must {rule}, but {wrong.sum():,} of {len(values):,} rows are not "
            f"(first: row {first + 1}: {values[first]:g})."
        )
    return values


def numeric_columns(answers: pd.DataFrame, names: Sequence[str]) -> Array:
    """Return columns of ratings (n, k), NaN where skipped.

    Raises
    ------
    DataError
        If a column is missing, not of numbers or without an answer.
    """
    require_columns(answers, names)
    for name in names:
        if is_categorical(answers[name]):
            raise DataError(f"`{name}` must hold ratings, but it holds categories.")
    columns = [to_numbers(answers[name]) for name in names]
    for name, values in zip(names, columns, strict=True):
        _refuse_empty(name, values)
    return np.column_stack(columns)


def _refuse_empty(name: str, values: Array) -> None:
    if np.all(np.isnan(values)):
        raise DataError(f"Nobody answered `{name}`: all {len(values):,} rows are missing. Try: leave it out.")


def refuse_constant(name: str, values: Array) -> None:
    """Refuse answers (n,) that are all the same, or all missing.

    Raises
    ------
    DataError
        If they are.
    """
    _refuse_empty(name, values)
    answered = values[~np.isnan(values)]
    if answered.min() == answered.max():
        raise DataError(f"All {len(answered):,} answers to `{name}` are {answered[0]:g}. Try: leave it out.")


def column_weights(answers: pd.DataFrame, weight: str | None) -> Array:
    """Return a column of weights (n,), or ones.

    Raises
    ------
    DataError
        If it is not there, or a weight is missing, infinite, 0 or less.
    """
    if weight is None:
        return np.ones(len(answers))
    require_columns(answers, [weight])
    if is_categorical(answers[weight]):
        raise DataError(f"`{weight}` must hold numbers.")
    values = answers[weight].to_numpy(dtype=float, na_value=np.nan)
    wrong = ~((values > 0) & (values < np.inf))
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"`{weight}` must be above 0 and finite, but {wrong.sum():,} of {len(values):,} rows are not "
            f"(first: row {first + 1}: {values[first]:g}). Try: leave out who should not count."
        )
    return values

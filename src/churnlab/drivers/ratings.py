"""Questionnaires as arrays: the columns asked for, checked once at the edge."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError

__all__ = ["Ratings", "column_weights", "numeric_columns", "refuse_degenerate", "require_columns", "to_ratings"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ratings:
    """Answers to the drivers and the outcome.

    Attributes
    ----------
    outcome
        Name of the outcome.
    drivers
        Names of the drivers.
    terms
        Names of the k - 1 columns: a driver that is rated has one, a categorical one has one per level but its first.
    driver_of
        Place of the driver that each term belongs to (k - 1,).
    values
        Answers (n, k), the outcome last; NaN where skipped.
    weight
        Survey weights (n,).
    """

    outcome: str
    drivers: tuple[str, ...]
    terms: tuple[str, ...]
    driver_of: tuple[int, ...]
    values: Array
    weight: Array

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Whether a row has all answers (n,)."""
        whole: npt.NDArray[np.bool_] = ~np.any(np.isnan(self.values), axis=1)
        return whole

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Whether a row has any answer (n,)."""
        some: npt.NDArray[np.bool_] = ~np.all(np.isnan(self.values), axis=1)
        return some

    def rows(self, chosen: npt.NDArray[np.bool_]) -> "Ratings":
        """Return some of the rows (n,)."""
        return Ratings(
            outcome=self.outcome,
            drivers=self.drivers,
            terms=self.terms,
            driver_of=self.driver_of,
            values=self.values[chosen],
            weight=self.weight[chosen],
        )


def to_ratings(answers: pd.DataFrame, *, outcome: str, drivers: Sequence[str], weight: str | None = None) -> Ratings:
    """Return the outcome and its drivers as arrays.

    Parameters
    ----------
    answers
        One row per questionnaire; skipped answers are missing.
    outcome
        Column to be explained: numbers, or ordered categories, which count 0, 1, 2, ….
    drivers
        Columns that may explain it: numbers, flags, or categories, which enter as flags against their first level.
    weight
        Column of survey weights.

    Raises
    ------
    DataError
        If a column is not there, not of numbers, constant or without an answer, or a weight is not positive.
    ParameterError
        If the outcome is among the drivers, a driver is named twice, or there is none.
    """
    names = _driver_names(outcome, drivers)
    require_columns(answers, [outcome, *names, *([weight] if weight else [])])
    terms, driver_of, columns = [], [], []
    for place, name in enumerate(names):
        for term, values in _driver_columns(answers[name]):
            terms.append(term)
            driver_of.append(place)
            columns.append(values)
    columns.append(_outcome_column(answers[outcome]))
    for term, values in zip([*terms, outcome], columns, strict=True):
        _refuse_constant(term, values)
    return Ratings(
        outcome=outcome,
        drivers=names,
        terms=tuple(terms),
        driver_of=tuple(driver_of),
        values=np.column_stack(columns),
        weight=column_weights(answers, weight),
    )


def _driver_names(outcome: str, drivers: Sequence[str]) -> tuple[str, ...]:
    if isinstance(drivers, str):
        raise ParameterError(f'`drivers` must be a list of columns, not the text {drivers!r}. Try: ["{drivers}"].')
    names = tuple(drivers)
    if not names:
        raise ParameterError("`drivers` names no column.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ParameterError(f"`drivers` names {', '.join(repeated)} more than once.")
    if outcome in names:
        raise ParameterError(f"The outcome `{outcome}` is among the drivers, where it would explain itself.")
    return names


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


def _driver_columns(column: pd.Series) -> list[tuple[str, Array]]:
    if not _is_categorical(column):
        return [(str(column.name), _numbers(column))]
    kinds = column.astype("category").cat.remove_unused_categories()
    codes = kinds.cat.codes.to_numpy()
    return [
        (f"{column.name}: {level}", np.where(codes < 0, np.nan, (codes == place).astype(float)))
        for place, level in enumerate(kinds.cat.categories)
        if place > 0
    ] or [(str(column.name), np.where(codes < 0, np.nan, 0.0))]


def _is_categorical(column: pd.Series) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return False
    if pd.to_numeric(column.dropna(), errors="coerce").notna().any():
        raise DataError(f"`{column.name}` holds numbers as text. Try: pandas.to_numeric, or drivers.to_answers.")
    return True


def _outcome_column(column: pd.Series) -> Array:
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered:
        codes = column.cat.codes.to_numpy()
        return np.where(codes < 0, np.nan, codes.astype(float))
    if isinstance(column.dtype, pd.CategoricalDtype) or _is_categorical(column):
        raise DataError(f"The outcome `{column.name}` has no order. Try: numbers, or ordered pandas categories.")
    return _numbers(column)


def _numbers(column: pd.Series) -> Array:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        raise DataError(
            f"`{column.name}` must be finite, but {infinite.sum():,} of {len(values):,} rows are not "
            f"(first: row {int(infinite.argmax())})."
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
        if _is_categorical(answers[name]):
            raise DataError(f"`{name}` must hold ratings, but it holds categories.")
    columns = [_numbers(answers[name]) for name in names]
    for name, values in zip(names, columns, strict=True):
        _refuse_empty(name, values)
    return np.column_stack(columns)


def _refuse_empty(name: str, values: Array) -> None:
    if np.all(np.isnan(values)):
        raise DataError(f"Nobody answered `{name}`: all {len(values):,} rows are missing. Try: leave it out.")


def _refuse_constant(name: str, values: Array) -> None:
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
    if _is_categorical(answers[weight]):
        raise DataError(f"`{weight}` must hold numbers.")
    values = answers[weight].to_numpy(dtype=float, na_value=np.nan)
    wrong = ~((values > 0) & (values < np.inf))
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"`{weight}` must be above 0 and finite, but {wrong.sum():,} of {len(values):,} rows are not "
            f"(first: row {first}: {values[first]:g}). Try: leave out who should not count."
        )
    return values


def refuse_degenerate(correlation: Array, names: Sequence[str]) -> None:
    """Refuse drivers of which one says nothing new.

    Parameters
    ----------
    correlation
        Of the drivers (p, p).
    names
        Their p names.

    Raises
    ------
    DataError
        If two are the same but for unit and direction, or some determine one another; all are named.
    """
    same = np.argwhere(np.triu(np.abs(correlation) > 1 - 1e-10, 1))
    if len(same):
        first, second = (names[place] for place in same[0])
        raise DataError(
            f"`{first}` and `{second}` are the same but for their unit, so that their importance cannot be told apart. "
            "Try: leave one out."
        )
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < 1e-10:
        linked = [name for name, part in zip(names, vectors[:, 0], strict=True) if abs(part) > 1e-4]
        raise DataError(
            f"{', '.join(f'`{name}`' for name in linked)} determine one another (one is a sum of the others). "
            "Try: leave one out."
        )

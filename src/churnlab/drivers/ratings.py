"""Questionnaires as arrays: the columns asked for, checked once at the edge."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import column_weights, is_categorical, refuse_constant, require_columns, to_numbers
from churnlab.errors import DataError, ParameterError

__all__ = ["Ratings", "refuse_degenerate", "to_ratings"]

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


def to_ratings(
    answers: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    always: Sequence[str] = (),
    weight: str | None = None,
) -> Ratings:
    """Return the outcome and its drivers as arrays.

    Parameters
    ----------
    answers
        One row per questionnaire; skipped answers are missing.
    outcome
        Column to be explained: numbers, or ordered categories, which count 0, 1, 2, ….
    drivers
        Columns that may explain it: numbers, flags, or categories, which enter as flags against their first level.
    always
        Columns like these that follow them.
    weight
        Column of survey weights.

    Raises
    ------
    DataError
        If a column is not there, not of numbers, constant or without an answer, or a weight is not positive.
    ParameterError
        If the outcome is among the drivers, a driver is named twice, or there is none.
    """
    names = _driver_names(outcome, drivers, always)
    require_columns(answers, [outcome, *names, *([weight] if weight else [])])
    terms, driver_of, columns = [], [], []
    for place, name in enumerate(names):
        for term, values in _driver_columns(answers[name]):
            terms.append(term)
            driver_of.append(place)
            columns.append(values)
    columns.append(_outcome_column(answers[outcome]))
    for term, values in zip([*terms, outcome], columns, strict=True):
        refuse_constant(term, values)
    return Ratings(
        outcome=outcome,
        drivers=names,
        terms=tuple(terms),
        driver_of=tuple(driver_of),
        values=np.column_stack(columns),
        weight=column_weights(answers, weight),
    )


def _driver_names(outcome: str, drivers: Sequence[str], always: Sequence[str]) -> tuple[str, ...]:
    for role, given in (("drivers", drivers), ("always", always)):
        if isinstance(given, str):
            raise ParameterError(f'`{role}` must be a list of columns, not the text {given!r}. Try: ["{given}"].')
    names = (*drivers, *always)
    if not len(drivers):
        raise ParameterError("`drivers` names no column.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ParameterError(f"`drivers` names {', '.join(repeated)} more than once.")
    if outcome in names:
        raise ParameterError(f"The outcome `{outcome}` is among the drivers, where it would explain itself.")
    return names


def _driver_columns(column: pd.Series) -> list[tuple[str, Array]]:
    if not is_categorical(column):
        return [(str(column.name), to_numbers(column))]
    kinds = column.astype("category").cat.remove_unused_categories()
    codes = kinds.cat.codes.to_numpy()
    return [
        (f"{column.name}: {level}", np.where(codes < 0, np.nan, (codes == place).astype(float)))
        for place, level in enumerate(kinds.cat.categories)
        if place > 0
    ] or [(str(column.name), np.where(codes < 0, np.nan, 0.0))]


def _outcome_column(column: pd.Series) -> Array:
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered:
        codes = column.cat.codes.to_numpy()
        return np.where(codes < 0, np.nan, codes.astype(float))
    if isinstance(column.dtype, pd.CategoricalDtype) or is_categorical(column):
        raise DataError(f"The outcome `{column.name}` has no order. Try: numbers, or ordered pandas categories.")
    return to_numbers(column)


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

"""From a frame's columns to a matrix of covariates, the same way for the data of the fit and for new customers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError

__all__ = ["Covariate", "Design", "count_texts", "plan_design"]

Array = npt.NDArray[np.float64]

_MOST_LEVELS = 200
_FIRST = 10_000
_OF_THE_SPELL = {"duration", "churned", "entry", "weight", "reason"}


@dataclass(frozen=True, kw_only=True)
class Covariate:
    """A column as it enters the matrix: as a number, or as one 0/1 column for each level but the first."""

    name: str
    levels: tuple[Any, ...] | None

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of its columns in the matrix."""
        if self.levels is None:
            return (self.name,)
        return tuple(f"{self.name}[{level}]" for level in self.levels[1:])

    def codes(self, column: pd.Series) -> npt.NDArray[Any]:
        """Return the place of each value (n,) among the levels.

        Raises
        ------
        DataError
            If a cell is empty, or a value is none of them.
        """
        codes = _place_among(self.levels or (), column)
        if codes.min(initial=0) < 0:
            strange = np.flatnonzero(codes < 0)
            _check_cells(column.to_frame(), [self.name])
            known = ", ".join(map(repr, (self.levels or ())[:10]))
            raise DataError(
                f"`{self.name}` holds levels that the fit has not seen, in {len(strange):,} of {len(column):,} rows "
                f"(first: row {strange[0] + 1}: {column.iloc[strange[0]]!r}). It knows {known}."
            )
        return codes

    def rows(self, column: pd.Series) -> Iterator[Array]:
        """Yield its rows of the matrix, each (n,)."""
        if self.levels is None:
            yield column.to_numpy(dtype=np.float64, na_value=np.nan)
            return
        codes = self.codes(column)
        for place in range(1, len(self.levels)):
            yield (codes == place).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class Design:
    """How covariates become a matrix with one row per term: by columns, or by a formula.

    Attributes
    ----------
    terms
        Names of the p rows of the matrix.
    groups
        For each term the covariate, or the formula's term, that it belongs to (p).
    covariates
        The columns, unless there is a formula.
    formula
        The formula's specification (of formulaic), or None.
    """

    terms: tuple[str, ...]
    groups: tuple[str, ...]
    covariates: tuple[Covariate, ...]
    formula: Any = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that it needs."""
        if self.formula is None:
            return tuple(covariate.name for covariate in self.covariates)
        return tuple(sorted(str(name) for name in self.formula.required_variables))

    def matrix(self, frame: pd.DataFrame) -> Array:
        """Return the covariates of the frame's rows (p, n).

        Raises
        ------
        DataError
            If a column is missing, holds empty cells, is no number where one is needed, or has an unknown level.
        """
        _check_there(frame, self.columns)
        if self.formula is not None:
            _check_cells(frame, self.columns)
            return _formula_matrix(self.formula, frame)
        matrix = np.empty((len(self.terms), len(frame)))
        place = 0
        for covariate in self.covariates:
            for row in covariate.rows(frame[covariate.name]):
                matrix[place] = row
                if covariate.levels is None and not np.isfinite(matrix[place].sum()):
                    _check_cells(frame, [covariate.name])
                place += 1
        return matrix


def plan_design(frame: pd.DataFrame, covariates: Sequence[str] | None, formula: str | None) -> Design:
    """Decide how the columns of a frame become a matrix.

    Parameters
    ----------
    frame
        The data of the fit.
    covariates
        Columns; text and categories by themselves become one 0/1 term for each level but the first.
    formula
        Right-hand side in the language of formulaic, in place of `covariates`: ``"age * plan + log(price)"``.

    Raises
    ------
    ParameterError
        If both or neither are given, or the formula cannot be read.
    DataError
        If a column is missing or has empty cells.
    """
    if (covariates is None) == (formula is None):
        raise ParameterError("Say what to fit on by `covariates` or by `formula`, one of the two.")
    if formula is not None:
        return _plan_formula(frame, formula)
    names = [covariates] if isinstance(covariates, str) else list(covariates or ())
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or _OF_THE_SPELL.intersection(names):
        wrong = ", ".join(f"`{name}`" for name in repeated or sorted(_OF_THE_SPELL.intersection(names)))
        raise ParameterError(
            f"{wrong} cannot stand among the covariates: {'twice' if repeated else 'it is the outcome'}."
        )
    _check_there(frame, names)
    planned = tuple(_plan_covariate(frame[name]) for name in names)
    return Design(
        terms=tuple(term for covariate in planned for term in covariate.terms),
        groups=tuple(covariate.name for covariate in planned for _ in covariate.terms),
        covariates=planned,
    )


def count_texts(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return a frame in which columns of text with few levels are categories, so that each text is read once.

    Parameters
    ----------
    frame
        Any; it is not changed.
    names
        Columns that may hold text; what is not in the frame is left to :func:`plan_design`.
    """
    kinds = frame.dtypes
    texts = [name for name in names if name in kinds and kinds[name].kind == "O" and kinds[name] != "category"]
    coded = frame.copy(deep=False)
    for name in texts:
        codes, levels = pd.factorize(frame[name])
        if len(levels) <= _MOST_LEVELS and len(levels) <= len(frame) / 2:
            order = sorted(range(len(levels)), key=lambda place: str(levels[place]))
            place = np.append(np.argsort(order), -1).astype(np.int16)
            kind = pd.CategoricalDtype(pd.Index(levels)[order])
            coded[name] = pd.Categorical.from_codes(place[codes], dtype=kind)  # type: ignore[arg-type]  # any integers
    return coded if texts else frame


def _plan_covariate(column: pd.Series) -> Covariate:
    kind, name = column.dtype, str(column.name)
    if isinstance(kind, pd.CategoricalDtype):
        return Covariate(
            name=name, levels=tuple(kind.categories[_seen(column.cat.codes.to_numpy(), len(kind.categories))])
        )
    if pd.api.types.is_numeric_dtype(kind):
        return Covariate(name=name, levels=None)
    if pd.api.types.is_datetime64_any_dtype(kind):
        raise DataError(f"`{name}` holds dates. Try: the time between two dates as a number.")
    levels = pd.Index(column.unique()).dropna()
    if len(levels) > _MOST_LEVELS or (len(column) >= 20 and len(levels) > len(column) / 2):
        raise DataError(
            f"`{name}` has {len(levels):,} levels in {len(column):,} rows, like a name of customers. Try: leave it out, or "
            "join its rare levels."
        )
    return Covariate(name=name, levels=tuple(sorted(levels, key=str)))


def _seen(codes: npt.NDArray[Any], levels: int) -> npt.NDArray[np.bool_]:
    """Return which of some levels occur among codes (n,), -1 for none: by the first rows if all do."""
    for part in (codes[:_FIRST], codes):
        found = np.bincount(part.astype(np.intp) + 1, minlength=levels + 1)[1:] > 0
        if found.all():
            break
    return found


def _place_among(levels: tuple[Any, ...], column: pd.Series) -> npt.NDArray[Any]:
    """Return the place of each value (n,) among the levels; -1 for what is none of them."""
    known = pd.Index(list(levels))
    if not isinstance(column.dtype, pd.CategoricalDtype):
        found: npt.NDArray[np.int32] = known.get_indexer(pd.Index(column)).astype(np.int32)
        return found
    places, codes = known.get_indexer(column.cat.categories), column.cat.codes.to_numpy()
    if (places == np.arange(len(places))).all():
        return codes
    among: npt.NDArray[np.int32] = np.append(places, -1).astype(np.int32).take(codes, mode="wrap")
    return among


def _check_there(frame: pd.DataFrame, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in frame]
    if missing:
        there = ", ".join(map(str, frame.columns[:20]))
        raise DataError(f"There is no column {', '.join(f'`{name}`' for name in missing)}. There are {there}.")


def _check_cells(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        column = frame[name]
        empty = column.isna()
        if pd.api.types.is_float_dtype(column.dtype) and not empty.any():
            empty = pd.Series(~np.isfinite(column.to_numpy(dtype=np.float64)), index=column.index)
        if empty.any():
            first = int(np.flatnonzero(empty.to_numpy())[0])
            raise DataError(
                f"`{name}` must be there and finite in every row, but is not in {int(empty.sum()):,} of {len(frame):,} "
                f"(first: row {first + 1}). Try: fill it, give the lack a level of its own, or leave those rows out."
            )


def _plan_formula(frame: pd.DataFrame, formula: str) -> Design:
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    text = formula.strip()
    if re.match(r"^[^~(]*[^~(\s]\s*~", text):
        raise ParameterError(
            f"The formula {formula!r} must be a right-hand side alone: the outcome is `churned` by `duration`."
        )
    try:
        parsed = Formula(text if text.startswith("~") else f"~ {text}")
        needed = [str(name) for name in parsed.required_variables]
        _check_there(frame, needed)
        _check_cells(frame, needed)
        if _OF_THE_SPELL.intersection(needed):
            raise ParameterError(
                f"`{sorted(_OF_THE_SPELL.intersection(needed))[0]}` cannot stand among the covariates."
            )
        matrix = parsed.get_model_matrix(frame, na_action="raise")
    except FormulaicError as error:
        raise ParameterError(f"The formula {formula!r} cannot be read: {str(error).splitlines()[0]}") from None
    spec = matrix.model_spec
    groups = {column: str(term) for term, place in spec.term_slices.items() for column in spec.column_names[place]}
    terms = tuple(name for name in spec.column_names if name != "Intercept")
    return Design(terms=terms, groups=tuple(groups[term] for term in terms), covariates=(), formula=spec)


def _formula_matrix(spec: Any, frame: pd.DataFrame) -> Array:
    import warnings

    from formulaic.errors import DataMismatchWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        try:
            matrix = spec.get_model_matrix(frame, na_action="raise")
        except DataMismatchWarning as error:
            raise DataError(f"The frame holds levels that the fit has not seen: {error}") from None
    kept = [name for name in spec.column_names if name != "Intercept"]
    return np.ascontiguousarray(matrix[kept].to_numpy(dtype=np.float64).T)

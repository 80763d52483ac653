"""What customers differ in from the first day on, and how it changes the parameters of a model of orders."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import tables
from churnlab.errors import DataError, ParameterError
from churnlab.repurchase.transaction_model import Parameters, TransactionModel

__all__ = ["Covariates", "read_covariates", "to_covariates"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Covariates:
    """The effects of covariates on the k parameters of a model.

    Attributes
    ----------
    columns
        Names of the covariates (c).
    effects
        For each of the e effects: the place of its parameter, the sign in its exponent, the place of its column.
    terms
        Names of the effects, as `rate.income`.
    """

    columns: tuple[str, ...] = ()
    effects: tuple[tuple[int, int, int], ...] = ()
    terms: tuple[str, ...] = ()

    def parameters(self, theta: Array, values: Array) -> Parameters:
        """Return the model's parameters given covariates (m, c): θ exp(± Σ γ z), or one number where there are none."""
        base = theta[: len(theta) - len(self.effects)]
        exponents: dict[int, Array] = {}
        for (place, sign, column), gamma in zip(self.effects, theta[len(base) :], strict=True):
            exponents[place] = exponents.get(place, 0.0) + sign * gamma * values[:, column]
        return tuple(
            float(value) * np.exp(exponents[place]) if place in exponents else float(value)
            for place, value in enumerate(base)
        )


def to_covariates(model: TransactionModel, purchase: Iterable[str], drop_out: Iterable[str]) -> Covariates:
    """Return which covariates act on which parameters.

    Raises
    ------
    ParameterError
        If names are not a list of texts, each of them once.
    """
    named = {"purchase": _names("purchase", purchase), "drop_out": _names("drop_out", drop_out)}
    columns = tuple(dict.fromkeys([*named["purchase"], *named["drop_out"]]))
    effects, terms = [], []
    for kind, names in named.items():
        for term, sign in model.effects[kind].items():
            for name in names:
                effects.append((model.terms.index(term), sign, columns.index(name)))
                terms.append(f"{term}.{name}")
    return Covariates(columns=columns, effects=tuple(effects), terms=tuple(terms))


def _names(argument: str, names: Iterable[str]) -> tuple[str, ...]:
    found = () if isinstance(names, str) else tuple(names)
    if isinstance(names, str) or not all(isinstance(name, str) for name in found):
        raise ParameterError(f"`{argument}` must be a list of columns, not {names!r}.")
    again = next((name for place, name in enumerate(found) if name in found[:place]), None)
    if again is not None:
        raise ParameterError(f"`{argument}` names the column {again!r} twice.")
    return found


def read_covariates(rfm: Any, columns: tuple[str, ...]) -> Array | None:
    """Return the columns of a frame as numbers (n, c); None where there are no columns.

    Raises
    ------
    DataError
        If a column is not there, not a number, or missing in some rows.
    """
    if not columns:
        return None
    frame = rfm if isinstance(rfm, pd.DataFrame) else tables.read(rfm, "RFM").to_frame()
    return np.column_stack([_numbers(frame, name) for name in columns])


def _numbers(frame: pd.DataFrame, name: str) -> Array:
    if name not in frame:
        raise DataError(
            f"The frame has no column {name!r}, a covariate of the model. It has: {', '.join(map(str, frame))}."
        )
    try:
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise DataError(
            f"The covariate {name!r} must be numbers. Try: pandas.get_dummies(frame, columns=[{name!r}], dtype=float, "
            "drop_first=True)."
        ) from None
    wrong = ~np.isfinite(values)
    if wrong.any():
        raise DataError(
            f"The covariate {name!r} must be a finite number in every row: {wrong.sum():,} of {len(values):,} rows are not "
            f"(first: row {int(np.argmax(wrong)) + 1})."
        )
    return values

"""From a fitted curve back to pieces: the expected quantity of a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.elasticity.absorb import Absorbed
from churnlab.elasticity.columns import numbers_of
from churnlab.elasticity.groups import Group
from churnlab.elasticity.panel import CALENDAR, calendar_part, refuse_rows
from churnlab.errors import DataError

__all__ = ["LevelEffects", "Predictor", "level_effects", "predict_quantity"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelEffects:
    """The values of absorbed effects.

    Attributes
    ----------
    constant
        What all rows share.
    tables
        For each effect by name: one row per level, with its columns and `value`. How a constant is divided between effects is
        arbitrary; their sum is not.
    """

    constant: float
    tables: Mapping[str, pd.DataFrame]

    @property
    def size(self) -> int:
        """Number of levels of all effects."""
        return sum(len(table) for table in self.tables.values())


class Predictor(Protocol):
    """What a prediction needs of a fit."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients."""

    @property
    def coefficients(self) -> Array:
        """Estimates (k,)."""

    @property
    def moderators(self) -> Mapping[str, float]:
        """Means from which moderators are counted."""

    @property
    def effects(self) -> LevelEffects:
        """The values of the absorbed effects."""

    @property
    def smearing(self) -> float:
        """By which exp(predicted logarithm) becomes an expectation."""


def level_effects(absorbed: Absorbed, groups: tuple[Group, ...], weights: Array) -> LevelEffects:
    """Return the effects that belong to a combination of the absorbed columns.

    Parameters
    ----------
    absorbed
        Columns without their effects (n, m).
    groups
        The effects.
    weights
        Of the columns: 1 for the outcome and minus the coefficient for each regressor (m,).
    """
    tables = {
        group.name: group.labels().assign(value=level @ weights)
        for group, level in zip(groups, absorbed.levels, strict=True)
    }
    return LevelEffects(constant=float(absorbed.mean @ weights), tables=tables)


def predict_quantity(fit: Predictor, new_data: pd.DataFrame) -> pd.DataFrame:
    """Return the expected quantity of each row as `estimate`.

    Raises
    ------
    DataError
        If a column is missing or empty, a price is not above 0, or a level of an effect was not fitted.
    """
    total = np.full(len(new_data), fit.effects.constant)
    for term, coefficient in zip(fit.terms, fit.coefficients, strict=True):
        total += coefficient * _term(term, new_data, fit.moderators)
    for name, table in fit.effects.tables.items():
        total += _level_values(name, table, new_data)
    return pd.DataFrame({"estimate": np.exp(total) * fit.smearing}, index=new_data.index)


def _term(term: str, new_data: pd.DataFrame, moderators: Mapping[str, float]) -> Array:
    if term == "log_price":
        price = _numbers(new_data, "price")
        refuse_rows(~(price > 0), price, "`price` must be above 0", "leave these rows out")
        return np.log(price)
    main, _, moderator = term.partition(":")
    if main in ("log_price", "price") and moderator in moderators:
        return _term(main, new_data, moderators) * (_numbers(new_data, moderator) - moderators[moderator])
    return _numbers(new_data, term)


def _numbers(new_data: pd.DataFrame, name: str) -> Array:
    values = numbers_of(new_data, name)
    refuse_rows(~np.isfinite(values), values, f"`{name}` must be there, and finite", "leave these rows out")
    return values


def _level_values(name: str, table: pd.DataFrame, new_data: pd.DataFrame) -> Array:
    keys = [column for column in table.columns if column != "value"]
    wanted = pd.DataFrame({key: _key_values(key, new_data) for key in keys})
    known = table.astype({key: wanted[key].dtype for key in keys}, errors="ignore")
    values: Array = wanted.merge(known, on=keys, how="left")["value"].to_numpy()
    what = wanted.astype(str).agg(", ".join, axis=1).to_numpy()
    refuse_rows(
        np.isnan(values), what, f"The level of `{name}` must be among those fitted", "effects that new rows share"
    )
    return values


def _key_values(key: str, new_data: pd.DataFrame) -> "pd.Series[Any]":
    if key not in new_data and key in CALENDAR and "period" in new_data:
        return calendar_part(_days(new_data["period"]), key).reset_index(drop=True)
    if key not in new_data:
        raise DataError(f"There is no column `{key}`, which the curve was fitted with.")
    values = new_data[key].reset_index(drop=True)
    return _days(values) if key == "period" else values


def _days(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return dates as tables hold them: without a zone, those that have one by UTC."""
    dates = pd.to_datetime(values)
    return (dates if dates.dt.tz is None else dates.dt.tz_convert("UTC").dt.tz_localize(None)).astype("datetime64[us]")

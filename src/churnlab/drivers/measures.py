"""The measures of importance, each a function of correlations, for many resamples at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from churnlab.drivers.moments import standardise
from churnlab.drivers.relative_weights import relative_weights
from churnlab.drivers.shapley import partial_out, shapley_values
from churnlab.errors import ParameterError

__all__ = ["Method", "Plan", "Units", "explained", "measure"]

Array = npt.NDArray[np.float64]
Units = tuple[tuple[int, ...], ...]
Method = Literal["lmg", "johnson", "standardised", "first", "last", "pratt"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which columns enter as one, and which are always in.

    Attributes
    ----------
    terms
        Names of the u units.
    units
        Columns of each.
    always
        Columns that are in before all units.
    method
        Name of the measure.
    """

    terms: tuple[str, ...]
    units: Units
    always: tuple[int, ...]
    method: Method


def measure(correlation: Array, plan: Plan) -> Array:
    """Return the importance (b, u) of each unit, given correlations (b, k, k) with the outcome last.

    Raises
    ------
    ParameterError
        If the measure is unknown, or it has no value for a group.
    """
    if plan.method == "standardised":
        return _standardised(correlation, plan)
    if plan.method not in _MEASURES:
        raise ParameterError(f"`method` must be one of standardised, {', '.join(_MEASURES)}, not {plan.method!r}.")
    left = partial_out(correlation, plan.always) if plan.always else correlation
    places = [column for column in range(correlation.shape[-1]) if column not in plan.always]
    units = [[places.index(column) for column in unit] for unit in plan.units]
    shares: Array = _MEASURES[plan.method](standardise(left), units) * left[:, -1:, -1]
    return shares


def explained(correlation: Array, columns: Sequence[int] | None = None) -> Array:
    """Return R² (b,) of columns, or of all."""
    chosen = list(range(correlation.shape[-1] - 1)) if columns is None else list(columns)
    if not chosen:
        return np.zeros(len(correlation))
    slopes = _slopes(correlation[:, [*chosen, -1]][:, :, [*chosen, -1]])
    r_squared: Array = (slopes * correlation[:, chosen, -1]).sum(axis=1)
    return r_squared


def _slopes(correlation: Array) -> Array:
    solved = np.linalg.solve(correlation[:, :-1, :-1], correlation[:, :-1, -1:])
    return np.asarray(solved[:, :, 0], dtype=np.float64)


def _standardised(correlation: Array, plan: Plan) -> Array:
    grouped = [term for term, unit in zip(plan.terms, plan.units, strict=True) if len(unit) > 1]
    if grouped:
        raise ParameterError(
            f"A standardised coefficient belongs to one column, but {', '.join(grouped)} has several. "
            'Try: method="lmg".'
        )
    return _slopes(correlation)[:, [unit[0] for unit in plan.units]]


def _summed(values: Array, units: Sequence[Sequence[int]]) -> Array:
    return np.stack([values[:, list(unit)].sum(axis=1) for unit in units], axis=1)


def _johnson(correlation: Array, units: Sequence[Sequence[int]]) -> Array:
    return _summed(relative_weights(correlation), units)


def _pratt(correlation: Array, units: Sequence[Sequence[int]]) -> Array:
    return _summed(_slopes(correlation) * correlation[:, :-1, -1], units)


def _first(correlation: Array, units: Sequence[Sequence[int]]) -> Array:
    return np.stack([explained(correlation, unit) for unit in units], axis=1)


def _last(correlation: Array, units: Sequence[Sequence[int]]) -> Array:
    every = set(range(correlation.shape[-1] - 1))
    without = [explained(correlation, sorted(every - set(unit))) for unit in units]
    return explained(correlation)[:, None] - np.stack(without, axis=1)


_MEASURES: Mapping[str, Callable[[Array, Sequence[Sequence[int]]], Array]] = MappingProxyType(
    {
        "lmg": shapley_values,
        "johnson": _johnson,
        "first": _first,
        "last": _last,
        "pratt": _pratt,
    }
)
"""Functions of correlations (b, k, k) and the columns of each unit; they return (b, u)."""

"""Weights that let the customers whose fate is known stand for those who were lost from sight."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from churnlab.errors import DataError, ParameterError
from churnlab.survival.life_table import build_life_table
from churnlab.survival.spell_arrays import SpellArrays, to_arrays

__all__ = ["Censoring", "Known", "check_predictions", "fit_censoring", "known_at", "to_scored"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Censoring:
    """The share not yet lost from sight just before each of m times and after the last (m + 1,)."""

    time: Array
    share: Array

    def just_before(self, times: npt.ArrayLike) -> Array:
        """Return the share not lost from sight just before some times (n,)."""
        return np.asarray(self.share[np.searchsorted(self.time, times, side="left")])


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """Who is known at a time to have left (n,), and the weight of each customer (n,), 0 where it is not known."""

    left: npt.NDArray[np.bool_]
    weight: Array


def fit_censoring(spells: SpellArrays) -> Censoring:
    """Estimate how long customers stay in sight.

    Parameters
    ----------
    spells
        n spells without late entry.

    Notes
    -----
    Kaplan and Meier's curve of being lost from sight. At a time at which some leave and others are lost from sight, those
    who leave do so first, as in the curve of leaving.
    """
    table = build_life_table(spells)
    stayed = table.at_risk - table.events
    lost = np.divide(table.censored, stayed, out=np.zeros_like(stayed), where=stayed > 0)
    return Censoring(time=table.time, share=np.concatenate([[1.0], np.cumprod(1 - lost)]))


def known_at(spells: SpellArrays, time: float, censoring: Censoring) -> Known:
    """Return whose fate is known at a time, weighted by the inverse of the chance that it would be.

    Parameters
    ----------
    spells
        n spells.
    time
        The time.
    censoring
        Of these spells, or of those of the same kind.

    Notes
    -----
    Graf, Schmoor, Sauerbrei and Schumacher (1999), Statistics in Medicine 18, 2529-2545. A customer who left at t was known
    if she was in sight just before t, and one who stayed beyond t if she was in sight just before t too; so both weights are
    left limits. Where nobody leaves at a time at which others are lost from sight, this is what other implementations do.
    """
    left = spells.churned & (spells.duration <= time)
    stayed = (spells.duration > time) | ((spells.duration == time) & ~spells.churned)
    share = censoring.just_before(np.where(left, spells.duration, time))
    weight = np.divide(spells.weight, share, out=np.zeros_like(share), where=(left | stayed) & (share > 0))
    return Known(left=left, weight=weight)


def to_scored(spells: Any, latest: float) -> SpellArrays:
    """Return spells as arrays, sure that they can be scored up to a time.

    Parameters
    ----------
    spells
        SPELLS.
    latest
        The last time that is asked about.

    Raises
    ------
    DataError
        If they break the contract, have late entries, or end before that time.
    """
    arrays = to_arrays(spells)
    if arrays.entry is not None:
        late = int((arrays.entry > 0).sum())
        raise DataError(
            f"Scores take customers who are followed from the start, but {late:,} of {len(arrays.entry):,} rows have a late "
            "`entry`. Try: survival.to_follow_up, in which everybody is followed from the same day."
        )
    last = float(arrays.duration.max())
    if latest > last:
        raise DataError(
            f"No customer was followed for {latest:g}: the longest duration is {last:g}. Try an earlier time."
        )
    return arrays


def check_predictions(predictions: Mapping[str, npt.ArrayLike], n: int, shape: tuple[int, ...]) -> dict[str, Array]:
    """Return predictions as arrays of the right shape, all within 0 and 1.

    Parameters
    ----------
    predictions
        For each model's name an array.
    n
        Number of customers, the first dimension.
    shape
        The other dimensions.

    Raises
    ------
    DataError
        If an array has another shape, or a value does not lie within 0 and 1.
    ParameterError
        If there is no model.
    """
    if not predictions:
        raise ParameterError("There is no prediction to score.")
    arrays = {name: _to_numbers(name, values) for name, values in predictions.items()}
    for name, values in arrays.items():
        if values.shape != (n, *shape):
            raise DataError(f"The prediction {name!r} has shape {values.shape}, but {(n, *shape)} is needed.")
        wrong = ~((values >= 0) & (values <= 1))
        if wrong.any():
            raise DataError(
                f"The prediction {name!r} must lie within 0 and 1: {int(wrong.sum()):,} of {values.size:,} do not."
            )
    return arrays


def _to_numbers(name: str, values: npt.ArrayLike) -> Array:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"The prediction {name!r} must be numbers, all of the same shape.") from None

"""Features on one scale: logarithms of the skewed, less the median, over the spread."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.errors import DataError

__all__ = ["Scale", "to_scale"]

Array = npt.NDArray[np.float64]

_SKEWED = 1.0
_FAR = 4.0


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How features become comparable: logarithm of the skewed ones, median and spread of all."""

    logged: npt.NDArray[np.bool_]
    center: Array
    spread: Array

    def to_standard(self, values: Array) -> Array:
        """Return values (n, p) on the common scale, far ones drawn in."""
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.log1p(np.maximum(values, -1 + 1e-12))
        straight = np.where(self.logged, logs, values)
        standard: Array = np.clip((straight - self.center) / self.spread, -_FAR, _FAR)
        return standard

    def to_units(self, standard: Array) -> Array:
        """Return points (k, p) of the common scale in the features' own units."""
        straight = standard * self.spread + self.center
        units: Array = np.where(self.logged, np.expm1(np.where(self.logged, straight, 0)), straight)
        return units


def to_scale(values: Array, names: tuple[str, ...]) -> Scale:
    """Return the scale on which features become comparable.

    Parameters
    ----------
    values
        One row per customer (n, p), all finite.
    names
        Of the p features, for messages.

    Raises
    ------
    DataError
        If a feature has one value only.

    Examples
    --------
    >>> scale = to_scale(np.array([[1.0], [2.0], [3.0]]), ("orders",))
    >>> scale.to_units(scale.to_standard(np.array([[2.5]]))).tolist()
    [[2.5]]
    """
    from scipy.stats import skew

    constant = [name for name, column in zip(names, values.T, strict=True) if np.ptp(column) == 0]
    if constant:
        raise DataError(
            f"All customers have the same value of {', '.join(map(repr, constant))}. Leave the columns out."
        )
    logged = (values.min(axis=0) >= 0) & (skew(values, axis=0) > _SKEWED)
    straight = np.where(logged, np.log1p(np.where(logged, values, 0)), values)
    low, center, high = np.quantile(straight, [0.25, 0.5, 0.75], axis=0)
    spread = np.where(high > low, (high - low) / 1.349, straight.std(axis=0))
    return Scale(logged=logged, center=center, spread=spread)

"""Hazards for several reasons together."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from churnlab.survival.cox_hazards import CoxHazards
from churnlab.survival.predictions import to_steps

__all__ = ["JointHazards"]

Array = npt.NDArray[np.float64]


class JointHazards:
    """Hazards of n customers for several reasons together: their sum; the fits are independent of each other."""

    def __init__(self, parts: Sequence[CoxHazards]) -> None:
        self.parts = tuple(parts)

    @property
    def last(self) -> Array:
        """Time up to which every reason's model knows each customer (n,)."""
        found: Array = np.min([part.last for part in self.parts], axis=0)
        return found

    def cumulative(self, start: Array, end: Array) -> Array:
        """Return each customer's cumulative hazard of leaving for any reason (n,)."""
        return np.asarray(sum(part.cumulative(start, end) for part in self.parts))

    def gradient(self, start: Array, end: Array, factor: Array) -> Array:
        """Return the derivative by the parameters of all reasons, each reason's padded to the same length."""
        gradients = [part.gradient(start, end, factor) for part in self.parts]
        return np.stack([np.pad(part, (0, self._width - len(part))) for part in gradients])

    def variance(self, gradient: Array) -> float:
        """Return the variance of what has that gradient."""
        pairs = zip(self.parts, gradient, strict=True)
        return float(sum(part.variance(slope[: part.n_parameters]) for part, slope in pairs))

    def row_variance(self, start: Array, end: Array) -> Array:
        """Return the variance of each customer's cumulative hazard (n,)."""
        return np.asarray(sum(part.row_variance(start, end) for part in self.parts))

    def nodes(self, start: Array, end: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the steps of survival between start and end: times (n,) and widths (n,)."""
        yield from to_steps(self.times, start, end)

    @property
    def times(self) -> Array:
        """Every time at which anybody left, in order."""
        return np.unique(np.concatenate([part.times for part in self.parts]))

    @property
    def _width(self) -> int:
        return max(part.n_parameters for part in self.parts)

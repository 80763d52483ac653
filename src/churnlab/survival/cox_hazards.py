"""Hazards of single customers under a Cox model, with the uncertainty of the baseline and of the coefficients."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.survival.cox_newton import Point
from churnlab.survival.cox_risk import RiskSets
from churnlab.survival.predictions import to_steps

__all__ = ["Baseline", "CoxHazards", "to_baseline"]

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Baseline:
    """The hazard of a customer with the mean covariates, in slots: one before the first end of each stratum, one per end.

    Attributes
    ----------
    times
        Of the ends (m,), NaN in the first slot of a stratum.
    starts
        First slot of each stratum, and m at the end.
    last
        Last time at which each stratum was observed.
    hazard
        Increment of the cumulative hazard (m,).
    variance
        Of each increment, given the coefficients (m,).
    shift
        How each increment falls as the coefficients rise (p, m).
    """

    times: Array
    starts: Places
    last: Array
    hazard: Array
    variance: Array
    shift: Array

    def running(self, increments: Array) -> Array:
        """Add up increments (m,) or (p, m) within each stratum."""
        total = np.empty_like(increments)
        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            total[..., start:end] = np.cumsum(increments[..., start:end], axis=-1)
        return total

    def slots(self, stratum: Places, time: Array) -> Places:
        """Return the slot of each row's time (n,) in its stratum (n,)."""
        if len(self.starts) == 2:
            return np.searchsorted(self.times[1:], time, "right")
        found = np.empty(len(time), dtype=np.intp)
        for number, (start, end) in enumerate(zip(self.starts[:-1], self.starts[1:], strict=True)):
            mine = stratum == number
            found[mine] = start + np.searchsorted(self.times[start + 1 : end], time[mine], "right")
        return found


def to_baseline(sets: RiskSets, point: Point, deviation: Array, last: Array) -> Baseline:
    """Return the baseline hazard at a fitted point of standardised covariates with deviations (p,)."""
    ties = point.ties
    return Baseline(
        times=sets.times,
        starts=sets.starts,
        last=last,
        hazard=ties.a,
        variance=ties.c0,
        shift=(ties.c0 * point.s1 - ties.c1 * point.e1) * deviation[:, None],
    )


class CoxHazards:
    """Hazards of n customers: centred covariates (p, n), coefficients (p,) with covariance (p, p), a baseline.

    Notes
    -----
    Variances as in Therneau and Grambsch (2000), section 10.2: the increments of the baseline are independent given the
    coefficients, and move with them by `Baseline.shift`. R: ``survfit.coxph``.
    """

    def __init__(
        self, baseline: Baseline, centred: Array, stratum: Places, coefficients: Array, covariance: Array
    ) -> None:
        self._baseline, self._centred, self._stratum, self._covariance = baseline, centred, stratum, covariance
        self._relative = np.exp(coefficients @ centred)
        self._hazard = baseline.running(baseline.hazard)
        self._own = baseline.running(baseline.variance)
        self._shift = baseline.running(baseline.shift)

    @property
    def last(self) -> Array:
        """Last time at which each customer's stratum was observed (n,)."""
        return self._baseline.last[self._stratum]

    def cumulative(self, start: Array, end: Array) -> Array:
        """Return each customer's cumulative hazard between two times (n,)."""
        before, after = self._slots(start, end)
        found: Array = self._relative * (self._hazard[after] - self._hazard[before])
        return found

    def gradient(self, start: Array, end: Array, factor: Array) -> Array:
        """Return the derivative by the m increments and the p coefficients of a weighted sum of hazards (m + p,)."""
        before, after = self._slots(start, end)
        scaled = factor * self._relative
        m = len(self._baseline.times)
        ends = np.bincount(after, scaled, m) - np.bincount(before, scaled, m)
        increments = np.empty(m)
        for first, stop in zip(self._baseline.starts[:-1], self._baseline.starts[1:], strict=True):
            increments[first:stop] = np.cumsum(ends[first:stop][::-1])[::-1]
            increments[first] = 0.0
        through = self._centred @ (scaled * (self._hazard[after] - self._hazard[before]))
        return np.concatenate([increments, through - self._baseline.shift @ increments])

    def variance(self, gradient: Array) -> float:
        """Return the variance of what has that gradient (m + p,)."""
        m = len(self._baseline.times)
        increments, slopes = gradient[:m], gradient[m:]
        return float(increments**2 @ self._baseline.variance + slopes @ self._covariance @ slopes)

    def row_variance(self, start: Array, end: Array) -> Array:
        """Return the variance of each customer's cumulative hazard (n,)."""
        before, after = self._slots(start, end)
        through = self._centred * (self._hazard[after] - self._hazard[before])
        through -= self._shift[:, after] - self._shift[:, before]
        spread = np.einsum("in,ij,jn->n", through, self._covariance, through, optimize=True)
        found: Array = self._relative**2 * (self._own[after] - self._own[before] + spread)
        return found

    def nodes(self, start: Array, end: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the steps of survival between start and end: times (n,) and widths (n,)."""
        yield from to_steps(self.times, start, end)

    @property
    def times(self) -> Array:
        """Every time at which anybody left, in order."""
        times: Array = np.unique(self._baseline.times)
        return times[~np.isnan(times)]

    @property
    def n_parameters(self) -> int:
        """How many increments and coefficients there are."""
        return len(self._baseline.times) + len(self._centred)

    def _slots(self, start: Array, end: Array) -> tuple[Places, Places]:
        return self._baseline.slots(self._stratum, start), self._baseline.slots(self._stratum, end)

"""Who is at risk when a customer leaves: the sums that the partial likelihood is made of, linear in the rows.

Times live in slots. Stratum s with K distinct times of an end has K + 1 slots: slot 0 lies before its first end, slot j
from its j-th end to just before the next. A row is at risk at the ends of the slots above its entry's, up to its own.
So a sum over those at risk is a sum by slot, added up from the last slot down, and a sum over the ends that a
row has lived through is a difference of two running sums.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from churnlab.survival.spell_arrays import SpellArrays
from churnlab.survival.whole_times import count_up_to, distinct

__all__ = ["RiskSets", "TieSums", "Ties", "Weights", "build_risk_sets"]

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Ties = Literal["efron", "breslow"]
Weights = Literal["counts", "sampling"]


_FEW_TIES = 32
_FAR = 64.0
"""With more ties, of which those at risk outlast the last by so many, sums over ties have a closed form."""
_DIGAMMA = ((1 / 24, 2), (-7 / 960, 4), (31 / 8064, 6), (-127 / 30720, 8))


@dataclass(frozen=True, kw_only=True, eq=False)
class TieSums:
    """Sums over the tied ends of a slot, each (m,), with D the risk sum as the l-th of them leaves and f = l / d.

    `a` is Σ w/D (the hazard's increment), `b` is Σ w f/D, and `c0`, `c1`, `c2` are Σ w/D², Σ w f/D², Σ w f²/D².
    """

    a: Array
    b: Array
    c0: Array
    c1: Array
    c2: Array
    log_risk: float


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskSets:
    """Slots of n rows in m slots, and the ties in them.

    Attributes
    ----------
    times
        Time of each slot's end (m,); NaN before the first of a stratum.
    starts
        First slot of each stratum, and m at the end.
    stop, entry
        Slot of each row's end and of its entry (n,); entry is None if all come in at 0.
    events, event_slot, event_weight
        Rows that ended, their slots and weights, each (d,).
    ended
        Weight of the ends of each slot (m,).
    ties
        Number of tied ends of each slot (m,).
    """

    times: Array
    starts: Places
    stop: Places
    entry: Places | None
    events: Places
    event_slot: Places
    event_weight: Array
    ended: Array
    ties: Array

    @property
    def n_slots(self) -> int:
        """How many slots there are."""
        return len(self.times)

    def at_risk(self, values: Array) -> Array:
        """Return the sum of the rows' values (n,) over those at risk at each slot's end (m,)."""
        sums: Array = np.bincount(self.stop, values, self.n_slots).astype(np.float64, copy=False)
        if self.entry is not None:
            sums -= np.bincount(self.entry, values, self.n_slots)
        return self.downwards(sums)

    def downwards(self, sums: Array) -> Array:
        """Add up (m,) or (k, m) from the last slot of each stratum down to its first."""
        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            part = sums[..., start:end]
            part[...] = np.cumsum(part[..., ::-1], axis=-1)[..., ::-1]
            part[..., 0] = 0.0
        return sums

    def lived_through(self, per_slot: Array) -> Array:
        """Return for each row the sum of (m,) or (k, m) over the ends at which it was at risk, (n,) or (k, n)."""
        running = np.empty_like(per_slot)
        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            running[..., start:end] = np.cumsum(per_slot[..., start:end], axis=-1)
        found = running[..., self.stop]
        if self.entry is not None:
            found -= running[..., self.entry]
        return found

    def among_ended(self, values: Array) -> Array:
        """Return the sum of values (d,), one per end, over each slot's ends (m,)."""
        return np.bincount(self.event_slot, values, self.n_slots).astype(np.float64, copy=False)

    def sum_ties(self, at_risk: Array, ended: Array) -> TieSums:
        """Return the sums over ties, from the risk sums of all (m,) and of those who end (m,)."""
        many = self.ties > _FEW_TIES
        many &= self.ties * (at_risk - ended) > _FAR * ended
        slot, share, weight = self._one_by_one(~many)
        remaining = at_risk[slot] - share * ended[slot]
        rate = weight / remaining
        parts = [rate, rate * share, rate / remaining]
        parts += [parts[2] * share, parts[2] * share**2]
        sums = np.stack([np.bincount(slot, part, self.n_slots).astype(np.float64) for part in parts])
        log_risk = float(weight @ np.log(remaining))
        if many.any():
            each = self.ended[many] / self.ties[many]
            closed, logs = _closed_sums(self.ties[many], at_risk[many], ended[many])
            sums[:, many] = each * closed
            log_risk += float(each @ logs)
        return TieSums(a=sums[0], b=sums[1], c0=sums[2], c1=sums[3], c2=sums[4], log_risk=log_risk)

    def _one_by_one(self, some: npt.NDArray[np.bool_]) -> tuple[Places, Array, Array]:
        """Return slot, share of its ends that went before, and weight of each tied end in turn, in some slots (m,)."""
        ties = np.where(some, self.ties, 0.0).astype(np.intp)
        slot = np.repeat(np.arange(len(ties)), ties)
        before = np.arange(len(slot)) - np.repeat(np.cumsum(ties) - ties, ties)
        return slot, before / ties[slot], (self.ended / np.maximum(self.ties, 1))[slot]


def build_risk_sets(observations: SpellArrays, stratum: Places | None, *, ties: Ties, weights: Weights) -> RiskSets:
    """Sort times into slots.

    Parameters
    ----------
    observations
        n times at risk.
    stratum
        Number of each row's stratum (n,), from 0; None for one.
    ties
        ``"efron"``: of d tied ends the l-th finds the share l/d of the others gone; ``"breslow"``: none.
    weights
        ``"counts"``: a row stands for so many customers, so that they are tied with each other; ``"sampling"``: a row is
        one customer who counts so much.
    """
    events = np.flatnonzero(observations.churned)
    times, starts, stop, entry = _slots(observations, events, stratum)
    event_slot, event_weight = stop[events], observations.weight[events]
    ended = np.bincount(event_slot, event_weight, len(times)).astype(np.float64)
    if ties == "breslow":
        number = (ended > 0).astype(np.intp)
    elif weights == "counts":
        number = np.rint(ended).astype(np.intp)
    else:
        number = np.bincount(event_slot, minlength=len(times)).astype(np.intp)
    return RiskSets(
        times=times,
        starts=starts,
        stop=stop,
        entry=entry,
        events=events,
        event_slot=event_slot,
        event_weight=event_weight,
        ended=ended,
        ties=number.astype(np.float64),
    )


def _closed_sums(ties: Array, at_risk: Array, ended: Array) -> tuple[Array, Array]:
    """Return, for slots with many ties (k,), what a, b, c0, c1, c2 sum up (5, k), and the sums of log D (k,).

    Notes
    -----
    With d ties, E the risk of those who end, S that of all and z = d S / E, the l-th of the sums is over E (z - l) / d. Sums of
    1 / (z - l) and its square are differences of the digamma and trigamma functions, here by their series in
    1 / (x + 1/2) (Abramowitz and Stegun 1964, 6.3.18 and 6.4.12), whose fifth term is below 10⁻¹⁴ where z - d is above 64.
    """
    from scipy.special import gammaln

    z, scale = ties * at_risk / ended, ties / ended
    top, low = z + 0.5, z - ties + 0.5
    first = np.log1p(ties / low) + sum(c * (top**-k - low**-k) for c, k in _DIGAMMA)
    second = ties / (top * low) + sum(c * k * (top ** -(k + 1) - low ** -(k + 1)) for c, k in _DIGAMMA)
    logs = gammaln(z + 1) - gammaln(z - ties + 1) - ties * np.log(scale)
    sums = [
        scale * first,
        (z * first - ties) / ended,
        scale**2 * second,
        (z * second - first) * scale / ended,
        (z * (z * second - 2 * first) + ties) / ended**2,
    ]
    return np.stack(sums), logs


def _slots(
    observations: SpellArrays, events: Places, stratum: Places | None
) -> tuple[Array, Places, Places, Places | None]:
    duration, entered = observations.duration, observations.entry
    if stratum is None:
        ends = distinct(duration[events])
        entry = None if entered is None else count_up_to(ends, entered)
        return np.append(np.nan, ends), np.array([0, len(ends) + 1]), count_up_to(ends, duration), entry
    stop = np.empty(len(duration), dtype=np.intp)
    entry = None if entered is None else np.empty(len(duration), dtype=np.intp)
    times, starts = [], [0]
    order = np.argsort(stratum, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(stratum[order])) + 1):
        ends = distinct(duration[rows[observations.churned[rows]]])
        stop[rows] = starts[-1] + count_up_to(ends, duration[rows])
        if entry is not None and entered is not None:
            entry[rows] = starts[-1] + count_up_to(ends, entered[rows])
        times.append(np.append(np.nan, ends))
        starts.append(starts[-1] + len(ends) + 1)
    return np.concatenate(times), np.array(starts), stop, entry

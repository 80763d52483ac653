"""The share that has left for each reason by each time, and how sure it is."""

import numpy as np
import numpy.typing as npt

from churnlab.survival.life_table import LifeTable, add_up
from churnlab.survival.spell_arrays import SpellArrays

__all__ = ["incidence", "variance_of_incidence"]

Array = npt.NDArray[np.float64]


def incidence(at_risk: Array, events: Array) -> Array:
    """Return the share that had left for each reason by each time (m, r).

    Parameters
    ----------
    at_risk
        Number at risk (m,).
    events
        Number who left for each reason (m, r).
    """
    n = np.where(at_risk > 0, at_risk, np.inf)
    before = np.append(1.0, np.cumprod(1 - events.sum(axis=1) / n)[:-1])
    share: Array = np.cumsum(before[:, None] * events / n[:, None], axis=0)
    return share


def variance_of_incidence(table: LifeTable, events: Array, spells: SpellArrays, code: npt.NDArray[np.intp]) -> Array:
    """Return the variance of the share that had left for each reason by each time (m, r).

    Parameters
    ----------
    table
        Of the spells, m times.
    events
        Number who left at each time for each reason (m, r).
    spells
        n rows, each independent of the others; `weight` counts like ones.
    code
        Number of the reason for which each row left, -1 where it did not (n,).

    Notes
    -----
    The infinitesimal jackknife: Σ w u² over rows, where u is how fast a row's weight moves the share. With n at risk, h the
    share of them who leave, F the share that has left for the reason and S the share still there just before, a row at risk
    from entry e moves F(t) by F(t) B - D, summed over (e, t], where B grows by h / (n (1 - h)) and D by
    (S h_k + F h / (1 - h)) / n; one that left at s by ((1 if for the reason) S + (F(s) - F(t)) / (1 - h)) / n besides.
    Multiplied out, every sum over rows runs once.
    """
    share = incidence(table.at_risk, events)
    n = np.where(table.at_risk > 0, table.at_risk, np.inf)
    hazard = table.hazard
    each = np.divide(1, n * (1 - hazard), out=np.zeros_like(n), where=hazard < 1)
    before = np.append(1.0, np.cumprod(1 - hazard)[:-1])
    entered = 0.0 if spells.entry is None else spells.entry
    start = np.broadcast_to(np.searchsorted(table.time, entered, side="right"), len(code))
    stop = np.searchsorted(table.time, spells.duration)
    b = np.append(0.0, np.cumsum(hazard * each))
    found = np.empty_like(share)
    for reason in range(events.shape[1]):
        f = share[:, reason]
        d = np.append(0.0, np.cumsum(before * events[:, reason] / n**2 + f * hazard * each))
        left = spells.churned * each[stop]
        slope = b[stop + 1] - b[start] - left
        level = d[start] - d[stop + 1] + f[stop] * left + before[stop] / n[stop] * (code == reason)
        gone = _moments(level, slope, spells.weight, stop, len(f)).cumsum(axis=1)
        came, went = (_moments(d[start], -b[start], spells.weight, place, len(f) + 1) for place in (start, stop))
        there = (came[:, :-1] - went[:, :-1]).cumsum(axis=1)
        now = f * b[1:] - d[1:]
        found[:, reason] = gone[0] + 2 * f * gone[1] + f**2 * gone[2]
        found[:, reason] += there[0] + 2 * f * there[1] + f**2 * there[2] + 2 * now * (there[3] + f * there[4])
        found[:, reason] += now**2 * there[5]
    return np.maximum(found, 0.0)


def _moments(level: Array, slope: Array, weight: Array, place: npt.NDArray[np.intp], size: int) -> Array:
    """Return the sums of squares, products and values of two numbers a row (n,), and of weights, at each place (6, size)."""
    parts = (level**2, level * slope, slope**2, level, slope, np.ones_like(level))
    return np.stack([add_up(place, weight * part, size) for part in parts])

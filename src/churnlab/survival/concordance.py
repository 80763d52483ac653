"""Concordance: how often, of two customers, the one with the higher score left first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.survival.dominance import count_above
from churnlab.survival.spell_arrays import SpellArrays, refuse_no_churn, to_arrays

__all__ = ["concordance", "score_concordance"]

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Kind = Literal["harrell", "uno"]
_Inside = tuple[Array, Array, npt.NDArray[np.bool_]]
"""Score, time and whether ended, in the order of scores; None where no two scores are equal."""


def concordance(score: npt.ArrayLike, spells: Any, *, kind: Kind = "harrell", until: float | None = None) -> float:
    """Return the probability that, of two customers, the one with the higher score left first.

    Parameters
    ----------
    score
        One number per row: the higher, the sooner gone; a model's `linear_predictor` or a churn probability (n,).
    spells
        A frame that keeps the contract SPELLS (n rows), without late entry.
    kind
        ``"harrell"``: over all pairs of which it is known who left first; ``"uno"``: such pairs weighted up, so that
        the answer does not depend on when customers were lost from sight.
    until
        Compare only those who left before this time with everybody; say 0.95 of the longest for ``"uno"``.

    Returns
    -------
    float
        0.5 for scores that say nothing, 1 for scores that order all pairs; equal scores count half.

    Raises
    ------
    DataError
        If the frame breaks the contract, has late entry, nobody churned, or no pair can be compared.
    ParameterError
        If there is not one finite score per row, or `kind` is unknown.

    Notes
    -----
    Harrell et al. (1996); Uno et al. (2011), On the C-statistics for evaluating overall adequacy, equation 6, with the
    censoring curve just before each end. Sorting and counting take n log n. R: ``survival::concordance``, with
    ``timewt = "n/G2"`` for Uno's.

    Examples
    --------
    >>> import pandas as pd
    >>> spells = pd.DataFrame({"duration": [1, 2, 3, 4], "churned": [True, True, False, True]})
    >>> concordance([4, 2, 3, 1], spells)
    0.8
    """
    observed, gain = _read(spells, kind, until)
    return _compare(_check(score, len(gain)), observed, gain, both_sides=False).concordance


def score_concordance(
    scores: Mapping[str, npt.ArrayLike],
    spells: Any,
    *,
    kind: Kind = "harrell",
    until: float | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return the concordance of several models' scores with the same customers' churn, with limits.

    Parameters
    ----------
    scores
        By the name of the model: one number per row, the higher, the sooner gone (n,).
    spells, kind, until
        As in :func:`concordance`.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per model: `model, score, estimate, std_error, conf_low, conf_high`; a share, the higher the better.

    Raises
    ------
    DataError, ParameterError
        As :func:`concordance`.

    Notes
    -----
    Standard errors by the infinitesimal jackknife: what each customer's pairs add. R: ``survival::concordance``. For Uno's
    the weights are taken as known.
    """
    z = normal_quantile(conf_level)
    if not scores:
        raise ParameterError("There is no score to judge.")
    observed, gain = _read(spells, kind, until)
    rows = []
    for model, score in scores.items():
        pairs = _compare(_check(score, len(gain), f"score of {model!r}"), observed, gain, both_sides=True)
        rows.append((model, f"concordance_{kind}", pairs.concordance, pairs.std_error(observed.weight)))
    table = pd.DataFrame(rows, columns=["model", "score", "estimate", "std_error"])
    table["conf_low"] = np.maximum(table["estimate"] - z * table["std_error"], 0.0)
    table["conf_high"] = np.minimum(table["estimate"] + z * table["std_error"], 1.0)
    return table


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pairs:
    """For each row, weights of the comparable pairs in which it left first or second, and of the concordant ones, ties half."""

    comparable: Array
    concordant: Array
    comparable_second: Array
    concordant_second: Array
    order: Places | None = None

    @property
    def concordance(self) -> float:
        return float(self.concordant.sum() / self.comparable.sum())

    def std_error(self, weight: Array) -> float:
        each = self.concordant + self.concordant_second - self.concordance * (self.comparable + self.comparable_second)
        return float(np.sqrt((each**2 / weight[self.order]).sum()) / self.comparable.sum())


def _check(score: npt.ArrayLike, n: int, name: str = "score") -> Array:
    values = np.asarray(score)
    if values.shape != (n,):
        raise ParameterError(f"The {name} must be one number per row ({n:,}), but has the shape {values.shape}.")
    if values.dtype.kind not in "fiub":
        values = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise ParameterError(
            f"The {name} must be a finite number in every row, but is not in {len(wrong):,} of {n:,} (first: row {wrong[0] + 1})."
        )
    return values.astype(np.float64, copy=False)


def _read(spells: Any, kind: str, until: float | None) -> tuple[SpellArrays, Array]:
    """Return the times, and the weight with which each row's end counts (n,)."""
    if kind not in ("harrell", "uno"):
        raise ParameterError(f"`kind` must be 'harrell' or 'uno', not {kind!r}.")
    observed = to_arrays(spells)
    refuse_no_churn(observed)
    if observed.entry is not None:
        raise DataError("Concordance takes customers who were seen from their start. Try: only rows with `entry` 0.")
    gain = observed.weight * observed.churned
    if until is not None:
        gain = np.where(observed.duration < until, gain, 0.0)
    return observed, gain if kind == "harrell" else gain / _still_seen(observed) ** 2


def _still_seen(observed: SpellArrays) -> Array:
    """Return the share that is not yet lost from sight just before each row's end (n,); ends come before losses."""
    times, place = np.unique(observed.duration, return_inverse=True)
    lost = np.bincount(place, observed.weight * ~observed.churned, len(times))
    left = np.bincount(place, observed.weight * observed.churned, len(times))
    at_risk = np.cumsum((lost + left)[::-1])[::-1] - left
    share = np.cumprod(1 - np.divide(lost, at_risk, out=np.zeros_like(lost), where=at_risk > 0))
    before: Array = np.append(1.0, share[:-1])[place]
    return np.where(before > 0, before, np.inf)


def _compare(score: Array, observed: SpellArrays, gain: Array, *, both_sides: bool) -> _Pairs:
    """Count pairs, in the order of time; `gain` (n,) is the weight of a row as the one who left first."""
    ranked = np.argsort(score)
    by_score = score[ranked]
    equal = bool((by_score[1:] == by_score[:-1]).any())
    order = _in_time(ranked, observed)
    place = np.argsort(score[order], kind="stable") if equal else _places(ranked, order)
    del ranked, by_score
    rows = order[place] if equal else None
    inside = None if rows is None else (score[rows], observed.duration[rows], observed.churned[rows])
    weight = observed.weight[order]
    lower = _lower(place, weight, inside)
    gain, ended = gain[order], observed.churned[order]
    block_start, block_end = _runs((observed.duration[order], ended), ended)
    total = _running(weight)
    first = gain * lower, gain * (total[-1] - total[block_end])
    if not first[1].sum() > 0:
        raise DataError("No pair of customers can be compared: of none is it known who left first.")
    if not both_sides:
        return _Pairs(comparable=first[1], concordant=first[0], comparable_second=first[1], concordant_second=first[0])
    second = weight * _higher(place, gain, inside), weight * _running(gain)[block_start]
    return _Pairs(
        comparable=first[1], concordant=first[0], comparable_second=second[1], concordant_second=second[0], order=order
    )


def _lower(place: Places, weight: Array, inside: _Inside | None) -> Array:
    """Return, in the order of time, the weight of the later rows with lower scores, half of those with equal ones (n,)."""
    lower = count_above(place, None if (weight == 1).all() else weight[place])
    if inside is not None:
        score, time, ended = inside
        tied = _running(weight[place])
        _, group_end = _runs((score,), np.ones_like(ended))
        _, tie_end = _runs((score, time, ended), ended)
        lower[place] += (tied[group_end] - tied[tie_end]) / 2
    return lower


def _higher(place: Places, gain: Array, inside: _Inside | None) -> Array:
    """Return, in the order of time, the gain of the earlier rows with higher scores, half of those with equal ones (n,)."""
    higher = count_above(len(place) - 1 - place[::-1], gain[place[::-1]])[::-1].copy()
    if inside is not None:
        score, time, ended = inside
        tied = _running(gain[place])
        group_start, _ = _runs((score,), np.ones_like(ended))
        tie_start, _ = _runs((score, time, ended), ended)
        higher[place] += (tied[tie_start] - tied[group_start]) / 2
    return higher


def _in_time(ranked: Places, observed: SpellArrays) -> Places:
    """Return the rows by time, ends before losses, tied ends by score: so that tied ends never count as concordant."""
    ended = observed.churned[ranked]
    order = ranked[np.concatenate([np.flatnonzero(ended), np.flatnonzero(~ended)])]
    duration = observed.duration[order]
    if duration.max() < 2**16 and (duration == np.rint(duration)).all():
        duration = duration.astype(np.uint16)  # sorted in one pass
    in_time: Places = order[np.argsort(duration, kind="stable")]
    return in_time


def _places(ranked: Places, order: Places) -> Places:
    """Return the places in time of the rows by score."""
    place_of = np.empty_like(order)
    place_of[order] = np.arange(len(order))
    places: Places = place_of[ranked]
    return places


def _runs(keys: tuple[npt.NDArray[Any], ...], together: npt.NDArray[np.bool_]) -> tuple[Places, Places]:
    """Return where each element's run of equal keys starts and ends (n,); what is not `together` runs alone."""
    n = len(together)
    new = np.ones(n, dtype=np.bool_)
    if n > 1:
        same = together[1:].copy()
        for key in keys:
            same &= key[1:] == key[:-1]
        new[1:] = ~same
    starts = np.flatnonzero(new)
    lengths = np.diff(np.append(starts, n))
    return np.repeat(starts, lengths), np.repeat(starts + lengths, lengths)


def _running(weight: Array) -> Array:
    return np.concatenate([[0.0], np.cumsum(weight)])

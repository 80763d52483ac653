"""Correlations of resampled answers, refused where they do not determine what the drivers share."""

from collections.abc import Iterator
from numbers import Integral

import numpy as np
import numpy.typing as npt

from churnlab.drivers.moments import MomentRows, standardise
from churnlab.drivers.ratings import refuse_degenerate
from churnlab.errors import DataError, ParameterError

__all__ = ["check_draws", "resample", "resampled_correlations", "whole_correlation"]

Array = npt.NDArray[np.float64]

_FEWEST = 100
_COUNTS = 4_000_000
_UNUSABLE = 0.05


def check_draws(draws: int) -> None:
    """Refuse a number of resamples that gives no limits.

    Raises
    ------
    ParameterError
        If it is below 100, or not whole.
    """
    if not isinstance(draws, Integral) or draws < _FEWEST:
        raise ParameterError(f"`draws` must be a whole number from {_FEWEST} on for an interval, not {draws!r}.")


def resample(rows: Array, *, draws: int, seed: int, batch: int = 256) -> Iterator[Array]:
    """Yield totals (b, q) of resampled rows (g, q), `batch` at a time, `draws` in all.

    Notes
    -----
    The bootstrap of a function of totals: the counts of a resample times the rows.
    """
    rng = np.random.default_rng(seed)
    size = len(rows)
    batch = max(1, min(batch, _COUNTS // size))
    for start in range(0, draws, batch):
        several = min(batch, draws - start)
        chosen = rng.integers(0, size, (several, size)) + size * np.arange(several)[:, None]
        counts = np.bincount(chosen.ravel(), minlength=several * size).reshape(several, size)
        yield counts.astype(float) @ rows


def resampled_correlations(rows: MomentRows, *, draws: int, seed: int, batch: int = 256) -> Iterator[Array]:
    """Yield correlations (b, k, k) of resampled answers, without those that do not determine what the drivers share.

    Raises
    ------
    DataError
        If that is more than one in twenty.
    """
    unusable = 0
    for totals in resample(rows.rows, draws=draws, seed=seed, batch=batch):
        drawn = _usable(standardise(rows.to_covariance(totals)))
        unusable += len(totals) - len(drawn)
        yield drawn
    if unusable > draws * _UNUSABLE:
        raise DataError(
            f"In {unusable:,} of {draws:,} resamples the drivers determine one another, nobody differs, or correlations "
            "contradict one another: there are too few answers for so many drivers. Try: fewer drivers"
            + (', or missing="em".' if rows.pairwise else ".")
        )


def whole_correlation(rows: MomentRows, terms: tuple[str, ...]) -> Array:
    """Return the correlations (k, k) of all answers.

    Raises
    ------
    DataError
        If drivers determine one another, or pairwise correlations contradict one another.
    """
    correlation: Array = standardise(rows.covariance[None])[0]
    _refuse_contradiction(correlation)
    refuse_degenerate(correlation[:-1, :-1], terms)
    return correlation


def _refuse_contradiction(correlation: Array) -> None:
    lowest = float(np.linalg.eigvalsh(correlation)[0])
    if lowest < -1e-10:
        raise DataError(
            "The pairwise correlations contradict one another (no set of full answers has them: smallest eigenvalue "
            f'{lowest:.3f}). Try: missing="em".'
        )


def _usable(correlation: Array) -> Array:
    """Return those of the correlations (b, k, k) that determine what the drivers share."""
    known = correlation[np.all(np.isfinite(correlation), axis=(1, 2))]
    distinct = np.linalg.eigvalsh(known[:, :-1, :-1])[:, 0] > 1e-12
    possible = np.linalg.eigvalsh(known)[:, 0] > -1e-10
    usable: Array = known[distinct & possible]
    return usable

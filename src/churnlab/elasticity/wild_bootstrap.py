"""The restricted wild cluster bootstrap from cross-products alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.semidefinite import inverse
from churnlab.elasticity.specification import ByCluster, Solved, solve

__all__ = ["BootstrapTest", "wild_cluster_test"]

Array = npt.NDArray[np.float64]

_CELLS = 20_000_000
"""Draws times clusters that are held at a time."""


@dataclass(frozen=True, kw_only=True)
class BootstrapTest:
    """A test by the wild cluster bootstrap.

    Attributes
    ----------
    term, value
        The hypothesis: this coefficient is this value.
    estimate, statistic
        The coefficient, and its distance from the value in clustered errors.
    p_value
        Share of the draws whose statistic is as far from 0 (two-sided, symmetric).
    draws
        How many.
    """

    term: str
    value: float
    estimate: float
    statistic: float
    p_value: float
    draws: int


def wild_cluster_test(
    data: ByCluster, terms: tuple[str, ...], term: str, *, value: float, draws: int, seed: int
) -> BootstrapTest:
    """Test whether the coefficient of a term is a value; see `CrossProducts.wild_bootstrap`."""
    found, place = solve(data, terms), terms.index(term)
    restricted = _restricted(found, place, value)
    scores = found.moments - np.einsum("gij,j->gi", found.gram, restricted)
    own = found.moments - np.einsum("gij,j->gi", found.gram, found.coefficients)
    direction = found.bread[place]
    statistic = (found.coefficients[place] - value) / np.sqrt(((own @ direction) ** 2).sum())
    as_far, done = 0, 0
    for signs in _signs(len(scores), draws, seed):
        gaps = signs @ scores @ found.bread
        errors = signs * (scores @ direction) - gaps @ np.einsum("gij,j->ig", found.gram, direction)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = gaps[:, place] / np.sqrt((errors**2).sum(axis=1))
        as_far += int((np.abs(drawn) >= abs(statistic) * (1 - 1e-10)).sum())
        done += len(signs)
    return BootstrapTest(
        term=term,
        value=value,
        estimate=float(found.coefficients[place]),
        statistic=float(statistic),
        p_value=as_far / done,
        draws=done,
    )


def _restricted(found: Solved, place: int, value: float) -> Array:
    """Return the coefficients that fit best while one of them is held at a value (k,)."""
    gram, moments = found.gram.sum(axis=0), found.moments.sum(axis=0)
    others = [other for other in range(len(moments)) if other != place]
    held = np.zeros(len(moments))
    held[place] = value
    if others:
        left = moments[others] - gram[others, place] * value
        held[others] = inverse(gram[np.ix_(others, others)]) @ left
    return held


def _signs(clusters: int, draws: int, seed: int) -> Iterator[Array]:
    """Yield signs (draws, clusters) in parts: all of them if there are no more than `draws`, else at random."""
    if clusters < 63 and 2**clusters <= draws:
        numbers = np.arange(2**clusters)
        bits = (numbers[:, None] >> np.arange(clusters)) & 1
        yield (1 - 2 * bits).astype(np.float64)
        return
    rng = np.random.default_rng(seed)
    size = max(1, _CELLS // clusters)
    for start in range(0, draws, size):
        bits = rng.integers(0, 2, (min(size, draws - start), clusters), dtype=np.int8)
        yield (1 - 2 * bits).astype(np.float64)

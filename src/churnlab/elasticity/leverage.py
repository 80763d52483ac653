"""How much each row decides its own fitted value, fixed effects included."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.absorb import largest_first, reduced, tally
from churnlab.elasticity.groups import Group
from churnlab.elasticity.semidefinite import generalised_inverse
from churnlab.errors import ParameterError

__all__ = ["leverage"]

Array = npt.NDArray[np.float64]


def leverage(regressors: Array, bread: Array, groups: Sequence[Group], weights: Array | None = None) -> Array:
    """Return the diagonal of the hat matrix of regressors and effects together (n,).

    Parameters
    ----------
    regressors
        With the effects taken out (n, k).
    bread
        Inverse of their weighted cross-products (k, k).
    groups
        The effects; none stands for a constant.
    weights
        Of the rows (n,), by default 1.

    Raises
    ------
    ParameterError
        If the effects have too many levels for it.
    """
    of_regressors = np.einsum("ij,jk,ik->i", regressors, bread, regressors)
    of_effects = _of_effects(groups, weights) if groups else _of_constant(len(regressors), weights)
    total: Array = of_regressors + of_effects
    return total if weights is None else total * weights


def _of_constant(n: int, weights: Array | None) -> Array:
    return np.full(n, 1 / (n if weights is None else weights.sum()))


def _of_effects(groups: Sequence[Group], weights: Array | None) -> Array:
    largest, *others = (groups[place] for place in largest_first([group.size for group in groups]))
    equations = tally(np.zeros((len(largest.codes), 0)), [largest, *others], weights)
    found = 1 / equations.weight[largest.codes]
    if not others:
        return found
    if not isinstance(equations.small, np.ndarray) or not isinstance(equations.cells, np.ndarray):
        raise ParameterError(
            'The effects have too many levels for errors="hc3". Try: errors="hc1" or errors="cluster".'
        )
    inverse = generalised_inverse(reduced(equations)).matrix
    shares = equations.cells / equations.weight[:, None]
    crossed = shares @ inverse
    found += (crossed * shares).sum(axis=1)[largest.codes]
    starts = np.cumsum([0, *(group.size for group in others)])
    places = [start + group.codes for start, group in zip(starts, others, strict=False)]
    for place in places:
        found -= 2 * crossed[largest.codes, place]
        for other in places:
            found += inverse[place, other]
    return found

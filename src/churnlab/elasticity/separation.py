"""Rows of a Poisson model with a quantity of 0 that fit perfectly in the limit, and say nothing about the rest."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.absorb import absorb
from churnlab.elasticity.fit_statistics import weighted
from churnlab.elasticity.groups import Group
from churnlab.elasticity.semidefinite import generalised_inverse
from churnlab.errors import ConvergenceError

__all__ = ["rows_of_zero_levels", "separated_rows"]

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.bool_]

_HEAVY = 1e7
"""Weight of rows whose combination must be 0."""
_NOTHING = 1e-6
"""A combination whose highest value has fallen to this share of the start is 0."""
_RELAXED = 1.9
"""How far each step goes, of the way to its projection."""


def rows_of_zero_levels(quantity: Array, groups: Sequence[Group]) -> Rows:
    """Return the rows whose level of an effect has no quantity above 0 (n,), once such rows are out too."""
    dropped = np.zeros(len(quantity), dtype=bool)
    for group in groups:
        dropped |= (np.bincount(group.codes, quantity, group.size) == 0)[group.codes]
    return dropped


def separated_rows(
    quantity: Array, regressors: Array, groups: Sequence[Group], *, tolerance: float = 1e-5, largest: int = 10_000
) -> Rows:
    """Return rows with a quantity of 0 that a combination of regressors and effects sets apart (n,).

    Where none is returned there is none; where some are, there may be more once these are out.

    Parameters
    ----------
    quantity
        (n,).
    regressors
        (n, k).
    groups
        The effects.
    tolerance
        How far below 0 a fitted value may lie, as a share of the highest.
    largest
        Number of steps allowed.

    Raises
    ------
    ConvergenceError
        If it takes more steps.

    Notes
    -----
    After the iterative rectifier of Correia, Guimarães and Zylkin (2019), Verifying the existence of maximum likelihood
    estimates for generalized linear models, section 3.2: rows are separated if some combination is 0 wherever the quantity is
    above 0, nowhere below 0, and above 0 for them. Projections on these conditions in turn, over-relaxed, end in such a
    combination or in 0.
    """
    zero = quantity == 0
    nothing = np.zeros(len(quantity), dtype=bool)
    if not zero.any() or (regressors.shape[1] == 0 and not groups):
        return nothing
    weights = np.where(zero, 1.0, _HEAVY)
    target = zero.astype(np.float64)
    project = _projection(regressors, groups, weights)
    for _ in range(largest):
        fitted = project(target)
        highest, lowest = float(fitted[zero].max()), float(fitted[zero].min())
        if highest <= max(_NOTHING, 1e3 * float(np.abs(fitted[~zero]).max())):  # no more than what weights leave
            return nothing
        if -lowest <= tolerance * highest:
            separated: Rows = zero & (fitted > 1e-3 * highest)
            return separated
        target = np.where(zero, np.maximum(_RELAXED * fitted + (1 - _RELAXED) * target, 0.0), 0.0)
    raise ConvergenceError(
        f"It could not be settled within {largest:,} steps which rows with a quantity of 0 the model sets apart. "
        "Try: fewer effects or controls."
    )


def _projection(regressors: Array, groups: Sequence[Group], weights: Array) -> Callable[[Array], Array]:
    """Return what gives the fitted values (n,) of a weighted regression of a target (n,)."""
    left = absorb(np.asfortranarray(regressors.copy()), groups, weights).residuals
    moments = weighted(left, weights)
    inverse = generalised_inverse(moments.T @ left).matrix

    def fitted(target: Array) -> Array:
        own = absorb(target[:, None].copy(order="F"), groups, weights).residuals[:, 0]
        values: Array = target - (own - left @ (inverse @ (moments.T @ own)))
        return values

    return fitted

"""Rows of a Poisson model with a quantity of 0 that fit perfectly in the limit, and say nothing about the rest."""

from collections.abc import Sequence

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


def rows_of_zero_levels(quantity: Array, groups: Sequence[Group]) -> Rows:
    """Return the rows whose level of an effect has no quantity above 0 (n,), once such rows are out too."""
    dropped = np.zeros(len(quantity), dtype=bool)
    for group in groups:
        dropped |= (np.bincount(group.codes, quantity, group.size) == 0)[group.codes]
    return dropped


def separated_rows(
    quantity: Array, regressors: Array, groups: Sequence[Group], *, tolerance: float = 1e-5, largest: int = 200
) -> Rows:
    """Return the rows with a quantity of 0 that a combination of regressors and effects sets apart (n,).

    Parameters
    ----------
    quantity
        (n,).
    regressors
        (n, k).
    groups
        The effects.
    tolerance
        Fitted values below this count as 0.
    largest
        Number of steps allowed.

    Raises
    ------
    ConvergenceError
        If it takes more steps.

    Notes
    -----
    The iterative rectifier of Correia, Guimarães and Zylkin (2019), Verifying the existence of maximum likelihood estimates
    for generalized linear models, section 3.2: rows are separated if some combination is 0 wherever the quantity is above 0,
    nowhere below 0, and above 0 for them.
    """
    zero = quantity == 0
    if not zero.any() or (regressors.shape[1] == 0 and not groups):
        return np.zeros(len(quantity), dtype=bool)
    heavy = max(1e4, float(zero.sum()) / tolerance)
    weights = np.where(zero, 1.0, heavy)
    target = zero.astype(np.float64)
    for _ in range(largest):
        fitted = target - _left(target, regressors, groups, weights)
        fitted[np.abs(fitted) < tolerance] = 0.0
        if (fitted[zero] >= 0).all():
            separated: Rows = zero & (fitted > 0)
            return separated
        target = np.where(zero, np.maximum(fitted, 0.0), 0.0)
    raise ConvergenceError(
        f"It could not be settled within {largest} steps which rows with a quantity of 0 the model sets apart. "
        "Try: fewer effects or controls."
    )


def _left(target: Array, regressors: Array, groups: Sequence[Group], weights: Array) -> Array:
    """Return what a weighted regression leaves of the target (n,)."""
    columns = np.asfortranarray(np.column_stack([target, regressors]))
    left = absorb(columns, groups, weights).residuals
    moments = weighted(left[:, 1:], weights)
    found: Array = left[:, 0] - left[:, 1:] @ (
        generalised_inverse(moments.T @ left[:, 1:]).matrix @ (moments.T @ left[:, 0])
    )
    return found

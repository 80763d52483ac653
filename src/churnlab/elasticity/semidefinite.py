"""Solves systems whose matrix may be singular, and says which rows are redundant."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["GeneralisedInverse", "first_dependent", "generalised_inverse", "inverse"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class GeneralisedInverse:
    """A matrix G with S G S = S, for symmetric positive semidefinite S (p, p), and the rank of S."""

    matrix: Array
    rank: int


def generalised_inverse(matrix: Array, *, tolerance: float = 1e-11) -> GeneralisedInverse:
    """Return a generalised inverse of a symmetric positive semidefinite matrix (p, p).

    Parameters
    ----------
    matrix
        The matrix.
    tolerance
        A pivot this small beside the largest diagonal element counts as 0.

    Notes
    -----
    Cholesky decomposition with complete pivoting (LAPACK's `dpstrf`); the redundant rows are left at 0.
    """
    from scipy.linalg import lapack, solve_triangular

    size = len(matrix)
    if size == 0:
        return GeneralisedInverse(matrix=np.zeros((0, 0)), rank=0)
    largest = float(np.max(np.diag(matrix)))
    factor, pivots, rank, _ = lapack.dpstrf(matrix, tol=tolerance * largest, lower=0)
    kept = pivots[:rank] - 1
    inverse = solve_triangular(factor[:rank, :rank], np.eye(rank), lower=False)
    full = np.zeros((size, size))
    full[np.ix_(kept, kept)] = inverse @ inverse.T
    return GeneralisedInverse(matrix=full, rank=int(rank))


def first_dependent(gram: Array, *, tolerance: float = 1e-10) -> tuple[int, ...]:
    """Return the columns that are combinations of the columns before them.

    Parameters
    ----------
    gram
        Cross-products of the columns (k, k).
    tolerance
        A column of which this share or less is left beside those before it counts as one.

    Examples
    --------
    >>> columns = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    >>> first_dependent(columns.T @ columns)
    (2,)
    """
    left = gram.astype(np.float64, copy=True)
    dependent = []
    for place in range(len(gram)):
        if left[place, place] <= tolerance * gram[place, place]:
            dependent.append(place)
            continue
        left = left - np.outer(left[:, place], left[place]) / left[place, place]
    return tuple(dependent)


def inverse(matrix: Array) -> Array:
    """Return the inverse of a matrix that is known to have one (k, k)."""
    found: Array = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    return found

"""One regression with effects absorbed, from the columns of a design to coefficients with their covariance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.absorb import absorb
from churnlab.elasticity.coefficients import independent_terms
from churnlab.elasticity.covariance_choice import uncertainty
from churnlab.elasticity.design import Design
from churnlab.elasticity.fit_statistics import squares_around_mean
from churnlab.elasticity.semidefinite import inverse
from churnlab.errors import DataError

__all__ = ["Regression", "regress"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Regression:
    """Coefficients (k,), their covariance (k, k) and degrees of freedom."""

    coefficients: Array
    covariance: Array
    df: float


def regress(outcome: Array, design: Design, *, effects: Sequence[str], errors: str) -> Regression:
    """Regress an outcome (n,) on the regressors of a design without weights, its effects absorbed.

    Raises
    ------
    DataError
        If the outcome does not vary, a term does not vary beside the effects or repeats others, or there are too few rows.
    """
    columns = np.asfortranarray(np.column_stack([outcome, design.regressors]))
    squares = np.array([squares_around_mean(column) for column in columns.T])
    if squares[0] == 0:
        raise DataError(
            f"The quantity (or its change) is the same in all {design.n:,} rows, so that no error is known. Try: more periods."
        )
    left = absorb(columns, design.groups).residuals
    regressors = left[:, 1:]
    independent_terms(design.terms, squares[1:], regressors.T @ regressors, effects=effects)
    bread = inverse(regressors.T @ regressors)
    coefficients = bread @ (regressors.T @ left[:, 0])
    residuals = left[:, 0] - regressors @ coefficients
    found = uncertainty(design, regressors, residuals, bread, errors=errors)
    return Regression(coefficients=coefficients, covariance=found.covariance, df=found.df)

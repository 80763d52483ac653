"""Covariates that cannot be fitted, or should not be: constant, collinear, measured after the event."""

import re
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError, DataError

__all__ = ["Standard", "refuse_collinear", "refuse_separation", "standardise", "warn_of_leakage"]

Array = npt.NDArray[np.float64]
_BLOCK = 16384
_SOME = 100_000
"""Rows of which it is asked first whether covariates follow from each other."""
_FEW = 10
"""Of fewer rows that churned, that they share a value says nothing."""
_SMALLEST = 1e-140
"""Of a standard deviation, whose square must be a number still."""
_LARGEST_ERROR = 50.0
"""A coefficient per standard deviation with such an error says that hazards may differ by a factor of e⁵⁰."""
_TARGET = re.compile(r"churn|cancel|terminat|attrit|unsubscri|target|label", re.IGNORECASE)


class Standard:
    """Mean and standard deviation (p,) by which a matrix was standardised."""

    def __init__(self, mean: Array, deviation: Array) -> None:
        self.mean, self.deviation = mean, deviation


def standardise(matrix: Array, weight: Array | None, terms: Sequence[str]) -> Standard:
    """Centre and scale a matrix (p, n) in place, and return by how much.

    Raises
    ------
    DataError
        If a row is constant, or its values are too large or too close to each other to reckon with; all are named.
    """
    total = matrix.shape[1] if weight is None else float(weight.sum())
    mean = matrix.sum(axis=1) / total if weight is None else matrix @ weight / total
    deviation = np.empty_like(mean)
    with np.errstate(over="ignore"):
        for place, row in enumerate(matrix):
            row -= mean[place]  # noqa: PLW2901 - in place, on purpose
            squares = row @ row if weight is None else np.dot(row * weight, row)
            deviation[place] = np.sqrt(squares / total)
    close = ~(deviation > np.maximum(1e-10 * np.abs(mean), _SMALLEST))
    useless = close | np.isinf(deviation)
    _refuse_flat([part for part, wrong in zip(zip(terms, matrix, strict=True), useless, strict=True) if wrong])
    matrix /= deviation[:, None]
    return Standard(mean, deviation)


def _refuse_flat(rows: list[tuple[str, Array]]) -> None:
    constant = [term for term, row in rows if (row == row[0]).all()]
    if constant:
        raise DataError(f"{_listed(constant)} is the same in every row, so it can explain nothing. Try: leave it out.")
    if rows:
        raise DataError(
            f"{_listed([term for term, _ in rows])} has values too large, or too close to each other for their size, to reckon "
            "with. Try: another unit, or take off its mean."
        )


def refuse_collinear(matrix: Array, terms: Sequence[str]) -> None:
    """Refuse covariates (p, n), standardised, that follow from the ones before them.

    Raises
    ------
    DataError
        Naming each such term and what it follows from.
    """
    every = matrix.shape[1] // _SOME + 1
    found = _collinear(matrix[:, ::every], terms)  # what holds in all rows holds in some
    if found and every > 1:
        found = _collinear(matrix, terms)
    if found:
        raise DataError(f"{'; '.join(found)}. Try: leave it out.")


def _collinear(matrix: Array, terms: Sequence[str]) -> list[str]:
    """Say which rows of a matrix (p, n) follow from the ones before them."""
    gram = np.zeros((len(matrix), len(matrix)))
    for start in range(0, matrix.shape[1], _BLOCK):
        block = matrix[:, start : start + _BLOCK]
        gram += block @ block.T
    gram /= max(matrix.shape[1], 1)
    kept: list[int] = []
    found = []
    for place in range(len(gram)):
        inner = gram[np.ix_(kept, kept)]
        weights = np.linalg.solve(inner, gram[kept, place]) if kept else np.zeros(0)
        left = gram[place, place] - gram[kept, place] @ weights
        if left > 1e-9 * max(gram[place, place], 1e-300):
            kept.append(place)
            continue
        parts = [f"`{terms[k]}`" for k, part in zip(kept, weights, strict=True) if abs(part) > 1e-6]
        found.append(f"`{terms[place]}` follows exactly from {', '.join(parts)}")
    return found


def refuse_separation(terms: Sequence[str], coefficients: Array, std_error: Array) -> None:
    """Refuse coefficients (p,) of standardised covariates that are on their way to infinity.

    Raises
    ------
    ConvergenceError
        Naming each, with its direction.
    """
    away = [
        f"`{term}` (to {'plus' if value > 0 else 'minus'} infinity)"
        for term, value, error in zip(terms, coefficients, std_error, strict=True)
        if error > _LARGEST_ERROR
    ]
    if away:
        raise ConvergenceError(
            f"The likelihood keeps rising along {', '.join(away)}: the covariate separates those who churned from the "
            "others. Try: leave it out, or join its rare levels."
        )


def warn_of_leakage(
    names: Sequence[str], terms: Sequence[str], matrix: Array, churned: npt.NDArray[np.bool_], *, depth: int = 3
) -> None:
    """Warn of covariates that look as if they were written down after the customer had left.

    A name that speaks of churn is one sign, a value that all churners share and others do not is another. `depth` says
    how far up the user's own line is.
    """
    named = [name for name in names if _TARGET.search(name)]
    if named:
        warnings.warn(
            f"{_listed(named)} is named like what is to be explained. If it was written down after customers left, the "
            "model explains nothing.",
            stacklevel=depth,
        )
    events = np.flatnonzero(churned)
    if len(events) < _FEW:
        return
    shared = [
        term
        for term, row in zip(terms, matrix, strict=True)
        if (row[events[:100]] == row[events[0]]).all() and (row[events] == row[events[0]]).all()
    ]
    if shared:
        warnings.warn(
            f"{_listed(shared)} is the same for everybody who churned and differs among the others: it may have been "
            "written down after the event.",
            stacklevel=depth,
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(f"`{name}`" for name in names[:5]) + more

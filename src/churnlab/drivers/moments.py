"""From answers to correlations, and to as many resampled correlations as wanted, without touching the answers again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from churnlab.drivers.completion import (
    Patterns,
    expected_products,
    find_patterns,
    fit_moments,
    from_triangle,
    row_products,
    triangle,
)
from churnlab.drivers.ratings import Ratings, refuse_degenerate
from churnlab.errors import ConvergenceError, DataError, ParameterError

__all__ = ["Missing", "MomentRows", "standardise", "to_moment_rows"]

Array = npt.NDArray[np.float64]
Missing = Literal["em", "pairwise", "listwise", "impute"]

_MOST_ROWS = 20_000
_GROUPS = 5_000


@dataclass(frozen=True, kw_only=True, eq=False)
class MomentRows:
    """What each answer, or group of answers, adds to the moments of k variables.

    Attributes
    ----------
    rows
        Contributions (g, q); their total determines the covariance.
    to_covariance
        Takes totals (b, q) and returns covariances (b, k, k) of the variables in units of `scale`.
    shift, scale
        What was taken off each variable, and its unit (k,).
    n
        Answers that count.
    n_effective
        Number of equally weighted answers that would be as precise.
    pairwise
        Whether each correlation comes from those who answered both.
    """

    rows: Array
    to_covariance: Callable[[Array], Array]
    shift: Array
    scale: Array
    n: int
    n_effective: float
    pairwise: bool

    @property
    def covariance(self) -> Array:
        """The covariance (k, k) in units of `scale`."""
        one: Array = self.to_covariance(self.rows.sum(axis=0)[None])[0]
        return one


def to_moment_rows(ratings: Ratings, *, missing: Missing, seed: int) -> MomentRows:
    """Return what each answer adds to the moments, gaps handled as asked.

    Parameters
    ----------
    ratings
        Answers to k - 1 drivers and the outcome.
    missing
        ``"em"``: the likeliest moments given all answers; ``"pairwise"``: each correlation from who answered both;
        ``"listwise"``: complete rows only.
    seed
        Of the division of more than 20,000 answers into 5,000 groups, which are then resampled as groups.

    Raises
    ------
    DataError
        If there are fewer complete answers than variables, or two variables were never answered together.
    ConvergenceError
        If too much is missing for EM.
    ParameterError
        If `missing` is unknown.
    """
    if missing not in ("em", "pairwise", "listwise"):
        raise ParameterError(f"`missing` must be 'em', 'pairwise', 'listwise' or 'impute', not {missing!r}.")
    complete = ratings.complete
    ratings = ratings.rows(complete if missing == "listwise" else ratings.answered)
    k = ratings.values.shape[1]
    n = len(ratings.values)
    if n <= k or (missing == "listwise" and int(complete.sum()) <= k):
        raise DataError(
            f"{k - 1} drivers take more than {k} answers, but there are {n:,} of {len(complete):,} that count. "
            "Try: fewer drivers" + (', or missing="em".' if missing == "listwise" else ".")
        )
    values, shift, scale = _standardised(ratings, missing)
    build = _pairwise_rows if missing == "pairwise" else _product_rows
    rows, to_covariance = build(values, ratings, seed)
    return MomentRows(
        rows=rows,
        to_covariance=to_covariance,
        shift=shift,
        scale=scale,
        n=n,
        n_effective=float(ratings.weight.sum() ** 2 / (ratings.weight**2).sum()),
        pairwise=missing == "pairwise",
    )


def _standardised(ratings: Ratings, missing: str) -> tuple[Array, Array, Array]:
    names = (*ratings.terms, ratings.outcome)
    weight = np.where(np.isnan(ratings.values), 0.0, ratings.weight[:, None])
    shift = (weight * np.nan_to_num(ratings.values)).sum(axis=0) / weight.sum(axis=0)
    centred = np.nan_to_num(ratings.values - shift)
    scale = np.sqrt((weight * centred**2).sum(axis=0) / weight.sum(axis=0))
    for name, spread, middle in zip(names, scale, shift, strict=True):
        if spread <= 1e-12 * abs(middle):
            where = "among the complete answers" if missing == "listwise" else "among the answers that count"
            raise DataError(f"All answers to `{name}` {where} are {middle:g}. Try: leave it out.")
    standard: Array = (ratings.values - shift) / scale
    return standard, shift, scale


def _product_rows(values: Array, ratings: Ratings, seed: int) -> tuple[Array, Callable[[Array], Array]]:
    """Return each row's weighted products with the constant 1, completed by EM where answers are missing."""
    size = values.shape[1] + 1
    if not np.isnan(values).any():
        return _grouped(lambda part: _products(values[part], ratings.weight[part]), len(values), seed), (
            lambda totals: _covariance(totals / totals[:, :1], size)
        )
    patterns = find_patterns(values, ratings.weight, (*ratings.terms, ratings.outcome))
    moments, amplifier = _complete(values, ratings, patterns)
    centre = triangle(moments)

    def completed(part: npt.NDArray[np.intp]) -> Array:
        rows = expected_products(values[part], patterns.rows(part), moments)
        return rows * ratings.weight[part, None]

    return _grouped(completed, len(values), seed), (
        lambda totals: _covariance(centre + (totals / totals[:, :1] - centre) @ amplifier.T, size)
    )


def _complete(values: Array, ratings: Ratings, patterns: Patterns) -> tuple[Array, Array]:
    """Return what :func:`fit_moments` does; where it fails since drivers determine one another, say which."""
    try:
        return fit_moments(patterns)
    except (ConvergenceError, np.linalg.LinAlgError) as error:
        whole = values[ratings.complete, :-1]
        if len(whole) > whole.shape[1] + 1 and (whole.std(axis=0) > 0).all():
            refuse_degenerate(np.atleast_2d(np.corrcoef(whole.T)), ratings.terms)
        if isinstance(error, ConvergenceError):
            raise
        raise ConvergenceError(
            "The means and correlations of answers with gaps cannot be found: drivers determine one another, or too much is "
            'missing. Try: leave out the driver with fewest answers, or missing="pairwise".'
        ) from error


def _products(values: Array, weight: Array) -> Array:
    with_one = np.column_stack([np.ones(len(values)), values])
    return row_products(with_one, with_one * weight[:, None])


def _covariance(moments: Array, size: int) -> Array:
    full = from_triangle(moments, size)
    covariance: Array = full[:, 1:, 1:] - full[:, 1:, :1] * full[:, :1, 1:]
    return covariance


def _pairwise_rows(values: Array, ratings: Ratings, seed: int) -> tuple[Array, Callable[[Array], Array]]:
    """Return, for each pair of variables, each row's weighted count, sums and products if both were answered."""
    k = values.shape[1]
    first, second = np.triu_indices(k, 1)
    find_patterns(values, ratings.weight, (*ratings.terms, ratings.outcome))

    def pair_rows(part: npt.NDArray[np.intp]) -> Array:
        x, y = values[part][:, first], values[part][:, second]
        both = np.where(np.isnan(x * y), 0.0, ratings.weight[part, None])
        x, y = np.nan_to_num(x), np.nan_to_num(y)
        return np.concatenate([both, both * x, both * y, both * x * x, both * y * y, both * x * y], axis=1)

    def to_correlation(totals: Array) -> Array:
        count, x, y, xx, yy, xy = totals.reshape(len(totals), 6, len(first)).swapaxes(0, 1)
        spread = np.sqrt((xx - x * x / count) * (yy - y * y / count))
        result = np.tile(np.eye(k), (len(totals), 1, 1))
        result[:, first, second] = result[:, second, first] = (xy - x * y / count) / spread
        return result

    return _grouped(pair_rows, len(values), seed), to_correlation


def _grouped(build: Callable[[npt.NDArray[np.intp]], Array], n: int, seed: int) -> Array:
    """Return the contributions of each row, or of random groups of rows where there are many."""
    if n <= _MOST_ROWS:
        return build(np.arange(n))
    order = np.random.default_rng(seed).permutation(n)
    bounds = np.linspace(0, n, _GROUPS + 1).astype(int)
    per_block = max(1, _MOST_ROWS * _GROUPS // n)
    sums = []
    for start in range(0, _GROUPS, per_block):
        inner = bounds[start : start + per_block + 1]
        sums.append(np.add.reduceat(build(order[inner[0] : inner[-1]]), inner[:-1] - inner[0], axis=0))
    return np.concatenate(sums)


def standardise(covariance: Array) -> Array:
    """Return correlations (b, k, k) from covariances."""
    spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    correlation: Array = covariance / (spread[:, :, None] * spread[:, None, :])
    return correlation

"""Means and covariances from answers with gaps: the EM algorithm on patterns of missing answers."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError, DataError

__all__ = [
    "Patterns",
    "draw_missing",
    "expected_products",
    "find_patterns",
    "fit_moments",
    "from_triangle",
    "row_products",
    "triangle",
]

Array = npt.NDArray[np.float64]

_STEPS = 2000
_FIRST_STEPS = 20
_CHANGE = 1e-11


@dataclass(frozen=True, kw_only=True, eq=False)
class Patterns:
    """Which answers are there: the distinct patterns, and what the rows of each add up to.

    Attributes
    ----------
    observed
        Whether a variable is there (m, k + 1); the first is the constant 1.
    of_row
        Pattern of each row (n,).
    weight
        Total weight of each pattern (m,).
    products
        Weighted sums of products of the answers that are there (m, k + 1, k + 1), 0 elsewhere.
    """

    observed: npt.NDArray[np.bool_]
    of_row: npt.NDArray[np.intp]
    weight: Array
    products: Array

    def rows(self, part: npt.NDArray[np.intp]) -> "Patterns":
        """Return the same patterns with some of the rows, for what is asked row by row."""
        return replace(self, of_row=self.of_row[part])


def find_patterns(values: Array, weight: Array, names: tuple[str, ...]) -> Patterns:
    """Sort rows by which answers are missing.

    Parameters
    ----------
    values
        Answers (n, k), NaN where missing.
    weight
        Weights (n,).
    names
        Of the k variables, for messages.

    Raises
    ------
    DataError
        If two variables are never answered together.
    """
    there = ~np.isnan(values)
    together = there.T.astype(float) @ there
    if (together == 0).any():
        first, second = (names[place] for place in np.argwhere(together == 0)[0])
        raise DataError(
            f"Nobody answered both `{first}` and `{second}`, so that how they go together cannot be known. "
            "Try: leave one out."
        )
    packed = np.packbits(there, axis=1)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first_row, of_row = np.unique(keys, return_index=True, return_inverse=True)
    observed = np.column_stack([np.ones(len(first_row), dtype=bool), there[first_row]])
    filled = np.column_stack([np.ones(len(values)), np.where(there, values, 0.0)])
    order = np.argsort(of_row, kind="stable")
    bounds = np.searchsorted(of_row[order], np.arange(len(first_row) + 1))
    products = np.empty((len(first_row), filled.shape[1], filled.shape[1]))
    for place in range(len(first_row)):
        rows = order[bounds[place] : bounds[place + 1]]
        products[place] = (filled[rows] * weight[rows, None]).T @ filled[rows]
    return Patterns(observed=observed, of_row=of_row, weight=products[:, 0, 0].copy(), products=products)


def fit_moments(patterns: Patterns) -> tuple[Array, Array]:
    """Return the second moments that make the answers likeliest, and how far a change in the data moves them.

    Returns
    -------
    moments
        Means of products (k + 1, k + 1) of the constant and the variables, of normal variables with answers missing at
        random.
    amplifier
        (q, q) for the q products of the upper triangle: to first order, a change d in the mean completed products moves
        the moments by `amplifier @ d`.

    Raises
    ------
    ConvergenceError
        If the answers do not determine the moments.

    Notes
    -----
    Dempster, Laird and Rubin (1977); Schafer (1997), section 5.3. With M the EM step and D its derivative, known in closed
    form, the moments solve t = M(t). After some EM steps they are reached by Newton's, t + (I - D)⁻¹(M(t) - t), as long
    as they shrink the distance; (I - D)⁻¹ is the inverse of the share of information that is not missing.
    """
    size = patterns.products.shape[1]
    moments = np.diag(np.append(1.0, np.ones(size - 1)))
    step = np.inf
    for turn in range(_STEPS):
        mapped = _em_step(moments, patterns)
        last, step = step, float(np.abs(mapped - moments).max())
        if step < _CHANGE:
            return mapped, _amplifier(mapped, patterns)
        if turn >= _FIRST_STEPS and turn % 2 == 0 and step < last:
            jump = moments + from_triangle(_amplifier(moments, patterns) @ triangle(mapped - moments)[0], size)
            if np.linalg.eigvalsh(jump)[0] > 0 and np.abs(_em_step(jump, patterns) - jump).max() < step:
                mapped = jump
        moments = mapped
    raise ConvergenceError(
        f"The means and correlations of answers with gaps did not settle in {_STEPS:,} steps: too much is missing. "
        'Try: leave out the driver with fewest answers, or missing="pairwise".'
    )


def _em_step(moments: Array, patterns: Patterns) -> Array:
    slopes, residual = _regressions(moments, patterns.observed)
    total = (slopes @ patterns.products @ slopes.swapaxes(1, 2)).sum(axis=0)
    total += np.einsum("p,pij->ij", patterns.weight, residual)
    result: Array = (total + total.T) / (2 * patterns.weight.sum())
    return result


def _regressions(moments: Array, observed: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return, by pattern, the regression on what is there (m, k + 1, k + 1), and the covariance of what it leaves."""
    there = observed.astype(float)
    slopes = (moments * there[:, None, :]) @ _observed_inverse(moments, there)
    residual = moments - slopes @ (moments * there[:, :, None])
    gaps = 1 - there
    residual = residual * gaps[:, :, None] * gaps[:, None, :]
    slopes = np.where(observed[:, :, None], np.eye(len(moments)), slopes)
    return slopes, residual


def _observed_inverse(moments: Array, there: Array) -> Array:
    both = there[:, :, None] * there[:, None, :]
    empty = np.eye(len(moments)) * (1 - there)[:, None, :]
    inverse: Array = np.linalg.inv(moments * both + empty) * both
    return inverse


def _amplifier(moments: Array, patterns: Patterns) -> Array:
    """Return (I - D)⁻¹ with D the derivative of the EM step in the upper triangle of the moments."""
    size = len(moments)
    there = patterns.observed.astype(float)
    slopes, _ = _regressions(moments, patterns.observed)
    left = np.eye(size) - slopes * there[:, None, :]
    right = _observed_inverse(moments, there) @ patterns.products @ slopes.swapaxes(1, 2)
    mean_left = left.reshape(len(left), -1)
    weighted = (left * patterns.weight[:, None, None]).reshape(len(left), -1)
    crossed = (mean_left.T @ right.reshape(len(left), -1)).reshape(size, size, size, size)
    squared = (mean_left.T @ weighted).reshape(size, size, size, size)
    # crossed[i, a, b, j] and squared[i, a, j, b], both to [i, j, a, b]
    derivative = crossed.transpose(0, 3, 1, 2) + crossed.transpose(3, 0, 1, 2) + squared.transpose(0, 2, 1, 3)
    rows, columns = np.triu_indices(size)
    chosen = derivative[rows, columns]
    reduced = chosen[:, rows, columns] + np.where(rows == columns, 0.0, chosen[:, columns, rows])
    reduced = reduced / patterns.weight.sum()
    reduced[0], reduced[:, 0] = 0.0, 0.0  # the constant stays 1
    try:
        return np.asarray(np.linalg.inv(np.eye(len(rows)) - reduced), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise ConvergenceError(
            "The answers do not determine the correlations: too much is missing. Try: leave out the driver with fewest."
        ) from None


def triangle(products: Array) -> Array:
    """Return the upper triangles (b, q) of symmetric matrices (b, s, s), or of one."""
    rows, columns = np.triu_indices(products.shape[-1])
    flat: Array = np.atleast_2d(products[..., rows, columns])
    return flat


def from_triangle(flat: Array, size: int) -> Array:
    """Return symmetric matrices (…, s, s) from their upper triangles (…, q)."""
    rows, columns = np.triu_indices(size)
    full = np.empty((*flat.shape[:-1], size, size))
    full[..., rows, columns] = flat
    full[..., columns, rows] = flat
    return full


def expected_products(values: Array, patterns: Patterns, moments: Array) -> Array:
    """Return each row's products (n, q) with the constant 1, as expected where answers are missing."""
    slopes, residual = _regressions(moments, patterns.observed)
    filled = _fill(values, patterns, slopes)
    products = row_products(filled, filled)
    products += triangle(residual)[patterns.of_row]
    return products


def row_products(left: Array, right: Array) -> Array:
    """Return, for each row of two tables (n, s), the upper triangle (n, q) of the products of its numbers."""
    n, size = left.shape
    products = np.empty((n, size * (size + 1) // 2))
    start = 0
    for place in range(size):
        end = start + size - place
        np.multiply(left[:, place : place + 1], right[:, place:], out=products[:, start:end])
        start = end
    return products


def _fill(values: Array, patterns: Patterns, slopes: Array) -> Array:
    """Return rows (n, k + 1) with the constant and what is missing as expected from the rest."""
    known = np.column_stack([np.ones(len(values)), np.nan_to_num(values)])
    expected: Array = np.einsum("nij,nj->ni", slopes[patterns.of_row], known)
    return expected


def draw_missing(values: Array, patterns: Patterns, moments: Array, rng: np.random.Generator) -> Array:
    """Return the answers (n, k) with what is missing drawn from its distribution given the rest."""
    slopes, residual = _regressions(moments, patterns.observed)
    levels, vectors = np.linalg.eigh(residual)
    roots = vectors * np.sqrt(np.maximum(levels, 0.0))[:, None, :]
    noise = rng.standard_normal((len(values), len(moments)))
    drawn = _fill(values, patterns, slopes) + np.einsum("nij,nj->ni", roots[patterns.of_row], noise)
    completed: Array = np.where(np.isnan(values), drawn[:, 1:], values)
    return completed

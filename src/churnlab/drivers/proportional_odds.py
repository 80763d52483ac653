"""The likelihood of proportional odds: Newton's method with the closed-form Hessian, on like answers collapsed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError

__all__ = [
    "OrdinalData",
    "OrdinalMaximum",
    "collapse",
    "cumulative",
    "maximise_odds",
    "null_log_likelihood",
    "row_scores",
]

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_STEPS = 60
_GAIN = 1e-10
_LARGEST = 40.0


@dataclass(frozen=True, kw_only=True, eq=False)
class OrdinalData:
    """Answers sorted by the outcome.

    Attributes
    ----------
    x
        Drivers (n, p).
    level
        Place of the outcome's level (n,), ascending.
    weight, square
        Total of the weights, and of their squares, of the answers in a row (n,).
    levels
        Number of levels.
    """

    x: Array
    level: Places
    weight: Array
    square: Array
    levels: int

    @property
    def bounds(self) -> Places:
        """Where each level begins, and the end (levels + 1,)."""
        return np.searchsorted(self.level, np.arange(self.levels + 1))


@dataclass(frozen=True, kw_only=True, eq=False)
class OrdinalMaximum:
    """The maximum: slopes (p,), thresholds (levels - 1,), minus the Hessian of both in that order, log-likelihood."""

    slopes: Array
    thresholds: Array
    information: Array
    log_likelihood: float


def collapse(x: Array, level: Places, weight: Array, count: Array, levels: int) -> OrdinalData:
    """Return answers sorted by level, like ones added up where that at least halves the rows."""
    total, square = weight * count, weight**2 * count
    order = np.argsort(level, kind="stable")
    x, level, total, square = x[order], level[order], total[order], square[order]
    mix = np.random.default_rng(0).normal(size=x.shape[1])
    keys = np.column_stack([level, x @ mix]).astype(float)
    _, first, place = np.unique(keys.view(np.complex128).ravel(), return_index=True, return_inverse=True)
    if 2 * len(first) <= len(x) and np.array_equal(x, x[first][place]):
        x, level = x[first], level[first]
        total = np.asarray(np.bincount(place, total), dtype=np.float64)
        square = np.asarray(np.bincount(place, square), dtype=np.float64)
    return OrdinalData(x=x, level=level, weight=total, square=square, levels=levels)


def cumulative(eta: Array, thresholds: Array) -> Array:
    """Return P(level ≤ j) of rows (n,) for each threshold: (n, levels - 1)."""
    from scipy.special import expit

    below: Array = expit(thresholds - eta[:, None])
    return below


def null_log_likelihood(data: OrdinalData) -> float:
    """Return the log-likelihood without drivers: that of the shares of the levels."""
    total = np.bincount(data.level, data.weight, minlength=data.levels)
    return float((total * np.log(total / total.sum())).sum())


def maximise_odds(data: OrdinalData, *, start: OrdinalMaximum | None = None) -> OrdinalMaximum:
    """Maximise the likelihood of proportional odds.

    Parameters
    ----------
    data
        The answers.
    start
        Where to begin; the levels' shares and no slopes by default.

    Raises
    ------
    ConvergenceError
        If the drivers determine the outcome, so that slopes run off, or one another.

    Notes
    -----
    McCullagh (1980): logit P(Y ≤ j) = ζ_j - x'b. With u and l the logits above and below the level of a row, F(u) and
    F(l) their probabilities and f = F(1 - F), the gradient in the linear predictor is F(u) + F(l) - 1 and the second
    derivative -(f(u) + f(l)); the mixed ones with the thresholds are f(u) and f(l).
    """
    p, cuts = data.x.shape[1], data.levels - 1
    if start is None:
        shares = np.cumsum(np.bincount(data.level, data.weight, minlength=data.levels))[:-1] / data.weight.sum()
        theta = np.concatenate([np.zeros(p), np.log(shares / (1 - shares))])
    else:
        theta = np.concatenate([start.slopes, start.thresholds])
    value, gradient, information = _derivatives(theta, data)
    for _ in range(_STEPS):
        step = _newton_step(information, gradient)
        if float(gradient @ step) / 2 < _GAIN:
            theta = theta + step
            value, _, information = _derivatives(theta, data)
            return OrdinalMaximum(slopes=theta[:p], thresholds=theta[p:], information=information, log_likelihood=value)
        theta, value, gradient, information = _climb(theta, step, value, data)
        if np.abs(data.x @ theta[:p]).max() > _LARGEST + np.abs(theta[p:]).max():
            break
    raise ConvergenceError(
        f"The likelihood of {cuts + 1} levels has no maximum: some driver separates the levels, so that its coefficient runs "
        "off. Try: fewer drivers, or levels with more answers."
    )


def _newton_step(information: Array, gradient: Array) -> Array:
    try:
        return np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise ConvergenceError(
            "The likelihood is flat along some drivers: they determine one another. Try: leave one out."
        ) from None


def _climb(theta: Array, step: Array, value: float, data: OrdinalData) -> tuple[Array, float, Array, Array]:
    """Take the longest of the halved steps that raises the likelihood and keeps the thresholds in order."""
    for halving in range(40):
        ahead = theta + step / 2**halving
        if (np.diff(ahead[data.x.shape[1] :]) > 0).all():
            found, gradient, information = _derivatives(ahead, data)
            if found > value - 1e-9 * abs(value):
                return ahead, found, gradient, information
    raise ConvergenceError("The likelihood of the levels does not rise along Newton's step.")


def _derivatives(theta: Array, data: OrdinalData) -> tuple[float, Array, Array]:
    """Return log-likelihood, gradient (k,) and minus the Hessian (k, k), slopes first."""
    p = data.x.shape[1]
    parts = _parts(theta, data)
    bounds, weight = data.bounds, data.weight
    upper_density, lower_density = weight * parts.upper_density, weight * parts.lower_density
    gradient = np.concatenate(
        [
            (weight * (parts.upper + parts.lower - 1)) @ data.x,
            _by_level(weight * parts.rise, bounds)[:-1] - _by_level(weight * parts.fall, bounds)[1:],
        ]
    )
    information = np.zeros((len(theta), len(theta)))
    information[:p, :p] = (data.x * (upper_density + lower_density)[:, None]).T @ data.x
    for cut in range(data.levels - 1):
        at, next_level = slice(bounds[cut], bounds[cut + 1]), slice(bounds[cut + 1], bounds[cut + 2])
        information[p + cut, :p] = -(upper_density[at] @ data.x[at] + lower_density[next_level] @ data.x[next_level])
    information[:p, p:] = information[p:, :p].T
    both = _by_level(weight * parts.rise * parts.fall, bounds)
    density = _by_level(upper_density, bounds)[:-1] + _by_level(lower_density, bounds)[1:]
    cuts = np.arange(p, len(theta))
    information[cuts, cuts] = density + both[:-1] + both[1:]
    information[cuts[:-1], cuts[1:]] = information[cuts[1:], cuts[:-1]] = -both[1:-1]
    return float(weight @ np.log(parts.probability)), gradient, information


def _by_level(values: Array, bounds: Places) -> Array:
    sums: Array = np.add.reduceat(np.append(values, 0.0), bounds[:-1])
    return sums


@dataclass(frozen=True, kw_only=True, eq=False)
class _Parts:
    """What the derivatives are made of, each (n,); `rise` and `fall` are dlogP/du and -dlogP/dl."""

    probability: Array
    upper: Array
    lower: Array
    upper_density: Array
    lower_density: Array
    rise: Array
    fall: Array


def _parts(theta: Array, data: OrdinalData) -> _Parts:
    from scipy.special import expit

    p = data.x.shape[1]
    eta = data.x @ theta[:p]
    ends = np.concatenate([[-np.inf], theta[p:], [np.inf]])
    gap = -np.expm1(ends[:-1] - ends[1:])
    gap[[0, -1]] = 1.0
    upper, lower = expit(ends[1:][data.level] - eta), expit(ends[:-1][data.level] - eta)
    above_upper, above_lower = expit(eta - ends[1:][data.level]), expit(eta - ends[:-1][data.level])
    between = gap[data.level]
    return _Parts(
        probability=upper * above_lower * between,
        upper=upper,
        lower=lower,
        upper_density=upper * above_upper,
        lower_density=lower * above_lower,
        rise=above_upper / (above_lower * between),
        fall=lower / (upper * between),
    )


def row_scores(maximum: OrdinalMaximum, data: OrdinalData) -> tuple[Array, Array]:
    """Return for one answer of each row the log-likelihood (n,) and its gradient (n, k), slopes first."""
    theta = np.concatenate([maximum.slopes, maximum.thresholds])
    parts = _parts(theta, data)
    cuts = np.zeros((len(data.level), data.levels + 1))
    rows = np.arange(len(data.level))
    cuts[rows, data.level + 1] = parts.rise
    cuts[rows, data.level] = -parts.fall
    slopes = data.x * (parts.upper + parts.lower - 1)[:, None]
    return np.log(parts.probability), np.concatenate([slopes, cuts[:, 1:-1]], axis=1)

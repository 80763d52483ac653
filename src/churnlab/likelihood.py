"""Maximum likelihood: one maximiser for every model, its convergence verified, its covariance exact."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError

__all__ = ["Derivatives", "Maximum", "maximise"]

Array = npt.NDArray[np.float64]

_LARGEST = 1e8
"""A parameter beyond this, or a positive one below its inverse, is taken to run off to infinity or zero."""


@dataclass(frozen=True, kw_only=True)
class Derivatives:
    """A log-likelihood at a point, its gradient (k,) and its Hessian (k, k)."""

    value: float
    gradient: Array
    hessian: Array


@dataclass(frozen=True, kw_only=True)
class Maximum:
    """The maximum of a log-likelihood: estimates (k,), their covariance (k, k) and the log-likelihood."""

    names: tuple[str, ...]
    estimate: Array
    covariance: Array
    log_likelihood: float


def maximise(
    log_likelihood: Callable[[Array], Derivatives],
    names: tuple[str, ...],
    starts: Iterable[Array],
    *,
    positive: npt.ArrayLike = True,
) -> Maximum:
    """Maximise a log-likelihood over positive parameters, real ones, or some of each.

    Parameters
    ----------
    log_likelihood
        Takes the parameters (k,) and returns value, gradient and Hessian in those parameters.
    names
        The k names, for messages.
    starts
        Points (k,) to start from, all of them; the highest of the verified maxima counts.
    positive
        Which parameters are positive (k,), or one answer for all; the others may be any number.

    Returns
    -------
    Maximum
        Estimates and covariance on the scale of the parameters.

    Raises
    ------
    ConvergenceError
        If no start leads to a maximum inside the parameter space; it names the parameters that run off.

    Notes
    -----
    Newton steps in a trust region (Nocedal and Wright 2006, algorithm 4.3; scipy's `trust-exact`) on u, the logarithms
    of the positive parameters θ and the others as they are. With D = diag(dθ/du), which is θ or 1, the gradient in u is
    Dg and the Hessian DHD, plus Dg on the diagonal where the parameter is positive. A point counts as a
    maximum if its Newton decrement (what the log-likelihood could still gain) is below 10⁻⁹, or the rounding of a
    log-likelihood of that size, and minus the Hessian is positive definite. The covariance is D V D with V the inverse
    of minus that Hessian: the delta method, on both sides of V.
    """
    found, reasons = [], []
    for start in starts:
        try:
            scale = _Scale(np.broadcast_to(np.asarray(positive, dtype=bool), len(names)))
            found.append(_climb(log_likelihood, names, np.asarray(start, dtype=float), scale))
        except ConvergenceError as error:
            reasons.append(str(error))
    if not found:
        raise ConvergenceError(reasons[0])
    return max(found, key=lambda maximum: maximum.log_likelihood)


class _Scale:
    """Positive parameters θ on the scale of their logarithms u, the others as they are."""

    def __init__(self, positive: npt.NDArray[np.bool_]) -> None:
        self.positive = positive

    def to_u(self, theta: Array) -> Array:
        return np.where(self.positive, np.log(np.where(self.positive, theta, 1.0)), theta)

    def to_theta(self, u: Array) -> Array:
        bound = np.log(_LARGEST) + 1
        return np.where(self.positive, np.exp(np.clip(u, -bound, bound)), u)

    def slope(self, theta: Array) -> Array:
        """Return dθ/du (k,)."""
        return np.where(self.positive, theta, 1.0)


def _climb(
    log_likelihood: Callable[[Array], Derivatives], names: tuple[str, ...], start: Array, scale: _Scale
) -> Maximum:
    from scipy.optimize import minimize

    surface = _Surface(log_likelihood, scale)
    size = max(1.0, abs(surface.at(scale.to_u(start)).value))
    found = minimize(
        lambda u: -surface.at(u).value / size,
        scale.to_u(start),
        jac=lambda u: -surface.at(u).gradient / size,
        hess=lambda u: -surface.at(u).hessian / size,
        method="trust-exact",
        options={"gtol": 1e-10, "maxiter": 200, "max_trust_radius": 8.0},
    )
    _refuse_runaways(names, scale.to_theta(found.x), scale.positive)
    last = surface.at(found.x)
    polished = found.x + _verified_inverse(names, last) @ last.gradient
    point, estimate = surface.at(polished), scale.to_theta(polished)
    slope = scale.slope(estimate)
    covariance = _verified_inverse(names, point) * np.outer(slope, slope)
    return Maximum(names=names, estimate=estimate, covariance=covariance, log_likelihood=point.value)


class _Surface:
    """A log-likelihood as a function of u; the last point is kept, since scipy asks for it in parts."""

    def __init__(self, log_likelihood: Callable[[Array], Derivatives], scale: _Scale) -> None:
        self._log_likelihood = log_likelihood
        self._scale = scale
        self._u: Array | None = None
        self._point: Derivatives | None = None

    def at(self, u: Array) -> Derivatives:
        if self._point is None or self._u is None or not np.array_equal(u, self._u):
            theta = self._scale.to_theta(u)
            natural, slope = self._log_likelihood(theta), self._scale.slope(theta)
            gradient = slope * natural.gradient
            curvature = np.diag(np.where(self._scale.positive, gradient, 0.0))
            hessian = slope[:, None] * natural.hessian * slope + curvature
            self._u = u.copy()
            self._point = Derivatives(value=natural.value, gradient=gradient, hessian=hessian)
        return self._point


def _refuse_runaways(names: tuple[str, ...], estimate: Array, positive: npt.NDArray[np.bool_]) -> None:
    away = [
        f"{name} → {_limit(value)}"
        for name, value, bounded in zip(names, estimate, positive, strict=True)
        if not abs(value) < _LARGEST or (bounded and value < 1 / _LARGEST)
    ]
    if away:
        raise ConvergenceError(f"The likelihood has no maximum: it keeps rising as {', '.join(away)}.")


def _limit(value: float) -> str:
    if value < -1:
        return "minus infinity"
    return "infinity" if value > 1 else "0"


def _verified_inverse(names: tuple[str, ...], point: Derivatives) -> Array:
    information = -point.hessian
    if not (np.isfinite(information).all() and np.isfinite(point.gradient).all()):
        raise ConvergenceError("The likelihood is not finite where the search ended.")
    eigenvalues, vectors = np.linalg.eigh(information)
    if eigenvalues[0] <= eigenvalues[-1] * 1e-13:
        flat = ", ".join(name for name, part in zip(names, vectors[:, 0], strict=True) if abs(part) > 0.3)
        raise ConvergenceError(f"The likelihood has no single maximum: it is flat along {flat}.")
    product: Array = (vectors / eigenvalues) @ vectors.T
    inverse = (product + product.T) / 2  # whatever the last digits of a matrix product are
    decrement = float(point.gradient @ inverse @ point.gradient) / 2
    if decrement > 1e-9 + 1e-14 * abs(point.value):
        raise ConvergenceError(
            f"The search ended before the maximum: the likelihood may still rise by {decrement:.2g}."
        )
    return inverse

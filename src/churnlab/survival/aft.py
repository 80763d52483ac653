"""Accelerated failure time models: by how much each covariate stretches the time until a customer leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.likelihood import Derivatives, Maximum, maximise
from churnlab.survival.aft_distributions import Distribution, log_density, log_survival
from churnlab.survival.aft_fit import AftFit
from churnlab.survival.design import plan_design
from churnlab.survival.design_checks import Standard, refuse_collinear, refuse_separation, standardise, warn_of_leakage
from churnlab.survival.observations import read_observations, take_frame
from churnlab.survival.patterns import collapse_rows
from churnlab.survival.spell_arrays import SpellArrays

__all__ = ["fit_aft"]

Array = npt.NDArray[np.float64]

_BLOCK = 16384


def fit_aft(
    spells: Any,
    *,
    distribution: Distribution = "weibull",
    covariates: Sequence[str] | None = None,
    formula: str | None = None,
    reason: str | None = None,
    conf_level: float = 0.95,
) -> AftFit:
    """Fit an accelerated failure time model: log time = location + coefficients × covariates + scale × error.

    Parameters
    ----------
    spells
        A frame that keeps the contract SPELLS, with perhaps `entry`, `weight` (how many like this) and `reason`.
    distribution
        Of the time to churn: ``"weibull"``, ``"exponential"``, ``"log_normal"`` or ``"log_logistic"``.
    covariates
        Columns; text and categories by themselves become one 0/1 term for each level but the first. An empty list fits the
        distribution alone.
    formula
        Right-hand side in place of `covariates`: ``"age * plan + log(price)"``.
    reason
        Count only the ends for this reason; ends for others are taken as censored.
    conf_level
        Of every interval.

    Returns
    -------
    AftFit

    Raises
    ------
    DataError
        If the frame breaks the contract, nobody churned, or covariates are missing, constant or collinear.
    ConvergenceError
        If the likelihood has no maximum, as where a covariate separates churners from the others.
    ParameterError
        If an option is unknown or out of range.

    Notes
    -----
    Kalbfleisch and Prentice (2002), The statistical analysis of failure time data, chapter 3. R: ``survreg``, whose
    `scale` this is; late entry is conditioned on, which ``survreg`` cannot. The likelihood is that of time, not of its
    logarithm.

    Examples
    --------
    >>> import pandas as pd
    >>> spells = pd.DataFrame({"duration": [2, 3, 5, 8, 9, 12], "churned": [1, 1, 0, 1, 1, 0], "age": [3, 1, 2, 2, 4, 1]})
    >>> fit_aft(spells.astype({"churned": bool}), covariates=["age"])
    AftFit(weibull, 1 term; 6 customers, 4 churned)
    """
    normal_quantile(conf_level)
    if distribution not in get_args(Distribution):
        raise ParameterError(
            f"`distribution` must be one of {', '.join(get_args(Distribution))}, not {distribution!r}."
        )
    frame = take_frame(spells)
    observed = read_observations(frame, reason=reason)
    design = plan_design(frame, covariates, formula)
    kinds = collapse_rows(frame, design, observed)
    if kinds is not None:
        frame, observed = kinds.frame, kinds.observations
    matrix = design.matrix(frame)
    standard = standardise(matrix, observed.weight, design.terms)
    warn_of_leakage(design.columns, design.terms, matrix, observed.churned)
    refuse_collinear(matrix, design.terms)
    likelihood = _Likelihood(distribution, np.vstack([np.ones(matrix.shape[1]), matrix]), observed)
    maximum = _climb(likelihood, design.terms)
    p = len(design.terms)
    errors = np.sqrt(np.diag(maximum.covariance))[1 : p + 1]
    refuse_separation(design.terms, -maximum.estimate[1 : p + 1], errors)
    back = _to_own_units(standard, len(maximum.estimate))
    return AftFit(
        distribution=distribution,
        parameters=back @ maximum.estimate,
        covariance=back @ maximum.covariance @ back.T,
        design=design,
        n=float(observed.weight.sum()),
        events=float(observed.weight[observed.churned].sum()),
        log_likelihood=maximum.log_likelihood,
        reason=reason,
        conf_level=conf_level,
    )


@dataclass(frozen=True)
class _Likelihood:
    """Log-likelihood of covariates (p, n), the first of them 1, in p coefficients and, if it is free, the scale."""

    distribution: Distribution
    matrix: Array
    observed: SpellArrays

    @property
    def free_scale(self) -> bool:
        """Whether the scale is estimated."""
        return self.distribution != "exponential"

    def at(self, theta: Array) -> Derivatives:
        """Return the log-likelihood with gradient and Hessian, block by block."""
        k = len(self.matrix)
        value, gradient, hessian = 0.0, np.zeros(k + 1), np.zeros((k + 1, k + 1))
        scale = float(theta[k]) if self.free_scale else 1.0
        for start in range(0, self.matrix.shape[1], _BLOCK):
            block = slice(start, start + _BLOCK)
            part = self._block(theta[:k], scale, block)
            value, gradient, hessian = value + part.value, gradient + part.gradient, hessian + part.hessian
        m = len(theta)
        return Derivatives(value=value, gradient=gradient[:m], hessian=hessian[:m, :m])

    def _block(self, coefficients: Array, scale: float, block: slice) -> Derivatives:
        x, seen = self.matrix[:, block], self.observed
        ended, weight, duration = seen.churned[block], seen.weight[block], seen.duration[block]
        location, log_time = coefficients @ x, np.log(duration)
        z = (log_time - location) / scale
        density, survival = log_density(self.distribution, z), log_survival(self.distribution, z)
        f, f1, f2 = (weight * np.where(ended, d, s) for d, s in zip(density, survival, strict=True))
        ends = float(weight @ ended)
        parts = _derivatives(x, z, f1, f2, scale)
        value = float(f.sum()) - ends * np.log(scale) - float(weight[ended] @ log_time[ended])
        parts.gradient[-1] -= ends / scale
        parts.hessian[-1, -1] += ends / scale**2
        if seen.entry is None:
            return Derivatives(value=value, gradient=parts.gradient, hessian=parts.hessian)
        late = seen.entry[block] > 0
        z = (np.log(seen.entry[block][late]) - location[late]) / scale
        s, s1, s2 = (weight[late] * part for part in log_survival(self.distribution, z))
        entered = _derivatives(x[:, late], z, s1, s2, scale)
        return Derivatives(
            value=value - float(s.sum()),
            gradient=parts.gradient - entered.gradient,
            hessian=parts.hessian - entered.hessian,
        )


def _derivatives(x: Array, z: Array, f1: Array, f2: Array, scale: float) -> Derivatives:
    """Return by coefficients and scale the derivatives of the sum of f(z), given f' and f'' (n,)."""
    k = len(x)
    gradient, hessian = np.empty(k + 1), np.empty((k + 1, k + 1))
    gradient[:k], gradient[k] = -(x @ f1) / scale, -float(z @ f1) / scale
    hessian[:k, :k] = (x * f2) @ x.T / scale**2
    hessian[k, :k] = hessian[:k, k] = x @ (f1 + z * f2) / scale**2
    hessian[k, k] = float(z @ (2 * f1 + z * f2)) / scale**2
    return Derivatives(value=0.0, gradient=gradient, hessian=hessian)


def _climb(likelihood: _Likelihood, terms: tuple[str, ...]) -> Maximum:
    names = ("(Intercept)", *terms, *(("scale",) if likelihood.free_scale else ()))
    seen = likelihood.observed
    middle = float(np.log((seen.weight @ seen.duration) / (seen.weight @ seen.churned)))
    start = np.zeros(len(names))
    start[0] = middle
    positive = np.zeros(len(names), dtype=bool)
    if likelihood.free_scale:
        start[-1], positive[-1] = 1.0, True
    try:
        return maximise(likelihood.at, names, [start], positive=positive)
    except ConvergenceError as error:
        raise ConvergenceError(
            f"{error} A covariate that separates those who churned from the others does this. Try: leave it out, or join "
            "its rare levels."
        ) from None


def _to_own_units(standard: Standard, size: int) -> Array:
    """Return the matrix (k, k) that takes parameters of standardised covariates to those of the covariates themselves."""
    back = np.eye(size)
    p = len(standard.mean)
    back[range(1, p + 1), range(1, p + 1)] = 1 / standard.deviation
    back[0, 1 : p + 1] = -standard.mean / standard.deviation
    return back

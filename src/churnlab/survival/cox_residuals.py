"""Residuals of a Cox model, and the covariance that is made of them; all linear in the rows."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.survival.cox_newton import PartialLikelihood, Point
from churnlab.survival.cox_risk import Weights

__all__ = ["martingale_residuals", "robust_covariance", "schoenfeld_residuals", "score_residuals"]

Array = npt.NDArray[np.float64]


def martingale_residuals(likelihood: PartialLikelihood, point: Point) -> Array:
    """Return for each row its ends less what the model expected of it, (n,), per unit of weight."""
    cells, ties = likelihood.cells, point.ties
    residuals = cells.spread(cells.lived_through(ties.a, ties.b)) * _relative_hazard(likelihood, point)
    residuals *= -1
    residuals[likelihood.sets.events] += 1
    return residuals


def score_residuals(likelihood: PartialLikelihood, point: Point) -> Array:
    """Return each row's part in the gradient (p, n), per unit of weight.

    Notes
    -----
    Therneau and Grambsch (2000), Modeling Survival Data, section 4.6, with the share of Efron's ties that a tied end
    takes part in. R: ``residuals(fit, "score")``.
    """
    cells, ties = likelihood.cells, point.ties
    drift = cells.lived_through(ties.c0 * point.s1 - ties.c1 * point.e1, ties.c1 * point.s1 - ties.c2 * point.e1)
    jump = np.zeros_like(drift)
    jump[:, cells.sets.events] = _mean_at_end(likelihood, point)[:, cells.sets.event_slot]
    relative, martingale = _relative_hazard(likelihood, point), martingale_residuals(likelihood, point)
    residuals = likelihood.matrix * martingale
    for place, row in enumerate(residuals):
        row += cells.spread(drift[place]) * relative  # noqa: PLW2901 - in place, on purpose
        row -= cells.spread(jump[place])  # noqa: PLW2901 - in place, on purpose
    return residuals


def schoenfeld_residuals(likelihood: PartialLikelihood, point: Point) -> Array:
    """Return each end's covariates less their mean among those at risk, (p, d)."""
    mean = _mean_at_end(likelihood, point)[:, likelihood.sets.event_slot]
    residuals: Array = likelihood.matrix[:, likelihood.sets.events] - mean
    return residuals


def robust_covariance(
    likelihood: PartialLikelihood, point: Point, covariance: Array, *, cluster: Any, weights: Weights
) -> Array:
    """Return the sandwich covariance (p, p) of the coefficients.

    Parameters
    ----------
    likelihood, point
        The model at its maximum.
    covariance
        The model's own covariance (p, p).
    cluster
        To whom each row belongs (n,); None if each is a customer of its own.
    weights
        Whether a row stands for so many customers, each with a residual of her own, or for one who counts so much.

    Notes
    -----
    Lin and Wei (1989), The robust inference for the Cox proportional hazards model. R: ``coxph(..., cluster=)``.
    """
    residuals = score_residuals(likelihood, point)
    if cluster is None:
        if likelihood.weight is not None:
            residuals *= np.sqrt(likelihood.weight) if weights == "counts" else likelihood.weight
        grouped = residuals
    else:
        if likelihood.weight is not None:
            residuals *= likelihood.weight
        code, known = pd.factorize(cluster)
        grouped = np.stack([np.bincount(code, row, len(known)) for row in residuals])
    sandwich: Array = covariance @ (grouped @ grouped.T) @ covariance
    return sandwich


def _relative_hazard(likelihood: PartialLikelihood, point: Point) -> Array:
    return point.risk if likelihood.weight is None else point.risk / likelihood.weight


def _mean_at_end(likelihood: PartialLikelihood, point: Point) -> Array:
    """Return the covariates' mean among those at risk at each slot's end, over the ties in it (p, m)."""
    ended = np.where(likelihood.sets.ended > 0, likelihood.sets.ended, 1.0)
    mean: Array = (point.s1 * point.ties.a - point.e1 * point.ties.b) / ended
    return mean

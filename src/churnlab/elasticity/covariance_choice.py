"""Which covariance a fit asks for, and with how many degrees of freedom."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.covariances import (
    Moments,
    clustered,
    clustered_parameters,
    hc1,
    hc3,
    iid,
    newey_west,
    parameters,
)
from churnlab.elasticity.design import Design
from churnlab.elasticity.leverage import leverage
from churnlab.errors import DataError, ParameterError

__all__ = ["Errors", "Uncertainty", "check_errors", "default_lags", "uncertainty"]

Array = npt.NDArray[np.float64]
Errors = Literal["iid", "hc1", "hc3", "cluster", "hac"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Uncertainty:
    """Covariance (k, k) and the degrees of freedom of Student's t."""

    covariance: Array
    df: float


def check_errors(
    errors: str, cluster: tuple[str, ...], allowed: tuple[str, ...] = get_args(Errors), *, lags: int | None = None
) -> None:
    """Refuse kinds of errors that are unknown, clustering by nothing, and lags that are no number of periods.

    Raises
    ------
    ParameterError
        If it is so.
    """
    if errors not in allowed:
        raise ParameterError(f"`errors` must be one of {', '.join(map(repr, allowed))}, not {errors!r}.")
    if errors == "cluster" and not cluster:
        raise ParameterError('errors="cluster" takes the columns to cluster by. Try: cluster=("product",).')
    if lags is not None and not (isinstance(lags, int | np.integer) and lags >= 0):
        raise ParameterError(f"`lags` must be a whole number of periods, 0 or more, not {lags!r}.")


def uncertainty(
    design: Design,
    regressors: Array,
    residuals: Array,
    bread: Array,
    *,
    errors: str,
    lags: int | None = None,
) -> Uncertainty:
    """Return the covariance of the coefficients of a weighted regression.

    Parameters
    ----------
    design
        What was fitted on.
    regressors
        With the effects taken out, as far as they are estimated (n, k).
    residuals
        Of the outcome (n,).
    bread
        Inverse of the regressors' weighted cross-products (k, k).
    errors
        The kind.
    lags
        With ``"hac"``: how many periods apart errors may hang together.

    Raises
    ------
    DataError
        If there are no more rows than parameters, or the kind cannot be had from these rows.
    """
    k = regressors.shape[1]
    total = parameters(k, design.groups)
    if design.n <= total:
        raise DataError(
            f"There are {design.n:,} rows for {total:,} parameters, effects included. Try: more rows, or coarser effects."
        )
    weighted = residuals if design.weights is None else residuals * design.weights
    variance = float(residuals @ weighted) / (design.n - total)
    moments = Moments(regressors=regressors, errors=weighted, bread=bread, residual_variance=variance, parameters=total)
    if errors == "cluster":
        nested = clustered_parameters(k, design.groups, design.clusters)
        fewest = min(cluster.size for cluster in design.clusters)
        return Uncertainty(covariance=clustered(moments, design.clusters, nested), df=fewest - 1)
    if errors == "hac":
        covariance = _hac(moments, design, lags)
    elif errors == "hc3":
        covariance = hc3(moments, leverage(regressors, bread, design.groups, design.weights))
    else:
        covariance = hc1(moments) if errors == "hc1" else iid(moments)
    return Uncertainty(covariance=covariance, df=design.n - total)


def _hac(moments: Moments, design: Design, lags: int | None) -> Array:
    unit, period = design.series
    return newey_west(moments, unit, period, default_lags(period.size) if lags is None else lags)


def default_lags(periods: int) -> int:
    """Return how many lags are usual for so many periods: 4 (T / 100)^(2/9), rounded down.

    Examples
    --------
    >>> default_lags(97)
    3
    """
    return int(4 * (periods / 100) ** (2 / 9))

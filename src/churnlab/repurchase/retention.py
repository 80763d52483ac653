"""Retention by contract: models fitted to a table of survivors."""

import numpy as np
import pandas as pd

from churnlab.inference import normal_quantile
from churnlab.likelihood import maximise
from churnlab.repurchase.retention_fit import RetentionFit
from churnlab.repurchase.retention_likelihood import Losses, total_log_likelihood
from churnlab.repurchase.survivors import to_losses

__all__ = ["fit_beta_discrete_weibull", "fit_shifted_beta_geometric"]


def fit_shifted_beta_geometric(survivors: pd.DataFrame, *, conf_level: float = 0.95) -> RetentionFit:
    """Fit the shifted beta-geometric model: customers under contract differ in how likely they leave at a renewal.

    Parameters
    ----------
    survivors
        One row per period: `period`, the number of renewals, from 0 without gaps, and `survivors`, the number of
        customers still there after it. With a column `cohort`, each cohort has its own periods, of any number.
    conf_level
        Of every interval.

    Returns
    -------
    RetentionFit

    Raises
    ------
    DataError
        If the table is none of survivors, has too few periods, or nobody has left.
    ConvergenceError
        If the likelihood has no maximum, as where the retention rate falls with time.
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    Fader and Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21 (1), 76-90, equations
    5 to 7 and B3. Maximum likelihood with analytic gradient and Hessian.

    Examples
    --------
    >>> regular = pd.DataFrame({"period": range(8), "survivors": [1000, 631, 468, 382, 326, 289, 262, 241]})
    >>> fit_shifted_beta_geometric(regular)
    RetentionFit(sBG: alpha=0.7041, beta=1.182; 1,000 customers)
    """
    return _fit("sBG", survivors, ((1.0, 2.0), (0.5, 0.5), (2.0, 20.0)), conf_level)


def fit_beta_discrete_weibull(survivors: pd.DataFrame, *, conf_level: float = 0.95) -> RetentionFit:
    """Fit the beta-discrete-Weibull model: besides differing, customers may grow more or less likely to leave in time.

    Parameters
    ----------
    survivors, conf_level
        As in :func:`fit_shifted_beta_geometric`.

    Returns
    -------
    RetentionFit
        With `c`: above 1 where the same customer becomes more likely to leave in time, below 1 where less; 1 is the
        shifted beta-geometric model.

    Raises
    ------
    DataError
        If the table is none of survivors, has too few periods, or nobody has left.
    ConvergenceError
        If the likelihood has no maximum.
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    Fader, Hardie, Liu, Davin and Steenburgh (2018), "How to project customer retention" revisited: the role of duration
    dependence, Journal of Interactive Marketing 43, 1-16.

    Examples
    --------
    >>> high_end = pd.DataFrame({"period": range(5), "survivors": [1000, 869, 743, 653, 593]})
    >>> fit_beta_discrete_weibull(high_end)
    RetentionFit(BdW: alpha=0.2593, beta=1.723, c=1.584; 1,000 customers)
    """
    return _fit("BdW", survivors, ((1.0, 2.0, 1.0), (0.3, 1.5, 1.5), (2.0, 10.0, 0.7)), conf_level)


def _fit(name: str, survivors: pd.DataFrame, starts: tuple[tuple[float, ...], ...], conf_level: float) -> RetentionFit:
    normal_quantile(conf_level)
    losses: Losses = to_losses(survivors, parameters=len(starts[0]))
    maximum = maximise(
        lambda theta: total_log_likelihood(theta, losses),
        ("alpha", "beta", "c")[: len(starts[0])],
        [np.array(start) for start in starts],
    )
    return RetentionFit(
        name=name,
        theta=maximum.estimate,
        covariance=maximum.covariance,
        n=float(losses.lost.sum() + losses.left.sum()),
        log_likelihood=maximum.log_likelihood,
        conf_level=conf_level,
    )

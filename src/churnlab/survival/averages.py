"""What a model of churn says of groups of customers, with limits that include the uncertainty of the model."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.survival.group_limits import by_group, log_log_limits, quantile_of, refuse_unknown
from churnlab.survival.predictions import UncertainHazards, window, window_until

__all__ = ["average_lifetime", "average_survival", "expected_churns"]

Array = npt.NDArray[np.float64]


class _Fit(Protocol):
    """A fitted model that knows how sure it is."""

    @property
    def conf_level(self) -> float:
        """Of every interval."""

    def hazards(self, new: pd.DataFrame) -> UncertainHazards:
        """Return the hazards of new customers."""


def expected_churns(
    fit: _Fit, new: pd.DataFrame, *, horizon: float, tenure: npt.ArrayLike = 0.0, by: str | None = None
) -> pd.DataFrame:
    """Return how many of these customers leave within the horizon.

    Parameters
    ----------
    fit
        A fitted Cox, AFT or discrete-time model.
    new
        Customers who are still here (n rows); `weight`, if there, says how many each row stands for.
    horizon
        How far to look ahead, in units of `duration`.
    tenure
        How long they have been here: one number, or one per row.
    by
        A column of `new`: one answer per value of it, in place of one for all.

    Returns
    -------
    DataFrame
        `n, estimate, std_error, conf_low, conf_high, predict_low, predict_high`, after `by` if given. The confidence
        limits are those of the expected number; the prediction limits also hold what chance adds to it.

    Raises
    ------
    DataError
        If a covariate is missing or unknown, or the horizon ends after the last time seen in the data of the fit.
    ParameterError
        If the horizon is not above 0 or a tenure is negative.

    Notes
    -----
    Delta method. Customers are taken to leave independently of each other, given the model: a shock that meets all of them
    is in neither interval.
    """
    z = quantile_of(fit)

    def one(part: pd.DataFrame, mine: Array, weight: Array) -> pd.DataFrame:
        hazards = fit.hazards(part)
        start, end, known = window(hazards, horizon, mine)
        refuse_unknown(known)
        stay = np.exp(-hazards.cumulative(start, end))
        estimate, chance = float(weight @ (1 - stay)), float(weight @ (stay * (1 - stay)))
        variance = hazards.variance(hazards.gradient(start, end, weight * stay))
        error, wide = np.sqrt(variance), np.sqrt(variance + chance)
        return pd.DataFrame(
            {
                "n": [weight.sum()],
                "estimate": [estimate],
                "std_error": [error],
                "conf_low": [max(0.0, estimate - z * error)],
                "conf_high": [min(float(weight.sum()), estimate + z * error)],
                "predict_low": [max(0.0, estimate - z * wide)],
                "predict_high": [min(float(weight.sum()), estimate + z * wide)],
            }
        )

    return by_group(new, by, tenure, one)


def average_survival(
    fit: _Fit, new: pd.DataFrame, *, times: npt.ArrayLike, tenure: npt.ArrayLike = 0.0, by: str | None = None
) -> pd.DataFrame:
    """Return the share of these customers who are still here after so long, by the model.

    Parameters
    ----------
    fit
        A fitted Cox, AFT or discrete-time model.
    new
        Customers (n rows); `weight`, if there, says how many each row stands for.
    times
        Times from now (or from the start, at tenure 0), in units of `duration` (m,).
    tenure
        How long they have been here: one number, or one per row.
    by
        A column of `new`: one curve per value of it, in place of one for all.

    Returns
    -------
    DataFrame
        One row per time: `time, n, estimate, std_error, conf_low, conf_high`, after `by` if given.

    Raises
    ------
    DataError
        If a covariate is missing or unknown, or a time ends after the last seen in the data of the fit.
    ParameterError
        If a time is not above 0 or a tenure is negative.

    Notes
    -----
    Limits on the scale log(-log), by the delta method.
    """
    z = quantile_of(fit)
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))

    def one(part: pd.DataFrame, mine: Array, weight: Array) -> pd.DataFrame:
        hazards, total = fit.hazards(part), float(weight.sum())
        share, error = np.empty(len(asked)), np.empty(len(asked))
        for place, time in enumerate(asked):
            start, end, known = window(hazards, float(time), mine)
            refuse_unknown(known)
            stay = np.exp(-hazards.cumulative(start, end))
            share[place] = weight @ stay / total
            error[place] = np.sqrt(hazards.variance(hazards.gradient(start, end, weight * stay / total)))
        return pd.DataFrame(
            {"time": asked, "n": total, "estimate": share, "std_error": error, **log_log_limits(share, error, z)}
        )

    return by_group(new, by, tenure, one)


def average_lifetime(
    fit: _Fit, new: pd.DataFrame, *, until: float, tenure: npt.ArrayLike = 0.0, by: str | None = None
) -> pd.DataFrame:
    """Return how much longer these customers stay on average, counted up to the time `until`.

    Parameters
    ----------
    fit
        A fitted Cox, AFT or discrete-time model.
    new
        Customers (n rows); `weight`, if there, says how many each row stands for.
    until
        The time, since the start of their spells, up to which their stay is counted.
    tenure
        How long they have been here: one number, or one per row.
    by
        A column of `new`: one answer per value of it, in place of one for all.

    Returns
    -------
    DataFrame
        `n, estimate, std_error, conf_low, conf_high`, after `by` if given; at tenure 0 the restricted mean.

    Raises
    ------
    DataError
        If a covariate is missing or unknown, or `until` lies after the last time seen in the data of the fit.
    ParameterError
        If a tenure is negative or beyond `until`.
    """
    z = quantile_of(fit)

    def one(part: pd.DataFrame, mine: Array, weight: Array) -> pd.DataFrame:
        hazards, share = fit.hazards(part), weight / weight.sum()
        start, end, known = window_until(hazards, until, mine)
        refuse_unknown(known)
        estimate, gradient = 0.0, np.zeros(())
        for time, width in hazards.nodes(start, end):
            part_of = share * width * np.exp(-hazards.cumulative(start, time))
            estimate += float(part_of.sum())
            gradient = gradient + hazards.gradient(start, time, part_of)
        error = np.sqrt(hazards.variance(gradient))
        return pd.DataFrame(
            {
                "n": [weight.sum()],
                "estimate": [estimate],
                "std_error": [error],
                "conf_low": [estimate - z * error],
                "conf_high": [estimate + z * error],
            }
        )

    return by_group(new, by, tenure, one)

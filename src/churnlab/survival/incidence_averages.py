"""What share of a group leaves for each reason, by a model of reasons, with limits."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.survival.cause_specific import CauseSpecificFit
from churnlab.survival.group_limits import by_group, log_log_limits, quantile_of, refuse_unknown
from churnlab.survival.joint_hazards import JointHazards
from churnlab.survival.predictions import covered, refuse_bad_times

__all__ = ["average_incidence"]

Array = npt.NDArray[np.float64]


def average_incidence(
    fit: CauseSpecificFit,
    new: pd.DataFrame,
    *,
    reason: str,
    times: npt.ArrayLike,
    tenure: npt.ArrayLike = 0.0,
    by: str | None = None,
) -> pd.DataFrame:
    """Return the share of these customers who leave for a reason within so long, by the model.

    Parameters
    ----------
    fit
        A Cox model for each reason.
    new
        Customers who are still here (n rows); `weight`, if there, says how many each row stands for. One row gives one
        customer's limits.
    reason
        One of the reasons of the fit; the others compete with it.
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
        If there is no such reason, a time is not above 0 or a tenure is negative.

    Notes
    -----
    The mean of :meth:`CauseSpecificFit.cumulative_incidence`. Delta method by the coefficients and the steps of the baseline
    hazard of every reason, which are taken as independent between reasons; limits on the scale log(-log). Cheng, Fine and
    Wei (1998), Prediction of cumulative incidence function under the proportional hazards model.
    """
    z, asked = quantile_of(fit), np.atleast_1d(np.asarray(times, dtype=np.float64))
    refuse_bad_times(asked)
    if not (asked > 0).all():
        raise ParameterError("`times` must be above 0.")
    if reason not in fit.fits:
        raise ParameterError(f"There is no reason {reason!r}; there are {', '.join(map(repr, fit.fits))}.")
    place = list(fit.fits).index(reason)

    def one(part: pd.DataFrame, mine: Array, weight: Array) -> pd.DataFrame:
        hazards, total = fit.hazards(part), float(weight.sum())
        refuse_unknown(covered(hazards, mine + asked.max()))
        pairs = [_share(hazards, place, mine, mine + time, weight / total) for time in asked]
        share, error = (np.array(values) for values in zip(*pairs, strict=True))
        return pd.DataFrame(
            {"time": asked, "n": total, "estimate": share, "std_error": error, **log_log_limits(share, error, z)}
        )

    return by_group(new, by, tenure, one)


def _share(hazards: JointHazards, place: int, start: Array, end: Array, weight: Array) -> tuple[float, float]:
    """Return the weighted share that leaves for one reason between start and end (n,), and its standard error.

    Notes
    -----
    With H the hazard of a step, h that of the reason in it, S the share here before it and F the share gone by its end, F
    grows by S (1 - exp(-H)) h / H. A reason's hazard in a step changes the growth in that step, and by -(F(end) - F) all that
    comes later; of that, the part with F(end) is the same for all steps.
    """
    gone, here, before = np.zeros(len(start)), np.ones(len(start)), start
    slopes = [np.zeros(part.n_parameters) for part in hazards.parts]
    inside = hazards.times[(hazards.times > start.min()) & (hazards.times < end.max())]
    for time in [*inside.tolist(), np.inf]:
        now = np.clip(time, before, end)
        each = [part.cumulative(before, now) for part in hazards.parts]
        total = np.sum(each, axis=0)
        moves = total > 0
        left = -np.expm1(-total)
        of_reason = np.divide(each[place], total, out=np.zeros_like(total), where=moves)
        of_left = np.divide(left, total, out=np.ones_like(total), where=moves)
        gone = gone + here * left * of_reason
        shared = here * of_reason * (np.exp(-total) - of_left) + gone
        for number, part in enumerate(hazards.parts):
            slope = shared + here * of_left if number == place else shared
            slopes[number] += part.gradient(before, now, weight * slope)
        here, before = here * np.exp(-total), now
    variance = sum(
        part.variance(slope - part.gradient(start, end, weight * gone))
        for part, slope in zip(hazards.parts, slopes, strict=True)
    )
    return float(weight @ gone), float(np.sqrt(variance))

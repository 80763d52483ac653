"""Whether a number enters a Cox model the right way: ends against expected ends along its values."""

from typing import Any

import numpy as np
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.survival.cox_fit import CoxFit
from churnlab.survival.influence import cox_residuals
from churnlab.survival.observations import read_observations, take_frame

__all__ = ["functional_form"]


def functional_form(
    fit: CoxFit, spells: Any, *, covariate: str, bins: int = 10, conf_level: float = 0.95
) -> pd.DataFrame:
    """Compare how many customers left with how many the model expected, along the values of a covariate.

    Parameters
    ----------
    fit
        A fitted Cox model.
    spells
        The rows that it was fitted on.
    covariate
        A column of numbers, in the model or not.
    bins
        Into how many groups of about the same number of expected ends its values are cut, 2 or more.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per group, by rising values: `low, high, n, churned, expected, ratio, conf_low, conf_high, advice`. The
        ratio of churned to expected is 1 where the model fits; a bend along the rows speaks for a transformation.

    Raises
    ------
    DataError
        If these are not the rows of the fit, or the column is missing or no number.
    ParameterError
        If `bins` is below 2.

    Notes
    -----
    Sums of martingale residuals in groups (Therneau and Grambsch 2000, chapter 5), as a ratio, with exact Poisson
    limits: Garwood (1936).
    """
    from scipy.special import gammaincinv

    normal_quantile(conf_level)
    if bins < 2:
        raise ParameterError(f"`bins` must be 2 or more, not {bins!r}.")
    frame = take_frame(spells)
    if covariate not in frame or not pd.api.types.is_numeric_dtype(frame[covariate]) or frame[covariate].isna().any():
        raise DataError(f"`{covariate}` must be a column of numbers without empty cells.")
    observed, residuals = read_observations(frame, reason=fit.reason), cox_residuals(fit, frame)
    value = frame[covariate].to_numpy(dtype=np.float64)
    expected = residuals["expected"].to_numpy() * observed.weight
    order = np.argsort(value, kind="stable")
    running = np.cumsum(expected[order])
    cuts = value[order][np.searchsorted(running, running[-1] * np.arange(1, bins) / bins)]
    group = np.searchsorted(np.unique(cuts), value, "left")
    table = pd.DataFrame({"value": value, "n": observed.weight, "churned": observed.weight * observed.churned})
    table["expected"] = expected
    found = table.groupby(group).agg(
        low=("value", "min"),
        high=("value", "max"),
        n=("n", "sum"),
        churned=("churned", "sum"),
        expected=("expected", "sum"),
    )
    found["ratio"] = found["churned"] / found["expected"]
    tail = (1 - conf_level) / 2
    found["conf_low"] = np.nan_to_num(gammaincinv(found["churned"], tail)) / found["expected"]
    found["conf_high"] = gammaincinv(found["churned"] + 1, 1 - tail) / found["expected"]
    found["advice"] = [
        "more left than expected: try its logarithm, a spline or groups" if low > 1
        else "fewer left than expected: try its logarithm, a spline or groups" if high < 1 else "as expected"
        for low, high in zip(found["conf_low"], found["conf_high"], strict=True)
    ]  # fmt: skip
    return found.reset_index(drop=True)

"""What every fit says of customers, from its hazards: written once, and taken by each fit as its methods."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.survival import predictions
from churnlab.survival.predictions import Hazards, UncertainHazards

__all__ = ["churn_probability", "expected_lifetime", "predict", "survival"]

Array = npt.NDArray[np.float64]


class Fit(Protocol):
    """A fit that knows the hazards of customers."""

    def hazards(self, new: pd.DataFrame) -> Hazards:
        """Return the hazards of n customers."""


class UncertainFit(Protocol):
    """A fit that knows how sure it is of them."""

    @property
    def conf_level(self) -> float:
        """Of every interval."""

    def hazards(self, new: pd.DataFrame) -> UncertainHazards:
        """Return the hazards of n customers."""


def survival(fit: Fit, new: pd.DataFrame, *, times: npt.ArrayLike) -> Array:
    """Return P(still here at each of m times) of n customers, (n, m), as counted from the start of their spells.

    Raises
    ------
    DataError
        As `hazards` of the fit.
    ParameterError
        If a time is negative.
    """
    return predictions.survival(fit.hazards(new), times)


def churn_probability(fit: Fit, new: pd.DataFrame, *, horizon: float, tenure: npt.ArrayLike = 0.0) -> Array:
    """Return P(churn within the horizon | still here at tenure), (n,).

    Parameters
    ----------
    new
        Covariates of n customers.
    horizon
        How far to look ahead, in units of `duration`.
    tenure
        How long they have been here: one number, or one per row.

    Raises
    ------
    DataError
        As `hazards` of the fit.
    ParameterError
        If the horizon is not above 0 or a tenure is negative.
    """
    return predictions.churn_probability(fit.hazards(new), horizon=horizon, tenure=tenure)


def expected_lifetime(fit: Fit, new: pd.DataFrame, *, until: float, tenure: npt.ArrayLike = 0.0) -> Array:
    """Return how much longer each customer stays on average, counted up to the time `until`, (n,).

    At tenure 0 it is the restricted mean of the time to churn.

    Raises
    ------
    DataError
        As `hazards` of the fit.
    ParameterError
        If a tenure is negative or beyond `until`.
    """
    return predictions.expected_lifetime(fit.hazards(new), until=until, tenure=tenure)


def predict(fit: UncertainFit, new: pd.DataFrame, *, horizon: float, tenure: npt.ArrayLike = 0.0) -> pd.DataFrame:
    """Return P(churn within the horizon | still here at tenure) with limits: `estimate, conf_low, conf_high`.

    Parameters
    ----------
    new
        Covariates of n customers.
    horizon
        How far to look ahead, in units of `duration`.
    tenure
        How long they have been here: one number, or one per row.

    Raises
    ------
    DataError
        As `hazards` of the fit.
    ParameterError
        If the horizon is not above 0 or a tenure is negative.
    """
    return predictions.churn_table(
        fit.hazards(new), new.index, horizon=horizon, tenure=tenure, conf_level=fit.conf_level
    )

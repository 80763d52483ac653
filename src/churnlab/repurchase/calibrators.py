"""Maps from a classifier's probability to one that came true as often on a later window."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from churnlab.errors import ParameterError

__all__ = ["Calibration", "Calibrator", "fit_calibrator", "logit"]

Array = npt.NDArray[np.float64]
Calibration = Literal["sigmoid", "isotonic", "none"]

_EDGE = 1e-6


class Calibrator(Protocol):
    """What every calibration can do."""

    def apply(self, probability: Array) -> Array:
        """Return calibrated probabilities (n,)."""


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """No calibration."""

    def apply(self, probability: Array) -> Array:
        """Return the probabilities (n,) as they are."""
        return probability


@dataclass(frozen=True, kw_only=True)
class Sigmoid:
    """A straight line in logits: two numbers."""

    intercept: float
    slope: float

    def apply(self, probability: Array) -> Array:
        """Return calibrated probabilities (n,)."""
        from scipy.special import expit

        calibrated: Array = expit(self.intercept + self.slope * logit(probability))
        return calibrated


@dataclass(frozen=True, kw_only=True, eq=False)
class Isotonic:
    """A rising curve through knots, straight between them."""

    knots: Array
    values: Array

    def apply(self, probability: Array) -> Array:
        """Return calibrated probabilities (n,)."""
        return np.interp(probability, self.knots, self.values)


def fit_calibrator(probability: Array, outcome: Array, *, kind: Calibration) -> Calibrator:
    """Fit a calibration.

    Parameters
    ----------
    probability, outcome
        Of the customers of a window that the classifier has not seen (n,).
    kind
        ``"sigmoid"`` (Platt's, two numbers), ``"isotonic"`` (any rising curve; takes some thousand customers), ``"none"``.

    Raises
    ------
    ParameterError
        If the kind is unknown.

    Notes
    -----
    Platt (1999), on logits; Zadrozny and Elkan (2002). The values of the isotonic curve stay 1 / (n + 2) away from 0
    and 1, since n customers cannot show that something never happens.
    """
    if kind == "none":
        return Unchanged()
    if kind == "sigmoid":
        from sklearn.linear_model import LogisticRegression

        line = LogisticRegression(C=1e6, max_iter=1000).fit(logit(probability)[:, None], outcome)
        return Sigmoid(intercept=float(line.intercept_[0]), slope=float(line.coef_[0, 0]))
    if kind == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        edge = 1 / (len(outcome) + 2)
        curve = IsotonicRegression(y_min=edge, y_max=1 - edge).fit(probability, outcome)
        return Isotonic(knots=curve.X_thresholds_, values=curve.y_thresholds_)
    raise ParameterError(f"`calibration` must be 'sigmoid', 'isotonic' or 'none', not {kind!r}.")


def logit(probability: Array) -> Array:
    """Return log p / (1 - p), with p held 10⁻⁶ away from 0 and 1."""
    held = np.clip(probability, _EDGE, 1 - _EDGE)
    log_odds: Array = np.log(held) - np.log1p(-held)
    return log_odds

"""A calibrated classifier of who orders within a horizon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.repurchase.calibrators import Calibration, Calibrator, fit_calibrator
from churnlab.repurchase.learners import Method, fit_learner, predict_learner
from churnlab.repurchase.panel import MODEL_FEATURES, OUTCOME, feature_names, split_windows, to_matrix

__all__ = ["KNOWN_SIGNS", "OrderClassifier", "fit_order_classifier"]

Array = npt.NDArray[np.float64]

KNOWN_SIGNS: Mapping[str, Literal[-1, 1]] = {
    "recency_days": -1,
    "silence_ratio": -1,
    **dict.fromkeys(MODEL_FEATURES, 1),
}
"""Features whose influence has a known sign: longer silence never makes an order likelier."""

_SHUFFLED = 20_000
"""Customers on whom the importance of features is measured at most."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OrderClassifier:
    """A fitted classifier of who orders within a horizon.

    It holds no data and is not written to disk: the same panel, options and versions fit the same classifier again.

    Attributes
    ----------
    method, calibration
        As asked for.
    features
        The k columns that it looks at.
    horizon
        In days.
    n, n_calibration
        Rows learned from, and rows calibrated on.
    log_loss, log_loss_before
        On the calibration window, with and without calibration (without one, of the rows learned from).
    importance
        For each feature, how much the log loss rises when its values are shuffled: mean and standard error (k, 2).
    conf_level
        Of every interval.
    """

    method: Method
    calibration: Calibration
    features: tuple[str, ...]
    horizon: int
    n: int
    n_calibration: int
    log_loss: float
    log_loss_before: float
    importance: Array
    conf_level: float
    _learner: Any
    _calibrator: Calibrator

    def predict(self, panel: pd.DataFrame) -> pd.DataFrame:
        """Return each row's probability of an order within the horizon.

        Parameters
        ----------
        panel
            A frame with the features (n rows).

        Returns
        -------
        DataFrame
            `estimate`, the probability, with the index of `panel`.

        Raises
        ------
        DataError
            If a feature is missing or infinite.
        """
        raw = predict_learner(self._learner, to_matrix(panel, self.features))
        return pd.DataFrame({"estimate": self._calibrator.apply(raw)}, index=panel.index)

    def tidy(self) -> pd.DataFrame:
        """Return one row per feature: `term, estimate, std_error, conf_low, conf_high`, the most important first.

        The estimate is how much the log loss rises when the feature's values are shuffled over the customers; features that
        say the same share their importance.
        """
        estimate, error = self.importance.T
        margin = normal_quantile(self.conf_level) * error
        table = pd.DataFrame(
            {
                "term": self.features,
                "estimate": estimate,
                "std_error": error,
                "conf_low": estimate - margin,
                "conf_high": estimate + margin,
            }
        )
        return table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row: `method, calibration, horizon, n, n_calibration, log_loss, log_loss_before, conf_level`."""
        names = ("method", "calibration", "horizon", "n", "n_calibration", "log_loss", "log_loss_before", "conf_level")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def __repr__(self) -> str:
        return (
            f"OrderClassifier({self.method}, calibration {self.calibration}; {len(self.features)} features, "
            f"{self.n:,} rows, {self.horizon} days ahead)"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_order_classifier(
    panel: pd.DataFrame,
    *,
    horizon: int,
    method: Method = "boosting",
    calibration: Calibration = "sigmoid",
    features: Sequence[str] | None = None,
    signs: Mapping[str, Literal[-1, 1]] = KNOWN_SIGNS,
    seed: int = 0,
    conf_level: float = 0.95,
) -> OrderClassifier:
    """Fit a classifier of who orders within a horizon, calibrated on a later window.

    Parameters
    ----------
    panel
        What :func:`churnlab.features.snapshots` returns for two dates or more, with the target `ordered_ahead`. The last
        date is for calibration, the ones before are learned from.
    horizon
        Days that the targets look ahead.
    method
        ``"boosting"``: gradient-boosted trees. ``"logistic"``: a logistic regression on asinh of the features (those of
        :func:`add_model_features` as they are), which with few customers is often the better one.
    calibration
        ``"sigmoid"``, ``"isotonic"`` (some thousand customers) or ``"none"``.
    features
        Columns to look at; by default all but keys and targets.
    signs
        Features that may only raise (1) or lower (-1) the probability; boosting alone takes note of them.
    seed
        Of the random numbers: the trees' bins beyond 200,000 rows, and the shuffling of features.
    conf_level
        Of every interval.

    Returns
    -------
    OrderClassifier

    Raises
    ------
    DataError
        If the panel lacks a column, has one that is no number, has too few dates, all or none ordered, or a window
        that is learned from reaches beyond the calibration date.
    ParameterError
        If an option is unknown or out of range.

    Notes
    -----
    scikit-learn's `HistGradientBoostingClassifier` and `LogisticRegression`, on one thread, so that the same panel gives
    the same numbers. Never split at random: whoever is learned from lies before whoever is calibrated on, and both
    before whoever is forecast.
    """
    normal_quantile(conf_level)
    if not horizon >= 1 or not set(signs.values()) <= {-1, 1}:
        raise ParameterError(f"`horizon` must be 1 day or more and signs -1 or 1, not {horizon!r} and {dict(signs)!r}.")
    windows = split_windows(panel, horizon=horizon, calibrate=calibration != "none")
    names = feature_names(panel, features)
    outcomes = {part: _outcome(getattr(windows, part), part) for part in ("training", "calibration")}
    matrix = to_matrix(windows.training, names)
    learner = fit_learner(matrix, outcomes["training"], names, method=method, signs=signs, seed=seed)
    judged, outcome = matrix, outcomes["training"]
    if calibration != "none":
        judged, outcome = to_matrix(windows.calibration, names), outcomes["calibration"]
    before = predict_learner(learner, judged)
    calibrator = fit_calibrator(before, outcome, kind=calibration)
    return OrderClassifier(
        method=method,
        calibration=calibration,
        features=names,
        horizon=horizon,
        n=len(matrix),
        n_calibration=len(windows.calibration),
        log_loss=float(_losses(calibrator.apply(before), outcome).mean()),
        log_loss_before=float(_losses(before, outcome).mean()),
        importance=_importance(learner, calibrator, judged, outcome, seed),
        conf_level=conf_level,
        _learner=learner,
        _calibrator=calibrator,
    )


def _outcome(rows: pd.DataFrame, part: str) -> Array:
    outcome = rows[OUTCOME].to_numpy(dtype=np.float64)
    if len(outcome) and outcome.min() == outcome.max():
        raise DataError(
            f"In the rows for {part} {'all' if outcome[0] else 'none'} of {len(outcome):,} customers ordered, so that there is "
            "nothing to tell apart. Try: another horizon."
        )
    return outcome


def _losses(probability: Array, outcome: Array) -> Array:
    held = np.clip(probability, 1e-6, 1 - 1e-6)
    losses: Array = -np.log(np.where(outcome == 1, held, 1 - held))
    return losses


def _importance(learner: Any, calibrator: Calibrator, matrix: Array, outcome: Array, seed: int) -> Array:
    """Return how much the log loss rises (k, 2), with standard error, when the values of a feature are shuffled."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(matrix))[:_SHUFFLED])
    judged, came = matrix[rows], outcome[rows]
    base = _losses(calibrator.apply(predict_learner(learner, judged)), came)
    found = []
    for column in range(matrix.shape[1]):
        shuffled = judged.copy()
        shuffled[:, column] = rng.permutation(shuffled[:, column])
        rise = _losses(calibrator.apply(predict_learner(learner, shuffled)), came) - base
        found.append((rise.mean(), rise.std(ddof=1) / np.sqrt(len(rise))))
    return np.array(found)

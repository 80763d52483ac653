"""What a classifier learns with: boosted trees, or a logistic regression."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from churnlab.errors import ParameterError
from churnlab.repurchase.panel import MODEL_FEATURES

__all__ = ["Method", "fit_learner", "predict_learner"]

Array = npt.NDArray[np.float64]
Method = Literal["boosting", "logistic"]


def fit_learner(
    matrix: Array,
    outcome: Array,
    names: Sequence[str],
    *,
    method: Method,
    signs: Mapping[str, Literal[-1, 1]],
    seed: int,
) -> Any:
    """Fit a classifier of scikit-learn on features (n, k) and outcomes (n,), on one thread.

    Raises
    ------
    ParameterError
        If the method is unknown.
    """
    from threadpoolctl import threadpool_limits

    if method == "boosting":
        learner = _boosting([signs.get(name, 0) for name in names], seed)
    elif method == "logistic":
        learner = _logistic([place for place, name in enumerate(names) if name not in MODEL_FEATURES])
    else:
        raise ParameterError(f"`method` must be 'boosting' or 'logistic', not {method!r}.")
    never = np.isnan(matrix).all(axis=0)  # a feature without any value is one that does not vary
    with threadpool_limits(limits=1):
        return learner.fit(np.where(never, 0.0, matrix), outcome)


def predict_learner(learner: Any, matrix: Array) -> Array:
    """Return the probability of the outcome 1 (n,)."""
    from threadpoolctl import threadpool_limits

    if len(matrix) == 0:
        return np.empty(0)
    with threadpool_limits(limits=1):
        probability: Array = learner.predict_proba(matrix)[:, 1]
    return probability


def _boosting(signs: Sequence[int], seed: int) -> Any:
    """Return boosted trees of 15 leaves; no early stopping, which would hold out rows at random."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=150,
        max_leaf_nodes=15,
        min_samples_leaf=40,
        l2_regularization=1.0,
        monotonic_cst=list(signs),
        early_stopping=False,
        random_state=seed,
    )


def _logistic(curved: Sequence[int]) -> Any:
    """Return a logistic regression: features made less skew, gaps filled with the median and marked, one scale."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    straighten = ColumnTransformer([("asinh", FunctionTransformer(np.arcsinh), list(curved))], remainder="passthrough")
    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(straighten, filled, StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))

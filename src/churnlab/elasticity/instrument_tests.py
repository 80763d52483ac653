"""Whether price answers to demand, and whether instruments contradict each other."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.elasticity.covariances import clustered_scores, parameters
from churnlab.elasticity.design import Design
from churnlab.elasticity.fit_statistics import weighted
from churnlab.elasticity.semidefinite import inverse

__all__ = ["hansen_j", "sargan", "wu_hausman"]

Array = npt.NDArray[np.float64]


def wu_hausman(design: Design, outcome: Array, regressors: Array, instruments: Array) -> pd.DataFrame:
    """Test whether least squares would have done: whether the residual of the first stage explains the outcome.

    Parameters
    ----------
    design
        What was fitted on.
    outcome
        (n,), without effects, as all columns here.
    regressors
        Price first (n, k).
    instruments
        Those left out of the curve, then the regressors beside the price (n, l + k - 1).

    Returns
    -------
    DataFrame
        One row: `test, statistic, df, df_residual, p_value`.

    Notes
    -----
    Hausman (1978), section 2; R: `AER::ivreg` diagnostics.
    """
    from scipy.stats import f

    unexplained = regressors[:, 0] - _fitted(instruments, regressors[:, 0], design.weights)
    full = np.column_stack([regressors, unexplained])
    rss_full = _rss(full, outcome, design.weights)
    df = design.n - parameters(full.shape[1], design.groups)
    statistic = (_rss(regressors, outcome, design.weights) - rss_full) / (rss_full / df)
    return _row("wu_hausman", statistic, 1, df, float(f.sf(statistic, 1, df)))


def sargan(design: Design, residuals: Array, instruments: Array, k: int) -> pd.DataFrame:
    """Test whether instruments contradict each other, for independent errors of equal variance.

    Parameters
    ----------
    design
        What was fitted on.
    residuals
        Of two-stage least squares (n,).
    instruments
        Those left out of the curve, then the regressors beside the price (n, l + k - 1).
    k
        Number of coefficients.

    Notes
    -----
    Sargan (1958). Rows count less the levels of effects beyond a constant, so that effects of two periods give what
    differences give.
    """
    from scipy.stats import chi2

    fitted = _fitted(instruments, residuals, design.weights)
    share = float(fitted @ weighted(fitted, design.weights)) / float(residuals @ weighted(residuals, design.weights))
    rows = _free_rows(design)
    df = instruments.shape[1] - k
    return _row("sargan", rows * share, df, float("nan"), float(chi2.sf(rows * share, df)))


def hansen_j(design: Design, outcome: Array, regressors: Array, instruments: Array, residuals: Array) -> pd.DataFrame:
    """Test whether instruments contradict each other, robust to unequal variances, or to the design's clusters.

    Notes
    -----
    Hansen (1982), lemma 4.2: the criterion of the two-step generalised method of moments. Without clusters, rows count
    less the levels of effects, as in :func:`sargan`.
    """
    from scipy.stats import chi2

    moments = weighted(instruments, design.weights)
    scores = moments * residuals[:, None]
    scores = clustered_scores(scores, design.clusters[0]) if design.clusters else scores
    weight = inverse(scores.T @ scores)
    cross = moments.T @ regressors
    coefficients = np.linalg.solve(cross.T @ weight @ cross, cross.T @ weight @ (moments.T @ outcome))
    gap = moments.T @ (outcome - regressors @ coefficients)
    share = 1.0 if design.clusters else _free_rows(design) / design.n
    statistic, df = share * float(gap @ weight @ gap), instruments.shape[1] - regressors.shape[1]
    return _row("hansen_j", statistic, df, float("nan"), float(chi2.sf(statistic, df)))


def _free_rows(design: Design) -> int:
    """Return the number of rows less the levels of effects beyond a constant."""
    return design.n - sum(group.size - 1 for group in design.groups)


def _row(test: str, statistic: float, df: float, df_residual: float, p_value: float) -> pd.DataFrame:
    values = {"test": test, "statistic": statistic, "df": df, "df_residual": df_residual, "p_value": p_value}
    return pd.DataFrame({name: [value] for name, value in values.items()})


def _fitted(columns: Array, outcome: Array, weights: Array | None) -> Array:
    moments = weighted(columns, weights)
    fitted: Array = columns @ np.linalg.solve(moments.T @ columns, moments.T @ outcome)
    return fitted


def _rss(columns: Array, outcome: Array, weights: Array | None) -> float:
    residuals = outcome - _fitted(columns, outcome, weights)
    return float(residuals @ weighted(residuals, weights))

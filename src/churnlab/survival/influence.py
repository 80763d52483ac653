"""Which customers a Cox model owes its coefficients to, and whom it fits badly."""

from typing import Any

import numpy as np
import pandas as pd

from churnlab.errors import ParameterError
from churnlab.survival.cox_fit import CoxFit
from churnlab.survival.cox_residuals import martingale_residuals, score_residuals
from churnlab.survival.observations import take_frame
from churnlab.survival.proportional_hazards import to_fitted_rows

__all__ = ["cox_residuals", "dfbeta", "most_influential"]


def dfbeta(fit: CoxFit, spells: Any, *, scaled: bool = False) -> pd.DataFrame:
    """Return by how much each coefficient would fall if a row were left out.

    Parameters
    ----------
    fit
        A fitted Cox model.
    spells
        The rows that it was fitted on (n).
    scaled
        Whether in standard errors of the coefficient.

    Returns
    -------
    DataFrame
        The rows and the index of `spells`, one column per term.

    Raises
    ------
    DataError
        If these are not the rows of the fit.

    Notes
    -----
    To first order, by score residuals: no model is fitted again. R: ``residuals(fit, "dfbeta")``, per unit of weight.
    """
    rows = to_fitted_rows(fit, spells, collapse=False)
    change = fit.model_covariance @ (score_residuals(rows.likelihood, rows.point) * rows.deviation[:, None])
    if scaled:
        change = change / np.sqrt(np.diag(fit.covariance))[:, None]
    return pd.DataFrame(change.T, index=take_frame(spells).index, columns=list(fit.design.terms))


def most_influential(fit: CoxFit, spells: Any, *, top: int = 10) -> pd.DataFrame:
    """Return the rows that move a coefficient most.

    Parameters
    ----------
    fit
        A fitted Cox model.
    spells
        The rows that it was fitted on.
    top
        How many to return, 1 or more.

    Returns
    -------
    DataFrame
        One row each, the most influential first: `row` (its label in the index), `term`, `change` of the coefficient if the
        row were left out, `std_errors` it amounts to, `advice`.

    Raises
    ------
    DataError
        If these are not the rows of the fit.
    ParameterError
        If `top` is below 1.
    """
    if top < 1:
        raise ParameterError(f"`top` must be 1 or more, not {top!r}.")
    change = dfbeta(fit, spells)
    error = np.sqrt(np.diag(fit.covariance))
    moved = np.abs(change.to_numpy()) / error
    most = moved.argmax(axis=1)
    rows = np.argsort(-moved.max(axis=1), kind="stable")[:top]
    size = moved[rows, most[rows]]
    return pd.DataFrame(
        {
            "row": change.index[rows],
            "term": [fit.design.terms[place] for place in most[rows]],
            "change": -change.to_numpy()[rows, most[rows]],
            "std_errors": size,
            "advice": [
                "moves it by more than a standard error: check the row, and report the fit without it" if part > 1
                else "worth a look" if part > 0.3 else "harmless" for part in size
            ],
        }
    )  # fmt: skip


def cox_residuals(fit: CoxFit, spells: Any) -> pd.DataFrame:
    """Return how far each row is from what the model expected of it.

    Parameters
    ----------
    fit
        A fitted Cox model.
    spells
        The rows that it was fitted on (n).

    Returns
    -------
    DataFrame
        The rows and the index of `spells`: `expected` ends, `martingale` (ends less expected), `deviance` (the same,
        roughly symmetric around 0).

    Raises
    ------
    DataError
        If these are not the rows of the fit.

    Notes
    -----
    Therneau, Grambsch and Fleming (1990), Martingale-based residuals for survival models. R: ``residuals(fit)``.
    """
    rows = to_fitted_rows(fit, spells, collapse=False)
    ended = rows.observations.churned.astype(np.float64)
    martingale = martingale_residuals(rows.likelihood, rows.point)
    expected = ended - martingale
    inside = martingale + np.where(ended > 0, np.log(np.where(ended > 0, expected, 1.0)), 0.0)
    deviance = np.sign(martingale) * np.sqrt(np.maximum(-2 * inside, 0.0))
    return pd.DataFrame(
        {"expected": expected, "martingale": martingale, "deviance": deviance}, index=take_frame(spells).index
    )

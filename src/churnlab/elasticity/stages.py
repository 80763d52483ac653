"""The two stages of instrumental estimation as plain least squares on columns without effects."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.elasticity.absorb import absorb
from churnlab.elasticity.anderson_rubin import ReducedForm
from churnlab.elasticity.coefficients import independent_terms
from churnlab.elasticity.covariance_choice import Uncertainty, uncertainty
from churnlab.elasticity.design import Design
from churnlab.elasticity.first_stage import FirstStage
from churnlab.elasticity.fit_statistics import outcome_and_regressors, weighted
from churnlab.elasticity.instrument_tests import hansen_j, sargan, wu_hausman
from churnlab.elasticity.semidefinite import inverse
from churnlab.errors import DataError

__all__ = [
    "KClass",
    "Stages",
    "fit_first_stage",
    "fit_k_class",
    "instrument_tests",
    "liml_kappa",
    "reduced_form",
    "to_stages",
]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stages:
    """Columns of n rows without effects.

    Attributes
    ----------
    design
        Where they come from.
    outcome
        Log quantity (n,).
    regressors
        Price first, then the controls (n, k).
    exogenous
        The l instruments, then the controls (n, l + k - 1).
    squares
        Sum of squares of log quantity before the effects were taken out.
    errors, lags
        The kind of errors.
    """

    design: Design
    outcome: Array
    regressors: Array
    exogenous: Array
    squares: float
    errors: str
    lags: int | None

    @property
    def n_instruments(self) -> int:
        """How many instruments there are (l)."""
        return int(self.design.instruments.shape[1])

    def explain(self, columns: Array) -> Array:
        """Return the coefficients of columns (n,) or (n, m) on instruments and controls."""
        moments = weighted(self.exogenous, self.design.weights)
        return inverse(moments.T @ self.exogenous) @ (moments.T @ columns)

    def unexplained(self, columns: Array) -> Array:
        """Return what instruments and controls leave of columns (n,) or (n, m)."""
        left: Array = columns - self.exogenous @ self.explain(columns)
        return left

    def uncertainty_of(self, residuals: Array, errors: str | None = None) -> Uncertainty:
        """Return the covariance of coefficients on instruments and controls with these residuals (n,)."""
        gram = weighted(self.exogenous, self.design.weights).T @ self.exogenous
        kind = errors or self.errors
        return uncertainty(self.design, self.exogenous, residuals, inverse(gram), errors=kind, lags=self.lags)


@dataclass(frozen=True, kw_only=True, eq=False)
class KClass:
    """Coefficients (k,), residuals (n,) and the covariance of the coefficients."""

    coefficients: Array
    residuals: Array
    uncertainty: Uncertainty


def to_stages(
    design: Design, *, effects: tuple[str, ...], instruments: tuple[str, ...], errors: str, lags: int | None
) -> Stages:
    """Take the effects out of all columns.

    Raises
    ------
    DataError
        If a column does not vary beside the effects, or repeats others.
    """
    columns, squares = outcome_and_regressors(design, design.instruments)
    left = absorb(columns, design.groups, design.weights).residuals
    k = len(design.terms)
    _refuse_dependence(design, left[:, 1:], squares[1:], effects, instruments)
    stages = Stages(
        design=design,
        outcome=left[:, 0],
        regressors=left[:, 1 : 1 + k],
        exogenous=np.column_stack([left[:, 1 + k :], left[:, 2 : 1 + k]]),
        squares=float(squares[0]),
        errors=errors,
        lags=lags,
    )
    _refuse_perfection(stages)
    return stages


def _refuse_perfection(stages: Stages) -> None:
    price, unexplained = stages.regressors[:, 0], stages.unexplained(stages.regressors[:, 0])
    if float(unexplained @ unexplained) <= 1e-12 * float(price @ price):
        raise DataError(
            "The instruments give the price exactly, so that they are the price under another name. "
            "Try: fit_elasticity, or instruments that move the price and are not made from it."
        )


def _refuse_dependence(
    design: Design, columns: Array, squares: Array, effects: tuple[str, ...], instruments: tuple[str, ...]
) -> None:
    """Check the regressors, then controls and instruments, which must tell more than the controls."""
    names, k = [*design.terms, *instruments], len(design.terms)
    gram = weighted(columns, design.weights).T @ columns
    for places in (list(range(k)), list(range(1, len(names)))):
        some = [names[place] for place in places]
        independent_terms(some, squares[places], gram[np.ix_(places, places)], effects=effects)


def fit_k_class(stages: Stages, kappa: float) -> KClass:
    """Solve X'(I - κM)(y - Xb) = 0, with M what instruments and controls leave; κ = 1 is two-stage least squares."""
    weights = stages.design.weights
    projected = stages.regressors - kappa * stages.unexplained(stages.regressors)
    bread = inverse(weighted(projected, weights).T @ stages.regressors)
    coefficients = bread @ (weighted(projected, weights).T @ stages.outcome)
    residuals = stages.outcome - stages.regressors @ coefficients
    found = uncertainty(stages.design, projected, residuals, bread, errors=stages.errors, lags=stages.lags)
    return KClass(coefficients=coefficients, residuals=residuals, uncertainty=found)


def liml_kappa(stages: Stages) -> float:
    """Return the κ of limited-information maximum likelihood.

    Notes
    -----
    Anderson and Rubin (1949): the smallest root of det(Y'M_controls Y - κ Y'M Y) with Y quantity and price.
    """
    from scipy.linalg import eigh

    both = np.column_stack([stages.outcome, stages.regressors[:, 0]])
    controls, weights = stages.regressors[:, 1:], stages.design.weights
    beside = both
    if controls.shape[1]:
        moments = weighted(controls, weights)
        beside = both - controls @ np.linalg.solve(moments.T @ controls, moments.T @ both)
    left = stages.unexplained(both)
    roots = eigh(weighted(beside, weights).T @ beside, weighted(left, weights).T @ left, eigvals_only=True)
    return float(roots[0])


def fit_first_stage(stages: Stages) -> FirstStage:
    """Fit price on the instruments, controls held constant."""
    price, n_instruments = stages.regressors[:, 0], stages.n_instruments
    residuals = stages.unexplained(price)
    found, iid = stages.uncertainty_of(residuals), stages.uncertainty_of(residuals, "iid")
    some = slice(0, n_instruments)
    gram = weighted(stages.exogenous, stages.design.weights).T @ stages.exogenous
    return FirstStage(
        coefficients=stages.explain(price)[some],
        covariance=found.covariance[some, some],
        iid_covariance=iid.covariance[some, some],
        gram=inverse(inverse(gram)[some, some]),
        df=found.df,
    )


def reduced_form(stages: Stages, *, centre: float, scale: float) -> ReducedForm:
    """Return quantity and price on the instruments, for the test of Anderson and Rubin near `centre`.

    Notes
    -----
    The covariance is quadratic in the tested value, so that three of them give it everywhere.
    """
    some = slice(0, stages.n_instruments)
    price = stages.regressors[:, 0]
    outcome_left, price_left = stages.unexplained(stages.outcome - centre * price), stages.unexplained(price)
    found = [stages.uncertainty_of(outcome_left - step * scale * price_left) for step in (-1, 0, 1)]
    low, middle, high = (one.covariance[some, some] for one in found)
    bend, slope = (low + high) / 2 - middle, (high - low) / 2

    def covariance_at(values: Array) -> Array:
        step = ((values - centre) / scale)[:, None, None]
        covariance: Array = middle + step * slope + step**2 * bend
        return covariance

    return ReducedForm(
        outcome=stages.explain(stages.outcome)[some],
        price=stages.explain(price)[some],
        covariance_at=covariance_at,
        df=found[1].df,
    )


def instrument_tests(stages: Stages, residuals: Array) -> pd.DataFrame:
    """Return the tests that the instruments allow, given the residuals of the estimate (n,)."""
    design, k = stages.design, stages.regressors.shape[1]
    rows = [wu_hausman(design, stages.outcome, stages.regressors, stages.exogenous)]
    if stages.exogenous.shape[1] > k:
        rows.append(sargan(design, residuals, stages.exogenous, k))
        if stages.errors in ("hc1", "cluster") and len(design.clusters) <= 1:
            rows.append(hansen_j(design, stages.outcome, stages.regressors, stages.exogenous, residuals))
    return pd.concat(rows, ignore_index=True)

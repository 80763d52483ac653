"""From coefficients to an elasticity at a price, and which regressors say the same."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.semidefinite import first_dependent
from churnlab.errors import DataError
from churnlab.inference import Interval

__all__ = ["Demand", "elasticity_at", "independent_terms", "interval_of"]

Array = npt.NDArray[np.float64]

_ABSORBED = 1e-11
"""Share of a column's sum of squares below which nothing of it is left beside the effects."""


class Demand(Protocol):
    """A fitted demand curve whose first term is the price."""

    @property
    def coefficients(self) -> Array:
        """Estimates (k,)."""

    @property
    def covariance(self) -> Array:
        """Of the estimates (k, k)."""

    @property
    def form(self) -> str:
        """``"log-log"`` or ``"semi-log"``."""

    @property
    def df(self) -> float:
        """Degrees of freedom of Student's t."""

    @property
    def conf_level(self) -> float:
        """Of every interval."""


def elasticity_at(fit: Demand, *, price: float) -> Interval:
    """Return the elasticity at a price: the coefficient, or in the semi-log form the coefficient times the price."""
    factor = 1.0 if fit.form == "log-log" else price
    estimate = factor * float(fit.coefficients[0])
    std_error = factor * float(np.sqrt(fit.covariance[0, 0]))
    return interval_of(estimate, std_error, df=fit.df, conf_level=fit.conf_level)


def interval_of(estimate: float, std_error: float, *, df: float, conf_level: float) -> Interval:
    """Return an estimate with limits by Student's t."""
    from scipy.stats import t

    margin = float(t.ppf((1 + conf_level) / 2, df)) * std_error
    return Interval(estimate=estimate, std_error=std_error, conf_low=estimate - margin, conf_high=estimate + margin)


def independent_terms(
    terms: Sequence[str], squares: Array, gram: Array, *, effects: Sequence[str], optional: Sequence[str] = ()
) -> list[int]:
    """Return the places of the terms that are estimated.

    Parameters
    ----------
    terms
        Names of the regressors (k).
    squares
        Sums of squares around the mean, before the effects were taken out (k,): exactly 0 for a column that is constant.
    gram
        Cross-products after that (k, k).
    effects
        Names of the effects, for the message.
    optional
        Terms that may be left out where they say nothing beside the others.

    Raises
    ------
    DataError
        If another term does not vary beside the effects, or is a combination of terms before it.
    """
    gone = (squares == 0) | (np.diag(gram) <= _ABSORBED * squares)
    kept = [place for place in range(len(terms)) if not gone[place]]
    double = {kept[place] for place in first_dependent(gram[np.ix_(kept, kept)])}
    absorbed = [terms[place] for place in range(len(terms)) if gone[place] and terms[place] not in optional]
    repeated = [terms[place] for place in sorted(double) if terms[place] not in optional]
    if absorbed:
        raise DataError(_absorbed(absorbed, effects))
    if repeated:
        raise DataError(
            f"{_named(repeated)} can be computed from the terms before, so that the coefficients cannot be told apart. "
            "Try: leave it out."
        )
    return [place for place in kept if place not in double]


def _absorbed(terms: Sequence[str], effects: Sequence[str]) -> str:
    if not effects:
        return f"{_named(terms)} is the same in all rows. Try: leave it out."
    advice = (
        "fewer or coarser effects" if terms[0] in ("log_price", "price") else "leave it out, since the effects hold it"
    )
    return f"{_named(terms)} does not vary beside the effects {', '.join(effects)}. Try: {advice}."


def _named(terms: Sequence[str]) -> str:
    return ", ".join(f"`{term}`" for term in terms)

"""Confidence sets for an elasticity that hold however weak the instruments are."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ReducedForm", "anderson_rubin_set"]

Array = npt.NDArray[np.float64]

_ANGLES = 2_001


@dataclass(frozen=True, kw_only=True, eq=False)
class ReducedForm:
    """Outcome and price on the l instruments, other regressors and effects taken out.

    Attributes
    ----------
    outcome, price
        Coefficients (l,).
    covariance_at
        Returns the covariances (v, l, l) of the coefficients of outcome - b price, for v values b (v,).
    df
        Degrees of freedom of the denominator.
    """

    outcome: Array
    price: Array
    covariance_at: Callable[[Array], Array]
    df: float

    def statistics(self, values: Array) -> Array:
        """Return the F statistics of the hypotheses that the coefficient of price is each of the values (v,)."""
        gaps = self.outcome - values[:, None] * self.price
        weighted = np.linalg.solve(self.covariance_at(values), gaps[:, :, None])[:, :, 0]
        found: Array = (gaps * weighted).sum(axis=1) / len(self.price)
        return found


def anderson_rubin_set(
    reduced: ReducedForm, *, centre: float, scale: float, conf_level: float = 0.95
) -> tuple[tuple[float, float], ...]:
    """Return the values that the test of Anderson and Rubin does not reject, as intervals in order.

    Parameters
    ----------
    reduced
        The reduced form.
    centre, scale
        Where to look most closely: an estimate and its standard error.
    conf_level
        Of the set.

    Returns
    -------
    tuple of (low, high)
        One interval as a rule. Two rays, or the whole line, where the instruments are weak; none where no value fits, which
        speaks against the instruments.

    Notes
    -----
    Anderson and Rubin (1949), section 8. The line is bent to a circle by b = centre + scale tan(angle), so that what lies far
    out is seen too; borders are found on it by bisection, to 10⁻¹² of the angle, and the lowest statistic near each turn is
    searched, so that a narrow set is not missed.
    """
    from scipy.stats import f

    critical = float(f.ppf(conf_level, len(reduced.price), reduced.df))

    def excess(angles: Array) -> Array:
        return reduced.statistics(centre + scale * np.tan(angles)) - critical

    angles = _with_turns(excess, np.linspace(-np.pi / 2, np.pi / 2, _ANGLES)[1:-1])
    inside = excess(angles) <= 0
    borders = np.flatnonzero(inside[1:] != inside[:-1])
    roots = [_border(excess, angles[place], angles[place + 1]) for place in borders]
    points = [centre + scale * float(np.tan(root)) for root in roots]
    return _intervals(points, starts_inside=bool(inside[0]), ends_inside=bool(inside[-1]))


def _with_turns(excess: Callable[[Array], Array], angles: Array) -> Array:
    """Return the angles and, between them, those of the lowest values."""
    from scipy.optimize import minimize_scalar

    values = excess(angles)
    turns = np.flatnonzero((values[1:-1] <= values[:-2]) & (values[1:-1] <= values[2:])) + 1
    lowest = [
        minimize_scalar(_at(excess), bounds=(angles[turn - 1], angles[turn + 1]), method="bounded").x
        for turn in turns[:20]
    ]
    return np.unique(np.concatenate([angles, lowest]))


def _at(excess: Callable[[Array], Array]) -> Callable[[float], float]:
    return lambda angle: float(excess(np.array([angle]))[0])


def _border(excess: Callable[[Array], Array], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(_at(excess), low, high, xtol=1e-14))


def _intervals(points: list[float], *, starts_inside: bool, ends_inside: bool) -> tuple[tuple[float, float], ...]:
    ends = [*([-np.inf] if starts_inside else []), *points, *([np.inf] if ends_inside else [])]
    return tuple((float(low), float(high)) for low, high in zip(ends[::2], ends[1::2], strict=True))

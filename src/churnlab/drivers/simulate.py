"""Questionnaires whose truth is known: how important each driver is, who skips questions, how segments differ."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.shapley import shapley_values
from churnlab.errors import ConvergenceError, ParameterError

__all__ = ["simulate_answers"]

Array = npt.NDArray[np.float64]

_STEPS = 500
_LEVEL, _SPREAD = 0.7, 0.16
"""Where on its scale the mean answer lies, and the standard deviation, as parts of the scale."""


def simulate_answers(
    n: int,
    *,
    importance: Mapping[str, float] | Mapping[str, Mapping[str, float]],
    correlation: float = 0.3,
    scale: tuple[int, int] | None = (1, 10),
    skips: float = 0.0,
    waves: Sequence[str] = (),
    seed: int,
) -> pd.DataFrame:
    """Simulate questionnaires in which each driver has a known share of R².

    Parameters
    ----------
    n
        Number of questionnaires.
    importance
        What each driver adds to R² (LMG): ``{"delivery": 0.3, "price": 0.2}``; or that for each segment:
        ``{"young": {"delivery": 0.1, "price": 0.4}, "old": {"delivery": 0.4, "price": 0.1}}``, of the same drivers and
        about as many respondents.
    correlation
        Between any two drivers, from 0 to below 1.
    scale
        Lowest and highest answer; None for scores without a scale, of mean 0 and variance 1, to which the importances
        belong exactly. Rounding and the ends of a scale take a little of them away.
    skips
        Share of the driver questions that are skipped, below 0.5: the satisfied skip more, up to twice as many.
    waves
        Names of waves, drawn with equal chances.
    seed
        Of the random numbers.

    Returns
    -------
    DataFrame
        ANSWERS: `respondent_id, outcome, recommend` (0 to 10), the drivers, and `segment` and `wave` if asked for.

    Raises
    ------
    ParameterError
        If a number is out of range, importances add up to 1 or more, or segments have other drivers.
    ConvergenceError
        If no coefficients give these importances at this correlation: a driver that is correlated with important ones
        cannot be without any.

    Examples
    --------
    >>> answers = simulate_answers(4000, importance={"delivery": 0.4, "price": 0.1}, correlation=0, scale=None, seed=1)
    >>> round(float(answers["delivery"].corr(answers["outcome"])) ** 2, 1)
    0.4
    """
    parts = _parts(importance)
    _check(n, parts, correlation, skips, scale)
    rng = np.random.default_rng(seed)
    names = list(next(iter(parts.values())))
    segment = rng.integers(0, len(parts), n)
    x = np.sqrt(1 - correlation) * rng.standard_normal((n, len(names))) + np.sqrt(correlation) * rng.standard_normal(
        (n, 1)
    )
    slopes = np.array([_slopes(np.array([part[name] for name in names]), correlation) for part in parts.values()])
    rest = np.sqrt(1 - np.array([sum(part.values()) for part in parts.values()]))
    y = (x * slopes[segment]).sum(axis=1) + rest[segment] * rng.standard_normal(n)
    would = _on_scale(0.8 * y + 0.6 * rng.standard_normal(n), (0, 10))
    frame = pd.DataFrame({"respondent_id": np.arange(1, n + 1), "outcome": _on_scale(y, scale), "recommend": would})
    frame[names] = np.where(rng.random(x.shape) < 2 * skips * _share_below(y)[:, None], np.nan, _on_scale(x, scale))
    if "" not in parts:
        frame["segment"] = np.array(list(parts))[segment]
    if len(waves):
        frame["wave"] = np.array(waves)[rng.integers(0, len(waves), n)]
    return frame


def _parts(importance: Mapping[str, float] | Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    nested = {str(name): dict(part) for name, part in importance.items() if isinstance(part, Mapping)}
    if not nested:
        return {"": {str(name): float(part) for name, part in importance.items() if not isinstance(part, Mapping)}}
    if len(nested) < len(importance) or len({tuple(part) for part in nested.values()}) > 1:
        raise ParameterError("Every segment needs the importance of the same drivers, in the same order.")
    return nested


def _check(
    n: int, parts: Mapping[str, Mapping[str, float]], correlation: float, skips: float, scale: tuple[int, int] | None
) -> None:
    if n < 1 or not 0 <= correlation < 1 or not 0 <= skips < 0.5:
        raise ParameterError(
            "`n` must be at least 1, `correlation` from 0 to below 1, and `skips` from 0 to below 0.5."
        )
    if scale is not None and not scale[0] < scale[1]:
        raise ParameterError(f"`scale` must be the lowest and the highest answer, not {scale!r}.")
    for part in parts.values():
        if not part or min(part.values()) < 0 or sum(part.values()) >= 1:
            raise ParameterError("`importance` needs drivers with shares from 0 on that add up to less than 1.")


def _slopes(target: Array, correlation: float) -> Array:
    """Return coefficients (p,) that give each of equally correlated drivers its importance (p,)."""
    p = len(target)
    inner = np.full((p, p), correlation) + (1 - correlation) * np.eye(p)
    slopes = np.sqrt(target)
    for _ in range(_STEPS):
        outer = inner @ slopes
        whole = np.block([[inner, outer[:, None]], [outer[None], np.ones((1, 1))]])
        got = shapley_values(whole[None], [(place,) for place in range(p)])[0]
        if np.abs(got - target).max() < 1e-9:
            return slopes
        slopes = slopes * np.sqrt(np.divide(target, got, out=np.zeros(p), where=got > 0))
    raise ConvergenceError("No coefficients give these importances. Try: a smaller `correlation`, or no driver near 0.")


def _on_scale(z: Array, scale: tuple[int, int] | None) -> Array:
    if scale is None:
        return z
    width = scale[1] - scale[0]
    answers: Array = np.clip(np.round(scale[0] + width * (_LEVEL + _SPREAD * z)), *scale)
    return answers


def _share_below(z: Array) -> Array:
    from scipy.special import ndtr

    share: Array = ndtr(z / z.std()) if z.std() > 0 else np.full(len(z), 0.5)
    return share

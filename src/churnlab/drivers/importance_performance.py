"""Importance against performance: what to improve first."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import column_weights, numeric_columns
from churnlab.drivers.importance_fit import ImportanceFit
from churnlab.drivers.weighted_means import mean_with_limits
from churnlab.errors import DataError, ParameterError

__all__ = ["to_importance_performance"]

Array = npt.NDArray[np.float64]

_QUADRANTS = {
    (True, False): "improve first",
    (True, True): "keep up",
    (False, False): "low priority",
    (False, True): "enough done",
}


def to_importance_performance(
    fit: ImportanceFit,
    answers: pd.DataFrame,
    *,
    scale: tuple[float, float],
    weight: str | None = None,
    importance_cut: float | None = None,
    performance_cut: float | None = None,
) -> pd.DataFrame:
    """Return how important each driver is and how well it does, both with limits.

    Parameters
    ----------
    fit
        Importance of single drivers.
    answers
        The ratings.
    scale
        Lowest and highest rating that could be given, which become 0 and 100.
    weight
        Column of survey weights.
    importance_cut, performance_cut
        What counts as important, as a share of the total, and as doing well, from 0 to 100; the means over drivers by
        default.

    Returns
    -------
    DataFrame
        One row per driver: `term`; its share of importance `importance, importance_low, importance_high`; `performance` from
        0 to 100 with `performance_low, performance_high`; `quadrant` (``"improve first"``: important and below the cut,
        ``"keep up"``, ``"low priority"``, ``"enough done"``); `certain`, whether both limits lie on one side of both
        cuts; `importance_cut, performance_cut`.

    Raises
    ------
    DataError
        If a rating is off the scale, or a driver is not a column of ratings.
    ParameterError
        If the scale is not lowest, highest.

    Notes
    -----
    Martilla and James (1977), Importance-performance analysis; rescaled as in cSEM's `doIPMA`. The quadrants say where two
    estimates lie beside two lines that someone drew; `certain` says whether sampling could move them.

    Examples
    --------
    >>> from churnlab.drivers import fit_importance
    >>> rng = np.random.default_rng(1)
    >>> answers = pd.DataFrame(rng.integers(1, 8, (400, 2)), columns=["price", "service"]).assign(price=lambda f: f["price"] // 2 + 1)
    >>> answers["outcome"] = 2 * answers["price"] + 0.1 * answers["service"] + rng.normal(size=400)
    >>> fit = fit_importance(answers, drivers=["price", "service"], draws=200)
    >>> to_importance_performance(fit, answers, scale=(1, 7))["quadrant"].tolist()
    ['improve first', 'enough done']
    """
    lowest, highest = scale
    if not lowest < highest:
        raise ParameterError(f"`scale` must be the lowest and the highest rating, not {scale!r}.")
    absent = [term for term in fit.terms if term not in answers]
    if absent:
        raise DataError(f"`{absent[0]}` is no column of ratings. Try: an importance of single drivers, without groups.")
    ratings = numeric_columns(answers, fit.terms)
    _refuse_off_scale(ratings, fit.terms, lowest, highest)
    weights = column_weights(answers, weight)
    table = fit.tidy()
    scaled = 100 * (ratings - lowest) / (highest - lowest)
    means = [mean_with_limits(column, weights, fit.conf_level) for column in scaled.T]
    performance = np.array([[row[name] for name in ("estimate", "conf_low", "conf_high")] for row in means])
    share = table[["share", "share_low", "share_high"]].to_numpy()
    cuts = (
        float(share[:, 0].mean()) if importance_cut is None else importance_cut,
        float(performance[:, 0].mean()) if performance_cut is None else performance_cut,
    )
    sides = np.stack([share > cuts[0], performance > cuts[1]])
    return pd.DataFrame(
        {
            "term": list(fit.terms),
            **dict(zip(("importance", "importance_low", "importance_high"), share.T, strict=True)),
            "performance": performance[:, 0],
            "performance_low": np.maximum(performance[:, 1], 0.0),
            "performance_high": np.minimum(performance[:, 2], 100.0),
            "quadrant": [_QUADRANTS[bool(first), bool(second)] for first, second in sides[:, :, 0].T],
            "certain": np.all(sides == sides[:, :, :1], axis=(0, 2)),
            "importance_cut": cuts[0],
            "performance_cut": cuts[1],
        }
    )


def _refuse_off_scale(ratings: Array, terms: tuple[str, ...], lowest: float, highest: float) -> None:
    wrong = (ratings < lowest) | (ratings > highest)
    for place, term in enumerate(terms):
        if wrong[:, place].any():
            first = int(wrong[:, place].argmax())
            raise DataError(
                f"`{term}` must lie from {lowest:g} to {highest:g}, but {int(wrong[:, place].sum()):,} of {len(wrong):,} "
                f"rows do not (first: row {first + 1}: {ratings[first, place]:g}). Try: the right `scale`."
            )

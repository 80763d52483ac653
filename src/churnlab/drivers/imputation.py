"""Multiple imputation: gaps filled several times over, as differently as the answers leave open."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from churnlab.drivers.completion import draw_missing, find_patterns, fit_moments
from churnlab.drivers.ratings import Ratings

__all__ = ["IMPUTATIONS", "impute"]

IMPUTATIONS = 20


def impute(ratings: Ratings, *, seed: int) -> Iterator[Ratings]:
    """Yield the ratings 20 times, each time with other draws for what is missing.

    Raises
    ------
    DataError
        If two variables were never answered together.
    ConvergenceError
        If too much is missing.

    Notes
    -----
    Rubin (1987); parameters are drawn by EM on a resample of the rows (Honaker and King 2010), then the gaps from a normal
    distribution given the answers of the same row. Rows without any answer are left out.
    """
    ratings = ratings.rows(ratings.answered)
    names = (*ratings.terms, ratings.outcome)
    shift, scale = np.nanmean(ratings.values, axis=0), np.nanstd(ratings.values, axis=0)
    values = (ratings.values - shift) / scale
    patterns = find_patterns(values, ratings.weight, names)
    for stream in np.random.default_rng(seed).spawn(IMPUTATIONS):
        rows: npt.NDArray[np.intp] = stream.integers(0, len(values), len(values))
        moments, _ = fit_moments(find_patterns(values[rows], ratings.weight[rows], names))
        completed = draw_missing(values, patterns, moments, stream)
        yield replace(ratings, values=completed * scale + shift)

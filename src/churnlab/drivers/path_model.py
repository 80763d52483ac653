"""Path models of satisfaction: image, expectation, quality, value → satisfaction → complaints, loyalty (ECSI, ACSI)."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import column_weights, numeric_columns
from churnlab.drivers.moments import standardise, to_moment_rows
from churnlab.drivers.path_fit import PathFit
from churnlab.drivers.path_weights import path_coefficients, weigh_items
from churnlab.drivers.ratings import Ratings
from churnlab.drivers.resamples import check_draws, resample
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile

__all__ = ["fit_path_model"]

Array = npt.NDArray[np.float64]


def fit_path_model(
    answers: pd.DataFrame,
    *,
    constructs: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    weight: str | None = None,
    missing: Literal["em", "listwise"] = "em",
    draws: int = 1000,
    seed: int = 0,
    conf_level: float = 0.95,
) -> PathFit:
    """Fit a path model of constructs that several items measure, by partial least squares.

    Parameters
    ----------
    answers
        One row per questionnaire.
    constructs
        Items of each: ``{"quality": ["q1", "q2"], "satisfaction": ["s1", "s2", "s3"]}``.
    paths
        What leads to what: ``[("quality", "satisfaction")]``; no way may lead back.
    weight, missing, seed
        As in :func:`fit_importance`.
    draws
        Resamples of the bootstrap.
    conf_level
        Of every interval.

    Returns
    -------
    PathFit

    Raises
    ------
    DataError
        If a column is missing, constant, empty or not of numbers.
    ParameterError
        If a path leads back or names no construct, a construct is in no path, or an item is in two.
    ConvergenceError
        If the weights do not settle.

    Notes
    -----
    Partial least squares with mode A and path weighting, from the correlations alone (Tenenhaus, Esposito Vinzi, Chatelin
    and Lauro 2005). R: `seminr::estimate_pls`. Composites are weighted sums with the error of their items in them, so that
    coefficients are attenuated; limits are percentiles of the bootstrap.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> quality = rng.normal(size=(300, 1))
    >>> answers = pd.DataFrame(quality + rng.normal(size=(300, 4)), columns=["q1", "q2", "s1", "s2"])
    >>> blocks = {"quality": ["q1", "q2"], "satisfaction": ["s1", "s2"]}
    >>> fit_path_model(answers, constructs=blocks, paths=[("quality", "satisfaction")], draws=100)
    PathFit(2 constructs, 1 paths; 300 answers)
    """
    check_draws(draws)
    normal_quantile(conf_level)
    if missing not in ("em", "listwise"):
        raise ParameterError(f"`missing` must be 'em' or 'listwise', not {missing!r}.")
    lead = _adjacency(constructs, paths)
    items = [item for block in constructs.values() for item in block]
    blocks = np.array([[item in block for block in constructs.values()] for item in items])
    ratings = Ratings(
        outcome=items[-1],
        drivers=tuple(items[:-1]),
        terms=tuple(items[:-1]),
        driver_of=tuple(range(len(items) - 1)),
        values=numeric_columns(answers, items),
        weight=column_weights(answers, weight),
    )
    rows = to_moment_rows(ratings, missing=missing, seed=seed)
    correlation = standardise(rows.covariance[None])
    samples = [
        path_coefficients(weigh_items(standardise(rows.to_covariance(totals)), blocks, lead).correlation, lead)
        for totals in resample(rows.rows, draws=draws, seed=seed)
    ]
    return PathFit(
        constructs=tuple(constructs),
        items=tuple(items),
        blocks=blocks,
        paths=lead,
        composites=weigh_items(correlation, blocks, lead),
        item_correlation=correlation[0],
        samples=np.concatenate(samples),
        n=rows.n,
        conf_level=conf_level,
    )


def _adjacency(constructs: Mapping[str, Sequence[str]], paths: Sequence[tuple[str, str]]) -> npt.NDArray[np.bool_]:
    names = list(constructs)
    items = [item for block in constructs.values() for item in block]
    if any(isinstance(block, str) or not len(block) for block in constructs.values()):
        raise ParameterError("Each construct must have a list of items.")
    if len(set(items)) < len(items):
        raise ParameterError("Each item must belong to one construct only.")
    lead = np.zeros((len(names), len(names)), dtype=bool)
    for first, second in paths:
        for name in (first, second):
            if name not in constructs:
                raise ParameterError(f"The path {first} → {second} names {name}, which is no construct.")
        lead[names.index(first), names.index(second)] = True
    alone = [name for name, used in zip(names, np.any(lead | lead.T, axis=0).tolist(), strict=True) if not used]
    if alone:
        raise ParameterError(f"The construct {alone[0]} is in no path. Try: leave it out.")
    if np.linalg.matrix_power(lead.astype(float), len(names)).any():
        raise ParameterError("The paths lead back to where they began. Try: leave one out.")
    return lead

"""How good forecasts of quantity were in later periods, given the prices of those periods."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.elasticity.changes import read_panel
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["score_quantities"]

Array = npt.NDArray[np.float64]


def score_quantities(
    forecasts: Mapping[str, pd.DataFrame], future: pd.DataFrame, *, conf_level: float = 0.95
) -> pd.DataFrame:
    """Compare forecasts of quantity with what was sold.

    Parameters
    ----------
    forecasts
        For each model's name a frame with `estimate`, the expected quantity, above 0 (n rows). The first model is the one
        that the others are held against: the rule that would be used without a model.
    future
        PRICES of the same products and periods (n rows, same index).
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per model and score: `model`, `score`, `estimate`, `std_error`, `conf_low`, `conf_high`. Scores, as shares of
        what was sold, weighted with the price, so that pieces of different products can be added up: ``"bias"`` (how
        much too much in total), ``"absolute_error"`` and ``"deviance"`` (Poisson; the least possible at the true
        expectation), and for all but the first model ``"absolute_error_excess"`` and ``"deviance_excess"``: how much larger
        than the first model's; below 0 is better.

    Raises
    ------
    DataError
        If a forecast has other rows than `future`, or is not above 0 and finite, or nothing was sold.
    ParameterError
        If there is no forecast, they have no names, or the level is out of range.

    Notes
    -----
    Scores are ratios of sums over products; their standard errors are by linearisation (Cochran 1977, equation 6.13) with
    products as the units drawn, since the periods of one product are alike.
    """
    if not isinstance(forecasts, Mapping):
        raise ParameterError('`forecasts` must be frames by the names of their models, as {"as before": …}.')
    if not forecasts:
        raise ParameterError("There is no forecast to score.")
    z = normal_quantile(conf_level)
    read_panel(future)
    sold, price = (future[name].to_numpy(dtype=float) for name in ("quantity", "price"))
    if not sold.sum() > 0:
        raise DataError("Nothing was sold in the periods that forecasts are held against.")
    product = pd.factorize(future["product"])[0]
    rows: list[tuple[object, ...]] = []
    first: tuple[Array, Array] | None = None
    for name, forecast in forecasts.items():
        expected = _checked(name, forecast, future)
        losses = price * np.abs(expected - sold), price * _deviance(sold, expected)
        parts = {"bias": price * (expected - sold), "absolute_error": losses[0], "deviance": losses[1]}
        if first is None:
            first = losses
        else:
            parts |= {"absolute_error_excess": losses[0] - first[0], "deviance_excess": losses[1] - first[1]}
        rows += [(name, score, *_ratio(part, price * sold, product, z)) for score, part in parts.items()]
    return pd.DataFrame(rows, columns=["model", "score", "estimate", "std_error", "conf_low", "conf_high"])


def _checked(name: str, forecast: pd.DataFrame, future: pd.DataFrame) -> Array:
    if "estimate" not in forecast:
        raise DataError(f"The forecast {name!r} has no column `estimate`.")
    if not forecast.index.equals(future.index):
        raise DataError(f"The rows of the forecast {name!r} are not those of `future`.")
    expected = forecast["estimate"].to_numpy(dtype=float)
    wrong = ~(np.isfinite(expected) & (expected > 0))
    if wrong.any():
        raise DataError(
            f"The forecast {name!r} must be above 0 and finite: {wrong.sum():,} of {len(wrong):,} rows break this."
        )
    return expected


def _deviance(sold: Array, expected: Array) -> Array:
    logs = np.log(np.where(sold > 0, sold, 1.0) / np.where(sold > 0, expected, 1.0))
    deviance: Array = 2.0 * (sold * logs - sold + expected)
    return deviance


def _ratio(part: Array, whole: Array, product: npt.NDArray[np.intp], z: float) -> tuple[float, float, float, float]:
    """Return a ratio of sums with its standard error over products and its limits."""
    y, x = np.bincount(product, part), np.bincount(product, whole)
    ratio, n = float(y.sum() / x.sum()), len(x)
    scores = y - ratio * x
    error = float(np.sqrt(n / (n - 1) * (scores @ scores)) / x.sum()) if n > 1 else float("nan")
    return ratio, error, ratio - z * error, ratio + z * error

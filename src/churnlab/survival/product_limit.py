"""The product over times of the share that stays, with Greenwood's error and its limits."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from churnlab.survival.life_table import LifeTable

__all__ = ["LimitType", "product_limit", "survival_error", "survival_limits"]

Array = npt.NDArray[np.float64]
LimitType = Literal["log", "log-log", "plain"]


def product_limit(table: LifeTable) -> tuple[Array, Array]:
    """Return the share still there after each time, and Greenwood's sum Σ d / n (n - d), each (m,)."""
    survival = np.asarray(np.cumprod(1 - table.hazard), dtype=np.float64)
    left = table.at_risk - table.events
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.where(table.events > 0, table.events / (table.at_risk * left), 0.0)
    return survival, np.cumsum(greenwood)


def survival_error(survival: Array, greenwood: Array) -> Array:
    """Return the standard error of a survival curve (m,), NaN where it is 0."""
    with np.errstate(invalid="ignore"):
        return np.where(survival > 0, survival * np.sqrt(greenwood), np.nan)


def survival_limits(survival: Array, greenwood: Array, z: float, limit_type: LimitType) -> dict[str, Array]:
    """Return limits of a survival curve within 0 and 1, each (m,).

    Parameters
    ----------
    survival, greenwood
        What :func:`product_limit` returns.
    z
        How many standard errors.
    limit_type
        The scale on which limits are symmetric.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        error = np.where(survival > 0, np.sqrt(greenwood), np.nan)
        if limit_type == "plain":
            low, high = survival - z * survival * error, survival + z * survival * error
        elif limit_type == "log":
            low, high = survival * np.exp(-z * error), survival * np.exp(z * error)
        else:
            log = np.where((survival > 0) & (survival < 1), np.log(survival), np.nan)
            low, high = (np.exp(log * np.exp(sign * z * error / -log)) for sign in (1, -1))
    return {"conf_low": np.clip(low, 0, 1), "conf_high": np.clip(high, 0, 1)}

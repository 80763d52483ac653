"""Answers for groups of customers, with limits that stay between 0 and 1."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.survival.predictions import per_row

__all__ = ["by_group", "log_log_limits", "quantile_of", "refuse_unknown"]

Array = npt.NDArray[np.float64]


def quantile_of(fit: Any) -> float:
    """Return the normal quantile of a fit's level of confidence.

    Raises
    ------
    ParameterError
        If the fit does not know how sure it is.
    """
    if not (hasattr(fit, "conf_level") and hasattr(fit, "hazards")):
        raise ParameterError(
            f"{type(fit).__name__} does not know how sure it is of a group. Try: the sum or mean of its churn_probability or "
            "survival."
        )
    return normal_quantile(fit.conf_level)


def by_group(
    new: pd.DataFrame,
    by: str | None,
    tenure: npt.ArrayLike,
    one: Callable[[pd.DataFrame, Array, Array], pd.DataFrame],
) -> pd.DataFrame:
    """Return what `one` finds of the customers, their tenures and weights, for all or by a column's values.

    Raises
    ------
    DataError
        If there is no customer, a weight is not above 0, or the column is missing or has empty cells.
    ParameterError
        If a tenure is negative.
    """
    if new.empty:
        raise DataError("There are no customers to average over.")
    weight = new["weight"].to_numpy(dtype=np.float64) if "weight" in new else np.ones(len(new))
    if not (weight > 0).all():
        raise DataError("`weight` must be above 0 in every row.")
    mine = per_row(tenure, len(new), "tenure")
    if by is None:
        return one(new, mine, weight)
    tables = []
    for value, rows in _groups(new, by):
        table = one(new.iloc[rows], mine[rows], weight[rows])
        table.insert(0, by, [value] * len(table))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _groups(new: pd.DataFrame, by: str) -> Iterator[tuple[Any, npt.NDArray[np.intp]]]:
    if by not in new:
        raise DataError(f"There is no column `{by}` to group by.")
    if new[by].isna().any():
        raise DataError(f"`{by}` must be there in every row, but {int(new[by].isna().sum()):,} have none.")
    places = new.groupby(by, observed=True, sort=True).indices
    for value in sorted(places, key=lambda value: (str(type(value)), value)):
        yield value, np.asarray(places[value], dtype=np.intp)


def refuse_unknown(known: npt.NDArray[np.bool_]) -> None:
    """Refuse customers (n,) whom the data of the fit do not reach.

    Raises
    ------
    DataError
        If there are any.
    """
    if not known.all():
        raise DataError(
            f"For {int((~known).sum()):,} of {len(known):,} customers the time asked for ends after the last that was seen. "
            "Try: a shorter one, or fit_aft, which extrapolates."
        )


def log_log_limits(share: Array, error: Array, z: float) -> dict[str, Array]:
    """Return limits of shares with errors, each (m,), on the scale log(-log)."""
    inside = (share > 0) & (share < 1)
    hazard = -np.log(np.where(inside, share, 0.5))
    spread = np.exp(z * error / np.where(inside, share * hazard, 1.0))
    return {
        "conf_low": np.where(inside, np.exp(-hazard * spread), share),
        "conf_high": np.where(inside, np.exp(-hazard / spread), share),
    }

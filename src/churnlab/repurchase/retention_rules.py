"""The rules that a manager would use in place of a model of retention: the same rate for ever."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.repurchase.survivors import to_losses

__all__ = ["ConstantRetention", "fit_constant_retention"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ConstantRetention:
    """The same share of customers stays at every renewal.

    Attributes
    ----------
    rate
        That share.
    std_error
        Of the share.
    start, share
        From which period on, and the share of customers who were there then.
    n
        Number of customers at the start.
    conf_level
        Of every interval.
    """

    rate: float
    std_error: float
    start: float
    share: float
    n: float
    conf_level: float

    @property
    def theta(self) -> Array:
        """The estimate as an array (1,)."""
        return np.array([self.rate])

    @property
    def covariance(self) -> Array:
        """Of the estimate (1, 1)."""
        return np.array([[self.std_error**2]])

    def at(self, theta: Array) -> "ConstantRetention":
        """Return the rule at another rate (1,), for the uncertainty of what follows from it."""
        return replace(self, rate=float(theta[0]))

    def survival(self, period: npt.ArrayLike) -> Array:
        """Return the share of customers who are still there after each number of renewals (m,)."""
        ahead = np.asarray(period, dtype=np.float64) - self.start
        return np.minimum(self.share * self.rate**ahead, 1.0)

    def predict(self, periods: pd.DataFrame) -> pd.DataFrame:
        """Return the share of customers still there after each period, with limits.

        Parameters
        ----------
        periods
            A frame with `period` (m rows).

        Returns
        -------
        DataFrame
            `estimate, std_error, conf_low, conf_high`, with the rows and the index of `periods`.

        Raises
        ------
        DataError
            If there is no column `period`.

        Notes
        -----
        Delta method on the logarithm of the rate.
        """
        if "period" not in periods:
            raise DataError("The frame has no column `period`, the number of renewals.")
        share = self.survival(periods["period"])
        relative = np.abs(periods["period"].to_numpy(dtype=float) - self.start) * self.std_error / self.rate
        ratio = np.exp(normal_quantile(self.conf_level) * relative)
        return pd.DataFrame(
            {
                "estimate": share,
                "std_error": share * relative,
                "conf_low": share / ratio,
                "conf_high": np.minimum(share * ratio, 1.0),
            },
            index=periods.index,
        )


def fit_constant_retention(
    survivors: pd.DataFrame, *, last: int | None = None, conf_level: float = 0.95
) -> ConstantRetention:
    """Take the retention rate to be the same for ever.

    Parameters
    ----------
    survivors
        One row per period: `period`, from 0 without gaps, and `survivors`.
    last
        How many of the last renewals the rate is taken from, going on from the customers who are left; by default all of
        them, going on from the start (the geometric, or exponential, curve).
    conf_level
        Of every interval.

    Returns
    -------
    ConstantRetention

    Raises
    ------
    DataError
        If the table is none of survivors of one cohort, or nobody has left.
    ParameterError
        If `last` is below 1 or above the number of renewals, or the level is not between 0 and 1.

    Notes
    -----
    Maximum likelihood: those who stayed, over those who could have left, added up over the renewals.

    Examples
    --------
    >>> regular = pd.DataFrame({"period": range(4), "survivors": [1000, 631, 468, 382]})
    >>> round(fit_constant_retention(regular).rate, 4), round(fit_constant_retention(regular, last=1).rate, 4)
    (0.7056, 0.8162)
    """
    normal_quantile(conf_level)
    to_losses(survivors, parameters=1)
    if "cohort" in survivors and survivors["cohort"].nunique() > 1:
        raise DataError("A constant rate is that of one cohort. Try: survivors[survivors['cohort'] == name].")
    count = survivors.sort_values("period")["survivors"].to_numpy(dtype=float)
    renewals = len(count) - 1
    if last is not None and not 1 <= last <= renewals:
        raise ParameterError(f"`last` must be 1 to {renewals} renewals, not {last!r}.")
    begin = 0 if last is None else renewals - last
    exposed, stayed = count[begin:-1].sum(), count[begin + 1 :].sum()
    rate = float(stayed / exposed)
    anchor = 0 if last is None else renewals
    return ConstantRetention(
        rate=rate,
        std_error=float(np.sqrt(rate * (1 - rate) / exposed)),
        start=float(anchor),
        share=float(count[anchor] / count[0]),
        n=float(count[0]),
        conf_level=conf_level,
    )

"""The rates that a manager would use instead of a model: churns per time at risk, the same for all of a tenure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile
from churnlab.survival.predictions import per_row
from churnlab.survival.spell_arrays import SpellArrays, check_times, refuse_no_churn, to_arrays

__all__ = ["TenureRates", "fit_tenure_rates"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TenureRates:
    """Churns per time at risk in k stretches of tenure.

    Attributes
    ----------
    begins
        Tenure at which each stretch begins (k,); the last has no end.
    time_at_risk, events
        Time that customers were at risk in each, and churns (k,).
    conf_level
        Of the limits.
    """

    begins: Array
    time_at_risk: Array
    events: Array
    conf_level: float

    @property
    def rates(self) -> Array:
        """Churns per time at risk (k,); 0 where nobody was at risk."""
        return np.divide(self.events, self.time_at_risk, out=np.zeros_like(self.events), where=self.time_at_risk > 0)

    def tidy(self) -> pd.DataFrame:
        """Return one row per stretch of tenure.

        Returns
        -------
        DataFrame
            `begin, end, time_at_risk, n_event, estimate, std_error, conf_low, conf_high`, with the exact limits of a Poisson
            count (Garwood 1936; R: `poisson.test`).
        """
        from scipy.stats import chi2

        tail = (1 - self.conf_level) / 2
        low = np.where(self.events > 0, chi2.ppf(tail, 2 * np.maximum(self.events, 1e-9)) / 2, 0.0)
        high = chi2.isf(tail, 2 * self.events + 2) / 2
        risk = np.where(self.time_at_risk > 0, self.time_at_risk, np.nan)
        return pd.DataFrame(
            {
                "begin": self.begins,
                "end": np.append(self.begins[1:], np.inf),
                "time_at_risk": self.time_at_risk,
                "n_event": self.events,
                "estimate": self.events / risk,
                "std_error": np.sqrt(self.events) / risk,
                "conf_low": low / risk,
                "conf_high": high / risk,
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: `n_event, time_at_risk, log_likelihood, aic, conf_level`."""
        found = self.events > 0
        value = float((self.events[found] * np.log(self.rates[found])).sum() - self.events.sum())
        return pd.DataFrame(
            {
                "n_event": [self.events.sum()],
                "time_at_risk": [self.time_at_risk.sum()],
                "log_likelihood": [value],
                "aic": [2 * len(self.events) - 2 * value],
                "conf_level": [self.conf_level],
            }
        )

    def survival(self, new: pd.DataFrame, *, times: npt.ArrayLike) -> Array:
        """Return the share still there at each time, the same for every row.

        Parameters
        ----------
        new
            Customers (n rows).
        times
            Numbers of 0 or more (m,).

        Returns
        -------
        array (n, m)

        Raises
        ------
        ParameterError
            If a time is negative or not finite.
        """
        asked = check_times(times)
        hazard = self._overlap(np.zeros(len(asked)), asked) @ self.rates
        return np.asarray(np.broadcast_to(np.exp(-hazard), (len(new), len(asked))))

    def churn_probability(self, new: pd.DataFrame, *, horizon: float, tenure: npt.ArrayLike = 0.0) -> Array:
        """Return the probability of leaving within a horizon, given that a customer is still there.

        Parameters
        ----------
        new
            Customers (n rows).
        horizon
            How far to look ahead.
        tenure
            How long they have been there: a number or (n,).

        Returns
        -------
        array (n,)

        Raises
        ------
        ParameterError
            If the horizon is not positive, or a tenure is negative.
        """
        return np.asarray(-np.expm1(-(self._ahead(new, horizon, tenure) @ self.rates)))

    def predict(self, new: pd.DataFrame, *, horizon: float, tenure: npt.ArrayLike = 0.0) -> pd.DataFrame:
        """Return the probability of leaving within a horizon, with the limits of the rates.

        Parameters
        ----------
        new, horizon, tenure
            As in :meth:`churn_probability`.

        Returns
        -------
        DataFrame
            The rows of `new` in their order: `estimate`, `conf_low`, `conf_high`.

        Raises
        ------
        ParameterError
            As in :meth:`churn_probability`.
        """
        ahead = self._ahead(new, horizon, tenure)
        hazard = ahead @ self.rates
        variance = np.divide(self.rates**2, self.events, out=np.zeros_like(self.events), where=self.events > 0)
        error = np.sqrt(ahead**2 @ variance)
        ratio = np.divide(error, hazard, out=np.zeros_like(hazard), where=hazard > 0)
        spread = np.exp(normal_quantile(self.conf_level) * ratio)
        limits = {"estimate": hazard, "conf_low": hazard / spread, "conf_high": hazard * spread}
        return pd.DataFrame({name: -np.expm1(-value) for name, value in limits.items()}, index=new.index)

    def _ahead(self, new: pd.DataFrame, horizon: float, tenure: npt.ArrayLike) -> Array:
        if not 0 < horizon < float("inf"):
            raise ParameterError(f"`horizon` must be above 0, not {horizon!r}.")
        begin = per_row(tenure, len(new), "tenure")
        return self._overlap(begin, begin + horizon)

    def _overlap(self, begin: Array, end: Array) -> Array:
        """Return how long each of some intervals lies in each stretch (n, k)."""
        low, high = self.begins, np.append(self.begins[1:], np.inf)
        span = (end - begin)[:, None]
        inside = np.clip(np.minimum(end[:, None], high) - np.maximum(begin[:, None], low), 0, None)
        share = np.divide(inside, span, out=np.zeros_like(inside), where=span > 0)
        return np.asarray(
            np.round(share, 12) * np.round(span, 12)
        )  # who is alike must be rated alike, to the last digit

    def __repr__(self) -> str:
        return f"TenureRates({self.events.sum():,.0f} churned; {len(self.begins)} stretches of tenure)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_tenure_rates(spells: Any, *, breaks: Sequence[float] = (), conf_level: float = 0.95) -> TenureRates:
    """Divide churns by the time at risk: one rate for all, or one for each stretch of tenure.

    Parameters
    ----------
    spells
        SPELLS: a frame or table, with `entry` and `weight` where there are. Made with `observed_from`, they give the rate of
        the time since then, such as last month's.
    breaks
        Tenures, above 0 and ascending, at which a new stretch begins; none for one rate.
    conf_level
        Of the limits.

    Returns
    -------
    TenureRates

    Raises
    ------
    DataError
        If the frame breaks the contract, or nobody has churned.
    ParameterError
        If the breaks do not ascend from above 0, or the level is not between 0 and 1.

    Notes
    -----
    The occurrence/exposure rate, which is the maximum of the likelihood of a piecewise constant hazard (Andersen, Borgan,
    Gill and Keiding 1993, section VI.1). R: `survival::pyears`.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [2, 4, 4], "churned": [True, True, False]})
    >>> fit_tenure_rates(spells).rates, fit_tenure_rates(spells, breaks=[2]).rates
    (array([0.2]), array([0.16666667, 0.25      ]))
    """
    normal_quantile(conf_level)
    begins = np.concatenate([[0.0], np.asarray(breaks, dtype=np.float64)])
    if not (np.diff(begins) > 0).all() or not np.isfinite(begins).all():
        raise ParameterError(f"`breaks` must ascend from above 0, not {list(breaks)!r}.")
    arrays = to_arrays(spells)
    refuse_no_churn(arrays)
    stretch = np.searchsorted(begins, arrays.duration[arrays.churned], side="left") - 1
    events = np.bincount(stretch, weights=arrays.weight[arrays.churned], minlength=len(begins))
    return TenureRates(
        begins=begins,
        time_at_risk=np.diff(_time_before(arrays, np.append(begins, np.inf))),
        events=np.asarray(events, dtype=np.float64),
        conf_level=conf_level,
    )


def _time_before(spells: SpellArrays, tenures: Array) -> Array:
    """Return the time at risk before each of some tenures (m,)."""
    begin = 0.0 if spells.entry is None else spells.entry
    return np.array(
        [spells.weight @ (np.minimum(spells.duration, tenure) - np.minimum(begin, tenure)) for tenure in tenures]
    )

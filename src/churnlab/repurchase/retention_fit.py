"""A fitted model of retention by contract: a curve that can be drawn out into the future."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile, wald_table
from churnlab.repurchase.retention_likelihood import log_survival

__all__ = ["RetentionFit"]

Array = npt.NDArray[np.float64]

_FORGOTTEN = 40.0


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RetentionFit:
    """A fitted shifted beta-geometric or beta-discrete-Weibull model.

    Attributes
    ----------
    name
        Of the model.
    theta
        The estimates: alpha, beta and, in the Weibull model, c.
    covariance
        Of the estimates (k, k).
    n
        Number of customers at the start.
    log_likelihood
        At the estimates.
    conf_level
        Of every interval.
    """

    name: str
    theta: Array
    covariance: Array
    n: float
    log_likelihood: float
    conf_level: float

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the estimates."""
        return ("alpha", "beta", "c")[: len(self.theta)]

    def at(self, theta: Array) -> "RetentionFit":
        """Return the model at other parameters (k,), for the uncertainty of what follows from them."""
        return replace(self, theta=np.asarray(theta, dtype=np.float64))

    def tidy(self) -> pd.DataFrame:
        """Return one row per parameter: `term, estimate, std_error, conf_low, conf_high`."""
        return wald_table(self.terms, self.theta, self.covariance, conf_level=self.conf_level)

    def glance(self) -> pd.DataFrame:
        """Return one row: `model, n, log_likelihood, aic, bic, conf_level`."""
        k = len(self.theta)
        return pd.DataFrame(
            {
                "model": [self.name],
                "n": [self.n],
                "log_likelihood": [self.log_likelihood],
                "aic": [2 * k - 2 * self.log_likelihood],
                "bic": [k * np.log(self.n) - 2 * self.log_likelihood],
                "conf_level": [self.conf_level],
            }
        )

    def survival(self, period: Any) -> Array:
        """Return the share of customers who are still there after each number of renewals.

        Parameters
        ----------
        period
            Numbers of renewals (m,), 0 or more.

        Returns
        -------
        array (m,)

        Raises
        ------
        ParameterError
            If a number is negative.
        """
        return np.exp(log_survival(self.theta, _checked(period)))

    def retention_rate(self, period: Any) -> Array:
        """Return the share of those still there who stay at each renewal: the first, second, ….

        Parameters
        ----------
        period
            Which renewals (m,), 1 or more.

        Returns
        -------
        array (m,)

        Raises
        ------
        ParameterError
            If a number is below 1.

        Notes
        -----
        It rises with time in the shifted beta-geometric model, since those who are likely to leave leave first.
        """
        renewal = _checked(period, least=1)
        rate: Array = np.exp(log_survival(self.theta, renewal) - log_survival(self.theta, renewal - 1))
        return rate

    def predict(self, periods: pd.DataFrame) -> pd.DataFrame:
        """Return the share of customers still there after each period, with limits.

        Parameters
        ----------
        periods
            A frame with `period`: numbers of renewals (m rows), 0 or more, observed or not.

        Returns
        -------
        DataFrame
            `estimate, std_error, conf_low, conf_high`, with the rows and the index of `periods`.

        Raises
        ------
        DataError
            If there is no column `period`.
        ParameterError
            If a number is negative.

        Notes
        -----
        Delta method on the log-odds of the share, so that the limits lie between 0 and 1. They are those of the curve;
        the share of a cohort varies around it.
        """
        if "period" not in periods:
            raise DataError("The frame has no column `period`, the number of renewals.")
        period = _checked(periods["period"])
        share = self.survival(period)
        error = self._errors(lambda fit: fit.survival(period))
        inside = (share > 0) & (share < 1)
        odds = np.log(share[inside] / (1 - share[inside]))
        margin = normal_quantile(self.conf_level) * error[inside] / (share[inside] * (1 - share[inside]))
        low, high = share.copy(), share.copy()
        low[inside], high[inside] = 1 / (1 + np.exp(margin - odds)), 1 / (1 + np.exp(-margin - odds))
        return pd.DataFrame(
            {"estimate": share, "std_error": error, "conf_low": low, "conf_high": high}, index=periods.index
        )

    def remaining_lifetime(self, tenure: Any, *, discount: float = 0.0, horizon: int | None = None) -> pd.DataFrame:
        """Return how many more renewals to expect of customers who have made so many.

        Parameters
        ----------
        tenure
            Renewals made so far (m,), 0 or more.
        discount
            Per period: the next renewal, which is now due, counts in full, the one after it 1 / (1 + discount), and so on.
        horizon
            How many renewals ahead are counted; None for all, which takes a discount above 0.

        Returns
        -------
        DataFrame
            `tenure, estimate, std_error, conf_low, conf_high`, one row per tenure.

        Raises
        ------
        ParameterError
            If a number is negative, or there is neither discount nor horizon.

        Notes
        -----
        The discounted expected residual lifetime of Fader and Hardie (2010), Customer-base valuation in a contractual
        setting: the perils of ignoring heterogeneity, Marketing Science 29 (1), 85-93, equation 6. Times the margin of a
        period it is the value of the customer just before the renewal. Delta method on the logarithm.
        """
        made = _checked(tenure)
        if not (isinstance(discount, int | float | np.number) and 0 <= discount < float("inf")):
            raise ParameterError(f"`discount` must be 0 or more, not {discount!r}.")
        if horizon is None and discount == 0:
            raise ParameterError(
                "Without a horizon, `discount` must be above 0: renewals for ever may have no finite sum."
            )
        if horizon is not None and not (
            isinstance(horizon, int | float | np.number) and horizon >= 1 and horizon % 1 == 0
        ):
            raise ParameterError(f"`horizon` must be a whole number of renewals, 1 or more, not {horizon!r}.")
        end = int(np.ceil(_FORGOTTEN / np.log1p(discount))) if horizon is None else int(horizon)
        estimate = self._remaining(made, discount, end)
        error = self._errors(lambda fit: fit._remaining(made, discount, end))
        spread = np.exp(normal_quantile(self.conf_level) * error / estimate)
        return pd.DataFrame(
            {
                "tenure": made,
                "estimate": estimate,
                "std_error": error,
                "conf_low": estimate / spread,
                "conf_high": estimate * spread,
            }
        )

    def _remaining(self, tenure: Array, discount: float, end: int) -> Array:
        ahead = np.arange(1.0, end + 1)
        worth = (1 + discount) ** (1 - ahead)
        rows = [
            np.exp(log_survival(self.theta, made + ahead) - log_survival(self.theta, np.array([made]))) @ worth
            for made in tenure
        ]
        return np.array(rows)

    def _errors(self, function: Callable[["RetentionFit"], Array]) -> Array:
        """Return the standard errors (m,) of what a function says of the fit."""
        steps = np.diag(1e-5 * self.theta)
        slope = np.array(
            [(function(self.at(self.theta + s)) - function(self.at(self.theta - s))) / (2 * s.sum()) for s in steps]
        )
        variance: Array = np.einsum("km,kl,lm->m", slope, self.covariance, slope)
        return np.sqrt(variance)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.4g}" for name, value in zip(self.terms, self.theta, strict=True))
        return f"RetentionFit({self.name}: {values}; {self.n:,.0f} customers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def _checked(period: Any, *, least: int = 0) -> Array:
    try:
        values = np.atleast_1d(np.asarray(period, dtype=np.float64))
    except (TypeError, ValueError):
        raise ParameterError(f"Numbers of renewals must be {least} or more, not {period!r}.") from None
    if not (np.isfinite(values) & (values >= least)).all():
        raise ParameterError(f"Numbers of renewals must be {least} or more, not {values.min():g}.")
    return values

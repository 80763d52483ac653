"""The Gamma-Gamma model of what customers spend per order."""

import warnings
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.inference import normal_quantile, wald_table
from churnlab.likelihood import Derivatives, maximise
from churnlab.repurchase.history import to_history

__all__ = ["GammaGammaFit", "fit_gamma_gamma"]

Array = npt.NDArray[np.float64]

_NAMES = ("p", "q", "v")
_STARTS = ((5.0, 3.0, 1.0), (1.0, 2.0, 1.0), (20.0, 10.0, 1.0))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GammaGammaFit:
    """A fitted Gamma-Gamma model.

    Attributes
    ----------
    p
        Shape of the gamma distribution of a customer's amounts around her mean.
    q, v
        Shape and rate of the gamma distribution of the amounts' rates over customers; `v` is in units of money.
    covariance
        Of the three estimates (3, 3).
    n
        Number of repeat buyers fitted on.
    n_left_out
        Number of repeat buyers left out because all they ordered was worth 0.
    log_likelihood
        At the estimates.
    conf_level
        Of every interval.
    """

    p: float
    q: float
    v: float
    covariance: Array
    n: float
    n_left_out: float
    log_likelihood: float
    conf_level: float

    @property
    def theta(self) -> Array:
        """The estimates as an array: p, q, v."""
        return np.array([self.p, self.q, self.v])

    def at(self, theta: Array) -> "GammaGammaFit":
        """Return the model at other parameters (3,), for the uncertainty of what follows from them."""
        p, q, v = map(float, theta)
        return replace(self, p=p, q=q, v=v)

    def tidy(self) -> pd.DataFrame:
        """Return one row per parameter: `term, estimate, std_error, conf_low, conf_high`."""
        return wald_table(_NAMES, self.theta, self.covariance, conf_level=self.conf_level)

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, n_left_out, log_likelihood, aic, bic, conf_level`."""
        return pd.DataFrame(
            {
                "n": [self.n],
                "n_left_out": [self.n_left_out],
                "log_likelihood": [self.log_likelihood],
                "aic": [2 * 3 - 2 * self.log_likelihood],
                "bic": [3 * np.log(self.n) - 2 * self.log_likelihood],
                "conf_level": [self.conf_level],
            }
        )

    def expected_amount(self, rfm: pd.DataFrame) -> Array:
        """Return each customer's expected mean amount per order: her own mean, drawn towards that of all.

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM, with `monetary_value` (n rows), which does not count where `frequency`
            is 0.

        Returns
        -------
        array (n,)
            In the order of the rows, in units of money.

        Raises
        ------
        DataError
            If the frame breaks the contract or has no `monetary_value`.
        ConvergenceError
            If q is 1 or less and some customer has not ordered again: the mean of all customers is then infinite.

        Notes
        -----
        Fader and Hardie (2013), The Gamma-Gamma model of monetary value, equation 5. R: `BTYD::spend.expected.value`.
        """
        history = to_history(rfm)
        spent = history.spent
        shape = self.p * history.frequency + self.q - 1
        if (shape <= 0).any():
            raise ConvergenceError(
                f"The mean amount of a customer without repeat orders is infinite, since q = {self.q:.3g} is not above "
                "1. Ask for customers with repeat orders only."
            )
        amount: Array = self.p * (self.v + spent) / shape
        return amount

    def __repr__(self) -> str:
        return f"GammaGammaFit(p={self.p:.4g}, q={self.q:.4g}, v={self.v:.4g}; {self.n:,.0f} repeat buyers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_gamma_gamma(
    rfm: pd.DataFrame, *, zero_values: Literal["refuse", "leave_out"] = "refuse", conf_level: float = 0.95
) -> GammaGammaFit:
    """Fit the Gamma-Gamma model: how much an order is worth, and how much that differs between customers.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM, with `monetary_value`; rows with `frequency` 0 carry no information on it.
    zero_values
        What to do with repeat buyers whose mean amount is 0, which the model cannot explain: ``"refuse"`` the frame, or
        ``"leave_out"`` these customers and count them in the result.
    conf_level
        Of every interval.

    Returns
    -------
    GammaGammaFit

    Raises
    ------
    DataError
        If the frame breaks the contract, has no `monetary_value`, fewer than two repeat buyers, or zero values.
    ConvergenceError
        If the likelihood has no maximum, as where all amounts are the same.
    ParameterError
        If `zero_values` is unknown or the level is not between 0 and 1.

    Warns
    -----
    UserWarning
        If q is 1 or less: the mean amount over all customers is then infinite.

    Notes
    -----
    Fader and Hardie (2013), equation 1a; it assumes that what a customer spends per order does not depend on how often
    she orders. R: `BTYD::spend.EstimateParameters`. Amounts are divided by their mean during the search.

    Examples
    --------
    >>> from churnlab import datasets, features
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01", unit="week")
    >>> fit_gamma_gamma(rfm)
    GammaGammaFit(p=6.25, q=3.744, v=15.44; 946 repeat buyers)
    """
    if zero_values not in ("refuse", "leave_out"):
        raise ParameterError(f"`zero_values` must be 'refuse' or 'leave_out', not {zero_values!r}.")
    normal_quantile(conf_level)
    x, amount, weight, left_out = _repeat_buyers(rfm, zero_values)
    unit = float(weight @ amount / weight.sum())
    maximum = maximise(
        lambda theta: _total_log_likelihood(theta, x, amount / unit, weight),
        _NAMES,
        [np.array(start) for start in _STARTS],
    )
    scale = np.array([1.0, 1.0, unit])
    p, q, v = map(float, maximum.estimate * scale)
    if q <= 1:
        warnings.warn(
            f"q = {q:.3g} is not above 1: under this model the mean amount over all customers is infinite. Expected amounts can "
            "be had of repeat buyers only; refunds or a few huge orders among the amounts may be the reason.",
            stacklevel=2,
        )
    return GammaGammaFit(
        p=p,
        q=q,
        v=v,
        covariance=maximum.covariance * np.outer(scale, scale),
        n=float(weight.sum()),
        n_left_out=left_out,
        log_likelihood=maximum.log_likelihood - float(weight.sum()) * float(np.log(unit)),
        conf_level=conf_level,
    )


def _repeat_buyers(rfm: pd.DataFrame, zero_values: str) -> tuple[Array, Array, Array, float]:
    history = to_history(rfm)
    repeat = history.frequency > 0
    zero = repeat & (history.spent == 0)
    if zero.any() and zero_values == "refuse":
        raise DataError(
            f"`monetary_value` must be above 0 where `frequency` is: {int(zero.sum()):,} of {len(zero):,} rows break "
            'this. Try: zero_values="leave_out", which counts them in the result.'
        )
    kept = repeat & ~zero
    x, weight = history.frequency[kept], history.weight[kept]
    if weight.sum() < 2:
        raise DataError(f"The Gamma-Gamma model takes two repeat buyers or more, but there are {weight.sum():g}.")
    return x, history.spent[kept] / x, weight, float(history.weight[zero].sum())


def _total_log_likelihood(theta: Array, x: Array, amount: Array, weight: Array) -> Derivatives:
    """Log-likelihood with gradient (3,) and Hessian (3, 3) in p, q, v; x repeat orders of mean `amount`, each (m,)."""
    from scipy.special import digamma, gammaln, polygamma

    p, q, v = theta
    k, total = p * x, v + amount * x
    value = gammaln(k + q) - gammaln(k) - gammaln(q) + q * np.log(v) - (k + q) * np.log(total)
    value += (k - 1) * np.log(amount) + k * np.log(x)
    gradient = [
        x * (digamma(k + q) - digamma(k) + np.log(amount) + np.log(x) - np.log(total)),
        digamma(k + q) - digamma(q) + np.log(v) - np.log(total),
        q / v - (k + q) / total,
    ]
    pp = x**2 * (polygamma(1, k + q) - polygamma(1, k))
    pq, pv = x * polygamma(1, k + q), -x / total
    qq, qv = polygamma(1, k + q) - polygamma(1, q), 1 / v - 1 / total
    vv = -q / v**2 + (k + q) / total**2
    pp, pq, pv, qq, qv, vv = (float(weight @ part) for part in (pp, pq, pv, qq, qv, vv))
    return Derivatives(
        value=float(weight @ value),
        gradient=np.array([weight @ part for part in gradient]),
        hessian=np.array([[pp, pq, pv], [pq, qq, qv], [pv, qv, vv]]),
    )

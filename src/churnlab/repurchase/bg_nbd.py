"""The BG/NBD model of repeat buying and dropping out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import ConvergenceError, ParameterError
from churnlab.inference import normal_quantile, wald_table
from churnlab.likelihood import Maximum, maximise
from churnlab.repurchase import bg_nbd_likelihood as numerics
from churnlab.repurchase.counts import Counts, to_counts
from churnlab.repurchase.history import distinct_rows, to_history

__all__ = ["BgNbdFit", "checked_horizon", "fit_bg_nbd"]

Array = npt.NDArray[np.float64]

_NAMES = ("r", "alpha", "a", "b")
_STARTS = ((0.5, 0.3, 1.0, 2.0), (0.1, 0.1, 0.5, 5.0), (2.0, 2.0, 0.2, 0.5))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BgNbdFit:
    """A fitted BG/NBD model.

    Attributes
    ----------
    r, alpha
        Shape and rate of the gamma distribution of buying rates; `alpha` is in units of time.
    a, b
        Parameters of the beta distribution of the probability of dropping out after an order.
    covariance
        Of the four estimates (4, 4).
    n
        Number of customers.
    log_likelihood
        At the estimates.
    conf_level
        Of every interval.
    """

    r: float
    alpha: float
    a: float
    b: float
    covariance: Array
    n: float
    log_likelihood: float
    conf_level: float

    @property
    def theta(self) -> Array:
        """The estimates as an array: r, alpha, a, b."""
        return np.array([self.r, self.alpha, self.a, self.b])

    def at(self, theta: Array) -> "BgNbdFit":
        """Return the model at other parameters (4,), for the uncertainty of what follows from them."""
        r, alpha, a, b = map(float, theta)
        return replace(self, r=r, alpha=alpha, a=a, b=b)

    def tidy(self) -> pd.DataFrame:
        """Return one row per parameter: `term, estimate, std_error, conf_low, conf_high`."""
        return wald_table(_NAMES, self.theta, self.covariance, conf_level=self.conf_level)

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, log_likelihood, aic, bic, conf_level`."""
        return pd.DataFrame(
            {
                "n": [self.n],
                "log_likelihood": [self.log_likelihood],
                "aic": [2 * 4 - 2 * self.log_likelihood],
                "bic": [4 * np.log(self.n) - 2 * self.log_likelihood],
                "conf_level": [self.conf_level],
            }
        )

    def p_alive(self, rfm: pd.DataFrame) -> Array:
        """Return the probability that each customer is still a customer at T.

        It is not the probability of another order, see :meth:`probability_of_order`. The model lets customers drop out
        only right after a repeat order, so that it is 1 for whoever has not ordered again.

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows).

        Returns
        -------
        array (n,)
            In the order of the rows.

        Raises
        ------
        DataError
            If the frame breaks the contract.

        Notes
        -----
        Fader, Hardie and Lee (2008), Computing P(alive) using the BG/NBD model. R: `bgnbd.PAlive`.
        """
        return _per_history(numerics.alive_probability, self.theta, rfm)

    def expected_orders(self, rfm: pd.DataFrame, *, horizon: float) -> Array:
        """Return each customer's expected number of orders in (T, T + horizon].

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows).
        horizon
            In the unit of `rfm`; 0 or more.

        Returns
        -------
        array (n,)
            In the order of the rows.

        Raises
        ------
        DataError
            If the frame breaks the contract.
        ParameterError
            If the horizon is negative.

        Notes
        -----
        Fader, Hardie and Lee (2005), equation 10. R: `bgnbd.ConditionalExpectedTransactions`.
        """
        return self.expected_orders_by(rfm, horizons=np.array([horizon]))[:, 0]

    def expected_orders_by(self, rfm: pd.DataFrame, *, horizons: Array) -> Array:
        """Return each customer's expected number of orders by each of several horizons.

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows).
        horizons
            In the unit of `rfm` (k,); 0 or more.

        Returns
        -------
        array (n, k)
            In the order of the rows.

        Raises
        ------
        DataError
            If the frame breaks the contract.
        ParameterError
            If a horizon is negative.
        """
        checked = [checked_horizon(float(horizon)) for horizon in horizons]
        history = to_history(rfm)
        (x, t_x, T), row_of = distinct_rows(history.frequency, history.recency, history.T)
        orders = np.column_stack([numerics.expected_orders(self.theta, x, t_x, T, horizon) for horizon in checked])
        return orders[row_of]

    def probability_of_order(self, rfm: pd.DataFrame, *, horizon: float) -> Array:
        """Return the probability that each customer orders at least once in (T, T + horizon].

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows).
        horizon
            In the unit of `rfm`; 0 or more.

        Returns
        -------
        array (n,)
            In the order of the rows.

        Raises
        ------
        DataError
            If the frame breaks the contract.
        ParameterError
            If the horizon is negative.

        Notes
        -----
        1 - L(x, t_x, T + horizon) / L(x, t_x, T): silence until T + horizon, given silence until T.
        """
        return _per_history(numerics.order_probability, self.theta, rfm, checked_horizon(horizon))

    def predict(self, rfm: pd.DataFrame, *, horizon: float) -> pd.DataFrame:
        """Return the forecast of each customer in (T, T + horizon].

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows).
        horizon
            In the unit of `rfm`; 0 or more.

        Returns
        -------
        DataFrame
            `estimate` (expected orders), `p_alive` and `probability` of at least one order, in the order of the rows.

        Raises
        ------
        DataError
            If the frame breaks the contract.
        ParameterError
            If the horizon is negative.
        """
        return pd.DataFrame(
            {
                "estimate": self.expected_orders(rfm, horizon=horizon),
                "p_alive": self.p_alive(rfm),
                "probability": self.probability_of_order(rfm, horizon=horizon),
            },
            index=getattr(rfm, "index", None),
        )

    def expected_orders_of_new(self, age: Array) -> Array:
        """Return the expected number of repeat orders of a new customer by each age.

        Parameters
        ----------
        age
            Ages (m,) in the unit of the fit, 0 or more.

        Returns
        -------
        array (m,)

        Raises
        ------
        ParameterError
            If an age is negative.

        Notes
        -----
        Fader, Hardie and Lee (2005), equation 9. R: `bgnbd.Expectation`.
        """
        zero = np.zeros(1)
        new = (self.theta, zero, zero, zero)
        return np.array([numerics.expected_orders(*new, checked_horizon(float(each)))[0] for each in np.asarray(age)])

    def __repr__(self) -> str:
        return (
            f"BgNbdFit(r={self.r:.4g}, alpha={self.alpha:.4g}, a={self.a:.4g}, b={self.b:.4g}; {self.n:,.0f} customers)"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_bg_nbd(rfm: pd.DataFrame, *, conf_level: float = 0.95) -> BgNbdFit:
    """Fit the BG/NBD model: how often customers buy while they stay, and how likely each order is their last.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM: `frequency`, `recency`, `T`, and `weight` where a row stands for several
        customers. Any unit of time.
    conf_level
        Of every interval.

    Returns
    -------
    BgNbdFit

    Raises
    ------
    DataError
        If the frame breaks the contract, holds one customer only, or nobody has ordered again.
    ConvergenceError
        If the likelihood has no maximum, as where nobody drops out.
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the Pareto/NBD model,
    Marketing Science 24 (2), 275-284, equation 6. R: `BTYD::bgnbd.EstimateParameters`. Maximum likelihood with
    analytic gradient and Hessian on one row per distinct history; times are divided by their mean during the search,
    so that the result does not depend on the unit.

    Examples
    --------
    >>> from churnlab import datasets, features
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01", unit="week")
    >>> fit_bg_nbd(rfm)
    BgNbdFit(r=0.2426, alpha=4.414, a=0.7929, b=2.426; 2,357 customers)
    """
    normal_quantile(conf_level)
    counts = to_counts(rfm)
    unit = float(counts.weight @ counts.T / counts.n)
    scaled = replace(counts, recency=counts.recency / unit, T=counts.T / unit)
    maximum = _maximum(scaled)
    scale = np.array([1.0, unit, 1.0, 1.0])
    r, alpha, a, b = map(float, maximum.estimate * scale)
    return BgNbdFit(
        r=r,
        alpha=alpha,
        a=a,
        b=b,
        covariance=maximum.covariance * np.outer(scale, scale),
        n=counts.n,
        log_likelihood=maximum.log_likelihood - float(counts.weight @ counts.frequency) * float(np.log(unit)),
        conf_level=conf_level,
    )


def _maximum(counts: Counts) -> Maximum:
    try:
        return maximise(
            lambda theta: numerics.total_log_likelihood(theta, counts), _NAMES, [np.array(start) for start in _STARTS]
        )
    except ConvergenceError as error:
        repeat = counts.weight[counts.frequency > 0].sum()
        raise ConvergenceError(
            f"{error} {repeat:,.0f} of {counts.n:,.0f} customers ordered again. The data do not tell dropping "
            "out (a, b) from buying seldom (r, alpha): there may be no drop-out, or too few customers or too short a "
            "time to see it."
        ) from None


def checked_horizon(horizon: float) -> float:
    """Return a horizon that is a number and not negative, or raise a ParameterError."""
    if not (isinstance(horizon, int | float | np.number) and 0 <= horizon < float("inf")):
        raise ParameterError(f"`horizon` must be 0 or more, not {horizon!r}.")
    return float(horizon)


def _per_history(function: Callable[..., Array], theta: Array, rfm: pd.DataFrame, *arguments: float) -> Array:
    """Compute a number once per distinct history and give it to every row."""
    history = to_history(rfm)
    distinct, row_of = distinct_rows(history.frequency, history.recency, history.T)
    values: Array = function(theta, *distinct, *arguments)
    return values[row_of]

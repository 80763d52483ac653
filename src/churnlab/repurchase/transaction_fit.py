"""A fitted model of orders: what it says of its parameters, of known customers and of new ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import ParameterError
from churnlab.inference import coefficient_table, wald_table
from churnlab.repurchase.columns import Column
from churnlab.repurchase.covariates import Covariates, read_covariates
from churnlab.repurchase.distinct import Counts, ages, as_they_are, to_counts
from churnlab.repurchase.history import to_history
from churnlab.repurchase.transaction_model import Parameters, TransactionModel

__all__ = ["TransactionFit", "checked_horizon"]

Array = npt.NDArray[np.float64]

_CHUNK = 16_384
"""Histories that are worked on at a time, so that their arrays stay near the processor."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TransactionFit:
    """A fitted model of orders: BG/NBD, MBG/NBD, Pareto/NBD, BG/BB or a regular relative.

    Every number is computed once per distinct history and given to the rows that have it, in their order.

    Attributes
    ----------
    model
        The formulas of the model.
    covariates
        Which columns act on which parameters.
    theta
        The estimates: the parameters of the model, then the effects of covariates (k,).
    covariance
        Of the estimates (k, k).
    n
        Number of customers.
    log_likelihood
        At the estimates, without the penalty.
    penalty
        That the estimates were held by.
    conf_level
        Of every interval.
    """

    model: TransactionModel
    covariates: Covariates
    theta: Array
    covariance: Array
    n: float
    log_likelihood: float
    penalty: float
    conf_level: float

    @property
    def parameters(self) -> Mapping[str, float]:
        """The estimates by name."""
        return dict(zip((*self.model.terms, *self.covariates.terms), map(float, self.theta), strict=True))

    def at(self, theta: Array) -> "TransactionFit":
        """Return the model at other parameters (k,), for the uncertainty of what follows from them."""
        return replace(self, theta=np.asarray(theta, dtype=np.float64))

    def tidy(self) -> pd.DataFrame:
        """Return one row per parameter: `term, estimate, std_error, conf_low, conf_high`.

        With covariates there are also `statistic` and `p_value`, of the hypothesis that an effect is 0.
        """
        k = len(self.model.terms)
        table = wald_table(self.model.terms, self.theta[:k], self.covariance[:k, :k], conf_level=self.conf_level)
        if not self.covariates.terms:
            return table
        effects = coefficient_table(
            self.covariates.terms, self.theta[k:], self.covariance[k:, k:], conf_level=self.conf_level
        )
        table.insert(3, "statistic", np.nan)
        table.insert(4, "p_value", np.nan)
        return pd.concat([table, effects], ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row: `model, n, log_likelihood, aic, bic, penalty, conf_level`."""
        k = len(self.theta)
        return pd.DataFrame(
            {
                "model": [self.model.name],
                "n": [self.n],
                "log_likelihood": [self.log_likelihood],
                "aic": [2 * k - 2 * self.log_likelihood],
                "bic": [k * np.log(self.n) - 2 * self.log_likelihood],
                "penalty": [self.penalty],
                "conf_level": [self.conf_level],
            }
        )

    def p_alive(self, rfm: Any) -> Array:
        """Return the probability that each customer is still a customer at T.

        It is not the probability of another order, see :meth:`probability_of_order`.

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows), with the covariates of the fit.

        Returns
        -------
        array (n,)

        Raises
        ------
        DataError
            If the frame breaks the contract or the model cannot explain a row.

        Notes
        -----
        In the BG/NBD model customers drop out only right after a repeat order, so that it is 1 for whoever has not
        ordered again. In the BG/BB model it is the probability of being alive at the next opportunity. R: `bgnbd.PAlive`,
        `pnbd.PAlive`, `bgbb.PAlive`.
        """
        counts, row_of = self._counts(rfm)
        return self._alive(counts)[row_of]

    def expected_orders(self, rfm: Any, *, horizon: float) -> Array:
        """Return each customer's expected number of orders in (T, T + horizon].

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows), with the covariates of the fit.
        horizon
            In the unit of `rfm`; 0 or more.

        Returns
        -------
        array (n,)

        Raises
        ------
        DataError
            If the frame breaks the contract or the model cannot explain a row.
        ParameterError
            If the horizon is negative, or not whole in a model of discrete time.

        Notes
        -----
        R: `bgnbd.ConditionalExpectedTransactions` and its like.
        """
        return self.expected_orders_by(rfm, horizons=np.array([checked_horizon(horizon)]))[:, 0]

    def expected_orders_by(self, rfm: Any, *, horizons: Array) -> Array:
        """Return each customer's expected number of orders by each of several horizons.

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows), with the covariates of the fit.
        horizons
            In the unit of `rfm` (h,); 0 or more.

        Returns
        -------
        array (n, h)

        Raises
        ------
        DataError
            If the frame breaks the contract or the model cannot explain a row.
        ParameterError
            If a horizon is negative, or not whole in a model of discrete time.
        """
        lengths = _checked_lengths("horizons", horizons)
        counts, row_of = self._counts(rfm)
        return (self._alive(counts)[:, None] * self._each(counts, self.model.expected_if_alive, lengths))[row_of]

    def probability_of_order(self, rfm: Any, *, horizon: float) -> Array:
        """Return the probability that each customer orders at least once in (T, T + horizon].

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows), with the covariates of the fit.
        horizon
            In the unit of `rfm`; 0 or more.

        Returns
        -------
        array (n,)

        Raises
        ------
        DataError
            If the frame breaks the contract or the model cannot explain a row.
        ParameterError
            If the horizon is negative, or not whole in a model of discrete time.

        Notes
        -----
        Equal to 1 - L(x, t_x, T + horizon) / L(x, t_x, T): silence until then, given silence until T; computed without
        taking that difference.
        """
        length = checked_horizon(horizon)
        counts, row_of = self._counts(rfm)
        return (self._alive(counts) * self._each(counts, self.model.chance_if_alive, [length])[:, 0])[row_of]

    def probability_of_orders(self, rfm: Any, *, n: int, horizon: float) -> Array:
        """Return the probability that each customer orders exactly n times in (T, T + horizon].

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows), with the covariates of the fit. A customer with `frequency`,
            `recency` and `T` of 0 is a new one.
        n
            Number of orders, 0 or more.
        horizon
            In the unit of `rfm`; 0 or more.

        Returns
        -------
        array (n,)

        Raises
        ------
        DataError
            If the frame breaks the contract or the model cannot explain a row.
        ParameterError
            If the horizon is negative, or `n` is not a whole number of 0 or more.
        """
        if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 0:
            raise ParameterError(f"`n` must be a whole number of 0 or more, not {n!r}.")
        if n == 0:
            return 1 - self.probability_of_order(rfm, horizon=horizon)
        length = checked_horizon(horizon)
        counts, row_of = self._counts(rfm)

        def exactly(parameters: Parameters, some: Counts, h: Array) -> Array:
            return self.model.count_if_alive(parameters, some, int(n), h)

        return (self._alive(counts) * self._each(counts, exactly, [length])[:, 0])[row_of]

    def discounted_orders(self, rfm: Any, *, discount: float, horizon: float | None = None) -> Array:
        """Return each customer's expected number of orders after T, later ones counting less.

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows), with the covariates of the fit.
        discount
            Per unit of time of `rfm`: an order at T + s counts (1 + discount)^-s. 0 or more, and above 0 where there is
            no horizon.
        horizon
            How far to look ahead, in units of time; None for ever.

        Returns
        -------
        array (n,)

        Raises
        ------
        DataError
            If the frame breaks the contract or the model cannot explain a row.
        ParameterError
            If the horizon or the discount is negative, or there is neither.

        Notes
        -----
        Without horizon the discounted expected residual transactions (DERT) of Fader, Hardie and Lee (2005), RFM and
        CLV. R: `pnbd.DERT`, `bgbb.DERT`.
        """
        if not (isinstance(discount, int | float | np.number) and 0 <= discount < float("inf")):
            raise ParameterError(f"`discount` must be 0 or more, not {discount!r}.")
        if horizon is None and discount == 0:
            raise ParameterError(
                "Without a horizon, `discount` must be above 0: orders for ever may have no finite sum."
            )
        end = float("inf") if horizon is None else checked_horizon(horizon)
        counts, row_of = self._counts(rfm)

        def worth(parameters: Parameters, some: Counts, h: Array) -> Array:
            return self.model.discounted_if_alive(parameters, some, float(discount), float(end))

        return (self._alive(counts) * self._each(counts, worth, [0.0])[:, 0])[row_of]

    def predict(self, rfm: Any, *, horizon: float) -> pd.DataFrame:
        """Return the forecast of each customer in (T, T + horizon].

        Parameters
        ----------
        rfm
            A frame that keeps the contract RFM (n rows), with the covariates of the fit.
        horizon
            In the unit of `rfm`; 0 or more.

        Returns
        -------
        DataFrame
            `estimate` (expected orders), `p_alive` and `probability` of at least one order, with the rows and the index
            of `rfm`.

        Raises
        ------
        DataError
            If the frame breaks the contract or the model cannot explain a row.
        ParameterError
            If the horizon is negative, or not whole in a model of discrete time.
        """
        length = checked_horizon(horizon)
        counts, row_of = self._counts(rfm)
        alive = self._alive(counts)
        some, place = self._that_differ(counts)
        ahead = self._parameters(some), some, np.full(len(some), length)
        expected = self.model.expected_if_alive(*ahead).take(place)
        chance = self.model.chance_if_alive(*ahead).take(place)
        expected *= alive
        chance *= alive
        return pd.DataFrame(
            {"estimate": expected[row_of], "p_alive": alive[row_of], "probability": chance[row_of]},
            index=getattr(rfm, "index", None),
            copy=False,
        )

    def expected_orders_of_new(self, age: Array, *, covariates: Mapping[str, float] | None = None) -> Array:
        """Return the expected number of repeat orders of a new customer by each age.

        Parameters
        ----------
        age
            Ages (m,) in the unit of the fit, 0 or more.
        covariates
            Her values of the covariates of the fit, if it has any.

        Returns
        -------
        array (m,)

        Raises
        ------
        ParameterError
            If an age is negative, or a covariate is not given.

        Notes
        -----
        R: `bgnbd.Expectation` and its like.
        """
        given = dict(covariates or {})
        if set(given) != set(self.covariates.columns):
            raise ParameterError(f"`covariates` must give {list(self.covariates.columns)}, not {list(given)}.")
        lengths = np.array(_checked_lengths("age", age))
        zero = Column(values=np.zeros(1), place=np.zeros(len(lengths), dtype=np.intp))
        values = np.tile([float(given[name]) for name in self.covariates.columns], (len(lengths), 1))
        new = Counts(frequency=zero, recency=zero, T=zero, weight=np.ones(len(lengths)), covariates=values)
        parameters = self._parameters(new)
        return self.model.p_alive(parameters, new) * self.model.expected_if_alive(parameters, new, lengths)

    def _counts(self, rfm: Any) -> tuple[Counts, npt.NDArray[np.intp] | slice]:
        history = to_history(rfm)
        self.model.check(history)
        if self.model.by_row and not self.covariates.columns:
            return as_they_are(history), slice(None)
        return to_counts(history, read_covariates(rfm, self.covariates.columns))

    def _parameters(self, counts: Counts) -> Parameters:
        return self.covariates.parameters(self.theta, counts.covariates)

    def _alive(self, counts: Counts) -> Array:
        alive, start = np.empty(len(counts)), 0
        for some in counts.chunks(_CHUNK):
            alive[start : start + len(some)] = self.model.p_alive(self._parameters(some), some)
            start += len(some)
        return alive

    def _each(
        self, counts: Counts, function: Callable[[Parameters, Counts, Array], Array], lengths: list[float]
    ) -> Array:
        """Return a function of parameters, histories and horizon (m, h), once per pair of frequency and T if it can be."""
        some, place = self._that_differ(counts)
        parameters = self._parameters(some)
        values = np.empty((len(counts), len(lengths)))
        for column, length in zip(values.T, lengths, strict=True):
            function(parameters, some, np.full(len(some), length)).take(place, out=column)
        return values

    def _that_differ(self, counts: Counts) -> tuple[Counts, npt.NDArray[np.intp]]:
        """Return the histories that differ in what is expected of customers who are alive, and where each history's is."""
        if self.model.by_recency or self.covariates.effects:
            return counts, np.arange(len(counts))
        return ages(counts)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.4g}" for name, value in self.parameters.items())
        return f"TransactionFit({self.model.name}: {values}; {self.n:,.0f} customers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def _checked_lengths(name: str, lengths: Any) -> list[float]:
    """Return lengths of time that are numbers and not negative; one alone is a list of one."""
    try:
        values = np.atleast_1d(np.asarray(lengths, dtype=np.float64))
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if values.ndim != 1 or not ((values >= 0) & (values < np.inf)).all():
        raise ParameterError(f"`{name}` must be numbers of 0 or more, not {lengths!r}.")
    return [float(value) for value in values]


def checked_horizon(horizon: float) -> float:
    """Return a horizon that is a number and not negative.

    Raises
    ------
    ParameterError
        If it is not.
    """
    if not (isinstance(horizon, int | float | np.number) and 0 <= horizon < float("inf")):
        raise ParameterError(f"`horizon` must be 0 or more, not {horizon!r}.")
    return float(horizon)

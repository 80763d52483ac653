"""The formulas of the models in which customers drop out at an order: BG/NBD, MBG/NBD and their regular kin.

Buying rates are gamma(r, alpha) over customers; the time between two orders is Erlang: the sum of k exponential times.
Right after an order a customer drops out with a probability that is beta(a, b) over customers: after repeat orders only
(BG), or after the first one too (MBG). x, t_x, T are frequency, recency and T, and x' = x + 1 in the MBG models, else x:
how many times a customer has chosen to stay or to leave.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.repurchase import order_drop_out_future as future
from churnlab.repurchase.columns import AnyColumn
from churnlab.repurchase.discounting import discounted
from churnlab.repurchase.distinct import Counts
from churnlab.repurchase.history import History
from churnlab.repurchase.plain_drop_out import plain_p_alive, plain_paths
from churnlab.repurchase.transaction_model import Parameters, RowDerivatives, mixture

__all__ = ["OrderDropOut"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OrderDropOut:
    """BG/NBD, MBG/NBD, BG/CNBD-k or MBG/CNBD-k.

    Attributes
    ----------
    k
        Regularity: 1 for exponential times between orders, above 1 for more regular ones.
    from_start
        Whether customers may drop out after their first order (the MBG models).

    Notes
    -----
    Fader, Hardie and Lee (2005); Batislam, Denizel and Filiztekin (2007); Reutterer, Platzer and Schröder (2021).
    """

    k: int = 1
    from_start: bool = False

    @property
    def name(self) -> str:
        """As it is written in papers."""
        return ("MBG/" if self.from_start else "BG/") + (f"CNBD-{self.k}" if self.k > 1 else "NBD")

    @property
    def terms(self) -> tuple[str, ...]:
        """The four parameters."""
        return ("r", "alpha", "a", "b")

    @property
    def times(self) -> tuple[str, ...]:
        """`alpha` is in units of time."""
        return ("alpha",)

    @property
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """Where the mean of T is 1; a rate is that of one of the k parts of the time between orders."""
        starts = ((0.5, 0.3, 1.0, 2.0), (0.1, 0.1, 0.5, 5.0), (2.0, 2.0, 0.2, 0.5))
        return tuple((r, alpha / self.k, a, b) for r, alpha, a, b in starts)

    @property
    def effects(self) -> Mapping[str, Mapping[str, int]]:
        """Fader and Hardie (2007): alpha exp(-γ'z), a exp(γ'z) and b exp(γ'z)."""
        return {"purchase": {"alpha": -1}, "drop_out": {"a": 1, "b": 1}}

    @property
    def by_recency(self) -> bool:
        """Regular customers are the more due the longer they have been silent."""
        return self.k > 1

    @property
    def by_row(self) -> bool:
        """With k = 1 a row costs one exponential."""
        return self.k == 1

    def check(self, history: History) -> None:
        """Take any history that keeps the contract."""

    def unit(self, counts: Counts) -> float:
        """Return the mean of T."""
        return float(counts.weight @ counts.T.rows / counts.n)

    def smooth(self, parameters: Parameters, frequency: Array) -> RowDerivatives:
        """Return the gamma and beta functions of the likelihood."""
        from scipy.special import digamma, gammaln, zeta

        r, alpha, a, b = parameters
        bought, chosen = r + self.k * frequency, frequency + self.from_start
        value = gammaln(bought) - gammaln(r) + r * np.log(alpha) - frequency * gammaln(self.k)
        value = value + gammaln(a + b) - gammaln(a + b + chosen) + gammaln(b + chosen) - gammaln(b)
        rate = r * (digamma(bought) - digamma(r) + np.log(alpha))
        both, stay = digamma(a + b) - digamma(a + b + chosen), digamma(b + chosen) - digamma(b)
        curve, bend = zeta(2, a + b) - zeta(2, a + b + chosen), zeta(2, b + chosen) - zeta(2, b)
        one = np.ones_like(frequency)
        return RowDerivatives(
            value=value,
            gradient=np.stack([rate, r * one, a * both, b * (both + stay)]),
            bends={
                (0, 0): rate + r**2 * (zeta(2, bought) - zeta(2, r)),
                (0, 1): r * one,
                (2, 2): a * both + a**2 * curve,
                (2, 3): a * b * curve,
                (3, 3): b * (both + stay) + b**2 * (curve + bend),
            },
        )

    def paths(self, parameters: Parameters, counts: Counts) -> RowDerivatives:
        """Return the sum over the k stages of waiting for the next order while alive, and of having left at the last one."""
        plain = self._plain(parameters)
        if plain is not None:
            return plain_paths(plain, counts, from_start=self.from_start)
        r, alpha, _, b = parameters
        bought, chosen = r + self.k * counts.frequency.rows, counts.frequency.rows + self.from_start
        logs, slopes, bends = [], [], []
        for stage, log in enumerate(self._alive(parameters, counts)):
            parts = [bought + step for step in range(stage)]
            first = sum((r / part for part in parts), np.zeros_like(bought))
            second = first - sum((r**2 / part**2 for part in parts), np.zeros_like(bought))
            slope, bend = _rate_part(r, alpha, bought + stage, counts.T)
            slope[0] += first
            bend[0, 0] = bend[0, 0] + second
            logs.append(log)
            slopes.append(slope)
            bends.append(bend)
        slope, bend = _rate_part(r, alpha, bought, counts.recency)
        repeat = np.where(chosen > 0, b + chosen - 1, 1.0)
        slope[2] = 1.0
        slope[3] = np.where(chosen > 0, -b / repeat, 0.0)
        zero = np.zeros_like(bought)
        for earlier in bends:
            earlier[3, 3] = zero
        bend[3, 3] = np.where(chosen > 0, -b * (chosen - 1) / repeat**2, 0.0)
        return mixture([*logs, self._gone(parameters, counts)], [*slopes, slope], [*bends, bend])

    def p_alive(self, parameters: Parameters, counts: Counts) -> Array:
        """Return the share of the paths on which the customer is alive. It is 1 in the BG models where x = 0."""
        from scipy.special import expit, logsumexp

        plain = self._plain(parameters)
        if plain is not None:
            return plain_p_alive(plain, counts, from_start=self.from_start)
        alive = logsumexp(np.stack(self._alive(parameters, counts)), axis=0) if self.k > 1 else None
        if alive is None:
            alive = self._alive(parameters, counts)[0]
        share: Array = expit(alive - self._gone(parameters, counts))
        return share

    def expected_if_alive(self, parameters: Parameters, counts: Counts, horizon: Array) -> Array:
        """Return the expected orders: in closed form for k = 1, by a sum over numbers of orders else."""
        waiting = self._waiting(parameters, counts)
        if self.k == 1:
            return future.expected_orders(waiting, horizon)
        return future.expected_regular_orders(waiting, horizon)

    def chance_if_alive(self, parameters: Parameters, counts: Counts, horizon: Array) -> Array:
        """Return the probability of an order: she does not drop out before it."""
        return future.chance_of_order(self._waiting(parameters, counts), horizon)

    def count_if_alive(self, parameters: Parameters, counts: Counts, n: int, horizon: Array) -> Array:
        """Return the probability of n orders: all chosen to stay, or left at the last."""
        return future.chance_of_count(self._waiting(parameters, counts), n, horizon)

    def discounted_if_alive(self, parameters: Parameters, counts: Counts, rate: float, horizon: float) -> Array:
        """Return the integral of the discounted rate of orders."""
        scale = np.broadcast_to(parameters[1] + counts.T.rows, (len(counts),))
        return discounted(lambda h: self.expected_if_alive(parameters, counts, h), scale, rate, horizon)

    def _plain(self, parameters: Parameters) -> tuple[float, ...] | None:
        """Return the parameters as numbers where k is 1 and all customers share them."""
        numbers = tuple(each for each in parameters if isinstance(each, float))
        return numbers if self.k == 1 and len(numbers) == len(parameters) else None

    def _waiting(self, parameters: Parameters, counts: Counts) -> "future.Waiting":
        """Return what is known of the customers who are alive."""
        r, alpha, a, b = parameters
        logs = np.stack(self._alive(parameters, counts)) if self.k > 1 else np.zeros((1, len(counts)))
        share = np.exp(logs - logs.max(axis=0))
        x = counts.frequency.rows
        return future.Waiting(
            k=self.k,
            stage=share / share.sum(axis=0),
            shape=r + self.k * x,
            age=alpha + counts.T.rows,
            leave=np.broadcast_to(a, x.shape),
            stay=b + x + self.from_start,
        )

    def _alive(self, parameters: Parameters, counts: Counts) -> list[Array]:
        """Return the logarithms of the k paths on which the customer is alive, by the stage of waiting for an order."""
        r, alpha, _, _ = parameters
        bought = r + self.k * counts.frequency.rows
        age = _tabled(np.log, alpha, counts.T)
        logs = [-bought * age]
        if self.k > 1:
            with np.errstate(divide="ignore"):
                silent = np.log(np.maximum(counts.T.rows - counts.recency.rows, 0.0))
            for stage in range(1, self.k):
                logs.append(logs[-1] + np.log(bought + stage - 1) - age + silent - np.log(stage))
        return logs

    def _gone(self, parameters: Parameters, counts: Counts) -> Array:
        """Return the logarithm of the path on which the customer left at her last order."""
        r, alpha, a, b = parameters
        x = counts.frequency.rows
        chosen = x + self.from_start
        gone = np.log(a) - np.log(np.where(chosen > 0, b + chosen - 1, 1.0))
        gone = gone - (r + self.k * x) * _tabled(np.log, alpha, counts.recency)
        return np.where(chosen > 0, gone, -np.inf)


def _tabled(function: Callable[[Array], Array], parameter: float | Array, column: AnyColumn) -> Array:
    """Return a function of parameter + column, once per distinct value where the parameter is one number."""
    if np.ndim(parameter) == 0:
        return function(parameter + column.values)[column.place]
    return function(parameter + column.rows)


def _rate_part(
    r: float | Array, alpha: float | Array, bought: Array, time: AnyColumn
) -> tuple[Array, dict[tuple[int, int], Array]]:
    """Return the derivatives of -(r + ...) log(alpha + time), `bought` being the bracket, in log r and log alpha."""
    log = _tabled(np.log, alpha, time)
    share = alpha * _tabled(np.reciprocal, alpha, time)
    slope = np.zeros((4, len(bought)))
    slope[0], slope[1] = -r * log, -bought * share
    return slope, {(0, 0): -r * log, (0, 1): -r * share, (1, 1): -bought * share * (1 - share)}

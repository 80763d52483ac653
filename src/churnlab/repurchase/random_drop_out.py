"""The formulas of the Pareto/NBD model, in which customers drop out at any time.

Buying rates are gamma(r, alpha), drop-out rates gamma(s, beta) over customers; x, t_x, T are frequency, recency and T.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.repurchase import random_drop_out_future as future
from churnlab.repurchase.decay_quadrature import Nodes, decay_nodes
from churnlab.repurchase.discounting import discounted
from churnlab.repurchase.distinct import Counts
from churnlab.repurchase.history import History
from churnlab.repurchase.transaction_model import Parameters, RowDerivatives

__all__ = ["RandomDropOut"]

Array = npt.NDArray[np.float64]

_PAIRS = tuple((i, j) for i in range(4) for j in range(i, 4))


@dataclass(frozen=True, kw_only=True)
class RandomDropOut:
    """Pareto/NBD.

    Notes
    -----
    Schmittlein, Morrison and Colombo (1987). The likelihood is Γ(r + x) / Γ(r) α^r β^s times the sum of
    (α + T)^-(r + x) (β + T)^-s, for those alive at T, and s ∫ (α + τ)^-(r + x) (β + τ)^-(s + 1) dτ from t_x to T, for
    those who dropped out at τ. The integral is taken as it stands.
    """

    @property
    def name(self) -> str:
        """As it is written in papers."""
        return "Pareto/NBD"

    @property
    def terms(self) -> tuple[str, ...]:
        """The four parameters."""
        return ("r", "alpha", "s", "beta")

    @property
    def k(self) -> int:
        """Times between orders are exponential."""
        return 1

    @property
    def times(self) -> tuple[str, ...]:
        """`alpha` and `beta` are in units of time."""
        return ("alpha", "beta")

    @property
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """Where the mean of T is 1."""
        return ((0.5, 0.3, 0.6, 0.4), (0.2, 0.1, 0.3, 0.1), (2.0, 2.0, 1.5, 3.0))

    @property
    def effects(self) -> Mapping[str, Mapping[str, int]]:
        """Fader and Hardie (2007): alpha exp(-γ'z), beta exp(-γ'z)."""
        return {"purchase": {"alpha": -1}, "drop_out": {"beta": -1}}

    @property
    def by_recency(self) -> bool:
        """Given that she is alive, when a customer last ordered says no more of her."""
        return False

    @property
    def by_row(self) -> bool:
        """A row costs an integral over the time of dropping out."""
        return False

    def check(self, history: History) -> None:
        """Take any history that keeps the contract."""

    def unit(self, counts: Counts) -> float:
        """Return the mean of T."""
        return float(counts.weight @ counts.T.rows / counts.n)

    def smooth(self, parameters: Parameters, frequency: Array) -> RowDerivatives:
        """Return the gamma functions and powers of the likelihood."""
        from scipy.special import digamma, gammaln, polygamma

        r, alpha, s, beta = parameters
        one = np.ones_like(frequency)
        powers = r * np.log(alpha) + s * np.log(beta)
        rate = r * (digamma(r + frequency) - digamma(r) + np.log(alpha))
        leave = s * np.log(beta) * one
        return RowDerivatives(
            value=gammaln(r + frequency) - gammaln(r) + powers,
            gradient=np.stack([rate, r * one, leave, s * one]),
            bends={
                (0, 0): rate + r**2 * (polygamma(1, r + frequency) - polygamma(1, r)),
                (0, 1): r * one,
                (2, 2): leave,
                (2, 3): s * one,
            },
        )

    def paths(self, parameters: Parameters, counts: Counts) -> RowDerivatives:
        """Return the sum over being alive and all times of having dropped out."""
        value, gradient = np.empty(len(counts)), np.empty((4, len(counts)))
        bends = {pair: np.empty(len(counts)) for pair in _PAIRS}
        rows = _Rows.of(parameters, counts)
        for nodes in rows.nodes():
            part = rows.take(nodes.rows).mixed(nodes)
            value[nodes.rows], gradient[:, nodes.rows] = part.value, part.gradient
            for pair in _PAIRS:
                bends[pair][nodes.rows] = part.bends[pair]
        return RowDerivatives(value=value, gradient=gradient, bends=bends)

    def p_alive(self, parameters: Parameters, counts: Counts) -> Array:
        """Return the share of the path on which the customer is alive."""
        from scipy.special import expit, logsumexp

        rows = _Rows.of(parameters, counts)
        share = np.empty(len(counts))
        for nodes in rows.nodes():
            some = rows.take(nodes.rows)
            share[nodes.rows] = expit(some.alive() - logsumexp(some.gone(nodes), axis=0))
        return share

    def expected_if_alive(self, parameters: Parameters, counts: Counts, horizon: Array) -> Array:
        """Return the expected orders in closed form."""
        return future.expected_orders(_future(parameters, counts), horizon)

    def chance_if_alive(self, parameters: Parameters, counts: Counts, horizon: Array) -> Array:
        """Return the probability of an order while still alive."""
        return future.chance_of_order(_future(parameters, counts), horizon)

    def count_if_alive(self, parameters: Parameters, counts: Counts, n: int, horizon: Array) -> Array:
        """Return the probability of n orders before the horizon or dropping out."""
        return future.chance_of_count(_future(parameters, counts), n, horizon)

    def discounted_if_alive(self, parameters: Parameters, counts: Counts, rate: float, horizon: float) -> Array:
        """Return the integral of the discounted rate of orders."""
        known = _future(parameters, counts)
        return discounted(lambda h: future.expected_orders(known, h), known.staying, rate, horizon)


def _future(parameters: Parameters, counts: Counts) -> future.Known:
    r, alpha, s, beta = parameters
    T, m = counts.T.rows, len(counts)
    return future.Known(
        shape=r + counts.frequency.rows,
        age=alpha + T,
        leave=np.broadcast_to(s, (m,)).astype(np.float64),
        staying=beta + T,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows:
    """Parameters and histories, an array (m,) each: `bought` is r + x, `silence` T - t_x."""

    bought: Array
    recency: Array
    silence: Array
    r: Array
    alpha: Array
    s: Array
    beta: Array

    @classmethod
    def of(cls, parameters: Parameters, counts: Counts) -> "_Rows":
        r, alpha, s, beta = (np.broadcast_to(np.asarray(each, dtype=np.float64), (len(counts),)) for each in parameters)
        recency = counts.recency.rows
        silence = np.maximum(counts.T.rows - recency, 0.0)
        bought = r + counts.frequency.rows
        return cls(bought=bought, recency=recency, silence=silence, r=r, alpha=alpha, s=s, beta=beta)

    def take(self, rows: npt.NDArray[np.intp]) -> "_Rows":
        return _Rows(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    def nodes(self) -> "list[Nodes]":
        """Return the nodes of the integral over the time since the last order."""
        A, B = self.alpha + self.recency, self.beta + self.recency
        return list(decay_nodes(self.bought, self.s + 1, A, B, self.silence))

    def alive(self) -> Array:
        """Return the logarithm of the path on which the customer is alive (m,)."""
        T = self.recency + self.silence
        path: Array = -self.bought * np.log(self.alpha + T) - self.s * np.log(self.beta + T)
        return path

    def gone(self, nodes: Nodes) -> Array:
        """Return the logarithms of the paths on which she dropped out, at each node (k, m)."""
        tau = self.recency + nodes.u
        path: Array = (
            np.log(self.s) + nodes.log_weight
            - self.bought * np.log(self.alpha + tau) - (self.s + 1) * np.log(self.beta + tau)
        )  # fmt: skip
        return path

    def mixed(self, nodes: Nodes) -> RowDerivatives:
        """Return the logarithm of the sum of all paths, with derivatives; being alive is one more node, at T."""
        tau = self.recency + np.vstack([nodes.u, self.silence])
        buying, leaving = self.alpha + tau, self.beta + tau
        log_buying, log_leaving = np.log(buying), np.log(leaving)
        left = np.ones((len(tau), 1))
        left[-1] = 0.0
        logs = -self.bought * log_buying - (self.s + left) * log_leaving
        logs[:-1] += np.log(self.s) + nodes.log_weight
        peak = logs.max(axis=0)
        share = np.exp(logs - peak)
        total = share.sum(axis=0)
        share /= total
        own, stay = self.alpha / buying, self.beta / leaving
        slopes = np.stack(
            [-self.r * log_buying, -self.bought * own, left - self.s * log_leaving, -(self.s + left) * stay]
        )
        gradient = np.einsum("km,jkm->jm", share, slopes)
        weighted = slopes * share
        bends = {(i, j): np.einsum("km,km->m", weighted[i], slopes[j]) - gradient[i] * gradient[j] for i, j in _PAIRS}
        bends[0, 0] += gradient[0]
        bends[0, 1] -= self.r * np.einsum("km,km->m", share, own)
        bends[1, 1] += np.einsum("km,km,km->m", share, slopes[1], 1 - own)
        bends[2, 2] -= self.s * np.einsum("km,km->m", share, log_leaving)
        bends[2, 3] -= self.s * np.einsum("km,km->m", share, stay)
        bends[3, 3] += np.einsum("km,km,km->m", share, slopes[3], 1 - stay)
        return RowDerivatives(value=peak + np.log(total), gradient=gradient, bends=bends)

"""What a model of orders must be able to say: the interface between its formulas and everything built on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from churnlab.repurchase.distinct import Counts
from churnlab.repurchase.history import History

__all__ = ["Parameters", "RowDerivatives", "TransactionModel", "mixture"]

Array = npt.NDArray[np.float64]

Parameters = tuple[float | Array, ...]
"""The parameters of a model in the order of its terms: each a number, or one for every history (m,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RowDerivatives:
    """Log-likelihoods of m histories, with derivatives in the logarithms of the k parameters.

    Attributes
    ----------
    value
        Log-likelihood (m,).
    gradient
        First derivatives (k, m).
    bends
        Second derivatives (m,) by pair of parameters i <= j; a pair that is not there is 0.
    spread_weight, spread
        What is added to the second derivatives: the sum over p of weight (p, m) · direction (p, k, m) · the same direction
        transposed.
    """

    value: Array
    gradient: Array
    bends: Mapping[tuple[int, int], Array]
    spread_weight: Array = field(default_factory=lambda: np.zeros((0, 0)))
    spread: Array = field(default_factory=lambda: np.zeros((0, 0, 0)))


class TransactionModel(Protocol):
    """The formulas of a model of orders: no data, no estimates.

    Whatever is "if alive" is given that a customer is still one at T (and, in discrete time, at her next opportunity).
    """

    @property
    def name(self) -> str:
        """As it is written in papers."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the k parameters, all positive."""

    @property
    def k(self) -> int:
        """How many stages, each with the rate of the customer, the time between two orders has."""

    @property
    def times(self) -> tuple[str, ...]:
        """Which of the terms are in units of time."""

    @property
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """Points to start the search from, where the mean of T is 1."""

    @property
    def effects(self) -> Mapping[str, Mapping[str, int]]:
        """Which terms the covariates of `purchase` and of `drop_out` act on, and the sign in the exponent."""

    @property
    def by_recency(self) -> bool:
        """Whether the future of a customer who is alive depends on her recency, besides frequency and T."""

    @property
    def by_row(self) -> bool:
        """Whether P(alive) of a row without covariates takes less time than finding the rows that are like it."""

    def check(self, history: History) -> None:
        """Refuse histories that the model cannot explain."""

    def unit(self, counts: Counts) -> float:
        """Return the length of time that is 1 during the search."""

    def smooth(self, parameters: Parameters, frequency: Array) -> RowDerivatives:
        """Return the part of the log-likelihood that depends on frequency alone."""

    def paths(self, parameters: Parameters, counts: Counts) -> RowDerivatives:
        """Return the rest of it: the ways to have been silent since the last order, added up."""

    def p_alive(self, parameters: Parameters, counts: Counts) -> Array:
        """Return the probability (m,) of being alive."""

    def expected_if_alive(self, parameters: Parameters, counts: Counts, horizon: Array) -> Array:
        """Return the expected orders (m,) in (T, T + horizon], with a horizon for each history (m,)."""

    def chance_if_alive(self, parameters: Parameters, counts: Counts, horizon: Array) -> Array:
        """Return the probability (m,) of at least one order in (T, T + horizon]."""

    def count_if_alive(self, parameters: Parameters, counts: Counts, n: int, horizon: Array) -> Array:
        """Return the probability (m,) of exactly n orders in (T, T + horizon], n being 1 or more."""

    def discounted_if_alive(self, parameters: Parameters, counts: Counts, rate: float, horizon: float) -> Array:
        """Return expected orders (m,) in (T, T + horizon], an order at T + s counting (1 + rate)^-s."""


def mixture(
    logs: Sequence[Array], slopes: Sequence[Array], bends: Sequence[Mapping[tuple[int, int], Array]]
) -> RowDerivatives:
    """Return the logarithm of a sum of p positive parts, with derivatives.

    Parameters
    ----------
    logs
        Logarithms of the parts (m,) each; minus infinity where there is none.
    slopes
        Their gradients (k, m) each.
    bends
        Their second derivatives (m,) by pair of parameters, the same pairs for each part.

    Notes
    -----
    With π the share of each part: the gradient is the mean of the parts' gradients g under π, the Hessian the mean of
    their Hessians plus the covariance of the g.
    """
    if len(logs) == 2:
        return _mixture_of_two(logs, slopes, bends)
    peak = np.max(logs, axis=0)
    share = np.exp(np.stack(logs) - peak)
    total = share.sum(axis=0)
    share /= total
    spread = np.stack(slopes)
    gradient = np.einsum("pm,pkm->km", share, spread)
    return RowDerivatives(
        value=peak + np.log(total),
        gradient=gradient,
        bends={pair: np.einsum("pm,pm->m", share, np.stack([bend[pair] for bend in bends])) for pair in bends[0]},
        spread_weight=share,
        spread=spread - gradient,
    )


def _mixture_of_two(
    logs: Sequence[Array], slopes: Sequence[Array], bends: Sequence[Mapping[tuple[int, int], Array]]
) -> RowDerivatives:
    """Return the same of two parts: the covariance of two gradients is one product of their difference."""
    ahead = logs[0] - logs[1]
    small = np.exp(-np.abs(ahead))
    share = np.where(ahead > 0, 1.0, small) / (1 + small)
    apart = slopes[0] - slopes[1]
    return RowDerivatives(
        value=np.maximum(logs[0], logs[1]) + np.log1p(small),
        gradient=slopes[1] + share * apart,
        bends={pair: bend + share * (bends[0][pair] - bend) for pair, bend in bends[1].items()},
        spread_weight=(share * (1 - share))[None],
        spread=apart[None],
    )

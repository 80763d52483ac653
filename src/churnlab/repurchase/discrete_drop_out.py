"""The formulas of the BG/BB model: one opportunity to order in each period, taken or not.

While alive, a customer takes an opportunity with a probability that is beta(alpha, beta) over customers, and before each
one drops out with a probability that is beta(gamma, delta). x, t_x and n are how many she took, the last that she took,
and how many there were: the columns frequency, recency and T, in whole numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.errors import DataError, ParameterError
from churnlab.repurchase.distinct import Counts
from churnlab.repurchase.history import History
from churnlab.repurchase.transaction_model import Parameters, RowDerivatives, mixture

__all__ = ["DiscreteDropOut"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class DiscreteDropOut:
    """BG/BB.

    Notes
    -----
    Fader, Hardie and Shang (2010), Customer-base analysis in a discrete-time noncontractual setting, Marketing Science 29
    (6), equation 5 (likelihood), 11 (being alive), 13 (expectation), 14 (number of orders) and 15 (DERT).
    """

    @property
    def name(self) -> str:
        """As it is written in papers."""
        return "BG/BB"

    @property
    def terms(self) -> tuple[str, ...]:
        """The four parameters."""
        return ("alpha", "beta", "gamma", "delta")

    @property
    def k(self) -> int:
        """Each opportunity stands for itself."""
        return 1

    @property
    def times(self) -> tuple[str, ...]:
        """Time is counted, not measured."""
        return ()

    @property
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """Probabilities of any size."""
        return ((1.0, 1.0, 0.5, 2.0), (0.5, 2.0, 0.5, 5.0), (2.0, 1.0, 1.0, 1.0))

    @property
    def effects(self) -> Mapping[str, Mapping[str, int]]:
        """No covariates."""
        return {"purchase": {}, "drop_out": {}}

    @property
    def by_recency(self) -> bool:
        """Given that she is alive, when a customer last ordered says no more of her."""
        return False

    @property
    def by_row(self) -> bool:
        """A row costs a sum over the opportunities."""
        return False

    def check(self, history: History) -> None:
        """Refuse periods that are not whole numbers, and more orders than opportunities.

        Raises
        ------
        DataError
            If there are any.
        """
        for name, values in (("recency", history.recency), ("T", history.T)):
            _refuse(values != np.floor(values), f"`{name}` must be a whole number of opportunities", values)
        _refuse(
            history.frequency > history.recency,
            "`frequency` must not exceed `recency`, one order an opportunity",
            history.frequency,
        )

    def unit(self, counts: Counts) -> float:
        """Return 1: time is not scaled."""
        return 1.0

    def smooth(self, parameters: Parameters, frequency: Array) -> RowDerivatives:
        """Return 0: nothing depends on frequency alone."""
        return RowDerivatives(value=np.zeros_like(frequency), gradient=np.zeros((4, len(frequency))), bends={})

    def paths(self, parameters: Parameters, counts: Counts) -> RowDerivatives:
        """Return the sum over being alive and every opportunity at which she may have been gone."""
        x, t_x, n = (column.rows for column in (counts.frequency, counts.recency, counts.T))
        last, here = _ends(t_x, n)
        logs = np.where(here, _path(parameters, x, last, last < n), -np.inf)
        slopes, bends = _path_derivatives(parameters, x, last, last < n)
        parts = [{pair: bend[path] for pair, bend in bends.items()} for path in range(len(logs))]
        return mixture(list(logs), list(slopes), parts)

    def p_alive(self, parameters: Parameters, counts: Counts) -> Array:
        """Return the probability of being alive at the next opportunity."""
        x, t_x, n = (column.rows for column in (counts.frequency, counts.recency, counts.T))
        last, here = _ends(t_x, n)
        logs = np.where(here, _path(parameters, x, last, last < n), -np.inf)
        _, _, gamma, delta = parameters
        share: Array = np.exp(logs[0] - np.logaddexp.reduce(logs, axis=0)) * (delta + n) / (gamma + delta + n)
        return share

    def expected_if_alive(self, parameters: Parameters, counts: Counts, horizon: Array) -> Array:
        """Return the sum over the opportunities of being still alive and taking one."""
        return self._taken(parameters, counts, horizon, np.ones(_whole(horizon)))

    def discounted_if_alive(self, parameters: Parameters, counts: Counts, rate: float, horizon: float) -> Array:
        """Return the same, each opportunity discounted from its own time."""
        from scipy.special import hyp2f1

        if np.isfinite(horizon):
            ahead = np.full(len(counts), horizon)
            return self._taken(parameters, counts, ahead, (1 + rate) ** -np.arange(1.0, _whole(ahead) + 1))
        alpha, beta, gamma, delta = parameters
        n = counts.T.rows
        worth: Array = hyp2f1(1, delta + n + 1, gamma + delta + n + 1, 1 / (1 + rate)) / (1 + rate)
        return worth * (alpha + counts.frequency.rows) / (alpha + beta + n)

    def chance_if_alive(self, parameters: Parameters, counts: Counts, horizon: Array) -> Array:
        """Return the probability of an order: that it first comes at one of the opportunities."""
        alpha, beta, gamma, delta = parameters
        x, n = counts.frequency.rows, counts.T.rows
        take, refuse = alpha + x, beta + n - x
        first = take / (take + refuse)
        total = np.zeros_like(n)
        for period in range(_whole(horizon)):  # not taken so far, taken now; not gone before the next
            total += first * (period < horizon)
            first = first * (refuse + period) / (take + refuse + period + 1)
            first = first * (delta + n + period + 1) / (gamma + delta + n + period + 1)
        return total

    def count_if_alive(self, parameters: Parameters, counts: Counts, n: int, horizon: Array) -> Array:
        """Return the probability of n orders: alive at all opportunities, or gone after one of the later ones."""
        from scipy.special import betaln, gammaln

        alpha, beta, gamma, delta = parameters
        x, past = counts.frequency.rows, counts.T.rows
        take, refuse, stay = alpha + x, beta + past - x, delta + past
        total = np.zeros_like(past)
        for period in range(n, _whole(horizon) + 1):
            ways = gammaln(period + 1) - gammaln(n + 1) - gammaln(period - n + 1)
            taken = ways + betaln(take + n, refuse + period - n) - betaln(take, refuse)
            left = betaln(gamma + (period < horizon), stay + period) - betaln(gamma, stay + 1)
            total += np.exp(taken + left) * (period <= horizon)
        return total

    def _taken(self, parameters: Parameters, counts: Counts, horizon: Array, worth: Array) -> Array:
        """Return the expected orders at the next opportunities, each multiplied by its worth (p,)."""
        alpha, beta, gamma, delta = parameters
        n = counts.T.rows
        alive, total = np.ones_like(n), np.zeros_like(n)
        for period, value in enumerate(worth):
            total += value * alive * (period < horizon)
            alive = alive * (delta + n + period + 1) / (gamma + delta + n + period + 1)
        taken: Array = total * (alpha + counts.frequency.rows) / (alpha + beta + n)
        return taken


def _refuse(wrong: npt.NDArray[np.bool_], rule: str, values: Array) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{rule}, but {int(wrong.sum()):,} of {len(wrong):,} rows break this (first: row {row + 1}: {values[row]:g}). The BG/BB "
            "model counts opportunities; for orders at any time try fit_bg_nbd or fit_pareto_nbd."
        )


def _whole(horizon: Array) -> int:
    """Return the longest of the horizons, all of which must be whole numbers of opportunities."""
    broken = horizon[horizon != np.floor(horizon)]
    if len(broken):
        raise ParameterError(
            f"The BG/BB model counts opportunities: `horizon` must be a whole number, not {broken[0]:g}."
        )
    return int(horizon.max(initial=0))


def _ends(t_x: Array, n: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return the last opportunity lived through on each path (p, m), the first alive to the end; and which paths there are."""
    paths = int((n - t_x).max(initial=0)) + 1
    last = n - np.arange(paths)[:, None]
    return np.maximum(last, t_x), last >= t_x


def _path(parameters: Parameters, x: Array, last: Array, gone: npt.NDArray[np.bool_]) -> Array:
    """Log-probability (p, m) of x orders in `last` opportunities, and of being gone after it or not."""
    alpha, beta, gamma, delta = parameters
    path: Array = _log_beta_ratio(alpha, beta, x, last - x) + _log_beta_ratio(
        gamma, delta, gone.astype(np.float64), last
    )
    return path


def _log_beta_ratio(a: float | Array, b: float | Array, up: Array, down: Array) -> Array:
    """Return log B(a + up, b + down) - log B(a, b)."""
    from scipy.special import gammaln

    ratio = _stepped(gammaln, a, up) + _stepped(gammaln, b, down) - _stepped(gammaln, a + b, up + down)
    ratio = ratio - gammaln(a) - gammaln(b) + gammaln(a + b)
    return np.asarray(ratio, dtype=np.float64)


def _path_derivatives(
    parameters: Parameters, x: Array, last: Array, gone: npt.NDArray[np.bool_]
) -> tuple[Array, dict[tuple[int, int], Array]]:
    """Return gradients (p, 4, m) and second derivatives (p, m) of the paths, in the logarithms of the parameters."""
    alpha, beta, gamma, delta = parameters
    took, bends_took = _beta_derivatives(alpha, beta, np.broadcast_to(x, last.shape), last - x)
    left, bends_left = _beta_derivatives(gamma, delta, gone.astype(np.float64), last)
    bends = {(i, j): bends_took[i, j] for i, j in ((0, 0), (0, 1), (1, 1))}
    bends |= {(i + 2, j + 2): bends_left[i, j] for i, j in ((0, 0), (0, 1), (1, 1))}
    return np.stack([*took, *left], axis=1), bends


def _beta_derivatives(
    a: float | Array, b: float | Array, up: Array, down: Array
) -> tuple[list[Array], dict[tuple[int, int], Array]]:
    """Return the derivatives of log B(a + up, b + down) - log B(a, b) in log a and log b."""
    from scipy.special import digamma

    def moved(function: Callable[[Array], Array], base: float | Array, steps: Array) -> Array:
        return _stepped(function, base, steps) - function(np.asarray(base))

    both, curve = -moved(digamma, a + b, up + down), -moved(_trigamma, a + b, up + down)
    first, second = a * (moved(digamma, a, up) + both), b * (moved(digamma, b, down) + both)
    return [first, second], {
        (0, 0): first + a**2 * (moved(_trigamma, a, up) + curve),
        (0, 1): a * b * curve,
        (1, 1): second + b**2 * (moved(_trigamma, b, down) + curve),
    }


def _trigamma(values: Array) -> Array:
    from scipy.special import polygamma

    return np.asarray(polygamma(1, values), dtype=np.float64)


def _stepped(function: Callable[[Array], Array], base: float | Array, steps: Array) -> Array:
    """Return a function of base + steps, whole numbers, computed once per step where the base is one number."""
    if np.ndim(base) > 0:
        return function(base + steps)
    places = steps.astype(np.intp)
    return function(base + np.arange(float(places.max(initial=0)) + 1))[places]

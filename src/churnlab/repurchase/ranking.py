"""Forecast probabilities in order of size, and what depends on that order: calibration, AUC and lift."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Ranking", "rank"]

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Customers in order of their forecast probability, the lowest first.

    Attributes
    ----------
    order
        Places of the customers (n,) in that order.
    ordered
        Whether they ordered, 1 or 0 (n,), in that order.
    residual
        Outcome less probability (n,), in that order.
    ties
        Where each of the g distinct probabilities begins (g,).
    bins
        Where each bin of the calibration begins.
    """

    order: Places
    ordered: Array
    residual: Array
    ties: Places
    bins: Places

    def scores(self, weight: Array) -> tuple[float, float, float]:
        """Return calibration error, AUC and lift of the highest tenth, each customer counted `weight` (n,) times.

        AUC (Mann-Whitney) counts a tie as a half; ties at the edge of the highest tenth count in proportion. What is not
        defined, since all or none ordered, is NaN.
        """
        sorted_weight = weight[self.order]
        n = float(sorted_weight.sum())
        positive = np.add.reduceat(sorted_weight * self.ordered, self.ties)
        total = np.add.reduceat(sorted_weight, self.ties)
        gaps = np.add.reduceat(sorted_weight * self.residual, self.bins)
        return float(np.abs(gaps).sum()) / n, _auc(positive, total - positive), _lift(positive[::-1], total[::-1], n)


def rank(probability: Array, ordered: Array, *, bins: int) -> Ranking:
    """Put customers in order of their forecast probability.

    Parameters
    ----------
    probability, ordered
        Of each customer (n,).
    bins
        Number of bins, of about the same number of customers; who has the same probability is in the same bin.
    """
    order = np.argsort(probability, kind="stable")
    sorted_probability = probability[order]
    ties = np.flatnonzero(np.diff(sorted_probability, prepend=-np.inf))
    middle = (ties + np.append(ties[1:], len(order))) / 2
    bin_of_tie = (middle * bins / len(order)).astype(int)
    outcome = ordered[order]
    return Ranking(
        order=order,
        ordered=outcome,
        residual=outcome - sorted_probability,
        ties=ties,
        bins=ties[np.flatnonzero(np.diff(bin_of_tie, prepend=-1))],
    )


def _auc(positive: Array, negative: Array) -> float:
    pairs = float(positive.sum() * negative.sum())
    if pairs == 0:
        return float("nan")
    below = np.cumsum(negative) - negative / 2
    return float(positive @ below) / pairs


def _lift(positive: Array, total: Array, n: float) -> float:
    """Return the lift of the tenth rated highest; the first of `positive` and `total` (g,) are the highest."""
    if positive.sum() == 0:
        return float("nan")
    above = np.cumsum(total) - total
    share = np.divide(n / 10 - above, total, out=np.zeros_like(total), where=total > 0).clip(0, 1)
    return float(share @ positive) / (n / 10) / (float(positive.sum()) / n)

"""The demand curve of one product: from an elasticity back to pieces, revenue and margin at a price."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.elasticity.columns import numbers_of
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile

__all__ = ["DemandCurve", "Form", "checked_cost", "to_scale"]

Array = npt.NDArray[np.float64]
Form = Literal["log-log", "semi-log"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DemandCurve:
    """Expected quantity in one period at each price, with what is not known about it.

    Attributes
    ----------
    slope, std_error
        Of log quantity on log price (``"log-log"``: the elasticity) or on price (``"semi-log"``).
    form
        ``"log-log"`` or ``"semi-log"``.
    price
        The price at which `quantity` is known best: the mean of log price (or price), weighted by quantity free of price.
    quantity, quantity_std_error
        Expected quantity in a period at `price`, and its standard error as a share of it.
    period_low, period_median, period_high
        What the quantity of a single period is as a share of the expected one: lower limit, median, upper limit.
    price_low, price_high, last_price
        Of those observed.
    cost
        Of one piece; None if it is not known.
    n
        Periods behind it.
    conf_level
        Of all limits.
    """

    slope: float
    std_error: float
    form: Form
    price: float
    quantity: float
    quantity_std_error: float
    period_low: float
    period_median: float
    period_high: float
    price_low: float
    price_high: float
    last_price: float
    cost: float | None
    n: int
    conf_level: float

    def predict(self, new_data: pd.DataFrame) -> pd.DataFrame:
        """Return what is to be expected at each price.

        Parameters
        ----------
        new_data
            With a column `price` (n rows), above 0.

        Returns
        -------
        DataFrame
            The same rows: `price`; expected quantity in a period as `estimate` with limits `conf_low, conf_high` (of the
            expectation) and `period_low, period_high` (of a single period); `revenue` and, with a cost, `margin` with
            limits `…_low, …_high` of the expectation; `observed`, whether the price lies within what was observed.

        Raises
        ------
        DataError
            If there is no column `price`, or it holds what is no number.
        ParameterError
            If a price is not above 0.

        Notes
        -----
        The curve is Q exp(b (x - x̄)), with x the log of the price (or the price). Errors of Q and of b are taken to be
        independent, which they are at x̄, so the standard error of its log is √(se(Q)² + (x - x̄)² se(b)²). For
        a single period, the distance of its limit from the median is added in quadrature, on the scale of the logarithm.
        """
        prices = _prices(numbers_of(new_data, "price"))
        expected, spread = self._expected(prices), normal_quantile(self.conf_level) * self._log_error(prices)
        found = {"price": prices, "estimate": expected}
        found |= {"conf_low": expected * np.exp(-spread), "conf_high": expected * np.exp(spread)}
        found |= {"period_low": self._period(expected, spread, self.period_low, -1)}
        found |= {"period_high": self._period(expected, spread, self.period_high, 1)}
        found |= _with_limits("revenue", prices, found)
        if self.cost is not None:
            found |= _with_limits("margin", prices - self.cost, found)
        frame = pd.DataFrame(found, index=new_data.index)
        return frame.assign(observed=(prices >= self.price_low) & (prices <= self.price_high))

    def _expected(self, prices: Array) -> Array:
        expected: Array = self.quantity * np.exp(self.slope * self._distance(prices))
        return expected

    def _distance(self, prices: Array) -> Array:
        distance: Array = to_scale(prices, self.form) - to_scale(np.array(self.price), self.form)
        return distance

    def _log_error(self, prices: Array) -> Array:
        error: Array = np.hypot(self.quantity_std_error, self._distance(prices) * self.std_error)
        return error

    def _period(self, expected: Array, spread: Array, limit: float, sign: int) -> Array:
        """Return a limit for a single period."""
        if limit <= 0 or self.period_median <= 0:
            return limit * expected * np.exp(sign * spread)
        residual = np.log(limit / self.period_median)
        found: Array = self.period_median * expected * np.exp(sign * np.hypot(spread, residual))
        return found

    def grid(self, points: int = 101, *, beyond: float = 0.0) -> pd.DataFrame:
        """Return :meth:`predict` at evenly spaced prices over the observed range.

        Parameters
        ----------
        points
            How many, 2 or more.
        beyond
            How far the grid goes on beyond the range at both ends, as a share of its ends.

        Raises
        ------
        ParameterError
            If there are fewer than 2 points, or `beyond` is not in [0, 1).
        """
        if points < 2 or not 0 <= beyond < 1:
            raise ParameterError(f"`points` must be 2 or more and `beyond` in [0, 1), not {points!r} and {beyond!r}.")
        ends = self.price_low * (1 - beyond), self.price_high * (1 + beyond)
        return self.predict(pd.DataFrame({"price": np.linspace(*ends, points)}))

    def with_cost(self, cost: float) -> "DemandCurve":
        """Return the same curve with the cost of one piece.

        Raises
        ------
        ParameterError
            If the cost is negative or not finite.
        """
        return replace(self, cost=checked_cost(cost))

    def tidy(self) -> pd.DataFrame:
        """Return the curve's two numbers: `term, estimate, std_error, conf_low, conf_high`."""
        z = normal_quantile(self.conf_level)
        slope = "elasticity" if self.form == "log-log" else "slope"
        return pd.DataFrame(
            {
                "term": [slope, "quantity"],
                "estimate": [self.slope, self.quantity],
                "std_error": [self.std_error, self.quantity * self.quantity_std_error],
                "conf_low": [self.slope - z * self.std_error, self.quantity * np.exp(-z * self.quantity_std_error)],
                "conf_high": [self.slope + z * self.std_error, self.quantity * np.exp(z * self.quantity_std_error)],
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: `n`, the observed prices, the cost, and `conf_level`."""
        names = ["n", "form", "price_low", "price_high", "last_price", "cost", "conf_level"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def __repr__(self) -> str:
        return (
            f"DemandCurve({self.form}: {self.quantity:.4g} pieces at {self.price:.4g}, slope {self.slope:.3f} "
            f"± {self.std_error:.3f})"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def checked_cost(cost: float) -> float:
    """Return the cost of a piece.

    Raises
    ------
    ParameterError
        If it is negative or not finite.
    """
    if not 0 <= cost < float("inf"):
        raise ParameterError(f"`cost` must be 0 or more, not {cost!r}.")
    return float(cost)


def _prices(prices: Array) -> Array:
    wrong = ~(np.isfinite(prices) & (prices > 0))
    if wrong.any():
        raise ParameterError(
            f"`price` must be above 0, but {wrong.sum():,} of {len(prices):,} are not (first: {prices[wrong][0]:g})."
        )
    return prices


def to_scale(price: Array, form: Form) -> Array:
    """Return prices on the scale that log quantity is linear in: log price, or price."""
    return np.log(price) if form == "log-log" else np.asarray(price, dtype=float)


def _with_limits(name: str, per_piece: Array, found: dict[str, Array]) -> dict[str, Array]:
    """Return money at so much per piece, with limits in order where a piece loses money."""
    low, high = per_piece * found["conf_low"], per_piece * found["conf_high"]
    return {
        name: per_piece * found["estimate"],
        f"{name}_low": np.minimum(low, high),
        f"{name}_high": np.maximum(low, high),
    }

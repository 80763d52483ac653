"""Figures of a demand curve and of what is earned along it: functions of the curve's grid."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnlab import theme
from churnlab.elasticity.columns import require_columns
from churnlab.inference import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_demand", "plot_margin"]


@theme.in_style()
def plot_demand(
    grid: pd.DataFrame, *, prices: pd.DataFrame | None = None, currency: str = "", ax: "Axes | None" = None
) -> "Axes":
    """Draw a demand curve with the band of its expectation and that of a single period.

    Parameters
    ----------
    grid
        What :meth:`DemandCurve.grid` returns.
    prices
        PRICES of the product, drawn as points.
    currency
        Unit of the price, for the label.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    require_columns(grid, ("price", "estimate", "conf_low", "conf_high", "period_low", "period_high", "observed"))
    ax = ax or theme.axes()
    bands: dict[str, Any] = {"color": theme.COLORS[0], "linewidth": 0}
    ax.fill_between(grid["price"], grid["period_low"], grid["period_high"], alpha=0.15, label="Single period", **bands)
    ax.fill_between(grid["price"], grid["conf_low"], grid["conf_high"], alpha=0.4, label="Expectation, limits", **bands)
    ax.plot(grid["price"], grid["estimate"], color=theme.COLORS[0], label="Expected quantity")
    if prices is not None:
        ax.plot(
            prices["price"], prices["quantity"], "o", color=theme.INK, markersize=3, alpha=0.6, label="Periods so far"
        )
    _shade_unobserved(ax, grid)
    ax.set_xlabel(f"Price{f' in {currency}' if currency else ''}")
    ax.set_ylabel("Pieces a period")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(bottom=0)
    ax.margins(x=0)
    theme.legend_above(ax)
    return ax


@theme.in_style()
def plot_margin(
    grid: pd.DataFrame,
    *,
    optimum: Interval | None = None,
    current: float | None = None,
    currency: str = "",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the expected margin (without a cost: the revenue) at each price, with its band.

    Parameters
    ----------
    grid
        What :meth:`DemandCurve.grid` returns.
    optimum
        What :func:`optimal_price` returns, drawn with its limits.
    current
        The price of today, drawn as a line.
    currency
        Unit of money, for the labels.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    name = "margin" if "margin" in grid else "revenue"
    require_columns(grid, ("price", name, f"{name}_low", f"{name}_high", "observed"))
    ax = ax or theme.axes()
    ax.fill_between(
        grid["price"], grid[f"{name}_low"], grid[f"{name}_high"], color=theme.COLORS[2], alpha=0.3, linewidth=0,
        label="Limits of the expectation",
    )  # fmt: skip
    ax.plot(grid["price"], grid[name], color=theme.COLORS[2], label=f"Expected {name}")
    ax.set_ylim(bottom=min(0.0, float(grid[f"{name}_low"].min())))
    ax.set_xlim(float(grid["price"].min()), float(grid["price"].max()))
    if optimum is not None:
        _mark_optimum(ax, grid, optimum, name)
    if current is not None:
        ax.axvline(current, color=theme.INK, linewidth=1, linestyle="--", label="Price now")
    _shade_unobserved(ax, grid)
    money = f" in {currency}" if currency else ""
    ax.set_xlabel(f"Price{money}")
    ax.set_ylabel(f"{name.capitalize()} a period{money}")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    theme.legend_above(ax)
    return ax


def _mark_optimum(ax: "Axes", grid: pd.DataFrame, optimum: Interval, name: str) -> None:
    height = float(np.interp(optimum.estimate, grid["price"], grid[name]))
    high = min(optimum.conf_high, float(grid["price"].max()))
    ax.hlines(height, optimum.conf_low, high, color=theme.ACCENT, linewidth=2)
    ax.plot(optimum.estimate, height, "D", color=theme.ACCENT, label="Best price, with limits")


def _shade_unobserved(ax: "Axes", grid: pd.DataFrame) -> None:
    """Shade the prices that were never seen."""
    price, observed = grid["price"].to_numpy(), grid["observed"].to_numpy(dtype=bool)
    if observed.all() or not observed.any():
        return
    for low, high in ((price[0], price[observed][0]), (price[observed][-1], price[-1])):
        if high > low:
            ax.axvspan(low, high, color=theme.GRID, alpha=0.6, linewidth=0)
            ax.annotate("never observed", ((low + high) / 2, 0.97), xycoords=("data", "axes fraction"), ha="center",
                        va="top", rotation=90, fontsize=8)  # fmt: skip

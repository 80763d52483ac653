"""Figures of the repurchase family: functions of the family's frames."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from churnlab import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_calibration",
    "plot_calibration_curve",
    "plot_cumulative_tracking",
    "plot_frequency_histogram",
    "plot_p_alive",
    "plot_retention",
    "plot_tracking",
    "plot_value_concentration",
]


@theme.in_style()
def plot_tracking(tracking: pd.DataFrame, *, unit: str = "period", ax: "Axes | None" = None) -> "Axes":
    """Draw repeat orders per period beside the model's expectation, the held-out part shaded.

    Parameters
    ----------
    tracking
        What :func:`to_tracking` returns.
    unit
        What a period is, for the label.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    _draw_tracking(ax, tracking, "start", "actual", "expected")
    ax.set_ylabel(f"Repeat orders per {unit}")
    return ax


@theme.in_style()
def plot_cumulative_tracking(tracking: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw cumulative repeat orders beside the model's expectation, the held-out part shaded.

    Parameters
    ----------
    tracking
        What :func:`to_tracking` returns.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    _draw_tracking(ax, tracking, "end", "actual_cumulative", "expected_cumulative")
    ax.set_ylabel("Repeat orders since the start")
    return ax


def _draw_tracking(ax: "Axes", tracking: pd.DataFrame, day: str, actual: str, expected: str) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    ax.plot(tracking[day], tracking[actual], color=theme.COLORS[0], label="Actual")
    ax.plot(tracking[day], tracking[expected], color=theme.ACCENT, linestyle="--", label="Model")
    held_out = tracking.loc[tracking["held_out"], "start"]
    if len(held_out):
        ax.axvspan(held_out.iloc[0], tracking["end"].iloc[-1], color=theme.GRID, alpha=0.5, linewidth=0)
        ax.annotate("held out", (held_out.iloc[0], 1), xycoords=("data", "axes fraction"), xytext=(6, -12),
                    textcoords="offset points", color=theme.INK)  # fmt: skip
    locator = AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(bottom=0)
    ax.margins(x=0)
    theme.legend_above(ax)


@theme.in_style()
def plot_calibration(
    table: pd.DataFrame, *, xlabel: str, ylabel: str, tick_format: str = "{x:g}", ax: "Axes | None" = None
) -> "Axes":
    """Draw mean outcome with its interval and mean forecast, group by group.

    Parameters
    ----------
    table
        What :func:`calibration_table` returns.
    xlabel, ylabel
        What the groups are, and what is compared, with its unit.
    tick_format
        Of the values: ``"{x:.0%}"`` for shares.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    place = np.arange(len(table))
    spread = [table["actual"] - table["conf_low"], table["conf_high"] - table["actual"]]
    ax.errorbar(
        place - 0.08,
        table["actual"],
        yerr=spread,
        fmt="o",
        color=theme.COLORS[0],
        capsize=3,
        label="Actual, with interval",
    )
    ax.plot(place + 0.08, table["predicted"], "D", color=theme.ACCENT, markerfacecolor="white", label="Model")
    ax.set_xticks(place, [f"{group}\n{n:,}" for group, n in zip(table["group"], table["customers"], strict=True)])
    ax.set_xlabel(f"{xlabel}; below: number of customers")
    ax.set_ylabel(ylabel)
    ax.yaxis.set_major_formatter(tick_format)
    ax.set_ylim(bottom=0)
    ax.grid(visible=False, axis="x")
    theme.legend_above(ax)
    return ax


@theme.in_style()
def plot_p_alive(grid: pd.DataFrame, *, unit: str, ax: "Axes | None" = None) -> "Axes":
    """Draw P(alive) over frequency and recency as a map with contour lines.

    Parameters
    ----------
    grid
        What :func:`p_alive_grid` returns.
    unit
        The unit of recency, for the label.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes(height=4.4)
    table = grid.pivot_table(index="recency", columns="frequency", values="p_alive")
    mesh = ax.pcolormesh(
        table.columns,
        table.index,
        table,
        cmap="cividis",
        vmin=0,
        vmax=1,
        shading="nearest",
        edgecolors="face",
        linewidth=0.3,
    )
    lines = ax.contour(table.columns, table.index, table, levels=[0.2, 0.5, 0.8], colors="white", linewidths=1.2)
    ax.clabel(lines, fmt=lambda level: f"{level:.0%}")
    ax.figure.colorbar(mesh, ax=ax, label="P(alive)", format=lambda value, _: f"{value:.0%}")
    ax.set_xlabel("Repeat orders (frequency)")
    ax.set_ylabel(f"Age at the last order (recency), {unit}s")
    ax.locator_params(axis="x", integer=True)
    ax.grid(visible=False)
    return ax


@theme.in_style()
def plot_value_concentration(concentration: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the share of value that the most valuable customers hold.

    Parameters
    ----------
    concentration
        What :func:`value_concentration` returns.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    x, y = concentration["share_of_customers"], concentration["share_of_value"]
    ax.plot(x, y, color=theme.COLORS[0], label="Customers, most valuable first")
    ax.plot([0, 1], [0, 1], color=theme.INK, linewidth=1, linestyle=":", label="If all were worth the same")
    for share in (0.1, 0.2, 0.5):
        held = float(np.interp(share, x, y))
        ax.plot(share, held, "o", color=theme.ACCENT)
        ax.annotate(f"{share:.0%} of customers: {held:.0%}", (share, held), xytext=(8, -14), textcoords="offset points")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel("Share of customers")
    ax.set_ylabel("Share of expected value")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    theme.legend_above(ax)
    return ax


@theme.in_style()
def plot_frequency_histogram(
    histogram: pd.DataFrame, *, xlabel: str = "Repeat orders", ax: "Axes | None" = None
) -> "Axes":
    """Draw how many customers ordered how often, beside the model's expectation with its limits.

    Parameters
    ----------
    histogram
        What :func:`to_frequency_histogram` or :func:`to_order_histogram` returns.
    xlabel
        What is counted.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    place = np.arange(len(histogram))
    ax.bar(place - 0.2, histogram["actual"], width=0.38, color=theme.COLORS[0], label="Actual")
    spread = [histogram["estimate"] - histogram["conf_low"], histogram["conf_high"] - histogram["estimate"]]
    ax.bar(place + 0.2, histogram["estimate"], width=0.38, color=theme.ACCENT, alpha=0.45, label="Model, with limits",
           yerr=spread, error_kw={"ecolor": theme.INK, "elinewidth": 1.2, "capsize": 3})  # fmt: skip
    ax.set_xticks(place, histogram["group"].tolist())
    ax.set_xlabel(xlabel)
    ax.set_ylabel("Customers")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.grid(visible=False, axis="x")
    theme.legend_above(ax)
    return ax


@theme.in_style()
def plot_calibration_curve(
    table: pd.DataFrame, *, ylabel: str = "Share that ordered", ax: "Axes | None" = None
) -> "Axes":
    """Draw the share that ordered against the probability forecast: on the line, forecasts come true as often as they say.

    Parameters
    ----------
    table
        What :func:`calibration_table` returns for :func:`probability_groups`.
    ylabel
        What was observed.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    top = float(max(table["predicted"].max(), table["conf_high"].max())) * 1.05
    ax.plot([0, top], [0, top], color=theme.INK, linewidth=1, linestyle=":", label="Exactly as forecast")
    spread = [table["actual"] - table["conf_low"], table["conf_high"] - table["actual"]]
    ax.errorbar(table["predicted"], table["actual"], yerr=spread, fmt="o", color=theme.COLORS[0], capsize=3,
                label="Groups of about the same size")  # fmt: skip
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:.0%}" if top > 0.05 else "{x:.1%}")
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    ax.set_xlabel("Probability forecast (mean of the group)")
    ax.set_ylabel(ylabel)
    theme.legend_above(ax)
    return ax


@theme.in_style()
def plot_retention(
    curves: Mapping[str, pd.DataFrame], *, after: int, unit: str = "period", ax: "Axes | None" = None
) -> "Axes":
    """Draw the share of customers who are still there beside curves that go on from it, the first with its limits.

    Parameters
    ----------
    curves
        By name what :func:`project_survivors` returns, over the same periods.
    after
        The last period that the curves know; what lies beyond is shaded.
    unit
        What a period is, for the label.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    styles = ("-", "--", ":", "-.")
    for place, (name, curve) in enumerate(curves.items()):
        color = theme.COLORS[(place + 1) % len(theme.COLORS)]
        drawn = curve["estimate"].where(curve["period"] != after, curve["actual"])
        shown = curve["period"] >= (0 if place == 0 else after)
        label = name[:1].upper() + name[1:]
        ax.plot(curve["period"][shown], drawn[shown], styles[place % 4], color=color, label=label)
        if place == 0:
            ax.fill_between(
                curve["period"], curve["conf_low"], curve["conf_high"], color=color, alpha=0.18, linewidth=0
            )
            ax.plot(curve["period"], curve["actual"], "o", color=theme.COLORS[0], label="Actual", zorder=3)
            if after < curve["period"].max():
                ax.axvspan(after, curve["period"].max(), color=theme.GRID, alpha=0.5, linewidth=0)
    ax.set_xlabel(f"{unit.capitalize()}s since the start")
    ax.set_ylabel("Share of customers still there")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.locator_params(axis="x", integer=True)
    ax.set_ylim(0, 1.02)
    ax.margins(x=0.01)
    theme.legend_above(ax, columns=3)
    return ax

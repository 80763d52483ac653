"""Figures of lifecycle, cohorts, repurchase, average order and segments: functions of their frames."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnlab import theme
from churnlab.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_average_orders",
    "plot_cohorts",
    "plot_lifecycle_counts",
    "plot_repurchase_rates",
    "plot_segments",
    "plot_transitions",
]

_MOST_LABELS = 12


@theme.in_style()
def plot_cohorts(cohorts: pd.DataFrame, *, period: str = "month", ax: "Axes | None" = None) -> "Axes":
    """Draw retention over cohort and age as a map; what is not yet observed stays empty, and age 0 is left out.

    Parameters
    ----------
    cohorts
        What :func:`to_cohorts` returns.
    period
        The unit of age, for the label.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If no cohort has been observed beyond age 0.
    """
    later = cohorts[cohorts["age"] > 0]
    if later.empty:
        raise DataError("No cohort has been observed beyond its first period, so there is no retention to draw.")
    table = later.pivot_table(index="cohort", columns="age", values="retention")
    customers = cohorts.groupby("cohort")["customers"].first().reindex(table.index)
    ax = ax or theme.axes(height=max(3.4, 1.6 + 0.32 * len(table)))
    names = [f"{day:%Y-%m-%d} ({n:,})" for day, n in customers.items()]
    _draw_map(ax, table, names, [str(age) for age in table.columns], f"Order in that {period}")
    ax.set_xlabel(f"Age in {period}s since the first order")
    ax.set_ylabel("Cohort from (customers)")
    return ax


@theme.in_style()
def plot_transitions(transitions: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the shares of customers who move from each stage to each other as a map.

    Parameters
    ----------
    transitions
        What :func:`lifecycle_transitions` returns; several pairs of dates are added up.
    ax
        Axes to draw on; new ones by default.
    """
    counts = transitions.pivot_table(
        index="stage", columns="next_stage", values="customers", aggfunc="sum", observed=False
    )
    counts = counts[counts.sum(axis=1) > 0]
    ax = ax or theme.axes(height=3.8)
    names = [f"{stage} ({n:,.0f})" for stage, n in counts.sum(axis=1).items()]
    _draw_map(ax, counts.div(counts.sum(axis=1), axis=0), names, list(map(str, counts.columns)), "Share of the row")
    ax.set_xlabel("Stage at the later date")
    ax.set_ylabel("Stage at the earlier date (customers)")
    return ax


def _draw_map(ax: "Axes", table: pd.DataFrame, rows: list[str], columns: list[str], label: str) -> None:
    values = table.to_numpy(dtype=float)
    top = float(np.nanmax(values)) or 1.0
    image = ax.imshow(np.ma.masked_invalid(values), cmap="cividis", vmin=0, vmax=top, aspect="auto")
    ax.figure.colorbar(image, ax=ax, label=label, format=lambda value, _: f"{value:.0%}")
    if len(columns) <= 2 * _MOST_LABELS:
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                color = "white" if value < 0.55 * top else theme.INK
                size = 8.5 if len(columns) <= _MOST_LABELS else 6.5
                ax.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=color, fontsize=size)
    _ticks(ax, "x", columns)
    _ticks(ax, "y", rows)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _ticks(
    ax: "Axes",
    axis: str,
    labels: list[str],
    *,
    at: Sequence[Any] | pd.Index | None = None,
    most: int = 2 * _MOST_LABELS,
) -> None:
    """Label every place, or every second, third, … where there are more than can be read."""
    chosen = slice(None, None, -(-len(labels) // most))
    set_ticks = ax.set_xticks if axis == "x" else ax.set_yticks
    set_ticks(list(range(len(labels)) if at is None else at)[chosen], labels[chosen])


@theme.in_style()
def plot_lifecycle_counts(counts: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the customers of each stage over time, one on the other.

    Parameters
    ----------
    counts
        What :func:`lifecycle_counts` returns.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    table = counts.pivot_table(index="as_of", columns="stage", values="customers", observed=False)
    colors = [theme.COLORS[5], theme.COLORS[0], theme.COLORS[2], theme.COLORS[4], theme.GRID]
    width = 0.8 * float(np.diff(table.index.to_numpy()).min() / np.timedelta64(1, "D")) if len(table) > 1 else 20.0
    bottom = np.zeros(len(table))
    for stage, color in zip(table.columns, colors, strict=True):
        held = table[stage].to_numpy(dtype=float)
        ax.bar(
            table.index, held, width=width, bottom=bottom, color=color, edgecolor="white", linewidth=0.5, label=stage
        )
        bottom += held
    _ticks(ax, "x", [f"{day:%Y-%m-%d}" for day in table.index], at=table.index, most=7)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel("Customers")
    ax.grid(visible=False, axis="x")
    theme.legend_above(ax, columns=len(colors))
    return ax


def _date_axis(ax: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


@theme.in_style()
def plot_repurchase_rates(rates: pd.DataFrame, *, within: str = "", ax: "Axes | None" = None) -> "Axes":
    """Draw the share of buyers who buy again, with intervals, by order number.

    Parameters
    ----------
    rates
        What :func:`repurchase_rates` returns.
    within
        The period, for the label: ``"90 days"``.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    place = rates["order_number"]
    spread = [rates["rate"] - rates["conf_low"], rates["conf_high"] - rates["rate"]]
    ax.errorbar(place, rates["rate"], yerr=spread, fmt="o", color=theme.COLORS[0], capsize=3)
    ax.set_xticks(place, [f"{number}\n{_short(n)}" for number, n in zip(place, rates["buyers"], strict=True)])
    ax.set_xlabel("After which order; below: number of buyers")
    ax.set_ylabel(f"Order again{f' within {within}' if within else ''}")
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_ylim(0, 1)
    ax.grid(visible=False, axis="x")
    return ax


def _short(n: float) -> str:
    return f"{n:,.0f}" if n < 10_000 else f"{n / 1e3:,.0f}k" if n < 1e6 else f"{n / 1e6:,.1f}m"


@theme.in_style()
def plot_average_orders(averages: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the average order over time with its interval.

    Parameters
    ----------
    averages
        What :func:`average_orders` returns.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    start = averages["start"]
    ax.fill_between(start, averages["conf_low"], averages["conf_high"], color=theme.COLORS[0], alpha=0.2, linewidth=0)
    ax.plot(start, averages["average_order"], "o-", color=theme.COLORS[0], markersize=4)
    _date_axis(ax)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel("Average order, with its interval")
    ax.set_ylim(bottom=0)
    return ax


@theme.in_style()
def plot_segments(profile: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw each segment's share of customers beside its share of repeat revenue.

    Parameters
    ----------
    profile
        What :func:`profile_segments` returns.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes(height=1.4 + 0.5 * len(profile))
    place = np.arange(len(profile))
    for shift, column, color, label in (
        (-0.2, "share", theme.COLORS[0], "Share of customers"),
        (0.2, "share_of_repeat_revenue", theme.COLORS[4], "Share of repeat revenue"),
    ):
        bars = ax.barh(place + shift, profile[column], height=0.38, color=color, label=label)
        ax.bar_label(bars, [f"{value:.1%}" for value in profile[column]], padding=3, fontsize=8.5)
    names = [f"{name} ({n:,.0f})" for name, n in zip(profile["segment"], profile["customers"], strict=True)]
    ax.set_yticks(place, names)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.margins(x=0.12)
    ax.grid(visible=False, axis="y")
    theme.legend_above(ax)
    return ax

"""Figures of what models of churn estimate and of how they were checked: functions of the family's frames."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from churnlab import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_coefficient_over_time", "plot_functional_form", "plot_influence"]


@theme.in_style()
def plot_coefficient_over_time(
    parts: pd.DataFrame, *, term: str, unit: str = "time", ax: "Axes | None" = None
) -> "Axes":
    """Draw a hazard ratio in successive parts of time, with its limits: level if hazards are proportional.

    Parameters
    ----------
    parts
        What :func:`coefficients_over_time` returns.
    term
        Which of its terms.
    unit
        The unit of time, for the label.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    mine = parts[parts["term"] == term]
    ratio, low, high = (np.exp(mine[name]) for name in ("estimate", "conf_low", "conf_high"))
    ax.errorbar(mine["time"], ratio, yerr=[ratio - low, high - ratio], fmt="o-", color=theme.COLORS[0], capsize=3)
    ax.axhline(1.0, color=theme.INK, linewidth=1, linestyle=":")
    _log_ratios(ax)
    ax.set_xlabel(f"Tenure, {unit}")
    ax.set_ylabel(f"Hazard ratio of {term}")
    return ax


@theme.in_style()
def plot_functional_form(table: pd.DataFrame, *, covariate: str, ax: "Axes | None" = None) -> "Axes":
    """Draw ends over expected ends along a covariate's values, with limits: level at 1 if it enters the right way.

    Parameters
    ----------
    table
        What :func:`functional_form` returns.
    covariate
        Its name, for the label.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    middle = (table["low"] + table["high"]) / 2
    across = [middle - table["low"], table["high"] - middle]
    upwards = [table["ratio"] - table["conf_low"], table["conf_high"] - table["ratio"]]
    ax.errorbar(middle, table["ratio"], xerr=across, yerr=upwards, fmt="o", color=theme.COLORS[0], capsize=3)
    ax.axhline(1.0, color=theme.INK, linewidth=1, linestyle=":")
    _log_ratios(ax)
    ax.set_xlabel(covariate)
    ax.set_ylabel("Churned over expected")
    return ax


@theme.in_style()
def plot_influence(most: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw by how many standard errors the most influential rows move a coefficient.

    Parameters
    ----------
    most
        What :func:`most_influential` returns.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes(height=1.2 + 0.3 * len(most))
    place = np.arange(len(most))[::-1]
    ax.hlines(place, 0, most["std_errors"], color=theme.COLORS[0])
    ax.plot(most["std_errors"], place, "o", color=theme.COLORS[0])
    labels = zip(most["row"], most["term"], most["change"], strict=True)
    ax.set_yticks(place, [f"row {row}: {term} {'up' if change > 0 else 'down'}" for row, term, change in labels])
    ax.set_xlim(left=0)
    ax.set_xlabel("Standard errors by which the coefficient moves without the row")
    ax.grid(visible=False, axis="y")
    return ax


def _log_ratios(ax: "Axes") -> None:
    """Show ratios on a logarithmic scale, with plain numbers as ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    wide = high / low > 8
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if wide else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))

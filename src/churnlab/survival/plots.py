"""Figures of the survival family: functions of the family's frames."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import theme
from churnlab.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_calibration",
    "plot_curves",
    "plot_hazard_ratios",
    "plot_incidence",
    "plot_retention",
    "plot_tenure_rates",
]

_MOST_GROUPS = len(theme.COLORS)


@theme.in_style()
def plot_curves(curves: pd.DataFrame, *, unit: str = "unit of time", ax: "Axes | None" = None) -> "Axes":
    """Draw survival curves with their limits, and the number at risk under them.

    Parameters
    ----------
    curves
        What :meth:`SurvivalCurve.tidy` returns: `group, time, n_risk, estimate, conf_low, conf_high`; up to six groups.
    unit
        Of time, for the label.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If there are more groups than colours.
    """
    groups = _groups(curves)
    ax = ax or theme.axes(height=4.0 + 0.22 * len(groups))
    for (group, part), color in zip(groups.items(), theme.COLORS, strict=False):
        time = np.concatenate([[0.0], part["time"]])
        low, middle, high = (
            np.concatenate([[1.0], part[name].ffill()]) for name in ("conf_low", "estimate", "conf_high")
        )
        ax.step(time, middle, where="post", color=color, label=group)
        ax.fill_between(time, low, high, step="post", color=color, alpha=0.18, linewidth=0)
    ax.set_xlim(0, curves["time"].max())
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_ylabel("Customers still there")
    _write_at_risk(ax, groups, unit)
    if len(groups) > 1:
        _legend(ax)
    return ax


def _groups(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    names = list(dict.fromkeys(frame["group"]))
    if len(names) > _MOST_GROUPS:
        raise DataError(f"{len(names)} curves cannot be told apart in one figure. Choose up to {_MOST_GROUPS} groups.")
    return {str(name): frame[frame["group"] == name] for name in names}


def _write_at_risk(ax: "Axes", groups: dict[str, pd.DataFrame], unit: str) -> None:
    """Write under the axis how many of each group are at risk at the places of the ticks."""
    ticks = [tick for tick in ax.get_xticks() if 0 <= tick <= ax.get_xlim()[1]]
    ax.set_xticks(ticks)
    ax.set_xlabel(f"Tenure ({unit}s); below: customers at risk")
    place = ax.get_xaxis_transform()
    for row, (part, color) in enumerate(zip(groups.values(), theme.COLORS, strict=False)):
        at_risk = np.append(part["n_risk"], 0.0)[np.searchsorted(part["time"], ticks)]
        for tick, number in zip(ticks, at_risk, strict=True):
            height, text = -0.19 - 0.062 * row, f"{number:,.0f}"
            ax.text(tick, height, text, transform=place, color=color, fontsize=8.5, ha="center", va="top")
    ax.text(0, -0.19 - 0.062 * len(groups), " ", transform=place, fontsize=4, va="top")


def _legend(ax: "Axes") -> None:
    theme.legend_above(ax, columns=3)
    for text in ax.get_legend().get_texts():  # type: ignore[union-attr]
        text.set_parse_math(False)


@theme.in_style()
def plot_incidence(incidence: pd.DataFrame, *, unit: str = "unit of time", ax: "Axes | None" = None) -> "Axes":
    """Draw the share that has left for each reason, one on the other.

    Parameters
    ----------
    incidence
        What :meth:`IncidenceCurve.tidy` returns for one group: `reason, time, estimate`.
    unit
        Of time, for the label.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If there are several groups, or more reasons than colours.
    """
    if incidence["group"].nunique() > 1:
        raise DataError("The figure is of one group. Choose one: incidence[incidence['group'] == …].")
    table = incidence.pivot_table(index="time", columns="reason", values="estimate")
    if table.shape[1] > _MOST_GROUPS:
        raise DataError(f"{table.shape[1]} reasons cannot be told apart in one figure. Join the rare ones.")
    ax = ax or theme.axes()
    time = np.concatenate([[0.0], table.index])
    shares = np.vstack([np.zeros(table.shape[1]), table.to_numpy()]).T
    ax.stackplot(time, shares, labels=list(table.columns), colors=theme.COLORS, step="post", alpha=0.85)
    ax.set_xlim(0, time[-1])
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel(f"Tenure ({unit}s)")
    ax.set_ylabel("Customers who have left")
    _legend(ax)
    return ax


@theme.in_style()
def plot_tenure_rates(rates: pd.DataFrame, *, unit: str = "unit of time", ax: "Axes | None" = None) -> "Axes":
    """Draw the rate of leaving in each stretch of tenure, with its limits.

    Parameters
    ----------
    rates
        What :meth:`TenureRates.tidy` returns.
    unit
        Of time, for the labels.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes()
    place = np.arange(len(rates))
    ax.errorbar(place, rates["estimate"], yerr=_spread(rates), fmt="o", color=theme.COLORS[0], capsize=3)
    labels = [
        f"{begin:g}–{end:g}" if np.isfinite(end) else f"over {begin:g}"
        for begin, end in zip(rates["begin"], rates["end"], strict=True)
    ]
    ax.set_xticks(place, [f"{label}\n{n:,.0f}" for label, n in zip(labels, rates["n_event"], strict=True)])
    ax.set_xlabel(f"Tenure ({unit}s); below: customers who left")
    ax.set_ylabel(f"Leave per {unit}, of those there")
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
    ax.set_ylim(bottom=0)
    ax.grid(visible=False, axis="x")
    return ax


def _spread(frame: pd.DataFrame) -> list[npt.NDArray[np.float64]]:
    """Return how far the limits are from the estimates, below and above, each (n,)."""
    low, middle, high = (frame[name].to_numpy(dtype=np.float64) for name in ("conf_low", "estimate", "conf_high"))
    return [middle - low, high - middle]


@theme.in_style()
def plot_hazard_ratios(ratios: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw hazard ratios with their limits on a scale on which half and twice are as far from 1.

    Parameters
    ----------
    ratios
        What :meth:`CoxFit.hazard_ratios` returns: `term, estimate, conf_low, conf_high`.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes(height=1.5 + 0.32 * len(ratios))
    place = np.arange(len(ratios))[::-1]
    apart = (ratios["conf_low"] > 1) | (ratios["conf_high"] < 1)
    for certain, color in ((True, theme.COLORS[0]), (False, "#777777")):
        chosen = (apart == certain).to_numpy()
        some = ratios[chosen]
        ax.errorbar(some["estimate"], place[chosen], xerr=_spread(some), fmt="o", color=color, capsize=3)
    ax.axvline(1, color=theme.INK, linewidth=1, linestyle=":")
    ax.set_xscale("log")
    low, high = float(ratios["conf_low"].min()), float(ratios["conf_high"].max())
    ticks = [tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low / 1.3 <= tick <= high * 1.3]
    ax.set_xticks(sorted({*ticks, 1}), [f"{tick:g}" for tick in sorted({*ticks, 1})])
    ax.minorticks_off()
    ax.set_yticks(place, [str(term) for term in ratios["term"]])
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    ax.set_ylim(-0.6, len(ratios) - 0.4)
    ax.set_xlabel("Hazard ratio: left of 1 stays longer, right of 1 leaves sooner")
    ax.grid(visible=False, axis="y")
    return ax


@theme.in_style()
def plot_calibration(table: pd.DataFrame, *, horizon: str, ax: "Axes | None" = None) -> "Axes":
    """Draw observed over predicted shares of leavers; on the diagonal predictions come true.

    Parameters
    ----------
    table
        What :func:`calibration_table` returns.
    horizon
        Within what time, for the labels: ``"12 months"``.
    ax
        Axes to draw on; new ones by default.
    """
    ax = ax or theme.axes(height=4.6)
    top = 1.08 * float(max(table["expected"].max(), table["conf_high"].max()))
    ax.plot([0, top], [0, top], color=theme.INK, linewidth=1, linestyle=":", label="Right")
    x, y, spread = table["expected"], table["estimate"], _spread(table)
    ax.errorbar(x, y, yerr=spread, fmt="o", color=theme.COLORS[0], capsize=3, label="Observed, with interval")
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel(f"Predicted share that leaves within {horizon}")
    ax.set_ylabel("Share that left")
    theme.legend_above(ax)
    return ax


@theme.in_style()
def plot_retention(retention: pd.DataFrame, *, unit: str = "unit of time", ax: "Axes | None" = None) -> "Axes":
    """Draw the share still there over cohort and age as a map; ages that a cohort has not reached stay empty.

    Parameters
    ----------
    retention
        What :func:`to_retention` returns.
    unit
        Of age, for the label.
    ax
        Axes to draw on; new ones by default.
    """
    table = retention.pivot_table(index="cohort", columns="age", values="estimate")
    customers = retention.groupby("cohort")["customers"].first().reindex(table.index)
    ax = ax or theme.axes(height=max(3.4, 1.6 + 0.32 * len(table)))
    values = table.to_numpy(dtype=float)
    low = float(np.nanmin(values))
    image = ax.imshow(np.ma.masked_invalid(values), cmap="cividis", vmin=low, vmax=1, aspect="auto")
    ax.figure.colorbar(image, ax=ax, label="Still there", format=lambda value, _: f"{value:.0%}")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = "white" if value < low + 0.55 * (1 - low) else theme.INK
            ax.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=color, fontsize=8.5)
    step = -(-len(table) // 24)
    rows = range(0, len(table), step)
    names = [f"{day:%Y-%m-%d} ({n:,.0f})" for day, n in customers.items()]
    ax.set_yticks(list(rows), [names[row] for row in rows])
    ax.set_xticks(range(table.shape[1]), [f"{age:g}" for age in table.columns])
    ax.set_xlabel(f"Age ({unit}s)")
    ax.set_ylabel("Came from (customers)")
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax

"""Figures of importance, of performance and of the Net Promoter Score: functions of the family's frames."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from churnlab import theme
from churnlab.drivers.columns import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_dose_response", "plot_gaps", "plot_importance", "plot_nps", "plot_theme_scores", "plot_themes"]

_SHARES = {"detractors": theme.COLORS[1], "passives": "#bbbbbb", "promoters": theme.COLORS[0]}
_LETTERS = 28


@theme.in_style()
def plot_importance(importance: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw each driver's share of what is explained with its limits, the most important on top.

    Parameters
    ----------
    importance
        With `term, share, share_low, share_high`, and `p_noise` where known: the table of an importance fit. Drivers that pure
        noise would match in more than 5 % of samples are drawn hollow.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    require_columns(importance, ["term", "share", "share_low", "share_high"])
    table = importance.sort_values("share", kind="stable", ignore_index=True)
    ax = ax or theme.axes(height=1.1 + 0.32 * len(table))
    place = np.arange(len(table))
    noise = (table["p_noise"] > 0.05).to_numpy() if "p_noise" in table else np.zeros(len(table), dtype=bool)
    ax.hlines(place, 100 * table["share_low"], 100 * table["share_high"], color=theme.COLORS[0])
    ax.plot(100 * table["share"][~noise], place[~noise], "o", color=theme.COLORS[0], label="Share, with limits")
    if noise.any():
        ax.plot(100 * table["share"][noise], place[noise], "o", color=theme.COLORS[0], markerfacecolor="white",
                label="Noise might do as much")  # fmt: skip
        theme.legend_above(ax)
    _name_rows(ax, table["term"])
    ax.set_xlim(left=min(0.0, 105 * table["share_low"].min()))
    ax.set_xlabel("Share of what is explained, %")
    return ax


@theme.in_style()
def plot_nps(nps: pd.DataFrame, *, label: str | None = None, ax: "Axes | None" = None) -> "Axes":
    """Draw the three shares of each group as a bar, and its score with limits on top of it.

    Parameters
    ----------
    nps
        With `promoters, passives, detractors, estimate, conf_low, conf_high, n`: the table of a score fit, in the order to draw.
    label
        The column that names the groups, say the wave.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    numbers = ["estimate", "conf_low", "conf_high"]
    require_columns(nps, [*_SHARES, *numbers, "n", *([label] if label else [])])
    ax = ax or theme.axes(height=1.5 + 0.5 * len(nps))
    place = np.arange(len(nps))[::-1]
    left = -100 * (nps["detractors"] + nps["passives"] / 2).to_numpy()
    for name, color in _SHARES.items():
        ax.barh(
            place, 100 * nps[name].to_numpy(), left=left, height=0.62, color=color, alpha=0.75, label=name.capitalize()
        )
        left = left + 100 * nps[name].to_numpy()
    score, low, high = (nps[name].to_numpy() for name in numbers)
    ax.errorbar(score, place, xerr=[score - low, high - score], fmt="D", color=theme.INK, markerfacecolor="white", capsize=4,
                linewidth=1.6, label="Score, with limits")  # fmt: skip
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    names = nps[label].astype(str) if label else pd.Series(["all"] * len(nps))
    ax.set_yticks(place, [f"{_short(name)}\nn = {n:,.0f}" for name, n in zip(names, nps["n"], strict=True)])
    ax.set_xlim(-100, 100)
    ax.set_xlabel("Score and shares, in points; bars are centred on the passives")
    ax.grid(visible=False, axis="y")
    theme.legend_above(ax, columns=4)
    return ax


@theme.in_style()
def plot_gaps(gaps: pd.DataFrame, *, label: str = "dimension", ax: "Axes | None" = None) -> "Axes":
    """Draw what was expected and what is perceived, joined by the gap, the widest shortfall on top.

    Parameters
    ----------
    gaps
        With `perception, expectation, estimate, conf_low, conf_high`: the table of a gap fit.
    label
        The column that names the rows.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    require_columns(gaps, [label, "perception", "expectation", "estimate", "conf_low", "conf_high"])
    table = gaps.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
    ax = ax or theme.axes(height=1.4 + 0.4 * len(table))
    place = np.arange(len(table))
    ax.hlines(place, table["expectation"], table["perception"], color=theme.GRID, linewidth=5)
    ax.plot(table["expectation"], place, "D", color=theme.ACCENT, markerfacecolor="white", label="Expected")
    seen = table["perception"].to_numpy()
    low, high = ((table["expectation"] + table[name]).to_numpy() for name in ("conf_low", "conf_high"))
    ax.errorbar(seen, place, xerr=[seen - low, high - seen], fmt="o", color=theme.COLORS[0], capsize=3,
                label="Perceived, with the limits of the gap")  # fmt: skip
    _name_rows(ax, table[label])
    ax.set_xlabel("Mean answer")
    theme.legend_above(ax)
    return ax


@theme.in_style()
def plot_themes(themes: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw in how many comments each theme is named, with limits, the most frequent on top.

    Parameters
    ----------
    themes
        With `theme, share, share_low, share_high`: what :func:`describe_themes` returns.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    require_columns(themes, ["theme", "share", "share_low", "share_high"])
    table = themes.sort_values("share", kind="stable", ignore_index=True)
    ax = ax or theme.axes(height=1.1 + 0.36 * len(table))
    place = np.arange(len(table))
    share, low, high = (100 * table[name].to_numpy() for name in ("share", "share_low", "share_high"))
    ax.barh(place, share, height=0.6, color=theme.COLORS[0], alpha=0.35)
    ax.errorbar(share, place, xerr=[share - low, high - share], fmt="o", color=theme.COLORS[0], capsize=3)
    _name_rows(ax, table["theme"])
    ax.set_xlim(left=0)
    ax.set_xlabel("Comments that name it, %")
    return ax


@theme.in_style()
def plot_theme_scores(themes: pd.DataFrame, *, score: str = "score", ax: "Axes | None" = None) -> "Axes":
    """Draw how far those who name a theme are above or below those who do not, with limits.

    Parameters
    ----------
    themes
        With `theme, difference, difference_low, difference_high`: what :func:`describe_themes` returns.
    score
        What the score is, for the label.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    require_columns(themes, ["theme", "difference", "difference_low", "difference_high"])
    table = themes.dropna(subset=["difference"]).sort_values("difference", ascending=False, ignore_index=True)
    ax = ax or theme.axes(height=1.1 + 0.36 * max(len(table), 1))
    place = np.arange(len(table))
    middle, low, high = (table[f"difference{end}"].to_numpy() for end in ("", "_low", "_high"))
    ax.errorbar(middle, place, xerr=[middle - low, high - middle], fmt="o", color=theme.COLORS[0], capsize=3)
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    _name_rows(ax, table["theme"])
    ax.set_xlabel(f"{score}: mean of those who name it less that of the others")
    return ax


@theme.in_style()
def plot_dose_response(response: pd.DataFrame, *, xlabel: str, ylabel: str, ax: "Axes | None" = None) -> "Axes":
    """Draw the share that did something at each answer: as it is, and with the other customers' traits held equal.

    Parameters
    ----------
    response
        With `level, n, raw, estimate, conf_low, conf_high`: what :func:`to_dose_response` returns.
    xlabel, ylabel
        What was answered, and what was done.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    require_columns(response, ["level", "n", "raw", "estimate", "conf_low", "conf_high"])
    ax = ax or theme.axes()
    place = np.arange(len(response))
    share, low, high = (response[name].to_numpy() for name in ("estimate", "conf_low", "conf_high"))
    ax.plot(place, response["raw"], "D", color=theme.ACCENT, markerfacecolor="white", label="As it is")
    ax.errorbar(place, share, yerr=[share - low, high - share], fmt="o-", color=theme.COLORS[0], capsize=3,
                label="Adjusted, with limits")  # fmt: skip
    ax.set_xticks(place, [f"{level}\n{n:,}" for level, n in zip(response["level"], response["n"], strict=True)])
    ax.set_xlabel(f"{xlabel}; below: number of customers")
    ax.set_ylabel(ylabel)
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.set_ylim(bottom=0)
    ax.grid(visible=False, axis="x")
    theme.legend_above(ax)
    return ax


def _name_rows(ax: "Axes", names: pd.Series) -> None:
    ax.set_yticks(np.arange(len(names)), [_short(str(name)) for name in names])
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.grid(visible=False, axis="y")


def _short(name: str) -> str:
    """Return a name that leaves room for the figure, its dollar signs as they are."""
    cut = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
    return cut.replace("$", r"\$")

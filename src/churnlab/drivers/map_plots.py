"""The map of importance and performance, its labels beside their points and never on one another."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import theme
from churnlab.drivers.columns import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["place_labels", "plot_importance_performance"]

Array = npt.NDArray[np.float64]

_GAP, _LINE = 9.0, 2.0
"""Points between a label and its mark, and between two labels."""
_LEAST_HEIGHT = 20.0
"""Points of performance that the map shows at least, so that small differences look small."""
_MOST_LETTERS = 22


@theme.in_style()
def plot_importance_performance(table: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw importance against performance with the limits of both; what to improve first lies below right.

    Parameters
    ----------
    table
        What :func:`to_importance_performance` returns. Drivers whose quadrant sampling could change are drawn hollow.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    sides = ["importance", "performance"]
    require_columns(
        table, ["term", "certain", *sides, *(f"{side}_{end}" for side in sides for end in ("low", "high", "cut"))]
    )
    ax = ax or theme.axes(height=6.0)
    x, y = 100 * table["importance"].to_numpy(), table["performance"].to_numpy()
    first = (table["importance"] > table["importance_cut"]) & (table["performance"] <= table["performance_cut"])
    colors = [theme.ACCENT if is_first else theme.COLORS[0] for is_first in first]
    ax.hlines(y, 100 * table["importance_low"], 100 * table["importance_high"], color=colors, alpha=0.4, linewidth=1.2)
    ax.vlines(x, table["performance_low"], table["performance_high"], color=colors, alpha=0.4, linewidth=1.2)
    faces = [color if sure else "white" for color, sure in zip(colors, table["certain"], strict=True)]
    ax.scatter(x, y, s=42, c=faces, edgecolors=colors, linewidths=1.6, zorder=3)
    ax.axvline(100 * table["importance_cut"].iloc[0], color=theme.INK, linewidth=0.8, linestyle=":")
    ax.axhline(table["performance_cut"].iloc[0], color=theme.INK, linewidth=0.8, linestyle=":")
    ax.set_xlabel("Importance: share of what is explained, %")
    ax.set_ylabel("Performance, from 0 to 100")
    _name_quadrants(ax)
    _write_labels(ax, x, y, [_short(name) for name in table["term"].astype(str)], colors)
    return ax


def _name_quadrants(ax: "Axes") -> None:
    for name, at, side in (("keep up", 0.99, "right"), ("enough done", 0.01, "left")):
        ax.annotate(name, (at, 1.01), xycoords="axes fraction", ha=side, va="bottom", style="italic", fontsize=9)
    for name, at, side in (("improve first", 0.99, "right"), ("low priority", 0.01, "left")):
        ax.annotate(name, (at, 0.01), xycoords="axes fraction", ha=side, va="bottom", style="italic", fontsize=9)


def _short(name: str) -> str:
    cut = name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
    return cut.replace("$", r"\$")


def _write_labels(ax: "Axes", x: Array, y: Array, names: list[str], colors: list[str]) -> None:
    """Write each name where it fits, with a thin line to its mark where it lies apart."""
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    low, high = ax.get_ylim()
    missing = max(0.0, _LEAST_HEIGHT - (high - low)) / 2
    low, high = low - missing, high + missing
    ax.set_ylim(low - 0.05 * (high - low), high)  # room for the names of the lower quadrants
    ax.margins(x=0.08)
    figure.canvas.draw()
    figure.set_layout_engine("none")
    marks = ax.transData.transform(np.column_stack([x, y]))
    taken = [note.get_window_extent() for note in ax.texts]
    probes = [ax.annotate(name, (0.5, 0.5), xycoords="axes fraction", fontsize=9) for name in names]
    sizes = np.array([[box.width, box.height] for box in (probe.get_window_extent() for probe in probes)])
    for probe in probes:
        probe.remove()
    frame = ax.get_window_extent()
    fixed = np.array([[box.x0, box.y0, box.x1, box.y1] for box in taken]).reshape(-1, 4)
    places = place_labels(marks, sizes, frame=(frame.x0, frame.y0, frame.x1, frame.y1), taken=fixed)
    to_points = 72 / figure.dpi
    for name, mark, place, size, color in zip(names, marks, places, sizes, colors, strict=True):
        offset = (place - mark) * to_points
        apart = np.hypot(*np.maximum(0, np.abs(place + size / 2 - mark) - size / 2)) > 2 * _GAP
        line = {"arrowstyle": "-", "color": color, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 3} if apart else None
        ax.annotate(name, tuple(ax.transData.inverted().transform(mark)), xytext=tuple(offset), textcoords="offset points",
                    fontsize=9, va="bottom", ha="left", arrowprops=line, zorder=4,
                    bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.5})  # fmt: skip


def place_labels(
    marks: Array, sizes: Array, *, frame: tuple[float, float, float, float], taken: Array | None = None
) -> Array:
    """Return where labels go so that none lies on another, on a mark or outside the frame, as near to its mark as can be.

    Parameters
    ----------
    marks
        Points (n, 2).
    sizes
        Width and height of each label (n, 2).
    frame
        Left, lower, right and upper end.
    taken
        Boxes (m, 4) to keep clear of: left, lower, right, upper.

    Returns
    -------
    array (n, 2)
        Lower left corner of each label.

    Notes
    -----
    One label after the other, those in the thickest crowd first, each at the nearest free one of 24 directions on rings that
    widen. If there is no free place at all, more labels are asked for than the frame can hold, and the rest is placed beyond it.

    Examples
    --------
    >>> place_labels(np.array([[5.0, 5.0]]), np.array([[2.0, 1.0]]), frame=(0, 0, 40, 40)).round(1).tolist()
    [[14.0, 4.5]]
    """
    boxes = np.empty((0, 4)) if taken is None else np.asarray(taken, dtype=float)
    near = _GAP * 0.6
    points = np.column_stack([marks - near, marks + near])
    crowd = (np.abs(marks[:, None] - marks[None]) < sizes.max(axis=0) * 1.5).all(axis=2).sum(axis=1)
    places = np.empty(marks.shape)
    for which in np.argsort(-crowd, kind="stable"):
        candidates = _candidates(marks[which], sizes[which])
        blocked = np.concatenate([boxes, points])
        places[which] = _first_free(candidates, sizes[which], blocked, np.asarray(frame))
        box = np.concatenate([places[which] - _LINE, places[which] + sizes[which] + _LINE])
        boxes = np.concatenate([boxes, box[None]])
    return places


def _candidates(mark: Array, size: Array) -> Array:
    """Return lower left corners (c, 2) around a mark, the nearest first, to the right before other directions."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    order = np.argsort(np.abs(np.sin(angles)) - np.cos(angles) * 1e-6 - 0.5 * (np.cos(angles) > 0.99), kind="stable")
    way = np.column_stack([np.cos(angles), np.sin(angles)])[order]
    rings = _GAP * np.concatenate([np.arange(1, 12, 0.5), np.arange(12, 200, 2.0)])
    middles = mark + (rings[:, None, None] * way[None] + way[None] * size / 2)
    corners: Array = (middles - size / 2).reshape(-1, 2)
    return corners


def _first_free(candidates: Array, size: Array, boxes: Array, frame: Array) -> Array:
    upper = candidates + size
    inside = (candidates >= frame[:2]).all(axis=1) & (upper <= frame[2:]).all(axis=1)
    apart: npt.NDArray[np.bool_] = (upper[:, None] <= boxes[None, :, :2]) | (candidates[:, None] >= boxes[None, :, 2:])
    free: npt.NDArray[np.bool_] = np.all(np.any(apart, axis=2), axis=1)
    for fits in (inside & free, free):
        if fits.any():
            best: Array = candidates[int(fits.argmax())]
            return best
    beyond: Array = np.array([boxes[:, 2].max() + _GAP, candidates[0, 1]])
    return beyond

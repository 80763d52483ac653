"""One look for all figures: colour-blind safe, readable in print, the same bytes from the same data."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.typing import RcKeyType

__all__ = ["ACCENT", "CJK_FONTS", "COLORS", "GRID", "INK", "axes", "close", "in_style", "legend_above", "to_svg"]

INK = "#222222"
GRID = "#dddddd"
COLORS = ("#0072B2", "#D55E00", "#009E73", "#C66BA0", "#5C4400", "#332288")
"""Told apart by all common kinds of colour vision, and at least 3 : 1 against white, as WCAG 2.2 asks of graphics.

The first three are those of Okabe and Ito (2008), Color universal design; their lighter ones are too pale for a line.
"""
ACCENT = COLORS[1]

CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "SimHei",
    "Arial Unicode MS",
)


@cache
def _style() -> "dict[RcKeyType, Any]":
    from matplotlib import font_manager, rcsetup

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return {
        "font.family": ["DejaVu Sans", *(name for name in CJK_FONTS if name in installed)][:2],
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.prop_cycle": rcsetup.cycler("color", COLORS),
        "axes.formatter.use_mathtext": True,
        "axes.unicode_minus": True,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "figure.dpi": 100,
        "savefig.facecolor": "white",
        "svg.fonttype": "path",
        "svg.hashsalt": "churnlab",
    }


@contextmanager
def in_style() -> Iterator[None]:
    """Draw in the kit's look, whatever the user's own settings are; they come back afterwards.

    Used as ``with theme.in_style():`` or, on a function that draws, as ``@theme.in_style()``.
    """
    import matplotlib as mpl

    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    fonts.setLevel(logging.ERROR)  # a CJK font without a regular weight is good enough, and not worth a line
    try:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_style())
            yield
    finally:
        fonts.setLevel(level)


def axes(*, width: float = 7.2, height: float = 4.0) -> "Axes":
    """Return new axes in the kit's look.

    Parameters
    ----------
    width, height
        Of the figure, in inches.

    Returns
    -------
    Axes
    """
    import matplotlib.pyplot as plt

    with in_style():
        ax: Axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
        return ax


def legend_above(ax: "Axes", *, columns: int = 2) -> None:
    """Put the legend in one line above the axes, where it covers nothing.

    Parameters
    ----------
    ax
        Axes with labelled artists.
    columns
        How many labels stand side by side.
    """
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.01), ncols=columns, borderaxespad=0, frameon=False)


def to_svg(ax: "Axes") -> str:
    """Return the figure that `ax` is in as SVG: letters as outlines, no date, the same text from the same data.

    Parameters
    ----------
    ax
        Any of the figure's axes.
    """
    buffer = io.StringIO()
    with in_style():
        ax.figure.get_figure(root=True).savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def close(ax: "Axes") -> None:
    """Free the figure that `ax` is in, so that a notebook does not show it a second time."""
    import matplotlib.pyplot as plt

    plt.close(ax.get_figure(root=True))

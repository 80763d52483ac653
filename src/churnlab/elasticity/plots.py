"""Figures of elasticities and of prices: functions of the family's frames."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnlab import theme
from churnlab.elasticity.columns import require_columns
from churnlab.errors import DataError, ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_cross_prices", "plot_elasticities", "plot_moderators", "plot_price_history"]

_MOST_LABELS = 45
_MOST_CELLS = 15


@theme.in_style()
def plot_elasticities(elasticities: pd.DataFrame, *, label: str = "product", ax: "Axes | None" = None) -> "Axes":
    """Draw elasticities in order, with limits, beside what each product's own data say.

    Parameters
    ----------
    elasticities
        With `estimate, conf_low, conf_high` and, for the estimates before they were drawn together, `raw_estimate`: the table
        of a fit by product.
    label
        The column that names the rows; names are shown for up to 45.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    require_columns(elasticities, ("estimate", "conf_low", "conf_high"))
    table = elasticities.sort_values("estimate", kind="stable", ignore_index=True)
    few = len(table) <= _MOST_LABELS and label in table
    ax = ax or theme.axes(height=1.2 + 0.24 * len(table) if few else 6.0)
    place = np.arange(len(table))
    low, high = _window(table)
    if "raw_estimate" in table:
        raw = table["raw_estimate"].clip(low, high)
        options: dict[str, Any] = {"color": theme.ACCENT, "alpha": 1.0 if few else 0.35}
        ax.plot(raw, place, "o", markersize=4 if few else 1.6, label="Own data alone", **options)
    ax.hlines(place, table["conf_low"].clip(low, high), table["conf_high"].clip(low, high), color=theme.COLORS[0],
              linewidth=1.6 if few else 0.5, alpha=1.0 if few else 0.35)  # fmt: skip
    name = "Drawn towards the others, with limits" if "raw_estimate" in table else "Estimate, with limits"
    ax.plot(table["estimate"], place, "o", color=theme.COLORS[0], markersize=5 if few else 1.6, label=name)
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    ax.axvline(-1, color=theme.INK, linewidth=0.8, linestyle=":")
    ax.annotate("-1", (-1, 0), xycoords=("data", "axes fraction"), xytext=(3, 3), textcoords="offset points")
    _name_rows(ax, table, label if few else None)
    ax.set_xlim(low, high)
    ax.set_xlabel("Elasticity: % more sold where the price is 1 % higher")
    ax.grid(visible=False, axis="y")
    theme.legend_above(ax)
    legend = ax.get_legend()
    for handle in legend.get_lines() if legend else []:
        handle.set(markersize=5, alpha=1)
    return ax


def _window(table: pd.DataFrame) -> tuple[float, float]:
    """Return limits of the axis that a few wild values do not stretch."""
    low, high = float(table["conf_low"].quantile(0.01)), float(table["conf_high"].quantile(0.99))
    if "raw_estimate" in table:
        low, high = min(low, table["raw_estimate"].quantile(0.02)), max(high, table["raw_estimate"].quantile(0.98))
    room = 0.05 * (max(high, 0.0) - min(low, -1.0))
    return min(low, -1.0) - room, max(high, 0.0) + room


def _name_rows(ax: "Axes", table: pd.DataFrame, label: str | None) -> None:
    ax.set_ylim(-0.7, len(table) - 0.3)
    if label is not None:
        ax.set_yticks(np.arange(len(table)), [str(name) for name in table[label]])
        return
    ax.set_yticks([])
    ax.set_ylabel(f"{len(table):,} products, most sensitive at the bottom")


@theme.in_style()
def plot_moderators(
    terms: pd.DataFrame, *, xlabel: str = "Difference in elasticity", ax: "Axes | None" = None
) -> "Axes":
    """Draw what goes with sensitivity: coefficients with limits around 0.

    Parameters
    ----------
    terms
        With `term, estimate, conf_low, conf_high`.
    xlabel
        What is measured.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    require_columns(terms, ("term", "estimate", "conf_low", "conf_high"))
    ax = ax or theme.axes(height=1.4 + 0.34 * len(terms))
    place = np.arange(len(terms))
    spread = [terms["estimate"] - terms["conf_low"], terms["conf_high"] - terms["estimate"]]
    ax.errorbar(terms["estimate"], place, xerr=spread, fmt="o", color=theme.COLORS[0], capsize=3)
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    ax.set_yticks(place, [str(term) for term in terms["term"]])
    ax.invert_yaxis()
    ax.margins(y=0.08)
    ax.set_xlabel(xlabel)
    ax.grid(visible=False, axis="y")
    return ax


@theme.in_style()
def plot_cross_prices(matrix: pd.DataFrame, *, ax: "Axes | None" = None) -> "Axes":
    """Draw a matrix of own- and cross-price elasticities as a map.

    Parameters
    ----------
    matrix
        Elasticity of the quantity of the row's product with respect to the price of the column's (k rows, the same k
        columns); NaN where there is none.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    ParameterError
        If there are more than 15 products, which nobody could read, or none.
    """
    if not 0 < len(matrix) <= _MOST_CELLS or matrix.shape[1] > _MOST_CELLS:
        raise ParameterError(f"The map shows 1 to {_MOST_CELLS} products, not {len(matrix)}.")
    values = matrix.to_numpy(dtype=float)
    finite = np.abs(values[np.isfinite(values)])
    top = float(np.quantile(finite, 0.95)) if len(finite) else 1.0
    ax = ax or theme.axes(height=2.0 + 0.42 * len(matrix))
    image = ax.imshow(np.ma.masked_invalid(values), cmap="RdBu", vmin=-top, vmax=top, aspect="auto")
    ax.figure.colorbar(image, ax=ax, label="Elasticity", extend="both")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = "white" if abs(value) > 0.6 * top else theme.INK
            ax.text(column, row, f"{round(value, 1) + 0.0:.1f}", ha="center", va="center", color=color, fontsize=8)
    ax.set_xticks(range(values.shape[1]), [str(name) for name in matrix.columns], rotation=45, ha="right")
    ax.set_yticks(range(len(matrix)), [str(name) for name in matrix.index])
    ax.set_xlabel("… where the price of this product is 1 % higher")
    ax.set_ylabel("% more sold of this product …")
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


@theme.in_style()
def plot_price_history(prices: pd.DataFrame, *, currency: str = "", ax: "Axes | None" = None) -> "Axes":
    """Draw the price of one product over time, above bars of what was sold.

    Parameters
    ----------
    prices
        PRICES of one product (in one store), in order of period; with `promoted`, mostly promoted periods are marked.
    currency
        Unit of the price, for the label.
    ax
        Axes to draw on; new ones by default.

    Raises
    ------
    DataError
        If a column is missing, there is no row, or there are several products.
    """
    require_columns(prices, ("product", "period", "price", "quantity"))
    if prices["product"].nunique() > 1:
        raise DataError(f"The history is of one product, not of {prices['product'].nunique():,}.")
    ax = ax or theme.axes()
    sold = ax.twinx()
    days = float(np.diff(prices["period"].to_numpy()).min() / np.timedelta64(1, "D")) if len(prices) > 1 else 7.0
    sold.bar(
        prices["period"], prices["quantity"], width=0.9 * days, align="edge", color=theme.GRID, label="Pieces sold"
    )
    sold.set_ylim(0, 2.2 * float(prices["quantity"].max() or 1))
    sold.set_ylabel("Pieces sold (bars)")
    sold.grid(visible=False)
    sold.spines["right"].set_visible(True)
    ax.set_zorder(sold.get_zorder() + 1)
    ax.patch.set_visible(False)
    ax.step(prices["period"], prices["price"], where="post", color=theme.COLORS[0], label="Price")
    if "promoted" in prices:
        offer = prices[prices["promoted"] >= 0.5]
        ax.plot(
            offer["period"] + pd.Timedelta(days=days / 2),
            offer["price"],
            "v",
            color=theme.ACCENT,
            markersize=5,
            label="Promoted",
        )
    _date_axis(ax)
    ax.set_ylabel(f"Price{f' in {currency}' if currency else ''} (line)")
    ax.set_ylim(0, 1.1 * float(prices["price"].max()))
    theme.legend_above(ax)
    return ax


def _date_axis(ax: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))

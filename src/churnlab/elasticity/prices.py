"""From sales to prices: a product's price and quantity in each period, as one query on the engine."""

from datetime import date, timedelta
from typing import Literal

import pandas as pd

from churnlab.elasticity.changes import refuse_gaps, refuse_jumps
from churnlab.elasticity.sales import priced_sql, refuse_sales
from churnlab.errors import DataError, ParameterError
from churnlab.features import Period, observed_end
from churnlab.features.periods import after, check_period, start_sql
from churnlab.tables import Table, to_date
from churnlab.tables.dialects import DIALECTS

__all__ = ["EmptyPrice", "to_prices"]

EmptyPrice = Literal["last", "usual"]


def to_prices(
    sales: Table,
    *,
    period: Period = "week",
    store: str | None = None,
    attributes: tuple[str, ...] = ("category",),
    zeros: EmptyPrice | None = None,
    longest_gap: int | None = None,
    unpriced: Literal["refuse", "leave_out"] = "refuse",
    gaps: Literal["refuse", "keep"] = "refuse",
    largest_jump: float = 30.0,
    observed_from: str | date | None = None,
    observed_until: str | date | None = None,
) -> pd.DataFrame:
    """Return price and quantity of each product in each whole period (and store).

    Parameters
    ----------
    sales
        A table of ORDERS or SALES with `product` and `quantity`.
    period
        ``"week"`` (from Monday), ``"month"``, ``"quarter"`` or ``"year"``.
    store
        The column that says where a line was sold (say ``"channel"``); by default all places are pooled.
    attributes
        Columns that belong to the product and are carried along, such as ``("category", "brand")``; `category` is left
        out if the table has none.
    zeros
        Whether periods without a sale are made explicit, and what their price is: ``"last"`` carries the last price (and
        promoted share) forward, ``"usual"`` takes the product's median price, not promoted. By default only periods
        with a sale are returned, as models of log quantity need them.
    longest_gap
        With `zeros`: more periods in a row without a sale than this count as not on sale. By default a product was on
        sale from its first to its last sale (in that store).
    unpriced
        Whether lines without a product, a quantity or an amount are refused or left out.
    gaps
        Whether periods in which nothing at all was sold are refused, or taken for periods in which the shop was closed.
    largest_jump
        A price that goes up or down by this factor or more from one sale to the next is refused as a mixture of units.
    observed_from, observed_until
        The first day, and the day after the last, for which the table is complete; by default those of its rows. Periods
        that do not lie between them as a whole are left out.

    Returns
    -------
    DataFrame
        PRICES, in order of product, store and period: `product`, `store` (if asked for), `period` (its first day),
        `price` (amount over quantity), `quantity`, `promoted` (share of the quantity that had a discount; if the table
        has `discount`), the attributes, and with `zeros` also `price_carried`, whether the price is not one that was
        paid in that period.

    Raises
    ------
    DataError
        If the table lacks a column, a line has no price, periods are missing, an attribute of a product changes, prices
        jump, or no period is whole.
    ParameterError
        If an argument is out of range.

    Notes
    -----
    A unit value: the mean price weighted by quantity, so customers who wait for discounts pull it down in
    the very periods in which they buy much. Pooling stores mixes their prices; `store` keeps them apart. Sums are those
    of decimals, the same in whatever order the engine adds them.

    Examples
    --------
    >>> from churnlab import elasticity, tables
    >>> days = pd.date_range("2024-01-01", periods=14)
    >>> rows = pd.DataFrame({"date": days, "product": "tea", "quantity": 2.0, "amount": [5.0] * 7 + [4.0] * 7})
    >>> to_prices(tables.read(rows, elasticity.SALES))[["product", "period", "price", "quantity"]]
      product     period  price  quantity
    0     tea 2024-01-01    2.5      14.0
    1     tea 2024-01-08    2.0      14.0
    """
    refuse_sales(sales)
    _check(period, zeros, longest_gap, gaps, largest_jump)
    kept = _kept(sales, store, attributes)
    start, end = _observed(sales, observed_from, observed_until)
    first, last = _whole(start, end, period)
    lines = f"{priced_sql(sales, unpriced=unpriced)} AND {_between('date', first, last)}"
    if not sales.engine.rows(f"SELECT 1 FROM {sales.view} WHERE {lines} LIMIT 1"):
        raise DataError(
            f"No whole {period} of {sales.label} lies between {start.isoformat()} and {end.isoformat()}, or nothing was "
            "sold in it. Try a shorter period."
        )
    _refuse_changing(sales, kept, lines)
    keys = ["product", *(["store"] if store else [])]
    steps = _steps(sales, lines, period=period, store=store, kept=kept)
    panel = sales.engine.frame(_query(steps, keys, len(kept), zeros=zeros, longest_gap=longest_gap))
    panel = panel.rename(columns={f"attribute_{number}": name for number, name in enumerate(kept)})
    panel["period"] = pd.to_datetime(panel["period"]).astype("datetime64[us]")
    if gaps == "refuse":
        refuse_gaps(panel["period"], period)
    refuse_jumps(panel, largest=largest_jump)
    return panel


def _check(period: str, zeros: str | None, longest_gap: int | None, gaps: str, largest_jump: float) -> None:
    check_period(period, "period")
    if zeros not in (None, "last", "usual"):
        raise ParameterError(f"`zeros` must be None, 'last' or 'usual', not {zeros!r}.")
    if longest_gap is not None and (zeros is None or longest_gap < 1):
        raise ParameterError(f"`longest_gap` goes with `zeros` and must be 1 or more, not {longest_gap!r}.")
    if gaps not in ("refuse", "keep"):
        raise ParameterError(f"`gaps` must be 'refuse' or 'keep', not {gaps!r}.")
    if not largest_jump > 1:
        raise ParameterError(f"`largest_jump` must be above 1, not {largest_jump!r}.")


def _kept(sales: Table, store: str | None, attributes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attributes that the table has."""
    if isinstance(attributes, str):
        raise ParameterError(f"`attributes` must be a tuple of names, as ({attributes!r},).")
    columns = sales.columns
    kept = tuple(name for name in attributes if name in columns or name != "category")
    missing = [name for name in (*kept, *([store] if store else [])) if name not in columns]
    if missing:
        names = ", ".join(f"`{name}`" for name in columns)
        raise DataError(f"{sales.label} has no column {', '.join(f'`{name}`' for name in missing)}; it has {names}.")
    own = {"product", "store", "period", "price", "quantity", "promoted", "price_carried"} & set(kept)
    if own:
        raise ParameterError(f"`attributes` must not be named {', '.join(sorted(own))}, as columns of the result are.")
    return kept


def _observed(sales: Table, since: str | date | None, until: str | date | None) -> tuple[date, date]:
    start = to_date(since, "observed_from") if since is not None else None
    end = observed_end(sales, until)
    if start is None:
        start = sales.engine.rows(f"SELECT CAST(min(date) AS DATE) FROM {sales.view}")[0][0]
    if start >= end:
        raise ParameterError(f"`observed_until` {end.isoformat()} must lie after {start.isoformat()}.")
    return start, end


def _whole(start: date, end: date, period: str) -> tuple[date, date]:
    """Return the first day of the first whole period in [start, end), and the day after the last."""
    first = _begin(start, period)
    if first < start:
        first = after(pd.Series([pd.Timestamp(first)]), period)[0].date()
    return first, _begin(end, period)


def _begin(day: date, period: str) -> date:
    if period == "week":
        return day - timedelta(days=day.weekday())
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[period]
    return date(day.year, month, 1)


def _between(column: str, first: date, end: date) -> str:
    days = (f"TIMESTAMP '{day.isoformat()} 00:00:00'" for day in (first, end))
    return "{0} >= {1} AND {0} < {2}".format(column, *days)


def _refuse_changing(sales: Table, kept: tuple[str, ...], lines: str) -> None:
    quote = DIALECTS[sales.engine.dialect].quote
    for name in kept:
        query = (
            f"SELECT product, min({quote(name)}), max({quote(name)}) FROM {sales.view} WHERE {lines} "
            f"GROUP BY product HAVING min({quote(name)}) <> max({quote(name)})"
        )
        rows = sales.engine.rows(f"SELECT count(*) FROM ({query})")[0][0]
        if rows:
            product, low, high = sales.engine.rows(f"{query} ORDER BY product LIMIT 1")[0]
            raise DataError(
                f"`{name}` must be the same in all lines of a product: {rows:,} products break this (first: product "
                f"{product}: {low!r} and {high!r}). Try: correct it, or leave it out of `attributes`."
            )


def _steps(sales: Table, lines: str, *, period: str, store: str | None, kept: tuple[str, ...]) -> dict[str, str]:
    """Return the steps up to one row per product (and store) and period with a sale."""
    quote = DIALECTS[sales.engine.dialect].quote
    keys = ["product", *(["store"] if store else [])]
    place = [f"{quote(store)} AS store"] if store else []
    attributes = [f"{quote(name)} AS attribute_{number}" for number, name in enumerate(kept)]
    has_discount = "discount" in sales.columns
    discounted = ["CASE WHEN discount > 0 THEN CAST(quantity AS DECIMAL(24, 6)) ELSE 0 END AS discounted"]
    taken = [
        "product", *place, f"{start_sql('date', period)} AS period", "CAST(quantity AS DECIMAL(24, 6)) AS pieces",
        "CAST(amount AS DECIMAL(24, 4)) AS amount", *(discounted if has_discount else []), *attributes,
    ]  # fmt: skip
    pieces = "CAST(sum(pieces) AS DOUBLE)"
    sums = [
        f"CAST(sum(amount) AS DOUBLE) / {pieces} AS price", f"{pieces} AS quantity",
        *([f"CAST(sum(discounted) AS DOUBLE) / {pieces} AS promoted"] if has_discount else []),
        *(f"min(attribute_{number}) AS attribute_{number}" for number in range(len(kept))),
    ]  # fmt: skip
    return {
        "lines": f"SELECT {', '.join(taken)}\n    FROM {sales.view}\n    WHERE {lines}",
        "sold": f"SELECT {', '.join([*keys, 'period', *sums])}\n    FROM lines\n    GROUP BY {', '.join(keys)}, period",
    }


def _query(
    steps: dict[str, str], keys: list[str], attributes: int, *, zeros: str | None, longest_gap: int | None
) -> str:
    names = [f"attribute_{number}" for number in range(attributes)]
    promoted = ["promoted"] if "AS promoted" in steps["sold"] else []
    columns = [*keys, "period", "price", "quantity", *promoted]
    source = "sold"
    if zeros is not None:
        steps = {**steps, **_empty_steps(keys, columns, names, zeros=zeros, longest_gap=longest_gap)}
        source, names = "complete", [*names, "price_carried"]
    chain = ",\n".join(f"{name} AS (\n    {body}\n)" for name, body in steps.items())
    return f"WITH\n{chain}\nSELECT {', '.join([*columns, *names])}\nFROM {source}\nORDER BY {', '.join(keys)}, period"


def _empty_steps(
    keys: list[str], columns: list[str], attributes: list[str], *, zeros: str, longest_gap: int | None
) -> dict[str, str]:
    """Return the steps that put a row with quantity 0 between two sales of a product, for each period between them."""
    key = ", ".join(keys)
    usual = f"median(price) OVER (PARTITION BY {key})" if zeros == "usual" else "price"
    promoted = ["promoted" if zeros == "last" else "0.0e0 AS promoted"] if "promoted" in columns else []
    limit = "" if longest_gap is None else f" AND next_number - runs.number <= {longest_gap + 1}"
    filled = [*keys, "calendar.period", "usual AS price", "0.0e0 AS quantity", *promoted, *attributes]
    return {
        "calendar": "SELECT period, row_number() OVER (ORDER BY period) AS number\n    FROM (SELECT DISTINCT period FROM sold)",
        "runs": f"SELECT sold.*, number, {usual} AS usual,\n        lead(number) OVER (PARTITION BY {key} ORDER BY number) "
        "AS next_number\n    FROM sold JOIN calendar ON sold.period = calendar.period",
        "complete": f"SELECT {', '.join([*columns, *attributes])}, false AS price_carried\n    FROM sold\n    UNION ALL\n"
        f"    SELECT {', '.join(filled)}, true\n    FROM runs JOIN calendar ON calendar.number > runs.number AND "
        f"calendar.number < next_number{limit}",
    }

"""What a table of sales must hold before prices can be read off it, and which of its lines have no price."""

import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.tables import CONTRACTS, Contract, Table

__all__ = ["SALES", "priced_sql", "refuse_sales", "unpriced_lines"]

SALES = Contract(
    name="SALES",
    one_row="a line of sales",
    columns=tuple(column for column in CONTRACTS["ORDERS"].columns if column.name != "customer_id"),
    example={"date": "2024-03-05", "product": "1029743", "quantity": "2", "amount": "4.98"},
)
"""ORDERS without the customer: what a till records."""

_REASONS = (
    ("no product", "product IS NULL"),
    ("no quantity, or not above 0", "quantity IS NULL OR NOT quantity > 0"),
    ("amount of 0", "NOT amount > 0"),
)


def unpriced_lines(sales: Table) -> pd.DataFrame:
    """Count the lines of sales that have no price.

    Parameters
    ----------
    sales
        A table of ORDERS or :data:`SALES` with `product` and `quantity`.

    Returns
    -------
    DataFrame
        One row per reason, and one for all lines: `reason`, `lines`, `share_of_lines`, `amount`. A line with several
        reasons counts under the first.

    Raises
    ------
    DataError
        If the table has no column `product` or `quantity`.

    Examples
    --------
    >>> from churnlab import tables
    >>> rows = pd.DataFrame({"date": "2024-01-01", "product": ["a", "b"], "quantity": [2, 0], "amount": [5, 0]})
    >>> unpriced_lines(tables.read(rows, SALES))["lines"].tolist()
    [0, 1, 0, 2]
    """
    refuse_sales(sales)
    cases = " ".join(f"WHEN {condition} THEN {place}" for place, (_, condition) in enumerate(_REASONS))
    counts = sales.engine.frame(
        f"SELECT CASE {cases} ELSE {len(_REASONS)} END AS place, count(*) AS lines, CAST(sum(amount) AS DOUBLE) AS amount "
        f"FROM {sales.view} GROUP BY 1"
    ).set_index("place")
    found = counts.reindex(range(len(_REASONS))).fillna(0.0)
    found.loc[len(_REASONS)] = counts.sum()
    return pd.DataFrame(
        {
            "reason": [*(reason for reason, _ in _REASONS), "all lines"],
            "lines": found["lines"].astype("int64"),
            "share_of_lines": found["lines"] / counts["lines"].sum(),
            "amount": found["amount"],
        }
    ).reset_index(drop=True)


def refuse_sales(sales: Table) -> None:
    """Refuse a table that prices cannot be read off.

    Raises
    ------
    DataError
        If it is no table of sales, or has no column `product` or `quantity`.
    ParameterError
        If it is no table.
    """
    if not isinstance(sales, Table):
        raise ParameterError(
            f"A table of ORDERS or SALES is needed, not a {type(sales).__name__}. Try: tables.read(…, 'SALES')."
        )
    if sales.contract.name == "PRICES":
        raise DataError(f"{sales.label} is a table of PRICES already. Try: its to_frame().")
    if sales.contract.name not in ("ORDERS", "SALES"):
        raise DataError(f"Prices are read off ORDERS or SALES, not off {sales.contract.name}.")
    missing = [name for name in ("product", "quantity") if name not in sales.columns]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise DataError(
            f"A price takes an amount, a quantity and a product, but {sales.label} has no column {names}; it has "
            f'{", ".join(f"`{name}`" for name in sales.columns)}. Try: map it: columns = {{"{missing[0]}": …}}.'
        )


def priced_sql(sales: Table, *, unpriced: str) -> str:
    """Return the condition that a line has a price, once it is sure that those without may be left out.

    Raises
    ------
    DataError
        If lines without a price are to be refused, and there are some.
    ParameterError
        If `unpriced` is neither ``"refuse"`` nor ``"leave_out"``.
    """
    if unpriced not in ("refuse", "leave_out"):
        raise ParameterError(f"`unpriced` must be 'refuse' or 'leave_out', not {unpriced!r}.")
    wrong = " OR ".join(f"({condition})" for _, condition in _REASONS)
    if unpriced == "refuse":
        _refuse_unpriced(sales, wrong)
    return f"NOT ({wrong})"


def _refuse_unpriced(sales: Table, wrong: str) -> None:
    first = sales.engine.rows(
        f"SELECT product, CAST(date AS DATE), quantity, amount FROM {sales.view} WHERE {wrong} "
        "ORDER BY date, product LIMIT 1"
    )
    if not first:
        return
    counts = unpriced_lines(sales)
    pairs = zip(counts["reason"].iloc[:-1], counts["lines"].iloc[:-1], strict=True)
    kinds = [f"{lines:,} ({reason})" for reason, lines in pairs if lines]
    product, day, quantity, amount = first[0]
    raise DataError(
        f"A line of sales must have a product, and a quantity and an amount above 0: {counts['lines'].iloc[:-1].sum():,} of "
        f"{counts['lines'].iloc[-1]:,} lines break this: {', '.join(kinds)} (first by date: product {product}, "
        f"{day.isoformat()}, quantity {quantity}, amount {amount}). Try: look at them with unpriced_lines(), and leave "
        'them out with unpriced="leave_out".'
    )

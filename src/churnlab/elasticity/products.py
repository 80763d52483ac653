"""What is known of each product, for the table of its elasticity and for what goes with sensitivity."""

import numpy as np
import pandas as pd

from churnlab.elasticity.changes import read_panel
from churnlab.elasticity.columns import require_columns
from churnlab.errors import DataError, ParameterError

__all__ = ["describe_products", "leading_products", "to_traits"]


def describe_products(prices: pd.DataFrame, *, attributes: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return what is known of each product.

    Parameters
    ----------
    prices
        PRICES.
    attributes
        Columns that belong to the product, such as ``("category", "brand")``; an empty cell becomes ``"unknown"``.

    Returns
    -------
    DataFrame
        One row per product, in order: `product`, the attributes, `revenue` and `quantity` of all periods, `price_median` (over
        periods with a sale), and if there is a column `promoted`, `promoted_share` of the quantity.

    Raises
    ------
    DataError
        If the frame breaks the contract, has a product twice in a period, lacks an attribute, or an attribute of a product
        changes.

    Examples
    --------
    >>> prices = pd.DataFrame({"product": "tea", "period": pd.date_range("2024-01-01", periods=2), "price": [2, 3],
    ...                        "quantity": [10, 5], "category": "drink"})
    >>> describe_products(prices, attributes=("category",))[["category", "revenue", "price_median"]].to_numpy().tolist()
    [['drink', 35.0, 2.5]]
    """
    require_columns(prices, attributes)
    panel = read_panel(prices)
    sold = panel[panel["quantity"] > 0]
    groups = sold.assign(revenue=sold["price"] * sold["quantity"]).groupby("product")
    found = groups.agg(revenue=("revenue", "sum"), quantity=("quantity", "sum"), price_median=("price", "median"))
    if "promoted" in sold:
        offered = (sold["promoted"].astype(float) * sold["quantity"]).groupby(sold["product"]).sum()
        found["promoted_share"] = offered / found["quantity"]
    for place, name in enumerate(attributes):
        found.insert(place, name, _attribute(panel, name))
    return found.reset_index()


def _attribute(panel: pd.DataFrame, name: str) -> pd.Series:
    values = panel[name].astype(object).where(panel[name].notna(), "unknown").groupby(panel["product"])
    changing = values.nunique() > 1
    if changing.any():
        raise DataError(
            f"`{name}` must be the same in all rows of a product: {changing.sum():,} products break this (first: product "
            f"{changing.idxmax()}). Try: leave it out."
        )
    return values.first()


def to_traits(products: pd.DataFrame, *, attributes: tuple[str, ...] = (), least: int = 20) -> pd.DataFrame:
    """Return traits of products that their elasticities can be explained with.

    Parameters
    ----------
    products
        What :func:`describe_products` returns.
    attributes
        Its columns of text to use; values that fewer than `least` products have become ``"other"``.
    least
        Fewest products of a value.

    Returns
    -------
    DataFrame
        One row per product: `product`, the attributes that differ between products, `price_tenfold` (log to base 10 of the median
        price, less its mean: by how much a product ten times as dear differs) and, if it is known, `promoted_share`.

    Raises
    ------
    DataError
        If a column is missing.
    ParameterError
        If `least` is below 1.

    Examples
    --------
    >>> products = pd.DataFrame({"product": ["tea", "pie"], "price_median": [1.0, 100.0], "category": "food"})
    >>> to_traits(products, attributes=("category",)).to_numpy().tolist()
    [['tea', -1.0], ['pie', 1.0]]
    """
    require_columns(products, ("product", "price_median", *attributes))
    if least < 1:
        raise ParameterError(f"`least` must be 1 or more, not {least!r}.")
    level = np.log10(products["price_median"].astype(float))
    traits = pd.DataFrame({"product": products["product"]})
    for name in attributes:
        counts = products[name].map(products[name].value_counts())
        traits[name] = products[name].where(counts >= least, "other")
    traits["price_tenfold"] = level - level.mean()
    if "promoted_share" in products and products["promoted_share"].notna().all():
        traits["promoted_share"] = products["promoted_share"]
    differing = [name for name in traits if name == "product" or traits[name].nunique() > 1]
    return traits[differing]


def leading_products(
    products: pd.DataFrame, *, within: str | None = None, most: int = 8, least: int = 4
) -> pd.DataFrame:
    """Return the products with most revenue, out of the group with most revenue.

    Parameters
    ----------
    products
        What :func:`describe_products` returns.
    within
        The column of the groups. Groups of fewer than `least` products do not count; if there is no other, or no column is
        given, all products are one group.
    most
        How many products at most.
    least
        Fewest products of a group.

    Returns
    -------
    DataFrame
        Their rows, most revenue first.

    Raises
    ------
    DataError
        If a column is missing.
    ParameterError
        If `most` or `least` is below 1.

    Examples
    --------
    >>> products = pd.DataFrame({"product": ["tea", "pie", "ham"], "revenue": [3.0, 2.0, 4.0], "kind": ["x", "x", "y"]})
    >>> leading_products(products, within="kind", least=2)["product"].tolist()
    ['tea', 'pie']
    """
    require_columns(products, ("product", "revenue", *([within] if within else [])))
    if most < 1 or least < 1:
        raise ParameterError(f"`most` and `least` must be 1 or more, not {most!r} and {least!r}.")
    chosen = products
    if within is not None:
        groups = products.groupby(within)["revenue"].agg(["size", "sum"])
        groups = groups[groups["size"] >= least]
        if len(groups):
            chosen = products[products[within] == groups["sum"].idxmax()]
    return chosen.sort_values(["revenue", "product"], ascending=[False, True], ignore_index=True).head(most)

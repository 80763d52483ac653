"""A feature: a named SQL expression with its unit and its meaning."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

__all__ = ["Feature", "Grain", "dictionary", "flatten", "renamed"]

Grain = Literal["row", "day", "value", "followed", "referred", "customer"]
"""What the rows are that an expression is taken over: rows of the table as it came; days of a customer with a row;
values of a column that a customer has; rows with what followed them; customers whom the customer brought; or, for
``customer``, the customer's other features."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One number (or label) per customer.

    Attributes
    ----------
    name
        The column that it becomes.
    expression
        SQL: an aggregate over the rows of its grain that belong to one customer; of grain ``customer``, any expression
        of other features of the snapshot. Every row has `age`, the whole days from its date to as_of (1 is the day
        before), and a table with dates also `weekday` (1 is Monday) and `hour`. Rows of grain ``day`` have `age`,
        `amount`, `lines` and `gap` (days since the customer's day before); of grain ``value``: `value`, `n`, `most` (the
        largest n) and `total`; of grain ``followed`` also `days_to_order`, from the row to the customer's next order (0
        on the same day); of grain ``referred`` only `age`, that of the first order of who was brought. A target has
        `ahead` (0 is the first day of its window) in place of `age`.
    unit, meaning
        For the reader.
    table
        Name of the table, as it is given to the snapshot.
    grain
        What a row is.
    by
        Of grain ``value``: the column.
    otherwise
        SQL value for a customer without rows.
    """

    name: str
    expression: str
    unit: str
    meaning: str
    table: str = "orders"
    grain: Grain = "row"
    by: str = ""
    otherwise: str = "NULL"


def flatten(given: Iterable[Feature | Iterable[Feature]]) -> Iterator[Feature]:
    """Yield the features of a list that holds features and what builders return.

    Examples
    --------
    >>> one = Feature(name="n", expression="count(*)", unit="rows", meaning="rows")
    >>> [feature.name for feature in flatten([one, (one, one)])]
    ['n', 'n', 'n']
    """
    for part in given:
        if isinstance(part, Feature):
            yield part
        else:
            yield from part


def renamed(features: Iterable[Feature], prefix: str) -> tuple[Feature, ...]:
    """Return features whose names begin with `prefix`, to use a builder on two tables."""
    return tuple(replace(feature, name=f"{prefix}{feature.name}") for feature in features)


def dictionary(features: Iterable[Feature]) -> pd.DataFrame:
    """Return the feature dictionary: one row per feature, `name, unit, meaning, table, expression`.

    Examples
    --------
    >>> dictionary([Feature(name="n", expression="count(*)", unit="rows", meaning="rows")])["meaning"].tolist()
    ['rows']
    """
    columns = ("name", "unit", "meaning", "table", "expression")
    rows = [[getattr(feature, column) for column in columns] for feature in features]
    return pd.DataFrame(rows, columns=list(columns))

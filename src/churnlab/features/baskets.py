"""What customers buy, where, when and at what price: builders on the rows of the table of orders."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from churnlab.errors import ParameterError
from churnlab.features.feature import Feature

__all__ = ["calendar", "discounts", "first_order", "preference", "shares"]


def shares(column: str, values: Sequence[Any]) -> tuple[Feature, ...]:
    """Return the shares of rows with each of some values of a column, say of the channels web and shop.

    Parameters
    ----------
    column
        Of the table of orders.
    values
        The values, a list; rows without a value do not count.

    Returns
    -------
    tuple of Feature
        `column_value_share` for each value: in small letters without accents, others by their numbers in Unicode, and
        `_` for everything else.

    Raises
    ------
    ParameterError
        If the values are no list.

    Examples
    --------
    >>> [feature.name for feature in shares("channel", ["Web", "Télé-achat", 7])]
    ['channel_web_share', 'channel_tele_achat_share', 'channel_7_share']
    """
    if isinstance(values, str):
        raise ParameterError(f"`values` must be a list, as in [{values!r}].")
    return tuple(
        Feature(
            name=f"{column}_{_slug(str(value))}_share",
            expression=f"1.0e0 * sum(CASE WHEN {column} = {_text(str(value))} THEN 1 ELSE 0 END) / nullif(count({column}), 0)",
            unit="share",
            meaning=f"share of rows whose {column} is {value}",
        )
        for value in values
    )


def _slug(value: str) -> str:
    plain = (letter for letter in unicodedata.normalize("NFKD", value.lower()) if not unicodedata.combining(letter))
    return "".join(
        letter if letter.isascii() and letter.isalnum() else f"u{ord(letter):x}" if letter.isalnum() else "_"
        for letter in plain
    )


def _text(value: str) -> str:
    """Text in SQL, with a backslash by its number: engines read it differently between quotes."""
    quoted = "'" + value.replace("'", "''").replace("\\", "' || chr(92) || '") + "'"
    return f"({quoted})" if "\\" in value else quoted


def preference(column: str) -> tuple[Feature, ...]:
    """Return which value of a column a customer prefers, and how strongly: of category, brand or channel, say.

    Parameters
    ----------
    column
        Of the table of orders.

    Returns
    -------
    tuple of Feature
        `column_main` (the most frequent value; of several the first in the alphabet), `column_main_share`,
        `column_tried` (number of values), `column_entropy` (in nats; 0 is one value only).
    """
    common = {"grain": "value", "by": column}
    return (
        Feature(
            name=f"{column}_main",
            expression="min(CASE WHEN n = most THEN value END)",
            unit="label",
            meaning=f"most frequent {column}",
            **common,  # type: ignore[arg-type]
        ),
        Feature(
            name=f"{column}_main_share",
            expression="1.0e0 * max(n) / sum(n)",
            unit="share",
            meaning=f"share of the most frequent {column}",
            **common,  # type: ignore[arg-type]
        ),
        Feature(
            name=f"{column}_tried",
            expression="count(*)",
            unit="values",
            meaning=f"number of different values of {column}",
            otherwise="0",
            **common,  # type: ignore[arg-type]
        ),
        Feature(
            name=f"{column}_entropy",
            expression="-sum(1.0e0 * n / total * ln(1.0e0 * n / total))",
            unit="nats",
            meaning=f"entropy of {column}: 0 if always the same",
            **common,  # type: ignore[arg-type]
        ),
    )


def calendar() -> tuple[Feature, ...]:
    """Return when in the week and in the day.

    Returns
    -------
    tuple of Feature
        `weekend_share`, `evening_share` (from 18:00; 0 where the table has no times).
    """
    return (
        Feature(
            name="weekend_share",
            expression="1.0e0 * sum(CASE WHEN weekday >= 6 THEN 1 ELSE 0 END) / count(*)",
            unit="share",
            meaning="share of rows on Saturday or Sunday",
        ),
        Feature(
            name="evening_share",
            expression="1.0e0 * sum(CASE WHEN hour >= 18 THEN 1 ELSE 0 END) / count(*)",
            unit="share",
            meaning="share of rows from 18:00 on",
        ),
    )


def discounts() -> tuple[Feature, ...]:
    """Return how much is bought for the price: on discount. Needs the column `discount`.

    Returns
    -------
    tuple of Feature
        `discounted_share` of rows, `discount_rate` of money.
    """
    return (
        Feature(
            name="discounted_share",
            expression="1.0e0 * sum(CASE WHEN discount > 0 THEN 1 ELSE 0 END) / count(*)",
            unit="share",
            meaning="share of rows bought on discount",
        ),
        Feature(
            name="discount_rate",
            expression="CAST(sum(discount) AS DOUBLE) / nullif(CAST(sum(amount) + sum(discount) AS DOUBLE), 0)",
            unit="share",
            meaning="discounts, as a share of the money that would have been spent without them",
        ),
    )


def first_order(*columns: str) -> tuple[Feature, ...]:
    """Return what the first order was like.

    Parameters
    ----------
    columns
        Of the table of orders: `channel`, `category`, …; of several values that day the first in the alphabet.

    Returns
    -------
    tuple of Feature
        `first_amount` and `first_column` for each.
    """
    amount = Feature(
        name="first_amount",
        grain="day",
        expression="max_by(CAST(amount AS DOUBLE), age)",
        unit="currency",
        meaning="amount of the first order",
    )
    return (
        amount,
        *(
            Feature(
                name=f"first_{column}",
                grain="value",
                by=column,
                expression="min(CASE WHEN first_age = oldest THEN value END)",
                unit="label",
                meaning=f"{column} of the first order",
            )
            for column in columns
        ),
    )

"""What else is known of customers: trouble, use, answers, attributes."""

from churnlab.errors import ParameterError
from churnlab.features.feature import Feature
from churnlab.features.units import require_whole

__all__ = ["survey", "trouble", "use", "who"]


def trouble() -> tuple[Feature, ...]:
    """Return complaints and returns, from a table of CASES and one of ORDERS.

    Returns
    -------
    tuple of Feature
        `complaints`, `returns`, `cases_per_order`, `days_to_resolve`, `resolved_share`, `last_resolution`,
        `case_recency_days`, `ordered_since_case`. What was resolved on as_of or later is not yet known. The column `kind`
        says ``complaint`` or ``return``, in small letters or capitals; cases of other kinds are in `cases` alone.
    """
    return (
        _case("complaints", _count("lower(kind) = 'complaint'"), "cases", "complaints", otherwise="0"),
        _case("returns", _count("lower(kind) = 'return'"), "cases", "returns", otherwise="0"),
        _case("cases", "count(*)", "cases", "complaints and returns of every kind", otherwise="0"),
        _case("days_to_resolve", "avg(1.0e0 * (age - resolved_age))", "days", "mean time to resolve a case"),
        _case(
            "resolved_share", "1.0e0 * count(resolved_age) / count(*)", "share", "share of cases resolved before as_of"
        ),
        _case(
            "last_resolution",
            "min_by(resolution, CASE WHEN resolved_age IS NOT NULL AND resolution IS NOT NULL THEN (age, resolution) END)",
            "label",
            "outcome of the last case that was resolved; of several that day the first in the alphabet",
        ),
        _case("case_recency_days", "min(age)", "days", "days since the last case"),
        Feature(
            name="cases_per_order",
            grain="customer",
            expression="1.0e0 * cases / nullif(orders, 0)",
            unit="cases per order",
            meaning="complaints and returns per order",
        ),
        Feature(
            name="ordered_since_case",
            grain="customer",
            expression="CASE WHEN case_recency_days IS NULL THEN NULL WHEN recency_days < case_recency_days THEN 1 ELSE 0 END",
            unit="flag",
            meaning="whether an order followed the last case",
        ),
    )


def _case(name: str, expression: str, unit: str, meaning: str, otherwise: str = "NULL") -> Feature:
    return Feature(name=name, expression=expression, unit=unit, meaning=meaning, table="cases", otherwise=otherwise)


def _count(condition: str) -> str:
    return f"CAST(sum(CASE WHEN {condition} THEN 1 ELSE 0 END) AS BIGINT)"


def use(window: int = 30) -> tuple[Feature, ...]:
    """Return how much a product or service is used, from a table of USAGE.

    Parameters
    ----------
    window
        Length in days of the window that change is measured over.

    Returns
    -------
    tuple of Feature
        `active_days_w`, `use_w`, `use_change_w`, `use_recency_days`.

    Raises
    ------
    ParameterError
        If the window is no whole number of days, 1 or more.
    """
    window = require_whole("window", window)
    last, before = f"age <= {window}", f"age > {window} AND age <= {2 * window}"
    return (
        Feature(
            name=f"active_days_{window}",
            table="usage",
            grain="row",
            expression=f"count(DISTINCT CASE WHEN {last} THEN age END)",
            unit="days",
            meaning=f"days with use in the last {window} days",
            otherwise="0",
        ),
        Feature(
            name=f"use_{window}",
            table="usage",
            expression=f"sum(CASE WHEN {last} THEN quantity ELSE 0.0e0 END)",
            unit="use",
            meaning=f"use in the last {window} days",
            otherwise="0",
        ),
        Feature(
            name=f"use_change_{window}",
            table="usage",
            expression=f"sum(CASE WHEN {last} THEN quantity WHEN {before} THEN -quantity ELSE 0.0e0 END)",
            unit="use",
            meaning=f"use in the last {window} days, less that in the {window} days before",
            otherwise="0",
        ),
        Feature(
            name="use_recency_days",
            table="usage",
            expression="min(age)",
            unit="days",
            meaning="days since the last use",
        ),
    )


def survey(scale: tuple[int, int] = (6, 8)) -> tuple[Feature, ...]:
    """Return the last answers of a customer, from a table of ANSWERS with `customer_id`, `date` and `recommend`.

    Parameters
    ----------
    scale
        Where the groups end: detractors up to the first number, promoters above the second (on 0 to 10: 6 and 8).

    Returns
    -------
    tuple of Feature
        `outcome_last`, `recommend_last`, `recommend_change` (last less first), `nps_group`, `answer_recency_days`. Of
        several answers on a day the lowest counts.

    Raises
    ------
    ParameterError
        If the scale is no two numbers of which the first is the lower.
    """
    if isinstance(scale, str) or len(scale) != 2 or not scale[0] <= scale[1]:
        raise ParameterError(f"`scale` must be where detractors and passives end, as in (6, 8), not {scale!r}.")
    low, high = scale
    last = _last("recommend")
    first = "max_by(recommend, CASE WHEN recommend IS NOT NULL THEN (age, -recommend) END)"
    group = f"CASE WHEN {last} <= {low} THEN 'detractor' WHEN {last} <= {high} THEN 'passive' WHEN {last} > {high} THEN 'promoter' END"
    return (
        _answer("outcome_last", _last("outcome"), "points", "last outcome"),
        _answer("recommend_last", last, "points", "last likelihood to recommend"),
        _answer("recommend_change", f"{last} - {first}", "points", "last likelihood to recommend, less the first"),
        _answer(
            "nps_group",
            group,
            "label",
            f"detractor (up to {low}), passive, promoter (above {high}), by the last answer",
        ),
        _answer("answer_recency_days", "min(age)", "days", "days since the last answer"),
    )


def _last(column: str) -> str:
    """Last value of a column, the lowest of several that day; condition and tie are spelt out, as engines differ."""
    return f"min_by({column}, CASE WHEN {column} IS NOT NULL THEN (age, {column}) END)"


def _answer(name: str, expression: str, unit: str, meaning: str) -> Feature:
    return Feature(name=name, expression=expression, unit=unit, meaning=meaning, table="answers")


def who(*columns: str) -> tuple[Feature, ...]:
    """Return attributes from a table of CUSTOMERS.

    Parameters
    ----------
    columns
        Of the table of customers. They are taken as they stand: name only what does not change (year of birth, channel
        of acquisition), since a table that is overwritten knows the future.

    Returns
    -------
    tuple of Feature
        One for each column, of its name.
    """
    return tuple(
        Feature(
            name=column,
            table="customers",
            expression=f"min({column})",
            unit="as given",
            meaning=f"{column}, taken not to change",
        )
        for column in columns
    )

"""The ten table contracts: what one row is, which columns it has, and the rules they keep."""

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from churnlab.errors import ParameterError
from churnlab.tables.contract import Column, Contract, Kind, Rule

__all__ = ["CONTRACTS", "find_contract"]


def _required(name: str, kind: Kind, meaning: str, **rules: Any) -> Column:
    return Column(name=name, kind=kind, meaning=meaning, required=True, **rules)


def _optional(name: str, kind: Kind, meaning: str, *, nullable: bool = True, **rules: Any) -> Column:
    return Column(name=name, kind=kind, meaning=meaning, nullable=nullable, **rules)


_CUSTOMER = _required("customer_id", "key", "who")

ORDERS = Contract(
    name="ORDERS",
    one_row="an order or an order line",
    columns=(
        _CUSTOMER,
        _required("date", "date", "when it was ordered"),
        _required("amount", "money", "what was paid", unit="currency", minimum=0),
        _optional("order_id", "key", "the order that a line belongs to"),
        _optional("product", "key", "what was bought"),
        _optional("category", "text", "the group that the product belongs to"),
        _optional("channel", "text", "where it was bought"),
        _optional("quantity", "number", "how many were bought", unit="pieces"),
        _optional("unit_price", "money", "price of one piece", unit="currency", minimum=0),
        _optional("discount", "money", "taken off the price", unit="currency", minimum=0),
        _optional("returned", "flag", "whether it came back"),
    ),
    example={"customer_id": "00001", "date": "1997-01-01", "amount": "11.77", "quantity": "1"},
)

SUBSCRIPTIONS = Contract(
    name="SUBSCRIPTIONS",
    one_row="a contract with a customer",
    columns=(
        _CUSTOMER,
        _required("start", "date", "first day of the contract"),
        _required("end", "date", "day on which it ended; empty while it is active", nullable=True),
        _optional("reason", "text", "why it ended"),
        _optional("plan", "text", "what was subscribed to"),
        _optional("price", "money", "price per period", unit="currency", minimum=0),
    ),
    example={"customer_id": "C-17", "start": "2023-02-01", "end": "2024-01-31", "reason": "moved away"},
    rules=(Rule(sentence="`end` must not lie before `start`", condition='"end" >= "start"', columns=("start", "end")),),
)

SPELLS = Contract(
    name="SPELLS",
    one_row="a customer's time at risk",
    columns=(
        _required("duration", "number", "time until the end or until last seen", unit="time", above=0),
        _required("churned", "flag", "whether it ended; no means still there when last seen"),
        _optional("entry", "number", "time at which observation began (late entry)", unit="time", minimum=0),
        _optional("reason", "text", "why it ended"),
        _optional("weight", "number", "how many like this", above=0, nullable=False),
    ),
    example={"duration": "14", "churned": "true", "entry": "0", "reason": "moved away"},
    rules=(
        Rule(
            sentence="`entry` must lie before `duration`",
            condition='"entry" < "duration"',
            columns=("entry", "duration"),
        ),
    ),
)

RFM = Contract(
    name="RFM",
    one_row="a customer, or a group of like ones",
    columns=(
        _required("frequency", "count", "repeat orders: days with an order, less the first", minimum=0),
        _required("recency", "number", "age at the last order", unit="time", minimum=0),
        _required("T", "number", "age at the end of observation", unit="time", minimum=0),
        _optional("monetary_value", "number", "mean amount of the repeat orders", unit="currency", minimum=0),
        _optional("weight", "number", "how many customers like this", above=0, nullable=False),
    ),
    example={"frequency": "2", "recency": "30.43", "T": "38.86", "monetary_value": "22.35"},
    rules=(
        Rule(
            sentence="`recency` must not exceed `T`",
            condition='"recency" <= "T" * (1 + 1e-12)',
            columns=("recency", "T"),
            advice="recency is the age at the last order, not the time since it (which is T - recency)",
        ),
        Rule(
            sentence="`recency` must be 0 where `frequency` is 0, and above 0 elsewhere",
            condition='("frequency" = 0) = ("recency" = 0)',
            columns=("frequency", "recency"),
            advice="recency is counted from the first order, and frequency leaves the first order out",
        ),
    ),
)

PRICES = Contract(
    name="PRICES",
    one_row="a product in a period (and a store)",
    columns=(
        _required("product", "key", "what was sold"),
        _required("period", "date", "first day of the period"),
        _required("price", "number", "price paid for one piece", unit="currency", above=0),
        _required("quantity", "number", "how many were sold", unit="pieces", minimum=0),
        _optional("store", "key", "where it was sold"),
        _optional("category", "text", "the group that the product belongs to"),
        _optional("promoted", "number", "share of the sales that was promoted", minimum=0),
        _optional("cost", "number", "cost of one piece", unit="currency", minimum=0),
        _optional("rival_price", "number", "price of the nearest rival", unit="currency", above=0),
    ),
    example={"product": "1029743", "period": "2017-01-02", "price": "2.49", "quantity": "311", "store": "367"},
)

ANSWERS = Contract(
    name="ANSWERS",
    one_row="a filled-in questionnaire",
    columns=(
        _required("respondent_id", "key", "who answered"),
        _required("outcome", "number", "the answer to be explained, say overall satisfaction", nullable=True),
        _optional("recommend", "number", "likelihood to recommend", minimum=0),
        _optional("wave", "text", "when it was asked, as a label"),
        _optional("segment", "text", "the group that the respondent belongs to"),
        _optional("weight", "number", "survey weight", above=0, nullable=False),
        _optional("comment", "text", "the open answer"),
        _optional("customer_id", "key", "the customer, to join with orders"),
        _optional("date", "date", "when it was answered"),
    ),
    example={"respondent_id": "1", "outcome": "8", "recommend": "9", "wave": "2024-1"},
)

CASES = Contract(
    name="CASES",
    one_row="a complaint or a return",
    columns=(
        _CUSTOMER,
        _required("date", "date", "when it was raised"),
        _required("kind", "text", "complaint or return"),
        _optional("reason", "text", "what it was about"),
        _optional("product", "key", "the product concerned"),
        _optional("resolved", "date", "when it was resolved; empty while open"),
        _optional("resolution", "text", "how it was resolved"),
    ),
    example={"customer_id": "C-17", "date": "2024-03-05", "kind": "complaint", "resolved": "2024-03-09"},
    rules=(
        Rule(
            sentence="`resolved` must not lie before `date`",
            condition='"resolved" >= "date"',
            columns=("resolved", "date"),
        ),
    ),
)

USAGE = Contract(
    name="USAGE",
    one_row="use on a day",
    columns=(
        _CUSTOMER,
        _required("date", "date", "the day"),
        _required("quantity", "number", "how much was used", minimum=0),
        _optional("kind", "text", "what was used"),
    ),
    example={"customer_id": "C-17", "date": "2024-03-05", "quantity": "3", "kind": "login"},
)

OFFERS = Contract(
    name="OFFERS",
    one_row="a customer reached with an offer, or held out",
    columns=(
        _CUSTOMER,
        _required("date", "date", "when"),
        _required("treated", "flag", "whether the customer was reached; no means held out"),
        _optional("offer", "text", "which offer"),
        _optional("propensity", "number", "probability of being reached", above=0, below=1),
        _optional("cost", "money", "what it cost", unit="currency", minimum=0),
    ),
    example={"customer_id": "C-17", "date": "2024-03-05", "treated": "true", "offer": "SPRING10"},
)

CUSTOMERS = Contract(
    name="CUSTOMERS",
    one_row="a customer",
    columns=(
        _CUSTOMER,
        _optional("age", "number", "age", unit="years", minimum=0),
        _optional("gender", "text", "gender"),
        _optional("region", "text", "where the customer lives"),
        _optional("income", "number", "income", unit="currency"),
        _optional("acquisition_channel", "text", "how the customer was won"),
        _optional("referred_by", "key", "the customer who brought this one; empty where nobody did"),
    ),
    example={
        "customer_id": "C-17",
        "age": "42",
        "region": "North",
        "acquisition_channel": "referral",
        "referred_by": "C-05",
    },
    rules=(
        Rule(
            sentence="`referred_by` must be another customer",
            condition='CAST("referred_by" AS STRING) <> CAST("customer_id" AS STRING)',
            columns=("referred_by", "customer_id"),
            advice="leave it empty where nobody referred the customer",
        ),
    ),
    unique="customer_id",
)

CONTRACTS: Mapping[str, Contract] = MappingProxyType(
    {
        contract.name: contract
        for contract in (
            ORDERS,
            SUBSCRIPTIONS,
            SPELLS,
            RFM,
            PRICES,
            ANSWERS,
            CASES,
            USAGE,
            OFFERS,
            CUSTOMERS,
        )
    }
)


def find_contract(name: str) -> Contract:
    """Return the contract of that name, in upper or lower case.

    Raises
    ------
    ParameterError
        If there is none; it names the nearest.

    Examples
    --------
    >>> find_contract("orders").one_row
    'an order or an order line'
    """
    if not isinstance(name, str):
        raise ParameterError(f"`contract` must be one of {', '.join(CONTRACTS)}, not {name!r}.")
    if name.upper() in CONTRACTS:
        return CONTRACTS[name.upper()]
    near = difflib.get_close_matches(name.upper(), CONTRACTS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(CONTRACTS)}."
    raise ParameterError(f"There is no contract {name!r}: {hint}")

"""One row per customer: still there, buying again, worth how much; and whom to look at first."""

import numpy as np
import pandas as pd

from churnlab.errors import DataError
from churnlab.features import Unit
from churnlab.repurchase.gamma_gamma import GammaGammaFit
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.repurchase.value import customer_lifetime_value

__all__ = ["group_customers", "p_alive_grid", "to_customers"]

_GROUPS = ("one order so far", "probably gone", "in doubt", "still buying")
_DOUBT = (0.2, 0.8)


def to_customers(
    orders: TransactionFit,
    amounts: GammaGammaFit,
    rfm: pd.DataFrame,
    *,
    horizon: float,
    unit: Unit = "week",
    discount_rate: float = 0.1,
    margin: float = 1.0,
) -> pd.DataFrame:
    """Return what the models say of each customer.

    Parameters
    ----------
    orders, amounts, rfm, horizon, unit, discount_rate, margin
        As in :func:`customer_lifetime_value`.

    Returns
    -------
    DataFrame
        The rows of `rfm` in the same order, with `p_alive`, `probability_of_order`, `expected_orders`,
        `expected_amount` (per order), `lifetime_value`, `value_in_doubt` and `group`.

    Raises
    ------
    DataError
        If the frame breaks the contract or has no `monetary_value`.
    ParameterError
        If the horizon or the rate is negative, the margin is not in (0, 1], or the unit is unknown.

    Notes
    -----
    `value_in_doubt` is `lifetime_value` × (1 - `p_alive`), an index to rank customers by and not a sum to be lost: it is
    largest where much is expected of a customer who may well be gone already, and small both for those who surely stay
    and for those who surely left. The groups: one order
    so far; among repeat buyers P(alive) below 0.2, up to 0.8, above.
    """
    alive = orders.p_alive(rfm)
    value = customer_lifetime_value(
        orders, amounts, rfm, horizon=horizon, unit=unit, discount_rate=discount_rate, margin=margin
    )
    group = np.where(rfm["frequency"] == 0, 0, 1 + np.searchsorted(_DOUBT, alive))
    return rfm.assign(
        p_alive=alive,
        probability_of_order=orders.probability_of_order(rfm, horizon=horizon),
        expected_orders=orders.expected_orders(rfm, horizon=horizon),
        expected_amount=amounts.expected_amount(rfm),
        lifetime_value=value,
        value_in_doubt=value * (1 - alive),
        group=pd.Categorical.from_codes(group.tolist(), categories=pd.Index(_GROUPS), ordered=True),
    )


def group_customers(customers: pd.DataFrame) -> pd.DataFrame:
    """Sum up customers by group.

    Parameters
    ----------
    customers
        What :func:`to_customers` returns.

    Returns
    -------
    DataFrame
        One row per group: `group`, `customers`, `silent_for` (mean time since the last order), `p_alive` (mean),
        `probability_of_order` (mean), `expected_orders` (sum), `lifetime_value` (sum), `share_of_value`,
        `value_in_doubt` (sum). All groups are there, also those without customers.

    Raises
    ------
    DataError
        If rows stand for several customers.
    """
    frame = customers.assign(silent_for=customers["T"] - customers["recency"])
    if "weight" in frame and (frame["weight"] != 1).any():
        raise DataError("Groups are of single customers, but rows have a weight. Try: features.to_rfm.")
    table = frame.groupby("group", observed=False).agg(
        customers=("group", "size"),
        silent_for=("silent_for", "mean"),
        p_alive=("p_alive", "mean"),
        probability_of_order=("probability_of_order", "mean"),
        expected_orders=("expected_orders", "sum"),
        lifetime_value=("lifetime_value", "sum"),
        value_in_doubt=("value_in_doubt", "sum"),
    )
    table.insert(6, "share_of_value", table["lifetime_value"] / table["lifetime_value"].sum())
    return table.reset_index().astype({"group": str})


def p_alive_grid(orders: TransactionFit, rfm: pd.DataFrame, *, steps: int = 40) -> pd.DataFrame:
    """Return P(alive) of customers of the greatest age, for each number of repeat orders and age at the last one.

    Parameters
    ----------
    orders
        A fitted model of orders.
    rfm
        The customers, whose greatest `T` and usual frequencies (up to the 99th percentile of repeat buyers, 5 at least)
        bound the grid.
    steps
        Number of steps in recency.

    Returns
    -------
    DataFrame
        `frequency`, `recency`, `p_alive`: one row per cell.

    Raises
    ------
    DataError
        If `rfm` breaks its contract, or nobody has ordered again.
    """
    repeat = rfm.loc[rfm["frequency"] > 0, "frequency"]
    if repeat.empty:
        raise DataError("Nobody has ordered again, so that there is no P(alive) to map.")
    frequency = pd.RangeIndex(1, max(5, int(repeat.quantile(0.99))) + 1)
    recency = pd.Index(np.linspace(0, rfm["T"].max(), steps + 1)[1:])
    cells = pd.MultiIndex.from_product([frequency, recency], names=["frequency", "recency"]).to_frame(index=False)
    return cells.assign(p_alive=orders.p_alive(cells.assign(T=rfm["T"].max())))

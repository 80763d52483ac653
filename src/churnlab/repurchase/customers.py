"""One row per customer: still there, buying again, worth how much; and whom to look at first."""

import numpy as np
import pandas as pd

from churnlab.errors import DataError, ParameterError
from churnlab.features import Unit
from churnlab.repurchase.assumptions import warn_of_assumptions
from churnlab.repurchase.gamma_gamma import GammaGammaFit
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.repurchase.value import lifetime_value_limits

__all__ = ["customers_to_act_on", "group_customers", "p_alive_grid", "to_customers"]

_GROUPS = ("one order so far", "probably gone", "in doubt", "still buying")
_DOUBT = (0.2, 0.8)
_IN_DOUBT = ("value_in_doubt", "orders_in_doubt")


def to_customers(
    orders: TransactionFit,
    amounts: GammaGammaFit | None,
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
        As in :func:`customer_lifetime_value`; without a model of amounts (None) there is no money.

    Returns
    -------
    DataFrame
        The rows of `rfm` in the same order, with `p_alive`, `probability_of_order`, `expected_orders`,
        `expected_amount` (per order), `lifetime_value` with its limits `value_low` and `value_high`, `value_in_doubt`
        and `group`. Without a model of amounts, `orders_in_doubt` stands in place of the columns of money.

    Raises
    ------
    DataError
        If the frame breaks the contract or has no `monetary_value`.
    ParameterError
        If the horizon or the rate is negative, the margin is not in (0, 1], or the unit is unknown.

    Warns
    -----
    UserWarning
        Of each assumption that :func:`check_assumptions` finds not to hold.

    Notes
    -----
    `value_in_doubt` is `lifetime_value` × (1 - `p_alive`), an index to rank customers by and not a sum to be lost: it is
    largest where much is expected of a customer who may well be gone already, and small both for those who surely stay
    and for those who surely left. The groups: one order
    so far; among repeat buyers P(alive) below 0.2, up to 0.8, above.
    """
    warn_of_assumptions(orders, amounts, rfm)
    said = orders.predict(rfm, horizon=horizon)
    alive = said["p_alive"].to_numpy()
    group = np.where(rfm["frequency"] == 0, 0, 1 + np.searchsorted(_DOUBT, alive))
    known = rfm.assign(p_alive=alive, probability_of_order=said["probability"], expected_orders=said["estimate"])
    groups = pd.Categorical.from_codes(group.tolist(), categories=pd.Index(_GROUPS), ordered=True)
    if amounts is None:
        return known.assign(orders_in_doubt=said["estimate"] * (1 - alive), group=groups)
    value = lifetime_value_limits(
        orders, amounts, rfm, horizon=horizon, unit=unit, discount_rate=discount_rate, margin=margin
    )
    return known.assign(
        expected_amount=amounts.expected_amount(rfm),
        lifetime_value=value["estimate"],
        value_low=value["conf_low"],
        value_high=value["conf_high"],
        value_in_doubt=value["estimate"] * (1 - alive),
        group=groups,
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
        `value_in_doubt` (sum). All groups are there, also those without customers. Without money, the columns of money are not
        there, and `orders_in_doubt` (sum) is.

    Raises
    ------
    DataError
        If rows stand for several customers, or the frame is not what :func:`to_customers` returns.
    """
    _require(customers, "group")
    frame = customers.assign(silent_for=customers["T"] - customers["recency"])
    if "weight" in frame and (frame["weight"] != 1).any():
        raise DataError("Groups are of single customers, but rows have a weight. Try: features.to_rfm.")
    sums = [name for name in ("expected_orders", "lifetime_value", *_IN_DOUBT) if name in frame]
    table = frame.groupby("group", observed=False).agg(
        customers=("group", "size"),
        silent_for=("silent_for", "mean"),
        p_alive=("p_alive", "mean"),
        probability_of_order=("probability_of_order", "mean"),
        **{name: (name, "sum") for name in sums},
    )
    if "lifetime_value" in frame:
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


def customers_to_act_on(customers: pd.DataFrame, *, most: int) -> pd.DataFrame:
    """List the customers to look at first: those in doubt, most expected of them first.

    Parameters
    ----------
    customers
        What :func:`to_customers` returns, with a `customer_id`.
    most
        Length of the list at most.

    Returns
    -------
    DataFrame
        Rows of the group ``in doubt`` with the most `value_in_doubt` (without money, `orders_in_doubt`); equal ones in
        order of `customer_id`.

    Raises
    ------
    DataError
        If there is no `customer_id`, or the frame is not what :func:`to_customers` returns.
    ParameterError
        If `most` is below 1.
    """
    if most < 1:
        raise ParameterError(f"`most` must be 1 or more, not {most!r}.")
    _require(customers, "group", "customer_id")
    doubt = next(name for name in _IN_DOUBT if name in customers)
    chosen = customers[customers["group"] == "in doubt"]
    return chosen.sort_values([doubt, "customer_id"], ascending=[False, True], ignore_index=True).head(most)


def _require(customers: pd.DataFrame, *names: str) -> None:
    missing = [name for name in names if name not in customers]
    if missing:
        raise DataError(
            f"The customers have no column {' and no '.join(f'`{name}`' for name in missing)}. Try: repurchase.to_customers, of an "
            "RFM frame with `customer_id`."
        )

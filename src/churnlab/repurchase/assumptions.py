"""Whether what the models take for granted holds in the data."""

import warnings

import numpy as np
import pandas as pd

from churnlab.errors import DataError
from churnlab.inference import normal_quantile
from churnlab.repurchase.gamma_gamma import GammaGammaFit
from churnlab.repurchase.history import to_history
from churnlab.repurchase.transaction_fit import TransactionFit

__all__ = ["amount_frequency_correlation", "check_assumptions", "warn_of_assumptions"]

_RELATED = 0.2
"""A correlation surely beyond this misjudges the value of frequent buyers by so much that it is worth a warning."""
_UNSURE = 1.0
_EXTREME = 1e3


def amount_frequency_correlation(rfm: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Correlate how often repeat buyers order with how much they pay: unrelated, as the Gamma-Gamma model has it.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM, with `monetary_value`.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row, `term, estimate, std_error, conf_low, conf_high`: Pearson's correlation of the logarithms over repeat
        buyers, with limits by Fisher's z.

    Raises
    ------
    DataError
        If there are fewer than five repeat buyers with an amount above 0.
    ParameterError
        If the level is not between 0 and 1.

    Examples
    --------
    >>> from churnlab import datasets, features
    >>> rfm = features.to_rfm(datasets.load_cdnow_sample(), as_of="1997-10-01")
    >>> amount_frequency_correlation(rfm)["estimate"].round(2).tolist()
    [0.19]
    """
    history = to_history(rfm).one_customer_a_row("A correlation")
    buyers = (history.frequency > 0) & (history.spent > 0)
    n, frequency = int(buyers.sum()), np.log(history.frequency[buyers])
    if n < 5 or np.ptp(frequency) == 0:
        raise DataError(f"A correlation takes five repeat buyers or more, of different frequency, but there are {n}.")
    amount = np.log(history.spent[buyers]) - frequency
    correlation = float(np.corrcoef(frequency, amount)[0, 1])
    std_error = 1 / np.sqrt(n - 3)
    margin = normal_quantile(conf_level) * std_error
    low, high = np.tanh(np.arctanh(correlation) + np.array([-margin, margin]))
    return pd.DataFrame(
        {
            "term": ["correlation of amount and frequency"],
            "estimate": [correlation],
            "std_error": [std_error * (1 - correlation**2)],
            "conf_low": [low],
            "conf_high": [high],
        }
    )


def check_assumptions(orders: TransactionFit, amounts: GammaGammaFit | None, rfm: pd.DataFrame) -> pd.DataFrame:
    """Check what the models take for granted, and whether their estimates are to be relied on.

    Parameters
    ----------
    orders, amounts
        Fitted models of orders and, if there is one, of amounts.
    rfm
        The frame that they were fitted on.

    Returns
    -------
    DataFrame
        One row per check: `check`, `estimate`, what was found; `bound`, what it must not go beyond; `holds`; `meaning`, what
        follows if it does not hold.

    Raises
    ------
    DataError
        If the frame breaks the contract.

    Notes
    -----
    Estimates: the largest relative standard error of a parameter must be below 1, or the data hardly determine it; no
    parameter may lie beyond 1,000 or below its inverse in units of the customers' mean age, where customers hardly
    differ in what it stands for. Amounts: the limit nearer to 0 of their correlation with frequency (logarithms, repeat
    buyers) must lie within ±0.2; the Gamma-Gamma model takes it to be 0. q must be above 2, or the amounts of customers
    have no variance.
    """
    terms = orders.model.terms
    theta, error = orders.theta[: len(terms)], np.sqrt(np.diag(orders.covariance))[: len(terms)]
    history = to_history(rfm)
    age = float(np.average(history.T, weights=history.weight))
    scaled = theta / np.where(np.isin(terms, orders.model.times), age, 1.0)
    rows = [
        ("relative standard error of a parameter", float((error / theta).max()), _UNSURE,
         "the data hardly determine the model of orders; read its forecasts with care"),
        ("most extreme parameter", float(np.exp(np.abs(np.log(scaled)).max())), _EXTREME,
         "customers hardly differ in what the parameter stands for; a simpler model would do"),
    ]  # fmt: skip
    if amounts is not None:
        rows += _amount_checks(amounts, rfm)
    table = pd.DataFrame(rows, columns=["check", "estimate", "bound", "meaning"])
    table.insert(3, "holds", table["estimate"] < table["bound"])
    return table


def _amount_checks(amounts: GammaGammaFit, rfm: pd.DataFrame) -> list[tuple[str, float, float, str]]:
    rows = [
        ("2 / q of the Gamma-Gamma model", 2 / amounts.q, 1.0,
         "amounts differ so much that the limits of revenue are infinite"),
    ]  # fmt: skip
    try:
        related = amount_frequency_correlation(rfm, conf_level=amounts.conf_level).iloc[0]
    except DataError:  # too few repeat buyers to correlate, or all of the same frequency: nothing to find
        return rows
    low, high = float(related["conf_low"]), float(related["conf_high"])
    nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    more = "more" if low > 0 else "less"
    meaning = f"frequent buyers pay {more} per order, so that their value is misjudged"
    return [("correlation of amount and frequency, at least", nearest, _RELATED, meaning), *rows]


def warn_of_assumptions(orders: TransactionFit, amounts: GammaGammaFit | None, rfm: pd.DataFrame) -> None:
    """Warn of each assumption that does not hold.

    Parameters
    ----------
    orders, amounts, rfm
        As in :func:`check_assumptions`.

    Raises
    ------
    DataError
        If the frame breaks the contract.
    """
    table = check_assumptions(orders, amounts, rfm)
    for row in table[~table["holds"]].itertuples():
        warnings.warn(
            f"The {row.check} is {row.estimate:.2g}, beyond {row.bound:g}: {row.meaning}.", UserWarning, stacklevel=3
        )

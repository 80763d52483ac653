"""Whether what the models take for granted holds in the data."""

import numpy as np
import pandas as pd

from churnlab.errors import DataError
from churnlab.inference import normal_quantile
from churnlab.repurchase.history import to_history

__all__ = ["amount_frequency_correlation"]


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

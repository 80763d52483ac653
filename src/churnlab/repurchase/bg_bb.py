"""The BG/BB model of orders at regular opportunities."""

from typing import Any

from churnlab.repurchase.discrete_drop_out import DiscreteDropOut
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.repurchase.transaction_fitting import fit_transactions

__all__ = ["fit_bg_bb"]


def fit_bg_bb(rfm: Any, *, penalty: float = 0.0, conf_level: float = 0.95) -> TransactionFit:
    """Fit the BG/BB model: an opportunity each period, taken or not, as yearly donations or events.

    Parameters
    ----------
    rfm
        A frame that keeps the contract RFM in whole numbers: `frequency`, the opportunities taken; `recency`, the last one
        taken; `T`, how many there were; and `weight` where a row stands for several customers.
    penalty
        Penalty / 2 times the sum of squares of the logarithms of the four parameters is taken off the log-likelihood.
    conf_level
        Of every interval.

    Returns
    -------
    TransactionFit
        With the parameters `alpha`, `beta` (of taking an opportunity) and `gamma`, `delta` (of dropping out).

    Raises
    ------
    DataError
        If the frame breaks the contract, times are not whole numbers, there are more orders than opportunities, one
        customer only, or nobody has ordered.
    ConvergenceError
        If the likelihood has no maximum, as where nobody drops out.
    ParameterError
        If the level is not between 0 and 1 or the penalty is negative.

    Notes
    -----
    Fader, Hardie and Shang (2010), Customer-base analysis in a discrete-time noncontractual setting, Marketing Science 29
    (6), 1086-1108. Horizons are numbers of opportunities; `p_alive` is of the next one. R: `BTYD::bgbb.EstimateParameters`.

    Examples
    --------
    >>> import pandas as pd
    >>> rfm = pd.DataFrame(
    ...     {"frequency": [0, 1, 1, 2, 2, 3], "recency": [0, 1, 3, 2, 3, 3], "T": 3, "weight": [40, 12, 9, 6, 9, 14]}
    ... )
    >>> fit_bg_bb(rfm).predict(rfm, horizon=2)["estimate"].round(2).tolist()
    [0.12, 0.34, 0.74, 0.8, 1.1, 1.46]
    """
    return fit_transactions(DiscreteDropOut(), rfm, penalty=penalty, conf_level=conf_level)

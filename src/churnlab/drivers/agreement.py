"""How well two ways of coding agree, beyond what chance would give."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError
from churnlab.inference import normal_quantile

__all__ = ["score_agreement", "score_codes"]

Array = npt.NDArray[np.float64]


def score_agreement(first: pd.Series, second: pd.Series, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return Cohen's kappa of two codings of the same comments.

    Parameters
    ----------
    first, second
        A code for each comment, in the same order; a comment that either left out does not count.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row: `n` comments that both coded, `agreement` (share alike), `expected` by chance, kappa as `estimate` (1 is full
        agreement, 0 that of chance) with `std_error, conf_low, conf_high`. Kappa is missing where both gave one and the same
        code to all.

    Raises
    ------
    DataError
        If the two have not as many rows, or no comment has both codes.
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    Cohen (1960); standard error of Fleiss, Cohen and Everitt (1969), equation 13. R: `psych::cohen.kappa`.

    Examples
    --------
    >>> score_agreement(pd.Series([0, 1, 0, 1, 0, 1]), pd.Series([0, 1, 0, 1, 0, 0])).round(4)["estimate"].item()
    0.6667
    """
    if len(first) != len(second):
        raise DataError(f"The codings must be of the same comments, but have {len(first):,} and {len(second):,} rows.")
    a, b = first.reset_index(drop=True), second.reset_index(drop=True)
    both = a.notna() & b.notna()
    if not both.any():
        raise DataError("No comment was coded both times.")
    levels = pd.unique(pd.concat([a[both], b[both]]))
    table = pd.crosstab(a[both], b[both]).reindex(index=levels, columns=levels, fill_value=0).to_numpy(dtype=float)
    z = normal_quantile(conf_level)
    agreement, expected, kappa, std_error = _kappa(table)
    return pd.DataFrame(
        {
            "n": [int(both.sum())],
            "agreement": [agreement],
            "expected": [expected],
            "estimate": [kappa],
            "std_error": [std_error],
            "conf_low": np.maximum([kappa - z * std_error], -1.0),
            "conf_high": np.minimum([kappa + z * std_error], 1.0),
        }
    )


def _kappa(table: Array) -> tuple[float, float, float, float]:
    """Return agreement, that of chance, kappa and its standard error, given counts (k, k)."""
    n = table.sum()
    shares = table / n
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    agreement, expected = float(np.trace(shares)), float(rows @ columns)
    if expected >= 1:
        return agreement, expected, float("nan"), float("nan")
    kappa = (agreement - expected) / (1 - expected)
    sums = columns[:, None] + rows[None, :]
    diagonal = float(np.diag(shares) @ (1 - np.diag(sums) * (1 - kappa)) ** 2)
    others = shares - np.diag(np.diag(shares))
    off = (1 - kappa) ** 2 * float((others * sums**2).sum())
    variance = (diagonal + off - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    return agreement, expected, kappa, float(np.sqrt(max(variance, 0.0)))


def score_codes(codes: pd.DataFrame, by_hand: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return Cohen's kappa theme by theme.

    Parameters
    ----------
    codes
        One row per comment, one column per theme: 1, 0, or missing.
    by_hand
        The same coded by a person; themes that only one of the two has do not count.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per theme: `theme`, the columns of :func:`score_agreement`, and `precision` and `recall` of the codes if the
        hand is right.

    Raises
    ------
    DataError
        If no theme is in both, or the rows are not as many.
    ParameterError
        If the level is not between 0 and 1.
    """
    themes = [name for name in codes if name in by_hand]
    if not themes:
        raise DataError(
            f"No theme is in both codings: {', '.join(map(str, codes))} and {', '.join(map(str, by_hand))}."
        )
    parts = []
    for name in themes:
        row = score_agreement(codes[name], by_hand[name], conf_level=conf_level)
        said, true = codes[name].to_numpy(dtype=float), by_hand[name].to_numpy(dtype=float)
        hits = float(((said == 1) & (true == 1)).sum())
        known = ~np.isnan(said) & ~np.isnan(true)
        row.insert(0, "theme", [name])
        row["precision"] = hits / ((said == 1) & known).sum() if ((said == 1) & known).any() else float("nan")
        row["recall"] = hits / ((true == 1) & known).sum() if ((true == 1) & known).any() else float("nan")
        parts.append(row)
    return pd.concat(parts, ignore_index=True)

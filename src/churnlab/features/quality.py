"""Whether features keep their meaning over time, and which of them say the same."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import DataError, ParameterError

__all__ = ["correlated_groups", "feature_quality"]

Array = npt.NDArray[np.float64]

_BINS = 10
_CHANCE = 0.999
_DRIFT = 2.0


def feature_quality(panel: pd.DataFrame, *, threshold: float = 0.25) -> pd.DataFrame:
    """Describe each feature as of each date, and flag where it jumps.

    Parameters
    ----------
    panel
        Snapshots stacked by :func:`snapshots`: `as_of`, `customer_id` and the features.
    threshold
        Population stability index above which a feature has jumped.

    Returns
    -------
    DataFrame
        One row per feature and date, in order: `feature`, `as_of`, `customers`, `mean` and `zero_share` (NaN for labels),
        `missing_share`, `psi` against the date before (NaN at the first) and `jumps`.

    Raises
    ------
    DataError
        If the panel has no rows, no feature, or no `as_of` in some rows.
    ParameterError
        If the threshold is not positive.

    Notes
    -----
    The population stability index is Σ (p - q) ln(p / q) over ten groups of equal size as of the date before (labels: over
    labels), with a group of its own for missing values, and half a customer added to each group; above 0.25 a
    distribution is commonly said to have shifted (Siddiqi 2006, Credit risk scorecards). It sees changes of place, of
    spread, of zeros and of missing values alike, and unlike a rule in standard deviations over dates it needs two dates
    only. In small samples it is large by chance: a jump must also exceed the 0.999 quantile of its distribution without
    a shift, (1/n + 1/m) χ² with one degree of freedom less than groups (Yurdakul and Naranjo 2020, Journal of Risk Model
    Validation 14 (4)). Features that grow with time, as tenure does, drift by nature: a jump must also exceed twice the
    median index of the dates before, where there are any, so that a steady drift is flagged when it starts and not anew
    at each date.

    Examples
    --------
    >>> panel = pd.DataFrame({"as_of": ["2024-01-01"] * 100 + ["2024-02-01"] * 100, "orders": [1, 2] * 50 + [0] * 100})
    >>> feature_quality(panel)[["mean", "zero_share", "jumps"]].to_numpy().tolist()
    [[1.5, 0.0, False], [0.0, 1.0, True]]
    """
    if not threshold > 0:
        raise ParameterError(f"`threshold` must be above 0, not {threshold}.")
    names = [str(name) for name in panel if name not in ("as_of", "customer_id")]
    if "as_of" not in panel or not names:
        raise DataError("A panel has a column `as_of` and features: stack snapshots with features.snapshots(…).")
    if panel.empty:
        raise DataError("The panel has no rows.")
    undated = int(panel["as_of"].isna().sum())
    if undated:
        raise DataError(
            f"`as_of` is empty in {undated:,} of {len(panel):,} rows of the panel: each row must have its date."
        )
    parts = [(day, part) for day, part in panel.groupby("as_of", sort=True)]
    rows: list[tuple[object, ...]] = []
    for name in names:
        rows += _over_time(name, [(day, part[name]) for day, part in parts], threshold)
    columns = ["feature", "as_of", "customers", "mean", "missing_share", "zero_share", "psi", "jumps"]
    return pd.DataFrame(rows, columns=columns)


def _over_time(name: str, history: list[tuple[object, pd.Series]], threshold: float) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    earlier: list[float] = []
    for place, (day, now) in enumerate(history):
        psi, limit = (np.nan, np.nan) if place == 0 else _stability(history[place - 1][1], now)
        drift = _DRIFT * float(np.median(earlier)) if earlier else 0.0
        rows.append((name, day, *_described(now), psi, bool(psi > max(threshold, limit, drift))))
        earlier += [psi] if place else []
    return rows


def _described(values: pd.Series) -> tuple[int, float, float, float]:
    missing = float(values.isna().mean())
    if not pd.api.types.is_numeric_dtype(values):
        return len(values), np.nan, missing, np.nan
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    return len(values), float(pd.Series(numbers).mean()), missing, float((numbers == 0).mean())


def _stability(before: pd.Series, now: pd.Series) -> tuple[float, float]:
    """Return the population stability index and what chance alone hardly exceeds."""
    from scipy.stats import chi2

    p, q = _grouped(before, now)
    n, m = p.sum(), q.sum()
    used = (p + q) > 0
    p, q = p[used] + 0.5, q[used] + 0.5
    p, q = p / p.sum(), q / q.sum()
    psi = float(((q - p) * np.log(q / p)).sum())
    limit = float(chi2.ppf(_CHANCE, len(p) - 1) * (1 / n + 1 / m)) if len(p) > 1 else 0.0
    return psi, limit


def _grouped(before: pd.Series, now: pd.Series) -> tuple[Array, Array]:
    if pd.api.types.is_numeric_dtype(before) and pd.api.types.is_numeric_dtype(now):
        known = before.dropna().to_numpy(dtype=float)
        edges = np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS)) if len(known) else np.array([])
        codes = [_coded(values, edges) for values in (before, now)]
        size = 2 * len(edges) + 2
    else:
        both = pd.factorize(pd.concat([before, now]).astype("string"))[0]
        codes = [both[: len(before)] + 1, both[len(before) :] + 1]
        size = int(both.max()) + 2
    p, q = (np.bincount(code, minlength=size).astype(float) for code in codes)
    return p, q


def _coded(values: pd.Series, edges: Array) -> npt.NDArray[np.int64]:
    """Return 0 for a missing value, else the number of its group; an edge that many share is a group of its own."""
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    place = np.searchsorted(edges, numbers, side="left") + np.searchsorted(edges, numbers, side="right")
    return np.where(np.isnan(numbers), 0, place + 1).astype(np.int64)


def correlated_groups(frame: pd.DataFrame, *, threshold: float = 0.7) -> pd.DataFrame:
    """Group features that say nearly the same.

    Parameters
    ----------
    frame
        One row per customer; columns that are no numbers, and `customer_id` and `as_of`, are left out.
    threshold
        Any two features of a group have a rank correlation of this size or more, of either sign.

    Returns
    -------
    DataFrame
        One row per feature, groups with most features first: `group`, `feature`, `representative` (the feature of the group
        that is closest to the others), `correlation` (Spearman's, with the representative).

    Raises
    ------
    DataError
        If there are fewer than two features that vary.
    ParameterError
        If the threshold does not lie between 0 and 1.

    Notes
    -----
    Hierarchical clustering by complete linkage (scipy) on 1 - |Spearman's ρ|, cut at 1 - threshold: complete, so that
    every pair keeps the threshold and not only neighbours in a chain. Missing values are left out pair by pair. A
    feature without variation is left out.

    Examples
    --------
    >>> frame = pd.DataFrame({"orders": [1, 2, 3, 4], "revenue": [5, 7, 8, 20], "age": [2, 1, 4, 3]})
    >>> correlated_groups(frame)["group"].tolist()
    [1, 1, 2]
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if not 0 < threshold < 1:
        raise ParameterError(f"`threshold` must lie between 0 and 1, not {threshold}.")
    numbers = frame.drop(columns=["customer_id", "as_of"], errors="ignore").select_dtypes("number")
    numbers = numbers.loc[:, numbers.nunique() > 1]
    if numbers.shape[1] < 2:
        raise DataError("Groups of correlated features take two or more features that are numbers and vary.")
    rho = numbers.corr(method="spearman").fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(rho, 1.0)
    distance = np.clip(1 - np.abs(rho), 0, 1)
    tree = linkage(squareform(distance, checks=False), method="complete")
    labels = fcluster(tree, t=1 - threshold + 1e-12, criterion="distance")
    return _listed(list(numbers.columns), rho, labels)


def _listed(names: list[str], rho: Array, labels: npt.NDArray[np.int32]) -> pd.DataFrame:
    groups = [np.flatnonzero(labels == label) for label in dict.fromkeys(labels)]
    rows = []
    for number, members in enumerate(sorted(groups, key=len, reverse=True), start=1):
        closeness = np.abs(rho[np.ix_(members, members)]).mean(axis=1)
        chosen = members[int(closeness.argmax())]
        rows += [(number, names[member], names[chosen], rho[member, chosen]) for member in members]
    return pd.DataFrame(rows, columns=["group", "feature", "representative", "correlation"])

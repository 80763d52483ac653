"""The sums that a Net Promoter Score is made of, group by group, and the table they give."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.inference import normal_quantile

__all__ = ["add_up", "score_table"]

Array = npt.NDArray[np.float64]

_ADDED = 3.0
_ADDED_EACH = 0.75


def add_up(
    answers: pd.DataFrame, by: list[str], kinds: Array, weight: Array, count: Array
) -> tuple[pd.DataFrame, dict[str, Array]]:
    """Return the groups, and in each the sums of answers, weights and squared weights.

    Parameters
    ----------
    answers
        The rows (n).
    by
        Columns that make up groups.
    kinds
        1, 0, -1 of each row (n,), and NaN where the answer is missing.
    weight, count
        Of each row (n,).
    """
    if by:
        grouped = answers.groupby(by, sort=True, observed=True, dropna=False)
        place = grouped.ngroup().to_numpy()
        first = np.sort(np.unique(place, return_index=True)[1])
        labels = answers.iloc[first][by].assign(_place=place[first]).sort_values("_place").drop(columns="_place")
    else:
        place, labels = np.zeros(len(answers), dtype=int), pd.DataFrame(index=[0])
    known = ~np.isnan(kinds)
    groups = len(labels)

    def total(values: Array) -> Array:
        return np.asarray(np.bincount(place, values, minlength=groups), dtype=np.float64)

    once = np.where(known, weight * count, 0.0)
    square = np.where(known, weight**2 * count, 0.0)
    sums = {"n": total(count * known), "missing": total(count * ~known), "w": total(once), "ww": total(square)}
    for name, kind in (("promoters", 1.0), ("passives", 0.0), ("detractors", -1.0)):
        sums[f"w_{name}"] = total(once * (kinds == kind))
        sums[f"ww_{name}"] = total(square * (kinds == kind))
    return labels.reset_index(drop=True), sums


def score_table(
    labels: pd.DataFrame, sums: dict[str, Array], scheme: str, interval: str, conf_level: float
) -> pd.DataFrame:
    """Return the score of each group with shares and limits, and `centre, spread` for differences of scores."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a group in which nobody answered has no score
        share = {name: sums[f"w_{name}"] / sums["w"] for name in ("promoters", "passives", "detractors")}
        score = share["promoters"] - share["detractors"]
        variance = (
            sums["ww_promoters"] * (1 - score) ** 2
            + sums["ww_passives"] * score**2
            + sums["ww_detractors"] * (1 + score) ** 2
        ) / sums["w"] ** 2
        kish = sums["w"] ** 2 / sums["ww"]
        centre, spread = score, np.sqrt(variance)
        if interval == "adjusted":
            centre, spread = _adjusted(share["promoters"], share["detractors"], variance, kish)
    z = normal_quantile(conf_level)
    return labels.assign(
        scheme=scheme,
        n=_whole(sums["n"]),
        n_effective=np.where(sums["n"] > 0, kish, 0.0),
        n_missing=_whole(sums["missing"]),
        **share,
        estimate=100 * score,
        std_error=100 * np.sqrt(variance),
        conf_low=np.clip(100 * (centre - z * spread), -100.0, 100 * score),
        conf_high=np.clip(100 * (centre + z * spread), 100 * score, 100.0),
        centre=100 * centre,
        spread=100 * spread,
    )


def _adjusted(promoters: Array, detractors: Array, variance: Array, kish: Array) -> tuple[Array, Array]:
    """Return centre and spread with three answers added; weighted answers count as so many as are as precise."""
    plain = promoters + detractors - (promoters - detractors) ** 2
    n = np.where(variance > 0, plain / variance, kish)
    p = (n * promoters + _ADDED_EACH) / (n + _ADDED)
    d = (n * detractors + _ADDED_EACH) / (n + _ADDED)
    return p - d, np.sqrt((p + d - (p - d) ** 2) / (n + _ADDED))


def _whole(values: Array) -> npt.NDArray[np.generic]:
    """Return counts as integers where they are whole."""
    rounded = np.rint(values)
    return rounded.astype(np.int64) if np.array_equal(values, rounded) else values

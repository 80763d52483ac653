"""Curves of retention side by side: fitted, judged on held-out periods, and drawn out into the future."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import datasets
from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.repurchase.retention import fit_beta_discrete_weibull, fit_shifted_beta_geometric
from churnlab.repurchase.retention_fit import RetentionFit
from churnlab.repurchase.retention_rules import ConstantRetention, fit_constant_retention
from churnlab.tables import read_layout
from churnlab.tables.files import read_excel

__all__ = [
    "RETENTION_MODELS",
    "RetentionCurves",
    "fit_retention_curves",
    "project_survivors",
    "read_survivors",
    "score_retention",
]

Array = npt.NDArray[np.float64]
Curve = RetentionFit | ConstantRetention

RETENTION_MODELS: Mapping[str, Callable[[pd.DataFrame], Curve]] = {
    "shifted beta-geometric": fit_shifted_beta_geometric,
    "beta-discrete-Weibull": fit_beta_discrete_weibull,
    "same rate as ever": fit_constant_retention,
    "last rate goes on": lambda survivors: fit_constant_retention(survivors, last=1),
}
"""Two models, and the two rules that a manager would use."""


@dataclass(frozen=True, kw_only=True)
class RetentionCurves:
    """Curves that could be fitted, and why the others could not, both by name."""

    fits: Mapping[str, Curve]
    refused: Mapping[str, str]


def read_survivors(data: str | Path, *, columns: str | Path | None = None, cohort: str | None = None) -> pd.DataFrame:
    """Read the survivors of one cohort from a table.

    Parameters
    ----------
    data
        ``"retention"``, the sample, or a CSV, Parquet or Excel file.
    columns
        A TOML file with a table ``[columns]`` that maps `period`, `survivors` and `cohort` to the file's names.
    cohort
        Which cohort; by default the first in the file.

    Returns
    -------
    DataFrame
        `period` and `survivors`, in order of `period`.

    Raises
    ------
    DataError
        If there is no such file or cohort, or the file lacks a column.

    Examples
    --------
    >>> read_survivors("retention", cohort="High End")["survivors"].tolist()[:3]
    [1000, 869, 743]
    """
    path = datasets.find(data)
    frame = _read(path)
    if columns is not None:
        frame = frame.rename(columns={theirs: ours for ours, theirs in (read_layout(columns).columns or {}).items()})
    missing = [name for name in ("period", "survivors") if name not in frame]
    if missing:
        raise DataError(
            f"{path.name} has no column {' and no '.join(missing)}. It has: {', '.join(map(str, frame))}. Try: columns=, a map "
            "of your names."
        )
    if "cohort" in frame:
        names = [str(name) for name in frame["cohort"].unique()]
        wanted = names[0] if cohort is None and names else cohort
        if wanted not in names:
            raise DataError(f"{path.name} has no cohort {cohort!r}. It has: {', '.join(names)}.")
        frame = frame[frame["cohort"].astype(str) == wanted]
    elif cohort is not None:
        raise DataError(f"{path.name} has no column `cohort` to look for {cohort!r} in.")
    return frame[["period", "survivors"]].sort_values("period", ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    kind = path.suffix.lower()
    if kind in (".xlsx", ".xls", ".xlsb", ".ods"):
        return read_excel(path, None)
    try:
        return pd.read_parquet(path) if kind == ".parquet" else pd.read_csv(path, sep=None, engine="python")
    except (ValueError, OSError) as error:
        raise DataError(f"{path.name} cannot be read as a table: {str(error).splitlines()[0]}") from None


def fit_retention_curves(
    survivors: pd.DataFrame, *, models: Mapping[str, Callable[[pd.DataFrame], Curve]] = RETENTION_MODELS
) -> RetentionCurves:
    """Fit several curves to the same survivors.

    Parameters
    ----------
    survivors
        `period`, from 0 without gaps, and `survivors`.
    models
        What to fit, by name.

    Returns
    -------
    RetentionCurves
        A curve whose likelihood has no maximum here, or that takes more periods, is refused, with the reason.

    Raises
    ------
    DataError
        If the table is none of survivors: then no curve can be fitted.
    """
    fits, refused = {}, {}
    for name, fit_curve in models.items():
        try:
            fits[name] = fit_curve(survivors)
        except (ConvergenceError, DataError) as error:
            refused[name] = str(error)
    if not fits:
        raise DataError(f"No curve can be fitted: {next(iter(refused.values()), 'none is asked for.')}")
    return RetentionCurves(fits=fits, refused=refused)


def score_retention(
    curves: RetentionCurves,
    survivors: pd.DataFrame,
    *,
    after: int,
    seed: int,
    draws: int = 1000,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Compare curves with the survivors of later periods.

    Parameters
    ----------
    curves
        Fitted on the periods up to `after`.
    survivors
        All periods.
    after
        The last period that the curves know.
    seed
        Of the random numbers.
    draws
        How often the cohort is resampled.
    conf_level
        Of the limits.

    Returns
    -------
    DataFrame
        One row per model and score: `model, score, estimate, std_error, conf_low, conf_high`. `mae`: mean distance between
        the curve and the share still there, over the held-out periods (lower is better); `error_last`: the share of
        survivors by which the curve is too high (+) or too low (-) in the last period. Every curve goes on from those who were
        there after the period `after`.

    Raises
    ------
    ParameterError
        If `after` is no period, no period lies after it, or the level is not between 0 and 1.

    Notes
    -----
    Standard errors over resamplings of the customers' lifetimes, the same for every curve.
    """
    ordered = survivors.sort_values("period")
    count, period = (ordered[name].to_numpy(dtype=float) for name in ("survivors", "period"))
    held, share = period > after, count / count[0]
    if not held.any() or not (period == after).any():
        raise ParameterError(
            f"`after` must be a period with another one after it, not {after!r}; the last one is {period[-1]:g}."
        )
    z, n = normal_quantile(conf_level), int(count[0])
    lifetimes = np.append(-np.diff(count), count[-1]) / count[0]
    lost = np.random.default_rng(seed).multinomial(n, lifetimes, size=draws)
    drawn = 1 - np.cumsum(lost[:, :-1], axis=1) / n
    drawn = np.column_stack([np.ones(draws), drawn])[:, held]
    rows = []
    for name, fit in curves.fits.items():
        curve = share[period == after] * fit.survival(period[held]) / fit.survival([after])
        point, spread = _retention_scores(curve, share[None, held]), _retention_scores(curve, drawn)
        for place, score in enumerate(("mae", "error_last")):
            estimate, error = float(point[0, place]), float(spread[:, place].std(ddof=1))
            low = estimate - z * error
            rows.append((name, score, estimate, error, max(low, 0.0) if score == "mae" else low, estimate + z * error))
    return pd.DataFrame(rows, columns=["model", "score", "estimate", "std_error", "conf_low", "conf_high"])


def _retention_scores(curve: Array, share: Array) -> Array:
    """Return mean distance and relative error in the last period (d, 2) of a curve (k,), of shares (d, k)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        last = curve[-1] / share[:, -1] - 1
    return np.column_stack([np.abs(curve - share).mean(axis=1), last])


def project_survivors(fit: Curve, survivors: pd.DataFrame, *, after: int, until: int) -> pd.DataFrame:
    """Draw a curve out to a later period, going on from the customers who are there.

    Parameters
    ----------
    fit
        A curve.
    survivors
        What was observed.
    after
        The last period that is taken as known.
    until
        The last period to draw, which lies after it.

    Returns
    -------
    DataFrame
        One row per period from 0: `period`, `actual`, the share still there (NaN where not observed), `estimate,
        std_error, conf_low, conf_high`. Up to `after` the estimate is the curve, without limits of its own; beyond, it is the
        share there after `after` times the curve's share of them who stay, with prediction limits.

    Raises
    ------
    ParameterError
        If `after` is not among the periods, or `until` does not lie after it.

    Notes
    -----
    The variance is that of the curve's share by the delta method, plus that of a share among those there after `after`; limits
    on the log-odds of the share that stays.
    """
    observed = survivors.set_index("period")["survivors"].astype(float)
    if after not in observed.index or until <= after:
        raise ParameterError(
            f"`after` must be an observed period and `until` lie after it, not {after!r} and {until!r}."
        )
    frame = pd.DataFrame({"period": range(until + 1)})
    actual = (observed / observed.max()).reindex(frame["period"]).to_numpy(dtype=float)
    later = np.arange(after + 1, until + 1)
    stay, error = _staying(fit, after, later, float(observed[after]))
    odds, margin = np.log(stay / (1 - stay)), normal_quantile(fit.conf_level) * error / (stay * (1 - stay))
    there = float(observed[after] / observed.max())
    limits = [stay, error, 1 / (1 + np.exp(margin - odds)), 1 / (1 + np.exp(-margin - odds))]
    columns = [np.append(np.full(after + 1, np.nan), there * values) for values in limits]
    columns[0][: after + 1] = fit.survival(np.arange(after + 1))
    return frame.assign(
        actual=actual, **dict(zip(("estimate", "std_error", "conf_low", "conf_high"), columns, strict=True))
    )


def _staying(fit: Curve, after: int, later: npt.NDArray[np.int_], n: float) -> tuple[Array, Array]:
    """Return the share (m,) of n customers there after one period who are there after later ones, and its standard error."""

    def share(theta: Array) -> Array:
        curve = fit.at(theta)
        return np.asarray(curve.survival(later) / curve.survival([after]), dtype=np.float64)

    theta, stay = fit.theta, np.clip(share(fit.theta), 1e-12, 1 - 1e-12)
    steps = np.diag(1e-5 * theta)
    slope = np.array([(share(theta + step) - share(theta - step)) / (2 * step.sum()) for step in steps])
    variance = np.einsum("km,kl,lm->m", slope, fit.covariance, slope)
    return stay, np.sqrt(variance + stay * (1 - stay) / n)

"""What an ordinal model implies, and whether it holds: one point more on a driver; one coefficient for every cut."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import column_weights, require_columns
from churnlab.drivers.ordinal_fit import OrdinalFit
from churnlab.drivers.proportional_odds import cumulative
from churnlab.drivers.ratings import to_ratings
from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["check_proportional_odds", "ordinal_effects"]

Array = npt.NDArray[np.float64]


def ordinal_effects(
    fit: OrdinalFit,
    answers: pd.DataFrame,
    *,
    step: float = 1.0,
    highest: float | None = None,
    at_most: float = 6,
    at_least: float = 9,
) -> pd.DataFrame:
    """Return how shares of answers would differ if respondents rated a driver one step higher.

    Parameters
    ----------
    fit
        A fitted ordinal model.
    answers
        Respondents to average over; those with a gap are left out.
    step
        Points that a driver is raised by; below 0 to lower it, to no less than the lowest rating given.
    highest
        End of the drivers' scale, where no more can be gained; the highest rating given by default. A flag ends at 1. A level of
        a category takes no steps: it is compared with the first level.
    at_most
        Answers up to here are counted together: detractors.
    at_least
        Answers from here on are counted together: promoters.

    Returns
    -------
    DataFrame
        Three rows per term: `term`, `change` (``"at most 6"``, ``"at least 9"``, ``"difference"``: the second less the
        first, a hundredth of a Net Promoter Score), `estimate` (change of a share), `std_error, conf_low, conf_high`.

    Raises
    ------
    DataError
        If a driver is not there, or no row is complete.
    ParameterError
        If the cuts do not divide the outcome's levels.

    Notes
    -----
    The mean over respondents of the change in predicted shares; limits by the delta method, for these respondents. It is
    what differs between respondents who rate differently and are alike otherwise, which is an effect only if nothing else
    differs between them.
    """
    below, above = _cut(fit, at_most, inclusive=True), _cut(fit, at_least, inclusive=False)
    if not at_most < at_least:
        raise ParameterError(f"`at_most` must lie below `at_least`, not {at_most:g} and {at_least:g}.")
    x = fit.design(answers)
    whole = ~np.isnan(x).any(axis=1)
    weight = column_weights(answers, fit.weight) * column_weights(answers, fit.count)
    x, weight = x[whole], weight[whole]
    if not len(x):
        raise DataError("No row of the answers has all drivers.")
    words = [f"at most {at_most:g}", f"at least {at_least:g}", "difference"]
    levels = _columns_of_categories(fit)
    frames = []
    for place, term in enumerate(fit.terms):
        pair = (
            _level_against_first(x, place, levels[place]) if place in levels else (x, _moved(x, place, step, highest))
        )
        before, after = (np.stack([_share(fit, rows, weight, cut) for cut in (below, above)]) for rows in pair)
        frames.append(_changes(fit, term, words, after - before))
    return pd.concat(frames, ignore_index=True)


def _changes(fit: OrdinalFit, term: str, words: list[str], change: Array) -> pd.DataFrame:
    """Return what shares up to the two cuts and their derivatives (2, 1 + k) change by, as a table."""
    change = np.stack([change[0], -change[1]])  # at least: one less the share below
    change = np.vstack([change, change[1] - change[0]])
    std_error = np.sqrt(np.einsum("ri,ij,rj->r", change[:, 1:], fit.covariance, change[:, 1:]))
    margin = normal_quantile(fit.conf_level) * std_error
    return pd.DataFrame(
        {
            "term": term,
            "change": words,
            "estimate": change[:, 0],
            "std_error": std_error,
            "conf_low": change[:, 0] - margin,
            "conf_high": change[:, 0] + margin,
        }
    )


def _columns_of_categories(fit: OrdinalFit) -> dict[int, list[int]]:
    """Return, for each column of the model that is a level of a category, the columns of all its levels."""
    sizes = [len(dict(fit.categories).get(name, (None, None))) - 1 for name in fit.drivers]
    found: dict[int, list[int]] = {}
    for name, size, end in zip(fit.drivers, sizes, np.cumsum(sizes).tolist(), strict=True):
        if name in dict(fit.categories):
            own = list(range(end - size, end))
            found |= dict.fromkeys(own, own)
    return found


def _level_against_first(x: Array, place: int, own: list[int]) -> tuple[Array, Array]:
    """Return the respondents (n, p) as if all were of a category's first level, and as if all were of this one."""
    first = x.copy()
    first[:, own] = 0.0
    level = first.copy()
    level[:, place] = 1.0
    return first, level


def _moved(x: Array, place: int, step: float, highest: float | None) -> Array:
    """Return the respondents (n, p) with one rating moved by a step, which ends where its scale does."""
    column = x[:, place]
    flag = set(np.unique(column)) <= {0.0, 1.0}
    end = column.max() if highest is None or flag else highest
    moved = x.copy()
    if step > 0:
        moved[:, place] = np.maximum(np.minimum(column + step, end), column)
    else:
        moved[:, place] = np.maximum(column + step, column.min())
    return moved


def _cut(fit: OrdinalFit, value: float, *, inclusive: bool) -> int:
    """Return the threshold below which answers up to `value` lie, or those before it."""
    inside = int((fit.values <= value).sum() if inclusive else (fit.values < value).sum())
    if not 0 < inside < len(fit.values):
        raise ParameterError(
            f"{value:g} does not divide the levels {', '.join(fit.levels)}. Try: `at_most` and `at_least` among them."
        )
    return inside - 1


def _share(fit: OrdinalFit, x: Array, weight: Array, cut: int) -> Array:
    """Return the mean share of answers up to a threshold, then its derivatives in slopes and thresholds (1 + k,)."""
    below = cumulative(x @ fit.coefficients, fit.thresholds[[cut]])[:, 0]
    density = weight * below * (1 - below) / weight.sum()
    thresholds = np.zeros(len(fit.thresholds))
    thresholds[cut] = density.sum()
    return np.concatenate([[weight @ below / weight.sum()], -density @ x, thresholds])


def check_proportional_odds(fit: OrdinalFit, answers: pd.DataFrame) -> pd.DataFrame:
    """Test whether a driver moves answers alike at every cut of the scale.

    Parameters
    ----------
    fit
        A fitted ordinal model without survey weights.
    answers
        What it was fitted on.

    Returns
    -------
    DataFrame
        One row for all terms together and one per term: `term, statistic, df, p_value`, and the coefficients of the
        binary regressions, `lowest` and `highest` over the cuts. A small p-value says that one coefficient does not do. The test is
        missing where the regressions contradict one another: there are too few answers between two cuts for it.

    Raises
    ------
    DataError
        If columns are not there.
    ParameterError
        If the model was fitted with survey weights, or has two levels only.
    ConvergenceError
        If too few answers lie on one side of a cut.

    Notes
    -----
    Brant (1990), Assessing proportionality in the proportional odds model: Wald's test on the coefficients of the
    binary regressions of being above each cut. R: `brant::brant`. With many answers small departures become significant:
    look at how far `lowest` and `highest` lie apart.
    """
    if fit.weight is not None:
        raise ParameterError("Brant's test takes answers, not survey weights. Try: fit without `weight`.")
    if len(fit.values) < 3:
        raise ParameterError("An outcome of two levels has one cut only, so that there is nothing to compare.")
    require_columns(answers, [fit.outcome])
    ratings = to_ratings(answers, outcome=fit.outcome, drivers=fit.drivers)
    whole = ratings.complete
    x, y = ratings.values[whole, :-1], ratings.values[whole, -1]
    shift, scale = x.mean(axis=0), x.std(axis=0)
    x = np.column_stack([np.ones(len(x)), (x - shift) / scale])
    count = column_weights(answers, fit.count)[whole]
    slopes, covariance = _binary_fits(x, y, count, fit.values)
    p, cuts = x.shape[1] - 1, len(slopes)
    rows = [_wald("all", slopes.ravel(), covariance, np.kron(_contrasts(cuts), np.eye(p)))]
    for place, term in enumerate(fit.terms):
        own = np.arange(cuts) * p + place
        test = _wald(term, slopes[:, place], covariance[np.ix_(own, own)], _contrasts(cuts))
        natural = slopes[:, place] / scale[place]
        rows.append({**test, "lowest": natural.min(), "highest": natural.max()})
    return pd.DataFrame(rows, columns=["term", "statistic", "df", "p_value", "lowest", "highest"])


def _contrasts(cuts: int) -> Array:
    return np.column_stack([np.ones(cuts - 1), -np.eye(cuts - 1)])


def _wald(term: str, estimate: Array, covariance: Array, contrasts: npt.NDArray[np.floating[Any]]) -> dict[str, object]:
    from scipy.stats import chi2

    difference = contrasts @ estimate
    spread = contrasts @ covariance @ contrasts.T
    df = len(contrasts)
    if np.linalg.eigvalsh(spread)[0] <= 0:
        return {"term": term, "statistic": np.nan, "df": df, "p_value": np.nan}
    statistic = float(difference @ np.linalg.solve(spread, difference))
    return {"term": term, "statistic": statistic, "df": df, "p_value": float(chi2.sf(statistic, df))}


def _binary_fits(x: Array, y: Array, count: Array, values: Array) -> tuple[Array, Array]:
    """Return the slopes of being above each cut (cuts, p) and the covariance of all of them."""
    slopes, chance, inverse = [], [], []
    for value in values[:-1]:
        theta, above = _logit(x, (y > value).astype(float), count, f"{value:g}")
        slopes.append(theta[1:])
        chance.append(above)
        inverse.append(np.linalg.inv((x * (count * above * (1 - above))[:, None]).T @ x))
    p, cuts = x.shape[1] - 1, len(slopes)
    covariance = np.empty((cuts * p, cuts * p))
    for low in range(cuts):
        for high in range(low, cuts):
            joint = count * chance[high] * (1 - chance[low])
            block = (inverse[low] @ (x * joint[:, None]).T @ x @ inverse[high])[1:, 1:]
            covariance[low * p : (low + 1) * p, high * p : (high + 1) * p] = block
            covariance[high * p : (high + 1) * p, low * p : (low + 1) * p] = block.T
    return np.array(slopes), covariance


def _logit(x: Array, above: Array, count: Array, cut: str) -> tuple[Array, Array]:
    """Return coefficients and fitted probabilities of a binary regression (x has the constant first)."""
    from scipy.special import expit

    theta = np.zeros(x.shape[1])
    for _ in range(50):
        chance = expit(x @ theta)
        density = count * chance * (1 - chance)
        try:
            step = np.linalg.solve((x * density[:, None]).T @ x, (count * (above - chance)) @ x)
        except np.linalg.LinAlgError:
            break
        theta = theta + step
        if np.abs(step).max() < 1e-11:
            return theta, np.asarray(expit(x @ theta), dtype=np.float64)
        if np.abs(theta).max() > 50:
            break
    raise ConvergenceError(
        f"Too few answers lie on one side of {cut} for a regression of their own. Try: join the rarest levels."
    )

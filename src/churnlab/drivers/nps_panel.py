"""Net Promoter Scores of the same respondents in two waves, and how many answers a change takes to be seen."""

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import require_columns
from churnlab.drivers.nps_answers import check_recommend
from churnlab.drivers.nps_scheme import NpsScheme, find_scheme
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["PairedNpsFit", "fit_paired_nps", "nps_sample_size"]

Array = npt.NDArray[np.float64]

_KINDS = ("detractor", "passive", "promoter")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PairedNpsFit:
    """How the score of the same respondents moved from one wave to the next.

    Attributes
    ----------
    scheme
        The convention.
    waves
        The two waves.
    moves
        Respondents by kind in the first wave (row) and in the second (column), (3, 3): detractors, passives, promoters.
    left_out
        Respondents who answered in the first wave only, and in the second only.
    conf_level
        Of the limits.
    """

    scheme: NpsScheme
    waves: tuple[str, str]
    moves: Array
    left_out: tuple[int, int]
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per move: `first, second` (kinds), `n`, `share`."""
        return pd.DataFrame(
            {
                "first": np.repeat(_KINDS, 3),
                "second": np.tile(_KINDS, 3),
                "n": self.moves.ravel().astype(int),
                "share": self.moves.ravel() / self.moves.sum(),
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row with the change.

        Returns
        -------
        DataFrame
            `scheme, first, second` (waves), `n` respondents in both, `first_only, second_only`, `first_score,
            second_score`, the change `estimate` with `std_error, statistic, p_value, conf_low, conf_high`,
            `conf_level`.
        """
        from scipy.special import ndtr

        n = self.moves.sum()
        step = np.array([-1.0, 0.0, 1.0])
        before, after = step @ self.moves.sum(axis=1) / n, step @ self.moves.sum(axis=0) / n
        change = step[None] - step[:, None]
        variance = float((self.moves * (change - (after - before)) ** 2).sum()) / n**2
        std_error, z = 100 * np.sqrt(variance), normal_quantile(self.conf_level)
        estimate = 100 * (after - before)
        statistic = estimate / std_error if std_error > 0 else np.nan
        return pd.DataFrame(
            {
                "scheme": [self.scheme.name],
                "first": [self.waves[0]],
                "second": [self.waves[1]],
                "n": [int(n)],
                "first_only": [self.left_out[0]],
                "second_only": [self.left_out[1]],
                "first_score": [100 * before],
                "second_score": [100 * after],
                "estimate": [estimate],
                "std_error": [std_error],
                "statistic": [statistic],
                "p_value": [2 * ndtr(-abs(statistic))],
                "conf_low": [max(estimate - z * std_error, -200.0)],
                "conf_high": [min(estimate + z * std_error, 200.0)],
                "conf_level": [self.conf_level],
            }
        )

    def __repr__(self) -> str:
        row = self.glance().iloc[0]
        return (
            f"PairedNpsFit({row['estimate']:+.1f} [{row['conf_low']:.1f}, {row['conf_high']:.1f}] from {self.waves[0]} "
            f"to {self.waves[1]}; {row['n']:,} respondents)"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_paired_nps(
    answers: pd.DataFrame,
    *,
    respondent: str = "respondent_id",
    wave: str = "wave",
    recommend: str = "recommend",
    scheme: str | NpsScheme = "standard",
    conf_level: float = 0.95,
) -> PairedNpsFit:
    """Estimate the change of the score among respondents who answered in both of two waves.

    Parameters
    ----------
    answers
        One row per respondent and wave, of exactly two waves; the earlier is the first that sorts, or that an ordered category
        has (:func:`order_waves`).
    respondent, wave, recommend
        Its columns.
    scheme
        As in :func:`fit_nps`.
    conf_level
        Of the limits.

    Returns
    -------
    PairedNpsFit

    Raises
    ------
    DataError
        If a respondent or a wave is missing, there are not two waves, a respondent answers twice in one, fewer than two
        answer in both, or answers are off the scale.
    ParameterError
        If the scheme is unknown.

    Notes
    -----
    The change is the mean over respondents of 1, 0, -1 now less then; its standard error is that of a mean, which is
    smaller than for different respondents if the same ones answer alike.

    Examples
    --------
    >>> answers = pd.DataFrame({"respondent_id": [1, 2, 3] * 2, "wave": [1] * 3 + [2] * 3})
    >>> answers["recommend"] = [6, 8, 10, 9, 8, 10]
    >>> fit_paired_nps(answers).glance()["estimate"].round(1).tolist()
    [66.7]
    """
    normal_quantile(conf_level)
    require_columns(answers, [respondent, wave, recommend])
    agreed = find_scheme(scheme)
    _refuse_unnamed(answers, [respondent, wave])
    values = check_recommend(answers[recommend], agreed, np.ones(len(answers)))
    given = answers.loc[~np.isnan(values), [respondent, wave]].assign(kind=agreed.classify(values[~np.isnan(values)]))
    repeated = given.duplicated([respondent, wave])
    if repeated.any():
        first, when = (given.loc[repeated, name].tolist()[0] for name in (respondent, wave))
        raise DataError(
            f"{int(repeated.sum()):,} answers repeat a respondent within a wave (first: {first} in {when}). "
            "Try: keep the last."
        )
    waves = _in_order(given[wave])
    if len(waves) != 2:
        raise DataError(f"A paired comparison takes two waves, but `{wave}` holds {len(waves)}. Try: filter the rows.")
    table = given.astype({wave: object}).pivot(index=respondent, columns=wave, values="kind")[waves]
    both = table.dropna()
    if len(both) < 2:
        raise DataError(f"Only {len(both)} respondents answered in both waves. Try: fit_nps with by={[wave]!r}.")
    moves = np.zeros((3, 3))
    np.add.at(moves, tuple((both.to_numpy() + 1).astype(int).T), 1.0)
    alone = tuple(int((table[other].isna()).sum()) for other in reversed(waves))
    return PairedNpsFit(
        scheme=agreed,
        waves=(str(waves[0]), str(waves[1])),
        moves=moves,
        left_out=(alone[0], alone[1]),
        conf_level=conf_level,
    )


def _refuse_unnamed(answers: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        gap = answers[name].isna().to_numpy()
        if gap.any():
            raise DataError(
                f"`{name}` must not be missing, but {gap.sum():,} of {len(answers):,} rows lack it (first: row "
                f"{int(gap.argmax()) + 1}): whose answer is it, and of when? Try: leave these rows out."
            )


def _in_order(waves: pd.Series) -> list[object]:
    """Return the waves as they follow one another: ordered categories in their order, others as they sort."""
    if isinstance(waves.dtype, pd.CategoricalDtype):
        return list(waves.cat.remove_unused_categories().cat.categories)
    return sorted(waves.unique())


def nps_sample_size(
    change: float, *, promoters: float, detractors: float, power: float = 0.8, conf_level: float = 0.95
) -> int:
    """Return how many answers each of two waves needs for a change of the score to be seen.

    Parameters
    ----------
    change
        Points of the score, above 0.
    promoters, detractors
        Shares expected, between 0 and 1, the same in both waves.
    power
        Probability with which the change is to be found.
    conf_level
        One less the level of the two-sided test.

    Raises
    ------
    ParameterError
        If the change is not in (0, 200], or shares or power are no probabilities.

    Examples
    --------
    >>> nps_sample_size(5, promoters=0.462, detractors=0.362)
    5112
    """
    from scipy.special import ndtri

    if not 0 < change <= 200 or not 0 < power < 1:
        raise ParameterError(f"`change` must lie in (0, 200] and `power` in (0, 1), not {change!r} and {power!r}.")
    if promoters < 0 or detractors < 0 or not 0 < promoters + detractors <= 1:
        raise ParameterError(f"`promoters` and `detractors` must be shares, not {promoters!r} and {detractors!r}.")
    variance = promoters + detractors - (promoters - detractors) ** 2
    if variance <= 0:
        raise ParameterError("If all answer alike no change can be planned for: give shares below 1.")
    quantiles = normal_quantile(conf_level) + float(ndtri(power))
    return ceil(2 * variance * (100 * quantiles / change) ** 2)

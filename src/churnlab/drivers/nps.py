"""The Net Promoter Score: share of promoters less share of detractors, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from warnings import warn

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.columns import column_weights, require_columns
from churnlab.drivers.nps_scheme import NpsScheme, find_scheme, nps_bands, read_bands
from churnlab.drivers.nps_totals import add_up, score_table
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["NpsFit", "check_recommend", "compare_nps", "fit_nps"]

Array = npt.NDArray[np.float64]

_COLUMNS = (
    *("scheme", "n", "n_effective", "n_missing", "promoters", "passives", "detractors", "centre", "spread", "reading"),
    *("estimate", "std_error", "conf_low", "conf_high", "first", "second", "statistic", "p_value", "benchmark"),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NpsFit:
    """Net Promoter Scores of one or more groups of respondents.

    Attributes
    ----------
    scheme
        The convention; scores of another one cannot be compared with these.
    by
        Columns that make up the groups; none for all respondents together.
    groups
        One row per group: its values of `by`, and the numbers of :meth:`tidy`.
    whole
        The same in one row for all respondents.
    interval
        Which limits are given.
    conf_level
        Of every interval.
    """

    scheme: NpsScheme
    by: tuple[str, ...]
    groups: pd.DataFrame
    whole: pd.DataFrame
    interval: str
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per group.

        Returns
        -------
        DataFrame
            The columns of `by`; `scheme`, `n` answers, `n_effective` (equally weighted ones that would be as precise),
            `n_missing`; the shares `promoters, passives, detractors`; the score `estimate` from -100 to 100 with
            `std_error, conf_low, conf_high`.
        """
        return self.groups.drop(columns=["centre", "spread"])

    def glance(self) -> pd.DataFrame:
        """Return one row for all respondents: the columns of :meth:`tidy`, `groups`, `interval`, `conf_level`."""
        whole = self.whole.drop(columns=["centre", "spread"])
        return whole.assign(groups=len(self.groups), interval=self.interval, conf_level=self.conf_level)

    def read(self, bands: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return :meth:`tidy` with `reading`: what the score is called in a table of bands.

        Parameters
        ----------
        bands
            `low, high, reading`, half-open; :func:`nps_bands` by default.

        Raises
        ------
        ParameterError
            If bands overlap, leave gaps or do not cover the scores.
        """
        reading = read_bands(self.groups["estimate"].to_numpy(), nps_bands() if bands is None else bands)
        return self.tidy().assign(reading=reading)

    def against(self, benchmark: float) -> pd.DataFrame:
        """Return how far each group is from a benchmark, which is taken to be known exactly.

        Parameters
        ----------
        benchmark
            A score by the same convention, from -100 to 100.

        Returns
        -------
        DataFrame
            The columns of `by`, `benchmark, estimate` (score less benchmark), `std_error, statistic, p_value,
            conf_low, conf_high`.

        Raises
        ------
        ParameterError
            If the benchmark is no score.
        """
        if not -100 <= benchmark <= 100:
            raise ParameterError(f"`benchmark` must be a score from -100 to 100, not {benchmark!r}.")
        labels = self.groups[list(self.by)].assign(benchmark=benchmark)
        difference = self.groups["estimate"] - benchmark
        return _tested(labels, difference, self.groups["centre"] - benchmark, self.groups["spread"], self.conf_level)

    def changes(self, over: str = "wave") -> pd.DataFrame:
        """Return the change from each wave to the next, waves taken to be of different respondents.

        Parameters
        ----------
        over
            The column of `by` that holds the waves; they follow one another as they sort, or as their ordered
            categories do.

        Returns
        -------
        DataFrame
            The other columns of `by`, `first, second` (waves), `estimate` (second less first), `std_error, statistic,
            p_value, conf_low, conf_high`.

        Raises
        ------
        ParameterError
            If the score was not fitted by that column.
        """
        if over not in self.by:
            raise ParameterError(f'The score was not fitted by `{over}`. Try: fit_nps(..., by=["{over}"]).')
        others = [name for name in self.by if name != over]
        keys = others or (lambda _: 0)
        before = self.groups.groupby(keys, sort=False, observed=True, dropna=False).shift(1)
        later = before["estimate"].notna() & self.groups["estimate"].notna()
        now, past = self.groups[later], before[later]
        labels = now[others].assign(first=past[over], second=now[over])
        spread = (now["spread"] ** 2 + past["spread"] ** 2) ** 0.5
        change = now["estimate"] - past["estimate"]
        return _tested(labels, change, now["centre"] - past["centre"], spread, self.conf_level)

    def __repr__(self) -> str:
        row = self.whole.iloc[0]
        limits = f"[{row['conf_low']:.1f}, {row['conf_high']:.1f}]"
        return f"NpsFit({row['estimate']:+.1f} {limits}, {self.scheme.name} scheme; {row['n']:,.0f} answers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_nps(
    answers: pd.DataFrame,
    *,
    recommend: str = "recommend",
    scheme: str | NpsScheme = "standard",
    by: Sequence[str] = (),
    weight: str | None = None,
    count: str | None = None,
    interval: Literal["adjusted", "wald"] = "adjusted",
    conf_level: float = 0.95,
) -> NpsFit:
    """Estimate the Net Promoter Score.

    Parameters
    ----------
    answers
        One row per questionnaire, or per group of like ones.
    recommend
        Column with the likelihood to recommend; missing answers are counted and left out.
    scheme
        ``"standard"`` (0-10: detractors to 6, promoters from 9), ``"one_to_ten"`` (1-10, same cut-offs), or a
        :class:`NpsScheme` of your own.
    by
        Columns that make up groups, such as ``["segment", "wave"]``.
    weight
        Column of survey weights.
    count
        Column that says how many answers a row stands for.
    interval
        ``"adjusted"``: with three answers added, a quarter of them detractors and a quarter promoters, which holds its
        level in small samples and has a width where all answer alike; ``"wald"``: score ± z standard errors.
    conf_level
        Of every interval.

    Returns
    -------
    NpsFit

    Raises
    ------
    DataError
        If answers are off the scale, or a weight or a count is not positive.
    ParameterError
        If the scheme or the interval is unknown, or a group has the name of a column of the result.

    Warns
    -----
    UserWarning
        If the answers look as if asked on another scale.

    Notes
    -----
    Promoters, passives and detractors are multinomial; the score p - d has variance (p + d - (p - d)²)/n, with weights the
    linearised variance Σw²(s - score)²/(Σw)² for s = 1, 0, -1. Adjusted: Rocks (2016), Interval estimation for the Net
    Promoter Score. Limits end at ±100, and always hold the score. R: package NPS for the Wald interval.

    Examples
    --------
    >>> answers = pd.DataFrame({"recommend": [10, 7, 0], "answers": [462, 176, 362]})
    >>> fit_nps(answers, count="answers")
    NpsFit(+10.0 [4.4, 15.6], standard scheme; 1,000 answers)
    """
    normal_quantile(conf_level)
    if interval not in ("adjusted", "wald"):
        raise ParameterError(f"`interval` must be 'adjusted' or 'wald', not {interval!r}.")
    if isinstance(by, str):
        by = [by]
    agreed = find_scheme(scheme)
    taken = [name for name in by if name in _COLUMNS]
    if taken:
        raise ParameterError(f"`by` must not name {taken[0]}, which is a column of the result. Try: rename it.")
    require_columns(answers, [recommend, *by])
    weights, counts = column_weights(answers, weight), column_weights(answers, count)
    values = check_recommend(answers[recommend], agreed, counts)
    table = [
        score_table(labels, totals, agreed.name, interval, conf_level)
        for labels, totals in (
            add_up(answers, list(by), agreed.classify(values), weights, counts),
            add_up(answers, [], agreed.classify(values), weights, counts),
        )
    ]
    return NpsFit(
        scheme=agreed, by=tuple(by), groups=table[0], whole=table[1], interval=interval, conf_level=conf_level
    )


def check_recommend(column: pd.Series, scheme: NpsScheme, count: Array) -> Array:
    """Return answers on the scale of a scheme (n,), NaN where missing; each row stands for `count` (n,) of them.

    Raises
    ------
    DataError
        If some are off the scale or not whole.
    """
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise DataError(f"`{column.name}` must hold numbers. Try: pandas.to_numeric, or drivers.to_answers.")
    values = column.to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(values)
    wrong = known & ~((values >= scheme.lowest) & (values <= scheme.highest) & (values % 1 == 0))
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"`{column.name}` must be a whole number from {scheme.lowest} to {scheme.highest} ({scheme.name} scheme), but "
            f"{wrong.sum():,} of {len(values):,} rows are not (first: row {first}: {values[first]:g}). "
            "Try: the scheme that fits the question, or drivers.NpsScheme(...)."
        )
    if not known.any():
        raise DataError(f"Nobody answered `{column.name}`: all {len(values):,} rows are missing.")
    _doubt_scale(str(column.name), values[known], int(count[known].sum()), scheme)
    return values


def _doubt_scale(name: str, values: Array, n: int, scheme: NpsScheme) -> None:
    if n > 500 and values.min() > scheme.lowest == 0:
        warn(
            f"Nobody of {n:,} answered 0 to `{name}`: was it asked from 1 to 10? Then scheme='one_to_ten' is "
            "its name; scores of two schemes are not to be compared.",
            UserWarning,
            stacklevel=4,
        )
    if n > 100 and values.max() <= (scheme.lowest + scheme.highest) / 2:
        warn(
            f"No answer to `{name}` is above {values.max():g} on a scale to {scheme.highest}: was it asked on a shorter one?",
            UserWarning,
            stacklevel=4,
        )


def compare_nps(earlier: NpsFit, later: NpsFit) -> pd.DataFrame:
    """Test whether scores differ between two sets of different respondents.

    Parameters
    ----------
    earlier, later
        Scores by the same scheme, fitted by the same columns.

    Returns
    -------
    DataFrame
        One row per group that both have: the columns of `by`, `estimate` (later less earlier), `std_error, statistic,
        p_value, conf_low, conf_high`.

    Raises
    ------
    ParameterError
        If the schemes, the intervals or the columns differ, or no group is in both.

    Examples
    --------
    >>> waves = [pd.DataFrame({"recommend": [10, 8, 2], "k": counts}) for counts in ([40, 30, 30], [55, 30, 15])]
    >>> compare_nps(*[fit_nps(wave, count="k") for wave in waves]).round(2)[["estimate", "conf_low", "conf_high"]]
       estimate  conf_low  conf_high
    0      30.0      7.72      50.53
    """
    if earlier.scheme != later.scheme:
        raise ParameterError(
            f"Scores of different schemes cannot be compared: {earlier.scheme!r} and {later.scheme!r}. "
            "Try: fit both by the same scheme."
        )
    if earlier.by != later.by or earlier.interval != later.interval or earlier.conf_level != later.conf_level:
        raise ParameterError("The two scores must be fitted `by` the same columns, with the same interval and level.")
    keys = list(earlier.by)
    pairs = earlier.groups.merge(
        later.groups, on=keys or None, how="inner" if keys else "cross", suffixes=("", "_later")
    )
    if pairs.empty:
        raise ParameterError("No group is in both scores.")
    spread = (pairs["spread"] ** 2 + pairs["spread_later"] ** 2) ** 0.5
    centre = pairs["centre_later"] - pairs["centre"]
    return _tested(pairs[keys], pairs["estimate_later"] - pairs["estimate"], centre, spread, earlier.conf_level)


def _tested(
    labels: pd.DataFrame, difference: pd.Series, centre: pd.Series, spread: pd.Series, conf_level: float
) -> pd.DataFrame:
    """Return differences of scores with their tests; `centre` and `spread` are those of the interval chosen."""
    from scipy.special import ndtr

    z = normal_quantile(conf_level)
    statistic = centre / spread.where(spread > 0)
    return labels.assign(
        estimate=difference,
        std_error=spread,
        statistic=statistic,
        p_value=2 * ndtr(-statistic.abs()),
        conf_low=np.maximum(centre - z * spread, -200.0),
        conf_high=np.minimum(centre + z * spread, 200.0),
    ).reset_index(drop=True)

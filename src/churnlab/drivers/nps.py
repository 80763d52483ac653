"""The Net Promoter Score: share of promoters less share of detractors, with its interval."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import column_weights, require_columns
from churnlab.drivers.nps_answers import check_recommend
from churnlab.drivers.nps_fit import NpsFit, to_differences
from churnlab.drivers.nps_scheme import NpsScheme, find_scheme
from churnlab.drivers.nps_totals import add_up, score_table
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile

__all__ = ["compare_nps", "fit_nps"]

Array = npt.NDArray[np.float64]

_COLUMNS = (
    *("scheme", "n", "n_effective", "n_missing", "promoters", "passives", "detractors", "centre", "spread", "reading"),
    *("estimate", "std_error", "conf_low", "conf_high", "first", "second", "statistic", "p_value", "benchmark"),
)


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
    return to_differences(pairs[keys], pairs["estimate_later"] - pairs["estimate"], centre, spread, earlier.conf_level)

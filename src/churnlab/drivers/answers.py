"""Questionnaires as they come, made ready: scales checked, reversed items turned, codes for no answer taken out."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import column_weights
from churnlab.drivers.scales import Scale, doubt_scales, find_codes, read_items, to_scales
from churnlab.drivers.weighted_means import mean_with_limits
from churnlab.errors import ParameterError
from churnlab.tables import Table

__all__ = ["describe_answers", "find_items", "to_answers"]

Array = npt.NDArray[np.float64]

_CONTRACT = frozenset(
    {"respondent_id", "customer_id", "outcome", "recommend", "wave", "segment", "weight", "comment", "date"}
)


def to_answers(
    answers: Table | pd.DataFrame,
    *,
    items: Sequence[str],
    scale: Scale | Mapping[str, Scale],
    reverse: Sequence[str] = (),
    no_answer: Sequence[float | str] = (),
) -> pd.DataFrame:
    """Return questionnaires whose items are numbers on their scale, higher being better, and missing where not answered.

    Parameters
    ----------
    answers
        ANSWERS, or any frame of one row per questionnaire.
    items
        Columns of ratings.
    scale
        Lowest and highest answer that could be given: one for all, or one for each item.
    reverse
        Items where a high answer is a bad one; they are turned round on their scale.
    no_answer
        What stands for "don't know", "does not apply" or a skipped question: ``[99, -1, "n/a"]``. Such an answer becomes
        missing; it never enters a mean. A code that is not declared is off the scale, and refused.

    Returns
    -------
    DataFrame
        All columns and rows, in their order; items as numbers.

    Raises
    ------
    DataError
        If an item is not there, or holds what is neither a number on its scale nor a code; all items are named at once.
    ParameterError
        If a scale is not lowest, highest, an item has none, a code lies on a scale, or `reverse` names what is no item.

    Warns
    -----
    UserWarning
        If the answers look as if they had been asked on another scale.

    Examples
    --------
    >>> answers = pd.DataFrame({"fast": [9, 99, 4], "annoying": ["2", "", "10"]})
    >>> to_answers(answers, items=["fast", "annoying"], scale=(0, 10), reverse=["annoying"], no_answer=[99])
       fast  annoying
    0   9.0       8.0
    1   NaN       NaN
    2   4.0       0.0
    """
    frame = answers.to_frame() if isinstance(answers, Table) else answers
    scales = to_scales(items, scale)
    if isinstance(reverse, str):
        raise ParameterError(f'`reverse` must be a list of items, not the text {reverse!r}. Try: ["{reverse}"].')
    unknown = [name for name in reverse if name not in scales]
    if unknown:
        raise ParameterError(f"`reverse` names {', '.join(unknown)}, which is no item.")
    columns = read_items(frame, scales, no_answer)
    doubt_scales(columns, scales)
    turned = {name: sum(scales[name]) - values if name in reverse else values for name, values in columns.items()}
    made = frame.copy(deep=False)
    for name, values in turned.items():
        made[name] = values
    return made


def find_items(answers: Table | pd.DataFrame) -> list[str]:
    """Return the columns that hold numbers and have no name of the contract ANSWERS: the ratings, as far as one can tell.

    Parameters
    ----------
    answers
        ANSWERS, or any frame of one row per questionnaire; from CSV files numbers may come as text.

    Examples
    --------
    >>> find_items(pd.DataFrame({"outcome": [7], "delivery": [8], "city": ["Kyoto"]}))
    ['delivery']
    """
    frame = answers.to_frame() if isinstance(answers, Table) else answers
    return [str(name) for name in frame.columns if name not in _CONTRACT and _holds_numbers(frame[name])]


def _holds_numbers(column: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return True
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return False
    text = column.dropna().astype(str).str.strip()
    return bool((text != "").any()) and bool(pd.to_numeric(text[text != ""], errors="coerce").notna().all())


def describe_answers(
    answers: Table | pd.DataFrame,
    *,
    items: Sequence[str],
    scale: Scale | Mapping[str, Scale],
    no_answer: Sequence[float | str] = (),
    weight: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Count for each item who answered, who said that they cannot, and who said nothing.

    Parameters
    ----------
    answers, items, scale, no_answer
        As in :func:`to_answers`, before it.
    weight
        Column of survey weights, for means and shares.
    conf_level
        Of the limits of means.

    Returns
    -------
    DataFrame
        One row per item: `item, n, answered, no_answer` (codes), `empty`, `share_missing`, `mean` with `conf_low, conf_high`,
        `lowest, highest`, and the shares of answers at the two ends of the scale, `at_floor, at_ceiling`.

    Raises
    ------
    DataError
        As in :func:`to_answers`.
    ParameterError
        As in :func:`to_answers`.

    Examples
    --------
    >>> table = describe_answers(pd.DataFrame({"fast": [9, 99, None]}), items=["fast"], scale=(0, 10), no_answer=[99])
    >>> table[["answered", "no_answer", "empty"]].values.tolist()
    [[1, 1, 1]]
    """
    frame = answers.to_frame() if isinstance(answers, Table) else answers
    scales = to_scales(items, scale)
    columns = read_items(frame, scales, no_answer)
    weights = column_weights(frame, weight)
    rows = []
    for name, ends in scales.items():
        values, coded = columns[name], find_codes(frame[name], no_answer).to_numpy()
        rows.append(
            {
                "item": name,
                "n": len(values),
                "answered": int((~np.isnan(values)).sum()),
                "no_answer": int(coded.sum()),
                "empty": int((np.isnan(values) & ~coded).sum()),
                "share_missing": float(np.isnan(values).mean()),
                **_spread(values, weights, ends, conf_level),
            }
        )
    return pd.DataFrame(rows)


def _spread(values: Array, weights: Array, ends: Scale, conf_level: float) -> dict[str, float]:
    mean = mean_with_limits(values, weights, conf_level)
    known = ~np.isnan(values)
    share = weights[known] / weights[known].sum()
    return {
        "mean": mean["estimate"],
        "conf_low": mean["conf_low"],
        "conf_high": mean["conf_high"],
        "lowest": float(values[known].min()) if known.any() else float("nan"),
        "highest": float(values[known].max()) if known.any() else float("nan"),
        "at_floor": float(share @ (values[known] == ends[0])),
        "at_ceiling": float(share @ (values[known] == ends[1])),
    }

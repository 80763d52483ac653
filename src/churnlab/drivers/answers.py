"""Questionnaires as they come, made ready: scales checked, reversed items turned, codes for no answer taken out."""

from collections.abc import Iterable, Mapping, Sequence
from warnings import warn

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.ratings import column_weights, require_columns
from churnlab.drivers.weighted_means import mean_with_limits
from churnlab.errors import DataError, ParameterError
from churnlab.tables import Table

__all__ = ["Scale", "describe_answers", "find_items", "to_answers", "to_wide"]

Array = npt.NDArray[np.float64]
Scale = tuple[float, float]

_CONTRACT = frozenset(
    {"respondent_id", "customer_id", "outcome", "recommend", "wave", "segment", "weight", "comment", "date"}
)
_ENOUGH_FOR_FLOOR, _ENOUGH_FOR_CEILING = 500, 100
"""Answers from which on an end of the scale that nobody used is worth a word."""


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
    scales = _scales(items, scale)
    unknown = [name for name in reverse if name not in scales]
    if unknown:
        raise ParameterError(f"`reverse` names {', '.join(unknown)}, which is no item.")
    columns = _read_items(frame, scales, no_answer)
    _doubt_scales(columns, scales)
    turned = {name: sum(scales[name]) - values if name in reverse else values for name, values in columns.items()}
    return frame.assign(**turned)


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
    scales = _scales(items, scale)
    columns = _read_items(frame, scales, no_answer)
    weights = column_weights(frame, weight)
    rows = []
    for name, ends in scales.items():
        values, coded = columns[name], _coded(frame[name], no_answer).to_numpy()
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


def to_wide(
    answers: pd.DataFrame,
    *,
    questionnaire: Sequence[str] = ("respondent_id",),
    item: str = "item",
    answer: str = "answer",
) -> pd.DataFrame:
    """Turn one row per answered question into one row per questionnaire.

    Parameters
    ----------
    answers
        One row per answered question.
    questionnaire
        Columns that say which questionnaire it belongs to: ``["respondent_id", "wave"]``.
    item, answer
        Columns with the question and what was answered.

    Returns
    -------
    DataFrame
        The columns of `questionnaire`, then a column per question, both in the order in which they first come; missing
        where a question was not answered.

    Raises
    ------
    DataError
        If a column is not there, a question was answered twice in one questionnaire, a key or a question is missing, or
        a question has the name of a key.

    Examples
    --------
    >>> long = pd.DataFrame({"respondent_id": [1, 1, 2], "item": ["price", "speed", "speed"], "answer": [7, 9, 4]})
    >>> to_wide(long)
       respondent_id  price  speed
    0              1    7.0    9.0
    1              2    NaN    4.0
    """
    keys = list(questionnaire)
    require_columns(answers, [*keys, item, answer])
    lost = answers[[*keys, item]].isna().any(axis=1).to_numpy()
    if lost.any():
        raise DataError(
            f"{', '.join(f'`{name}`' for name in [*keys, item])} must not be missing, but {lost.sum():,} of {len(answers):,} "
            f"rows lack one (first: row {int(lost.argmax())})."
        )
    twice = answers.duplicated([*keys, item]).to_numpy()
    if twice.any():
        raise DataError(
            f"A question may be answered once in a questionnaire, but {twice.sum():,} of {len(answers):,} rows answer one again "
            f"(first: row {int(twice.argmax())}). Try: name the wave among `questionnaire`."
        )
    place, names = pd.factorize(answers[item])
    clash = [name for name in names if name in keys]
    if clash:
        raise DataError(f"The question `{clash[0]}` has the name of a key. Try: rename it.")
    whose = answers.groupby(keys, sort=False).ngroup()
    wide = answers[keys][~answers.duplicated(keys)].reset_index(drop=True)
    parts = [answers[answer][place == number].set_axis(whose[place == number]) for number in range(len(names))]
    return wide.assign(**{str(name): part.reindex(wide.index) for name, part in zip(names, parts, strict=True)})


def _scales(items: Sequence[str], scale: Scale | Mapping[str, Scale]) -> dict[str, Scale]:
    if isinstance(items, str):
        raise ParameterError(f'`items` must be a list of columns, not the text {items!r}. Try: ["{items}"].')
    if isinstance(scale, Mapping):
        absent = [name for name in items if name not in scale]
        if absent:
            raise ParameterError(f"`scale` has none for {', '.join(absent)}.")
        scales = {name: scale[name] for name in items}
    else:
        scales = dict.fromkeys(items, scale)
    for name, ends in scales.items():
        if not (len(ends) == 2 and ends[0] < ends[1]):
            raise ParameterError(f"The scale of `{name}` must be its lowest and its highest answer, not {ends!r}.")
    return scales


def _check_codes(scales: Mapping[str, Scale], no_answer: Sequence[float | str]) -> None:
    if isinstance(no_answer, str):
        raise ParameterError(f'`no_answer` must be a list of codes, not the text {no_answer!r}. Try: ["{no_answer}"].')
    for code in _numbers(no_answer):
        inside = [name for name, (low, high) in scales.items() if low <= code <= high]
        if inside:
            raise ParameterError(f"The code {code:g} lies on the scale of `{inside[0]}`, where it is an answer.")


def _numbers(no_answer: Iterable[float | str]) -> list[float]:
    return [float(code) for code in no_answer if not isinstance(code, str)]


def _coded(column: pd.Series, no_answer: Sequence[float | str]) -> pd.Series:
    """Return which answers (n,) are codes."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.isin(_numbers(no_answer))
    words = [code.strip().casefold() for code in no_answer if isinstance(code, str)]
    said = column.astype("string").str.strip().str.casefold().isin(words) & column.notna()
    return said.astype(bool) | pd.to_numeric(column, errors="coerce").isin(_numbers(no_answer))


def _read(column: pd.Series, no_answer: Sequence[float | str]) -> Array:
    """Return answers as numbers (n,): NaN where there is none, infinite where it cannot be read."""
    coded = _coded(column, no_answer).to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.where(coded, np.nan, column.to_numpy(dtype=float, na_value=np.nan))
    text = column.astype("string").str.strip()
    empty = (column.isna() | (text == "").fillna(value=True)).to_numpy(dtype=bool)
    numbers = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(empty | coded, np.nan, np.where(np.isnan(numbers), np.inf, numbers))


def _read_items(frame: pd.DataFrame, scales: Mapping[str, Scale], no_answer: Sequence[float | str]) -> dict[str, Array]:
    require_columns(frame, list(scales))
    _check_codes(scales, no_answer)
    columns = {name: _read(frame[name], no_answer) for name in scales}
    _refuse_off_scale(frame, columns, scales)
    return columns


def _refuse_off_scale(frame: pd.DataFrame, columns: Mapping[str, Array], scales: Mapping[str, Scale]) -> None:
    found = []
    for name, values in columns.items():
        low, high = scales[name]
        wrong = ~np.isnan(values) & ~((values >= low) & (values <= high))
        if wrong.any():
            first = int(wrong.argmax())
            found.append(
                f"`{name}` must be a number from {low:g} to {high:g}, but {wrong.sum():,} of {len(values):,} rows are not "
                f"(first: row {first}: {frame[name].iloc[first]!s:.40})"
            )
    if found:
        raise DataError(". ".join(found) + ". Try: the scale that was asked, or declare the code in `no_answer`.")


def _doubt_scales(columns: Mapping[str, Array], scales: Mapping[str, Scale]) -> None:
    """Warn where no answer to any item of a scale uses an end of it that would be used."""
    for ends in sorted(set(scales.values())):
        names = [name for name in columns if scales[name] == ends]
        values = np.concatenate([columns[name] for name in names])
        values = values[~np.isnan(values)]
        if len(values) >= _ENOUGH_FOR_FLOOR and ends[0] == 0 and values.min() >= 1:
            warn(
                f"None of {len(values):,} answers to {_some(names)} is 0 on a scale from 0 to {ends[1]:g}: was it asked from 1 "
                f"to {ends[1]:g}? Then say so in `scale`; the two must not be mixed.",
                UserWarning,
                stacklevel=3,
            )
        if len(values) >= _ENOUGH_FOR_CEILING and values.max() <= (ends[0] + ends[1]) / 2:
            warn(
                f"No answer to {_some(names)} is above {values.max():g} on a scale to {ends[1]:g}: was it asked on a shorter one?",
                UserWarning,
                stacklevel=3,
            )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"

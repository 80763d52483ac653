"""Questionnaires in rows: one for each, and waves in their order."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.columns import require_columns
from churnlab.errors import DataError, ParameterError

__all__ = ["order_waves", "to_wide"]


def order_waves(answers: pd.DataFrame, *, waves: Sequence[str] = ()) -> pd.DataFrame:
    """Return the answers with `wave` in its order, which tables, figures and changes then keep.

    Parameters
    ----------
    answers
        With `wave`.
    waves
        The waves in their order. Without them an ordered category stays as it is; other waves follow one another by their first
        `date`, and where there is none as they sort: numbers by size, names by letter, which is seldom right for months.

    Returns
    -------
    DataFrame
        The same, `wave` an ordered category.

    Raises
    ------
    DataError
        If there is no column `wave`, or a `date` is none.
    ParameterError
        If `waves` names one twice, or not all that there are.

    Examples
    --------
    >>> answers = pd.DataFrame({"wave": ["May", "June"], "date": ["2024-05-01", "2024-06-01"]})
    >>> order_waves(answers)["wave"].cat.categories.tolist()
    ['May', 'June']
    """
    require_columns(answers, ["wave"])
    if isinstance(waves, str):
        raise ParameterError(f'`waves` must be a list of waves, not the text {waves!r}. Try: ["{waves}"].')
    names = answers["wave"].astype("string")
    if len(waves):
        order = [str(name) for name in waves]
        _require_each_once(names, order)
    elif isinstance(answers["wave"].dtype, pd.CategoricalDtype) and answers["wave"].cat.ordered:
        order = [str(name) for name in answers["wave"].cat.remove_unused_categories().cat.categories]
    elif "date" in answers and answers["date"].notna().any():
        order = _by_first_date(names, answers["date"])
    else:
        numbers = pd.to_numeric(names, errors="coerce")
        by_size = numbers.notna().equals(names.notna())
        order = list((numbers if by_size else names).groupby(names).first().sort_values(kind="stable").index)
    return answers.assign(wave=pd.Categorical(names, order, ordered=True))


def _require_each_once(names: pd.Series, order: Sequence[str]) -> None:
    missing = [name for name in sorted(names.dropna().unique()) if name not in order]
    if missing or len(set(order)) < len(order):
        raise ParameterError(
            f"`waves` must name each wave once, but {', '.join(missing) or 'one'} is {'missing' if missing else 'named twice'}."
        )


def _by_first_date(names: pd.Series, dates: pd.Series) -> list[str]:
    known = pd.to_datetime(dates, errors="coerce")
    wrong = (known.isna() & dates.notna()).to_numpy()
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"`date` must hold dates, but {wrong.sum():,} of {len(dates):,} rows do not (first: row {first + 1}: "
            f"{dates.iloc[first]!s:.40}). Try: pandas.to_datetime, or name the `waves` in their order."
        )
    return [str(name) for name in known.groupby(names).min().sort_values(kind="stable").index]


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
        a question has the name of a key or of another question.
    ParameterError
        If `questionnaire` is no list.

    Examples
    --------
    >>> long = pd.DataFrame({"respondent_id": [1, 1, 2], "item": ["price", "speed", "speed"], "answer": [7, 9, 4]})
    >>> to_wide(long)
       respondent_id  price  speed
    0              1    7.0      9
    1              2    NaN      4
    """
    if isinstance(questionnaire, str):
        raise ParameterError(
            f'`questionnaire` must be a list of columns, not the text {questionnaire!r}. Try: ["{questionnaire}"].'
        )
    keys = list(questionnaire)
    require_columns(answers, [*keys, item, answer])
    lost = answers[[*keys, item]].isna().any(axis=1).to_numpy()
    if lost.any():
        raise DataError(
            f"{', '.join(f'`{name}`' for name in [*keys, item])} must not be missing, but {lost.sum():,} of {len(answers):,} "
            f"rows lack one (first: row {int(lost.argmax()) + 1})."
        )
    place, questions = pd.factorize(answers[item])
    names = _name_questions(list(questions), keys)
    whose, first = _number_keys(answers[keys])
    _refuse_twice(whose * len(names) + place, len(first) * len(names))
    row = np.full((len(names), len(first)), -1)
    row[place, whose] = np.arange(len(answers))
    given = answers[answer].to_numpy() if isinstance(answers[answer].dtype, np.dtype) else answers[answer].array
    columns = [pd.api.extensions.take(given, rows, allow_fill=bool((rows < 0).any())) for rows in row]
    wide = answers[keys].iloc[first].reset_index(drop=True)
    return pd.concat([wide, pd.DataFrame(dict(zip(names, columns, strict=True)))], axis=1)


def _name_questions(questions: list[object], keys: list[str]) -> list[str]:
    names = [str(question) for question in questions]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(f"Two questions are called `{twice[0]}`, once as text and once not. Try: call both by text.")
    clash = [name for name in names if name in keys]
    if clash:
        raise DataError(f"The question `{clash[0]}` has the name of a key. Try: rename it.")
    return names


def _number_keys(keys: pd.DataFrame) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the number of the questionnaire of each row (n,), in the order in which they come, and the first row of each."""
    if keys.shape[1] == 1:
        numbers: npt.NDArray[Any] = pd.factorize(keys.iloc[:, 0])[0]
    else:
        numbers = keys.groupby(list(keys), sort=False, observed=True).ngroup().to_numpy()
    whose = numbers.astype(np.intp, copy=False)
    first = np.full(int(whose.max()) + 1, len(whose))
    first[whose[::-1]] = np.arange(len(whose))[::-1]
    return whose, first


def _refuse_twice(cell: npt.NDArray[np.intp], cells: int) -> None:
    """Refuse rows (n,) that belong to the same of so many cells."""
    first = np.full(cells, -1)
    first[cell[::-1]] = np.arange(len(cell))[::-1]
    again = first[cell] != np.arange(len(cell))
    if again.any():
        raise DataError(
            f"A question may be answered once in a questionnaire, but {again.sum():,} of {len(cell):,} rows answer one again "
            f"(first: row {int(again.argmax()) + 1}). Try: name the wave among `questionnaire`."
        )

"""Themes of comments by a codebook that the analyst writes and edits: words and phrases by theme."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.drivers.words import clean_text, has_chinese
from churnlab.errors import DataError, ParameterError

__all__ = ["Codebook", "code_comments", "read_codebook"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Codebook:
    """Themes, each with the words that stand for it.

    Attributes
    ----------
    themes
        For each theme its words and phrases: ``{"delivery": ["late", "deliver*", "arrived on time"]}``. A star stands for any
        letters that follow. Chinese words are found anywhere, others as whole words. Capital letters do not matter.

    Raises
    ------
    ParameterError
        If there is no theme, one has no words, or a word is empty.

    Examples
    --------
    >>> Codebook(themes={"delivery": ["late", "deliver*"], "价格": ["贵", "便宜"]})
    Codebook(2 themes, 4 words)
    """

    themes: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        if not self.themes:
            raise ParameterError("A codebook needs a theme.")
        for theme, words in self.themes.items():
            if isinstance(words, str) or not words:
                raise ParameterError(f'The theme `{theme}` needs a list of words, as in {{"{theme}": ["late"]}}.')
            if not all(isinstance(word, str) and clean_text(word).strip(" *") for word in words):
                raise ParameterError(f"The theme `{theme}` has a word that is empty or no text.")

    def tidy(self) -> pd.DataFrame:
        """Return one row per word: `theme, word`."""
        rows = [(theme, word) for theme, words in self.themes.items() for word in words]
        return pd.DataFrame(rows, columns=["theme", "word"])

    def __repr__(self) -> str:
        return f"Codebook({len(self.themes)} themes, {sum(map(len, self.themes.values()))} words)"


def read_codebook(path: str | Path) -> Codebook:
    """Read a codebook from a TOML file with a table ``[themes]``, in which each theme has a list of words.

    Raises
    ------
    DataError
        If there is no such file, it is no TOML, or holds anything else.
    """
    name = Path(path).name
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"There is no codebook {str(path)!r}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{name} cannot be read as a TOML file: {error}.") from None
    themes = content.get("themes")
    if set(content) != {"themes"} or not isinstance(themes, dict):
        raise DataError(f'{name} must hold one table [themes], with lines such as: delivery = ["late", "deliver*"]')
    try:
        return Codebook(themes=themes)
    except ParameterError as error:
        raise DataError(f"{name}: {error}") from None


def code_comments(comments: pd.Series, codebook: Codebook) -> pd.DataFrame:
    """Say of each comment which themes it names.

    Parameters
    ----------
    comments
        Texts; missing or blank where nothing was written.
    codebook
        The themes.

    Returns
    -------
    DataFrame
        One row per comment, in its order and with its index; one column per theme: 1 if it is named, 0 if not, missing if
        there is no comment: silence is not the absence of a theme.

    Raises
    ------
    DataError
        If the column holds no text.

    Notes
    -----
    Words are found, not understood: "not late at all" names *late*. Read a sample, code it by hand, and see how well the
    two agree (:func:`score_agreement`).

    Examples
    --------
    >>> comments = pd.Series(["Delivered too late.", "太贵了", None])
    >>> code_comments(comments, Codebook(themes={"delivery": ["late"], "price": ["贵"]})).values.tolist()
    [[1.0, 0.0], [0.0, 1.0], [nan, nan]]
    """
    texts = clean_comments(comments)
    return pd.DataFrame({theme: _named(texts, words) for theme, words in codebook.themes.items()}, index=comments.index)


def clean_comments(comments: pd.Series) -> list[str]:
    """Return comments in one form (n), empty where there is none.

    Raises
    ------
    DataError
        If the column holds no text.
    """
    known = comments.dropna()
    wrong = [value for value in known if not isinstance(value, str)]
    if wrong:
        raise DataError(f"`{comments.name}` must hold text, but {len(wrong):,} rows do not (first: {wrong[0]!r:.40}).")
    texts = [clean_text(value).strip() if isinstance(value, str) else "" for value in comments]
    if not any(texts):
        raise DataError(f"`{comments.name}` holds no comment: all {len(comments):,} rows are empty.")
    return texts


def _named(texts: Sequence[str], words: Sequence[str]) -> npt.NDArray[np.float64]:
    pattern = re.compile("|".join(_pattern(clean_text(word).strip()) for word in words))
    return np.array([float(pattern.search(text) is not None) if text else np.nan for text in texts])


def _pattern(word: str) -> str:
    """Return a pattern in which every letter stands for itself, but a star."""
    parts = r"\w*".join(re.escape(part) for part in word.split("*"))
    spaced = re.sub(r"(\\ )+", r"\\s+", parts)
    return spaced if has_chinese(word) else rf"(?<!\w){spaced}(?!\w)"

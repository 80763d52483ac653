"""Themes that nobody named beforehand: groups of words that come together in comments."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.codebook import Codebook, clean_comments
from churnlab.drivers.words import STOPWORDS, split_words
from churnlab.errors import DataError, ParameterError

__all__ = ["TopicFit", "fit_topics"]

Array = npt.NDArray[np.float64]
_LEAST_COMMENTS = 2
_FAINT, _STRONG = 0.05, 0.2
"""Parts of the strongest word's weight below which a word gives no topic its name, and stands in no draft of a codebook."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TopicFit:
    """Topics, each a list of words with weights.

    Attributes
    ----------
    words
        The v words of all topics.
    weights
        Weight of each word in each topic (k, v); a topic's weights add up to 1.
    rarity
        Weight of each word by how rare it is (v,).
    share
        Share of the comments in which each topic is the strongest (k,).
    n, n_left_out
        Comments with a word that is known, and those without.
    stopwords, vocabulary
        As given.
    """

    words: tuple[str, ...]
    weights: Array
    rarity: Array
    share: Array
    n: int
    n_left_out: int
    stopwords: frozenset[str]
    vocabulary: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What each topic is called: its three strongest words."""
        tops = [
            [place for place in np.argsort(-row, kind="stable")[:3] if row[place] > _FAINT * row.max()]
            for row in self.weights
        ]
        names = [", ".join(self.words[place] for place in top) for top in tops]
        return tuple(
            f"{name} ({names[:place].count(name) + 1})" if name in names[:place] else name
            for place, name in enumerate(names)
        )

    def tidy(self, *, most: int = 8) -> pd.DataFrame:
        """Return one row per topic and word, the strongest first: `topic, name, share, word, weight`."""
        rows = [
            (number + 1, self.names[number], self.share[number], self.words[place], row[place])
            for number, row in enumerate(self.weights)
            for place in np.argsort(-row, kind="stable")[:most]
            if row[place] > 1e-9
        ]
        return pd.DataFrame(rows, columns=["topic", "name", "share", "word", "weight"])

    def glance(self) -> pd.DataFrame:
        """Return one row: `topics, words, n, n_left_out`."""
        return pd.DataFrame(
            {
                "topics": [len(self.weights)],
                "words": [len(self.words)],
                "n": [self.n],
                "n_left_out": [self.n_left_out],
            }
        )

    def predict(self, comments: pd.Series) -> pd.DataFrame:
        """Return how much of each comment belongs to each topic: a column per name, rows that add up to 1.

        A comment without a known word has missing values.

        Raises
        ------
        DataError
            If there is no comment.
        """
        counts = _count(
            [_split(text, self.stopwords, self.vocabulary) for text in clean_comments(comments)], self.words
        )
        loads = _loads(_scaled(counts, self.rarity), self.weights)
        total = loads.sum(axis=1, keepdims=True)
        shares = np.divide(loads, total, out=np.full(loads.shape, np.nan), where=total > 0)
        return pd.DataFrame(shares, columns=list(self.names), index=comments.index)

    def to_codebook(self, *, most: int = 8) -> Codebook:
        """Return a codebook to edit: the topics as themes, their strong words (a fifth of the strongest, or more) as words."""
        table = self.tidy(most=most)
        table = table[table["weight"] >= _STRONG * table.groupby("topic")["weight"].transform("max")]
        return Codebook(themes={str(name): list(rows["word"]) for name, rows in table.groupby("name", sort=False)})

    def __repr__(self) -> str:
        return f"TopicFit({'; '.join(self.names)}; {self.n:,} comments)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_topics(
    comments: pd.Series,
    *,
    topics: int = 6,
    least: int = 3,
    stopwords: Collection[str] = STOPWORDS,
    vocabulary: Iterable[str] = (),
    seed: int = 0,
) -> TopicFit:
    """Find groups of words that come together.

    Parameters
    ----------
    comments
        Texts; missing or blank where nothing was written.
    topics
        How many.
    least
        In how many comments a word must occur to count.
    stopwords
        Words to leave out.
    vocabulary
        Chinese words that must stay whole.
    seed
        Of the random numbers, of which the start needs some.

    Returns
    -------
    TopicFit

    Raises
    ------
    DataError
        If there are not at least as many comments, and words that occur often enough, as topics.
    ParameterError
        If a number is below 1.

    Notes
    -----
    Lee and Seung (1999): non-negative matrix factorisation of the weights of words in comments (tf-idf), as in scikit-learn.
    Topics are found, not tested: another number of them gives others. Take them as a first draft of a codebook
    (``fit.to_codebook()``), and read comments.

    Examples
    --------
    >>> comments = pd.Series(["late parcel", "parcel came late", "price too high", "high price"] * 5)
    >>> sorted(fit_topics(comments, topics=2).names)
    ['high, price', 'late, parcel, came']
    """
    if topics < 1 or least < 1:
        raise ParameterError(f"`topics` and `least` must be at least 1, not {topics} and {least}.")
    kept, whole = frozenset(stopwords), tuple(vocabulary)
    split = [_split(text, kept, whole) for text in clean_comments(comments)]
    words = _frequent(split, least)
    counts = _count(split, words)
    filled = np.asarray(counts.sum(axis=1)).ravel() > 0
    n = int(filled.sum())
    if n < max(topics, _LEAST_COMMENTS) or len(words) < topics:
        raise DataError(
            f"{topics} topics need as many comments and words, but {n:,} comments have one of the {len(words):,} words that occur "
            f"in {least} comments or more. Try: fewer topics, or a smaller `least`."
        )
    rarity = np.log((1 + n) / (1 + np.asarray((counts > 0).sum(axis=0)).ravel())) + 1
    loads, weights = _factorise(_scaled(counts[filled], rarity), topics, seed)
    strongest = np.bincount(loads.argmax(axis=1), minlength=topics) / n
    order = np.argsort(-strongest, kind="stable")
    return TopicFit(
        words=words,
        weights=weights[order],
        rarity=rarity,
        share=strongest[order],
        n=n,
        n_left_out=len(split) - n,
        stopwords=kept,
        vocabulary=whole,
    )


def _split(text: str, stopwords: frozenset[str], vocabulary: tuple[str, ...]) -> list[str]:
    return split_words(text, stopwords=stopwords, vocabulary=vocabulary)


def _frequent(split: list[list[str]], least: int) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    for words in split:
        for word in set(words):
            seen[word] = seen.get(word, 0) + 1
    return tuple(sorted(word for word, number in seen.items() if number >= least))


def _count(split: list[list[str]], words: tuple[str, ...]) -> Any:
    """Return how often each word occurs in each comment, a sparse matrix (n, v)."""
    from scipy.sparse import csr_array

    place = {word: number for number, word in enumerate(words)}
    found = [(row, place[word]) for row, text in enumerate(split) for word in text if word in place]
    rows, columns = (
        (np.array(side, dtype=np.int64) for side in zip(*found, strict=True)) if found else (np.empty(0, int),) * 2
    )
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(split), len(words)))


def _scaled(counts: Any, rarity: Array) -> Any:
    """Return weights of words, each comment of length 1 (or 0)."""
    from scipy.sparse import diags_array

    weighted = counts @ diags_array(rarity)
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return diags_array(1 / np.where(length > 0, length, 1.0)) @ weighted


def _factorise(scaled: Any, topics: int, seed: int) -> tuple[Array, Array]:
    """Return loads of comments (n, k) and weights of words (k, v), each topic's adding up to 1."""
    from sklearn.decomposition import NMF
    from threadpoolctl import threadpool_limits

    model = NMF(n_components=topics, init="nndsvda", random_state=seed, max_iter=2000, tol=1e-6)
    with threadpool_limits(1), np.errstate(invalid="ignore"):  # the error of an exact fit may fall below 0 by rounding
        loads = model.fit_transform(scaled)
    total = np.maximum(model.components_.sum(axis=1), 1e-300)
    return loads * total, model.components_ / total[:, None]


def _loads(scaled: Any, weights: Array) -> Array:
    """Return the loads (n, k) that fit best, none below 0."""
    from scipy.optimize import nnls

    dense = weights.T
    return np.array([nnls(dense, row.toarray().ravel())[0] for row in scaled]).reshape(scaled.shape[0], len(weights))

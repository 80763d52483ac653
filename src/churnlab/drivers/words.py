"""Comments as words: Chinese cut by jieba's dictionary, other scripts at what is no letter."""

import re
import unicodedata
import warnings
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

__all__ = ["STOPWORDS", "clean_text", "has_chinese", "split_words"]

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_RUN = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+(?:['’\-][^\W_]+)*"
)

_SILENT = """
    a about after all also am an and any are as at be because been but by can could did do does for from get got had
    has have he her him his how i if in into is it it's its i'm i've just me more most my no not of on only or other
    our out over she so some such than that the their them then there they this to too up us very was we were what
    when which who will with would you your aber als am auch auf aus bei bin bis da das dass dem den der des die
    doch ein eine einem einen einer er es für habe haben hat ich ihr im in ist ja kann mein mich mir mit nach nicht
    noch nur oder sehr sich sie sind und uns von war was wenn wie wir wird zu zum zur au aux avec ce ces dans de des
    du elle en et est il je la le les leur lui ma mais me mes moi mon ne nous on ou par pas plus pour qu que qui sa
    se ses son sont sur tout très un une vous y al como con de del el ella en es esta este la las lo los me mi muy
    más no nos o para pero por que se si sin su sus un una y ya 的 了 是 我 你 他 她 它 们 我们 你们 他们 在 和 与
    也 都 就 还 很 太 又 不 没 没有 这 那 这个 那个 有 要 会 能 可以 对 给 把 被 从 到 让 向 跟 而 但 但是 因为 所以
    如果 就是 什么 怎么 一个 一点 一下 吧 吗 呢 啊 呀 哦 着 过 得 地 之 以 及 等 上 下 里 去 来 说 非常 比较 真的
    感觉 觉得 还是 自己
"""
STOPWORDS: frozenset[str] = frozenset(_SILENT.split())
"""Words that say nothing by themselves, in English, German, French, Spanish and Chinese."""


def split_words(text: str, *, stopwords: Collection[str] = STOPWORDS, vocabulary: Iterable[str] = ()) -> list[str]:
    """Return the words of a comment in small letters, without stop words, numbers and single letters.

    Parameters
    ----------
    text
        The comment, in any language; Chinese is cut by jieba's dictionary, which also cuts Japanese, but roughly.
    stopwords
        Words to leave out.
    vocabulary
        Chinese words that must stay whole, say the name of a product.

    Examples
    --------
    >>> split_words("The delivery was 3 days late!")
    ['delivery', 'days', 'late']
    >>> split_words("快递太慢了,客服态度很好")
    ['快递', '太慢', '客服', '态度', '好']
    """
    cutter = _cutter(tuple(sorted(set(vocabulary))))
    found: list[str] = []
    for run in _RUN.findall(clean_text(text)):
        found.extend(cutter.lcut(run) if _HAN.match(run) else [run.replace("’", "'")])
    return [word for word in found if word not in stopwords and _says_something(word)]


def _says_something(word: str) -> bool:
    return bool(_HAN.match(word)) or (len(word) > 1 and not word.isdigit())


def clean_text(text: str) -> str:
    """Return a text in one form: full-width letters and ligatures resolved (NFKC), small letters.

    Examples
    --------
    >>> clean_text("ＡＰＰ Straße")
    'app strasse'
    """
    return unicodedata.normalize("NFKC", text).casefold()


def has_chinese(text: str) -> bool:
    """Return whether a text holds a Chinese character.

    Examples
    --------
    >>> has_chinese("价格 ok"), has_chinese("price ok")
    (True, False)
    """
    return bool(_HAN.search(text))


@cache
def _cutter(vocabulary: tuple[str, ...]) -> Any:
    """Return a cutter that has read the dictionary itself: no cache in a shared folder, nothing printed, nothing guessed."""
    cutter = _import_jieba().Tokenizer()
    cutter.FREQ, cutter.total = _dictionary()
    cutter.initialized = True
    if vocabulary:
        cutter.FREQ = dict(cutter.FREQ)
        for word in vocabulary:
            cutter.add_word(clean_text(word))
    return cutter


@cache
def _dictionary() -> tuple[dict[str, int], int]:
    tokenizer = _import_jieba().Tokenizer()
    with tokenizer.get_dict_file() as file:
        counts, total = tokenizer.gen_pfdict(file)
    return counts, total


@cache
def _import_jieba() -> Any:
    import logging

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old escapes in its source, and a deprecated way to find its files
        import jieba
    jieba.setLogLevel(logging.ERROR)
    return jieba

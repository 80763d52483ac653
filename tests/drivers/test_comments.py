"""Comments become themes by words alone, in any language, and agreement with hand coding is told."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from churnlab import drivers
from churnlab.errors import DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "drivers"
TABLES = {"two": [[40, 6], [9, 45]], "three": [[44, 7, 9], [5, 20, 5], [1, 3, 6]], "poor": [[10, 11], [12, 9]]}


def test_truth_words_of_several_languages():
    """English and German are cut at spaces, Chinese by its dictionary; stop words, digits and case do not count."""
    assert drivers.split_words("The DELIVERY wasn't on time, 3 days late") == [
        "delivery",
        "wasn't",
        "time",
        "days",
        "late",
    ]
    assert drivers.split_words("Lieferung kam zu spät!") == ["lieferung", "kam", "spät"]
    assert drivers.split_words("价格太贵了,但是客服态度很好 app") == ["价格", "太贵", "客服", "态度", "好", "app"]
    assert drivers.split_words("", stopwords=()) == []


def test_truth_a_word_of_ones_own_stays_whole():
    """A name that the dictionary would cut is kept whole if it is in the vocabulary, and only then."""
    assert drivers.split_words("客服态度好") == ["客服", "态度", "好"]
    assert drivers.split_words("客服态度好", vocabulary=["客服态度"]) == ["客服态度", "好"]
    assert drivers.split_words("客服态度好") == ["客服", "态度", "好"]


@pytest.mark.parametrize(
    ("word", "comment", "found"),
    [
        ("late", "Came LATE.", 1.0),
        ("late", "a plate of food, later", 0.0),
        ("deliver*", "Delivered on Monday", 1.0),
        ("on  time", "not on time", 1.0),
        ("c++ (new)", "I like C++ (new) a lot", 1.0),
        ("a.b", "axb", 0.0),
        ("贵", "价格太贵了", 1.0),
        ("ａｐｐ", "the app crashes", 1.0),
        ("größe", "GRÖSSE passt", 1.0),
    ],
)
def test_truth_a_word_is_found_as_written(word, comment, found):
    """Whole words are found whatever their case or width; signs stand for themselves, a star for letters."""
    codes = drivers.code_comments(pd.Series([comment]), drivers.Codebook(themes={"t": [word]}))
    assert codes["t"].tolist() == [found]


def test_truth_silence_is_not_the_absence_of_a_theme():
    """Without a comment there is no code; rows and index stay."""
    codes = drivers.code_comments(
        pd.Series(["late", " ", None], index=[7, 8, 9]), drivers.Codebook(themes={"t": ["late"]})
    )
    assert codes.index.tolist() == [7, 8, 9]
    assert codes["t"].isna().tolist() == [False, True, True]


def test_truth_a_codebook_is_read_as_it_was_written(tmp_path):
    """A TOML file with a byte order mark and Windows line ends gives its themes."""
    path = tmp_path / "codes.toml"
    path.write_bytes('\ufeff[themes]\r\n"价格" = ["贵", "便宜"]\r\ndelivery = ["late"]\r\n'.encode())
    assert drivers.read_codebook(path).tidy()["theme"].tolist() == ["价格", "价格", "delivery"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("themes = 3", "must hold one table"),
        ("[themes]\nx = 'late'", "needs a list of words"),
        ("[themes]\nx = ['*']", "a word that is empty"),
        ("[themes]", "needs a theme"),
        ("[themes", "cannot be read as a TOML file"),
    ],
)
def test_input_a_codebook_that_is_none(text, message, tmp_path):
    """What is wrong with a codebook is said in one line."""
    path = tmp_path / "codes.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        drivers.read_codebook(path)
    with pytest.raises(DataError, match="There is no codebook"):
        drivers.read_codebook(tmp_path / "none.toml")


def test_input_comments_that_are_no_text():
    """Numbers are not comments, and a column of blanks holds none."""
    book = drivers.Codebook(themes={"t": ["late"]})
    with pytest.raises(DataError, match=r"must hold text, but 1 rows do not \(first: 3\)"):
        drivers.code_comments(pd.Series(["late", 3], name="comment"), book)
    with pytest.raises(DataError, match="holds no comment"):
        drivers.code_comments(pd.Series(["", None], name="comment"), book)


def _two_kinds(n: int, seed: int) -> tuple[pd.Series, np.ndarray]:
    rng = np.random.default_rng(seed)
    words = [["快递", "太慢", "物流", "晚到"], ["价格", "太贵", "优惠", "便宜"]]
    kind = rng.integers(0, 2, n)
    return pd.Series([" ".join(rng.choice(words[place], 3)) for place in kind]), kind


def test_truth_topics_find_the_words_that_come_together():
    """Comments made of two sets of words fall into these two topics, and the same seed gives the same bytes."""
    comments, kind = _two_kinds(200, 1)
    fit = drivers.fit_topics(comments, topics=2)
    shares = fit.predict(comments)
    assert shares.sum(axis=1).to_numpy() == pytest.approx(np.ones(200))
    found = shares.to_numpy().argmax(axis=1)
    assert max((found == kind).mean(), (found != kind).mean()) == 1.0
    assert drivers.fit_topics(comments, topics=2).weights.tobytes() == fit.weights.tobytes()
    codes = drivers.code_comments(comments, fit.to_codebook())
    assert (codes.sum(axis=1) == 1).all()
    assert fit.glance().iloc[0].tolist() == [2, 8, 200, 0]


def test_input_too_few_comments_for_topics():
    """More topics than comments or words cannot be found; a comment of unknown words belongs to none."""
    with pytest.raises(DataError, match="5 topics need as many comments and words"):
        drivers.fit_topics(pd.Series(["late parcel"] * 4), topics=5)
    with pytest.raises(ParameterError, match="must be at least 1"):
        drivers.fit_topics(pd.Series(["late"]), topics=0)
    fit = drivers.fit_topics(_two_kinds(50, 2)[0], topics=2)
    assert fit.predict(pd.Series(["unbekannt"])).isna().all(axis=None)


@pytest.mark.parametrize("case", sorted(TABLES))
def test_truth_kappa_is_that_of_r(case):
    """Kappa, its standard error and its limits are those of psych; kappa is that of scikit-learn."""
    table = np.array(TABLES[case])
    pairs = np.array([(i, j) for i in range(len(table)) for j in range(len(table)) for _ in range(table[i, j])])
    first, second = (pd.Series(side).map({0: "a", 1: "b", 2: "c"}) for side in pairs.T)
    row = drivers.score_agreement(first, second).iloc[0]
    wanted = pd.read_csv(REFERENCE / "kappa.csv").set_index("case").loc[case]
    assert row["n"] == wanted["n"]
    assert row[["estimate", "std_error", "conf_low", "conf_high"]].tolist() == pytest.approx(
        wanted[["kappa", "std_error", "low", "high"]].tolist(), abs=1e-9
    )
    assert row["estimate"] == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


def test_truth_coverage_of_kappa():
    """Nominal 95 % limits hold the true kappa in 91 to 98.5 % of 300 samples of 200: three standard errors around 95."""
    rng = np.random.default_rng(8)
    shares = np.array([[0.45, 0.05], [0.10, 0.40]])
    truth = (0.85 - (0.5 * 0.55 + 0.5 * 0.45)) / (1 - 0.5)
    held = 0
    for counts in rng.multinomial(200, shares.ravel(), 300):
        pairs = np.repeat([(0, 0), (0, 1), (1, 0), (1, 1)], counts, axis=0)
        row = drivers.score_agreement(pd.Series(pairs[:, 0]), pd.Series(pairs[:, 1])).iloc[0]
        held += row["conf_low"] <= truth <= row["conf_high"]
    assert 0.91 <= held / 300 <= 0.985


def test_truth_codes_are_scored_theme_by_theme():
    """Precision and recall are those of the definition; a theme that only one side has does not count."""
    codes = pd.DataFrame({"t": [1, 1, 0, 0, np.nan], "u": [0.0] * 5})
    by_hand = pd.DataFrame({"t": [1, 0, 1, 0, 1]})
    row = drivers.score_codes(codes, by_hand)
    assert row[["theme", "n", "precision", "recall"]].iloc[0].tolist() == ["t", 4, 0.5, 0.5]
    with pytest.raises(DataError, match="No theme is in both"):
        drivers.score_codes(codes[["u"]], by_hand)


def test_input_codings_that_cannot_be_compared():
    """Codings of other comments are refused; where both give one code to all, kappa is missing."""
    with pytest.raises(DataError, match="have 1 and 2 rows"):
        drivers.score_agreement(pd.Series([1]), pd.Series([1, 0]))
    with pytest.raises(DataError, match="No comment was coded both times"):
        drivers.score_agreement(pd.Series([1, None]), pd.Series([None, 0]))
    assert np.isnan(drivers.score_agreement(pd.Series([1, 1]), pd.Series([1, 1]))["estimate"].item())


def test_truth_themes_have_wilsons_and_welchs_limits():
    """Share and difference of means have the limits that statsmodels and scipy give."""
    from scipy.stats import ttest_ind
    from statsmodels.stats.proportion import proportion_confint

    rng = np.random.default_rng(4)
    answers = pd.DataFrame({"outcome": rng.integers(0, 11, 90).astype(float)})
    codes = pd.DataFrame({"t": np.where(rng.random(90) < 0.2, np.nan, (rng.random(90) < 0.3).astype(float))})
    row = drivers.describe_themes(answers, codes).iloc[0]
    named, other = (answers["outcome"][codes["t"] == flag] for flag in (1, 0))
    test = ttest_ind(named, other, equal_var=False)
    limits = test.confidence_interval()
    assert (row["share_low"], row["share_high"]) == pytest.approx(
        proportion_confint(len(named), len(named) + len(other), method="wilson"), abs=1e-12
    )
    assert row[["difference", "difference_low", "difference_high", "p_value"]].tolist() == pytest.approx(
        [named.mean() - other.mean(), limits.low, limits.high, test.pvalue], abs=1e-10
    )
    assert row["score"] == pytest.approx(named.mean())


def test_input_codes_other_than_zero_and_one():
    """A code of 2, or codes of other rows, are refused."""
    answers = pd.DataFrame({"outcome": [1.0, 2.0]})
    with pytest.raises(DataError, match="Codes of `t` must be 0 or 1, but 1 are not"):
        drivers.describe_themes(answers, pd.DataFrame({"t": [0, 2]}))
    with pytest.raises(DataError, match="have 2 and 1"):
        drivers.describe_themes(answers, pd.DataFrame({"t": [0]}))

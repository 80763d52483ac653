"""Questionnaires are read as they were asked, or refused."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnlab import drivers, tables
from churnlab.drivers.columns import numeric_columns
from churnlab.errors import ConvergenceError, DataError, ParameterError


def test_truth_codes_never_enter_a_mean():
    """99 for "don't know" and a blank leave the mean to those who answered."""
    answers = pd.DataFrame({"fast": [8, 99, 6, None], "kind": ["7", "n/a", " ", "9"]})
    options = {"items": ["fast", "kind"], "scale": (0, 10), "no_answer": [99, "N/A"]}
    assert drivers.to_answers(answers, **options).mean().tolist() == [7.0, 8.0]
    table = drivers.describe_answers(answers, **options).set_index("item")
    assert table[["answered", "no_answer", "empty"]].to_numpy().tolist() == [[2, 1, 1], [2, 1, 1]]
    assert table["mean"].tolist() == [7.0, 8.0]


def test_truth_means_have_weights_and_students_limits():
    """Without weights the limits are those of any textbook; a weight of 3 counts as a share, not as three answers."""
    answers = pd.DataFrame({"x": [1.0, 2.0, 3.0, 6.0], "w": [1.0, 1.0, 1.0, 3.0]})
    plain = drivers.describe_answers(answers, items=["x"], scale=(0, 10)).iloc[0]
    half = 3.182446305 * answers["x"].std() / 2
    assert (plain["conf_low"], plain["conf_high"]) == pytest.approx((3 - half, 3 + half), abs=1e-8)
    weighted = drivers.describe_answers(answers, items=["x"], scale=(0, 6), weight="w").iloc[0]
    assert weighted["mean"] == pytest.approx(4.0)
    assert weighted["at_ceiling"] == pytest.approx(0.5)


@given(st.lists(st.integers(1, 7), min_size=1, max_size=20))
def test_invariant_reversing_twice_is_no_change(values):
    """An item turned round twice is as it was, and stays on its scale."""
    frame = pd.DataFrame({"x": values})
    once = drivers.to_answers(frame, items=["x"], scale=(1, 7), reverse=["x"])
    assert once["x"].between(1, 7).all()
    assert drivers.to_answers(once, items=["x"], scale=(1, 7), reverse=["x"])["x"].tolist() == values


def test_invariant_a_table_and_its_frame_give_the_same():
    """Answers come out alike from a table of the contract and from a frame; nothing else is changed."""
    frame = pd.DataFrame(
        {"respondent_id": ["b", "a"], "outcome": [9.0, 3.0], "x": [1.0, 99.0], "city": ["Łódź", "東京"]}
    )
    options = {"items": ["x"], "scale": (1, 5), "no_answer": [99]}
    ready = drivers.to_answers(tables.read(frame, "ANSWERS"), **options)
    pd.testing.assert_frame_equal(
        ready[["x", "city"]], drivers.to_answers(frame, **options)[["x", "city"]], check_dtype=False
    )
    assert frame["x"].tolist() == [1.0, 99.0]
    assert drivers.find_items(frame.assign(t=["1", " 2 "], when=pd.Timestamp("2024-01-01"))) == ["x", "t"]


def test_truth_long_questionnaires_become_wide():
    """One row per question becomes one per questionnaire, in the order of the first appearance, gaps missing."""
    long = pd.DataFrame({"who": [2, 2, 1], "wave": ["a", "b", "a"], "item": ["y", "x", "x"], "answer": [5, 6, 7]})
    wide = drivers.to_wide(long, questionnaire=["who", "wave"])
    assert list(wide.columns) == ["who", "wave", "y", "x"]
    assert wide.fillna(-1).to_numpy().tolist() == [[2, "a", 5, -1], [2, "b", -1, 6], [1, "a", -1, 7]]


@pytest.mark.parametrize("answer", ["int64", "Int64", "int64[pyarrow]", "category", "datetime64[ns]", object])
@pytest.mark.parametrize("keys", [["respondent_id"], ["respondent_id", "wave"]], ids=["one key", "two keys"])
def test_invariant_every_answer_stands_where_it_was_given(answer, keys):
    """Whatever kind answers and keys are of, each cell holds the answer of its row, or none."""
    rng = np.random.default_rng(5)
    long = pd.DataFrame({"respondent_id": rng.integers(0, 40, 400), "wave": rng.integers(0, 3, 400)})
    long["item"] = rng.integers(0, 6, 400)
    long = long.drop_duplicates([*keys, "item"]).assign(answer=lambda frame: np.arange(len(frame)))
    typed = long.astype({"answer": answer, "wave": "category", "item": "category"})
    wide = drivers.to_wide(typed, questionnaire=keys)
    assert wide[keys].astype(int).to_numpy().tolist() == long[keys].drop_duplicates().to_numpy().tolist()
    assert list(wide.columns) == [*keys, *(str(name) for name in long["item"].unique())]
    back = wide.melt(keys, var_name="item", value_name="answer").dropna().astype("int64")
    pd.testing.assert_frame_equal(
        back.sort_values("answer", ignore_index=True), long[[*keys, "item", "answer"]].reset_index(drop=True)
    )


def test_input_questions_of_one_name():
    """Question 1 and question "1" are not one question; a text is no list of keys."""
    long = pd.DataFrame({"respondent_id": [1, 1], "item": [1, "1"], "answer": [5, 6]})
    with pytest.raises(DataError, match="Two questions are called `1`"):
        drivers.to_wide(long)
    with pytest.raises(ParameterError, match="`questionnaire` must be a list of columns"):
        drivers.to_wide(long, questionnaire="respondent_id")


def test_input_a_question_answered_twice():
    """Two answers of one respondent to one question are not chosen from."""
    long = pd.DataFrame({"respondent_id": [1, 1], "item": ["x", "x"], "answer": [5, 6]})
    with pytest.raises(DataError, match=r"1 of 2 rows answer one again \(first: row 2\)"):
        drivers.to_wide(long)
    with pytest.raises(DataError, match="must not be missing, but 1 of 2 rows lack one"):
        drivers.to_wide(long.assign(item=["x", None]))
    with pytest.raises(DataError, match="has the name of a key"):
        drivers.to_wide(long.assign(item=["x", "respondent_id"]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": (0, 10)}, r"`x` must be a number from 0 to 10, but 2 of 4 rows are not \(first: row 2: 11\)"),
        ({"scale": (0, 10)}, r"`y` must be a number from 0 to 10, but 1 of 4 rows are not \(first: row 4: often\)"),
        ({"scale": (10, 0)}, "must be its lowest and its highest answer"),
        ({"scale": {"x": (0, 10)}}, "`scale` has none for y"),
        ({"scale": (0, 10), "no_answer": [5]}, "The code 5 lies on the scale of `x`"),
        ({"scale": (0, 10), "no_answer": "n/a"}, "must be a list of codes"),
        ({"scale": (0, 10), "reverse": ["z"]}, "`reverse` names z"),
    ],
)
def test_input_what_does_not_fit_is_named(options, message):
    """Whatever is off the scale is named with its rows, and so is a wrong option."""
    answers = pd.DataFrame({"x": [1, 11, 5, 99], "y": ["1", "2", "", "often"]})
    with pytest.raises((DataError, ParameterError), match=message):
        drivers.to_answers(answers, items=["x", "y"], **options)


def test_input_items_must_be_a_list_of_columns_that_are_there():
    """A single name is not taken for a list of letters; a column that is missing is named."""
    with pytest.raises(ParameterError, match="must be a list of columns"):
        drivers.to_answers(pd.DataFrame({"x": [1]}), items="x", scale=(0, 1))
    with pytest.raises(DataError, match="no column `z`"):
        drivers.to_answers(pd.DataFrame({"x": [1]}), items=["z"], scale=(0, 1))


def test_input_a_scale_that_was_another_one_is_noticed():
    """A question from 0 to 10 that nobody answered 0, or that nobody answered above the middle, is doubted."""
    rng = np.random.default_rng(1)
    options = {"items": ["x"], "scale": (0, 10)}
    with pytest.warns(UserWarning, match="None of 600 answers to `x` is 0 on a scale from 0 to 10"):
        drivers.to_answers(pd.DataFrame({"x": rng.integers(1, 11, 600)}), **options)
    with pytest.warns(UserWarning, match="No answer to `x` is above 5 on a scale to 10"):
        drivers.to_answers(pd.DataFrame({"x": rng.integers(0, 6, 600)}), **options)
    drivers.to_answers(pd.DataFrame({"x": rng.integers(0, 11, 600)}), **options)


@pytest.mark.parametrize("scale", [None, (0, 10)])
def test_truth_simulated_answers_have_their_importances(scale):
    """LMG finds the importances that were asked for: exactly on scores, a little less after rounding."""
    truth = {"delivery": 0.30, "price": 0.15, "service": 0.08}
    answers = drivers.simulate_answers(40_000, importance=truth, correlation=0.4, scale=scale, seed=3)
    fit = drivers.fit_importance(answers, drivers=list(truth), draws=100)
    limit = 0.012 if scale is None else 0.035  # 3 standard errors; and what rounding on 11 points takes away
    assert fit.estimate == pytest.approx(list(truth.values()), abs=limit)
    assert answers[list(truth)].corr().iloc[0, 1] == pytest.approx(0.4, abs=0.03)


def test_truth_simulated_skips_and_segments_are_as_asked():
    """The share of gaps is that asked for, the satisfied skip more, and each segment has its own importances."""
    parts = {"young": {"price": 0.5, "service": 0.1}, "old": {"price": 0.1, "service": 0.5}}
    answers = drivers.simulate_answers(20_000, importance=parts, scale=None, skips=0.3, waves=["a", "b"], seed=4)
    gaps = answers["price"].isna()
    assert gaps.mean() == pytest.approx(0.3, abs=0.015)
    assert answers.loc[gaps, "outcome"].mean() > answers["outcome"].mean() + 0.3
    assert set(answers["wave"]) == {"a", "b"}
    for name, truth in parts.items():
        fit = drivers.fit_importance(answers[answers["segment"] == name], drivers=list(truth), draws=100)
        assert fit.estimate == pytest.approx(list(truth.values()), abs=0.04)  # 4 standard errors with these gaps


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"importance": {"a": 0.6, "b": 0.5}}, ParameterError, "add up to less than 1"),
        ({"importance": {"x": {"a": 0.1}, "y": {"b": 0.1}}}, ParameterError, "the same drivers"),
        ({"importance": {"a": 0.1}, "skips": 0.5}, ParameterError, "below 0.5"),
        ({"importance": {"a": 0.1}, "scale": (3, 3)}, ParameterError, "lowest and the highest"),
        ({"importance": {"a": 0.9, "b": 0.0001}, "correlation": 0.9}, ConvergenceError, "No coefficients"),
    ],
)
def test_input_what_cannot_be_simulated(options, error, message):
    """Importances that cannot be are refused."""
    with pytest.raises(error, match=message):
        drivers.simulate_answers(10, seed=1, **options)


def test_input_identical_items_are_named_despite_gaps():
    """Two items that are the same are named where other answers are missing, too."""
    answers = drivers.simulate_answers(300, importance={"a": 0.3, "b": 0.2}, skips=0.2, seed=5)
    answers["c"] = answers["a"]
    with pytest.raises(DataError, match="`a` and `c` are the same but for their unit"):
        drivers.fit_importance(answers, drivers=["a", "b", "c"], draws=100)


def test_truth_ranking_names_the_rule_that_misleads():
    """A driver that is rated worst and does not matter is first by rating, and the table says that this misleads."""
    answers = drivers.simulate_answers(800, importance={"a": 0.4, "b": 0.2, "c": 0.05}, correlation=0.2, seed=6)
    answers["c"] = (answers["c"] - 3).clip(lower=1)
    fit = drivers.fit_importance(answers, drivers=["a", "b", "c"], draws=200)
    table = drivers.to_ranking(fit, answers).set_index("term")
    assert table.index.tolist() == ["a", "b", "c"]
    assert table.loc["c", ["rank", "by_correlation", "by_rating"]].tolist() == [3, 3, 1]
    assert table.loc["c", "misleads"] == "rating"


def test_truth_waves_follow_their_dates_or_the_order_given():
    """Names that do not sort by time are put in order by date or by the list; the score and its changes keep that."""
    frame = pd.DataFrame({"wave": ["第三", "第一", None, "第二"] * 50, "recommend": [10, 0, 5, 8] * 50})
    frame["date"] = ["2024-03-01", "2024-01-01", "2023-01-01", "2024-02-01"] * 50
    for ready in (
        drivers.order_waves(frame),
        drivers.order_waves(frame.drop(columns="date"), waves=["第一", "第二", "第三"]),
    ):
        fit = drivers.fit_nps(ready, by=["wave"])
        assert fit.tidy()["wave"].dropna().tolist() == ["第一", "第二", "第三"]
    assert drivers.order_waves(frame.drop(columns="date"))["wave"].cat.categories.tolist() == ["第一", "第三", "第二"]
    with pytest.raises(ParameterError, match="must name each wave once, but 第二 is missing"):
        drivers.order_waves(frame, waves=["第一", "第三"])


@pytest.mark.parametrize(
    "values",
    [
        [3, 1, 4, None],
        [Decimal(3), Decimal(1), Decimal(4), None],
        pd.array([3, 1, 4, None], dtype="int64[pyarrow]"),
    ],
    ids=["objects", "decimals", "Arrow"],
)
def test_invariant_numbers_count_whatever_holds_them(values):
    """Numbers in a column of objects, decimals or Arrow are the numbers that they are."""
    column = pd.Series(values, dtype=object if isinstance(values, list) else None, name="x")
    np.testing.assert_array_equal(numeric_columns(column.to_frame(), ["x"])[:, 0], [3, 1, 4, np.nan])


def test_invariant_flags_of_a_column_with_gaps_are_flags():
    """True, False and a gap in a column of objects are a driver of 1, 0 and a gap."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"late": rng.random(200) < 0.3, "outcome": rng.normal(size=200)})
    gaps = frame.astype({"late": object})
    gaps.loc[::10, "late"] = None
    as_numbers = frame.assign(late=frame["late"].astype(float).where(np.arange(200) % 10 > 0))
    fits = [drivers.fit_importance(answers, drivers=["late"], draws=100) for answers in (gaps, as_numbers)]
    pd.testing.assert_frame_equal(fits[0].tidy(), fits[1].tidy())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"] * 20, utc=True),
            "holds values of the kind datetime64",
        ),
        ([[1], [2], [3]] * 20, "holds values of several kinds"),
        (
            np.arange(60) * 1e200,
            r"must lie between -1e\+100 and 1e\+100, but 59 of 60 rows are not \(first: row 2: 1e\+200\)",
        ),
        ([*range(59), np.inf], r"must be finite, but 1 of 60 rows are not \(first: row 60: inf\)"),
    ],
    ids=["dates", "lists", "huge", "infinite"],
)
def test_input_a_driver_that_is_no_number_is_named(values, words):
    """Dates, lists and numbers beyond any scale are refused by name, and not met with a traceback."""
    frame = pd.DataFrame({"x": values, "outcome": np.arange(60) % 7})
    with pytest.raises(DataError, match=f"`x` {words}"):
        drivers.fit_importance(frame, drivers=["x"], draws=100)


def test_input_one_name_is_no_list_of_drivers():
    """A text for a list of columns would be read letter by letter."""
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [3, 1, 2], "outcome": [1, 3, 2]})
    for options in ({"drivers": "ab"}, {"drivers": ["a"], "always": "b"}):
        with pytest.raises(ParameterError, match="must be a list of columns, not the text"):
            drivers.fit_importance(frame, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": 5}, "must be its lowest and its highest answer, not 5"),
        ({"scale": "15"}, "must be its lowest and its highest answer, not '15'"),
        ({"scale": (1, 5), "no_answer": 99}, r"must be a list of codes, not 99. Try: \[99\]"),
        ({"scale": (1, 5), "no_answer": [None]}, "A code is a number or a text, not None"),
        ({"scale": (1, 5), "no_answer": [float("nan")]}, "A code is a number or a text, not nan"),
        ({"scale": (1, 5), "reverse": "x"}, "`reverse` must be a list of items"),
    ],
)
def test_input_options_of_another_kind(options, words):
    """A scale, codes or reversed items that are of another kind are named."""
    with pytest.raises(ParameterError, match=words):
        drivers.to_answers(pd.DataFrame({"x": [1, 2]}), items=["x"], **options)


def test_truth_columns_may_be_called_anything():
    """Items whose names are numbers, or hold quotes and spaces, are read like others."""
    frame = pd.DataFrame({1: [1, 2], 'a "b"': [3, 99]})
    made = drivers.to_answers(frame, items=[1, 'a "b"'], scale=(1, 5), no_answer=[99])
    assert made[1].tolist() == [1, 2]
    assert made['a "b"'].isna().tolist() == [False, True]
    assert frame['a "b"'].tolist() == [3, 99]


def test_truth_waves_keep_the_order_they_have():
    """Numbers follow one another by size, also as text; an ordered category stays as it is."""
    for waves in ([1, 10, 2], ["1", "10", "2"]):
        assert list(drivers.order_waves(pd.DataFrame({"wave": waves}))["wave"].cat.categories) == ["1", "2", "10"]
    months = pd.DataFrame({"wave": pd.Categorical(["June", "May"], ["May", "June"], ordered=True)})
    assert list(drivers.order_waves(months)["wave"].cat.categories) == ["May", "June"]
    with pytest.raises(DataError, match=r"`date` must hold dates, but 1 of 2 rows do not \(first: row 2: soon\)"):
        drivers.order_waves(pd.DataFrame({"wave": ["a", "b"], "date": ["2024-01-01", "soon"]}))
    with pytest.raises(ParameterError, match="`waves` must be a list of waves"):
        drivers.order_waves(months, waves="May")

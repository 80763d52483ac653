"""Effects taken out of columns: exactly, by iteration, and the rows that are alone."""

import numpy as np
import pandas as pd
import pytest

from churnlab.elasticity import absorb as absorbing
from churnlab.elasticity.absorb import absorb
from churnlab.elasticity.conjugate_gradients import solve_iteratively
from churnlab.elasticity.groups import Group, combine_groups, group_values, is_nested, keep_rows, repeated_rows
from churnlab.elasticity.semidefinite import first_dependent, generalised_inverse
from churnlab.elasticity.singletons import rows_with_company
from churnlab.errors import ConvergenceError


def groups_of(*columns):
    return [group_values(f"g{place}", pd.Series(column)) for place, column in enumerate(columns)]


def residuals_by_dummies(columns, codes, weights=None):
    """Return what least squares on all dummies leaves, by definition."""
    dummies = np.hstack([np.eye(code.max() + 1)[code] for code in codes])
    root = np.ones(len(columns)) if weights is None else np.sqrt(weights)
    solution = np.linalg.lstsq(dummies * root[:, None], columns * root[:, None], rcond=None)[0]
    return columns - dummies @ solution


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(1)
    codes = [rng.integers(0, 40, 400), rng.integers(0, 9, 400), rng.integers(0, 7, 400)]
    return rng.normal(3, 1, (400, 3)), codes, rng.uniform(0.5, 2, 400)


@pytest.mark.parametrize("some", [(0,), (1, 0), (0, 1, 2)])
@pytest.mark.parametrize("weighted", [False, True])
def test_truth_residuals_equal_those_of_dummies(case, some, weighted):
    """One, two and three effects, in any order, with and without weights, leave what dummies leave."""
    columns, codes, weights = case
    chosen = [codes[place] for place in some]
    used = weights if weighted else None
    found = absorb(np.asfortranarray(columns.copy()), groups_of(*chosen), used)
    np.testing.assert_allclose(found.residuals, residuals_by_dummies(columns, chosen, used), atol=1e-11)
    rebuilt = found.residuals + found.mean
    for level, code in zip(found.levels, chosen, strict=True):
        rebuilt = rebuilt + level[code]
    np.testing.assert_allclose(rebuilt, columns, atol=1e-11)


@pytest.mark.parametrize("limits", [(5, 30_000_000), (2_000, 1), (5, 1)])
def test_truth_iteration_and_sparse_tables_give_the_same(case, monkeypatch, limits):
    """Sparse tables and conjugate gradients, which large effects take, leave the same residuals."""
    columns, codes, weights = case
    monkeypatch.setattr(absorbing, "_LARGEST_EXACT", limits[0])
    monkeypatch.setattr(absorbing, "_LARGEST_TABLE", limits[1])
    found = absorb(np.asfortranarray(columns.copy()), groups_of(*codes), weights)
    np.testing.assert_allclose(found.residuals, residuals_by_dummies(columns, codes, weights), atol=1e-9)


def test_truth_effects_that_fall_apart():
    """Effects whose levels do not hang together, and effects that repeat each other, are no obstacle."""
    first = np.repeat([0, 1, 2, 3], 6)
    second = np.tile([0, 1, 0, 1, 0, 1], 4) + 2 * (first // 2)
    columns = np.random.default_rng(2).normal(size=(24, 2))
    for codes in ([first, second], [first, first], [first, second, second]):
        found = absorb(np.asfortranarray(columns.copy()), groups_of(*codes))
        np.testing.assert_allclose(found.residuals, residuals_by_dummies(columns, codes), atol=1e-12)


def test_input_iteration_that_does_not_settle_is_an_error():
    """What is left after the last step is computed afresh, and too much of it is an error."""
    chain = np.eye(60) * 2 - np.eye(60, k=1) - np.eye(60, k=-1)
    with pytest.raises(ConvergenceError, match="could not be taken out within 3 steps"):
        solve_iteratively(chain, np.zeros((1, 60)), np.ones(1), np.arange(60.0)[:, None], largest=3)


def test_truth_rows_that_are_alone_go_in_turns():
    """A row that is alone goes, and so does the next one that this leaves alone."""
    product, week = groups_of([0, 0, 1, 1, 2], [0, 1, 0, 1, 2])
    assert rows_with_company([product, week], 5).tolist() == [True, True, True, True, False]
    product, week = groups_of([0, 0, 1, 1], [0, 1, 1, 2])
    assert rows_with_company([product, week], 4).tolist() == [False] * 4


def test_invariant_groups():
    """Crossing groups agrees with pandas, also where there are many more pairs than rows; empty levels go."""
    rng = np.random.default_rng(4)
    left, right = pd.Series(rng.integers(0, 50, 300)), pd.Series(rng.integers(0, 40, 300).astype(str))
    crossed = combine_groups("both", groups_of(left, right))
    assert crossed.size == pd.DataFrame({"left": left, "right": right}).drop_duplicates().shape[0]
    labels = crossed.labels().iloc[crossed.codes].reset_index(drop=True)
    assert (labels["g0"] == left).all()
    assert (labels["g1"] == right).all()
    seldom = Group(name="wide", codes=np.array([0, 999_999]), size=1_000_000, parts=(("wide", np.arange(1_000_000)),))
    assert combine_groups("pairs", [seldom, seldom]).codes.tolist() == [0, 1]
    assert keep_rows(crossed, np.arange(300) < 3).size == labels.iloc[:3].drop_duplicates().shape[0]
    assert repeated_rows(groups_of([1, 1, 2, 1], [1, 2, 1, 1])).tolist() == [False, False, False, True]
    assert repeated_rows([seldom, seldom]).tolist() == [False, False]
    assert is_nested(crossed, groups_of(left)[0])
    assert not is_nested(groups_of(left)[0], crossed)


def test_truth_generalised_inverse():
    """A singular matrix times its generalised inverse times itself is itself, and dependent columns are found in order."""
    factor = np.random.default_rng(3).normal(size=(6, 4))
    matrix = factor @ factor.T
    found = generalised_inverse(matrix)
    assert found.rank == 4
    np.testing.assert_allclose(matrix @ found.matrix @ matrix, matrix, atol=1e-10)
    assert first_dependent(matrix) == (4, 5)

"""Cells of rows that come and go together."""

import numpy as np
import numpy.testing as npt
import pytest

from churnlab.survival.cox_cells import join_rows
from churnlab.survival.cox_newton import PartialLikelihood
from churnlab.survival.cox_risk import build_risk_sets
from churnlab.survival.spell_arrays import SpellArrays
from churnlab.survival.whole_times import count_up_to, distinct


def many_rows(*, late: bool, unit: float = 1.0, n: int = 3_000) -> SpellArrays:
    """Return rows with few distinct times, which may enter late."""
    rng = np.random.default_rng(3)
    entry = rng.integers(0, 3, n) * unit if late else None
    duration = (0 if entry is None else entry) + rng.integers(1, 5, n) * unit
    return SpellArrays(
        duration=duration.astype(float), churned=rng.random(n) < 0.4, entry=entry, weight=rng.integers(1, 4, n) * 1.0
    )


def by_rows(likelihood: PartialLikelihood, at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return Breslow's log-likelihood, gradient and information, end by end."""
    sets, x = likelihood.sets, likelihood.matrix
    risk = np.exp(at @ x) * likelihood.weight
    entry = np.zeros_like(sets.stop) if sets.entry is None else sets.entry
    value, gradient, information = 0.0, np.zeros(len(x)), np.zeros((len(x), len(x)))
    first = np.repeat(sets.starts[:-1], np.diff(sets.starts))
    for slot in np.flatnonzero(sets.ended):
        there = (entry < slot) & (sets.stop >= slot) & (first[sets.stop] == first[slot])
        w = risk[there] / risk[there].sum()
        mean = x[:, there] @ w
        gone = sets.event_slot == slot
        rows, weight = sets.events[gone], sets.event_weight[gone]
        value += weight @ (at @ x[:, rows]) - weight.sum() * np.log(risk[there].sum())
        gradient += x[:, rows] @ weight - weight.sum() * mean
        information += weight.sum() * ((x[:, there] * w) @ x[:, there].T - np.outer(mean, mean))
    return value, gradient, information


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("strata", [False, True])
def test_truth_likelihood_by_cells(late: bool, strata: bool) -> None:
    """Likelihood and derivatives by cells are those that each end's risk set gives, late entry and strata included."""
    rows = many_rows(late=late)
    x = np.random.default_rng(4).normal(size=(2, len(rows.duration)))
    stratum = (x[0] > 0).astype(np.intp) if strata else None
    sets = build_risk_sets(rows, stratum, ties="breslow", weights="counts")
    likelihood = PartialLikelihood(matrix=x, weight=rows.weight, sets=sets)
    assert likelihood.cells.lane is not None
    at = np.array([0.3, -0.2])
    point, (value, gradient, information) = likelihood.at(at), by_rows(likelihood, at)
    assert point.log_likelihood == pytest.approx(value, rel=1e-12)
    npt.assert_allclose(point.gradient, gradient, rtol=1e-10)
    npt.assert_allclose(point.information, information, rtol=1e-10)


@pytest.mark.parametrize("late", [False, True])
def test_invariant_cells_and_single_rows(late: bool) -> None:
    """Efron's likelihood by cells is the one in which every row is a cell of its own."""
    rows = many_rows(late=late)
    x = np.random.default_rng(5).normal(size=(3, len(rows.duration)))
    sets = build_risk_sets(rows, None, ties="efron", weights="counts")
    joined = PartialLikelihood(matrix=x, weight=rows.weight, sets=sets)
    single = PartialLikelihood(matrix=x, weight=rows.weight, sets=sets)
    single.__dict__["cells"] = type(joined.cells)(lane=None, sets=sets)
    one, other = (likelihood.at(np.array([0.1, 0.2, -0.4])) for likelihood in (joined, single))
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-13)
    npt.assert_allclose(one.gradient, other.gradient, rtol=1e-10)
    npt.assert_allclose(one.information, other.information, rtol=1e-11)
    npt.assert_allclose(joined.gradient(np.array([0.1, 0.2, -0.4])), one.gradient, rtol=1e-10)
    assert joined.log_likelihood_null() == pytest.approx(joined.at(np.zeros(3)).log_likelihood, rel=1e-13)


def test_invariant_few_like_rows_stay_apart() -> None:
    """Where joining saves little, every row is a cell of its own."""
    rows = many_rows(late=True, n=60)
    assert join_rows(build_risk_sets(rows, None, ties="efron", weights="counts")).lane is None


def test_invariant_many_combinations_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """More combinations than a table holds give the same sums."""
    sets = build_risk_sets(many_rows(late=True), None, ties="efron", weights="counts")
    values = np.random.default_rng(6).normal(size=len(sets.stop))
    table = join_rows(sets)
    monkeypatch.setattr("churnlab.survival.cox_cells._TABLE", 1)
    found = join_rows(sets)
    npt.assert_allclose(
        found.sets.at_risk(found.add_up(values)), table.sets.at_risk(table.add_up(values)), rtol=0, atol=1e-11
    )
    each = np.arange(len(found.sets.stop)) * 1.0
    npt.assert_array_equal(found.sets.stop[found.spread(each).astype(int)], sets.stop)


@pytest.mark.parametrize("unit", [1.0, 0.25, 1e6])
def test_invariant_times_in_whole_units(unit: float) -> None:
    """Looking times up by table counts as comparing them does, whole or not, and after the last end."""
    times = np.random.default_rng(7).integers(0, 50, 400) * unit
    ends = times[:40] + unit
    npt.assert_array_equal(distinct(ends), np.unique(ends))
    some = np.unique(ends)
    for asked in (times, times + 0.5, times * 3):
        npt.assert_array_equal(count_up_to(some, asked), [np.sum(some <= time) for time in asked])
    npt.assert_array_equal(count_up_to(some[:0], times), np.zeros(400))

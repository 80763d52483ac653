"""Curves and tests: Kaplan–Meier, Nelson–Aalen, Aalen–Johansen, log-rank, quantiles, restricted means."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import repurchase, survival
from churnlab.errors import DataError, ParameterError

REFERENCE = Path(__file__).parents[1] / "reference" / "survival"
DIGITS = 2e-11
"""R's numbers are printed with 12 digits."""


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "curves.csv", skipinitialspace=True)


@pytest.fixture(scope="module")
def lung() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "curves_lung.csv")


@pytest.fixture(scope="module")
def late() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "curves_late.csv")


def _rows(expected: pd.DataFrame, case: str, quantity: str) -> pd.DataFrame:
    found = expected[(expected["case"] == case) & (expected["quantity"] == quantity)]
    assert len(found)
    return found


def _assert_curve(curve: survival.SurvivalCurve, rows: pd.DataFrame, *, limits: bool = True) -> None:
    for group, part in rows.groupby("group"):
        found = curve.at(part["time"].to_numpy())
        found = found[found["group"] == group]
        pairs = {"estimate": "estimate", "std_error": "std_error"} | (
            {"conf_low": "low", "conf_high": "high"} if limits else {}
        )
        for ours, theirs in pairs.items():
            np.testing.assert_allclose(found[ours], part[theirs], rtol=DIGITS)


def _assert_quantiles(curve: survival.SurvivalCurve, rows: pd.DataFrame, share: float = 0.5) -> None:
    found = curve.quantile(share).set_index("group").loc[rows["group"].astype(str)]
    np.testing.assert_array_equal(found.to_numpy(), rows[["estimate", "low", "high"]].to_numpy())


@pytest.mark.parametrize("limit_type", ["log", "log-log", "plain"])
def test_truth_survival_of_lung_equals_r(lung, expected, limit_type):
    """Curve, errors, limits on three scales and the median with its limits are those of R's survfit."""
    curve = survival.fit_kaplan_meier(lung, limit_type=limit_type)
    _assert_curve(curve, _rows(expected, f"lung {limit_type}", "survival"))
    _assert_quantiles(curve, _rows(expected, f"lung {limit_type}", "quantile 0.5"))


def test_truth_published_survival_of_lung(lung):
    """S(250) = .59666918 and S(500) = .29326919; the restricted mean to 730 days is 357.0732 (16.2193)."""
    curve = survival.fit_kaplan_meier(lung)
    np.testing.assert_allclose(curve.at([250, 500])["estimate"], [0.59666918, 0.29326919], atol=5e-9)
    mean = curve.restricted_mean(730).loc[0]
    assert mean["estimate"] == pytest.approx(357.0732, abs=6e-5)
    assert mean["std_error"] == pytest.approx(16.2193, abs=6e-5)


def test_truth_restricted_means_equal_r(lung, expected):
    """Restricted means and their errors, of all and by sex, are R's; their difference has the error of two samples."""
    curve = survival.fit_kaplan_meier(lung)
    for row in _rows(expected, "lung log", "restricted mean").itertuples():
        np.testing.assert_allclose(
            curve.restricted_mean(row.time)[["estimate", "std_error"]].iloc[0],
            [row.estimate, row.std_error],
            rtol=DIGITS,
        )
    rows = _rows(expected, "lung by sex", "restricted mean")
    means = survival.fit_kaplan_meier(lung, by="sex").restricted_mean(730)
    np.testing.assert_allclose(means[["estimate", "std_error"]], rows[["estimate", "std_error"]], rtol=DIGITS)
    difference = survival.compare_restricted_means(means).loc[0]
    assert difference["estimate"] == pytest.approx(434.705208027 - 311.117765899)
    assert difference["std_error"] == pytest.approx(np.hypot(19.3017187936, 27.2475953219))


def test_truth_groups_equal_r(lung, expected):
    """Curves, medians and quartiles by sex are R's."""
    curve = survival.fit_kaplan_meier(lung, by="sex")
    rows = expected.assign(group=expected["group"].astype(str))
    _assert_curve(curve, _rows(rows, "lung by sex", "survival"))
    _assert_quantiles(curve, _rows(rows, "lung by sex", "quantile 0.5"))
    _assert_quantiles(curve, _rows(rows, "lung by sex", "quantile 0.25"), 0.25)


@pytest.mark.parametrize("case", ["late", "late weighted"])
def test_truth_late_entry_and_weights_equal_r(late, expected, case):
    """With late entry, and with whole weights as rows repeated, curve, median and restricted mean are R's."""
    frame = late if case == "late weighted" else late.drop(columns="weight")
    curve = survival.fit_kaplan_meier(frame)
    _assert_curve(curve, _rows(expected, case, "survival"))
    _assert_quantiles(curve, _rows(expected, case, "quantile 0.5"))
    row = _rows(expected, case, "restricted mean").iloc[0]
    mean = curve.restricted_mean(20).loc[0]
    found = [mean["estimate"], mean["std_error"]]
    np.testing.assert_allclose(found, [row["estimate"], row["std_error"]], rtol=DIGITS)


@pytest.mark.parametrize(("name", "case"), [("lung", "lung log"), ("late", "late")])
def test_truth_cumulative_hazard_equals_r(request, expected, name, case):
    """Nelson and Aalen's curve and its error are R's, with late entry too."""
    frame = request.getfixturevalue(name).drop(columns="weight", errors="ignore")
    tidy = survival.fit_nelson_aalen(frame).tidy().set_index("time")
    for row in _rows(expected, case, "cumulative hazard").itertuples():
        found = tidy.loc[: row.time].iloc[-1]
        np.testing.assert_allclose([found["estimate"], found["std_error"]], [row.estimate, row.std_error], rtol=DIGITS)


@pytest.mark.parametrize(
    ("case", "by", "strata"),
    [("lung sex", "sex", None), ("lung ecog", "ecog", None), ("lung sex strata ecog", "sex", "ecog")],
)
def test_truth_log_rank_equals_r(lung, expected, case, by, strata):
    """The log-rank test of two and three groups, and within strata, is R's survdiff; by sex 10.32674."""
    frame = lung if case == "lung sex" else lung[lung["ecog"] < 3]
    test = survival.log_rank_test(frame, by=by, strata=strata).loc[0]
    row = _rows(expected, case, "log-rank").iloc[0]
    assert test["statistic"] == pytest.approx(row["estimate"], rel=DIGITS)
    assert test["df"] == row["time"]
    groups = survival.log_rank_groups(frame, by=by, strata=strata)
    assert groups["n_event"].sum() == pytest.approx(groups["expected"].sum())


@pytest.mark.parametrize("case", ["mgus2", "late"])
def test_truth_incidence_by_reason_equals_r(late, expected, case):
    """Aalen and Johansen's curves, errors and limits are R's, with ties, and with late entry."""
    frame = pd.read_csv(REFERENCE / "curves_mgus2.csv") if case == "mgus2" else late.drop(columns="weight")
    curve = survival.fit_aalen_johansen(frame)
    for reason, rows in _rows(expected, case, "incidence").groupby("group"):
        found = curve.at(rows["time"].to_numpy())
        found = found[found["reason"] == reason]
        np.testing.assert_allclose(found["estimate"], rows["estimate"], rtol=1e-10)
        np.testing.assert_allclose(
            found[["std_error", "conf_low", "conf_high"]], rows[["std_error", "low", "high"]], rtol=1e-10
        )


def test_truth_error_of_incidence_is_what_each_row_moves(late):
    """The variance adds up the squares of what each customer moves the shares by, by differences, at every time."""
    rows = late.iloc[:80].reset_index(drop=True)
    tidy = survival.fit_aalen_johansen(rows).tidy()
    variance = np.zeros(len(tidy))
    for row, weight in enumerate(rows["weight"]):
        up, down = (
            survival.fit_aalen_johansen(rows.assign(weight=rows["weight"] + (rows.index == row) * step)).tidy()[
                "estimate"
            ]
            for step in (1e-5, -1e-5)
        )
        variance += weight * ((up - down) / 2e-5) ** 2
    np.testing.assert_allclose(tidy["std_error"], np.sqrt(variance), rtol=1e-6, atol=1e-9)
    single = rows.loc[rows.index.repeat(rows["weight"])].drop(columns="weight")
    np.testing.assert_allclose(survival.fit_aalen_johansen(single).tidy()["std_error"], tidy["std_error"], rtol=1e-9)


def test_truth_telco_equals_r(telco, expected):
    """The Telco sample's curves, means, median and tests are R's: S(12) .84319955, S(72) .59279015, mean 54.4924 (.34775)."""
    curve = survival.fit_kaplan_meier(telco)
    _assert_curve(curve, _rows(expected, "telco", "survival"))
    np.testing.assert_allclose(curve.at([12, 24, 72])["estimate"], [0.84319955, 0.78873640, 0.59279015], atol=5e-9)
    mean = curve.restricted_mean(72).loc[0]
    assert (mean["estimate"], mean["std_error"]) == (pytest.approx(54.4924, abs=5e-5), pytest.approx(0.34775, abs=5e-6))
    for case, strata in (("telco contract", None), ("telco contract strata internet", "internet_service")):
        test = survival.log_rank_test(telco, by="contract", strata=strata).loc[0]
        assert test["statistic"] == pytest.approx(_rows(expected, case, "log-rank")["estimate"].item(), rel=1e-9)
    some = telco[(telco["contract"] == "Month-to-month") & (telco["internet_service"] != "No")]
    assert (len(some), int(some["churned"].sum())) == (3351, 1556)
    curve = survival.fit_kaplan_meier(some)
    _assert_curve(curve, _rows(expected, "telco month to month", "survival"))
    _assert_quantiles(curve, _rows(expected, "telco month to month", "quantile 0.5"))


SPELLS = st.lists(
    st.tuples(st.integers(1, 12), st.booleans(), st.sampled_from(["price", "moved"])), min_size=2, max_size=40
).filter(lambda rows: any(churned for _, churned, _ in rows))


def _frame(rows: list[tuple[int, bool, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["duration", "churned", "reason"])


@settings(max_examples=40, deadline=None)
@given(rows=SPELLS)
def test_invariant_reasons_and_survival_add_up_to_one(rows):
    """At every time the shares that left for each reason and the share still there add up to 1."""
    frame = _frame(rows)
    left = survival.fit_aalen_johansen(frame).tidy().groupby("time")["estimate"].sum()
    still = survival.fit_kaplan_meier(frame).tidy().set_index("time")["estimate"]
    np.testing.assert_allclose(left + still, 1, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(rows=SPELLS)
def test_invariant_one_reason_has_the_error_of_the_curve(rows):
    """With a single reason the incidence is one minus the curve, with Greenwood's standard error."""
    frame = _frame(rows).assign(reason="left")
    tidy = survival.fit_kaplan_meier(frame).tidy()
    found = survival.fit_aalen_johansen(frame).tidy()
    np.testing.assert_allclose(found["estimate"], 1 - tidy["estimate"], atol=1e-12)
    inside = tidy["estimate"] > 0
    np.testing.assert_allclose(found["std_error"][inside], tidy["std_error"][inside], atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(rows=SPELLS, scale=st.sampled_from([0.37, 2.0, 365.25]))
def test_invariant_units_order_and_counts_do_not_matter(rows, scale):
    """Another unit moves the times alone; the order of rows and counting like rows change nothing."""
    frame = _frame(rows)
    tidy = survival.fit_kaplan_meier(frame).tidy()
    moved = survival.fit_kaplan_meier(frame.assign(duration=frame["duration"] * scale)).tidy()
    np.testing.assert_allclose(moved["time"], tidy["time"] * scale)
    np.testing.assert_allclose(moved["estimate"], tidy["estimate"])
    pd.testing.assert_frame_equal(survival.fit_kaplan_meier(frame[::-1]).tidy(), tidy)
    pd.testing.assert_frame_equal(survival.fit_kaplan_meier(survival.to_spell_counts(frame)).tidy(), tidy)
    assert tidy["estimate"].between(0, 1).all()
    assert tidy["estimate"].is_monotonic_decreasing


def test_invariant_splitting_a_spell_changes_no_curve(lung):
    """Spells cut in two by late entry give the same curve as whole ones."""
    cut = lung["duration"] // 2
    first = lung.assign(entry=0, duration=cut, churned=False)[cut > 0]
    second = lung.assign(entry=cut)
    parts = pd.concat([first, second[["entry", *lung.columns]]], ignore_index=True)
    whole = survival.fit_kaplan_meier(lung).at([50, 250, 500, 800])
    found = survival.fit_kaplan_meier(parts).at([50, 250, 500, 800])
    pd.testing.assert_frame_equal(found, whole)


def test_invariant_after_the_last_time_nothing_is_said(lung):
    """A curve is empty after the last time that customers were seen, and 0 if all had left by then."""
    curve = survival.fit_kaplan_meier(lung.assign(churned=lung["churned"] & (lung["duration"] < 900)))
    assert curve.at([1500])["estimate"].isna().all()
    gone = survival.fit_kaplan_meier(pd.DataFrame({"duration": [1, 2], "churned": [True, True]}))
    assert gone.at([9])["estimate"].tolist() == [0.0]
    assert gone.restricted_mean(9)["estimate"].tolist() == [1.5]


def test_truth_median_on_a_step_is_its_middle():
    """Where the curve lies on one half between two steps, the median is halfway."""
    curve = survival.fit_kaplan_meier(pd.DataFrame({"duration": [1, 2, 4, 5], "churned": True}))
    assert curve.quantile()["estimate"].item() == 3
    assert curve.quantile(0.2)["estimate"].item() == 1


def test_input_curves_say_what_they_cannot_use(lung):
    """Broken contracts, unknown columns, groups and scales, and times out of range are named."""
    with pytest.raises(DataError, match="`duration` must be above 0: 1 of 228 rows breaks this"):
        survival.fit_kaplan_meier(lung.assign(duration=lung["duration"].where(lung.index > 0, 0)))
    with pytest.raises(ParameterError, match="`by` names 'plan'; the columns are duration, churned"):
        survival.fit_kaplan_meier(lung, by="plan")
    with pytest.raises(ParameterError, match="`limit_type` must be"):
        survival.fit_kaplan_meier(lung, limit_type="loglog")
    with pytest.raises(ParameterError, match="`times` must be one or more numbers of 0 or more"):
        survival.fit_kaplan_meier(lung).at([-1])
    with pytest.raises(
        ParameterError, match="`until` is 1000, but the group '2' was seen until 965 only. Try: until=965"
    ):
        survival.fit_kaplan_meier(lung, by="sex").restricted_mean(1000)
    with pytest.raises(DataError, match="A test takes two groups or more, but all 228 rows are in the group '1'"):
        survival.log_rank_test(lung.assign(sex=1), by="sex")
    with pytest.raises(DataError, match="None of 228 rows has churned"):
        survival.log_rank_test(lung.assign(churned=False), by="sex")
    with pytest.raises(DataError, match="has no column `reason`"):
        survival.fit_aalen_johansen(lung)
    with pytest.raises(DataError, match="`reason` is empty in 165 of 165 rows that churned"):
        survival.fit_aalen_johansen(lung.assign(reason=None))
    for share in (1, [0.25, 0.5]):
        with pytest.raises(ParameterError, match="`share` must be one number between 0 and 1"):
            survival.fit_kaplan_meier(lung).quantile(share)
    with pytest.raises(ParameterError, match="`until` must be one positive number"):
        survival.fit_kaplan_meier(lung).restricted_mean([100, 200])


def test_smoke_curves_show_themselves(lung):
    """A curve has one line of text and a table."""
    curve = survival.fit_kaplan_meier(lung, by="sex")
    assert repr(curve) == "SurvivalCurve(228 spells, 165 churned; 2 groups)"
    assert "median" in curve._repr_html_()
    assert "<table" in survival.fit_nelson_aalen(lung)._repr_html_()
    assert "moved" in survival.fit_aalen_johansen(lung.assign(reason="moved"))._repr_html_()


def test_truth_a_retention_model_projects_the_curve():
    """Survivors as Kaplan and Meier estimate them from censored spells give the shifted beta-geometric model that made them."""
    rng = np.random.default_rng(5)
    chance = rng.beta(0.7, 1.2, 20_000)
    last, seen = rng.geometric(chance), rng.integers(4, 13, 20_000)  # customers came at different times
    spells = pd.DataFrame({"duration": np.minimum(last, seen).astype(float), "churned": last <= seen})
    share = survival.fit_kaplan_meier(spells).at(range(9))["estimate"]
    fit = repurchase.fit_shifted_beta_geometric(
        pd.DataFrame({"period": range(9), "survivors": len(spells) * share.to_numpy()})
    )
    np.testing.assert_allclose(fit.tidy()["estimate"], [0.7, 1.2], atol=4 * fit.tidy()["std_error"].max())
    true = [np.mean((1 - chance) ** period) for period in (12, 20)]
    np.testing.assert_allclose(fit.survival([12, 20]), true, atol=0.01)

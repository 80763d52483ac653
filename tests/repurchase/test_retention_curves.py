"""Curves of retention side by side: rules, scores on held-out periods, projections, and reading a table."""

import numpy as np
import pandas as pd
import pytest

from churnlab import repurchase
from churnlab.errors import DataError, ParameterError


@pytest.fixture(scope="module")
def regular() -> pd.DataFrame:
    return repurchase.read_survivors("retention", cohort="Regular")


def test_truth_sample_holds_the_published_shares():
    """Table 1 of Fader and Hardie (2007): shares after years 0, 7 and 12 of both cohorts."""
    for cohort, shares in (("Regular", [1000, 241, 173]), ("High End", [1000, 491, 394])):
        assert repurchase.read_survivors("retention", cohort=cohort)["survivors"].iloc[[0, 7, 12]].tolist() == shares


def test_truth_held_out_shares_are_those_published(regular):
    """Fitted on seven years, the shifted beta-geometric curve ends 1.7 % too low in year 12, .17 in place of .173."""
    curves = repurchase.fit_retention_curves(regular[regular["period"] <= 7])
    shares = curves.fits["shifted beta-geometric"].survival([8, 9, 10, 11, 12])
    np.testing.assert_allclose(shares, [0.2201, 0.2044, 0.1912, 0.1799, 0.1700], atol=5e-5)
    found = repurchase.score_retention(curves, regular, after=7, seed=1).set_index(["model", "score"])["estimate"]
    going_on = 0.241 * shares / curves.fits["shifted beta-geometric"].survival([7])
    actual = regular["survivors"].to_numpy()[8:] / 1000
    assert found[("shifted beta-geometric", "error_last")] == pytest.approx(going_on[-1] / 0.173 - 1)
    assert found[("shifted beta-geometric", "mae")] == pytest.approx(np.abs(going_on - actual).mean())


def test_truth_models_beat_the_rules_on_held_out_years():
    """In both cohorts the better model is nearer to the held-out years than the last rate, and that than one rate for ever."""
    for cohort in ("Regular", "High End"):
        survivors = repurchase.read_survivors("retention", cohort=cohort)
        curves = repurchase.fit_retention_curves(survivors[survivors["period"] <= 7])
        scores = repurchase.score_retention(curves, survivors, after=7, seed=1).query("score == 'mae'")
        mae = scores.set_index("model")["estimate"]
        assert min(mae["shifted beta-geometric"], mae["beta-discrete-Weibull"]) < mae["last rate goes on"]
        assert mae["last rate goes on"] < mae["same rate as ever"]


def test_truth_constant_rate_is_the_share_that_stays():
    """Of 300 who could leave 240 stay: .8, with the binomial standard error; the last rate goes on from who is left."""
    table = pd.DataFrame({"period": [0, 1, 2], "survivors": [200, 100, 90]})
    whole, last = repurchase.fit_constant_retention(table), repurchase.fit_constant_retention(table, last=1)
    assert whole.rate == pytest.approx(190 / 300)
    assert whole.std_error == pytest.approx(np.sqrt(190 / 300 * 110 / 300 / 300))
    np.testing.assert_allclose(whole.survival([0, 1, 2]), [1, 190 / 300, (190 / 300) ** 2])
    np.testing.assert_allclose(last.survival([2, 3]), [0.45, 0.45 * 0.9])
    said = whole.predict(pd.DataFrame({"period": [2]}, index=[9]))
    assert said.index.tolist() == [9]
    assert said["std_error"].iloc[0] == pytest.approx(2 * (190 / 300) * whole.std_error)
    assert said["conf_low"].iloc[0] < said["estimate"].iloc[0] < said["conf_high"].iloc[0]


def test_truth_scores_vary_as_cohorts_do(regular):
    """The standard error of the last error is near that of a binomial share, its curve held fixed."""
    curves = repurchase.fit_retention_curves(regular[regular["period"] <= 7])
    found = repurchase.score_retention(curves, regular, after=7, seed=1, draws=4000).set_index(["model", "score"])
    row = found.loc[("shifted beta-geometric", "error_last")]
    near = (1 + row["estimate"]) * np.sqrt(0.173 * 0.827 / 1000) / 0.173
    assert row["std_error"] == pytest.approx(near, rel=0.1)  # 1 / share is a little skew


def test_truth_projection_covers_simulated_cohorts():
    """Of 150 cohorts whose customers leave as the model says, about 95 % end within the limits of the projection."""
    rng, held = np.random.default_rng(2), 0
    for _ in range(150):
        leave = rng.geometric(rng.beta(0.8, 1.6, 1500))
        count = [int((leave > period).sum()) for period in range(13)]
        table = pd.DataFrame({"period": range(13), "survivors": count})
        fit = repurchase.fit_shifted_beta_geometric(table[table["period"] <= 7])
        last = repurchase.project_survivors(fit, table, after=7, until=12).iloc[-1]
        held += last["conf_low"] <= count[-1] / 1500 <= last["conf_high"]
    assert 134 <= held <= 149  # binomial(150, .95) lies outside with a probability below .02


def test_invariant_nobody_comes_back(regular):
    """A projection goes on from who is there: it never rises, its limits hold it, and none lies above today's share."""
    fit = repurchase.fit_retention_curves(regular).fits["shifted beta-geometric"]
    found = repurchase.project_survivors(fit, regular, after=12, until=20)
    later = found[found["period"] > 12]
    assert (np.diff([0.173, *later["estimate"]]) < 0).all()
    assert (later["conf_high"] < 0.173).all()
    assert (later["conf_low"] < later["estimate"]).all()
    assert (later["estimate"] < later["conf_high"]).all()
    assert found.loc[found["period"] <= 12, "conf_low"].isna().all()
    assert later["actual"].isna().all()
    more = repurchase.project_survivors(fit, regular.assign(survivors=regular["survivors"] * 100), after=12, until=20)
    assert more["std_error"].iloc[-1] < found["std_error"].iloc[-1]


def test_invariant_what_is_projected_is_what_is_scored(regular):
    """The curve that the score judges is the one that is drawn."""
    curves = repurchase.fit_retention_curves(regular[regular["period"] <= 7])
    scores = repurchase.score_retention(curves, regular, after=7, seed=1).set_index(["model", "score"])["estimate"]
    for name, fit in curves.fits.items():
        drawn = repurchase.project_survivors(fit, regular, after=7, until=12).tail(5)
        assert scores[(name, "mae")] == pytest.approx((drawn["estimate"] - drawn["actual"]).abs().mean())


def test_input_tables_that_hold_no_survivors(tmp_path, regular):
    """Columns, cohorts, files and options that are not there are named."""
    (tmp_path / "t.csv").write_text("month;customers\n0;10\n1;8\n")
    with pytest.raises(DataError, match=r"t.csv has no column period and no survivors. It has: month, customers"):
        repurchase.read_survivors(tmp_path / "t.csv")
    (tmp_path / "m.toml").write_text('[columns]\nperiod = "month"\nsurvivors = "customers"\n')
    mapped = repurchase.read_survivors(tmp_path / "t.csv", columns=tmp_path / "m.toml")
    assert mapped["survivors"].tolist() == [10, 8]
    with pytest.raises(DataError, match="no column `cohort` to look for '2024'"):
        repurchase.read_survivors(tmp_path / "t.csv", columns=tmp_path / "m.toml", cohort="2024")
    with pytest.raises(DataError, match="no cohort 'North'. It has: Regular, High End"):
        repurchase.read_survivors("retention", cohort="North")
    with pytest.raises(DataError, match="There is no file"):
        repurchase.read_survivors(tmp_path / "none.csv")
    (tmp_path / "bad.parquet").write_text("no table")
    with pytest.raises(DataError, match="bad.parquet cannot be read as a table"):
        repurchase.read_survivors(tmp_path / "bad.parquet")
    with pytest.raises(DataError, match="No curve can be fitted: .*must not grow"):
        repurchase.fit_retention_curves(pd.DataFrame({"period": [0, 1, 2], "survivors": [5, 9, 3]}))
    curves = repurchase.fit_retention_curves(regular.head(3))
    assert "beta-discrete-Weibull" in curves.refused
    with pytest.raises(ParameterError, match="`after` must be a period with another one after it, not 12"):
        repurchase.score_retention(curves, regular, after=12, seed=1)
    with pytest.raises(ParameterError, match="`until` lie after it, not 12 and 12"):
        repurchase.project_survivors(curves.fits["same rate as ever"], regular, after=12, until=12)
    with pytest.raises(ParameterError, match="`last` must be 1 to 12 renewals"):
        repurchase.fit_constant_retention(regular, last=13)
    two = pd.concat([regular.assign(cohort="a"), regular.assign(cohort="b")])
    with pytest.raises(DataError, match="A constant rate is that of one cohort"):
        repurchase.fit_constant_retention(two)


def test_smoke_retention_is_drawn(regular):
    """The figure has labelled axes and every curve a name."""
    from churnlab import theme

    curves = repurchase.fit_retention_curves(regular).fits
    drawn = {name: repurchase.project_survivors(fit, regular, after=12, until=17) for name, fit in curves.items()}
    ax = repurchase.plot_retention(drawn, after=12, unit="year")
    assert ax.get_xlabel() == "Years since the start"
    assert "Beta-discrete-Weibull" in ax.get_legend_handles_labels()[1]
    assert "<svg" in theme.to_svg(ax)
    theme.close(ax)

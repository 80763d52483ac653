"""Figures of the survival family: what is drawn is what the frames hold."""

import numpy as np
import pandas as pd
import pytest

from churnlab import survival, tables, theme
from churnlab.errors import DataError


@pytest.fixture(scope="module")
def spells() -> pd.DataFrame:
    table = tables.read(survival.simulate_subscriptions(400, days=600, seed=2), "SUBSCRIPTIONS")
    return survival.to_spells(table, as_of="2024-08-01", unit="month", covariates=["plan"])


def _texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_truth_curves_and_the_numbers_under_them(spells):
    """The steps are the curve's, and under the ticks stands how many of each group were at risk."""
    curve = survival.fit_kaplan_meier(spells, by="plan")
    ax = survival.plot_curves(curve.tidy(), unit="month")
    line = ax.lines[0].get_xydata()
    tidy = curve.tidy().query("group == 'fixed'")
    np.testing.assert_array_equal(line[1:], tidy[["time", "estimate"]])
    ticks = ax.get_xticks()
    assert ticks[0] == 0
    fixed = [f"{number:,.0f}" for number in curve.at(ticks).query("group == 'fixed'")["n_risk"]]
    assert _texts(ax)[: len(ticks)] == fixed
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["fixed", "flex"]
    theme.close(ax)


def test_truth_rates_ratios_and_calibration(spells):
    """Points and limits are those of the frames; ratios stand on a logarithmic scale, whatever their names hold."""
    rates = survival.fit_tenure_rates(spells, breaks=[3, 12]).tidy()
    ax = survival.plot_tenure_rates(rates, unit="month")
    np.testing.assert_allclose(np.asarray(ax.lines[0].get_ydata(), dtype=float), rates["estimate"])
    assert [label.get_text().split("\n")[0] for label in ax.get_xticklabels()] == ["0–3", "3–12", "over 12"]
    ratios = pd.DataFrame(
        {"term": ["$x$", "b"], "estimate": [0.5, 1.0], "conf_low": [0.4, 0.9], "conf_high": [0.6, 1.2]}
    )
    ax = survival.plot_hazard_ratios(ratios)
    assert ax.get_xscale() == "log"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$x$", "b"]
    assert not ax.get_yticklabels()[0].get_parse_math()
    theme.to_svg(ax)
    table = survival.calibration_table(np.linspace(0.1, 0.9, len(spells)), spells, horizon=6)
    ax = survival.plot_calibration(table, horizon="6 months")
    np.testing.assert_allclose(np.asarray(ax.lines[1].get_xydata(), dtype=float), table[["expected", "estimate"]])


def test_truth_reasons_and_retention(spells):
    """Reasons are stacked to the share of all who left; retention shows each cohort's shares."""
    tidy = survival.fit_aalen_johansen(spells).tidy()
    ax = survival.plot_incidence(tidy, unit="month")
    top = max(path.vertices[:, 1].max() for area in ax.collections for path in area.get_paths())
    assert top == pytest.approx(1 - survival.fit_kaplan_meier(spells).tidy()["estimate"].iloc[-1])
    retention = survival.to_retention(spells, ages=[1, 6, 12], period="quarter")
    ax = survival.plot_retention(retention, unit="month")
    assert sorted(_texts(ax)) == sorted(f"{100 * value:.0f}" for value in retention["estimate"])
    theme.to_svg(ax)


def test_input_figures_say_what_they_cannot_draw(spells):
    """Too many curves, and reasons of several groups, are named."""
    many = survival.fit_kaplan_meier(spells.assign(g=np.arange(len(spells)) % 7), by="g").tidy()
    with pytest.raises(DataError, match="7 curves cannot be told apart in one figure. Choose up to 6 groups"):
        survival.plot_curves(many)
    with pytest.raises(DataError, match="The figure is of one group"):
        survival.plot_incidence(survival.fit_aalen_johansen(spells, by="plan").tidy())
    reasons = spells.assign(reason=np.arange(len(spells)) % 7)
    with pytest.raises(DataError, match="7 reasons cannot be told apart"):
        survival.plot_incidence(survival.fit_aalen_johansen(reasons).tidy())

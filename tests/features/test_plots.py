"""Figures of the features are drawn from their frames, and say what the frames say."""

import pandas as pd
import pytest

from churnlab import features, theme
from churnlab.errors import DataError
from churnlab.features import plots
from churnlab.features.cohorts import repurchase_rates, to_cohorts
from churnlab.features.lifecycle import lifecycle_counts, lifecycle_transitions
from churnlab.features.revenue import average_orders
from churnlab.features.segments import profile_segments, rfm_scores, rfm_segments


@pytest.fixture
def drawn():
    """Return a function that draws to the end, and frees the figures afterwards."""
    axes = []

    def draw(ax):
        axes.append(ax)
        theme.to_svg(ax)
        return ax

    yield draw
    for ax in axes:
        theme.close(ax)


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_smoke_cohorts_map_shows_each_observed_cell(cdnow_sample, drawn):
    """The map has a number for each cohort and age above 0 that is observed, and none for the others."""
    frame = to_cohorts(cdnow_sample, as_of="1998-07-01")
    ax = drawn(plots.plot_cohorts(frame))
    later = frame[frame["age"] > 0].sort_values(["cohort", "age"])
    assert texts(ax) == [f"{100 * share:.0f}" for share in later["retention"]]
    with pytest.raises(DataError, match="beyond its first period"):
        plots.plot_cohorts(frame[frame["age"] == 0])


def test_smoke_long_maps_label_some_places_only(cdnow_sample, drawn):
    """With 73 weeks of age no more than 24 are labelled, and cells have no numbers."""
    ax = drawn(
        plots.plot_cohorts(to_cohorts(cdnow_sample, as_of="1998-07-01", by="week", period="week"), period="week")
    )
    assert len(ax.get_xticks()) <= 24
    assert texts(ax) == []


def test_smoke_lifecycle_figures(cdnow_sample, drawn):
    """Bars are as high as there are customers, and the matrix leaves out stages without customers."""
    dates = pd.date_range("1997-04-01", "1998-07-01", freq="QS")
    counts = lifecycle_counts(cdnow_sample, as_of=dates)
    ax = drawn(plots.plot_lifecycle_counts(counts))
    tops = [bar.get_y() + bar.get_height() for bar in ax.containers[-1]]
    assert tops == counts.groupby("as_of")["customers"].sum().tolist()
    assert [label.get_text() for label in ax.get_xticklabels()] == [f"{date:%Y-%m-%d}" for date in dates]
    one = drawn(plots.plot_lifecycle_counts(lifecycle_counts(cdnow_sample, as_of=dates[:1])))
    assert len(one.containers[0]) == 1
    moves = lifecycle_transitions(cdnow_sample, as_of=dates)
    names = [label.get_text().split(" ")[0] for label in drawn(plots.plot_transitions(moves)).get_yticklabels()]
    assert names == [str(stage) for stage, n in moves.groupby("stage", observed=False)["customers"].sum().items() if n]


def test_smoke_rates_averages_and_segments(cdnow_sample, drawn):
    """Points and bars stand at the numbers of the frames."""
    rates = repurchase_rates(cdnow_sample, as_of="1998-07-01", within_days=90)
    line = drawn(plots.plot_repurchase_rates(rates, within="90 days")).lines[0]
    assert line.get_ydata().tolist() == rates["rate"].tolist()
    averages = average_orders(cdnow_sample, as_of="1998-07-01")
    assert (
        drawn(plots.plot_average_orders(averages)).lines[0].get_ydata().tolist() == averages["average_order"].tolist()
    )
    rfm = features.to_rfm(cdnow_sample, as_of="1998-07-01")
    profile = profile_segments(rfm_segments(rfm_scores(rfm)))
    bars = drawn(plots.plot_segments(profile)).containers[0]
    assert [bar.get_width() for bar in bars] == profile["share"].tolist()

"""Figures of satisfaction are drawn, with labels that can be read."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnlab import drivers, theme
from churnlab.drivers.map_plots import place_labels
from churnlab.errors import DataError

NAMES = ["快递速度", "价格", "客服 $x$", "a very long name of a driver that nobody could read", "range <b>", "网站"]


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    """Questionnaires with driver names of all sorts, in three waves."""
    truth = dict.fromkeys(NAMES, 0.1)
    return drivers.simulate_answers(400, importance=truth, waves=["2023", "2024", "第三波"], seed=1)


@given(st.lists(st.tuples(st.floats(0, 600), st.floats(0, 400)), min_size=1, max_size=15))
@settings(max_examples=40, deadline=None)
def test_invariant_labels_never_overlap(points):
    """However the marks lie, no label lies on another, and all are within the frame."""
    marks = np.array(points)
    sizes = np.column_stack([np.full(len(marks), 90.0), np.full(len(marks), 12.0)])
    places = place_labels(marks, sizes, frame=(0, 0, 600, 400))
    boxes = [(*place, *(place + size)) for place, size in zip(places, sizes, strict=True)]
    for one, two in itertools.combinations(boxes, 2):
        assert one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
    assert (places >= 0).all()
    assert (places + sizes <= [600, 400]).all()


def test_truth_the_map_has_every_name_apart(answers):
    """On the drawn map no label covers another or a mark; each name is there, cut if it is long."""
    fit = drivers.fit_importance(answers, drivers=NAMES, draws=100)
    ax = drivers.plot_importance_performance(drivers.to_importance_performance(fit, answers, scale=(1, 10)))
    figure = ax.get_figure(root=True)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 4 + len(NAMES)
    assert not any(one.overlaps(two) for one, two in itertools.combinations(boxes, 2))
    marks = ax.transData.transform(ax.collections[-1].get_offsets())
    assert not any(box.contains(*mark) for box in boxes for mark in marks)
    shown = {text.get_text() for text in ax.texts}
    assert {"快递速度", r"客服 \$x\$", "a very long name of a…"} <= shown
    theme.close(ax)


def test_smoke_figures_of_importance_scores_and_gaps(answers):
    """Each figure says what its table says, in the order of the table, and comes out the same again."""
    fit = drivers.fit_importance(answers, drivers=NAMES, draws=100).tidy()
    nps = drivers.fit_nps(answers, by=["wave"]).tidy()
    gaps = drivers.fit_gap(answers, dimensions={"价格": (["价格"], ["网站"])}).tidy()
    for draw in (
        lambda: drivers.plot_importance(fit),
        lambda: drivers.plot_nps(nps, label="wave"),
        lambda: drivers.plot_nps(nps.head(1)),
        lambda: drivers.plot_gaps(gaps),
    ):
        first, second = draw(), draw()
        assert theme.to_svg(first) == theme.to_svg(second)
        theme.close(first)
        theme.close(second)
    ax = drivers.plot_importance(fit)
    top = fit.sort_values("share")["term"].iloc[-1]
    assert ax.get_yticklabels()[-1].get_text().startswith(top[:3])
    theme.close(ax)
    ax = drivers.plot_nps(nps, label="wave")
    assert [label.get_text().split("\n")[0] for label in ax.get_yticklabels()] == nps["wave"].tolist()
    widths = [bar.get_width() for bars in ax.containers[:3] for bar in bars]
    assert sum(widths) == pytest.approx(300)
    theme.close(ax)


def test_smoke_figures_of_themes_and_responses():
    """Themes and responses are drawn, one of them too; a table without a column is refused."""
    themes = pd.DataFrame({"theme": ["价格"], "share": [0.3], "share_low": [0.2], "share_high": [0.4]})
    themes = themes.assign(difference=-1.0, difference_low=-2.0, difference_high=0.0)
    response = pd.DataFrame(
        {"level": ["0-6"], "n": [30], "raw": [0.2], "estimate": [0.3], "conf_low": [0.1], "conf_high": [0.5]}
    )
    for ax in (
        drivers.plot_themes(themes),
        drivers.plot_theme_scores(themes),
        drivers.plot_dose_response(response, xlabel="满意度", ylabel="Ordered"),
    ):
        assert "<svg" in theme.to_svg(ax)
        theme.close(ax)
    with pytest.raises(DataError, match="no column `share_low`"):
        drivers.plot_themes(themes.drop(columns="share_low"))

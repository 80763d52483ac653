"""How results and tables look."""

import numpy as np
import pandas as pd
import pytest

from churnlab import display, theme


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (23570, "23,570"),
        (0.2425945, "0.2426"),
        (-9582.4292, "-9,582"),
        (1234.5, "1,234"),
        (999.96, "1,000"),
        (0.00001234, "1.23e-05"),
        (12.0, "12"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        (-float("inf"), "-∞"),
    ],
)
def test_truth_numbers_read_as_a_person_writes_them(value, text):
    """Four significant digits, thousands apart, no exponent within reason."""
    assert display.format_number(value) == text


def test_truth_tables_escape_all_that_they_hold():
    """Names, values and captions never become markup."""
    nasty = "<img src=x onerror=alert(1)>"
    html = display.frame_to_html(pd.DataFrame({nasty: [nasty]}), title=nasty)
    assert "<img" not in html
    assert html.count("&lt;img") == 3


def test_truth_long_tables_say_that_they_are_cut():
    """What is not shown is counted."""
    html = display.frame_to_html(pd.DataFrame({"x": range(100)}), rows=10)
    assert html.count("<tr>") == 11
    assert "10 of 100 rows are shown." in html


def test_truth_the_numbers_of_a_column_have_the_same_decimals():
    """A column has the decimals that its largest number needs; where units are mixed, each number keeps its digits."""
    columns = {"same": [0.26, 0.2154, 0.03], "mixed": [1234.5, 0.611, np.nan], "whole": [3.0, 12.0, np.inf]}
    html = display.frame_to_html(pd.DataFrame(columns))
    assert all(f">{text}<" in html for text in ("0.2600", "0.2154", "0.0300", "1,234", "0.611", "–", "3", "12", "∞"))


def test_truth_effects_near_zero_keep_the_decimals_of_their_column():
    """Of effects on both sides of 0 some lie near it: they need no more decimals than the others, nor a minus before 0."""
    html = display.frame_to_html(pd.DataFrame({"effect": [-0.327, 0.0065, -0.00002, 1.4]}), digits=3)
    assert [part.split("<")[0] for part in html.split('right">')[2:]] == ["-0.33", "0.01", "0.00", "1.40"]


def test_truth_no_p_value_is_zero():
    """P-values have four decimals; a smaller one is said to be smaller."""
    html = display.frame_to_html(pd.DataFrame({"p_value": [0.0, 3e-9, 0.04567, np.nan]}))
    assert [part.split("<")[0] for part in html.split('right">')[2:]] == ["&lt;0.0001", "&lt;0.0001", "0.0457", "–"]


def test_truth_kinds_of_values_have_their_own_form():
    """Dates lose their midnight, yes and no are words, nothing is a dash, a list is shown as one."""
    frame = pd.DataFrame({"d": [pd.Timestamp("2024-01-31"), pd.NaT], "b": [True, False], "t": ["x", None]})
    cells = display.frame_to_html(frame.assign(lists=[[1, 2.5], np.array([])]))
    assert all(text in cells for text in (">2024-01-31<", ">–<", ">yes<", ">no<", ">x<", ">[1, 2.5]<", ">[]<"))


def test_smoke_a_fit_shows_itself(sample_fit):
    """A result in a notebook shows its line, its terms and its model figures."""
    html = sample_fit._repr_html_()
    assert "BG/NBD" in html
    assert "alpha" in html
    assert "log_likelihood" in html


def test_invariant_the_same_figure_is_the_same_text():
    """Figures drawn twice from the same data are the same to the last byte, whatever the user's own settings are."""
    import matplotlib as mpl

    @theme.in_style()
    def draw() -> str:
        ax = theme.axes()
        ax.plot([1, 2, 3], np.sqrt([1, 2, 3]), label="line")
        theme.legend_above(ax)
        svg = theme.to_svg(ax)
        theme.close(ax)
        return svg

    plain = draw()
    with mpl.rc_context({"lines.linewidth": 9, "svg.fonttype": "none", "axes.facecolor": "red"}):
        assert draw() == plain
    assert "<dc:date>" not in plain


def test_truth_chinese_labels_are_drawn_where_a_font_is_there():
    """With a CJK font installed, no glyph is missing; without one, there is nothing to test."""
    from matplotlib import font_manager

    if not {font.name for font in font_manager.fontManager.ttflist} & set(theme.CJK_FONTS):
        pytest.skip("no CJK font is installed")
    ax = theme.axes()
    ax.set_title("服务与价格")
    assert "<svg" in theme.to_svg(ax)  # a missing glyph is a warning, and warnings are errors
    theme.close(ax)

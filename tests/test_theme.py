"""Colours that everybody can see."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from churnlab import theme
from churnlab.studies.report import TEMPLATES

CONFUSIONS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB."""


def linear(color: str) -> np.ndarray:
    wide = color if len(color) == 7 else "#" + "".join(2 * digit for digit in color[1:])
    levels = np.array([int(wide[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def contrast(color: str, ground: str = "#ffffff") -> float:
    """Return the contrast of WCAG 2.2, between 1 and 21."""
    light, dark = sorted((float(linear(one) @ [0.2126, 0.7152, 0.0722]) for one in (color, ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_truth_contrast_has_its_known_values() -> None:
    """Black on white is 21, and #767676 the lightest grey that passes 4.5, as WCAG's own examples say."""
    assert contrast("#000000") == pytest.approx(21)
    assert contrast("#767676") >= 4.5 > contrast("#777777")


@pytest.mark.parametrize("color", theme.COLORS)
def test_invariant_lines_stand_out_from_paper(color: str) -> None:
    """A colour of a figure has at least 3 : 1 against white."""
    assert contrast(color) >= 3


@pytest.mark.parametrize("name", CONFUSIONS)
def test_invariant_colors_are_told_apart(name: str) -> None:
    """Any two colours differ by at least 16 in CIELAB, for every common kind of colour vision."""
    seen = [lab(np.array(CONFUSIONS[name]) @ linear(color)) for color in theme.COLORS]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) >= 16


def test_invariant_text_of_reports_can_be_read() -> None:
    """Text of a report has at least 4.5 : 1 against both of its grounds."""
    style = (Path(TEMPLATES) / "report" / "style.css").read_text(encoding="utf-8")
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", style))
    texts = {named["ink"], named["soft"], named["accent"], *re.findall(r"[{; ]color: (#[0-9a-f]{3,6})", style)}
    assert len(texts) >= 4
    for color, ground in itertools.product(texts, ("#ffffff", named["tint"])):
        assert contrast(color, ground) >= 4.5, (color, ground)

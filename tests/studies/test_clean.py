"""Making HTML harmless."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnlab.studies.clean import clean_html

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt >alert(1)</sCrIpT >",
    "<script>alert(1)",
    "<scr<script></script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='http://example.org/x.png'>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<p onclick='alert(1)'>x</p>",
    "<p style='background:url(http://example.org/x)'>x</p>",
    "<iframe src='http://example.org'></iframe>",
    "<meta http-equiv=refresh content='0;url=http://example.org'>",
    "<link rel=stylesheet href='http://example.org/x.css'>",
    "<form action='http://example.org'><input name=x></form>",
    "<object data='http://example.org'></object><embed src='http://example.org'>",
    "<style>body{display:none}</style>",
    "<base href='http://example.org'>",
    "<math><mtext></p><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<!--<img src=x onerror=alert(1)>-->",
]


ACTING_TAGS = {"script", "img", "svg", "iframe", "meta", "link", "form", "input"}
ACTING_TAGS |= {"object", "embed", "style", "base", "math"}


class Finder(HTMLParser):
    """Collects the tags and attributes that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one tag."""
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def acts(html: str) -> list[str]:
    """Return what in a piece of HTML would run, load or send anything."""
    finder = Finder()
    finder.feed(html)
    bad = sorted(finder.tags & ACTING_TAGS)
    for name, value in finder.attributes:
        leads_astray = name == "href" and re.match(r"\s*(javascript|data|vbscript):", value, re.IGNORECASE)
        if name.startswith("on") or name in ("src", "action") or leads_astray or "url(" in value:
            bad.append(f"{name}={value}")
    return bad


@pytest.mark.parametrize("html", HOSTILE)
def test_truth_hostile_html_is_disarmed(html: str) -> None:
    """Nothing that runs, loads or sends is left of a hostile piece of HTML."""
    assert acts(html) or "<!--" in html or "scr<" in html
    assert acts(clean_html(f"<p>before</p>{html}")) == []


@given(st.lists(st.sampled_from([*HOSTILE, "<table><tr><td>", "</p>", "text", "<b", ">", '"', "<!--"]), max_size=6))
def test_invariant_any_mixture_is_disarmed(parts: list[str]) -> None:
    """No mixture of hostile pieces, whole or broken, acts after it was cleaned."""
    assert acts(clean_html("".join(parts))) == []


def test_truth_tables_and_words_stay() -> None:
    """Tables with aligned numbers, links to the web and plain mark-up stay as they were."""
    html = (
        '<table class="churnlab"><thead><tr><th style="text-align: right;">n</th></tr></thead></table>'
        '<p><a href="https://example.org/x">x</a> <em>y</em></p>'
    )
    assert clean_html(html) == html

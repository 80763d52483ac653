"""The page that people read."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from churnlab import studies
from churnlab.studies.manifest import write_json
from churnlab.studies.report import write_report

HOSTILE = "<script>alert(1)</script><img src=http://example.org/x onerror=alert(2)>"
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(3)</script></svg>"


class Page(HTMLParser):
    """Collects the tags of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one tag."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))


def code(*outputs: dict[str, Any]) -> dict[str, Any]:
    base = {"cell_type": "code", "id": "c1", "metadata": {}, "execution_count": 1}
    return {**base, "source": "secret_code(1)", "outputs": list(outputs)}


def shown(data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def words(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "m1", "metadata": {}, "source": text}


def render(folder: Path, cells: list[dict[str, Any]], *, results: dict[str, Any] | None = None, **changes: Any) -> str:
    description = {
        "address": "0123456789abcdef",
        "study": "small",
        "title": "Title",
        "parameters": {},
        "data": {},
        "versions": {},
        "code": False,
        **changes,
    }
    if results is not None:
        write_json(folder / "results.json", results)
    write_report(folder, description, {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return (folder / "report.html").read_text(encoding="utf-8")


def test_truth_nothing_hostile_survives(tmp_path: Path) -> None:
    """Whatever notebook, data, parameters or file names say, the page runs nothing and loads nothing."""
    number = {
        "label": HOSTILE,
        "estimate": 1,
        "low": None,
        "high": None,
        "unit": HOSTILE,
        "method": HOSTILE,
        "digits": 3,
    }
    html = render(
        tmp_path,
        [
            words(f"# {HOSTILE}\n\n{HOSTILE}\n\n{HOSTILE} [x](javascript:alert(1)) ![x](http://example.org/y.png)"),
            code(
                shown({"text/html": f"<table onclick=x()><tr><td>{HOSTILE}</td></tr></table>"}),
                shown({"text/markdown": HOSTILE}),
                shown({"text/plain": HOSTILE}),
                shown({"text/latex": HOSTILE}),
                shown({"application/javascript": "alert(4)"}),
                shown({"image/svg+xml": SVG}, **{"image/svg+xml": {"alt": f'"{HOSTILE}', "caption": HOSTILE}}),
                {"output_type": "stream", "name": "stdout", "text": HOSTILE},
                {"output_type": "stream", "name": "stderr", "text": HOSTILE},
            ),
        ],
        results={"answer": [HOSTILE], "numbers": {"n": {**number, "headline": True}}, "figures": {}, "tables": {}},
        title=HOSTILE,
        study=HOSTILE,
        parameters={"label": HOSTILE, "data": HOSTILE, "as_of": HOSTILE},
        data={"data": [{"name": HOSTILE, "bytes": 1, "sha256": "00"}]},
        versions={HOSTILE: HOSTILE},
        code=True,
    )
    page = Page(html)
    assert not {"script", "iframe", "object", "embed", "link", "form", "svg", "base"} & {tag for tag, _ in page.tags}
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [image["src"][:26] for image in images] == ["data:image/svg+xml;base64,"]
    assert images[0]["alt"] == f'"{HOSTILE}'
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not re.search(r"href=.?javascript", html)
    metas = [attributes for tag, attributes in page.tags if tag == "meta"]
    assert [meta.get("http-equiv") for meta in metas if "http-equiv" in meta] == ["Content-Security-Policy"]
    assert "default-src 'none'" in next(meta["content"] for meta in metas if "http-equiv" in meta)


def test_truth_page_loads_nothing(two_runs: tuple[studies.RunResult, studies.RunResult]) -> None:
    """A real report holds all that it shows: every source is data, and style refers to nothing outside."""
    html = (two_runs[0].folder / "report.html").read_text(encoding="utf-8")
    sources = [attributes["src"] for _, attributes in Page(html).tags if "src" in attributes]
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert not re.search(r"url\(|@import|<link", html)


def test_truth_report_opens_with_the_answer(two_runs: tuple[studies.RunResult, studies.RunResult]) -> None:
    """Title, question, answer, headline number and figure come in this order, and only once."""
    html = (two_runs[0].folder / "report.html").read_text(encoding="utf-8")
    places = [
        html.index(text)
        for text in (
            "<h1>A small study</h1>",
            "Does it work?",
            "The total is known.",
            "between 1 and 20",
            "A rising line.",
        )
    ]
    assert places == sorted(places)
    assert html.count("The total is known.") == html.count("Does it work?") == 1
    assert '<html lang="en">' in html
    assert "<main>" in html


def test_truth_code_is_hidden_unless_asked_for(tmp_path: Path) -> None:
    """A report shows no code by default, and no empty box in its place."""
    assert "secret_code" not in render(tmp_path, [code()])
    assert "<pre" not in render(tmp_path, [code()])
    assert "secret_code(1)" in render(tmp_path, [code()], code=True)


def test_truth_parameters_and_data_are_told(two_runs: tuple[studies.RunResult, studies.RunResult]) -> None:
    """The end of a report names parameters, versions and address."""
    html = (two_runs[0].folder / "report.html").read_text(encoding="utf-8")
    made = html[html.index("How this was made") :]
    assert "<td>factor</td><td><code>3.0</code></td>" in made
    assert two_runs[0].address in made
    assert "pandas" in made


def test_truth_markdown_is_rendered(tmp_path: Path) -> None:
    """Headings, lists, tables and links of a notebook's text become HTML."""
    html = render(
        tmp_path, [words("## Head\n\n- *one*\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[x](https://example.org)")]
    )
    for part in ("<em>one</em>", "<td>1</td>", '<a href="https://example.org">x</a>'):
        assert part in html
    assert re.search(r"<h2[^>]*>Head</h2>", html)


def test_truth_a_number_keeps_its_percent_sign(tmp_path: Path) -> None:
    """No line breaks between a number and its sign, in the answer as in the labels."""
    number = {"label": "at +5 %", "estimate": 1, "low": None, "high": None, "unit": "", "method": "", "digits": 3}
    numbers = {"n": {**number, "headline": True}}
    html = render(tmp_path, [], results={"answer": ["40 % of us"], "numbers": numbers, "figures": {}, "tables": {}})
    assert "40\N{NO-BREAK SPACE}% of us" in html
    assert "at +5\N{NO-BREAK SPACE}%" in html


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg"])
def test_truth_bitmaps_are_shown_with_alt(tmp_path: Path, kind: str) -> None:
    """A bitmap figure with alt text is shown like a drawing."""
    html = render(tmp_path, [code(shown({kind: "AAAA\n"}, **{kind: {"alt": "a map"}}))])
    assert (
        f'<img alt="a map" src="data:{kind};base64,AAAA"' in html
        or f'src="data:{kind};base64,AAAA" alt="a map"' in html
    )

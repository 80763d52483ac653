"""Makes HTML harmless: what a table, a notebook or a caller wrote can be read, but never act."""

from __future__ import annotations

import re

_TEXT_TAGS = {
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "hr",
    "i",
    "p",
    "pre",
    "s",
    "small",
    "span",
}
_TEXT_TAGS |= {"strong", "sub", "sup", "u", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd"}
_TABLE_TAGS = {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption"}
_PLAIN_ATTRIBUTES = {"class", "colspan", "rowspan", "scope", "style", "title"}
_UNREAD = re.compile(
    r"<(script|style|template|noscript|iframe|svg|math)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)


def clean_html(html: str) -> str:
    """Return HTML with nothing left in it that acts, loads or disguises.

    Parameters
    ----------
    html : str
        HTML from a notebook's cell or from Markdown.

    Returns
    -------
    str
        The same with only tags and attributes of plain text and tables; links lead only to the web or mail.

    Raises
    ------
    Nothing
        Any text can be cleaned.

    Examples
    --------
    >>> clean_html('<p onclick="x()">one <script>alert(1)</script><b>two</b></p>')
    '<p>one <b>two</b></p>'
    """
    import bleach
    from bleach.css_sanitizer import CSSSanitizer

    cleaned = bleach.clean(
        _UNREAD.sub("", html),
        tags=_TEXT_TAGS | _TABLE_TAGS,
        attributes=_is_allowed,
        protocols=["http", "https", "mailto"],
        css_sanitizer=CSSSanitizer(allowed_css_properties=["text-align"]),
        strip=True,
    )
    return str(cleaned)


def _is_allowed(tag: str, name: str, value: str) -> bool:
    return name in _PLAIN_ATTRIBUTES or (tag == "a" and name == "href")

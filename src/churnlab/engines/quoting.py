"""Names and texts as SQL says them."""

__all__ = ["quote_name", "quote_text"]


def quote_name(name: str) -> str:
    """Return `name` as an SQL identifier, whatever characters it holds.

    Examples
    --------
    >>> print(quote_name('the "id" of an order'))
    "the ""id"" of an order"
    """
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Return `text` as an SQL string literal, whatever characters it holds.

    Examples
    --------
    >>> print(quote_text("l'eau"))
    'l''eau'
    """
    return "'" + text.replace("'", "''") + "'"

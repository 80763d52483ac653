"""The words for what an engine or a reader could not do."""

__all__ = ["encoding_message", "first_line", "reading_message"]


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or the name of its class where it has none."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__


def encoding_message(label: str, encoding: str) -> str:
    """Return what to say of a text file that is written otherwise than its layout says."""
    return (
        f"{label} is not written in {encoding}. Say how it is written in the layout: "
        'encoding = "cp1252" (Windows and older Excel exports), "latin-1" or "utf-16", or save it as UTF-8.'
    )


def reading_message(error: Exception, label: str, encoding: str) -> str:
    """Return what to say of a source that an engine fails to read: one line."""
    text = str(error)
    if "not utf-8" in text or "unicode" in text.lower():
        return encoding_message(label, encoding)
    details = [line.strip() for line in text.splitlines() if line.startswith(("Original Line", "Expected Number"))]
    return f"{label} cannot be read: {first_line(error)}. {' '.join(details)}".strip()

"""The errors that churnlab raises on purpose; each says what is wrong and what to try."""

import textwrap
import traceback
from pathlib import Path

__all__ = ["ChurnlabError", "ConvergenceError", "DataError", "ParameterError"]


_PACKAGE = str(Path(__file__).parent)
_WIDTH = 100


class ChurnlabError(Exception):
    """Anything that churnlab refuses to do, with the reason in words."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback: the message in a box, and the caller's own line."""
        frames = [
            frame for frame in traceback.extract_tb(self.__traceback__) if not frame.filename.startswith(_PACKAGE)
        ]
        wrapped = [part for line in str(self).splitlines() for part in textwrap.wrap(line, _WIDTH) or [""]]
        title = type(self).__name__
        return [
            f"╭─ {title} {'─' * (_WIDTH - len(title))}",
            *(f"│ {line}" for line in wrapped),
            *(["│", f"│ at: {frames[-1].line}"] if frames and frames[-1].line else []),
            f"╰{'─' * (_WIDTH + 3)}",
        ]


class DataError(ChurnlabError, ValueError):
    """A table breaks a rule of its contract, or is not what it was said to be.

    Parameters
    ----------
    message
        What is wrong, and what to try.
    breaches
        Where a contract was checked: each broken rule, as :class:`churnlab.tables.Breach`.
    """

    def __init__(self, message: str, breaches: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.breaches = breaches


class ParameterError(ChurnlabError, ValueError):
    """An argument or a study's parameter is unknown, of the wrong kind or out of range."""


class ConvergenceError(ChurnlabError, RuntimeError):
    """A likelihood has no maximum inside the parameter space, or none was found."""

"""The errors that churnlab raises on purpose; each says what is wrong and what to try."""

__all__ = ["ChurnlabError", "ConvergenceError", "DataError", "ParameterError"]


class ChurnlabError(Exception):
    """Anything that churnlab refuses to do, with the reason in words."""


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

"""Who leaves, when, and what goes with it."""

__all__: list[str] = []

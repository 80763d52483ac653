"""What makes customers satisfied, and what that is worth."""

__all__: list[str] = []

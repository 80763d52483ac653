"""How demand answers to price."""

__all__: list[str] = []

"""The commands that look at the network."""

__all__: list[str] = []

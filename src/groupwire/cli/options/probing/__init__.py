"""The options of what looks at the network."""

__all__: list[str] = []

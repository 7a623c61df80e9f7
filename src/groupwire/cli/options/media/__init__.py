"""The options of what sends, receives and lists streams."""

__all__: list[str] = []

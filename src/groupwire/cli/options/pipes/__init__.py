"""The options of a pipe that carries any bytes."""

__all__: list[str] = []

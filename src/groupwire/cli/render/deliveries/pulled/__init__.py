"""What ``pull`` shows."""

__all__: list[str] = []

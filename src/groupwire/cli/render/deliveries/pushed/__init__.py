"""What ``push`` shows."""

__all__: list[str] = []

"""What the system tells: read, parsed, and put into values."""

__all__: list[str] = []

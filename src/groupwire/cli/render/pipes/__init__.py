"""What is shown of the two ends of a pipe."""

__all__: list[str] = []

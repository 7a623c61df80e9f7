"""What the commands that look at the network show."""

__all__: list[str] = []

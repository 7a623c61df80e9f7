"""What the system tells of interfaces and the ways through them."""

__all__: list[str] = []

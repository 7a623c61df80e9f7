"""Two doctors, one at each end: who asks, and who serves."""

__all__: list[str] = []

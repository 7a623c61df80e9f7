"""What ``doctor`` shows: findings for people, events for programs."""

__all__: list[str] = []

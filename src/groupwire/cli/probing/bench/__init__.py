"""``bench send`` and ``bench receive``: how much arrives, when, and what is lost."""

__all__: list[str] = []

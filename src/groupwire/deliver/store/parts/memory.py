"""How much of memory small files take until they are complete."""

from __future__ import annotations

__all__ = ["MEMORY_BYTES", "Memory"]

MEMORY_BYTES = 32 << 20
"""So much of small files waits in memory; what is more goes to the disk at once."""
_OVERHEAD_BYTES = 1 << 10
"""What a file costs besides its bytes, about."""


class Memory:
    """Counts what is held.

    Threads need no lock: a count that one of them spoils is off by a file, and right
    again as soon as nothing is held.
    """

    def __init__(self, limit_bytes: int | None = None) -> None:
        self._limit = MEMORY_BYTES if limit_bytes is None else limit_bytes
        self._held: dict[str, int] = {}
        self._sum = 0

    def take(self, name: str, size_bytes: int) -> bool:
        """Make room for a file; False where there is none."""
        cost = size_bytes + _OVERHEAD_BYTES
        if self._sum + cost > self._limit:
            return False
        self._held[name] = cost
        self._sum += cost
        return True

    def give(self, name: str) -> None:
        """Forget a file; any number of times."""
        cost = self._held.pop(name, 0)
        self._sum = self._sum - cost if self._held else 0

"""Memory for objects that nobody else stores, shared by all senders."""

from __future__ import annotations

from groupwire.norm.receive.sink import MemorySink

__all__ = ["Budget"]


class Budget:
    """Counts what is promised to objects under way, by whom."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._used = 0
        self._sizes: dict[int, int] = {}

    def fits(self, size_bytes: int) -> bool:
        """Return whether there is room."""
        return self._used + size_bytes <= self._limit

    def open(self, size_bytes: int) -> MemorySink:
        """Promise memory to an object."""
        sink = MemorySink()
        self._sizes[id(sink)] = size_bytes
        self._used += size_bytes
        return sink

    def close(self, sink: object) -> None:
        """Take a promise back, because the object is complete or given up."""
        self._used -= self._sizes.pop(id(sink), 0)

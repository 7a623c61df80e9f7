"""Memory for objects that nobody else stores, shared by all senders."""

from __future__ import annotations

from typing import Protocol

from groupwire.norm.receive.sink import MemorySink

__all__ = ["Budget", "Holder"]


class Holder(Protocol):
    """To whom memory is promised."""

    held_bytes: int
    """How much, kept by the budget."""


class Budget:
    """Counts what is promised to objects under way, and to whom."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._used = 0
        self._promises: dict[int, tuple[Holder, int]] = {}

    def fits(self, size_bytes: int) -> bool:
        """Return whether there is room."""
        return self._used + size_bytes <= self._limit

    def open(self, holder: Holder, size_bytes: int) -> MemorySink:
        """Promise memory to an object."""
        sink = MemorySink()
        self._promises[id(sink)] = holder, size_bytes
        self._used += size_bytes
        holder.held_bytes += size_bytes
        return sink

    def close(self, sink: object) -> None:
        """Take a promise back, because the object is complete or given up."""
        promise = self._promises.pop(id(sink), None)
        if promise is not None:
            holder, size_bytes = promise
            self._used -= size_bytes
            holder.held_bytes -= size_bytes

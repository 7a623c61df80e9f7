"""Manifest and seals, which are read from memory."""

from __future__ import annotations

from groupwire.norm import LATER, Later, ObjectOffer
from groupwire.norm.receive.sink import MemorySink

__all__ = ["Papers", "Room"]


class Room:
    """Memory for the papers of all deliveries."""

    def __init__(self, size_bytes: int) -> None:
        self.left_bytes = size_bytes


class Papers:
    """Those of one delivery on their way; each takes room while it comes."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._sinks: dict[int, tuple[int, MemorySink]] = {}
        self._kept_bytes = 0

    def open(self, offer: ObjectOffer, most_bytes: int) -> MemorySink | Later | None:
        """Return where one goes, if it is no larger than it may be."""
        if offer.size_bytes > most_bytes:
            return None
        self.close(offer.object)
        if offer.size_bytes > self._room.left_bytes:
            return LATER
        self._room.left_bytes -= offer.size_bytes
        sink = MemorySink()
        self._sinks[offer.object] = offer.size_bytes, sink
        return sink

    @property
    def open_ones(self) -> list[int]:
        """The objects that have not been taken."""
        return list(self._sinks)

    def take(self, number: int) -> bytes | None:
        """Return the content of one that is complete, and forget it."""
        sink = self.close(number)
        return None if sink is None else sink.data

    def close(self, number: int) -> MemorySink | None:
        """Forget one."""
        size, sink = self._sinks.pop(number, (0, None))
        self._room.left_bytes += size
        return sink

    def keep(self, size_bytes: int) -> bool:
        """Take room for what was read, until all is closed; False if there is none."""
        if size_bytes > self._room.left_bytes:
            return False
        self._room.left_bytes -= size_bytes
        self._kept_bytes += size_bytes
        return True

    def close_all(self) -> None:
        """Forget all of them."""
        self._room.left_bytes += self._kept_bytes
        self._kept_bytes = 0
        for number in list(self._sinks):
            self.close(number)

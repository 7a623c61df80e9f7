"""Feeds a stream to a push: as fast as the push takes it, and no faster."""

from __future__ import annotations

import asyncio
from typing import Protocol

from groupwire.aio.delivery.streams import Pieces

__all__ = ["Feed", "Feeding"]


class Feed(Protocol):
    """What takes the stream: a push under way."""

    def room(self) -> int:
        """Return how many bytes can be fed now."""
        ...

    def feed(self, data: bytes) -> None:
        """Append to the file of unknown length."""
        ...

    def end(self) -> None:
        """End the file of unknown length."""
        ...


class Feeding:
    """One stream on its way into one push."""

    def __init__(self, pieces: Pieces, to: Feed) -> None:
        self._pieces = pieces
        self._to = to
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Feed to the end. Raises what reading the stream raises."""
        await self._until_room()
        while data := await self._pieces.next():
            view = memoryview(data)
            while view:
                size = await self._until_room()
                self._to.feed(bytes(view[:size]))
                view = view[size:]
            # Not before there is room: what is read and not yet sent is memory.
            await self._until_room()
        self._to.end()

    def note_room(self) -> None:
        """Go on: there is room again."""
        self._room.set()

    async def _until_room(self) -> int:
        while not (size := self._to.room()):
            self._room.clear()
            await self._room.wait()
        return size

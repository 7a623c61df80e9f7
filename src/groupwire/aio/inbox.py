"""A bounded queue between callbacks and ``async for``; taking never loses an item."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Generic, TypeVar

__all__ = ["Bell", "Inbox", "with_lost"]

T = TypeVar("T")


class Bell:
    """Wakes all who wait; each looks by itself whether there is something for it."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake who waits now."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self) -> None:
        """Wait until it rings; for any number at once."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)


class Inbox(Generic[T]):
    """Callbacks put, coroutines take.

    Unlike a queue that hands items to waiters, a cancelled :meth:`take` leaves the
    item where it was.
    """

    def __init__(self, most: int | None = None) -> None:
        self._items: deque[T] = deque()
        self._most = most
        self._bell = Bell()
        self._closed = False
        self.lost = 0
        """Items for which there was no room."""

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> bool:
        """Add an item; False when there is no room for it."""
        if self._closed:
            return False
        if self._most is not None and len(self._items) >= self._most:
            self.lost += 1
            return False
        self._items.append(item)
        self._bell.ring()
        return True

    def close(self) -> None:
        """Take nothing more in; what is inside can still be taken."""
        self._closed = True
        self._bell.ring()

    async def take(self) -> T | None:
        """Return the next item; None when closed and empty."""
        while not self._items:
            if self._closed:
                return None
            await self._bell.wait()
        return self._items.popleft()


def with_lost(dropped: Mapping[str, int], events: Inbox[T]) -> Mapping[str, int]:
    """Return drops by reason, events for which there was no room among them."""
    if not events.lost:
        return dropped
    reason = "event-queue-full"
    return {**dropped, reason: dropped.get(reason, 0) + events.lost}

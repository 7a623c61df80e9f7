"""Which subscribers a publisher has seen, and waiting until they are here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from groupwire.aio.messages.message import Wanted
from groupwire.errors import UsageError
from groupwire.gather import checked_name
from groupwire.messages.members import Member, Role

__all__ = ["Audience", "checked_wanted"]

_MOST_SEEN = 8192
"""Twice as many as are known to be here at once."""


class Audience:
    """Knows who is here and who was; each that comes and goes is told to it."""

    def __init__(self) -> None:
        self.here: dict[Member, None] = {}
        """Subscribers only."""
        self.closed = False
        self._seen: dict[str, None] = {}
        self._waiting: set[asyncio.Future[None]] = set()

    def joined(self, member: Member) -> None:
        """Note that a member is here."""
        if member.role is not Role.SUBSCRIBER:
            return
        self.here[member] = None
        self._seen.pop(member.name, None)
        self._seen[member.name] = None
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        self._wake()

    def left(self, member: Member) -> None:
        """Note that a member is here no more."""
        self.here.pop(member, None)

    def close(self) -> None:
        """Nobody comes any more."""
        self.closed = True
        self._wake()

    def is_here(self, who: str | int | frozenset[str]) -> bool:
        """Return whether all of these, or so many, are here."""
        if isinstance(who, int):
            return len(self.here) >= who
        return self.names >= ({who} if isinstance(who, str) else who)

    def has_seen(self, names: Collection[str]) -> bool:
        """Return whether all of these are here, or were and have left."""
        return all(name in self._seen for name in names)

    @property
    def names(self) -> set[str]:
        """The names of those who are here."""
        return {member.name for member in self.here}

    async def until(self, fact: Callable[[], bool], within_s: float) -> bool:
        """Wait until it is so, or nobody comes any more; return whether it is."""
        deadline = asyncio.get_running_loop().time() + within_s
        while not fact() and not self.closed and await self.change(deadline):
            pass
        return fact()

    async def change(self, deadline: float) -> bool:
        """Wait until somebody comes; False where the deadline is first."""
        loop = asyncio.get_running_loop()
        left = deadline - loop.time()
        if left <= 0:
            return False
        coming: asyncio.Future[None] = loop.create_future()
        self._waiting.add(coming)
        try:
            done, _ = await asyncio.wait({coming}, timeout=left)
            return bool(done)
        finally:
            self._waiting.discard(coming)
            coming.cancel()

    def _wake(self) -> None:
        for coming in self._waiting:
            if not coming.done():
                coming.set_result(None)


def checked_wanted(who: Wanted) -> int | frozenset[str] | None:
    """Return names or a number; UsageError for what is neither. A str is one name."""
    if who is None:
        return None
    if isinstance(who, int):
        if who < 1:
            raise UsageError(
                f"{who} subscribers cannot be waited for", fix="use 1 or more"
            )
        return who
    return frozenset(map(checked_name, [who] if isinstance(who, str) else who))

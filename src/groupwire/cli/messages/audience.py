"""Which subscribers are there, and waiting until they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from groupwire.gather import Expectation
from groupwire.messages.events import MemberJoined, MemberLeft
from groupwire.messages.members import Member, Role

__all__ = ["Audience", "Patience"]

_EXPECTED_S = 5.0
"""How long who is expected has to appear."""
_ANYBODY_S = 0.5
"""How long anybody has to, where nobody is expected."""
_SILENCE_S = 0.2
"""Once somebody is there, so long without another one means that these are all."""
_ACQUAINTED_S = 0.4
"""But no sooner: a publisher does not leave before, so it costs nothing."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Who has to appear, and how long that may take."""

    expected: Expectation | None = None
    start_with: int | None = None
    wait_s: float | None = None

    @property
    def first(self) -> bool:
        """Whether somebody has to be there before the first message."""
        if self.start_with is not None:
            return self.start_with > 0
        return self.expected is not None or self.wait_s is not None

    @property
    def within_s(self) -> float:
        """How long that may take."""
        return _EXPECTED_S if self.wait_s is None else self.wait_s

    def begins(self, names: Collection[str]) -> bool:
        """Return whether these are enough for the first message."""
        if self.start_with is not None:
            return len(names) >= self.start_with
        return self.complete(names)

    def complete(self, names: Collection[str]) -> bool:
        """Return whether all who are expected are among these."""
        if self.expected is None:
            return False
        if self.expected.names:
            return set(self.expected.names) <= set(names)
        return len(names) >= self.expected.count


class Audience:
    """Waits for subscribers; :meth:`hear` tells it who comes and goes."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._since = self._newest_at = self._loop.time()
        self._changed = asyncio.Event()
        self._come: dict[Member, str] = {}
        self._there: dict[Member, str] = {}

    @property
    def names(self) -> list[str]:
        """Who is there."""
        return sorted(self._there.values())

    @property
    def seen(self) -> list[str]:
        """Who is or was there."""
        return sorted(self._come.values())

    def hear(self, event: object) -> None:
        """Take in that a member has come or gone; whatever else is skipped."""
        match event:
            case MemberJoined(member) if member.role is Role.SUBSCRIBER:
                self._come[member] = self._there[member] = member.name
                self._newest_at = self._loop.time()
                self._changed.set()
            case MemberLeft(member):
                self._there.pop(member, None)
            case _:
                pass

    async def before(self) -> None:
        """Wait for who has to be there before the first message, as long as it may."""
        if self._patience.first:
            await self._until(lambda: self._patience.begins(self.names))

    async def after(self) -> None:
        """Wait behind the last message for who has not appeared so far.

        Where nobody is expected, until it is known who is there.
        """
        if self._patience.expected is None:
            await self._settle()
        else:
            # Who has left again will not appear any more.
            await self._until(lambda: self._patience.complete(self.seen))

    async def changes(self) -> AsyncIterator[None]:
        """Iterate over the times at which somebody has come; the first is now."""
        known = -1
        while True:
            if known != len(self._come):
                known = len(self._come)
                yield
            else:
                await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _until(self, enough: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._since + self._patience.within_s):
                while not enough():
                    await self._change()

    async def _settle(self) -> None:
        while True:
            until = self._since + _ANYBODY_S
            if self._there:
                until = self._newest_at + _SILENCE_S
                until = max(until, self._since + _ACQUAINTED_S)
            if self._loop.time() >= until:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._change()

"""What publishers, subscribers and onlookers have in common: opened, seen, closed."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from random import Random, SystemRandom
from typing import ClassVar, Protocol, Self, TypeVar

from groupwire.aio.config import default_name
from groupwire.aio.ends.carrying import Carrying
from groupwire.aio.ends.opening import Ends
from groupwire.aio.ends.running import CarriedCore
from groupwire.errors import UsageError
from groupwire.messages.members import Member
from groupwire.messages.rules import MAX_NODE
from groupwire.values import Group

__all__ = ["MessageCore", "Session", "new_dice", "new_life", "new_node"]

EventT = TypeVar("EventT")
EventT_co = TypeVar("EventT_co", covariant=True)

_DICE = SystemRandom()
_FAREWELL_S = 1.0
"""Three farewells take a tenth of it, unless the event loop is busy."""
_TURN_S = 0.01


class MessageCore(CarriedCore[EventT_co], Protocol[EventT_co]):
    """What the cores of messages offer beside what every core does."""

    @property
    def members(self) -> Sequence[Member]:
        """Who else is here."""
        ...

    def start(self, *, now: float) -> None:
        """Say that one is here, and ask who else is."""
        ...

    def close(self, *, now: float) -> None:
        """Say that one leaves; ``finished`` is soon true."""
        ...


class Session(Carrying[EventT]):
    """Joins when it is entered and leaves at the end; it opens once."""

    _what: ClassVar[str]
    """What this is, for who uses it wrongly."""
    _everywhere: ClassVar[bool] = True
    """Whether it sends by every interface that is joined."""
    _answers_first: ClassVar[bool] = False
    """Whether what is heard is answered before its program is told anything."""

    def __init__(self, group: Group, name: str | None) -> None:
        super().__init__(group)
        self.name = name or default_name()
        self._core: MessageCore[EventT] | None = None

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises AddressError and MachineErrors."""
        if self._core is not None:
            raise UsageError(f"a {self._what} opens once", fix="make another one")
        ends = self._join()
        try:
            core = self._core = self._make(ends)
            running = self._carry(ends, core, everywhere=self._everywhere)
        except BaseException:
            ends.close()
            raise
        running.driver.answers_first = self._answers_first
        core.start(now=running.driver.time())
        running.start()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    @property
    def members(self) -> Sequence[Member]:
        """Who else is here. UsageError before it is open."""
        if self._core is None:
            raise self._too_early()
        return self._core.members

    @abstractmethod
    def _join(self) -> Ends:
        """Open the sockets."""

    @abstractmethod
    def _make(self, ends: Ends) -> MessageCore[EventT]:
        """Return the core."""

    @abstractmethod
    def _end(self) -> None:
        """Let go of who waits; any number of times."""

    async def _leave_group(self, *, hurried: bool = False) -> None:
        core, running = self._core, self._running
        if core is None or running is None:
            return
        try:
            if not core.finished:
                core.close(now=running.driver.time())
                running.driver.pump()
                await self._last_words(hurried=hurried)
        finally:
            try:
                await running.close()
            finally:
                self._end()

    async def _last_words(self, *, hurried: bool) -> None:  # noqa: ARG002 - see Publishing
        """Wait until everything is said that is to be said."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                while self._core and not self._core.finished:  # noqa: ASYNC110 - its clock ends it
                    await asyncio.sleep(_TURN_S)

    def _too_early(self) -> UsageError:
        return UsageError(
            f"this {self._what} is not open", fix="use it inside: async with"
        )


def new_dice() -> Random:
    """Return dice for a core, which nobody can guess."""
    return Random(_DICE.getrandbits(64))


def new_life() -> int:
    """Return 64 random bits."""
    return _DICE.getrandbits(64)


def new_node() -> int:
    """Return a NORM node id, with room for those behind it."""
    return _DICE.randrange(1, MAX_NODE)

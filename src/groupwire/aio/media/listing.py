"""What is announced on the networks of this machine."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Sequence

from groupwire.aio.ends.entered import Entered
from groupwire.aio.media.hearing import Hearing, HearingConfig
from groupwire.aio.opening import Joined
from groupwire.errors import UsageError
from groupwire.media.session import Session, SessionEvent, SessionTable, listened_groups
from groupwire.values import Datagram, Group

__all__ = ["MAX_EVENTS", "Listing", "list_streams"]

MAX_EVENTS = 4096
"""Events that wait for a program that does not read; the oldest are dropped."""
_LOOK_S = 10.0
"""How often one looks who has been silent for too long."""


def list_streams(
    groups: Iterable[Group | str] | None = None,
    *,
    interface: str | int | None = None,
    duration: float | None = None,
) -> Listing:
    """Listen to announcements, and iterate over what becomes of the sessions.

    ``groups``: others than those of RFC 2974. Without a ``duration`` in seconds it goes
    on until it is closed. Raises AddressError and UsageError at once, MachineError
    where no group can be joined.
    """
    if duration is not None and not duration > 0:
        raise UsageError(f"{duration} s is no duration", fix="give seconds above 0")
    named = listened_groups() if groups is None else tuple(map(_group, groups))
    return Listing(named, HearingConfig(interface=interface), duration)


class Listing(Entered):
    """An iterator of events. ``async with`` joins and leaves.

    Without it the groups are joined when the iteration begins, and left when it ends.
    """

    def __init__(
        self, groups: Sequence[Group], config: HearingConfig, duration: float | None
    ) -> None:
        self._groups, self._config = groups, config
        self._duration = duration
        self._table = SessionTable()
        self._events: deque[SessionEvent] = deque()
        self._something = asyncio.Event()
        self._hearing: Hearing | None = None
        self._lost_here = Counter[str]()
        self._end: float | None = None
        self._closed = False
        self._left_out = 0

    @property
    def joined(self) -> tuple[Joined, ...]:
        """Where it listens, and why there; empty before it does."""
        return self._hearing.joined if self._hearing else ()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """What is announced now."""
        return self._table.sessions

    @property
    def dropped(self) -> Counter[str]:
        """What was no announcement, or could not be kept, by reason."""
        here = self._hearing.dropped if self._hearing else self._lost_here
        drops = self._table.dropped + here
        if self._left_out:
            drops["event-queue-full"] = self._left_out
        return drops

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises MachineError."""
        self._open()

    async def __aiter__(self) -> AsyncIterator[SessionEvent]:
        mine = self._hearing is None
        self._open()
        try:
            while await self._until_something():
                while self._events:
                    yield self._events.popleft()
        finally:
            if mine:
                await self.close()

    async def close(self) -> None:
        """Leave the groups and end the iteration; any number of times."""
        self._closed = True
        if self._hearing is not None:
            self._lost_here = self._hearing.dropped
            self._hearing.close()
            self._hearing = None
        self._something.set()

    def _open(self) -> None:
        if self._hearing is None and not self._closed:
            self._hearing = Hearing(self._groups, self._config, self._take, some=True)
            if self._duration is not None:
                now = asyncio.get_running_loop().time()
                self._end = now + self._duration

    async def _until_something(self) -> bool:
        """Wait for events; False: it has ended."""
        loop = asyncio.get_running_loop()
        while not self._events and not self._closed:
            left = _LOOK_S if self._end is None else self._end - loop.time()
            if left <= 0:
                return False
            self._something.clear()
            try:
                async with asyncio.timeout(min(left, _LOOK_S)):
                    await self._something.wait()
            except TimeoutError:
                self._note(self._table.expire(now=time.time()))
        return bool(self._events)

    def _take(self, datagrams: Sequence[Datagram]) -> None:
        now = time.time()
        for datagram in datagrams:
            for part in datagram.parts():
                self._note(self._table.handle_datagram(part.data, part.origin, now=now))

    def _note(self, events: Sequence[SessionEvent]) -> None:
        self._events.extend(events)
        while len(self._events) > MAX_EVENTS:
            self._events.popleft()
            self._left_out += 1
        if events:
            self._something.set()


def _group(group: Group | str) -> Group:
    return group if isinstance(group, Group) else Group.parse(group)

"""A subscriber at work: sockets, core, and what waits for a program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from random import Random, SystemRandom
from types import TracebackType
from typing import Self

from groupwire.aio.config import default_name
from groupwire.aio.ends.opening import open_hearing
from groupwire.aio.ends.running import Running
from groupwire.aio.inbox import Inbox
from groupwire.aio.messages.config import SubscribeConfig
from groupwire.aio.messages.message import Message, messages_of
from groupwire.errors import UsageError
from groupwire.messages.events import Batch, SubscribeEvent
from groupwire.messages.members import Member
from groupwire.messages.rules import MAX_NODE, SubscribeRules
from groupwire.messages.subscribe.backlog import Backlog
from groupwire.messages.subscribe.stats import SubscribeStats
from groupwire.messages.subscribe.subscriber import Subscriber
from groupwire.net import Choice, MembershipEvent
from groupwire.values import Group

__all__ = ["Subscribing"]

_MOST_EVENTS = 10_000
_DICE = SystemRandom()


class Subscribing:
    """Messages of a group; made by :func:`groupwire.aio.subscribe`.

    ``async for message in subscribing`` gives each message, ``batches`` those of one
    topic that came together, which is quicker, and ``everything`` also gaps and who
    comes and goes, in their place between the messages. All three take from the same
    queue. While nobody takes, publishers wait, or name this subscriber as lagging.
    """

    def __init__(
        self, group: Group, patterns: Sequence[str], config: SubscribeConfig
    ) -> None:
        self.group = group
        self.patterns = tuple(patterns)
        self.config = config
        self.name = config.name or default_name()
        self._core: Subscriber | None = None
        self._running: Running[SubscribeEvent] | None = None
        self._choice: Choice | None = None
        self._backlog = Backlog()
        self._current: Iterator[Message] = iter(())
        """What is left of the batch that is being taken one by one."""
        self._waiter: asyncio.Future[None] | None = None
        self._links: Inbox[MembershipEvent] = Inbox(_MOST_EVENTS)
        self._lost_events = 0
        self._ended = False
        # Refused here rather than on entry: a pattern is a slip of who writes it.
        self._rules = SubscribeRules(
            id=_DICE.getrandbits(64),
            node=_DICE.randrange(1, MAX_NODE),
            name=self.name,
            patterns=self.patterns,
            start_at=config.start_at,
            queue_bytes=config.queue,
        )

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises AddressError and MachineErrors."""
        if self._core is not None:
            raise UsageError("a subscriber opens once", fix="make another one")
        ends = open_hearing(self.group, self.config.peer)
        try:
            self._core = core = Subscriber(self._rules, Random(_DICE.getrandbits(64)))
            self._running = running = Running(
                ends, core, hear=self._hear, tell=self._tell, everywhere=True
            )
        except BaseException:
            ends.close()
            raise
        self._choice = ends.choice
        core.start(now=running.driver.time())
        running.start()

    async def close(self) -> None:
        """Leave; what has come can still be taken. Any number of times."""
        self._ended = True
        self._wake()
        self._links.close()
        if self._running is not None and self._core is not None:
            if not self._core.closed:
                self._core.close(now=self._running.driver.time())
                self._running.driver.pump()
            await self._running.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # Taking.

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Iterate over messages, until this subscriber is closed."""
        while True:
            for message in self._current:
                yield message
            batch = await self._take_batch()
            if batch is None:
                return
            self._current = messages_of(batch)

    async def next_event(self) -> SubscribeEvent | None:
        """Return what ``everything`` gives next; None once closed and empty."""
        return await self._take()

    async def batches(self) -> AsyncIterator[Batch]:
        """Iterate over messages of one topic that came together."""
        while (batch := await self._take_batch()) is not None:
            yield batch

    async def everything(self) -> AsyncIterator[SubscribeEvent]:
        """Iterate over batches, gaps, and members that come, leave or restart."""
        while (event := await self._take()) is not None:
            yield event

    async def links(self) -> AsyncIterator[MembershipEvent]:
        """Iterate over memberships that were lost and renewed, until the end."""
        while (event := await self._links.take()) is not None:
            yield event

    # What is known.

    @property
    def choice(self) -> Choice:
        """The interfaces, and why these. UsageError before it is open."""
        if self._choice is None:
            raise _not_open()
        return self._choice

    @property
    def members(self) -> Sequence[Member]:
        """Who else is here. UsageError before it is open."""
        return self._opened().members

    @property
    def stats(self) -> SubscribeStats:
        """What has come so far. UsageError before it is open."""
        return self._opened().stats

    @property
    def superseded(self) -> int:
        """Messages of delivery ``latest`` that a newer one came before it was taken."""
        return self._backlog.superseded

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        drops = {} if self._running is None else dict(self._running.dropped)
        if self._lost_events:
            drops["event-queue-full"] = self._lost_events
        return drops

    # How it is done.

    def _opened(self) -> Subscriber:
        if self._core is None:
            raise _not_open()
        return self._core

    async def _take_batch(self) -> Batch | None:
        while (event := await self._take()) is not None:
            if isinstance(event, Batch):
                return event
        return None

    async def _take(self) -> SubscribeEvent | None:
        """Wait for what is next; None once closed and empty."""
        while not self._backlog:
            if self._ended:
                return None
            if self._core is None:
                raise _not_open()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        event = self._backlog.pop()
        if isinstance(event, Batch):
            self._give_back(event.size_bytes)
        return event

    def _give_back(self, size_bytes: int) -> None:
        """Open the window again; whoever was paused reads on."""
        core, running = self._core, self._running
        if core is None or running is None or core.closed:
            return
        paused = core.paused
        core.taken(size_bytes, now=running.driver.time())
        if paused:
            running.pump_soon()
            running.port.pause(core.paused)

    def _hear(self, events: Sequence[SubscribeEvent]) -> None:
        for event in events:
            superseded = self._backlog.put(event)
            if superseded:
                self._give_back(superseded)
        if self._core is not None and self._running is not None:
            self._running.port.pause(self._core.paused)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _tell(self, events: Sequence[MembershipEvent]) -> None:
        for event in events:
            if not self._links.put(event):
                self._lost_events += 1


def _not_open() -> UsageError:
    return UsageError("this subscriber is not open", fix="use it inside: async with")

"""A subscriber at work: sockets, core, and what waits for a program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import chain
from time import monotonic
from typing import Self

from groupwire.aio.ends.opening import Ends, open_hearing
from groupwire.aio.inbox import Bell, Inbox
from groupwire.aio.messages.config import Full, SubscribeConfig
from groupwire.aio.messages.message import Message, messages_of
from groupwire.aio.messages.session import Session, new_dice, new_life, new_node
from groupwire.messages.events import Batch, SubscribeEvent
from groupwire.messages.members import Member
from groupwire.messages.rules import SubscribeRules
from groupwire.messages.subscribe.backlog import Backlog
from groupwire.messages.subscribe.stats import SubscribeStats
from groupwire.messages.subscribe.subscriber import Subscriber
from groupwire.net import MembershipEvent
from groupwire.values import Group

__all__ = ["Subscribing"]

_MOST_EVENTS = 10_000
_MOST_BYTES = 1 << 62
"""More than there is: who drops does not wait."""
_TURN_S = 0.05


class Subscribing(Session[SubscribeEvent]):
    """Messages of a group; made by :func:`groupwire.aio.subscribe`.

    ``async for message in subscribing`` gives each message, ``batches`` those of one
    topic that came together, which is quicker, and ``everything`` also gaps and who
    comes and goes, in their place between the messages. All three take from the same
    queue. While nobody takes, publishers wait, or name this subscriber as lagging; or
    messages are dropped here, as ``config.full`` has it.
    """

    _what = "subscriber"

    def __init__(
        self,
        group: Group,
        patterns: Sequence[str],
        config: SubscribeConfig,
        *,
        pipe: bool = False,
    ) -> None:
        super().__init__(group, config.name)
        self.patterns = tuple(patterns)
        self.config = config
        self._subscriber: Subscriber | None = None
        self._backlog = Backlog(
            config.queue if config.drops else None,
            drop_oldest=config.full is Full.DROP_OLDEST,
        )
        self._current: Iterator[Message] = iter(())
        """What is left of the batch that is being taken one by one."""
        self._bell = Bell()
        self._links: Inbox[MembershipEvent] = Inbox(_MOST_EVENTS)
        # Refused here rather than on entry: a pattern is a slip of who writes it.
        self._rules = SubscribeRules(
            id=new_life(),
            node=new_node(),
            name=self.name,
            patterns=self.patterns,
            pipe=pipe,
            start_at=config.start_at,
            queue_bytes=_MOST_BYTES if config.drops else config.queue,
        )
        self._ended = False
        self._turning = False
        """Whether it is to be noted that the loop has turned."""
        self._turning_since = 0.0

    async def close(self) -> None:
        """Leave; what has come can still be taken. Any number of times."""
        await self._leave_group()

    # Taking.

    def __aiter__(self) -> Self:
        """Iterate over messages, until this subscriber is closed."""
        return self

    async def __anext__(self) -> Message:
        for message in self._current:
            return message
        following = await self._next_message()
        if following is None:
            raise StopAsyncIteration
        return following

    async def next_message(self, timeout: float | None = None) -> Message | None:
        """Return the next message; None once closed and empty.

        TimeoutError after so many seconds without one. Nothing is lost where that, or
        whoever cancels it, ends the waiting.
        """
        async with asyncio.timeout(timeout):
            return await self._next_message()

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
        if self._core is None:
            raise self._too_early()
        while (event := await self._links.take()) is not None:
            yield event

    def enough(self, publisher: Member, why: str = "") -> None:
        """Take nothing more of a publisher, and tell it why; it waits no more."""
        core, running = self._subscriber, self._running
        if core is None or running is None:
            raise self._too_early()
        core.enough(publisher, why)
        running.pump_soon()

    # What is known.

    @property
    def waiting(self) -> int:
        """How many batches and events have come that were not taken."""
        return len(self._backlog)

    @property
    def stats(self) -> SubscribeStats:
        """What has come so far. UsageError before it is open."""
        if self._subscriber is None:
            raise self._too_early()
        return self._subscriber.stats

    @property
    def superseded(self) -> int:
        """Messages of delivery ``latest`` that a newer one came before it was taken."""
        return self._backlog.superseded

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        drops = dict(super().dropped)
        if self._backlog.dropped:
            drops["queue-full"] = self._backlog.dropped
        if lost := self._lost_events + self._backlog.lost_events:
            drops["event-queue-full"] = lost
        return drops

    # How it is done.

    def _join(self) -> Ends:
        return open_hearing(self.group, self.config)

    def _make(self, ends: Ends) -> Subscriber:  # noqa: ARG002 - it sends little
        self._subscriber = Subscriber(self._rules, new_dice())
        return self._subscriber

    def _end(self) -> None:
        self._ended = True
        self._bell.ring()
        self._links.close()

    async def _next_message(self) -> Message | None:
        while True:
            for message in self._current:
                return message
            batch = await self._take_batch()
            if batch is None:
                return None
            # Another task may have taken a batch meanwhile.
            self._current = chain(self._current, messages_of(batch))

    async def _take_batch(self) -> Batch | None:
        while (event := await self._take()) is not None:
            if isinstance(event, Batch):
                return event
        return None

    async def _take(self) -> SubscribeEvent | None:
        """Wait for what is next; None once closed and empty."""
        if self._backlog:
            await self._let_others_turn()
        while not self._backlog:
            if self._ended:
                return None
            if self._core is None:
                raise self._too_early()
            await self._bell.wait()
        event = self._backlog.pop()
        if isinstance(event, Batch):
            self._give_back(event.size_bytes)
        return event

    async def _let_others_turn(self) -> None:
        """Let the loop turn now and then: else who takes long is silent meanwhile.

        Where it turns anyway nothing is waited for, so that looking without a time
        finds what is there.
        """
        now = monotonic()
        if not self._turning:
            self._turning, self._turning_since = True, now
            asyncio.get_running_loop().call_soon(self._turned)
        elif now - self._turning_since > _TURN_S:
            await asyncio.sleep(0)

    def _turned(self) -> None:
        self._turning = False

    def _give_back(self, size_bytes: int) -> None:
        """Open the window again; whoever was paused reads on."""
        core, running = self._subscriber, self._running
        if core is None or running is None or core.closed:
            return
        paused = core.paused
        core.taken(size_bytes, now=running.driver.time())
        if paused:
            running.pump_soon()
            running.port.pause(core.paused)

    def _hear(self, events: Sequence[SubscribeEvent]) -> None:
        for event in events:
            freed = self._backlog.put(event)
            if freed:
                self._give_back(freed)
        if self.config.drops:
            self._tell_publishers()
        if self._subscriber is not None and self._running is not None:
            self._running.port.pause(self._subscriber.paused)
        self._bell.ring()

    def _tell_publishers(self) -> None:
        """Tell each what of it was dropped here."""
        dropped = self._backlog.poll_dropped()
        if self._subscriber is not None and self._running is not None and dropped:
            for one in dropped:
                self._subscriber.not_taken(one.publisher, one.messages)
            self._running.pump_soon()

    def _tell(self, events: Sequence[MembershipEvent]) -> None:
        for event in events:
            if not self._links.put(event):
                self._lost_events += 1

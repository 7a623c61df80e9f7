"""A publisher at work: sockets, core, and the queue that a program sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from random import Random, SystemRandom
from types import TracebackType
from typing import Self

from groupwire.aio.config import default_name
from groupwire.aio.ends.opening import open_sending, segment_bytes
from groupwire.aio.ends.running import Running
from groupwire.aio.inbox import Inbox
from groupwire.aio.messages.config import Full, PublishConfig
from groupwire.aio.messages.message import Published, Receipt
from groupwire.errors import ClosedError, UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.events import (
    Closed,
    PublishEvent,
    ReceiptEnded,
    ReceivedBy,
    RoomFreed,
)
from groupwire.messages.members import Member
from groupwire.messages.publish.publisher import Publisher
from groupwire.messages.publish.stats import PublishStats
from groupwire.messages.rules import MAX_NODE, PublishRules
from groupwire.net import Choice, MembershipEvent
from groupwire.norm import AdaptiveConfig
from groupwire.values import Group

__all__ = ["Publishing"]

_MOST_EVENTS = 10_000
_DICE = SystemRandom()
Payload = bytes | bytearray | memoryview


class Publishing:
    """Publishes to a group; made by :func:`groupwire.aio.publish`.

    What is sent within one turn of the event loop shares segments and system calls; a
    lone message leaves at once.
    """

    def __init__(self, group: Group, config: PublishConfig) -> None:
        self.group = group
        self.config = config
        self.name = config.name or default_name()
        self._core: Publisher | None = None
        self._running: Running[PublishEvent] | None = None
        self._choice: Choice | None = None
        self._events: Inbox[PublishEvent | MembershipEvent] = Inbox(_MOST_EVENTS)
        self._lost_events = self._dropped = 0
        self._turning = False
        """Whether what is sent now leaves when this turn of the loop is over."""
        self._room: asyncio.Future[None] | None = None
        self._tickets: dict[int, asyncio.Future[Receipt]] = {}
        self._over: asyncio.Future[Closed] | None = None

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises AddressError and MachineErrors."""
        if self._core is not None:
            raise UsageError("a publisher opens once", fix="make another one")
        ends = open_sending(self.group, self.config.peer)
        try:
            rules = self._rules(ends.sender.payload_limit)
            self._core = core = Publisher(rules, Random(_DICE.getrandbits(64)))
            self._over = asyncio.get_running_loop().create_future()
            self._running = running = Running(
                ends, core, hear=self._hear, tell=self._tell, everywhere=False
            )
        except BaseException:
            ends.close()
            raise
        self._choice = ends.choice
        core.start(now=running.driver.time())
        running.start()
        if running.failure is not None:
            await self.close()
            raise running.failure

    async def close(self) -> Closed | None:
        """Send what waits, and leave; say who has not got everything.

        Who is here is waited for, for the patience at most. Any number of times.
        """
        running, core, over = self._running, self._core, self._over
        if running is None or core is None or over is None:
            return None
        try:
            if not core.closed:
                core.close(now=running.driver.time())
                running.driver.pump()
                await asyncio.shield(over)
        finally:
            await running.close()
            self._end()
        return over.result() if over.done() else None

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

    # Sending.

    async def send(
        self,
        topic: str,
        data: Payload,
        *,
        delivery: Delivery | None = None,
        timeout: float | None = None,
    ) -> Published:
        """Publish a message; waits where the queue is full, as the config says.

        Raises QueueFull after ``timeout`` (None: the config's), MessageTooLarge beyond
        16 MiB, and UsageError for what is no topic.
        """
        core, running = self._at_work()
        while True:
            try:
                sequence = core.send(
                    topic, data, now=running.driver.time(), delivery=delivery
                )
            except QueueFull as full:
                if not await self._waited(full, timeout):
                    return Published(-1, self._received)
            else:
                self._leave_soon(running)
                return Published(sequence, self._received)

    async def send_many(
        self,
        topic: str,
        payloads: Sequence[Payload],
        *,
        delivery: Delivery | None = None,
        timeout: float | None = None,
    ) -> Published:
        """Publish messages of one topic, all or none; return the last one."""
        core, running = self._at_work()
        while True:
            try:
                first = core.send_many(
                    topic, payloads, now=running.driver.time(), delivery=delivery
                )
            except QueueFull as full:
                if not await self._waited(full, timeout):
                    return Published(-1, self._received)
            else:
                self._leave_soon(running)
                return Published(first + len(payloads) - 1, self._received)

    def send_now(
        self, topic: str, data: Payload, *, delivery: Delivery | None = None
    ) -> Published:
        """Publish a message without ever waiting; raises QueueFull at once."""
        core, running = self._at_work()
        sequence = core.send(topic, data, now=running.driver.time(), delivery=delivery)
        self._leave_soon(running)
        return Published(sequence, self._received)

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
        return self._at_work()[0].members

    @property
    def stats(self) -> PublishStats:
        """What was sent so far. UsageError before it is open."""
        if self._core is None:
            raise _not_open()
        return self._core.stats

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        drops = {} if self._running is None else dict(self._running.dropped)
        if self._lost_events:
            drops["event-queue-full"] = self._lost_events
        if self._dropped:
            drops["queue-full"] = self._dropped
        return drops

    async def events(self) -> AsyncIterator[PublishEvent | MembershipEvent]:
        """Iterate over who comes, leaves, lags and loses something, until the end."""
        while (event := await self._events.take()) is not None:
            yield event

    # How it is done.

    def _rules(self, payload_limit: int) -> PublishRules:
        config, usual = self.config, AdaptiveConfig()
        segment = segment_bytes(payload_limit)
        ceiling = usual.ceiling_bytes_per_s
        if config.rate is not None:
            ceiling = config.rate / 8
        return PublishRules(
            id=_DICE.getrandbits(64),
            node=_DICE.randrange(1, MAX_NODE),
            instance=_DICE.getrandbits(16),
            name=self.name,
            delivery=config.delivery,
            queue_bytes=config.queue,
            window_bytes=config.window,
            delay_s=config.delay,
            patience_s=config.patience,
            segment_bytes=segment,
            rate=AdaptiveConfig(
                start_bytes_per_s=min(usual.start_bytes_per_s, ceiling),
                floor_bytes_per_s=min(usual.floor_bytes_per_s, ceiling),
                ceiling_bytes_per_s=ceiling,
                packet_bytes=segment,
            ),
        )

    def _at_work(self) -> tuple[Publisher, Running[PublishEvent]]:
        core, running = self._core, self._running
        if core is None or running is None:
            raise _not_open()
        if core.closed:
            raise ClosedError("this publisher")
        return core, running

    def _leave_soon(self, running: Running[PublishEvent]) -> None:
        """Send the first message of a turn at once, the others when it is over."""
        if not self._turning:
            self._turning = True
            self._flush()
            running.driver.loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = False
        self._flush()

    def _flush(self) -> None:
        if self._core is not None and self._running is not None:
            self._core.flush(now=self._running.driver.time())
            self._running.driver.pump()

    async def _waited(self, full: QueueFull, timeout: float | None) -> bool:
        """Wait until there may be room; False where the message is to be dropped."""
        if self.config.full is Full.DROP_NEWEST:
            self._dropped += 1
            return False
        if self.config.full is Full.RAISE:
            raise full
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        limit = self.config.timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(limit):
                await asyncio.shield(self._room)
        except TimeoutError:
            raise full from None
        return True

    async def _received(self, by: Collection[str] | None) -> Receipt:
        core, running = self._at_work()
        core.flush(now=running.driver.time())
        ticket = core.want_received(by, now=running.driver.time())
        waiting: asyncio.Future[Receipt] = running.driver.loop.create_future()
        self._tickets[ticket] = waiting
        running.driver.pump()
        try:
            return await waiting
        finally:
            self._tickets.pop(ticket, None)

    def _hear(self, events: Sequence[PublishEvent]) -> None:
        for event in events:
            match event:
                case RoomFreed():
                    self._free()
                case ReceiptEnded():
                    self._receive(event)
                case Closed():
                    if self._over is not None and not self._over.done():
                        self._over.set_result(event)
                    self._put(event)
                case ReceivedBy():
                    pass
                case _:
                    self._put(event)

    def _free(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def _receive(self, event: ReceiptEnded) -> None:
        waiting = self._tickets.pop(event.ticket, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(Receipt(event.received, event.missing))

    def _tell(self, events: Sequence[MembershipEvent]) -> None:
        for event in events:
            self._put(event)

    def _put(self, event: PublishEvent | MembershipEvent) -> None:
        if not self._events.put(event):
            self._lost_events += 1

    def _end(self) -> None:
        self._events.close()
        self._free()
        for waiting in self._tickets.values():
            if not waiting.done():
                waiting.cancel()


def _not_open() -> UsageError:
    return UsageError("this publisher is not open", fix="use it inside: async with")

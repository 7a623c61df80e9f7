"""A publisher at work: sockets, core, and the queue that a program sees."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from groupwire.aio.config import one_of
from groupwire.aio.ends.opening import Ends, message_segment_bytes, open_sending
from groupwire.aio.ends.running import Running
from groupwire.aio.inbox import Inbox
from groupwire.aio.messages.audience import Audience, checked_wanted
from groupwire.aio.messages.config import Full, PublishConfig
from groupwire.aio.messages.message import (
    Published,
    Receipt,
    Wanted,
    published,
)
from groupwire.aio.messages.receipts import Receipts
from groupwire.aio.messages.session import Session, new_dice, new_life, new_node
from groupwire.errors import ClosedError
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.events import (
    Closed,
    MemberJoined,
    MemberLeft,
    MessagesDropped,
    PublishEvent,
    ReceiptEnded,
    ReceivedBy,
    RoomFreed,
    TakesNoMore,
)
from groupwire.messages.members import Member
from groupwire.messages.publish.lanes.batch import checked_payloads, nothing_open
from groupwire.messages.publish.publisher import Publisher
from groupwire.messages.publish.stats import PublishStats
from groupwire.messages.rules import START_BYTES_PER_S, PublishRules
from groupwire.net import MembershipEvent
from groupwire.norm import AdaptiveConfig
from groupwire.values import Group

__all__ = ["Publishing"]

_MOST_EVENTS = 10_000
_BURST_BYTES = 1 << 18
"""Of the core's effort in one turn of the loop; then others have theirs, and what comes
is heard."""
_HURRY_S = 1.0
"""How long subscribers have for what they lack, if an exception ends it all."""
Payload = bytes | bytearray | memoryview


class Publishing(Session[PublishEvent]):
    """Publishes to a group; made by :func:`groupwire.aio.publish`.

    What is sent within one turn of the event loop shares segments and system calls; a
    lone message leaves at once. Leaving ``async with`` closes it, see :meth:`close`; if
    an exception ends it, subscribers have a second for what they lack.
    """

    _what = "publisher"
    _everywhere = False
    _answers_first = True  # who lacks something waits for it, and others with it

    def __init__(self, group: Group, config: PublishConfig) -> None:
        super().__init__(group, config.name)
        self.config = config
        self._publisher: Publisher | None = None
        self._events: Inbox[PublishEvent | MembershipEvent] = Inbox(_MOST_EVENTS)
        self._usual = config.delivery
        self._dropped: Counter[Delivery] = Counter()
        self._untold: Counter[Delivery] = Counter()
        """Of these the program has not been told."""
        self._turning = False
        """Whether what is sent now leaves when this turn of the loop is over."""
        self._spent_bytes = 0
        """The core's effort when the loop turned last."""
        self._more = False
        """Whether something was sent behind the first message of this turn."""
        self._join_frame: Callable[[str, bytes], int] = nothing_open
        self._room: asyncio.Future[None] | None = None
        self._over: asyncio.Future[Closed | None] | None = None
        self._audience = Audience()
        self._receipts = Receipts(self._audience, self._at_work)

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises AddressError and MachineErrors."""
        await super().open()
        # What nobody can hear from the very first word on is no publisher.
        if self._running is not None and self._running.failure is not None:
            await self._leave_group(hurried=True)
            raise self._running.failure

    async def close(self, *, hurried: bool = False) -> Closed | None:
        """Send what waits, and leave; say who has not got everything.

        Who is here is waited for, for the patience at most, or for a second where it is
        ``hurried``. Any number of times; None where it was never open, or its closing
        was interrupted.
        """
        await self._leave_group(hurried=hurried)
        over = self._over
        return over.result() if over is not None and over.done() else None

    async def abandon(self) -> None:
        """Leave at once: what waits is given up, and nobody is waited for."""
        if self._publisher is not None and self._running is not None:
            self._publisher.abandon(now=self._running.driver.time())
        await self._leave_group()

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
        16 MiB, and UsageError for what is no topic. Nothing is sent where it raises, or
        is cancelled.
        """
        if delivery is None and type(data) is bytes:
            sequence = self._join_frame(topic, data)
            if sequence >= 0:
                return published((sequence, self._usual, self._received))
        if self._has_burst():
            await asyncio.sleep(0)
        core, running = self._at_work()
        if delivery is not None:
            delivery = one_of(Delivery, delivery, "delivery")
        try:
            sequence = core.send(
                topic, data, now=running.driver.time(), delivery=delivery
            )
        except QueueFull as full:
            sending = partial(core.send, topic, data, delivery=delivery)
            sequence = await self._send_later(sending, full, delivery, 1, timeout)
        self._leave_soon(running)
        return published((sequence, delivery or self._usual, self._received))

    async def send_many(
        self,
        topic: str,
        payloads: Sequence[Payload],
        *,
        delivery: Delivery | None = None,
        timeout: float | None = None,
    ) -> Published:
        """Publish messages of one topic, all or none; return the last one."""
        if self._has_burst():
            await asyncio.sleep(0)
        core, running = self._at_work()
        if delivery is not None:
            delivery = one_of(Delivery, delivery, "delivery")
        payloads = checked_payloads(payloads)
        count = len(payloads)
        try:
            first = core.send_many(
                topic, payloads, now=running.driver.time(), delivery=delivery
            )
        except QueueFull as full:
            sending = partial(core.send_many, topic, payloads, delivery=delivery)
            first = await self._send_later(sending, full, delivery, count, timeout)
        self._leave_soon(running)
        last = first if first < 0 else first + count - 1
        return published((last, delivery or self._usual, self._received))

    def send_now(
        self, topic: str, data: Payload, *, delivery: Delivery | None = None
    ) -> Published:
        """Publish a message without ever waiting; raises QueueFull at once."""
        core, running = self._at_work()
        if delivery is not None:
            delivery = one_of(Delivery, delivery, "delivery")
        sequence = core.send(topic, data, now=running.driver.time(), delivery=delivery)
        self._leave_soon(running)
        return published((sequence, delivery or self._usual, self._received))

    def flush(self) -> None:
        """Let what was sent leave now, and not when this turn of the loop is over."""
        self._at_work()
        self._flush()

    # Who is here.

    async def wait_for(
        self, who: Wanted = None, *, timeout: float | None = None
    ) -> bool:
        """Wait until subscribers are here: a name, names, or how many.

        None waits until those who were here before have had time to say so. Returns
        whether they are here (None: anybody); it takes no longer than ``timeout``
        (None: the patience).
        """
        self._at_work()
        wanted = checked_wanted(who)
        within = self.config.patience if timeout is None else timeout
        if wanted is not None:
            return await self._audience.until(
                lambda: self._audience.is_here(wanted), within
            )
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while (soon := self._receipts.acquainted_in()) > 0:
            left = deadline - loop.time()
            if left <= 0:
                break
            await asyncio.sleep(min(left, soon))
        return bool(self._audience.here)

    async def is_received(self, published: Published, member: Member) -> bool:
        """Wait until one who is here has a message, or will not have it."""
        self._at_work()
        return await self._receipts.of_one(published, member)

    # What is known.

    @property
    def stats(self) -> PublishStats:
        """What was sent so far. UsageError before it is open."""
        if self._publisher is None:
            raise self._too_early()
        return self._publisher.stats

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        drops = dict(super().dropped)
        oldest = 0 if self._publisher is None else self._publisher.stats.dropped
        if count := self._dropped.total() + oldest:
            drops["queue-full"] = count
        return drops

    async def events(self) -> AsyncIterator[PublishEvent | MembershipEvent]:
        """Iterate over who comes, leaves, lags and loses something, until the end."""
        while (event := await self.next_event()) is not None:
            yield event

    async def next_event(self) -> PublishEvent | MembershipEvent | None:
        """Return what ``events`` gives next; None once closed and empty."""
        if self._core is None:
            raise self._too_early()
        return await self._events.take()

    # How it is done.

    def _join(self) -> Ends:
        return open_sending(self.group, self.config)

    def _make(self, ends: Ends) -> Publisher:
        rules = self._rules(message_segment_bytes(ends.sender, self.config.segment))
        self._over = asyncio.get_running_loop().create_future()
        self._publisher = Publisher(rules, new_dice())
        self._join_frame = self._publisher.join
        return self._publisher

    def _rules(self, segment: int) -> PublishRules:
        config, usual = self.config, AdaptiveConfig()
        ceiling = usual.ceiling_bytes_per_s
        if config.rate is not None:
            ceiling = config.rate / 8
        return PublishRules(
            id=new_life(),
            node=new_node(),
            instance=new_life() & 0xFFFF,
            name=self.name,
            delivery=config.delivery,
            queue_bytes=config.queue,
            drop_oldest=config.full is Full.DROP_OLDEST,
            window_bytes=config.window,
            delay_s=config.delay,
            patience_s=config.patience,
            segment_bytes=segment,
            rate=AdaptiveConfig(
                start_bytes_per_s=min(START_BYTES_PER_S, ceiling),
                floor_bytes_per_s=min(usual.floor_bytes_per_s, ceiling),
                ceiling_bytes_per_s=ceiling,
            ),
        )

    def _at_work(self) -> tuple[Publisher, Running[PublishEvent]]:
        core, running = self._publisher, self._running
        if core is None or running is None:
            raise self._too_early()
        if core.closed:
            raise ClosedError("this publisher")
        return core, running

    def _leave_soon(self, running: Running[PublishEvent]) -> None:
        """Send the first message of a turn at once, the others when it is over."""
        if self._turning:
            self._more = True
            return
        self._turning = True
        self._leave()
        running.driver.loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Let what was sent leave; while a flood goes on, in whole segments only."""
        effort = self._effort_bytes
        burst = effort - self._spent_bytes >= _BURST_BYTES
        self._spent_bytes = effort
        if burst and self._running is not None:
            self._running.driver.pump()
            self._running.driver.loop.call_soon(self._turn)
            return
        self._turning = False
        if self._more:
            self._more = False
            self._leave()

    def _has_burst(self) -> bool:
        """Return whether so much was sent in this turn that others have theirs now."""
        return self._turning and self._effort_bytes - self._spent_bytes >= _BURST_BYTES

    @property
    def _effort_bytes(self) -> int:
        return 0 if self._publisher is None else self._publisher.effort_bytes

    def _leave(self) -> None:
        """Let all leave now, or the core see to the bound of their delay."""
        if not self.config.delay:
            self._flush()
        elif self._running is not None:
            self._running.driver.pump()

    def _flush(self) -> None:
        core, running = self._publisher, self._running
        if core is not None and running is not None:
            driver = running.driver
            now = driver.time()
            # First the datagram, then the books: somebody waits for it.
            core.leave_first(now=now)
            driver.send()
            core.flush(now=now)
            driver.pump()

    async def _send_later(
        self,
        send: Callable[..., int],
        full: QueueFull,
        delivery: Delivery | None,
        count: int,
        timeout: float | None,
    ) -> int:
        """Send once there is room; -1 where these messages are dropped instead."""
        if self.config.full is Full.DROP_NEWEST:
            self._dropped[delivery or self._usual] += count
            self._untold[delivery or self._usual] += count
            self._at_work()[0].skip(count, delivery=delivery)
            return -1
        if self.config.full is not Full.WAIT:
            raise full
        limit = self.config.timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(limit):
                while True:
                    await self._for_room()
                    with suppress(QueueFull):
                        return send(now=self._at_work()[1].driver.time())
        except TimeoutError:
            raise full from None

    async def _for_room(self) -> None:
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._room)

    async def _received(
        self,
        published: Published,
        by: Wanted,
        timeout: float | None,
        appear: float | None,
    ) -> Receipt:
        self._at_work()
        appear = self.config.patience if appear is None else appear
        return await self._receipts.of(published, by, timeout=timeout, appear=appear)

    def _hear(self, events: Sequence[PublishEvent]) -> None:
        for event in events:
            match event:
                case MemberJoined(member):
                    self._audience.joined(member)
                    self._put(event)
                case MemberLeft(member) | TakesNoMore(member):
                    self._audience.left(member)
                    self._put(event)
                case RoomFreed(delivery):
                    self._tell_dropped(delivery)
                    self._free()
                case ReceiptEnded():
                    self._receipts.ended(event)
                case Closed():
                    if self._over is not None and not self._over.done():
                        self._over.set_result(event)
                    self._put(event)
                case ReceivedBy():
                    pass
                case _:
                    self._put(event)

    def _tell_dropped(self, delivery: Delivery) -> None:
        """Tell how many were dropped while the queue was full."""
        if count := self._untold.pop(delivery, 0):
            self._put(MessagesDropped(delivery, count))

    def _free(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def _tell(self, events: Sequence[MembershipEvent]) -> None:
        for event in events:
            self._put(event)

    def _put(self, event: PublishEvent | MembershipEvent) -> None:
        if not self._events.put(event):
            self._lost_events += 1

    async def _last_words(self, *, hurried: bool) -> None:
        over, core, running = self._over, self._publisher, self._running
        if over is None or core is None or running is None:
            return
        try:
            async with asyncio.timeout(_HURRY_S if hurried else None):
                await asyncio.shield(over)
        except TimeoutError:
            core.abandon(now=running.driver.time())
            running.driver.pump()
            await super()._last_words(hurried=hurried)
        except asyncio.CancelledError:
            core.abandon(now=running.driver.time())
            running.driver.pump()
            raise

    def _end(self) -> None:
        for delivery in tuple(self._untold):
            self._tell_dropped(delivery)
        self._events.close()
        self._audience.close()
        self._free()
        if self._over is not None and not self._over.done():
            self._over.set_result(None)
        self._receipts.close()

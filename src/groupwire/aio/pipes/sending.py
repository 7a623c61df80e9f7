"""The writing end of a pipe at work: waits for readers, writes, and says who has it."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from groupwire.aio.ends.entered import Entered
from groupwire.aio.inbox import Bell, Inbox, with_lost
from groupwire.aio.messages.config import PublishConfig
from groupwire.aio.messages.message import Published
from groupwire.aio.messages.publishing import Publishing
from groupwire.aio.pipes.config import PipeConfig
from groupwire.errors import ClosedError, UsageError
from groupwire.messages.delivery import Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.events import PublishEvent
from groupwire.messages.members import Member
from groupwire.messages.piping.audience import Audience, Reader
from groupwire.messages.piping.wire import (
    BEGIN,
    DATA,
    END,
    Begin,
    End,
    encode_begin,
    encode_chunk,
    encode_end,
)
from groupwire.net import Choice, MembershipEvent
from groupwire.values import Group

__all__ = ["PipeReport", "PipeSending"]

_CHUNK_BYTES = 1 << 18
_LIVE_SEGMENT_BYTES = 1400
_LIVE_BYTES = 1316
"""Seven packets of a transport stream: a segment each, so that one that is lost takes
nothing else with it."""
_QUEUE_BYTES = 1 << 20
_FOLLOW_S = 2.0
"""For so long all who are there are waited for, if enough follow."""
_AGAIN_S = 0.1
"""Until a beginning is told anew that somebody who is there has not acknowledged."""
_MOST_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class PipeReport:
    """What has become of a pipe that was written."""

    bytes: int
    """That were written to it."""
    skipped_bytes: int
    """Of those, what never left: a live pipe that was too slow."""
    received: tuple[str, ...]
    """Readers that have all of it."""
    late: tuple[str, ...]
    """Those that came later, and have all since then."""
    missing: Mapping[str, str]
    """Who has not, or was expected and never there, and why."""
    missing_count: int
    """How many those are, where a number was expected."""
    ended: bool
    """Whether the end was told."""
    repair_packets: int
    """That were sent again."""
    elapsed_s: float

    @property
    def complete(self) -> bool:
        """Whether all has gone to everybody."""
        return self.ended and not self.missing and not self.missing_count


class PipeSending(Entered):
    """Writes to a group; made by :func:`groupwire.aio.pipe_to`.

    ``begin``, any number of ``write``, then ``finish``; leaving ``async with`` without
    it breaks the pipe, and readers are told that it has no end. Writes of several tasks
    follow each other whole.
    """

    def __init__(self, group: Group, config: PipeConfig) -> None:
        self.group = group
        self.config = config
        self.audience = Audience()
        """Who reads."""
        self.bytes = 0
        """Written so far: readers have, or will have, so many from the first on."""
        self.skipped_bytes = 0
        """Of those, what never left."""
        live = config.live is not None
        self._publishing = Publishing(
            group,
            PublishConfig(
                delivery=Delivery.BESTEFFORT if live else Delivery.RELIABLE,
                timeout=config.live,
                queue=_LIVE_BYTES if live else _QUEUE_BYTES,
                window=1 << 16 if live else config.window,
                patience=config.patience,
                rate=config.rate,
                # Of a live one each message is a segment, and none is larger.
                segment=_LIVE_SEGMENT_BYTES if live else config.segment,
                name=config.name,
                interface=config.interface,
                ttl=config.ttl,
                loopback=config.loopback,
                dscp=config.dscp,
                receive_buffer=config.receive_buffer,
            ),
        )
        self._bell = Bell()
        self._events: Inbox[PublishEvent | MembershipEvent] = Inbox(_MOST_EVENTS)
        self._watching: asyncio.Task[None] | None = None
        self._turns = asyncio.Lock()
        """Held by who writes: chunks leave in the order of their places."""
        self._last: Published | None = None
        """The end, once it is told."""
        self._ended = self._jammed = False
        self._began_at = self._over_at = 0.0

    @property
    def name(self) -> str:
        """The name that readers see."""
        return self._publishing.name

    @property
    def choice(self) -> Choice:
        """The interfaces, and why these. UsageError before it is open."""
        return self._publishing.choice

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was dropped on this machine, by reason."""
        return with_lost(self._publishing.dropped, self._events)

    async def open(self) -> None:
        """Join; ``async with`` does it. Raises AddressError and MachineErrors."""
        await self._publishing.open()
        self._began_at = _now()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Leave: without :meth:`finish` before, the pipe is broken."""
        if self._watching is None:
            return
        try:
            if self._ended:
                # Who reads was waited for; who only subscribes is not.
                await self._publishing.close(hurried=True)
            else:
                await self._publishing.abandon()
        finally:
            self._over()
            self._watching.cancel()
            await asyncio.wait([self._watching])
            self._events.close()

    async def events(self) -> AsyncIterator[PublishEvent | MembershipEvent]:
        """Iterate over readers that come, leave and lag, until the end."""
        while (event := await self._events.take()) is not None:
            yield event

    # The three things that are done.

    async def begin(self) -> bool:
        """Wait until so many readers are there as are to be, and follow.

        False: ``wait`` is over, and nobody is there.
        """
        self._check_watched()
        if self.audience.begun:
            raise UsageError("this pipe has begun", fix="write to it, or make another")
        if not self.config.first_readers:
            await self._say(BEGIN, encode_begin(self._beginning))
            self.audience.begin()
        else:
            readers = await self._gathered()
            if not readers:
                return False
            self.audience.begin({str(r.member) for r in readers})
        self._began_at = _now()
        return True

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write bytes; waits where a reader is slow, unless the pipe is live.

        Raises BrokenPipeError where everybody has gone who was waited for. Of what
        raises, or is cancelled, the first part may be written: ``bytes`` says how much,
        and what is written next stands behind it.
        """
        step = _CHUNK_BYTES if self.config.live is None else _LIVE_BYTES
        view = memoryview(data).cast("B")
        async with self._turns:
            self._check()
            for at in range(0, len(view), step):
                await self._write(view[at : at + step])

    async def finish(self) -> PipeReport:
        """Tell the end, wait until readers have all, and say who has not."""
        self._check_begun()
        async with self._turns:
            if self._last is None:
                self._last = await self._say(END, encode_end(End(self.bytes)))
                self.audience.end()
        names = {r.member.name for r in self.audience.here}
        receipt = await self._last.received(names)
        self.audience.acknowledged(receipt.received)
        with suppress(TimeoutError):
            async with asyncio.timeout(self.config.patience):
                while self.audience.reading:
                    await self._news()
        self._ended = True
        self._over()
        return self.report

    @property
    def report(self) -> PipeReport:
        """What has become of it so far."""
        expected, audience = self.config.expected, self.audience
        received = audience.received()
        return PipeReport(
            self.bytes,
            self.skipped_bytes,
            tuple(received),
            tuple(audience.late()),
            self._missing(),
            max(0, expected.count - len(received)),
            self._ended,
            self._publishing.stats.repair_packets,
            (self._over_at or _now()) - self._began_at,
        )

    # How it is done.

    def _missing(self) -> Mapping[str, str]:
        names = self.config.expected.names
        missing = self.audience.missing(names)
        if self.config.live is None:
            return missing
        # Who watches what is live may leave when it has seen enough.
        return {name: why for name, why in missing.items() if name in names}

    @property
    def _beginning(self) -> Begin:
        return Begin(live=self.config.live is not None)

    async def _gathered(self) -> Collection[Reader]:
        """Return who follows: enough of them, or those who are there in time."""
        try:
            async with asyncio.timeout(self.config.wait):
                return await self._gather()
        except TimeoutError:
            return await self._introduce() if self.audience.reading else ()

    async def _gather(self) -> Collection[Reader]:
        while True:
            while not self._enough(self.audience.reading):
                await self._news()
            if not self.config.counts_readers:
                await self._publishing.wait_for()  # all who are here, and not the first
            readers = await self._introduce()
            if self._enough(readers):
                return readers
            await asyncio.sleep(_AGAIN_S)

    async def _introduce(self) -> Collection[Reader]:
        """Tell those who are there that it begins; return who follows, and stays.

        Who has acknowledged that misses nothing of what comes then. Twice, as who takes
        another sender says so between the two.
        """
        readers = self.audience.reading
        for _ in range(2):
            sent = await self._say(BEGIN, encode_begin(self._beginning))
            follow = await self._followed(sent, {r.member for r in readers})
            readers = [r for r in self.audience.reading if r.member in follow]
        return readers

    async def _followed(
        self, sent: Published, members: Collection[Member]
    ) -> Collection[Member]:
        """Return who of these acknowledges soon: a stranger does not hold others up."""
        asked = {
            asyncio.ensure_future(self._publishing.is_received(sent, member)): member
            for member in members
        }
        try:
            if asked:
                await asyncio.wait(asked, timeout=_FOLLOW_S)
        finally:
            for task in asked:
                task.cancel()
        done = [task for task in asked if task.done() and not task.cancelled()]
        return {asked[task] for task in done if task.result()}

    def _enough(self, readers: Collection[Reader]) -> bool:
        if len(readers) < self.config.first_readers:
            return False
        if self.config.start_with is not None:
            return True
        return set(self.config.expected.names) <= {r.member.name for r in readers}

    async def _write(self, piece: memoryview) -> None:
        """Write a chunk, and count it in the step that queues it: nothing ends that."""
        self._check()
        chunk = encode_chunk(self.bytes, piece)
        if self.config.live is None:
            await self._publishing.send(DATA, chunk)
            self.bytes += len(piece)
            return
        try:
            if self._jammed:
                self._publishing.send_now(DATA, chunk)
            else:
                await self._publishing.send(DATA, chunk)
        except QueueFull:
            # The next ones do not wait as long again.
            self._jammed = True
            self.bytes += len(piece)
            self.skipped_bytes += len(piece)
            await asyncio.sleep(0)
        else:
            self._jammed = False
            self.bytes += len(piece)
            self._publishing.flush()

    def _check(self) -> None:
        self._check_begun()
        if self._last is not None:
            raise UsageError("this pipe has ended", fix="write before finish()")
        if self.config.first_readers and not self.audience.reading:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    def _check_begun(self) -> None:
        self._check_watched()
        if not self.audience.begun:
            raise UsageError("this pipe has not begun", fix="await begin() first")

    async def _say(self, topic: str, word: bytes) -> Published:
        # Behind what waits there is room in time: who takes nothing is given up.
        timeout = None if self.config.live is None else self.config.patience
        return await self._publishing.send(
            topic, word, delivery=Delivery.RELIABLE, timeout=timeout
        )

    async def _watch(self) -> None:
        try:
            async for event in self._publishing.events():
                # Of a live pipe nobody has it all, and nobody is late.
                self.audience.take(event, self.bytes if self.config.live is None else 0)
                self._events.put(event)
                self._bell.ring()
        finally:
            self._bell.ring()

    async def _news(self) -> None:
        """Wait until something has happened; raises where nothing can any more."""
        self._check_watched()
        await self._bell.wait()
        self._check_watched()

    def _check_watched(self) -> None:
        watching = self._watching
        if watching is None:
            raise UsageError("this pipe is not open", fix="use it inside: async with")
        if watching.done():
            error = None if watching.cancelled() else watching.exception()
            raise error or ClosedError("this pipe")

    def _over(self) -> None:
        if not self._over_at:
            self._over_at = _now()


def _now() -> float:
    return asyncio.get_running_loop().time()

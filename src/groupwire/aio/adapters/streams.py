"""A pipe's ends as asyncio's own streams, for code that reads or writes those."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from groupwire.aio.pipes import (
    PipeConfig,
    PipeReceiving,
    PipeSending,
    pipe_from,
    pipe_to,
)
from groupwire.errors import GroupwireError, NotDelivered
from groupwire.values import Group

__all__ = ["stream_from", "stream_to"]

_LIMIT_BYTES = 1 << 16
_HIGH_BYTES = 1 << 18
"""With so much that has not left, ``drain`` waits."""

_USUAL = PipeConfig()


@asynccontextmanager
async def stream_from(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    limit: int = _LIMIT_BYTES,
    config: PipeConfig = _USUAL,
) -> AsyncGenerator[asyncio.StreamReader, None]:
    """Read a pipe as an ``asyncio.StreamReader``: ``async with`` joins and leaves.

    ``limit`` is the longest line; while twice as much waits to be read, the sender
    waits. It ends where the sender ends; where bytes are missing before that, reading
    raises PipeBroken. The rest is as with ``aio.pipe_from``.
    """
    config = config.merged(name=name, interface=interface, ttl=ttl)
    async with pipe_from(group, config=config) as pipe:
        reading = _Reading(pipe, limit)
        feeding = asyncio.create_task(reading.feed())
        try:
            yield reading.reader
        finally:
            await _ended(feeding)


@asynccontextmanager
async def stream_to(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PipeConfig = _USUAL,
) -> AsyncGenerator[asyncio.StreamWriter, None]:
    """Write a pipe as an ``asyncio.StreamWriter``: ``async with`` joins and leaves.

    It begins when enough readers are there (``PipeConfig``); NotDelivered says that
    nobody came in time. Leaving it waits until readers have everything, as ``close``
    and ``wait_closed`` do, and raises BrokenPipeError where all have gone; who has it
    says ``get_extra_info("pipe").report``. An exception breaks the pipe, and readers
    are told that it has no end.
    """
    config = config.merged(name=name, interface=interface, ttl=ttl)
    async with pipe_to(group, config=config) as pipe:
        if not await pipe.begin():
            raise NotDelivered((), 0, f"no reader came within {config.wait} s")
        writing = _Writing(pipe)
        pumping = asyncio.create_task(writing.pump())
        try:
            yield writing.writer
            writing.close()
            await writing.writer.wait_closed()
        finally:
            writing.close()
            await _ended(pumping)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    # Unlike its own, a cancellation of who waits here goes through.
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


class _Reading(asyncio.ReadTransport):
    """Feeds a reader, which says when it has enough."""

    def __init__(self, pipe: PipeReceiving, limit: int) -> None:
        super().__init__({"pipe": pipe})
        self._pipe = pipe
        self._going = asyncio.Event()
        self._going.set()
        self.reader = asyncio.StreamReader(limit=limit)
        self.reader.set_transport(self)

    async def feed(self) -> None:
        """Feed it until the pipe ends, however that is."""
        try:
            async for chunk in self._pipe:
                self.reader.feed_data(chunk)
                await self._going.wait()
        except GroupwireError as error:
            self.reader.set_exception(error)
        else:
            self.reader.feed_eof()

    def pause_reading(self) -> None:
        """Take nothing from the pipe."""
        self._going.clear()

    def resume_reading(self) -> None:
        """Go on."""
        self._going.set()


class _Writing(asyncio.WriteTransport):
    """Takes what a writer writes, and writes it to a pipe as fast as that takes it."""

    def __init__(self, pipe: PipeSending) -> None:
        super().__init__({"pipe": pipe})
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        self._pipe = pipe
        self._protocol = asyncio.StreamReaderProtocol(reader)
        self._protocol.connection_made(self)
        self.writer = asyncio.StreamWriter(self, self._protocol, reader, loop)
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._high, self._low = _HIGH_BYTES, _HIGH_BYTES // 4
        self._paused = self._ending = False
        self._news = asyncio.Event()

    async def pump(self) -> None:
        """Write what waits, until it is closed and readers have all, or it breaks."""
        failure: Exception | None = ConnectionAbortedError("the pipe has no end")
        try:
            await self._write_all()
            await self._pipe.finish()
            failure = None
        except (OSError, GroupwireError) as error:
            failure = error
        finally:
            self._ending = True
            self._waiting.clear()
            self._protocol.connection_lost(failure)

    async def _write_all(self) -> None:
        while True:
            while self._waiting:
                data = self._waiting.popleft()
                await self._pipe.write(data)
                self._size -= len(data)
                self._look()
            if self._ending:
                return
            self._news.clear()
            await self._news.wait()

    def _look(self) -> None:
        """Have writers wait or go on."""
        if not self._paused and self._size > self._high:
            self._paused = True
            self._protocol.pause_writing()
        elif self._paused and self._size <= self._low:
            self._paused = False
            self._protocol.resume_writing()

    # What a StreamWriter calls.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes; what is written after the end goes nowhere, as with asyncio."""
        if data and not self._ending:
            self._waiting.append(bytes(data))
            self._size += len(data)
            self._look()
            self._news.set()

    def writelines(
        self, list_of_data: Iterable[bytes | bytearray | memoryview]
    ) -> None:
        """Take them one behind the other."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Return True: the end is told."""
        return True

    def write_eof(self) -> None:
        """Tell the end behind what waits."""
        self.close()

    def close(self) -> None:
        """Tell the end behind what waits, and wait for readers, in the background."""
        self._ending = True
        self._news.set()

    def is_closing(self) -> bool:
        """Return whether it takes nothing more."""
        return self._ending

    def get_write_buffer_size(self) -> int:
        """Return how many bytes have not left."""
        return self._size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the marks for :meth:`set_write_buffer_limits`."""
        return self._low, self._high

    def set_write_buffer_limits(
        self, high: int | None = None, low: int | None = None
    ) -> None:
        """Set with how much ``drain`` waits, and with how little it goes on."""
        self._high = high if high is not None else 4 * (low or _HIGH_BYTES // 4)
        self._low = low if low is not None else self._high // 4
        self._look()

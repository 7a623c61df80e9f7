"""A pipe's ends as binary files, for code that reads or writes those."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from groupwire import aio
from groupwire.errors import NotDelivered
from groupwire.sync.thread import loop_thread
from groupwire.values import Group

# Not loaded before something is piped: who only asks does not pay.
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from groupwire.aio.pipes import PipeConfig, PipeReceiving, PipeSending

__all__ = ["ReadingFile", "WritingFile", "stream_from", "stream_to"]

_BUFFER_BYTES = 1 << 16


@contextmanager
def stream_to(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PipeConfig | None = None,
) -> Generator[io.BufferedWriter[WritingFile], None, None]:
    """Write a pipe as a binary file: ``with sync.stream_to(...)`` has joined inside.

    It begins when enough readers are there; NotDelivered says that nobody came in
    time. Writing waits where a reader is slow. Leaving waits until readers have
    everything; who has it says ``file.raw.pipe.report``. An exception breaks the pipe.
    """
    pipe = aio.pipe_to(
        group,
        name=name,
        interface=interface,
        ttl=ttl,
        config=aio.PipeConfig() if config is None else config,
    )
    loop_thread().run(pipe.open())
    raw = WritingFile(pipe)
    try:
        if not loop_thread().run(pipe.begin()):
            raise NotDelivered((), 0, f"no reader came within {pipe.config.wait} s")
        file = io.BufferedWriter(raw, _BUFFER_BYTES)
        yield file
        file.flush()
        loop_thread().run(pipe.finish())
    finally:
        # What an exception has left in the buffer goes nowhere.
        raw.over = True
        loop_thread().run(pipe.close())


@contextmanager
def stream_from(
    group: Group | str | None = None,
    *,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PipeConfig | None = None,
) -> Generator[io.BufferedReader[ReadingFile], None, None]:
    """Read a pipe as a binary file: ``with sync.stream_from(...)`` has joined inside.

    It ends where the sender ends; where bytes are missing before that, reading raises
    PipeBroken. While nobody reads, the sender waits.
    """
    pipe = aio.pipe_from(
        group,
        name=name,
        interface=interface,
        ttl=ttl,
        config=aio.PipeConfig() if config is None else config,
    )
    loop_thread().run(pipe.open())
    try:
        yield io.BufferedReader(ReadingFile(pipe), _BUFFER_BYTES)
    finally:
        loop_thread().run(pipe.close())


class WritingFile(io.RawIOBase):
    """Writes to a pipe."""

    def __init__(self, pipe: PipeSending) -> None:
        self.pipe = pipe
        self.over = False

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all, and wait where a reader is slow."""
        view = memoryview(data).cast("B")
        if not self.over:
            loop_thread().run(self.pipe.write(view))
        return len(view)


class ReadingFile(io.RawIOBase):
    """Reads from a pipe."""

    def __init__(self, pipe: PipeReceiving) -> None:
        self.pipe = pipe
        self._chunks: AsyncIterator[memoryview] = aiter(pipe)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read what is there; 0 at the end. Raises PipeBroken."""
        into = memoryview(buffer).cast("B")
        if not self._rest:
            self._rest = loop_thread().run(self._next())
        size = min(len(into), len(self._rest))
        into[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    async def _next(self) -> memoryview:
        return await anext(self._chunks, memoryview(b""))

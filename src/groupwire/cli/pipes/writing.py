"""How bytes reach standard output: all of them, those in time, or as text."""

from __future__ import annotations

import asyncio
import codecs
import sys
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from groupwire.cli.plumbing.outlet import Outlet
from groupwire.cli.render.pipes.received import Received
from groupwire.cli.render.text import escape
from groupwire.errors import UsageError

__all__ = ["Writing", "writing"]

_APART_S, _MANY_BYTES = 0.005, 1 << 19
"""So far from each other writes begin, unless so much waits."""
_LIVE_BYTES = 1 << 16
"""At once: what waits in a write cannot be skipped any more."""


class Writing(Protocol):
    """Takes bytes; raises OSError where they cannot be written."""

    async def write(self, chunks: Sequence[memoryview], place: int) -> None:
        """Write them; ``place`` is that in the pipe behind them."""
        ...

    async def finish(self) -> None:
        """Wait until all is written that is to be."""
        ...


def writing(live: float | None, shown: Received) -> Writing:
    """Return what fits to standard output."""
    if sys.stdout is not None and sys.stdout.isatty():
        return _Text()
    return _Whole() if live is None else _Live(live, shown)


class _Whole:
    """Writes all, and takes in what comes next meanwhile.

    The thread that writes takes turns with the one that reads the group, which costs
    more than to write some packets: what comes within a few milliseconds is written
    together.
    """

    def __init__(self) -> None:
        self._outlet = Outlet()
        self._loop = asyncio.get_running_loop()
        self._begun_at = float("-inf")
        """When the last write has begun."""
        self._writing: asyncio.Task[None] | None = None
        self._next: list[memoryview] = []
        """What is written behind that."""

    async def write(self, chunks: Sequence[memoryview], place: int) -> None:  # noqa: ARG002
        # Who ends the waiting has handed them over all the same.
        self._next += chunks
        await self._written()
        wait = self._begun_at + _APART_S - self._loop.time()
        if wait > 0 and sum(map(len, self._next)) < _MANY_BYTES:
            await asyncio.sleep(wait)
        self._begin()

    async def finish(self) -> None:
        await self._written()
        if self._next:
            self._begin()
            await self._written()

    def _begin(self) -> None:
        chunks, self._next = self._next, []
        self._begun_at = self._loop.time()
        self._writing = asyncio.create_task(self._outlet.write_many(chunks))

    async def _written(self) -> None:
        if self._writing is not None:
            # Who ends the waiting ends no writing: it can be waited for again.
            await asyncio.shield(self._writing)
            self._writing = None


class _Live:
    """Writes what has waited no longer than ``live`` seconds."""

    def __init__(self, live: float, shown: Received) -> None:
        self._live = live
        self._shown = shown
        self._outlet = Outlet()
        self._waiting: deque[tuple[float, int, memoryview]] = deque()
        self._bell = asyncio.Event()
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run())

    async def write(self, chunks: Sequence[memoryview], place: int) -> None:
        if self._task.done():
            await self._task
        now = self._loop.time()
        place -= sum(map(len, chunks))
        for chunk in chunks:
            self._waiting.append((now, place, chunk))
            place += len(chunk)
        self._skip(now)
        self._bell.set()

    async def finish(self) -> None:
        self._ended = True
        self._bell.set()
        await asyncio.shield(self._task)

    def _skip(self, now: float) -> None:
        """Leave out what has waited too long."""
        first, size = None, 0
        while self._waiting and now - self._waiting[0][0] > self._live:
            _, place, chunk = self._waiting.popleft()
            first = place if first is None else first
            size += len(chunk)
        if first is not None:
            self._shown.late_bytes += size
            self._shown.skipped(first, size, "late")

    async def _run(self) -> None:
        while True:
            self._skip(self._loop.time())
            chunks: list[memoryview] = []
            size = 0
            while self._waiting and size < _LIVE_BYTES:
                chunks.append(self._waiting.popleft()[2])
                size += len(chunks[-1])
            if chunks:
                await self._outlet.write_many(chunks)
            elif self._ended:
                return
            else:
                self._bell.clear()
                await self._bell.wait()


class _Text:
    """Shows text on a terminal, which interprets nothing of it; refuses all else."""

    def __init__(self) -> None:
        self._outlet = Outlet()
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    async def write(self, chunks: Sequence[memoryview], place: int) -> None:  # noqa: ARG002
        try:
            text = self._decoder.decode(b"".join(chunks))
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise UsageError(
                "what comes is no text, and standard output is a terminal",
                fix="send it to a file or a program: groupwire pipe --receive > FILE",
            )
        lines = map(escape, text.split("\n"))
        await self._outlet.write_many([memoryview("\n".join(lines).encode())])

    async def finish(self) -> None: ...

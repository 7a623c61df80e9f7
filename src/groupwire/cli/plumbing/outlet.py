"""Bytes on their way to standard output, which nothing else has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue

from groupwire.cli.plumbing.sink import write_stdout_many

__all__ = ["Outlet"]

_Buffers = Sequence[bytes | memoryview]


class Outlet:
    """Writes in a thread that holds up no program's end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks: SimpleQueue[tuple[_Buffers, asyncio.Future[None]]] = SimpleQueue()
        threading.Thread(
            target=self._work, name="groupwire-output", daemon=True
        ).start()

    async def write(self, data: bytes) -> None:
        """Write it all, and wait until it is. Raises OSError."""
        await self.write_many([data])

    async def write_many(self, buffers: _Buffers) -> None:
        """Write one behind the other, and wait until they are. Raises OSError."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._tasks.put((buffers, done))
        await done

    def _work(self) -> None:
        while True:
            buffers, done = self._tasks.get()
            failure: OSError | None = None
            try:
                write_stdout_many(buffers)
            except OSError as error:
                failure = error
            with suppress(RuntimeError):  # the loop has been closed
                self._loop.call_soon_threadsafe(_settle, done, failure)


def _settle(done: asyncio.Future[None], failure: OSError | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)

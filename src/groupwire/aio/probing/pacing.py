"""Sending in time, in a thread of its own.

The event loop's timers are late by up to a millisecond, and what it does meanwhile
would be heard in the rhythm; a thread that sleeps is exact to some tens of
microseconds.
"""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import AsyncGenerator, Callable
from threading import Event

from groupwire.net import MulticastSender

__all__ = ["Metronome"]

_LOOK_S = 0.1
"""How often somebody who waits for room looks whether he is to end."""


class Metronome:
    """Keeps time for one sending thread; seconds since its beginning."""

    def __init__(self) -> None:
        self._stopped = Event()
        self._start = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._start

    def start(self) -> None:
        """Begin to count."""
        self._start = time.monotonic()

    def stop(self) -> None:
        """Have the thread end; from any thread."""
        self._stopped.set()

    def wait(self, until_s: float) -> bool:
        """Sleep until then; False: it is to end."""
        rest = until_s - self.elapsed_s
        return not (self._stopped.wait(rest) if rest > 0 else self._stopped.is_set())

    def send(self, sender: MulticastSender, data: bytes, segment_bytes: int) -> None:
        """Send it all, waiting where the send buffer is full."""
        left = memoryview(data)
        while not self._stopped.is_set():
            try:
                left = left[sender.send(left, segment_bytes) :]
            except BlockingIOError:
                select.select([], [sender.fileno()], [], _LOOK_S)
                continue
            if not left:
                return

    async def run(
        self, work: Callable[[], None], interval: float
    ) -> AsyncGenerator[None, None]:
        """Do the work in a thread; wake the caller every ``interval`` seconds.

        Who stops listening stops it. What it raises is raised here.
        """
        task = asyncio.create_task(asyncio.to_thread(work))
        try:
            while not (await asyncio.wait([task], timeout=interval))[0]:
                yield
        finally:
            self.stop()
            await asyncio.wait([task])
        await task

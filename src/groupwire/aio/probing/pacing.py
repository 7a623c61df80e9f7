"""Sending in time, in a thread of its own.

The event loop's timers are late by up to a millisecond, and what it does meanwhile
would be heard in the rhythm; a thread that sleeps is exact to some tens of
microseconds.
"""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from groupwire.net import MulticastSender

__all__ = ["Metronome"]

_LOOK_S = 0.1
"""How often somebody who waits for room looks whether he is to end."""
_LONGEST_WAIT_S = 3600.0
"""The system's clocks take no century."""


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

    @property
    def stopped(self) -> bool:
        """Whether it is to end."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Have the thread end; from any thread."""
        self._stopped.set()

    def wait(self, until_s: float) -> bool:
        """Sleep until then; False: it is to end."""
        while (rest := until_s - self.elapsed_s) > 0:
            if self._stopped.wait(min(rest, _LONGEST_WAIT_S)):
                return False
        return not self._stopped.is_set()

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

    @contextmanager
    def stopped_by(self, stop: asyncio.Event | None) -> Generator[None, None, None]:
        """Have an event end it."""
        watch = asyncio.create_task((stop or asyncio.Event()).wait())
        watch.add_done_callback(lambda _: self.stop())
        try:
            yield
        finally:
            watch.cancel()

    async def run(
        self, work: Callable[[], None], interval: float
    ) -> AsyncGenerator[None, None]:
        """Do the work in a thread; wake the caller every ``interval`` seconds.

        Who stops listening ends it. What it raises is raised here.
        """
        task = _in_thread(work)
        try:
            while not (await asyncio.wait([task], timeout=interval))[0]:
                yield
        finally:
            self.stop()
            await asyncio.wait([task])
        await task


def _in_thread(work: Callable[[], None]) -> asyncio.Future[None]:
    """Have it done in a thread that holds up no program's end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def body() -> None:
        failure: BaseException | None = None
        try:
            work()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(tell, failure)

    Thread(target=body, name="groupwire-sending", daemon=True).start()
    return done

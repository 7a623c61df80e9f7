"""One background thread runs the event loop for all calls without ``async``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

__all__ = ["LoopThread", "Work", "loop_thread", "within"]

T = TypeVar("T")


class LoopThread:
    """One event loop in one daemon thread, for everything in this package."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="groupwire", daemon=True
        )
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False in a forked child, which has our memory but not our thread."""
        return self._thread.is_alive()

    @property
    def is_mine(self) -> bool:
        """Whether this is the loop's thread, which must not wait for itself."""
        return threading.get_ident() == self._thread.ident

    def soon(self, function: Callable[[], object]) -> None:
        """Have ``function`` called in the loop's thread, and wait for nothing."""
        self._loop.call_soon_threadsafe(function)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for ``work``; whatever ends the wait, Ctrl-C too, cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def begin(self, work: Coroutine[Any, Any, T]) -> Work[T]:
        """Begin ``work`` and wait for nothing."""
        return Work(self._loop, work)

    def call(self, function: Callable[[], T]) -> T:
        """Call ``function`` in the loop's thread and return what it returns."""
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

        self._loop.call_soon_threadsafe(work)
        return future.result()


class Work(Generic[T]):
    """A coroutine in the loop's thread; who cancels it can wait for its end."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]
    ) -> None:
        self._loop = loop
        self._work = work
        self._task: asyncio.Task[T] | None = None
        self._ended: Future[T] = Future()
        loop.call_soon_threadsafe(self._begin)

    def result(self, timeout: float | None = None) -> T:
        """Wait for the end and return what came of it."""
        return self._ended.result(timeout)

    def cancel(self) -> None:
        """Have it cancelled; it may take its time to end."""
        self._loop.call_soon_threadsafe(self._cancel)

    def when_done(self, call: Callable[[], object]) -> None:
        """Have something called in the loop's thread at its end."""
        self._ended.add_done_callback(lambda _: call())

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._end)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _end(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self._ended.cancel()
        elif (error := task.exception()) is not None:
            self._ended.set_exception(error)
        else:
            self._ended.set_result(task.result())


async def within(work: Coroutine[Any, Any, T], seconds: float | None) -> T:
    """Limit the time in the loop itself: what came in the last moment is not lost."""
    async with asyncio.timeout(seconds):
        return await work


_lock = threading.Lock()
_running: LoopThread | None = None


def loop_thread() -> LoopThread:
    """Return the thread of this process; it begins with the first call."""
    global _running
    with _lock:
        if _running is None or not _running.alive:
            _running = LoopThread()
        return _running

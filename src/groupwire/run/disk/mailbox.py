"""What threads tell the event loop: many things by one waking of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

__all__ = ["Mailbox"]


class Mailbox:
    """Calls in the loop's thread what other threads post, in order.

    Waking the loop costs a system call and a switch of threads: what is posted until it
    has woken comes along.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: deque[Callable[[], None]] = deque()
        self._ringing = False
        self._closed = False

    def post(self, call: Callable[[], None]) -> None:
        """Have something called in the loop's thread; after :meth:`close` it is not."""
        self._calls.append(call)
        if self._ringing or self._closed:
            return
        self._ringing = True
        with suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(self._deliver)

    def fail(self, error: Exception) -> None:
        """Have the loop's exception handler told."""
        self.post(partial(_raise, error))

    def close(self) -> None:
        """Call nothing any more."""
        self._closed = True
        self._calls.clear()

    def _deliver(self) -> None:
        # Before looking: what is posted from now on rings again.
        self._ringing = False
        while self._calls and not self._closed:
            try:
                self._calls.popleft()()
            except Exception as error:  # the others are to be called all the same
                told = {"message": "what a thread has told", "exception": error}
                self._loop.call_exception_handler(told)


def _raise(error: Exception) -> None:
    raise error

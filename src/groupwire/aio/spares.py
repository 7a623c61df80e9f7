"""Asking sockets, kept for a moment for the next question.

Who asks in a loop would else spend as much on opening and closing sockets as on the
question. A kept socket has no port, so nothing can reach it, and each question gets a
new one: late answers to the last question never count for the next.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import suppress
from weakref import finalize, ref

from groupwire.net import Aim, MulticastSender
from groupwire.run import UdpPort

__all__ = ["give_back", "take_port"]

_KEPT_S = 1.0
_MOST_KEPT = 2
"""One that is asked with, one that is made ready meanwhile."""


class _Spare:
    """The ports of one event loop, closed when a second has brought no use for them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Weak, so that no loop is kept for the sake of a socket.
        self.loop = ref(loop)
        self._aim: Aim | None = None
        self._used: list[UdpPort] = []
        self._ready: list[UdpPort] = []
        self._since = 0.0
        self._waiting = False
        self._end = self._until_shutdown()
        _begin(self._end)

    def take(self, aim: Aim) -> UdpPort | None:
        """Return a port with this aim; it is the taker's then."""
        return self._ready.pop() if self._ready and self._aim is aim else None

    def keep(
        self, loop: asyncio.AbstractEventLoop, aim: Aim, port: UdpPort, now: float
    ) -> None:
        """Keep a port whose question has ended, unless there are enough."""
        if self._aim is not aim:
            self.close()
            self._aim = aim
        if len(self._used) + len(self._ready) >= _MOST_KEPT:
            port.close()
            return
        self._used.append(port)
        self._since = now
        # The result is waited for. This can be done while the next question waits.
        loop.call_soon(self._release)

    def close(self) -> None:
        """Close what is kept."""
        self._close(self.loop())

    def close_in_child(self) -> None:
        """Close what a fork has copied, and leave the parent's event loop alone."""
        self._close(None)

    def _close(self, loop: asyncio.AbstractEventLoop | None) -> None:
        ports = (*self._used, *self._ready)
        self._used.clear()
        self._ready.clear()
        for port in ports:
            port.adopt(loop)
            port.close()

    async def _until_shutdown(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self.close()

    def _release(self) -> None:
        while self._used:
            port = self._used.pop()
            if port.release():
                self._ready.append(port)
            else:
                port.adopt(self.loop())
                port.close()
        if not self._waiting:
            self._wait()

    def _wait(self) -> None:
        loop = self.loop()
        if loop is not None and self._ready:
            self._waiting = True
            loop.call_at(self._since + _KEPT_S, self._look)

    def _look(self) -> None:
        # One timer for many questions: it looks whether there was one since.
        self._waiting = False
        loop = self.loop()
        if loop is not None and self._since + _KEPT_S > loop.time():
            self._wait()
        else:
            self.close()


def _begin(generator: AsyncGenerator[None, None]) -> None:
    """Let the loop know the generator, but not the generator the loop.

    asyncio.run and Runner end every asynchronous generator before they close the loop:
    the only moment at which they tell anybody.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(finalizer=None)
    try:
        with suppress(StopIteration):
            generator.__anext__().send(None)
    finally:
        sys.set_asyncgen_hooks(*hooks)


class _Local(threading.local):
    """A thread runs one event loop at a time."""

    spare: _Spare | None = None


_local = _Local()


def _after_fork() -> None:
    # What watches the sockets is shared with the parent: unwatching there is unwatching
    # here and there.
    if _local.spare is not None:
        _local.spare.close_in_child()
        _local.spare = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def take_port(loop: asyncio.AbstractEventLoop, aim: Aim) -> UdpPort:
    """Return a port that asks with this aim. Raises MachineError."""
    spare = _local.spare
    port = None
    if spare is not None and spare.loop() is loop:
        port = spare.take(aim)
    return UdpPort(MulticastSender(aim)) if port is None else port


def give_back(
    loop: asyncio.AbstractEventLoop, aim: Aim, port: UdpPort, *, now: float
) -> None:
    """Keep a port whose question has ended, or close it."""
    spare = _local.spare
    if spare is None or spare.loop() is not loop:
        if spare is not None:
            spare.close()
        spare = _local.spare = _Spare(loop)
        finalize(loop, spare.close)  # where nobody ends the generators
    spare.keep(loop, aim, port, now)

"""Runs a protocol core over a port: the only place with a clock.

After each mutation everything that the core wants is drained: transmits to the port,
events to the owner, the next deadline to the event loop.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from groupwire.errors import MachineError
from groupwire.run.port import Port, Receive
from groupwire.values import Datagram, Transmit

__all__ = ["Core", "Driver"]

_SOON_S, _A_LITTLE_S = 0.01, 0.001

EventT = TypeVar("EventT")
EventT_co = TypeVar("EventT_co", covariant=True)


class Core(Protocol[EventT_co]):
    """What every protocol core offers; times are seconds on the driver's clock."""

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what arrived."""
        ...

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        ...

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        ...

    def poll_events(self) -> Sequence[EventT_co]:
        """Return what has happened; each only once."""
        ...

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        ...


class Driver(Generic[EventT]):
    """One core, one port, one event loop.

    ``on_events`` hears of every event; ``on_failure`` of a machine that cannot send to
    the group (without it such failures are counted only).
    """

    def __init__(
        self,
        core: Core[EventT],
        port: Port,
        *,
        on_events: Callable[[Sequence[EventT]], None],
        on_failure: Callable[[MachineError], None] | None = None,
    ) -> None:
        self.port = port
        self._core = core
        self._on_events = on_events
        self._on_failure = on_failure
        self.loop = asyncio.get_running_loop()
        self.time = _clock_of(self.loop)
        """The driver's clock in seconds; only differences mean something."""
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._late = math.inf
        """What is due only then is worth another timer."""
        self._closed = False
        self._left: deque[Transmit] = deque()
        """What the core wants to have sent and the port has not taken yet."""
        self.answers_first = False
        """Whether what a datagram brings to be sent leaves before anything is told."""
        self.pumping = False
        """Whether a pump is under way: who hears an event need not start one."""
        self.send_failures = 0

    def start(self) -> None:
        """Listen to the port and do what the core wants at once."""
        self.port.start(self.loop, self._read)
        self.pump()

    def pump(self) -> None:
        """Drain the core; call it after every verb that the application speaks."""
        if self._closed:
            return
        core = self._core
        self.pumping = True
        try:
            if events := core.poll_events():
                self._on_events(events)
                if self._closed:  # an event's hearer may do that
                    return
            self.send()
        finally:
            self.pumping = False
        if self._closed:
            return
        deadline = core.poll_timeout()
        if deadline is None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        elif self._timer is None or deadline < self._due or deadline > self._late:
            self._arm(deadline)

    def stop(self) -> None:
        """Stop the clock and leave the port to who goes on with it."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Stop the clock and close the port; any number of times."""
        self.stop()
        self.port.close()

    def _read(self, receive: Receive) -> None:
        if self._closed:
            return
        now = self.time()
        handle = self._core.handle_datagram
        datagrams = receive()
        if datagrams:
            handle(datagrams[0], now=now)
            if self.answers_first or len(datagrams) > 1:
                # Of several who ask for the same one comes first: its answer need not
                # wait until all others have been heard.
                self.send()
            for datagram in datagrams[1:]:
                handle(datagram, now=now)
        self.pump()

    def send(self) -> None:
        """Send what the core wants, as far as the port takes it; then :meth:`pump`.

        While the port is busy the core is not asked: what waits is better chosen late,
        and a core that has much to send learns so that it is too much.
        """
        port, left = self.port, self._left
        asked = self._closed
        while not port.busy and (left or not asked):
            if not left:
                asked = True
                left.extend(self._core.poll_transmits())
                if not left:
                    return
            try:
                port.send(left.popleft())
            except MachineError as error:
                self._fail(error)

    def _fail(self, error: MachineError) -> None:
        self.send_failures += 1
        if self._on_failure is not None:
            self._on_failure(error)

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = deadline
        # A deadline that only moves away keeps the timer: waking once for nothing is
        # cheaper than a new timer per datagram. But where it is near, and moves with
        # each of some messages, that would be to wake once more for every one.
        soon = deadline - self.time() < _SOON_S
        self._late = deadline + _A_LITTLE_S if soon else math.inf
        self._timer = self.loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        deadline, now = self._core.poll_timeout(), self.time()
        if deadline is not None and deadline <= now:
            self._core.handle_timeout(now=now)
        self.pump()


def _clock_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """Return the loop's clock, without the frame round it where there is but that."""
    plain = getattr(type(loop), "time", None) is asyncio.BaseEventLoop.time
    return time.monotonic if plain else loop.time

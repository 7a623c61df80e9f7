"""Runs a protocol core over a port: the only place with a clock.

After each mutation everything that the core wants is drained: transmits to the port,
events to the owner, the next deadline to the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from groupwire.errors import MachineError
from groupwire.run.port import Port
from groupwire.values import Datagram, Transmit

__all__ = ["Core", "Driver"]

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

    def poll_transmit(self) -> Transmit | None:
        """Return the next thing to send."""
        ...

    def poll_event(self) -> EventT_co | None:
        """Return the next thing that has happened."""
        ...

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        ...


class Driver(Generic[EventT]):
    """One core, one port, one event loop.

    ``on_event`` hears of every event; ``on_failure`` of a machine that cannot send to
    the group (without it such failures are counted only).
    """

    def __init__(
        self,
        core: Core[EventT],
        port: Port,
        *,
        on_event: Callable[[EventT], None],
        on_failure: Callable[[MachineError], None] | None = None,
    ) -> None:
        self.port = port
        self._core = core
        self._on_event = on_event
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._pumping = False
        self.send_failures = 0

    @property
    def now(self) -> float:
        """The driver's clock in seconds; only differences mean something."""
        return self._loop.time()

    def start(self) -> None:
        """Listen to the port and do what the core wants at once."""
        self.port.start(self._loop, self._read)
        self.pump()

    def pump(self) -> None:
        """Drain the core; call it after every verb that the application speaks."""
        if self._closed:
            return
        core = self._core
        self._pumping = True
        try:
            while (event := core.poll_event()) is not None:
                self._on_event(event)
            while (transmit := core.poll_transmit()) is not None:
                try:
                    self.port.send(transmit)
                except MachineError as error:
                    self._fail(error)
        finally:
            self._pumping = False
        if not self._closed:  # an event's hearer may have closed us
            self._rearm()

    def pump_soon(self) -> None:
        """Do the same; inside an event's hearer, where a pump runs already, later."""
        if not self._pumping:
            self.pump()

    def close(self) -> None:
        """Stop the clock and close the port; any number of times."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.port.close()

    def _read(self) -> None:
        if self._closed:
            return
        now = self._loop.time()
        handle = self._core.handle_datagram
        for datagram in self.port.receive():
            handle(datagram, now=now)
        self.pump()

    def _fail(self, error: MachineError) -> None:
        self.send_failures += 1
        if self._on_failure is not None:
            self._on_failure(error)

    def _rearm(self) -> None:
        """Wake up at the core's next deadline.

        A deadline that only moves away keeps the timer: waking once for nothing is
        cheaper than a new timer per datagram.
        """
        deadline = self._core.poll_timeout()
        if self._timer is not None:
            if deadline is not None and self._timer.when() <= deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        deadline, now = self._core.poll_timeout(), self._loop.time()
        if deadline is not None and deadline <= now:
            self._core.handle_timeout(now=now)
        self.pump()

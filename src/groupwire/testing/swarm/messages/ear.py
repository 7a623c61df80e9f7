"""A subscriber and its receive buffer, where what comes is left while it is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from groupwire.messages.events import Batch, SubscribeEvent
from groupwire.messages.subscribe.subscriber import Subscriber
from groupwire.values import Datagram, Transmit

__all__ = ["Ear"]

_RECEIVE_BUFFER_BYTES = 212_992
"""Linux's default."""


class Ear:
    """The core, its buffer, and what its program has not taken."""

    def __init__(self, core: Subscriber, *, slow: bool) -> None:
        self.core = core
        self.untaken: deque[int] = deque()
        """Bytes of batches that wait for the program, if it is slow."""
        self.overrun = 0
        """Datagrams for which the receive buffer had no room."""
        self.overfull = 0
        """Datagrams that were read though the program's queue was full."""
        self._slow = slow
        self._waiting: deque[Datagram] = deque()
        self._waiting_bytes = 0
        self._events: list[SubscribeEvent] = []

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what arrived, now or when the program has taken enough."""
        if not self.core.paused or datagram.group is None:
            self._read(datagram, now)
        elif self._waiting_bytes + len(datagram.data) > _RECEIVE_BUFFER_BYTES:
            self.overrun += 1
        else:
            self._waiting.append(datagram)
            self._waiting_bytes += len(datagram.data)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        self.core.handle_timeout(now=now)
        self._hear(now)

    def take(self, now: float) -> None:
        """Let the program take the oldest batch; read on if that makes room."""
        if self.untaken:
            self.core.taken(self.untaken.popleft(), now=now)
        while self._waiting and not self.core.paused:
            datagram = self._waiting.popleft()
            self._waiting_bytes -= len(datagram.data)
            self._read(datagram, now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        return self.core.poll_transmits()

    def poll_events(self) -> Sequence[SubscribeEvent]:
        """Return what has happened; each only once."""
        events, self._events = [*self._events, *self.core.poll_events()], []
        return events

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        return self.core.poll_timeout()

    def _read(self, datagram: Datagram, now: float) -> None:
        if datagram.group is not None:
            self.overfull += sum(self.untaken) > self.core.rules.queue_bytes
        self.core.handle_datagram(datagram, now=now)
        self._hear(now)

    def _hear(self, now: float) -> None:
        """Take events over at once, so that the core knows what waits."""
        events = self.core.poll_events()
        self._events += events
        sizes = [event.size_bytes for event in events if isinstance(event, Batch)]
        if self._slow:
            self.untaken += sizes
        elif sizes:
            self.core.taken(sum(sizes), now=now)

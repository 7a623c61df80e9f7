"""The port over real sockets: a receiver that has joined, a sender of one's own."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping

from groupwire.errors import MachineError
from groupwire.net import MulticastReceiver, MulticastSender, Reader
from groupwire.values import Datagram, Transmit

__all__ = ["UdpPort"]

_MOST_PER_WAKE_UP = 128
"""Datagrams read before the event loop may do something else."""
_MOST_WAITING = 1024
"""Transmits kept while the send buffer is full; more are dropped and counted."""


class UdpPort:
    """Reads every socket through one callback and never waits.

    Sockets are read with ``add_reader`` and drained, bounded per wake-up: asyncio's own
    datagram protocol reads one datagram per pass and loses most of a flood.
    """

    def __init__(
        self, sender: MulticastSender, receiver: MulticastReceiver | None = None
    ) -> None:
        self._sender = sender
        self._receiver = receiver
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: Callable[[], None] | None = None
        self._watched: set[int] = set()
        self._readable: Reader = sender
        self._writing = False
        self._waiting: deque[Transmit] = deque()
        self._empty: asyncio.Future[None] | None = None
        self._dropped: defaultdict[str, int] = defaultdict(int)

    @property
    def payload_limit(self) -> int:
        """The most bytes that travel in one unfragmented datagram."""
        return self._sender.payload_limit

    @property
    def dropped(self) -> Mapping[str, int]:
        """What was lost on this machine, by reason."""
        drops = Counter(self._dropped)
        drops.update(self._sender.dropped)
        kernel = self._sender.kernel_drops
        if self._receiver is not None:
            drops.update(self._receiver.dropped)
            kernel += self._receiver.kernel_drops
        if kernel:
            drops["receive-buffer"] = kernel
        return drops

    def start(self, loop: asyncio.AbstractEventLoop, ready: Callable[[], None]) -> None:
        """Call ``ready`` whenever a socket is readable."""
        self._loop, self._ready = loop, ready
        self.rewatch()

    def rewatch(self) -> None:
        """Watch the sockets that are open now; call it after a join or a leave."""
        if self._loop is None or self._ready is None:
            return
        readers: list[Reader] = [self._sender]
        if self._receiver is not None:
            readers += self._receiver.readers
        # All of them anew: a new socket may have got the number of a closed one.
        for fd in self._watched:
            self._loop.remove_reader(fd)
        for reader in readers:
            self._loop.add_reader(reader.fileno(), self._wake, reader)
        self._watched = {reader.fileno() for reader in readers}

    def receive(self) -> list[Datagram]:
        """Return what waits in the socket that is readable, at most 128."""
        return self._readable.read(_MOST_PER_WAKE_UP)

    def send(self, transmit: Transmit) -> None:
        """Send now, or as soon as the send buffer has room again."""
        if self._waiting or not self._sent(transmit):
            self._keep(transmit)

    def _wake(self, reader: Reader) -> None:
        # One socket per wake-up: a look into the others would find them empty.
        self._readable = reader
        if self._ready is not None:
            self._ready()

    async def drained(self) -> None:
        """Wait until nothing waits for room in the send buffer."""
        if self._waiting and self._loop is not None:
            if self._empty is None:
                self._empty = self._loop.create_future()
            await asyncio.shield(self._empty)

    def close(self) -> None:
        """Leave the groups and close the sockets."""
        if self._loop is not None:
            for fd in self._watched:
                self._loop.remove_reader(fd)
            self._stop_waiting()
        self._watched = set()
        self._sender.close()
        if self._receiver is not None:
            self._receiver.close()

    def _sent(self, transmit: Transmit) -> bool:
        try:
            if transmit.to is not None:
                self._sender.send_to(transmit.data, transmit.to)
                return True
            taken = self._sender.send(transmit.data, transmit.segment_bytes)
        except BlockingIOError:
            return False
        if taken < len(transmit.data):
            rest = memoryview(transmit.data)[taken:]
            self._keep(Transmit(rest, None, transmit.segment_bytes))
        return True

    def _keep(self, transmit: Transmit) -> None:
        if len(self._waiting) >= _MOST_WAITING or self._loop is None:
            self._dropped["send-buffer"] += 1
            return
        if not self._waiting:
            self._loop.add_writer(self._sender.socket.fileno(), self._flush)
            self._writing = True
        self._waiting.append(transmit)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        while waiting and self._sent_later(waiting[0]):
            waiting.popleft()
            if self._waiting:  # only a part of it was taken
                break
        self._waiting += waiting
        if not self._waiting:
            self._stop_waiting()

    def _sent_later(self, transmit: Transmit) -> bool:
        try:
            return self._sent(transmit)
        except MachineError:  # who asked for it has been told that it was taken
            self._dropped["interface-refused"] += 1
            return True

    def _stop_waiting(self) -> None:
        fd = self._sender.socket.fileno()
        if self._writing and self._loop is not None and fd >= 0:
            self._loop.remove_writer(fd)
        self._writing = False
        if self._empty is not None and not self._empty.done():
            self._empty.set_result(None)
        self._empty = None

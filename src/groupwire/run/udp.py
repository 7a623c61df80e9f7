"""The port over real sockets: a receiver that has joined, a sender of one's own."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Mapping

from groupwire.errors import MachineError
from groupwire.net import MulticastReceiver, MulticastSender
from groupwire.run.port import Ready
from groupwire.values import Datagram, Transmit

__all__ = ["UdpPort"]

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
        self._ready: Ready | None = None
        self._watched: list[int] = []
        self._paused = False
        self._writing = False
        self._waiting: deque[Transmit] = deque()
        self._empty: asyncio.Future[None] | None = None
        self._dropped: defaultdict[str, int] = defaultdict(int)

    @property
    def payload_limit(self) -> int:
        """The most bytes that travel in one unfragmented datagram."""
        return self._sender.payload_limit

    @property
    def local_port(self) -> int:
        """Where answers come to."""
        return self._sender.port

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

    @property
    def busy(self) -> bool:
        """Whether something waits for room in the send buffer."""
        return bool(self._waiting)

    def start(self, loop: asyncio.AbstractEventLoop, ready: Ready) -> None:
        """Call ``ready`` whenever a socket is readable, with the reading of it.

        After :meth:`release` once more.
        """
        self._loop, self._ready = loop, ready
        if not self._watched:
            self._watch(loop, ready)

    def release(self) -> bool:
        """Stop hearing, but stay open for the next owner; False: it has to be closed.

        Only for a port that sends and has not joined.
        """
        self._loop = self._ready = None
        self._dropped.clear()
        return not self._waiting and self._receiver is None and self._sender.release()

    def adopt(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Know the event loop again after :meth:`release`, so as to be closed."""
        self._loop = loop

    def rewatch(self) -> None:
        """Watch the sockets that are open now; call it after a join or a leave."""
        if self._loop is None or self._ready is None:
            return
        # All of them anew: a new socket may have got the number of a closed one.
        for fd in self._watched:
            self._loop.remove_reader(fd)
        self._watch(self._loop, self._ready)

    def pause(self, paused: bool, /) -> None:
        """Leave what the group says in the receive buffer; False: read it again.

        What comes by unicast is read all the time.
        """
        if paused != self._paused:
            self._paused = paused
            self.rewatch()

    def send(self, transmit: Transmit) -> None:
        """Send now, or as soon as the send buffer has room again."""
        data, to, segment_bytes = transmit
        if self._waiting:
            self._keep(transmit)
        elif to is None:
            if not self._sent(data, segment_bytes):
                self._keep(transmit)
        else:
            try:
                self._sender.send_to(data, to)
            except BlockingIOError:
                self._keep(transmit)

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
            if self._writing:
                self._stop_waiting()
        self._watched = []
        self._sender.close()
        if self._receiver is not None:
            self._receiver.close()

    def _watch(self, loop: asyncio.AbstractEventLoop, ready: Ready) -> None:
        # Each for itself: a look into the others would find them empty.
        loop.add_reader(self._sender.fileno(), self._hear)
        self._watched = [self._sender.fileno()]
        joined = None if self._paused else self._receiver
        for reader in () if joined is None else joined.readers:
            loop.add_reader(reader.fileno(), ready, reader.read_some)
            self._watched.append(reader.fileno())

    def _hear(self) -> None:
        """Let the owner of this moment read what has come to the sending socket."""
        if self._ready is not None:
            self._ready(self._sender.read)
        else:
            self._sender.read()

    def _sent(self, data: bytes | bytearray | memoryview, segment_bytes: int) -> bool:
        """Send to the group; False when the send buffer is full."""
        try:
            taken = self._sender.send(data, segment_bytes)
        except BlockingIOError:
            return False
        if taken < len(data):
            self._keep(Transmit(memoryview(data)[taken:], None, segment_bytes))
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
        if not self._waiting and self._ready is not None:
            self._ready(_nothing)  # who may have more
        if not self._waiting:
            self._stop_waiting()

    def _sent_later(self, transmit: Transmit) -> bool:
        data, to, segment_bytes = transmit
        try:
            if to is None:
                return self._sent(data, segment_bytes)
            self._sender.send_to(data, to)
        except BlockingIOError:
            return False
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


def _nothing() -> list[Datagram]:
    return []

"""What Python costs without any protocol: the bound of every flood written in it.

Messages are packed in frames of the size of ours, each is a datagram, and taken apart
again. Nothing is repaired. That nothing is lost, readers say now and then how much they
have, and the sender does not run ahead of them further than their buffers hold.
"""

from __future__ import annotations

import select
import socket
import struct
from contextlib import suppress
from itertools import accumulate, pairwise

from ...plain import listening_socket, sending_socket
from ..peer import Meter, Order, Peer, Publisher, Sent, Subscriber, Taken

__all__ = ["BOUND", "BOUND_IN_BATCHES"]

_GROUP, _BATCHES_GROUP = ("239.255.42.97", 10_002), ("239.255.42.97", 10_012)
_BUFFER = 8 << 20
_LARGEST = 65_536
_FULL = 60 << 10
_HEAD = struct.Struct("!II")
"""How many messages of which size."""
_WORD = struct.Struct("!I")
_EACH_FRAMES, _AHEAD_FRAMES = 8, 32
"""How often a reader says what it has, and how far a sender runs ahead."""
_PATIENCE_S = 0.5


class _Sender(Publisher):
    group = _GROUP

    def open(self) -> None:
        self._socket = sending_socket(self.host)
        self._socket.bind(("", 0))
        self._sent = 0
        self._had: dict[object, int] = {}

    def obey(self, order: Order) -> Sent:
        meter = Meter()
        batch: list[bytes] = []
        most = max(1, _FULL // (order.size_bytes or 1))
        for number in range(order.count):
            batch.append(order.message(number))
            if len(batch) == most or order.rests(number):
                self._send_frame(batch)
                batch = []
        if batch:
            self._send_frame(batch)
        return meter.sent()

    def _send_frame(self, batch: list[bytes]) -> None:
        head = _HEAD.pack(len(batch), len(batch[0]))
        self._socket.sendto(b"".join((head, *batch)), self.group)
        self._sent += 1
        if not self._sent % _EACH_FRAMES:
            self._wait()

    def _wait(self) -> None:
        """Wait until the slowest reader that has ever spoken is near."""
        while True:
            slowest = min(self._had.values(), default=self._sent)
            late = self._sent - slowest > _AHEAD_FRAMES
            timeout = _PATIENCE_S if late else 0
            if not select.select([self._socket], [], [], timeout)[0]:
                if late:  # something was lost: that is told by what comes
                    self._had.clear()
                return
            word, reader = self._socket.recvfrom(_WORD.size)
            self._had[reader] = _WORD.unpack(word)[0]


class _Receiver(Subscriber):
    group = _GROUP

    def open(self) -> None:
        self._socket = listening_socket(self.host, self.group, _BUFFER)
        self._voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._buffer = memoryview(bytearray(_LARGEST))
        self._frames = 0

    def take(self, taken: Taken) -> None:
        self._socket.settimeout(taken.order.silence_s)
        with suppress(TimeoutError):
            while not self._add(taken, self._frame()):
                taken.end()
        taken.end()

    def _add(self, taken: Taken, messages: list[bytes]) -> bool:
        """Count them one by one, as a program does that has a line for each."""
        add, done = taken.add, False
        for message in messages:
            done = add(message)
        return done

    def _frame(self) -> list[bytes]:
        size, sender = self._socket.recvfrom_into(self._buffer)
        self._frames += 1
        if not self._frames % _EACH_FRAMES:
            self._voice.sendto(_WORD.pack(self._frames), sender)
        count, each = _HEAD.unpack_from(self._buffer)
        data = bytes(self._buffer[_HEAD.size : size])
        cuts = accumulate([each] * count, initial=0)
        return [data] if count == 1 else [data[a:b] for a, b in pairwise(cuts)]


class _BatchesSender(_Sender):
    group = _BATCHES_GROUP


class _BatchesReceiver(_Receiver):
    group = _BATCHES_GROUP

    def _add(self, taken: Taken, messages: list[bytes]) -> bool:
        return taken.add_many(messages)


BOUND = Peer("Python without a protocol", _Sender, _Receiver, bound=True, paced=False)
BOUND_IN_BATCHES = Peer(
    "Python without a protocol, in batches",
    _BatchesSender,
    _BatchesReceiver,
    bound=True,
    paced=False,
)

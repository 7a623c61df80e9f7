"""A rival on the same link: TCP's NewReno with selective acknowledgements (RFC 9002).

Every packet has a number of its own, as in QUIC: what is lost is not sent again, for
only the rate matters here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from groupwire.values import Datagram, Origin, Transmit

_PACKET, _ACK = b"tcp>", b"tcp<"
_NUMBER = struct.Struct("!Q")
_REORDERED = 3
_SEGMENT_BYTES = 1432
_SHORTEST_TIMEOUT_S = 0.2


class RenoReceiver:
    """Acknowledges every packet."""

    def __init__(self, to: Origin) -> None:
        self.to = to
        self.received_bytes = 0
        self._acks: list[Transmit] = []

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        del now
        if datagram.data[:4] == _PACKET:
            self.received_bytes += len(datagram.data)
            self._acks.append(Transmit(_ACK + datagram.data[4:12], self.to))

    def handle_timeout(self, *, now: float) -> None:
        del now

    def poll_transmits(self) -> Sequence[Transmit]:
        acks, self._acks = self._acks, []
        return acks

    def poll_events(self) -> Sequence[None]:
        return ()

    def poll_timeout(self) -> float | None:
        return None


class RenoSender:
    """Additive increase, multiplicative decrease; sends as soon as it is told to."""

    def __init__(self) -> None:
        self.to: Origin | None = None
        self.window = 10.0
        self._threshold = float("inf")
        self._sent: dict[int, float] = {}
        self._next = 0
        self._acked = -1
        self._trip: float | None = None
        self._recovered_from = -1
        self._heard_at = 0.0
        self._out: list[Transmit] = []

    def start(self, to: Origin, now: float) -> None:
        self.to = to
        self._heard_at = now
        self._fill(now)

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        if datagram.data[:4] != _ACK:
            return
        (number,) = _NUMBER.unpack(datagram.data[4:12])
        sent = self._sent.pop(number, None)
        if sent is None:
            return
        self._heard_at = now
        trip = now - sent
        self._trip = (
            trip if self._trip is None else self._trip + (trip - self._trip) / 8
        )
        self._acked = max(self._acked, number)
        if number > self._recovered_from:
            slow_start = self.window < self._threshold
            self.window += 1.0 if slow_start else 1.0 / self.window
        self._find_losses()
        self._fill(now)

    def handle_timeout(self, *, now: float) -> None:
        self._sent.clear()
        self._threshold, self.window = max(2.0, self.window / 2), 1.0
        self._heard_at = now
        self._fill(now)

    def poll_transmits(self) -> Sequence[Transmit]:
        out, self._out = self._out, []
        return out

    def poll_events(self) -> Sequence[None]:
        return ()

    def poll_timeout(self) -> float | None:
        if not self._sent:
            return None
        return self._heard_at + max(_SHORTEST_TIMEOUT_S, 2 * (self._trip or 0.5))

    def _find_losses(self) -> None:
        while self._sent:
            number = next(iter(self._sent))
            if number > self._acked - _REORDERED:
                return
            del self._sent[number]
            if number > self._recovered_from:
                self._threshold = self.window = max(2.0, self.window / 2)
                self._recovered_from = self._next - 1

    def _fill(self, now: float) -> None:
        while self.to is not None and len(self._sent) < self.window:
            head = _PACKET + _NUMBER.pack(self._next)
            self._out.append(Transmit(head.ljust(_SEGMENT_BYTES, b"."), self.to))
            self._sent[self._next] = now
            self._next += 1

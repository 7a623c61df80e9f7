"""An object from a sender to a receiver in memory, and a bare copy of its bytes.

Rows go over as UDP_GRO hands them over: what is left of one as one datagram. The clock
of the cores jumps to whatever is due next; what is measured is processor time, less
what the line between them takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from random import Random
from time import process_time
from typing import Any

from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import ObjectReceived
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import MemorySink, ObjectOffer, Sink
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.sender import Sender
from groupwire.values import Datagram, KnownFacts, Origin, Transmit

from .turns import Turn

__all__ = ["copy", "move"]

_COPIES = 5
_RATE = 5e9
_TURN_S = 1e-4
"""How much later, by the cores' clock, each of their turns comes at least."""
_NEAR, _FAR = Origin("10.0.0.1", 10000), Origin("10.0.0.2", 10000)
_GROUP = KnownFacts(ip_address("233.252.0.1"), 1)


def copy(size: int) -> Turn:
    """Copy the object into memory that is there already; MB/s."""
    data = _object(size)
    place = memoryview(bytearray(data))

    def turn() -> float:
        started = process_time()
        for _ in range(_COPIES):
            place[:] = data
        return _COPIES * size / (process_time() - started) / 1e6

    return turn


def move(size: int, loss: float, own_memory: bool) -> Turn:
    """Move it from core to core; MB/s.

    It goes into memory that is there already, as a bare copy does, or with
    ``own_memory`` into what the receiver takes from the system.
    """
    data = _object(size)
    target = bytearray(data)
    place = None if own_memory else _Place(target)
    dice = Random(5)

    def turn() -> float:
        line = _Line(loss, dice)
        started = process_time()
        sink = _transfer(data, line, place)
        seconds = process_time() - started - line.seconds
        assert (sink.data if isinstance(sink, MemorySink) else target) == data
        return size / seconds / 1e6

    return turn


def _object(size: int) -> bytes:
    return Random(64).randbytes(size // 100) * 100


class _Place:
    """A sink as an application may have it: memory that it has made before."""

    def __init__(self, data: bytearray) -> None:
        self._view = memoryview(data)

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        data = b"".join(parts)
        self._view[offset : offset + len(data)] = data

    def read(self, offset: int, size_bytes: int) -> bytes:
        return self._view[offset : offset + size_bytes].tobytes()


class _Line:
    """Loses segments, each by itself, and keeps count of the time that this takes."""

    def __init__(self, loss: float, dice: Random) -> None:
        self._loss = loss
        self._dice = dice
        self.seconds = 0.0

    def carry(self, transmit: Transmit) -> Any:
        data = transmit.data
        if not self._loss:
            return data
        started = process_time()
        step = transmit.segment_bytes or len(data)
        view, draw, loss = memoryview(data), self._dice.random, self._loss
        parts = [
            view[at : at + step] for at in range(0, len(data), step) if draw() >= loss
        ]
        left = b"".join(parts)
        self.seconds += process_time() - started
        return left


def _transfer(data: bytes, line: _Line, place: Sink | None) -> Sink:
    def choose(_: ObjectOffer) -> Sink | None:
        return place

    sender = Sender(SenderConfig(1, 7), FixedRate(_RATE))
    receiver = Receiver(
        ReceiverConfig(9, memory_bytes=2 * len(data)),
        Random(9),
        sink_for=choose if place is not None else None,
    )
    now = 0.0
    sender.send_object(data, now=now)
    while True:
        _carry_over(sender, receiver, line, now)
        for event in receiver.poll_events():
            if isinstance(event, ObjectReceived):
                return event.sink
        due = (sender.poll_timeout(), receiver.poll_timeout())
        now = max(now + _TURN_S, min(at for at in due if at is not None))
        sender.handle_timeout(now=now)
        receiver.handle_timeout(now=now)


def _carry_over(sender: Sender, receiver: Receiver, line: _Line, now: float) -> None:
    for transmit in sender.poll_transmits():
        if left := line.carry(transmit):
            step = transmit.segment_bytes
            datagram = Datagram(left, _NEAR, 1, _GROUP, 0, step)
            receiver.handle_datagram(datagram, now=now)
    for transmit in receiver.poll_transmits():
        datagram = Datagram(bytes(transmit.data), _FAR, 1, _GROUP)
        sender.handle_datagram(datagram, now=now)

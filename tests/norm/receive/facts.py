"""Objects of a known content, and what became of them, for the tests of this room."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.norm.receive.places import CODING, GRTT_S, Ear, Object, Source, stream_symbol

from groupwire.norm.receive.events import (
    LossReason,
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    StreamGap,
    StreamReceived,
)
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.wire.feedback import Ack
from groupwire.norm.wire.head import ObjectFlag

__all__ = [
    "BACKOFF_S",
    "DATA",
    "HOLD_S",
    "SILENCE_S",
    "Disk",
    "acks",
    "lost",
    "numbered",
    "received",
    "say",
    "stream_block",
    "text",
]

DATA = Random(1).randbytes(12 * CODING.segment_bytes)
"""Twelve symbols in three blocks of four."""
BACKOFF_S = 4 * GRTT_S
HOLD_S = 6 * GRTT_S
SILENCE_S = 2 * 20 * GRTT_S


def numbered(number: int = 0, flags: ObjectFlag = ObjectFlag(0)) -> Object:  # noqa: B008
    return Object(DATA, number, flags)


def received(events: list[ReceiverEvent]) -> list[int]:
    """Return the objects received, all of them right."""
    received = [event for event in events if isinstance(event, ObjectReceived)]
    for event in received:
        assert isinstance(event.sink, MemorySink)
        assert event.sink.data == DATA
    return [event.object for event in received]


def lost(events: list[ReceiverEvent]) -> list[tuple[int, LossReason]]:
    return [(e.object, e.reason) for e in events if isinstance(e, ObjectLost)]


def text(events: list[ReceiverEvent]) -> list[bytes | int]:
    """Return what came of a stream: bytes, and numbers of lost segments."""
    return [
        event.data if isinstance(event, StreamReceived) else event.segments
        for event in events
        if isinstance(event, StreamReceived | StreamGap)
    ]


def acks(ear: Ear) -> list[Ack]:
    return [said for said in ear.said() if isinstance(said, Ack)]


def say(block: int, symbol: int) -> bytes:
    return stream_symbol(f"<{block}.{symbol}>".encode())


def stream_block(source: Source, block: int, *symbols: int) -> list[bytes]:
    return [source.stream(block, n, say(block, n)) for n in symbols or range(4)]


class Disk:
    """A sink that is full after so many bytes, or cannot be opened."""

    def __init__(self, room_bytes: int) -> None:
        self.room_bytes = room_bytes

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        if offset + sum(map(len, parts)) > self.room_bytes:
            raise OSError(28, "No space left on device")

    def read(self, offset: int, size_bytes: int) -> bytes:  # noqa: ARG002
        return bytes(size_bytes)

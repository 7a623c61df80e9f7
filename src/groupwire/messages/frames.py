"""Frames: runs of messages of one topic, as they stand in a stream (docs §3.2).

A :class:`FrameReader` takes a stream's bytes as they come; after a gap it goes on where
the next message of the stream begins. Topics that nobody wants are skipped by their
lengths.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from groupwire.errors import DecodeError
from groupwire.messages.delivery import DELIVERIES, Delivery
from groupwire.messages.topics import MAX_TOPIC_BYTES, NOT_IN_TOPICS

__all__ = [
    "HEAD_BYTES",
    "MAX_MESSAGE_BYTES",
    "MAX_SHARED_BYTES",
    "Frame",
    "FrameReader",
    "encode_frame",
    "frame_sequence",
    "messages_in",
]

MAX_MESSAGE_BYTES = 16 << 20
MAX_SHARED_BYTES = 1 << 16
"""Of all messages of a frame that has several."""
MAX_MESSAGES = 4096
"""Of a frame: some bytes of a stranger's must not become very many empty messages."""
_HEAD = struct.Struct("!BBHIIQ")
HEAD_BYTES = _HEAD.size
_Head = tuple[int, int, int, int, int, int]
"""Magic, kind, length of the topic, number of messages, their size, sequence."""
_MAGIC = 0x47
_VERSION = 1
_VERSION_BITS = 0x0F
_DELIVERY_SHIFT = 4
_DELIVERY_BITS = 0x03
_LAST_VALUE = 0x80
_DIFFERENT = 0xFFFF_FFFF
_MOST_TOPICS = 4096
"""That are remembered as they travel."""


class Frame(NamedTuple):
    """Messages of one topic, one behind the other."""

    delivery: Delivery
    topic: str | None
    """None where nobody wants it."""
    sequence: int
    messages: int
    payloads: Sequence[bytes] = ()
    last_value: bool = False
    size_bytes: int = 0
    """Of the payloads."""


def encode_frame(
    delivery: Delivery,
    topic: bytes,
    sequence: int,
    payloads: Sequence[bytes],
    *,
    last_value: bool = False,
) -> bytes:
    """Return a frame of 1 to 4,096 messages."""
    kind = _VERSION | DELIVERIES.index(delivery) << _DELIVERY_SHIFT
    if last_value:
        kind |= _LAST_VALUE
    count, size = len(payloads), len(payloads[0])
    sizes = b""
    if count > 1:
        lengths = list(map(len, payloads))
        if lengths.count(size) != count:
            size, sizes = _DIFFERENT, struct.pack(f"!{count}I", *lengths)
    head = _HEAD.pack(_MAGIC, kind, len(topic), count, size, sequence)
    return b"".join((head, topic, sizes, *payloads))


def frame_sequence(data: bytes | memoryview, at: int) -> int | None:
    """Return the sequence of the messages that begin at a place; None for none.

    A last value is none: it was sent before.
    """
    if at + HEAD_BYTES > len(data):
        return None
    magic, kind, _, _, _, sequence = _HEAD.unpack_from(data, at)
    if magic != _MAGIC or kind & (_VERSION_BITS | _LAST_VALUE) != _VERSION:
        return None
    return int(sequence)


def messages_in(frame: bytes) -> int:
    """Return how many messages a frame of ours has."""
    _, _, _, count, _, _ = _HEAD.unpack_from(frame)
    return int(count)


class FrameReader:
    """Reads the frames of one stream, or of one object, as their bytes come.

    ``wants`` decides by topic. What is no frame raises DecodeError, once: then read on
    behind a gap.
    """

    def __init__(self, wants: Callable[[str], bool]) -> None:
        self._wants = wants
        self._topics: dict[bytes, str | None] = {}
        self._parts: list[bytes | memoryview] = []
        self._have = 0
        self._need = HEAD_BYTES
        self._seeking = True

    @property
    def within(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._have > 0

    def gap(self) -> None:
        """Forget what has begun; go on where the next message begins."""
        self._parts.clear()
        self._have, self._need = 0, HEAD_BYTES
        self._seeking = True

    def feed(self, data: bytes | memoryview, message_at: int | None) -> list[Frame]:
        """Take the next bytes in and return the frames that end with them.

        Of a view nothing is kept but until its last frame has ended.
        """
        if self._seeking:
            if message_at is None:
                return []
            data = data[message_at:] if message_at else data
            self._seeking = False
        if self._have:
            self._parts.append(data)
            self._have += len(data)
            if self._have < self._need:
                return []
            data = b"".join(self._parts)
        return self._read(data)

    def _read(self, data: bytes | memoryview) -> list[Frame]:
        frames: list[Frame] = []
        at, end, need = 0, len(data), HEAD_BYTES
        try:
            while end - at >= HEAD_BYTES:
                head = _HEAD.unpack_from(data, at)
                need = _size(head, data, at)
                if end - at < need:
                    break
                frames.append(self._frame(head, data, at))
                at, need = at + need, HEAD_BYTES
        except DecodeError:
            self.gap()
            if frames:  # what is behind them will be told by the next call
                self._parts, self._have, self._need = [data[at:]], end - at, 0
                self._seeking = False
                return frames
            raise
        self._need = need
        self._have = end - at
        self._parts = [data[at:]] if self._have else []
        return frames

    def _frame(self, head: _Head, data: bytes | memoryview, at: int) -> Frame:
        """Return a frame that is all there, with copies of its messages."""
        _, kind, length, count, size, sequence = head
        at += HEAD_BYTES
        raw = bytes(data[at : at + length])
        topic = self._topics[raw] if raw in self._topics else self._topic(raw)
        number = kind >> _DELIVERY_SHIFT & _DELIVERY_BITS
        if number >= len(DELIVERIES):
            raise DecodeError("frame-delivery")
        delivery, last = DELIVERIES[number], kind & _LAST_VALUE > 0
        if topic is None:
            return Frame(delivery, None, sequence, count, (), last)
        at += length
        if size == _DIFFERENT:
            sizes = _sizes(data, at, count)
            at, size = at + 4 * count, sum(sizes)
            payloads = _cut(data, at, sizes)
        elif count == 1:
            payloads = [bytes(data[at : at + size])]
        else:
            payloads = list(_equal(size, count).unpack_from(data, at))
            size *= count
        return Frame(delivery, topic, sequence, count, payloads, last, size)

    def _topic(self, raw: bytes) -> str | None:
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise DecodeError("frame-topic") from None
        if NOT_IN_TOPICS.intersection(text):
            raise DecodeError("frame-topic")
        topic = text if self._wants(text) else None
        if len(self._topics) >= _MOST_TOPICS:
            self._topics.clear()
        self._topics[raw] = topic
        return topic


def _size(head: _Head, data: bytes | memoryview, at: int) -> int:
    """Return a frame's size as far as it is known: more may come out later."""
    magic, kind, topic, count, size, _ = head
    if magic != _MAGIC or kind & _VERSION_BITS != _VERSION:
        raise DecodeError("frame-magic")
    if not 1 <= topic <= MAX_TOPIC_BYTES or not 1 <= count <= MAX_MESSAGES:
        raise DecodeError("frame-size")
    total = HEAD_BYTES + topic
    if size != _DIFFERENT:
        size *= count
    else:
        total += 4 * count
        if len(data) - at < total:
            return total
        size = sum(_sizes(data, at + HEAD_BYTES + topic, count))
    if size > (MAX_MESSAGE_BYTES if count == 1 else MAX_SHARED_BYTES):
        raise DecodeError("frame-size")
    return total + size


@lru_cache(maxsize=16)
def _equal(size: int, count: int) -> struct.Struct:
    """Return what cuts messages of one size: in one step, and not one by one."""
    return struct.Struct(f"{size}s" * count)


def _cut(data: bytes | memoryview, at: int, sizes: Sequence[int]) -> list[bytes]:
    if isinstance(data, memoryview):  # all at once: each view of it costs more
        data, at = bytes(data[at : at + sum(sizes)]), 0
    return [data[a:b] for a, b in pairwise(accumulate(sizes, initial=at))]


def _sizes(data: bytes | memoryview, at: int, count: int) -> tuple[int, ...]:
    return struct.unpack_from(f"!{count}I", data, at)

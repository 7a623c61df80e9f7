"""NORM of who does not speak our words: pieces between message starts (docs §3.4)."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.errors import DecodeError
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import MemberLeft
from groupwire.messages.frames import MAX_MESSAGE_BYTES, FrameReader
from groupwire.messages.members import LeaveReason
from groupwire.messages.subscribe.source import Run, Source
from groupwire.norm import Receiver
from groupwire.norm.receive.events import (
    ObjectReceived,
    ReceiverEvent,
    SenderEnded,
    SenderKey,
)
from groupwire.norm.receive.sink import MemorySink

__all__ = ["ForeignRun"]

_QUIET_S = 0.05
"""After so long a piece is taken for whole: NORM marks where messages begin, and not
where they end."""
_FULL_QUIET_S = 1.0
"""The same behind a segment that is as long as any: the message may well go on."""
_MAGIC = 0x47
_DATA = 0x12


class ForeignRun(Run):
    """What is no frame is a message as it is, with a topic that names its sender."""

    def __init__(self, key: SenderKey, source: Source, norm: Receiver) -> None:
        super().__init__(key, source, Delivery.RELIABLE, norm, None)
        self.topic = f"norm/{key.source}"
        self.piece_at: float | None = None
        """When the piece that waits is taken for whole."""
        self._framed: bool | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._longest = 0
        self._full = False
        """Whether the last segment was as long as any."""
        self._cut = False
        """Whether a piece was taken for whole that may go on."""
        self._sequence = 0

    def take(self, events: Sequence[ReceiverEvent]) -> None:
        """Take in what NORM hands over."""
        super().take(events)
        if any(isinstance(event, SenderEnded) for event in events):
            if self._pieces:
                self._close()
            self.source.left = MemberLeft(self.source.member, LeaveReason.SAID)
            self.source.end_at = 0.0

    def note(self, data: bytes) -> None:
        """Note how long a datagram is, before NORM reads it."""
        if data[0] == _DATA:
            self._full = len(data) >= self._longest
            self._longest = max(len(data), self._longest)

    def settle(self, now: float) -> None:
        """Note when bytes came, and hand on what is whole by now."""
        if not self._pieces:
            self.piece_at = None
        elif self.piece_at is None or self.norm.lacks(self.key):
            self.piece_at = now + (_FULL_QUIET_S if self._full else _QUIET_S)
        elif self.piece_at <= now:
            self._close()
            self._cut = True

    def _read(self, data: bytes | memoryview, message_at: int | None) -> None:
        data = bytes(data)
        if self._framed is None and message_at is not None:
            self._framed = data[message_at : message_at + 1] == bytes([_MAGIC])
        if self._framed:
            super()._read(data, message_at)
            return
        goes_on = bool(self._pieces) or self._cut
        if message_at is None:
            if goes_on:
                self._append(data)
            return
        if goes_on and message_at:
            self._append(data[:message_at])
        if self._pieces:
            self._close()
        self._cut = False
        self._append(data[message_at:])

    def _append(self, data: bytes) -> None:
        if self._size + len(data) > MAX_MESSAGE_BYTES:
            self.source.drop("foreign-too-large")
            self._pieces.clear()
            self._size = 0
            return
        self.piece_at = None
        self._pieces.append(data)
        self._size += len(data)

    def _close(self) -> None:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self.piece_at = None
        self._whole(data)

    def _whole(self, data: bytes) -> None:
        if self.source.wants(self.topic):
            self.source.batch(
                self.delivery, self.topic, self._sequence, [data], len(data)
            )
        else:
            self.source.skipped += 1
        self._sequence += 1

    def _gap(self) -> None:
        self._pieces.clear()
        self._size = 0
        self._cut = False
        super()._gap()
        if not self._framed:
            self.source.gap(self.delivery, 1, exact=False)

    def _take_object(self, event: ObjectReceived) -> None:
        data = event.sink.data if isinstance(event.sink, MemorySink) else b""
        reader = FrameReader(self.source.wants)
        if data[:1] == bytes([_MAGIC]):
            try:
                frames = reader.feed(data, 0)
            except DecodeError:
                frames = []
            if frames and not reader.within:
                for frame in frames:
                    if not frame.last_value:
                        self.source.latest(frame)
                return
        self._whole(data)

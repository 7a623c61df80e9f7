"""groupwire's own numbered form: measured traffic, with the time when it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from groupwire.probe.flow.forms.form import HeaderForm, Row, Stream
from groupwire.probe.load.jitter import Jitter
from groupwire.probe.load.load import HEAD_BYTES, is_load

__all__ = ["MeasuredForm"]

_SENT_AT, _SENT_BYTES = 24, 8


class _MeasuredStream(Stream):
    """Numbers and times of one run."""

    __slots__ = ("jitter",)

    def __init__(self) -> None:
        super().__init__(1 << 64)
        self.jitter = Jitter()

    def note(self, row: Row) -> None:
        """Take the time on the way, by the sender's clock in nanoseconds."""
        sent_ns = int.from_bytes(row.data[_SENT_AT : _SENT_AT + _SENT_BYTES], "big")
        self.jitter.take(row.at - sent_ns * 1e-9)


class MeasuredForm(HeaderForm):
    """What stands first in every datagram (docs/howto/measuring.md, measured traffic).

    | magic 4 | 0 4 | run 8 | number 8 | sent, ns since the epoch 8 |
    """

    NAME: ClassVar[str] = "groupwire"
    FIRST: ClassVar[frozenset[int]] = frozenset((0xF5,))
    LEAST_BYTES: ClassVar[int] = HEAD_BYTES
    NUMBER_AT: ClassVar[int] = 16
    NUMBER_BYTES: ClassVar[int] = 8
    ALIKE: ClassVar[Sequence[tuple[int, int]]] = ((0, 4), (8, 16))

    def key_of(self, packet: bytes) -> bytes | None:
        """Return the run."""
        return packet[8:16] if is_load(packet) else None

    def new_stream(self) -> Stream:
        """Return the state of a run."""
        return _MeasuredStream()

    @property
    def jitter_s(self) -> float | None:
        """The jitter of the newest run."""
        stream = self._stream
        return stream.jitter.known if isinstance(stream, _MeasuredStream) else None

"""RTP (RFC 3550): media, with a clock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from groupwire.probe.flow.forms.form import HeaderForm, Row, Stream

__all__ = ["RtpForm"]

# RFC 3551 §6, tables 4 and 5: the clock of each static payload type.
_CLOCKS = {
    **dict.fromkeys((0, 3, 4, 5, 7, 8, 9, 12, 13, 15, 18), 8000),
    6: 16_000,
    10: 44_100,
    11: 44_100,
    14: 90_000,
    16: 11_025,
    17: 22_050,
    **dict.fromkeys((25, 26, 28, 31, 32, 33, 34), 90_000),
}
_NAMES = {
    0: "PCMU",
    3: "GSM",
    8: "PCMA",
    9: "G722",
    10: "L16 stereo",
    11: "L16",
    14: "MPEG audio",
    18: "G729",
    26: "JPEG",
    31: "H261",
    32: "MPEG video",
    33: "MPEG-TS",
    34: "H263",
}
_CLOCKS_IN_USE = (8000, 16_000, 32_000, 44_100, 48_000, 90_000)
_LEARN_S = 2.0
"""Time after which the clock of a dynamic payload type can be told by its speed."""
_CLOSE = 0.02
_HEADER_BYTES = 12
_LAST_STATIC, _FIRST_DYNAMIC = 34, 96
_GAIN = 16
"""RFC 3550 §6.4.1: a sixteenth of each difference."""


class _RtpStream(Stream):
    """Numbers and clock of one synchronisation source."""

    __slots__ = ("_first", "_last", "clock_hz", "jitter", "payload_type")

    def __init__(self) -> None:
        super().__init__(1 << 16)
        self.payload_type = -1
        self.clock_hz: int | None = None
        self.jitter: float | None = None
        self._first = self._last = (0.0, 0)
        # Time of arrival, and the stream's own clock, unwrapped.

    def note(self, row: Row) -> None:
        """Compare the sender's clock with the time of arrival."""
        payload_type, at = row.data[1] & 0x7F, row.at
        stamp = int.from_bytes(row.data[4:8], "big")
        if payload_type != self.payload_type:
            self.payload_type = payload_type
            self.clock_hz = _CLOCKS.get(payload_type)
            self._first = self._last = (at, stamp)
            self.jitter = None
            return
        before, last = self._last
        difference = (stamp - last + (1 << 31)) % (1 << 32) - (1 << 31)
        self._last = (at, last + difference)
        if self.clock_hz is None:
            self._learn()
        else:
            self._compare(abs(at - before - difference / self.clock_hz))

    def _compare(self, difference_s: float) -> None:
        """RFC 3550 §6.4.1, in seconds."""
        jitter = self.jitter or 0.0
        self.jitter = jitter + (difference_s - jitter) / _GAIN

    def _learn(self) -> None:
        elapsed = self._last[0] - self._first[0]
        if elapsed < _LEARN_S:
            return
        speed = (self._last[1] - self._first[1]) / elapsed
        near = [hz for hz in _CLOCKS_IN_USE if abs(speed - hz) <= _CLOSE * hz]
        if near:
            self.clock_hz = near[0]


class RtpForm(HeaderForm):
    """RFC 3550 §5.1.

    | version 2 bits, flags 6 bits | marker, payload type | sequence 2 | time stamp 4 |
    | source 4 |
    """

    NAME: ClassVar[str] = "RTP"
    FIRST: ClassVar[frozenset[int]] = frozenset(range(0x80, 0xC0))
    LEAST_BYTES: ClassVar[int] = _HEADER_BYTES
    NUMBER_AT: ClassVar[int] = 2
    NUMBER_BYTES: ClassVar[int] = 2
    ALIKE: ClassVar[Sequence[tuple[int, int]]] = ((0, 1), (8, 12))

    def key_of(self, packet: bytes) -> bytes | None:
        """Return the synchronisation source; its reports (RTCP) have no number."""
        kind = packet[1]
        if packet[0] >> 6 != 2:
            return None
        if 192 <= kind <= 223:  # RFC 5761 §4: RTCP on the port of its RTP
            return b""
        payload_type = kind & 0x7F
        if _LAST_STATIC < payload_type < _FIRST_DYNAMIC:
            return None
        return packet[8:12]

    def new_stream(self) -> Stream:
        """Return the state of a stream."""
        return _RtpStream()

    @property
    def detail(self) -> str:
        """The payload type of the newest stream, by name where it has one."""
        stream = self._stream
        if not isinstance(stream, _RtpStream):
            return ""
        kind = stream.payload_type
        return _NAMES.get(kind, f"payload type {kind}")

    @property
    def jitter_s(self) -> float | None:
        """The jitter of the newest stream, where its clock is known."""
        return self._stream.jitter if isinstance(self._stream, _RtpStream) else None

"""One RTP packet (RFC 3550 §5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar

from groupwire.errors import DecodeError

__all__ = ["MP2T", "RTP_HEADER_BYTES", "RtpPacket", "is_rtcp", "is_rtp"]

MP2T = 33
"""RFC 3551 §6: the payload type of MPEG transport streams, with a clock of 90 kHz."""
RTP_HEADER_BYTES = 12
_VERSION = 2
_PADDING, _EXTENSION, _SOURCES = 0x20, 0x10, 0x0F
_MARKER = 0x80
_RTCP = range(192, 224)


def is_rtp(data: bytes) -> bool:
    """Tell by the version whether a datagram may be RTP or its RTCP."""
    return len(data) > 1 and data[0] >> 6 == _VERSION


def is_rtcp(data: bytes) -> bool:
    """Tell whether it is a report on the port of its RTP (RFC 5761 §4)."""
    return is_rtp(data) and data[1] in _RTCP


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """What a header tells, and what stands behind it.

    | version 2 bits, flags 6 bits | marker, type 1 | sequence 2 | time stamp 4 |
    | source 4 | contributing sources 4 each | extension | payload | padding |
    """

    LAYOUT: ClassVar = Struct("!BBHII")

    payload_type: int
    sequence: int
    timestamp: int
    source: int
    payload: bytes
    marker: bool = False
    """RFC 2250 §2.1: the time stamps do not go on from those before."""

    def encode(self) -> bytes:
        """Return its bytes; without contributing sources, extension and padding."""
        kind = self.payload_type | (_MARKER if self.marker else 0)
        head = (_VERSION << 6, kind, self.sequence, self.timestamp, self.source)
        return self.LAYOUT.pack(*head) + self.payload

    @classmethod
    def decode(cls, data: bytes) -> RtpPacket:
        """Read one; DecodeError for what is none."""
        if not is_rtp(data) or len(data) < RTP_HEADER_BYTES:
            raise DecodeError("rtp-no-rtp")
        first, kind, sequence, timestamp, source = cls.LAYOUT.unpack_from(data)
        at = RTP_HEADER_BYTES + 4 * (first & _SOURCES)
        if first & _EXTENSION:
            at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        end = len(data) - (data[-1] if first & _PADDING else 0)
        if at > end:
            raise DecodeError("rtp-cut")
        payload = data[at:end]
        marker = bool(kind & _MARKER)
        return cls(kind & 0x7F, sequence, timestamp, source, payload, marker)

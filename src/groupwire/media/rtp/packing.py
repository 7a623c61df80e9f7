"""Departures of a transport stream as RTP packets (RFC 2250 §2)."""

from __future__ import annotations

from random import Random

from groupwire.media.rtp.packet import MP2T, RtpPacket
from groupwire.media.transport.pacing import Departure

__all__ = ["RTP_CLOCK_HZ", "RtpPacker"]

RTP_CLOCK_HZ = 90_000


class RtpPacker:
    """Numbers packets and stamps them with the time at which they were to leave.

    Source, first number and first time stamp are random (RFC 3550 §5.1).
    """

    def __init__(self, rng: Random) -> None:
        self.source = rng.getrandbits(32)
        self._sequence = rng.getrandbits(16)
        self._offset = rng.getrandbits(32)

    def pack(self, departure: Departure) -> bytes:
        """Return the next packet."""
        stamp = self._offset + round(departure.due_s * RTP_CLOCK_HZ)
        packet = RtpPacket(
            MP2T,
            self._sequence,
            stamp % (1 << 32),
            self.source,
            departure.data,
            departure.fresh,
        )
        self._sequence = (self._sequence + 1) % (1 << 16)
        return packet.encode()

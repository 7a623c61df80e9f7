"""The short way of what comes next in a stream, where nothing else is to be done.

Of single messages nearly every datagram is that, and a program waits for each. So it is
asked first whether all is as it was with the one before; what is not so in any respect
goes the usual way, by :class:`~groupwire.norm.receive.remote.Remote`, which looks for
everything that there may be.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from groupwire.norm.receive.admission import Admission
from groupwire.norm.receive.asking import Asking
from groupwire.norm.receive.catalogue import Catalogue
from groupwire.norm.receive.congestion import CongestionSpeaker
from groupwire.norm.receive.leaps import Leaps
from groupwire.norm.receive.stream import Chunk, IncomingStream
from groupwire.norm.receive.stretch import LARGE_BYTES

__all__ = ["Flow"]

_WORD = 4
_ID_END = 20
"""Of a header, where the payload id of fec_id 5 ends and extensions begin."""
_BLOCKS = 0xFF_FFFF
"""Of fec_id 5: above the eight bits of a symbol."""


class Flow:
    """Compares each datagram with the header of the one before."""

    def __init__(
        self,
        catalogue: Catalogue,
        admission: Admission,
        asking: Asking,
        speaker: CongestionSpeaker,
        leaps: Leaps,
    ) -> None:
        self.number = 0
        """Of the stream that flows."""
        self._catalogue = catalogue
        self._admission = admission
        self._asking = asking
        self._speaker = speaker
        self._leaps = leaps
        self._stream: IncomingStream | None = None
        self._header_bytes = _ID_END
        self._read = _layout(_ID_END).unpack_from
        self._same = b"", b"", b""

    def learn(self, data: bytes | memoryview, stream: IncomingStream) -> None:
        """Remember the header of a new segment that was taken in the usual way."""
        size = data[1] * _WORD
        self.number = stream.number
        self._header_bytes = size
        self._read = _layout(size).unpack_from
        start, _, middle, _, end = self._read(data)
        self._same = start, middle, end
        self._stream = stream

    def forget(self) -> None:
        """Let what comes go the usual way."""
        self._stream = None

    def take(self, data: bytes, now: float) -> Chunk | None:
        """Take in the segment that comes next; None, and nothing done, if it is none.

        What is returned is to be handed over.
        """
        stream, size = self._stream, self._header_bytes
        if stream is None or len(data) <= size:
            return None
        start, sequence, middle, place, end = self._read(data)
        if (start, middle, end) != self._same:
            return None
        number, block, symbol = self.number, stream.block, place & 0xFF
        if (
            place >> 8 != block & _BLOCKS
            or not self._asking.idle
            or not self._speaker.follows(sequence)
            or not self._catalogue.flows(stream)
        ):
            return None
        payload: bytes | memoryview
        if len(data) > LARGE_BYTES and stream.views:
            payload = memoryview(data)[size:]
        else:
            payload = data[size:]
        chunk = stream.take_next(symbol, payload)
        if chunk is not None:
            self._leaps.doubts(number, number)
            self._admission.agreed()
            self._speaker.went_on(len(data) - size, now)
            position = number, block, symbol
            self._catalogue.went_on(position)
            self._asking.went_on(position, now)
        return chunk


@lru_cache(maxsize=64)
def _layout(header_bytes: int) -> struct.Struct:
    """Return what reads a header: its three parts, sequence and payload id."""
    return struct.Struct(f"!2sH12sI{header_bytes - _ID_END}s")

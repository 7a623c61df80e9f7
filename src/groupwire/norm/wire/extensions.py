"""Header extensions: what an object is, how the rate is controlled.

RFC 5740 §4.1; the number of parity symbols stands where RFC 5510 has the number of all
symbols, as the reference implementation writes and reads it. Unknown ones are skipped.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from groupwire.errors import DecodeError
from groupwire.norm.wire.payload import FecId

__all__ = ["CongestionFeedback", "Extensions", "ObjectInfo"]

_WORD = 4
_FIRST_ONE_WORD = 128
_FTI, _CC, _RATE, _MEASURE = 64, 3, 128, 199
_HEAD = struct.Struct("!BB")
_ONE_WORD = struct.Struct("!BxH")


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """EXT_FTI: the size of an object and the code that protects it.

    | 64 | words | size 6 | then by scheme: 5: segment 2, block 1, parity 1 | 2: m 1,
    G 1, segment 2, block 2, parity 2 | 129: instance 2, segment 2, block 2, parity 2 |
    """

    _LAYOUTS: ClassVar[dict[FecId, struct.Struct]] = {
        FecId.REED_SOLOMON_8: struct.Struct("!BBHIHBB"),
        FecId.REED_SOLOMON_M: struct.Struct("!BBHIBBHHH"),
        FecId.SMALL_BLOCK: struct.Struct("!BBHIHHHH"),
    }

    fec_id: FecId
    size_bytes: int
    """48 bits; of a stream: the size of its buffer."""
    segment_bytes: int
    block: int
    """The most source symbols of a block."""
    parity: int
    """Parity symbols that the sender can make of each block."""
    field_bits: int = 8
    group: int = 1
    """Symbols in a packet (fec_id 2); always 1."""
    instance: int = 0
    """Which small block code (fec_id 129); 0: Reed-Solomon over GF(2^8)."""

    def encode(self) -> bytes:
        """Return the extension, whole words long."""
        layout = self._LAYOUTS[self.fec_id]
        return layout.pack(
            _FTI,
            layout.size // _WORD,
            self.size_bytes >> 32,
            self.size_bytes & 0xFFFF_FFFF,
            *self._scheme(),
        )

    def _scheme(self) -> tuple[int, ...]:
        """Return the part that differs from scheme to scheme."""
        blocks = (self.segment_bytes, self.block, self.parity)
        if self.fec_id is FecId.REED_SOLOMON_8:
            return blocks
        if self.fec_id is FecId.REED_SOLOMON_M:
            return (self.field_bits, self.group, *blocks)
        return (self.instance, *blocks)

    @classmethod
    def decode(cls, data: bytes | memoryview, at: int, fec_id: FecId) -> Self:
        """Read one; DecodeError for what cannot be one of this scheme."""
        layout = cls._LAYOUTS[fec_id]
        if len(data) - at < layout.size:
            raise DecodeError("norm-fti-cut")
        _, words, high, low, *rest = layout.unpack_from(data, at)
        if words * _WORD != layout.size:
            raise DecodeError("norm-fti-length")
        size = high << 32 | low
        if fec_id is FecId.REED_SOLOMON_8:
            return cls(fec_id, size, *rest)
        if fec_id is FecId.REED_SOLOMON_M:
            field_bits, group, segment, block, parity = rest
            return cls(fec_id, size, segment, block, parity, field_bits, group)
        instance, segment, block, parity = rest
        return cls(fec_id, size, segment, block, parity, instance=instance)


@dataclass(frozen=True, slots=True)
class CongestionFeedback:
    """EXT_CC of a NACK or ACK: what a receiver says of the rate (RFC 5740 §4.3).

    | 3 | 3 | sequence 2 | flags 1 | rtt 1 | loss 2 | rate 2 | 0 2 |
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("!BBHBBHHH")

    sequence: int
    flags: int
    rtt: int
    """Quantised."""
    loss: int
    """Of 65,535; the reference implementation writes about 0 here in its NACKs."""
    rate: int
    """Quantised."""

    def encode(self) -> bytes:
        """Return the extension."""
        return self.LAYOUT.pack(
            _CC,
            self.LAYOUT.size // _WORD,
            self.sequence,
            self.flags,
            self.rtt,
            self.loss,
            self.rate,
            0,
        )

    @classmethod
    def decode(cls, data: bytes | memoryview, at: int) -> Self:
        """Read one; DecodeError where the bytes end too early."""
        if len(data) - at < cls.LAYOUT.size:
            raise DecodeError("norm-cc-cut")
        _, words, *fields, _ = cls.LAYOUT.unpack_from(data, at)
        if words * _WORD != cls.LAYOUT.size:
            raise DecodeError("norm-cc-length")
        return cls(*fields)


@dataclass(frozen=True, slots=True)
class Extensions:
    """All extensions of one message; each at most once, the last one counts."""

    info: ObjectInfo | None = None
    feedback: CongestionFeedback | None = None
    rate: int | None = None
    """EXT_RATE: the sender's rate, quantised."""
    measure: bool = False
    """Ours, of one word, on probes: report what arrives (docs/norm.md)."""

    def encode(self) -> bytes:
        """Return them one behind the other."""
        parts: list[bytes] = []
        if self.info is not None:
            parts.append(self.info.encode())
        if self.feedback is not None:
            parts.append(self.feedback.encode())
        if self.rate is not None:
            parts.append(_ONE_WORD.pack(_RATE, self.rate))
        if self.measure:
            parts.append(_ONE_WORD.pack(_MEASURE, 0))
        return b"".join(parts)

    @classmethod
    def decode(
        cls, data: bytes | memoryview, at: int, end: int, fec_id: FecId | None = None
    ) -> Self:
        """Read what lies from ``at`` to ``end``; an FTI only where the scheme is told.

        DecodeError for lengths that lead nowhere.
        """
        info = feedback = rate = None
        measure = False
        while at < end:
            if end - at < _WORD:
                raise DecodeError("norm-extension-cut")
            kind, words = _HEAD.unpack_from(data, at)
            size = _WORD if kind >= _FIRST_ONE_WORD else words * _WORD
            if not size or size > end - at:
                raise DecodeError("norm-extension-cut")
            if kind == _FTI and fec_id is not None:
                info = ObjectInfo.decode(data, at, fec_id)
            elif kind == _CC:
                feedback = CongestionFeedback.decode(data, at)
            elif kind == _RATE:
                rate = _ONE_WORD.unpack_from(data, at)[1]
            elif kind == _MEASURE:
                measure = True
            at += size
        return cls(info, feedback, rate, measure)

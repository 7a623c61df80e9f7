"""How a sender cuts and protects what it sends: fixed for a whole instance."""

from __future__ import annotations

from dataclasses import dataclass

from groupwire.errors import UsageError
from groupwire.norm.fec.generator import MAX_SYMBOLS
from groupwire.norm.repair.requests import Scheme
from groupwire.norm.wire.extensions import ObjectInfo
from groupwire.norm.wire.payload import FecId

__all__ = ["Coding"]

_LARGEST_SEGMENT = 65_000
_LARGEST_OBJECT = (1 << 48) - 1
_FIELD_BITS = 8


@dataclass(frozen=True, slots=True)
class Coding:
    """Segment size, block length, parity and FEC scheme.

    Receivers throw away what they have when one of these changes within an instance,
    so all objects share them. Raises UsageError for what no code can do.
    """

    segment_bytes: int = 1400
    block: int = 64
    """The most source symbols of a block."""
    parity: int = 32
    """Parity symbols that can be made of each block; they are made when asked for."""
    fec_id: FecId = FecId.REED_SOLOMON_8
    field_bits: int = _FIELD_BITS
    """Of fec_id 2. GF(2^16) is understood on the wire, but there is no code for it."""

    def __post_init__(self) -> None:
        if not 1 <= self.segment_bytes <= _LARGEST_SEGMENT:
            raise UsageError(
                f"segments of {self.segment_bytes} bytes are not possible",
                fix=f"use 1 to {_LARGEST_SEGMENT}",
            )
        if self.block < 1 or self.parity < 0 or self.block + self.parity > MAX_SYMBOLS:
            raise UsageError(
                f"blocks of {self.block} and {self.parity} symbols are not possible",
                fix=f"use at least 1 and at most {MAX_SYMBOLS} together",
            )

        if self.field_bits != _FIELD_BITS:
            raise UsageError(
                f"there is no code over GF(2^{self.field_bits})",
                fix=f"use GF(2^{_FIELD_BITS})",
            )

    @property
    def scheme(self) -> Scheme:
        """How payload ids are written."""
        return Scheme(self.fec_id, self.field_bits)

    @property
    def largest_object(self) -> int:
        """The most bytes that an object can have: numbers of blocks end there."""
        blocks = 1 << self.scheme.block_bits
        return min(blocks * self.block * self.segment_bytes, _LARGEST_OBJECT)

    def object_info(self, size_bytes: int) -> ObjectInfo:
        """Return what EXT_FTI tells of an object."""
        return ObjectInfo(
            self.fec_id,
            size_bytes,
            self.segment_bytes,
            self.block,
            self.parity,
            self.field_bits,
        )

    @classmethod
    def of(cls, info: ObjectInfo) -> Coding | None:
        """Return what a sender's EXT_FTI says, None where that cannot be."""
        if info.group != 1 or info.instance:
            return None
        try:
            return cls(
                info.segment_bytes,
                info.block,
                info.parity,
                info.fec_id,
                info.field_bits,
            )
        except UsageError:
            return None

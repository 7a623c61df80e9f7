"""Which symbol of which block a message carries: the FEC payload id.

RFC 5510 §4.2 (fec_id 2 and 5) and RFC 5740 §4.2.1 (fec_id 129).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from groupwire.errors import DecodeError

__all__ = ["FecId", "PayloadId", "payload_id_bytes"]


class FecId(IntEnum):
    """FEC schemes that are spoken."""

    REED_SOLOMON_M = 2
    """GF(2^8) or GF(2^16), as the object's FTI says."""
    REED_SOLOMON_8 = 5
    SMALL_BLOCK = 129
    """Small block systematic codes; the object's FTI names the code."""

    @classmethod
    def read(cls, byte: int) -> FecId:
        """Return the scheme; DecodeError for one that is not spoken."""
        fec_id = _SCHEMES.get(byte)
        if fec_id is None:
            raise DecodeError("norm-fec-id")
        return fec_id


_SCHEMES = {int(fec_id): fec_id for fec_id in FecId}
_BLOCK_24 = struct.Struct("!I")
_BLOCK_16 = struct.Struct("!HH")
_BLOCK_32 = struct.Struct("!IHH")


@dataclass(frozen=True, slots=True)
class PayloadId:
    """A symbol of a block; parity symbols are numbered from the block's length on.

    ``field_bits`` counts for fec_id 2 alone.

    | fec_id 5, and 2 over GF(2^8): block 3, symbol 1 | 2 over GF(2^16): block 2,
    symbol 2 | 129: block 4, block length 2, symbol 2 |
    """

    block: int
    symbol: int
    block_length: int = 0
    """Source symbols of the block; only fec_id 129 tells it."""

    def encode(self, fec_id: FecId, field_bits: int = 8) -> bytes:
        """Return 4 bytes, or 8 for fec_id 129."""
        if fec_id is FecId.SMALL_BLOCK:
            return _BLOCK_32.pack(self.block, self.block_length, self.symbol)
        if field_bits == 16 and fec_id is FecId.REED_SOLOMON_M:
            return _BLOCK_16.pack(self.block, self.symbol)
        return _BLOCK_24.pack(self.block << 8 | self.symbol)

    @classmethod
    def decode(
        cls, data: bytes | memoryview, at: int, fec_id: FecId, field_bits: int = 8
    ) -> Self:
        """Read one; DecodeError where the bytes end too early."""
        if len(data) - at < payload_id_bytes(fec_id):
            raise DecodeError("norm-payload-id-cut")
        if fec_id is FecId.SMALL_BLOCK:
            block, length, symbol = _BLOCK_32.unpack_from(data, at)
            return cls(block, symbol, length)
        if field_bits == 16 and fec_id is FecId.REED_SOLOMON_M:
            return cls(*_BLOCK_16.unpack_from(data, at))
        (both,) = _BLOCK_24.unpack_from(data, at)
        return cls(both >> 8, both & 0xFF)


def payload_id_bytes(fec_id: FecId) -> int:
    """Return how long the payload ids of a scheme are."""
    return 8 if fec_id is FecId.SMALL_BLOCK else 4

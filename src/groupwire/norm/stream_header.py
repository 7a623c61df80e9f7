"""What stands before the bytes of a stream's segment (RFC 5740 §4.2.1)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple, Self

from groupwire.errors import DecodeError

__all__ = ["STREAM_HEADER_BYTES", "StreamHeader", "stream_heads"]


class StreamHeader(NamedTuple):
    """Where a segment's bytes belong, and where a message begins in it.

    | length 2 | message start 2 | offset 4 |: the start counts from 1, 0 is none. No
    length and no start mark the stream's end.
    """

    length_bytes: int
    message_start: int
    offset: int
    """In the stream, 32 bits that wrap."""

    @property
    def ends(self) -> bool:
        """Whether nothing follows."""
        return not self.length_bytes and not self.message_start

    def encode(self) -> bytes:
        """Return its eight bytes."""
        return _LAYOUT.pack(*self)

    @classmethod
    def decode(cls, symbol: bytes | memoryview) -> Self:
        """Read it; DecodeError for lengths that lie."""
        if len(symbol) < _LAYOUT.size:
            raise DecodeError("norm-stream-cut")
        header = cls(*_LAYOUT.unpack_from(symbol))
        if header.length_bytes > len(symbol) - _LAYOUT.size:
            raise DecodeError("norm-stream-length")
        if header.message_start > header.length_bytes:
            raise DecodeError("norm-stream-message")
        return header


_WRAP = 0xFFFF_FFFF
_LAYOUT = struct.Struct("!HHI")
STREAM_HEADER_BYTES = _LAYOUT.size


def stream_heads(sizes: Sequence[int], message_start: int, offset: int) -> list[bytes]:
    """Return the headers of consecutive segments; a message begins in the first one.

    Unless ``message_start`` is 0: then none does.
    """
    offsets = accumulate(sizes, initial=offset)
    pack = _LAYOUT.pack
    heads = [
        pack(size, 0, at & _WRAP) for size, at in zip(sizes, offsets, strict=False)
    ]
    heads[0] = pack(sizes[0], message_start, offset)
    return heads

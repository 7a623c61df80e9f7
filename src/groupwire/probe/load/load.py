"""A datagram of measured traffic: run, number, time (docs/howto/measuring.md)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from groupwire.errors import DecodeError

__all__ = ["HEAD_BYTES", "LoadHead", "follow", "is_load"]

MAGIC = b"\xf5gwl"


@dataclass(frozen=True, slots=True)
class LoadHead:
    """What stands first in every datagram of a run; zeros fill it up to its size.

    | magic 4 | 0 4 | run 8 | number 8 | sent, ns since the epoch 8 |
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("!4s4xQQQ")

    run: int
    number: int
    sent_ns: int

    def encode(self) -> bytes:
        """Return the 32 octets."""
        return self.LAYOUT.pack(MAGIC, self.run, self.number, self.sent_ns)

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Self:
        """Read them; DecodeError for what is no measured traffic."""
        if not is_load(data):
            raise DecodeError("load-no-load")
        return cls(*cls.LAYOUT.unpack_from(data)[1:])


HEAD_BYTES = LoadHead.LAYOUT.size


def is_load(data: bytes | memoryview) -> bool:
    """Tell whether this is a datagram of measured traffic."""
    return len(data) >= HEAD_BYTES and data[:4] == MAGIC


def follow(data: bytes, step: int, first: int, count: int) -> bool:
    """Tell whether a row's numbers follow each other, from ``first`` on.

    The lowest octet of every number is enough: a row is far shorter than 256, and what
    one socket sends does not jump by multiples of it between two neighbours.
    """
    start = first & 0xFF
    return data[_LOWEST::step] == _OCTETS[start : start + count]


_LOWEST = 23
_OCTETS = bytes(range(256)) * 2

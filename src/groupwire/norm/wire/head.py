"""What every NORM message begins with, and what every sender's message goes on with."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar, Self

from groupwire.errors import DecodeError
from groupwire.norm.wire.quantise import unpack_group_size, unpack_rtt

__all__ = ["Head", "MessageType", "ObjectFlag", "SenderState"]

VERSION = 1
_WORD = 4


class MessageType(IntEnum):
    """RFC 5740 §4.1; reports (6) are not spoken."""

    INFO = 1
    DATA = 2
    COMMAND = 3
    NACK = 4
    ACK = 5


class ObjectFlag(IntFlag):
    """Flags of DATA and INFO, RFC 5740 §4.2.1."""

    REPAIR = 0x01
    EXPLICIT = 0x02
    INFO = 0x04
    UNRELIABLE = 0x08
    FILE = 0x10
    STREAM = 0x20


@dataclass(frozen=True, slots=True)
class Head:
    """The common header.

    | version and type 1 | words of header 1 | sequence 2 | source 4 |
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("!BBHI")

    kind: MessageType
    header_bytes: int
    """With extensions; the payload begins there."""
    sequence: int
    source: int
    """The node id of who sent it."""

    def encode(self) -> bytes:
        """Return the first eight bytes of a message."""
        return self.LAYOUT.pack(
            VERSION << 4 | self.kind,
            self.header_bytes // _WORD,
            self.sequence,
            self.source,
        )

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Self:
        """Read it; DecodeError for other versions, unknown types, lengths that lie."""
        if len(data) < cls.LAYOUT.size:
            raise DecodeError("norm-cut")
        first, words, sequence, source = cls.LAYOUT.unpack_from(data)
        if first >> 4 != VERSION:
            raise DecodeError("norm-version")
        kind = _KINDS.get(first & 0xF)
        if kind is None:
            raise DecodeError("norm-type")
        if not cls.LAYOUT.size <= words * _WORD <= len(data):
            raise DecodeError("norm-header-length")
        return cls(kind, words * _WORD, sequence, source)


_KINDS = {int(kind): kind for kind in MessageType}


@dataclass(frozen=True, slots=True)
class SenderState:
    """What a sender tells of itself in every message, quantised as on the wire.

    | instance 2 | grtt 1 | backoff and group size 1 |
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("!HBB")

    instance: int
    grtt: int
    backoff: int
    """K: receivers wait at random up to so many GRTT before they ask for repair."""
    group_size: int

    @property
    def grtt_s(self) -> float:
        """The group's round-trip time in seconds."""
        return unpack_rtt(self.grtt)

    @property
    def members(self) -> int:
        """How many receivers there may be."""
        return unpack_group_size(self.group_size)

    def encode(self) -> bytes:
        """Return its four bytes."""
        return self.LAYOUT.pack(
            self.instance, self.grtt, self.backoff << 4 | self.group_size
        )

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Self:
        """Read it where it always stands; DecodeError where the bytes end too early."""
        if len(data) < Head.LAYOUT.size + cls.LAYOUT.size:
            raise DecodeError("norm-sender-cut")
        instance, grtt, both = cls.LAYOUT.unpack_from(data, Head.LAYOUT.size)
        return cls(instance, grtt, both >> 4, both & 0xF)

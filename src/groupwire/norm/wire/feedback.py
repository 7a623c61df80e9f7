"""What receivers say: NACK and ACK (RFC 5740 §4.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

from groupwire.errors import DecodeError
from groupwire.norm.wire.extensions import Extensions
from groupwire.norm.wire.head import Head, MessageType
from groupwire.norm.wire.payload import FecId, PayloadId, payload_id_bytes
from groupwire.norm.wire.repairs import RepairRequest, decode_requests

__all__ = ["Ack", "AckType", "FeedbackHead", "Nack", "Watermark"]

_NONE = Extensions()
_POSITION = struct.Struct("!BxH")


class AckType:
    """What an ACK answers; from APPLICATION to 255 the application says."""

    CONGESTION = 1
    FLUSH = 2
    APPLICATION = 16
    LAST = 255


class Watermark(NamedTuple):
    """A position that a sender asks for and a receiver has reached.

    | fec_id 1 | 0 1 | object 2 | payload id |: receivers send back what they read.
    """

    fec_id: FecId
    object_id: int
    payload_id: PayloadId

    def is_at(self, other: Watermark) -> bool:
        """Return whether both are the same position.

        The length of the block does not count: with fec_id 129 the reference
        implementation sends back that of a full one.
        """
        mine, its = self.payload_id, other.payload_id
        return (*self[:2], mine.block, mine.symbol) == (
            *other[:2],
            its.block,
            its.symbol,
        )

    def encode(self, field_bits: int = 8) -> bytes:
        """Return what follows the header of an ACK of type FLUSH."""
        where = self.payload_id.encode(self.fec_id, field_bits)
        return _POSITION.pack(self.fec_id, self.object_id) + where

    @classmethod
    def decode(cls, data: bytes | memoryview, field_bits: int = 8) -> Self:
        """Read it; DecodeError for junk."""
        at = _POSITION.size
        if len(data) < at:
            raise DecodeError("norm-watermark-cut")
        scheme, object_id = _POSITION.unpack_from(data)
        fec_id = FecId.read(scheme)
        if len(data) != at + payload_id_bytes(fec_id):
            raise DecodeError("norm-watermark-cut")
        return cls(fec_id, object_id, PayloadId.decode(data, at, fec_id, field_bits))


@dataclass(frozen=True, slots=True)
class FeedbackHead:
    """To whom it speaks, and the sender's time sent back to it.

    | sender 4 | instance 2 | ack type 1, ack id 1 | seconds 4 | microseconds 4 |
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("!IHBBII")
    END: ClassVar[int] = Head.LAYOUT.size + LAYOUT.size

    sender: int
    instance: int
    echo_s: int = 0
    echo_us: int = 0
    """Both 0: no probe has been heard."""

    def encode(self, ack_type: int = 0, ack_id: int = 0) -> bytes:
        """Return the sixteen bytes behind the common header."""
        return self.LAYOUT.pack(
            self.sender, self.instance, ack_type, ack_id, self.echo_s, self.echo_us
        )

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview) -> tuple[Self, int, int]:
        """Read it, with the ack's type and id; DecodeError if cut."""
        if head.header_bytes < cls.END:
            raise DecodeError("norm-feedback-cut")
        sender, instance, ack_type, ack_id, s, us = cls.LAYOUT.unpack_from(
            data, Head.LAYOUT.size
        )
        return cls(sender, instance, s, us), ack_type, ack_id


@dataclass(frozen=True, slots=True)
class Nack:
    """A receiver lacks something."""

    sequence: int
    source: int
    to: FeedbackHead
    requests: tuple[RepairRequest, ...]
    extensions: Extensions = _NONE
    field_bits: int = 8

    def encode(self) -> bytes:
        """Return the datagram."""
        requests = b"".join(r.encode(self.field_bits) for r in self.requests)
        return _feedback(self, MessageType.NACK, self.to.encode(), requests)

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview, field_bits: int = 8) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        to, _, _ = FeedbackHead.decode(head, data)
        return cls(
            head.sequence,
            head.source,
            to,
            decode_requests(data, head.header_bytes, field_bits),
            Extensions.decode(data, FeedbackHead.END, head.header_bytes),
            field_bits,
        )


@dataclass(frozen=True, slots=True)
class Ack:
    """A receiver has what it was asked for, or answers a probe."""

    sequence: int
    source: int
    to: FeedbackHead
    ack_type: int
    ack_id: int
    payload: bytes = b""
    """Of type FLUSH: a :class:`Watermark`; of the application's types: its own."""
    extensions: Extensions = _NONE

    def encode(self) -> bytes:
        """Return the datagram."""
        fields = self.to.encode(self.ack_type, self.ack_id)
        return _feedback(self, MessageType.ACK, fields, self.payload)

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        to, ack_type, ack_id = FeedbackHead.decode(head, data)
        return cls(
            head.sequence,
            head.source,
            to,
            ack_type,
            ack_id,
            bytes(data[head.header_bytes :]),
            Extensions.decode(data, FeedbackHead.END, head.header_bytes),
        )


def _feedback(
    message: Nack | Ack, kind: MessageType, fields: bytes, payload: bytes
) -> bytes:
    extensions = message.extensions.encode()
    size = FeedbackHead.END + len(extensions)
    head = Head(kind, size, message.sequence, message.source)
    return b"".join((head.encode(), fields, extensions, payload))

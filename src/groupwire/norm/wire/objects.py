"""DATA and INFO: pieces of an object (RFC 5740 §4.2.1 and §4.2.2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self

from groupwire.errors import DecodeError
from groupwire.norm.wire.extensions import Extensions
from groupwire.norm.wire.head import Head, MessageType, ObjectFlag, SenderState
from groupwire.norm.wire.payload import FecId, PayloadId, payload_id_bytes

__all__ = ["Data", "Info"]

_OBJECT = struct.Struct("!BBH")
_OBJECT_AT = Head.LAYOUT.size + SenderState.LAYOUT.size
_PAYLOAD_ID_AT = _OBJECT_AT + _OBJECT.size
_NONE = Extensions()
_flags = lru_cache(maxsize=256)(ObjectFlag)


@dataclass(frozen=True, slots=True)
class _ObjectHead:
    """| flags 1 | fec_id 1 | object 2 | behind the sender's state."""

    flags: ObjectFlag
    fec_id: FecId
    object_id: int

    def encode(self) -> bytes:
        return _OBJECT.pack(self.flags, self.fec_id, self.object_id)

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Self:
        if len(data) < _PAYLOAD_ID_AT:
            raise DecodeError("norm-object-cut")
        flags, scheme, object_id = _OBJECT.unpack_from(data, _OBJECT_AT)
        return cls(_flags(flags), FecId.read(scheme), object_id)


@dataclass(frozen=True, slots=True)
class Data:
    """One symbol of an object, source or parity."""

    KIND: ClassVar = MessageType.DATA

    sequence: int
    source: int
    sender: SenderState
    flags: ObjectFlag
    fec_id: FecId
    object_id: int
    payload_id: PayloadId
    payload: bytes | memoryview
    extensions: Extensions = _NONE
    field_bits: int = 8
    """Of the field of fec_id 2, which only the object's FTI tells."""

    def encode(self) -> bytes:
        """Return the datagram."""
        extensions = self.extensions.encode()
        size = _PAYLOAD_ID_AT + payload_id_bytes(self.fec_id) + len(extensions)
        return b"".join(
            (
                Head(self.KIND, size, self.sequence, self.source).encode(),
                self.sender.encode(),
                _ObjectHead(self.flags, self.fec_id, self.object_id).encode(),
                self.payload_id.encode(self.fec_id, self.field_bits),
                extensions,
                self.payload,
            )
        )

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview, field_bits: int = 8) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        sender, of = SenderState.decode(data), _ObjectHead.decode(data)
        extensions_at = _PAYLOAD_ID_AT + payload_id_bytes(of.fec_id)
        if head.header_bytes < extensions_at:
            raise DecodeError("norm-header-length")
        return cls(
            head.sequence,
            head.source,
            sender,
            of.flags,
            of.fec_id,
            of.object_id,
            PayloadId.decode(data, _PAYLOAD_ID_AT, of.fec_id, field_bits),
            data[head.header_bytes :],
            Extensions.decode(data, extensions_at, head.header_bytes, of.fec_id),
            field_bits,
        )


@dataclass(frozen=True, slots=True)
class Info:
    """What belongs to an object and is no part of it, at most one segment."""

    KIND: ClassVar = MessageType.INFO

    sequence: int
    source: int
    sender: SenderState
    flags: ObjectFlag
    fec_id: FecId
    object_id: int
    payload: bytes | memoryview
    extensions: Extensions = _NONE

    def encode(self) -> bytes:
        """Return the datagram."""
        extensions = self.extensions.encode()
        size = _PAYLOAD_ID_AT + len(extensions)
        return b"".join(
            (
                Head(self.KIND, size, self.sequence, self.source).encode(),
                self.sender.encode(),
                _ObjectHead(self.flags, self.fec_id, self.object_id).encode(),
                extensions,
                self.payload,
            )
        )

    @classmethod
    def decode(cls, head: Head, data: bytes | memoryview) -> Self:
        """Read what follows the common header; DecodeError for junk."""
        sender, of = SenderState.decode(data), _ObjectHead.decode(data)
        if head.header_bytes < _PAYLOAD_ID_AT:
            raise DecodeError("norm-header-length")
        return cls(
            head.sequence,
            head.source,
            sender,
            of.flags,
            of.fec_id,
            of.object_id,
            data[head.header_bytes :],
            Extensions.decode(data, _PAYLOAD_ID_AT, head.header_bytes, of.fec_id),
        )

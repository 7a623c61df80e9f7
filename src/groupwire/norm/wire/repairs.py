"""What is asked for in a NACK or a repair advertisement (RFC 5740 §4.3.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import ClassVar, NamedTuple, Self

from groupwire.errors import DecodeError
from groupwire.norm.wire.payload import FecId, PayloadId, payload_id_bytes

__all__ = [
    "RepairForm",
    "RepairItem",
    "RepairLevel",
    "RepairRequest",
    "decode_requests",
]

_ITEM = struct.Struct("!BxH")


class RepairForm(IntEnum):
    """How the items of a request are to be read."""

    ITEMS = 1
    RANGES = 2
    """Pairs: from the first to the second, both included."""
    ERASURES = 3
    """The symbol of each item is a count."""


class RepairLevel(IntFlag):
    """How much of each item is asked for."""

    SEGMENT = 0x01
    BLOCK = 0x02
    INFO = 0x04
    OBJECT = 0x08


class RepairItem(NamedTuple):
    """A place in what a sender sends.

    | fec_id 1 | 0 1 | object 2 | payload id |
    """

    fec_id: FecId
    object_id: int
    payload_id: PayloadId


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """Some items or ranges of one level.

    | form 1 | level 1 | length 2 | items |
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("!BBH")
    MAX_ITEMS: ClassVar = 256
    """Read of one message. Who lacks more asks again: a large segment holds more, but
    each message must cost little."""

    form: RepairForm
    level: RepairLevel
    items: tuple[RepairItem, ...]

    def encode(self, field_bits: int = 8) -> bytes:
        """Return the request."""
        items = b"".join(
            _ITEM.pack(item.fec_id, item.object_id)
            + item.payload_id.encode(item.fec_id, field_bits)
            for item in self.items
        )
        return self.LAYOUT.pack(self.form, self.level, len(items)) + items

    @classmethod
    def decode(
        cls,
        data: bytes | memoryview,
        at: int,
        field_bits: int = 8,
        most: int = MAX_ITEMS,
    ) -> tuple[Self, int]:
        """Read ``most`` items and say where the next begins; DecodeError for junk."""
        if len(data) - at < cls.LAYOUT.size:
            raise DecodeError("norm-repair-cut")
        form, level, length = cls.LAYOUT.unpack_from(data, at)
        at += cls.LAYOUT.size
        end = at + length
        if end > len(data):
            raise DecodeError("norm-repair-cut")
        if form not in _FORMS:
            raise DecodeError("norm-repair-form")
        items: list[RepairItem] = []
        while at < end and len(items) < most:
            item, at = _item(data, at, end, field_bits)
            items.append(item)
        if form == RepairForm.RANGES and len(items) % 2:
            if at == end:
                raise DecodeError("norm-repair-range")
            items.pop()
        return cls(_FORMS[form], _level(level), tuple(items)), end


_FORMS = {int(form): form for form in RepairForm}
_level = lru_cache(maxsize=256)(RepairLevel)


def decode_requests(
    data: bytes | memoryview, at: int, field_bits: int = 8
) -> tuple[RepairRequest, ...]:
    """Read requests up to the end of the datagram; DecodeError for junk."""
    requests: list[RepairRequest] = []
    left = RepairRequest.MAX_ITEMS
    while at < len(data) and left > 0:
        request, at = RepairRequest.decode(data, at, field_bits, left)
        requests.append(request)
        left -= 1 + len(request.items)
    return tuple(requests)


def _item(
    data: bytes | memoryview, at: int, end: int, field_bits: int
) -> tuple[RepairItem, int]:
    if end - at < _ITEM.size:
        raise DecodeError("norm-repair-cut")
    scheme, object_id = _ITEM.unpack_from(data, at)
    fec_id = FecId.read(scheme)
    at += _ITEM.size
    if end - at < payload_id_bytes(fec_id):
        raise DecodeError("norm-repair-cut")
    where = PayloadId.decode(data, at, fec_id, field_bits)
    return RepairItem(fec_id, object_id, where), at + payload_id_bytes(fec_id)

"""Many DATA segments at once: one header checked or filled in for all.

A sender's segments differ in sequence and payload id alone. Those columns are assigned
and read across the whole row; the payload is copied once each way.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from groupwire.norm.wire.head import Head, MessageType
from groupwire.norm.wire.objects import Data
from groupwire.norm.wire.payload import FecId, PayloadId

__all__ = ["Segments", "build_segments", "parse_segments", "symbol_key"]

_ID_AT = 16
"""Where the payload id lies; behind it, extensions."""
_TYPE_OF_DATA = MessageType.DATA
_SYMBOL_BITS = 16


def symbol_key(payload_id: PayloadId) -> int:
    """Return block and symbol as one number, whatever the scheme's layout."""
    return payload_id.block << _SYMBOL_BITS | payload_id.symbol


class Segments(NamedTuple):
    """DATA messages of one object that differ only in place and payload."""

    first: Data
    sequences: Sequence[int]
    keys: Sequence[int]
    """See :func:`symbol_key`."""
    payloads: Sequence[bytes | memoryview]


@lru_cache(maxsize=64)
def _row(count: int) -> struct.Struct:
    return struct.Struct(f"!{count}H")


@lru_cache(maxsize=64)
def _ids(count: int) -> struct.Struct:
    return struct.Struct(f"!{count}I")


@lru_cache(maxsize=64)
def _columns(header_bytes: int, step: int) -> struct.Struct:
    """Return what reads the columns of one segment: what differs, and what must not."""
    rest = header_bytes - _ID_AT - 4
    return struct.Struct(f"!2sH12sI{rest}s{step - header_bytes}x")


def build_segments(
    header: bytes,
    sequence: int,
    ids: Sequence[int],
    payloads: Sequence[bytes | memoryview],
) -> bytearray:
    """Return the datagrams one behind the other.

    ``header`` is that of any of them, up to its payload; ``ids`` are payload ids of
    four bytes as the wire has them; all payloads but the last are equally long. The
    first has the ``sequence`` given, the others follow on.
    """
    count = len(ids)
    parts: list[bytes | memoryview] = [header] * (2 * count)
    parts[1::2] = payloads
    data = bytearray().join(parts)
    step = len(header) + len(payloads[0])
    if sequence + count > 0x10000:
        numbers = [n & 0xFFFF for n in range(sequence, sequence + count)]
    else:
        numbers = list(range(sequence, sequence + count))
    column = _row(count).pack(*numbers)
    data[2::step], data[3::step] = column[0::2], column[1::2]
    column = _ids(count).pack(*ids)
    for at in range(4):
        data[_ID_AT + at :: step] = column[at::4]
    return data


def parse_segments(data: bytes | memoryview, step: int) -> Segments | None:
    """Return the DATA messages that make up ``data``, each ``step`` bytes long.

    None when this is not a row of DATA of one object in fec_id 5: then each has to be
    read by itself. DecodeError if the first is junk.
    """
    head = Head.decode(data[:step])
    if head.kind is not _TYPE_OF_DATA:
        return None
    first = Data.decode(head, data[:step])
    if first.fec_id is not FecId.REED_SOLOMON_8 or len(data) % step:
        return None
    size = head.header_bytes
    starts, sequences, middles, ids, ends = zip(
        *_columns(size, step).iter_unpack(data), strict=True
    )
    count = len(ids)
    if (
        starts.count(starts[0]) != count
        or middles.count(middles[0]) != count
        or ends.count(ends[0]) != count
    ):
        return None
    view = memoryview(data)
    return Segments(
        first,
        sequences,
        [i >> 8 << _SYMBOL_BITS | i & 0xFF for i in ids],
        [view[at + size : at + step] for at in range(0, len(data), step)],
    )

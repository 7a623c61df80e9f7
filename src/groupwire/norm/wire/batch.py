"""Many DATA segments at once: one header checked or filled in for all.

A sender's segments differ in sequence and payload id alone. Those columns are assigned
and read across the whole row; the payload is copied once each way.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from groupwire.norm.wire.head import Head, MessageType
from groupwire.norm.wire.objects import Data
from groupwire.norm.wire.payload import FecId, PayloadId

__all__ = [
    "Segments",
    "alike",
    "build_segment",
    "build_segments",
    "parse_segments",
    "symbol_key",
]

_SEQUENCE_AT, _ID_AT = 2, 16
"""Where the payload id lies; behind it, extensions."""
_ID_BYTES = _WORD = 4
_KIND_AT = (0, 10, 12, 14, 15)
"""Where messages of a sender differ: type, round trip, flags, object."""
_MOST_SEGMENTS = 128
"""Of a row, as of Linux's UDP_SEGMENT; UDP_GRO makes rows of 64."""
_SYMBOL_BITS = 16


def symbol_key(payload_id: PayloadId) -> int:
    """Return block and symbol as one number, whatever the scheme's layout."""
    return payload_id.block << _SYMBOL_BITS | payload_id.symbol


class Segments(NamedTuple):
    """DATA messages of one object that differ only in place and payload."""

    common: Data
    """What all have in common; the columns say the rest."""
    sequences: Sequence[int]
    keys: Sequence[int]
    """See :func:`symbol_key`; a range where the symbols follow each other."""
    payloads: Sequence[bytes | memoryview]


@lru_cache(maxsize=64)
def _row(count: int) -> struct.Struct:
    return struct.Struct(f"!{count}H")


@lru_cache(maxsize=64)
def _ids(count: int) -> struct.Struct:
    return struct.Struct(f"!{count}I")


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


def build_segment(
    header: bytes, sequence: int, payload_id: int, *payload: bytes | memoryview
) -> bytes:
    """Return one datagram in the same way, of a payload that may be in parts."""
    head = bytearray(header)
    _row(1).pack_into(head, _SEQUENCE_AT, sequence)
    _ids(1).pack_into(head, _ID_AT, payload_id)
    return b"".join((head, *payload))


def parse_segments(data: bytes | memoryview, step: int) -> Segments | None:
    """Return the DATA messages that make up ``data``, each ``step`` bytes long.

    A single one is a row, too. None when these are not all DATA of one object in fec_id
    5: then each has to be read by itself. DecodeError if the first is junk.
    """
    size = _WORD * data[1] if len(data) > 1 else 0
    count, odd = divmod(len(data), step) if step else (0, 0)
    if not (_ID_AT + _ID_BYTES <= size <= step and 1 <= count <= _MOST_SEGMENTS) or odd:
        Head.decode(data[:step])  # may say that it is junk
        return None
    columns = _columns(size, step, count).unpack(data)
    starts, middles, ends = columns[0::5], columns[2::5], columns[4::5]
    if (
        starts.count(starts[0]) != count
        or middles.count(middles[0]) != count
        or ends.count(ends[0]) != count
    ):
        return None
    common = _common(starts[0], middles[0], ends[0])
    if common is None:
        return None
    payloads = _payloads(size, step, count)(memoryview(data))
    return Segments(common, columns[1::5], _keys(columns[3::5]), payloads)


def alike(data: memoryview, step: int) -> Iterator[memoryview]:
    """Cut a row where it is no longer of one kind: by flags, object, or the last part.

    What the kernel has joined is one nearly always; datagrams that came one by one and
    were put together may be data and repairs in turn.
    """
    whole = len(data) // step * step
    columns = [bytes(data[at:whole:step]) for at in _KIND_AT if at < step]
    if all(column.count(column[0]) == len(column) for column in columns if column):
        yield data[:whole]
    else:
        first = 0
        for _, run in groupby(zip(*columns, strict=True)):
            after = first + step * len(list(run))
            yield data[first:after]
            first = after
    if whole < len(data):
        yield data[whole:]


@lru_cache(maxsize=64)
def _columns(header_bytes: int, step: int, count: int) -> struct.Struct:
    """Return what reads of each segment what differs, and what must not."""
    rest = header_bytes - _ID_AT - _ID_BYTES
    return struct.Struct("!" + f"2sH12sI{rest}s{step - header_bytes}x" * count)


@lru_cache(maxsize=64)
def _payloads(
    header_bytes: int, step: int, count: int
) -> Callable[[memoryview], tuple[memoryview, ...]]:
    """Return what takes all payloads out of a row."""
    if count == 1:
        return lambda data: (data[header_bytes:],)
    return itemgetter(
        *(slice(n * step + header_bytes, (n + 1) * step) for n in range(count))
    )


@lru_cache(maxsize=256)
def _common(start: bytes, middle: bytes, end: bytes) -> Data | None:
    """Return a message of this header at place 0, None if it is no DATA in fec_id 5."""
    header = b"".join((start, bytes(2), middle, bytes(_ID_BYTES), end))
    head = Head.decode(header)
    if head.kind is not MessageType.DATA:
        return None
    data = Data.decode(head, header)
    return data if data.fec_id is FecId.REED_SOLOMON_8 else None


def _keys(ids: tuple[int, ...]) -> Sequence[int]:
    """Return the keys of payload ids as the wire has them."""
    first, count = ids[0], len(ids)
    if ids == tuple(range(first, first + count)) and (first & 0xFF) + count <= 0x100:
        key = first >> 8 << _SYMBOL_BITS | first & 0xFF
        return range(key, key + count)
    return [i >> 8 << _SYMBOL_BITS | i & 0xFF for i in ids]

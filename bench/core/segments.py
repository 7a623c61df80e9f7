"""A row of 45 DATA segments of one block: built, and parsed with its payload copied.

Beside groupwire's way, which fills in and reads columns of the whole row, the plain
one: header by header into a buffer made before, and out of it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from groupwire.norm.wire.batch import build_segments, parse_segments
from groupwire.norm.wire.extensions import Extensions, ObjectInfo
from groupwire.norm.wire.head import ObjectFlag, SenderState
from groupwire.norm.wire.objects import Data
from groupwire.norm.wire.payload import FecId, PayloadId

from .turns import Turn, calls_per_s

__all__ = ["ROW", "SEGMENT", "build", "build_plainly", "parse", "parse_plainly"]

ROW, SEGMENT = 45, 1400
_BLOCK, _FIRST = 5, 7
_SEQUENCE, _SIZE = 1000, 200_000_000
_DATA = struct.Struct("!BBHIHBBBBHIBBHIHBB")
"""A whole header: common, the sender's, the object's, payload id, EXT_FTI."""
_MESSAGE = Data(
    0,
    11,
    SenderState(0x1234, 148, 4, 2),
    ObjectFlag.FILE,
    FecId.REED_SOLOMON_8,
    3,
    PayloadId(0, 0),
    b"",
    Extensions(ObjectInfo(FecId.REED_SOLOMON_8, _SIZE, SEGMENT, 64, 32)),
)
_STEP = _DATA.size + SEGMENT
_PLACE = 10
"""Of the fields of a header, the payload id."""
_Symbol = tuple[int, int, int, bytes]
"""Sequence number, block, symbol and payload."""


def build() -> Turn:
    payloads = _payloads()
    header = _MESSAGE.encode()
    ids = [_BLOCK << 8 | n for n in range(_FIRST, _FIRST + ROW)]
    return _timed(partial(build_segments, header, _SEQUENCE, ids, payloads))


def build_plainly() -> Turn:
    payloads = _payloads()
    assert _built_plainly(payloads) == _row()
    return _timed(partial(_built_plainly, payloads))


def parse() -> Turn:
    row = memoryview(_row())

    def work() -> bytes:
        segments = parse_segments(row, _STEP)
        assert segments is not None
        return b"".join(segments.payloads)

    assert work() == b"".join(_payloads())
    return _timed(work)


def parse_plainly() -> Turn:
    row = memoryview(_row())
    symbols = _parsed_plainly(row)
    assert symbols == [
        (_SEQUENCE + n, _BLOCK, _FIRST + n, bytes(payload))
        for n, payload in enumerate(_payloads())
    ]
    return _timed(partial(_parsed_plainly, row))


def _timed(work: Callable[[], object]) -> Turn:
    """Return a turn that measures the microseconds of one row."""
    return lambda: 1e6 / calls_per_s(work)


def _payloads() -> list[memoryview]:
    data = memoryview(Random(45).randbytes(ROW * SEGMENT))
    return [data[at : at + SEGMENT] for at in range(0, len(data), SEGMENT)]


def _row() -> bytes:
    ids = [_BLOCK << 8 | n for n in range(_FIRST, _FIRST + ROW)]
    return bytes(build_segments(_MESSAGE.encode(), _SEQUENCE, ids, _payloads()))


def _built_plainly(payloads: Sequence[memoryview]) -> bytearray:
    row = bytearray(len(payloads) * _STEP)
    pack_into, at = _DATA.pack_into, 0
    for number, payload in enumerate(payloads):
        place = _BLOCK << 8 | _FIRST + number
        # fmt: off
        pack_into(
            row, at, 0x12, 8, _SEQUENCE + number, 11, 0x1234, 148, 0x42, 0x10, 5, 3,
            place, 64, 3, 0, _SIZE, SEGMENT, 64, 32,
        )
        # fmt: on
        row[at + _DATA.size : at + _STEP] = payload
        at += _STEP
    return row


def _parsed_plainly(row: memoryview) -> list[_Symbol]:
    symbols: list[_Symbol] = []
    unpack_from = _DATA.unpack_from
    for at in range(0, len(row), _STEP):
        fields = unpack_from(row, at)
        if fields[0] != 0x12 or fields[1] != 8:
            raise ValueError("no DATA with this header")
        place = fields[_PLACE]
        payload = bytes(row[at + _DATA.size : at + _STEP])
        symbols.append((fields[2], place >> 8, place & 0xFF, payload))
    return symbols

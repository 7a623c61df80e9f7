"""Who is asked for how long, by what was heard of it."""

from __future__ import annotations

import struct

import pytest

from groupwire.messages.subscribe.unknown import RunKey, Unknown
from groupwire.norm import ObjectFlag
from groupwire.values import Datagram, Origin

ORIGIN = Origin("10.0.0.9", 5000)
KEY: RunKey = (ORIGIN, 7, 1)
OBJECT, STREAM = ObjectFlag(0), ObjectFlag.STREAM
FRAME = b"G\x21\0\x01" + bytes(40)
PLAIN = b"plain" + bytes(40)


def content(
    payload: bytes,
    place: int = 0,
    *,
    flags: ObjectFlag = OBJECT,
    fec_id: int = 5,
    symbol: int = 0,
) -> bytes:
    """Return a message of data (RFC 5740 §4.2.1)."""
    head = struct.pack("!BBHIHBBBBH", 0x12, 0, 1, 7, 1, 0, 0, flags, fec_id, 3)
    where = struct.pack("!IHH", place, 9, symbol) if fec_id == 129 else b""
    where = where or struct.pack("!I", place)
    words = (len(head) + len(where)) // 4
    return head[:1] + bytes([words]) + head[2:] + where + payload


def stream(payload: bytes, start: int) -> bytes:
    """Return a piece of a stream, and where in it a message starts; 0 for nowhere."""
    header = struct.pack("!HHI", len(payload), start, 0)
    return content(header + payload, 5, flags=STREAM)


def asked_s(*data: bytes, row: int = 0) -> tuple[float, bool]:
    """Return for how long one is asked, and whether it is foreign then."""
    unknown, now = Unknown(), 0.0
    for each in data:
        unknown.hear(KEY, Datagram(each, ORIGIN, segment_bytes=row), 0.0)
    last, foreign = 0.0, list[RunKey]()
    while unknown.deadline is not None and not foreign:
        now = unknown.deadline
        ask, foreign = unknown.due(now)
        last = now if ask else last
    return last, bool(foreign)


@pytest.mark.parametrize(
    ("data", "long", "foreign"),
    [
        (content(PLAIN), False, True),
        (content(PLAIN, fec_id=129), False, True),
        (content(FRAME), True, True),
        (stream(PLAIN, 1), False, True),
        (stream(PLAIN, 0), False, True),
        (stream(FRAME, 1), True, True),
        (b"\x13\x05" + bytes(30), True, False),  # it has said nothing yet
    ],
)
def test_who_sends_our_form_is_asked_for_longer(
    data: bytes, long: bool, foreign: bool
) -> None:
    last, is_foreign = asked_s(data)
    assert last > 4.0 if long else last < 0.5
    assert is_foreign == foreign


@pytest.mark.parametrize(
    "data",
    [
        content(PLAIN, 1),
        content(PLAIN, 1 << 8),
        content(PLAIN, fec_id=129, symbol=1),
        content(PLAIN, 2, fec_id=129),
    ],
)
def test_the_midst_of_an_object_does_not_show_whose_it_is(data: bytes) -> None:
    last, foreign = asked_s(data)
    assert last > 4.0
    assert foreign
    assert asked_s(data, content(FRAME))[0] > 4.0
    assert asked_s(data, content(PLAIN))[0] < 0.5


def test_each_segment_of_a_row_is_looked_at() -> None:
    first, second = content(PLAIN, 1), content(FRAME)
    size = max(len(first), len(second))
    row = first.ljust(size, b"\0") + second.ljust(size, b"\0")
    assert asked_s(row, content(PLAIN), row=size)[0] > 4.0

"""Where the bytes of an object go."""

from __future__ import annotations

import tracemalloc
from random import Random

import pytest

from groupwire.norm.receive.sink import MemorySink, ObjectOffer
from groupwire.norm.wire.head import ObjectFlag


def test_parts_are_written_in_any_order_and_read_back() -> None:
    sink = MemorySink()
    sink.write(4, [b"ef", memoryview(b"gh")])
    sink.write(0, [b"abcd"])
    assert sink.read(2, 4) == b"cdef"
    assert sink.data == b"abcdefgh"


def test_what_never_came_reads_as_zeros_in_full_length() -> None:
    sink = MemorySink()
    sink.write(2, [b"x"])
    assert sink.read(0, 6) == b"\0\0x\0\0\0"
    assert sink.read(100, 2) == b"\0\0"


def test_it_grows_only_as_far_as_bytes_arrive() -> None:
    sink = MemorySink()
    sink.read(0, 1000)
    sink.write(3, [b"x"])
    assert len(sink.data) == 4


@pytest.mark.parametrize("seed", range(20))
def test_rows_come_in_any_order_from_anywhere(seed: int) -> None:
    """3 MB in rows of up to 63 kB, some of them twice, read while they come."""
    dice = Random(seed)
    size, step = 3_000_000, dice.choice([63_000, 20_000])
    data = dice.randbytes(size)
    offsets = list(range(0, size, step))
    if seed % 2:
        dice.shuffle(offsets)
    else:
        middle = dice.randrange(len(offsets))
        offsets = offsets[middle:] + offsets[:middle]
    sink, there = MemorySink(), bytearray(size)
    for offset in [*offsets, *offsets[:5]]:
        row = data[offset : offset + step]
        sink.write(offset, [row[:1400], memoryview(row)[1400:]])
        there[offset : offset + len(row)] = row
        start = dice.randrange(size)
        assert sink.read(start, 300_000) == (there[start:][:300_000]).ljust(
            300_000, b"\0"
        )
    assert sink.data == data


def test_what_comes_long_before_its_time_takes_no_room_for_the_rest() -> None:
    sink = MemorySink()
    tracemalloc.start()
    for offset in (30_000_000, 16_000_000, 1_000_000):
        sink.write(offset, [b"x"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
    assert sink.read(16_000_000, 1) == sink.read(1_000_000, 1) == b"x"
    assert len(sink.data) == 30_000_001


def test_an_offer_says_whose_object_it_is_and_how_large() -> None:
    offer = ObjectOffer(1, 7, 3, 1000, ObjectFlag.FILE)
    assert (offer.source, offer.instance, offer.object) == (1, 7, 3)
    assert (offer.size_bytes, offer.flags) == (1000, ObjectFlag.FILE)

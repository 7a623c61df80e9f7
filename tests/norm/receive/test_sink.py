"""Where the bytes of an object go."""

from __future__ import annotations

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


def test_an_offer_says_whose_object_it_is_and_how_large() -> None:
    offer = ObjectOffer(1, 7, 3, 1000, ObjectFlag.FILE)
    assert (offer.source, offer.instance, offer.object) == (1, 7, 3)
    assert (offer.size_bytes, offer.flags) == (1000, ObjectFlag.FILE)

"""What numbers mean where they wrap, and in an object's last blocks."""

from __future__ import annotations

import pytest
from tests.norm.receive.facts import (
    BACKOFF_S,
    HOLD_S,
    numbered,
    received,
    stream_block,
    text,
)
from tests.norm.receive.places import Ear, Object, Source, asked

from groupwire.norm.coding import Coding
from groupwire.norm.receive.config import Join
from groupwire.norm.wire.feedback import Nack
from groupwire.norm.wire.payload import FecId


@pytest.mark.parametrize("first", [40_000, 65_534])
def test_numbers_go_on_where_object_ids_wrap(first: int) -> None:
    ear, source = Ear(), Source()
    ear.hear(*[source.whole(numbered(number)) for number in range(first, first + 4)])
    assert received(ear.events()) == list(range(first, first + 4))
    ear.wait(60.0)
    assert ear.said() == []


def test_numbers_of_blocks_go_on_where_24_bits_wrap() -> None:
    ear, source = Ear(join=Join.NOW), Source()
    last = 0xFF_FFFF
    ear.hear(stream_block(source, last), stream_block(source, last + 1, 0, 1, 3))
    ear.hear(stream_block(source, last + 2, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]
    ear.hear(stream_block(source, last + 1, 2))
    places = [*((last + at, n) for at in (0, 1) for n in range(4)), (last + 2, 0)]
    expected = "".join(f"<{block}.{n}>" for block, n in places)
    assert b"".join(part for part in text(ear.events()) if isinstance(part, bytes)) == (
        expected.encode()
    )


def test_with_fec_id_129_items_hold_the_length_of_their_block() -> None:
    coding = Coding(segment_bytes=32, block=4, parity=2, fec_id=FecId.SMALL_BLOCK)
    ear, source = Ear(), Source(coding=coding)
    # Ten symbols: blocks of 4, 3 and 3.
    of = Object(bytes(320), coding=coding)
    ear.hear(source.flush(0, 0, 3))
    ear.wait(BACKOFF_S)
    assert _lengths(ear) == [0]
    ear.hear(source.block(of, 0), source.block(of, 1, but=[0]), source.flush(1, 0, 3))
    ear.wait(HOLD_S + BACKOFF_S)
    # Of an object never heard of, the longest block is as good a guess as any.
    assert _lengths(ear) == [3, 3, 4]


def _lengths(ear: Ear) -> list[int]:
    nacks = [nack for nack in ear.said() if isinstance(nack, Nack)]
    items = [item for nack in nacks for of in nack.requests for item in of.items]
    return [item.payload_id.block_length for item in items]

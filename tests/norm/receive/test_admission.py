"""What is believed of a sender's objects, and which are taken in."""

from __future__ import annotations

import pytest
from tests.norm.receive.facts import (
    BACKOFF_S,
    DATA,
    HOLD_S,
    Disk,
    lost,
    numbered,
    received,
    say,
    stream_block,
    text,
)
from tests.norm.receive.places import CODING, ME, Ear, Object, Source, asked

from groupwire.norm.coding import Coding
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import (
    LossReason,
    ObjectLost,
)
from groupwire.norm.receive.sink import MemorySink, ObjectOffer
from groupwire.norm.receive.stream import stream_bytes
from groupwire.norm.wire.head import ObjectFlag


def test_what_an_object_is_may_be_told_by_its_info_alone() -> None:
    ear, source = Ear(), Source()
    size, flags = len(DATA), ObjectFlag.INFO
    payloads = [(b, n, numbered().symbol(b, n)) for b in range(3) for n in range(4)]
    messages = [
        source.data(0, block, symbol, data, size=size, flags=flags, told=False)
        for block, symbol, data in payloads
    ]
    ear.hear(messages[0])
    assert ear.core.dropped["norm-no-fti"] == 1
    ear.hear(source.info(0, b"name", size=size), messages)
    assert received(ear.events()) == [0]


@pytest.mark.parametrize("segment", [0, 65_001])
def test_a_code_that_cannot_be_is_not_taken_up(segment: int) -> None:
    ear, source = Ear(), Source()
    good = source.symbol(numbered(), 0, 0)
    # EXT_FTI: kind, words, size (6), segment (2) ... right behind the payload id.
    at = good.index(bytes([64, 3])) + 8
    ear.hear(good[:at] + segment.to_bytes(2) + good[at + 2 :])
    assert ear.core.dropped["norm-fti"] == 1
    ear.hear(source.whole(numbered()))
    assert received(ear.events()) == [0]


def test_an_object_larger_than_its_numbers_of_blocks_go_is_not_taken_up() -> None:
    # 24 bits for blocks of one symbol of one byte: 16 MiB.
    coding = Coding(segment_bytes=1, block=1, parity=0)
    ear, source = Ear(), Source(coding=coding)
    ear.hear(source.data(0, 0, 0, b"x", size=(1 << 24) + 1))
    assert ear.core.dropped["norm-fti"] == 1


def test_one_message_that_contradicts_the_others_spoils_nothing() -> None:
    ear, source = Ear(), Source()
    wrong = source.data(0, 0, 1, bytes(16), size=len(DATA) + 16)
    ear.hear(source.block(numbered(), 0, but=[1]), wrong, source.block(numbered(), 1))
    ear.hear(wrong, source.block(numbered(), 2), source.symbol(numbered(), 0, 1))
    assert ear.core.dropped["norm-fti-differs"] == 2
    assert received(ear.events()) == [0]


def test_what_contradicts_twice_in_a_row_is_believed_and_begins_anew() -> None:
    # The very first message had wrong bits that its checksum did not show.
    ear, source = Ear(), Source()
    ear.hear(source.data(0, 0, 1, bytes(16), size=len(DATA) + 16))
    ear.hear(source.whole(numbered()), source.symbol(numbered(), 0, 0))
    assert received(ear.events()) == [0]


def test_a_sender_that_changes_its_code_begins_all_objects_anew() -> None:
    # RFC 5740 has one code for a sender's objects; the reference implementation drops
    # what it has when another one is told.
    ear, source = Ear(), Source()
    ear.hear(source.block(numbered(0), 0))
    coding = Coding(segment_bytes=16, block=6, parity=2)
    other = Source(coding=coding)
    cut = [Object(DATA, number, coding=coding) for number in (0, 1)]
    ear.hear(other.symbol(cut[1], 0, 0))
    assert ear.core.dropped["norm-fti-differs"] == 1
    ear.hear(other.whole(cut[1]), other.symbol(cut[1], 0, 0), other.whole(cut[0]))
    assert received(ear.events()) == [1, 0]


def test_nobody_takes_an_object_that_is_refused() -> None:
    offers: list[ObjectOffer] = []
    sink = MemorySink()

    def choose(offer: ObjectOffer) -> MemorySink | None:
        offers.append(offer)
        return sink if offer.object else None

    ear, source = Ear(sink_for=choose), Source()
    flags = ObjectFlag.FILE
    ear.hear(source.whole(numbered(0, flags)), source.whole(numbered(1, flags)))
    events = ear.events()
    assert received(events) == [1]
    assert lost(events) == [(0, LossReason.REFUSED)]
    assert sink.data == DATA
    assert offers == [ObjectOffer(1, 7, n, len(DATA), flags) for n in (0, 1)]
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == []


def test_newer_objects_that_are_refused_lose_the_oldest_too() -> None:
    ear = Ear(config=ReceiverConfig(ME, objects=2))
    source = Source()
    ear.hear(source.symbol(numbered(0), 0, 0))
    ear.hear(source.symbol(numbered(2), 0, 0), source.symbol(numbered(2), 0, 0))
    assert lost(ear.events()) == [(0, LossReason.WINDOW)]


def test_the_oldest_object_is_lost_to_a_newer_one() -> None:
    ear = Ear(config=ReceiverConfig(ME, objects=2))
    source = Source()
    for number in range(4):
        ear.hear(source.symbol(numbered(number), 0, 0))
    expected = [(number, LossReason.WINDOW) for number in (0, 1)]
    assert lost(ear.events()) == expected


@pytest.mark.parametrize(
    ("join", "first"), [(Join.NOW, 9), (Join.OBJECT, 6), (Join.WINDOW, 6)]
)
def test_a_stream_begins_with_the_block_heard_or_with_all_that_is_kept(
    join: Join, first: int
) -> None:
    # The sender keeps four blocks.
    ear = Ear(config=ReceiverConfig(ME, join=join, objects=1))
    source = Source()
    ear.hear(stream_block(source, 9, 2), source.flush(0, 9, 3))
    ear.wait(BACKOFF_S)
    words = asked(ear.said())
    if join is Join.NOW:
        assert words == ["segment 0:9:3-5"]
    else:
        assert words[0] == f"block 0:{first}-8"


@pytest.mark.parametrize("room", [None, 0, 100])
def test_what_cannot_be_stored_is_lost_and_the_others_go_on(room: int | None) -> None:
    def choose(offer: ObjectOffer) -> Disk | MemorySink:
        if offer.object:
            return MemorySink()
        if room is None:
            raise PermissionError(13, "Permission denied")
        return Disk(room)

    ear, source = Ear(sink_for=choose), Source()
    ear.hear(source.whole(numbered(0)), source.whole(numbered(1)))
    events = ear.events()
    (lost,) = [event for event in events if isinstance(event, ObjectLost)]
    assert (lost.object, lost.reason) == (0, LossReason.STORE)
    assert isinstance(lost.error, OSError)
    assert received(events) == [1]
    ear.hear(source.flush(1, 2, 3, ME))
    ear.wait(HOLD_S)
    # It is not asked for again, and nothing behind it acknowledged.
    assert ear.said() == []


def test_what_has_no_room_now_may_have_it_later() -> None:
    # Memory for one of two objects, with what is remembered beside it.
    memory = 2 * len(DATA) + 2400
    ear = Ear(config=ReceiverConfig(ME, memory_bytes=memory))
    source = Source()
    ear.hear(source.block(numbered(0), 0), source.block(numbered(1), 0))
    assert ear.core.dropped["norm-no-room"] == 4
    ear.hear(source.whole(numbered(0)), source.whole(numbered(1)))
    assert received(ear.events()) == [0, 1]


def test_a_stream_for_which_there_is_no_memory_is_refused() -> None:
    ear = Ear(config=ReceiverConfig(ME, memory_bytes=100))
    ear.hear(stream_block(Source(), 0))
    events = ear.events()
    assert text(events) == []
    assert lost(events) == [(0, LossReason.REFUSED)]


def test_of_a_stream_as_many_blocks_wait_as_fit_into_the_memory() -> None:
    # Its sender keeps four.
    memory = stream_bytes(CODING, 2)
    ear, source = Ear(config=ReceiverConfig(ME, memory_bytes=memory)), Source()
    ear.hear(stream_block(source, 0, 1, 2, 3), stream_block(source, 1))
    assert text(ear.events()) == []
    ear.hear(stream_block(source, 2, 0))
    events = ear.events()
    assert text(events) == [4, b"<1.0><1.1><1.2><1.3><2.0>"]
    assert lost(events) == []


LARGER = 8 * CODING.block * CODING.segment_bytes
"""Twice as much as a stream of :class:`Source` says that it keeps."""


def test_a_stream_that_nobody_has_read_begins_anew_when_contradicted_twice() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 1), [_stream_of(source, LARGER, 0)] * 2)
    assert text(ear.events()) == [b"<0.0>"]
    ear.hear([_stream_of(source, LARGER, n) for n in (1, 2)])
    assert text(ear.events()) == [b"<0.1>", b"<0.2>"]


@pytest.mark.parametrize("times", [2, 3])
def test_a_stream_that_was_read_is_handed_over_once_whatever_contradicts_it(
    times: int,
) -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 0, 1))
    ear.hear([_stream_of(source, LARGER, 0)] * times)
    ear.hear(stream_block(source, 0))
    assert ear.core.dropped["norm-fti-differs"] == times
    texts = [f"<0.{n}>".encode() for n in range(4)]
    assert text(ear.events()) == texts


def _stream_of(source: Source, size: int, symbol: int) -> bytes:
    flags = ObjectFlag.STREAM
    return source.data(0, 0, symbol, say(0, symbol), size=size, flags=flags)


def test_with_another_code_a_stream_that_was_read_is_lost() -> None:
    # It cannot go on in segments of another size, and may not begin anew.
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 0), source.symbol(numbered(1), 0, 0))
    ear.events()
    coding = Coding(segment_bytes=32, block=4, parity=2)
    other = Source(coding=coding)
    of = Object(DATA, 1, coding=coding)
    ear.hear(other.symbol(of, 0, 0), other.whole(of))
    events = ear.events()
    assert lost(events) == [(0, LossReason.CHANGED)]
    assert received(events) == [1]
    ear.hear([other.stream(0, n, say(0, n)) for n in range(4)])
    ear.hear(other.flush(1, 1, 1, ME))
    ear.wait(BACKOFF_S)
    assert ear.events() == []
    # Who lost something acknowledges nothing behind it.
    assert ear.said() == []


def test_with_another_code_a_stream_that_nobody_has_read_begins_anew() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 1))
    other = Source(coding=Coding(segment_bytes=32, block=4, parity=2))
    ear.hear([other.stream(0, n, say(0, n)) for n in (3, 3, 0)])
    events = ear.events()
    assert lost(events) == []
    assert text(events) == [b"<0.0>"]

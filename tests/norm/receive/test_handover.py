"""What the application gets of a sender, and what it is told of the rest."""

from __future__ import annotations

from tests.norm.receive.facts import (
    BACKOFF_S,
    DATA,
    Disk,
    acks,
    numbered,
    received,
    stream_block,
    text,
)
from tests.norm.receive.places import GRTT_S, ME, Ear, Source, asked, stream_symbol

from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import (
    InfoReceived,
    LossReason,
    ObjectLost,
    ObjectReceived,
    StreamEnded,
    StreamReceived,
)
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.wire.head import ObjectFlag


def test_an_object_is_received_once() -> None:
    ear, source = Ear(), Source()
    messages = source.whole(numbered(0, ObjectFlag.FILE))
    ear.hear(messages)
    (event,) = ear.events()
    assert isinstance(event, ObjectReceived)
    assert isinstance(event.sink, MemorySink)
    assert event.sink.data == DATA
    assert (event.sender, event.object, event.info) == (ear.key, 0, None)
    assert (event.size_bytes, event.flags) == (len(DATA), ObjectFlag.FILE)
    ear.hear(messages)
    assert ear.events() == []


def test_info_is_told_at_once_and_with_the_object() -> None:
    ear, source = Ear(), Source()
    of = numbered(0, ObjectFlag.INFO)
    ear.hear(source.info(0, b"name", size=len(DATA)))
    assert ear.events() == [InfoReceived(ear.key, 0, b"name")]
    ear.hear(source.info(0, b"other", size=len(DATA)), source.whole(of))
    (event,) = ear.events()
    assert isinstance(event, ObjectReceived)
    assert event.info == b"name"


def test_an_object_waits_for_its_info_and_asks_for_it() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(numbered(0, ObjectFlag.INFO)))
    assert ear.events() == []
    ear.hear(source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["info 0"]
    ear.hear(source.info(0, b"name", size=len(DATA)))
    assert received(ear.events()) == [0]


def test_a_stream_is_handed_over_in_order_with_its_messages() -> None:
    ear, source = Ear(), Source()
    ear.hear(
        source.stream(0, 0, stream_symbol(b"one", message_start=1)),
        source.stream(0, 2, stream_symbol(b"end|three", message_start=5)),
        source.stream(0, 1, stream_symbol(b"two")),
    )
    events = [e for e in ear.events() if isinstance(e, StreamReceived)]
    assert [(e.data, e.message_at) for e in events] == [
        (b"one", 0),
        (b"twoend|three", 7),
    ]
    assert {(e.sender, e.object) for e in events} == {(ear.key, 0)}


def test_a_stream_that_ends_is_told_and_the_next_object_follows() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 0))
    ear.hear(source.stream(0, 1, stream_symbol(b"")), source.whole(numbered(1)))
    events = ear.events()
    assert StreamEnded(ear.key, 0) in events
    assert received(events) == [1]
    ear.hear(source.flush(1, 2, 3, ME))
    ear.wait(GRTT_S)
    assert len(acks(ear)) == 1


def test_what_a_stream_cannot_wait_for_is_a_gap() -> None:
    ear = Ear(config=ReceiverConfig(ME, stream_blocks=2))
    source = Source()
    ear.hear(stream_block(source, 0, 0, 1), stream_block(source, 2, 0))
    ear.hear(stream_block(source, 1))
    expected = [b"<0.0>", b"<0.1>", 2, b"<1.0>", b"<1.1>", b"<1.2>", b"<1.3><2.0>"]
    assert text(ear.events()) == expected


def test_a_segment_that_lies_is_a_gap_in_its_place() -> None:
    ear, source = Ear(), Source()
    ear.hear(
        stream_block(source, 0, 0),
        stream_block(source, 0, 2),
        source.stream(0, 1, b"junk"),
        source.stream(0, 3, b"junk"),
    )
    assert text(ear.events()) == [b"<0.0>", 1, b"<0.2>", 1]


def test_a_stream_with_a_gap_is_never_acknowledged_even_after_its_end() -> None:
    ear, source = Ear(), Source()
    ear.hear(stream_block(source, 0, 0), stream_block(source, 1, 0))
    ear.hear(source.squelch(0, block=1), source.flush(0, 1, 0, ME))
    ear.wait(GRTT_S)
    ear.hear(source.stream(1, 1, stream_symbol(b"")), source.flush(0, 1, 1, ME))
    ear.wait(GRTT_S)
    assert StreamEnded(ear.key, 0) in ear.events()
    assert acks(ear) == []


def test_what_cannot_be_stored_is_told_with_its_error() -> None:
    ear, source = Ear(sink_for=lambda _: Disk(100)), Source()
    ear.hear(source.whole(numbered(0)))
    (event,) = ear.events()
    assert isinstance(event, ObjectLost)
    assert (event.sender, event.object) == (ear.key, 0)
    assert event.reason is LossReason.STORE
    assert isinstance(event.error, OSError)


def test_what_will_never_be_complete_is_told() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(numbered(0), 0, 0), source.squelch(1))
    assert ear.events() == [ObjectLost(ear.key, 0, LossReason.GONE)]

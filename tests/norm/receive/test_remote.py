"""One sender as a receiver follows it: what it hears, what it says, when."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from tests.norm.receive.places import (
    ANOTHER,
    CODING,
    GRTT_S,
    ME,
    SENDER,
    Ear,
    Object,
    Source,
    asked,
    request,
    stream_symbol,
)

from groupwire.errors import MessageTooLarge
from groupwire.norm.coding import Coding
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import (
    AckRequested,
    CommandReceived,
    InfoReceived,
    LossReason,
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    SenderEnded,
    SenderLost,
    StreamEnded,
    StreamGap,
    StreamReceived,
)
from groupwire.norm.receive.sink import MemorySink, ObjectOffer
from groupwire.norm.wire.feedback import Ack, AckType, Nack
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import RepairLevel

# Twelve symbols in three blocks of four.
DATA = Random(1).randbytes(12 * CODING.segment_bytes)
BACKOFF_S = 4 * GRTT_S
HOLD_S = 6 * GRTT_S
SILENCE_S = 2 * 20 * GRTT_S


def _object(number: int = 0, flags: ObjectFlag = ObjectFlag(0)) -> Object:  # noqa: B008
    return Object(DATA, number, flags)


def _received(events: list[ReceiverEvent]) -> list[int]:
    """Return the objects received, all of them right."""
    received = [event for event in events if isinstance(event, ObjectReceived)]
    for event in received:
        assert isinstance(event.sink, MemorySink)
        assert event.sink.data == DATA
    return [event.object for event in received]


def _lost(events: list[ReceiverEvent]) -> list[tuple[int, LossReason]]:
    return [(e.object, e.reason) for e in events if isinstance(e, ObjectLost)]


def _text(events: list[ReceiverEvent]) -> list[bytes | int]:
    """Return what came of a stream: bytes, and numbers of lost segments."""
    return [
        event.data if isinstance(event, StreamReceived) else event.segments
        for event in events
        if isinstance(event, StreamReceived | StreamGap)
    ]


def _acks(ear: Ear) -> list[Ack]:
    return [said for said in ear.said() if isinstance(said, Ack)]


def _say(block: int, symbol: int) -> bytes:
    return stream_symbol(f"<{block}.{symbol}>".encode())


def _stream_block(source: Source, block: int, *symbols: int) -> list[bytes]:
    return [source.stream(block, n, _say(block, n)) for n in symbols or range(4)]


# Objects.


def test_an_object_is_received_once() -> None:
    ear, source = Ear(), Source()
    messages = source.whole(_object(0, ObjectFlag.FILE))
    ear.hear(messages)
    (event,) = ear.events()
    assert isinstance(event, ObjectReceived)
    assert isinstance(event.sink, MemorySink)
    assert event.sink.data == DATA
    assert (event.sender, event.object, event.info) == (ear.key, 0, None)
    assert (event.size_bytes, event.flags) == (len(DATA), ObjectFlag.FILE)
    ear.hear(messages)
    assert ear.events() == []


@pytest.mark.parametrize("seed", range(5))
def test_neither_order_nor_doubling_matters(seed: int) -> None:
    ear, source = Ear(), Source()
    messages = source.whole(_object()) * 2
    Random(seed).shuffle(messages)
    ear.hear(messages)
    assert _received(ear.events()) == [0]


def test_a_row_is_taken_in_as_its_datagrams_would_be() -> None:
    ear, source = Ear(), Source()
    of = _object()
    ear.hear_row(*source.block(of, 0, but=[1]), source.symbol(of, 1, 0))
    ear.hear_row(*[source.symbol(of, 1, n) for n in (1, 2, 3, 4, 5)])
    ear.hear_row(*source.block(of, 2), source.symbol(of, 0, 1))
    assert _received(ear.events()) == [0]


def test_info_is_told_at_once_and_with_the_object() -> None:
    ear, source = Ear(), Source()
    of = _object(0, ObjectFlag.INFO)
    ear.hear(source.info(0, b"name", size=len(DATA)))
    assert ear.events() == [InfoReceived(ear.key, 0, b"name")]
    ear.hear(source.info(0, b"other", size=len(DATA)), source.whole(of))
    (event,) = ear.events()
    assert isinstance(event, ObjectReceived)
    assert event.info == b"name"


def test_an_object_waits_for_its_info_and_asks_for_it() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object(0, ObjectFlag.INFO)))
    assert ear.events() == []
    ear.hear(source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["info 0"]
    ear.hear(source.info(0, b"name", size=len(DATA)))
    assert _received(ear.events()) == [0]


def test_what_an_object_is_may_be_told_by_its_info_alone() -> None:
    ear, source = Ear(), Source()
    size, flags = len(DATA), ObjectFlag.INFO
    payloads = [(b, n, _object().symbol(b, n)) for b in range(3) for n in range(4)]
    messages = [
        source.data(0, block, symbol, data, size=size, flags=flags, told=False)
        for block, symbol, data in payloads
    ]
    ear.hear(messages[0])
    assert ear.core.dropped["norm-no-fti"] == 1
    ear.hear(source.info(0, b"name", size=size), messages)
    assert _received(ear.events()) == [0]


def test_what_fits_no_object_is_counted_and_harms_none() -> None:
    ear, source = Ear(), Source()
    size = len(DATA)
    ear.hear(
        source.symbol(_object(), 0, 0),
        source.data(0, 0, 1, b"short", size=size),
        source.data(0, 9, 0, bytes(16), size=size),
        source.data(0, 0, 6, bytes(16), size=size),
    )
    assert ear.core.dropped["norm-symbol"] == 3
    ear.hear(source.whole(_object()))
    assert _received(ear.events()) == [0]


@pytest.mark.parametrize("segment", [0, 65_001])
def test_a_code_that_cannot_be_is_not_taken_up(segment: int) -> None:
    ear, source = Ear(), Source()
    good = source.symbol(_object(), 0, 0)
    # EXT_FTI: kind, words, size (6), segment (2) ... right behind the payload id.
    at = good.index(bytes([64, 3])) + 8
    ear.hear(good[:at] + segment.to_bytes(2) + good[at + 2 :])
    assert ear.core.dropped["norm-fti"] == 1
    ear.hear(source.whole(_object()))
    assert _received(ear.events()) == [0]


def test_an_object_larger_than_its_numbers_of_blocks_go_is_not_taken_up() -> None:
    # 24 bits for blocks of one symbol of one byte: 16 MiB.
    coding = Coding(segment_bytes=1, block=1, parity=0)
    ear, source = Ear(), Source(coding=coding)
    ear.hear(source.data(0, 0, 0, b"x", size=(1 << 24) + 1))
    assert ear.core.dropped["norm-fti"] == 1


def test_one_message_that_contradicts_the_others_spoils_nothing() -> None:
    ear, source = Ear(), Source()
    wrong = source.data(0, 0, 1, bytes(16), size=len(DATA) + 16)
    ear.hear(source.block(_object(), 0, but=[1]), wrong, source.block(_object(), 1))
    ear.hear(wrong, source.block(_object(), 2), source.symbol(_object(), 0, 1))
    assert ear.core.dropped["norm-fti-differs"] == 2
    assert _received(ear.events()) == [0]


def test_what_contradicts_twice_in_a_row_is_believed_and_begins_anew() -> None:
    # The very first message had wrong bits that its checksum did not show.
    ear, source = Ear(), Source()
    ear.hear(source.data(0, 0, 1, bytes(16), size=len(DATA) + 16))
    ear.hear(source.whole(_object()), source.symbol(_object(), 0, 0))
    assert _received(ear.events()) == [0]


def test_a_sender_that_changes_its_code_begins_all_objects_anew() -> None:
    # RFC 5740 has one code for a sender's objects; the reference implementation drops
    # what it has when another one is told.
    ear, source = Ear(), Source()
    ear.hear(source.block(_object(0), 0))
    coding = Coding(segment_bytes=16, block=6, parity=2)
    other = Source(coding=coding)
    cut = [Object(DATA, number, coding=coding) for number in (0, 1)]
    ear.hear(other.symbol(cut[1], 0, 0))
    assert ear.core.dropped["norm-fti-differs"] == 1
    ear.hear(other.whole(cut[1]), other.symbol(cut[1], 0, 0), other.whole(cut[0]))
    assert _received(ear.events()) == [1, 0]


def test_nobody_takes_an_object_that_is_refused() -> None:
    offers: list[ObjectOffer] = []
    sink = MemorySink()

    def choose(offer: ObjectOffer) -> MemorySink | None:
        offers.append(offer)
        return sink if offer.object else None

    ear, source = Ear(sink_for=choose), Source()
    flags = ObjectFlag.FILE
    ear.hear(source.whole(_object(0, flags)), source.whole(_object(1, flags)))
    events = ear.events()
    assert _received(events) == [1]
    assert _lost(events) == [(0, LossReason.REFUSED)]
    assert sink.data == DATA
    assert offers == [ObjectOffer(1, 7, n, len(DATA), flags) for n in (0, 1)]
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == []


@pytest.mark.parametrize("first", [40_000, 65_534])
def test_numbers_go_on_where_object_ids_wrap(first: int) -> None:
    ear, source = Ear(), Source()
    ear.hear(*[source.whole(_object(number)) for number in range(first, first + 4)])
    assert _received(ear.events()) == list(range(first, first + 4))
    ear.wait(60.0)
    assert ear.said() == []


# Asking for repair.


def test_nothing_is_asked_for_within_a_block() -> None:
    # RFC 5740 §5.3: only at the boundary of a block or object, or at a FLUSH.
    ear, source = Ear(), Source()
    ear.hear(source.block(_object(), 0, but=[1]))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    ear.hear(source.symbol(_object(), 1, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]


def test_at_the_next_object_all_of_the_last_one_is_asked_for() -> None:
    ear, source = Ear(), Source()
    of = _object(0)
    ear.hear(source.block(of, 1, but=[0, 1]), source.symbol(_object(1), 0, 0))
    ear.wait(BACKOFF_S)
    # Its parity, and nothing but; what does not fit into one message comes in more.
    assert asked(ear.said()) == ["block 0:0", "segment 0:1:4-5", "block 0:2"]


def test_objects_never_heard_of_are_asked_for_as_objects() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object(0)), source.symbol(_object(3), 0, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 1-2"]
    ear.hear(source.whole(_object(1)), source.whole(_object(2)))
    assert _received(ear.events()) == [0, 1, 2]


def test_a_flush_makes_ask_up_to_where_it_says() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.block(_object(), 0), source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["block 0:1-2"]


def test_a_flush_within_a_block_makes_ask_for_symbols_themselves() -> None:
    # RFC 5740 §4.2.3.1: there is no parity yet.
    ear, source = Ear(), Source()
    ear.hear(source.symbol(_object(), 0, 1), source.flush(0, 0, 2))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:0", "segment 0:0:2"]


def test_a_flush_is_no_reason_to_ask_when_nothing_lacks() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object()), source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert ear.said() == []


@pytest.mark.parametrize("seed", range(8))
def test_it_asks_after_a_random_wait_and_again_after_a_hold_off(seed: int) -> None:
    ear, source = Ear(seed=seed), Source()
    times: list[float] = []
    ear.hear(source.block(_object(), 0, but=[1]), source.symbol(_object(), 1, 0))
    while ear.now < 2.5 * (BACKOFF_S + HOLD_S):
        ear.wait(0.001)
        times += [ear.now for _ in ear.said()]
    assert 0 < times[0] <= BACKOFF_S + 0.002
    for earlier, later in pairwise(times):
        assert HOLD_S - 0.002 <= later - earlier <= HOLD_S + BACKOFF_S + 0.002
    assert len(times) >= 2


def test_only_what_it_lacks_when_it_asks_is_asked_for() -> None:
    ear, source = Ear(), Source()
    of = _object()
    ear.hear(source.block(of, 0, but=[1, 2]), source.symbol(of, 1, 0))
    ear.hear(source.symbol(of, 0, 5))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]


def test_what_came_late_is_not_asked_for() -> None:
    ear, source = Ear(), Source()
    of = _object()
    ear.hear(source.block(of, 0, but=[1]), source.symbol(of, 1, 0))
    ear.hear(source.symbol(of, 0, 1))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    # Nobody has to hold off who has not asked.
    ear.hear(source.block(of, 1, but=[0, 2]), source.symbol(of, 2, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:1:4"]


def test_what_it_waited_for_decides_whether_it_asks_and_not_for_how_much() -> None:
    # RFC 5401 §3.2.1: others need only ask for what lacked when the cycle began. RFC
    # 5740 §5.3: who asks does so up to where the sender is meanwhile.
    of = _object()
    for others_ask in (True, False):
        ear, source = Ear(), Source()
        ear.hear(source.block(of, 0, but=[1]), source.block(of, 1, but=[1]))
        ear.hear(source.symbol(of, 2, 0))
        if others_ask:
            ear.hear_nack(request(RepairLevel.SEGMENT, (0, 0, 4)))
        ear.wait(BACKOFF_S)
        words = [] if others_ask else ["segment 0:0:4", "segment 0:1:4"]
        assert asked(ear.said()) == words


def test_many_requests_are_many_messages_of_a_segment_each() -> None:
    # 16 bytes: one item of 8 with its head of 4.
    ear, source = Ear(), Source()
    of = _object()
    ear.hear(*[source.block(of, n, but=[1]) for n in range(3)], source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    said = ear.said()
    assert [len(nack.requests) for nack in said if isinstance(nack, Nack)] == [1] * 3
    assert asked(said) == [f"segment 0:{n}:4" for n in range(3)]
    assert [nack.sequence for nack in said] == [1, 2, 3]


def test_no_more_messages_are_sent_in_a_cycle_than_it_may() -> None:
    ear = Ear(config=ReceiverConfig(ME, nacks_per_cycle=2))
    source, of = Source(), _object()
    ear.hear(*[source.block(of, n, but=[1]) for n in range(3)], source.flush(0, 2, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4", "segment 0:1:4"]


def test_with_fec_id_129_the_length_of_the_block_is_told() -> None:
    coding = Coding(segment_bytes=32, block=4, parity=2, fec_id=FecId.SMALL_BLOCK)
    ear, source = Ear(), Source(coding=coding)
    # Ten symbols: blocks of 4, 3 and 3.
    of = Object(bytes(320), coding=coding)
    ear.hear(source.block(of, 0), source.block(of, 1, but=[0]))
    ear.hear(source.flush(1, 0, 3))
    ear.wait(BACKOFF_S)
    said = [nack for nack in ear.said() if isinstance(nack, Nack)]
    places = [i.payload_id for n in said for r in n.requests for i in r.items]
    # Of an object never heard of, the longest block is as good a guess as any.
    assert places == [PayloadId(1, 3, 3), PayloadId(2, 0, 3), PayloadId(0, 0, 4)]


def test_who_knows_nothing_but_a_flush_asks_for_the_object() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.flush(5, 0, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 5"]
    ear.hear(source.whole(_object(5)))
    assert _received(ear.events()) == [5]


def test_with_fec_id_129_too() -> None:
    # Whoever knows no code asks in the simplest scheme; its items say which.
    coding = Coding(segment_bytes=16, block=4, parity=2, fec_id=FecId.SMALL_BLOCK)
    ear, source = Ear(), Source(coding=coding)
    ear.hear(source.flush(5, 0, 3))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 5"]


# Suppression.


def test_who_hears_others_ask_for_all_of_it_stays_silent() -> None:
    ear, source = Ear(), Source()
    of = _object()
    ear.hear(source.block(of, 0, but=[1]), source.symbol(of, 1, 0))
    ear.hear_nack(request(RepairLevel.SEGMENT, (0, 0, 4), (0, 0, 5)))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    # After a hold-off it asks for what has not come.
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]


def test_the_sender_may_say_what_others_have_asked_for() -> None:
    ear, source = Ear(), Source()
    of = _object()
    ear.hear(source.block(of, 0, but=[1]), source.symbol(of, 1, 0))
    ear.hear(source.advertise(request(RepairLevel.BLOCK, (0, 0, 0))))
    ear.wait(BACKOFF_S)
    assert ear.said() == []


def test_who_lacks_more_than_others_ask_for_asks() -> None:
    ear, source = Ear(), Source()
    of = _object()
    ear.hear(source.block(of, 0, but=[1, 2]), source.symbol(of, 1, 0))
    ear.hear_nack(request(RepairLevel.SEGMENT, (0, 0, 4)))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4-5"]


def test_what_others_asked_for_before_silences_nobody() -> None:
    ear, source = Ear(), Source()
    of = _object()
    ear.hear(source.block(of, 0, but=[1]))
    ear.hear_nack(request(RepairLevel.SEGMENT, (0, 0, 4)))
    ear.hear(source.symbol(of, 1, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]


def test_a_sender_that_repairs_something_earlier_need_not_be_asked_yet() -> None:
    # RFC 5740 §5.3: its position must exceed the earliest repair position.
    ear, source = Ear(), Source()
    of = _object()
    ear.hear(source.block(of, 0), source.block(of, 1, but=[1]))
    ear.hear(source.symbol(of, 2, 0))
    ear.hear(source.symbol(of, 0, 4))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    ear.hear(source.symbol(of, 2, 1))
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:1:4"]


# A low-latency sender: K = 0.


def test_without_backoff_a_gap_is_asked_for_as_soon_as_it_shows() -> None:
    ear, source = Ear(), Source(backoff=0)
    of = _object()
    ear.hear(source.symbol(of, 0, 0), source.symbol(of, 0, 2))
    assert asked(ear.said()) == ["segment 0:0:1"]
    ear.hear(source.symbol(of, 0, 3))
    ear.wait(2 * GRTT_S - 0.001)
    assert ear.said() == []
    ear.wait(0.002)
    assert asked(ear.said()) == ["segment 0:0:4"]
    ear.hear(source.symbol(of, 0, 1))
    ear.wait(10 * GRTT_S)
    assert ear.said() == []


# What a NACK says besides.


def test_feedback_is_for_this_run_of_this_sender() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(_object(1), 1, 0))
    ear.wait(BACKOFF_S)
    (nack,) = ear.said()
    assert (nack.source, nack.to.sender, nack.to.instance) == (ME, 1, 7)
    assert (nack.to.echo_s, nack.to.echo_us) == (0, 0)
    assert nack.extensions.feedback is None


def test_a_probe_is_sent_back_moved_on_by_how_long_it_was_held() -> None:
    # RFC 5740 §4.3: grtt_response = probe time + (now - time of hearing it).
    ear, source = Ear(), Source()
    ear.hear(source.probe(sent_s=100, sent_us=900_000))
    ear.wait(0.25)
    ear.hear(source.symbol(_object(1), 1, 0))
    while not (said := ear.said()):
        ear.wait(0.0001)
    (nack,) = said
    echo = nack.to.echo_s + nack.to.echo_us / 1e6
    assert echo == pytest.approx(100.9 + ear.now, abs=0.0005)
    assert nack.extensions.feedback is not None
    assert nack.extensions.feedback.sequence == 1


def test_a_probe_that_tells_a_rate_is_answered_and_others_answers_silence() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.probe(rate=0x8003))
    ear.wait(BACKOFF_S)
    (ack,) = _acks(ear)
    assert (ack.ack_type, ack.payload) == (AckType.CONGESTION, b"")
    assert ack.extensions.feedback is not None
    ear.wait(10.0)
    ear.hear(source.probe(rate=0x8003))
    # Another receiver has a rate at least as low: RFC 5740 §5.5.2.2.
    lower = Ack(1, ANOTHER, ack.to, AckType.CONGESTION, 0, b"", ack.extensions)
    ear.hear(lower.encode())
    ear.wait(BACKOFF_S)
    assert _acks(ear) == []


# Acknowledging.


def test_a_watermark_is_acknowledged_within_a_round_trip() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object()), source.flush(0, 2, 3, ANOTHER, ME))
    assert _acks(ear) == []
    ear.wait(GRTT_S)
    (ack,) = _acks(ear)
    assert (ack.source, ack.ack_type, ack.ack_id) == (ME, AckType.FLUSH, 0)
    assert ack.payload == bytes.fromhex("0500000000000203")


def test_who_is_not_asked_acknowledges_nothing() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object()), source.flush(0, 2, 3, ANOTHER))
    ear.wait(1.0)
    assert ear.said() == []


def test_who_lacks_something_asks_first_and_acknowledges_then() -> None:
    ear, source = Ear(), Source()
    of = _object()
    ear.hear(*[source.block(of, n, but=[1]) for n in (0, 1)], source.block(of, 2))
    ear.hear(source.flush(0, 2, 3, ME))
    ear.wait(BACKOFF_S)
    said = ear.said()
    assert asked(said) == ["segment 0:0:4", "segment 0:1:4"]
    assert len(said) == 2
    ear.hear(source.symbol(of, 0, 4), source.symbol(of, 1, 4))
    ear.wait(GRTT_S)
    assert len(_acks(ear)) == 1


def test_what_is_complete_is_acknowledged_only_when_it_is_accepted() -> None:
    ear = Ear(config=ReceiverConfig(ME, accepts_at_once=False))
    source = Source()
    for number in (0, 1):
        ear.hear(source.whole(_object(number)))
    ear.hear(source.flush(1, 2, 3, ME))
    ear.core.accept(ear.key, 1, now=ear.now)
    ear.wait(1.0)
    assert ear.said() == []
    ear.core.accept(ear.key, 0, now=ear.now)
    ear.wait(GRTT_S)
    assert len(_acks(ear)) == 1


def test_what_is_accepted_before_anybody_asks_is_acknowledged_when_asked() -> None:
    ear = Ear(config=ReceiverConfig(ME, accepts_at_once=False))
    source = Source()
    ear.hear(source.whole(_object()))
    ear.core.accept(ear.key, 0, now=ear.now)
    ear.hear(source.flush(0, 2, 3, ME))
    ear.wait(GRTT_S)
    assert len(_acks(ear)) == 1


def test_whoever_lost_something_never_acknowledges_what_follows() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(_object(0), 0, 0), source.squelch(1))
    ear.hear(source.whole(_object(1)), source.flush(1, 2, 3, ME))
    ear.wait(10.0)
    assert _acks(ear) == []


def test_whoever_is_asked_wants_what_it_is_asked_for() -> None:
    # Although otherwise it would wait for the beginning of an object.
    ear, source = Ear(join=Join.NOW), Source()
    ear.hear(source.symbol(_object(4), 1, 0), source.flush(4, 2, 3, ME))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 4"]
    ear.hear(source.whole(_object(4)))
    ear.wait(GRTT_S)
    assert len(_acks(ear)) == 1


def test_a_cancelled_object_holds_no_watermark_up() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object(0)), source.symbol(_object(1), 0, 0))
    ear.hear(source.whole(_object(2)), source.flush(2, 2, 3, ME))
    ear.hear(source.squelch(0, 1))
    assert _lost(ear.events()) == [(1, LossReason.GONE)]
    ear.wait(GRTT_S)
    assert len(_acks(ear)) == 1


def test_an_application_is_asked_once_and_its_answer_kept() -> None:
    ear, source = Ear(), Source()
    ear.hear(*[source.request_ack(16, 3, ANOTHER, ME) for _ in range(3)])
    assert ear.events() == [AckRequested(ear.key, 16, 3)]
    ear.wait(5.0)
    assert ear.said() == []
    ear.core.answer(ear.key, 16, 3, b"42 degrees", now=ear.now)
    ear.wait(GRTT_S)
    ear.hear(source.request_ack(16, 3, ME))
    ear.wait(GRTT_S)
    answers = [(a.ack_type, a.ack_id, a.payload) for a in _acks(ear)]
    assert answers == [(16, 3, b"42 degrees")] * 2
    assert ear.events() == []


def test_nobody_answers_who_is_not_asked() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.request_ack(16, 3, ANOTHER))
    assert ear.events() == []


@pytest.mark.parametrize("ack_type", [0, AckType.CONGESTION, AckType.FLUSH, 15])
def test_an_application_is_asked_for_none_of_the_acks_of_norm(ack_type: int) -> None:
    # RFC 5740 §4.2.3.6: 16 to 255 are the application's.
    ear, source = Ear(), Source()
    ear.hear(source.request_ack(ack_type, 0, ME))
    assert ear.events() == []
    assert ear.core.dropped["norm-ack-type"] == 1


def test_an_answer_is_no_longer_than_a_segment() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(_object(), 0, 0), source.request_ack(16, 3, ME))
    with pytest.raises(MessageTooLarge, match="17 bytes"):
        ear.core.answer(ear.key, 16, 3, bytes(17), now=ear.now)
    ear.core.answer(ear.key, 16, 3, bytes(16), now=ear.now)
    ear.wait(GRTT_S)
    assert [ack.payload for ack in _acks(ear)] == [bytes(16)]


def test_commands_of_the_application_are_told_as_often_as_they_come() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.command(b"reboot"), source.command(b"reboot"))
    assert ear.events() == [CommandReceived(ear.key, b"reboot")] * 2


# Silent and unicast.


def test_who_is_silent_says_nothing_and_receives_what_it_can() -> None:
    ear = Ear(config=ReceiverConfig(ME, silent=True))
    source = Source()
    ear.hear(source.probe(rate=0x8003), source.request_ack(16, 3, ME))
    ear.core.answer(ear.key, 16, 3, now=ear.now)
    ear.hear(source.whole(_object(0)), source.block(_object(1), 0, but=[1]))
    ear.hear(source.whole(_object(2)), source.flush(2, 2, 3, ME))
    ear.wait(3 * SILENCE_S)
    assert _received(ear.events()) == [0, 2]
    assert ear.datagrams == []


def test_who_is_silent_gives_up_too() -> None:
    ear = Ear(config=ReceiverConfig(ME, silent=True, robust=2))
    ear.hear(Source().symbol(_object(), 0, 0))
    ear.wait(60.0)
    events = ear.events()
    assert _lost(events) == [(0, LossReason.SILENCE)]
    assert ear.core.poll_timeout() is None
    assert ear.datagrams == []


@pytest.mark.parametrize("unicast", [False, True])
def test_feedback_goes_to_the_group_or_to_the_sender_alone(unicast: bool) -> None:
    ear = Ear(config=ReceiverConfig(ME, unicast=unicast))
    source = Source()
    ear.hear(source.symbol(_object(), 1, 0), source.flush(0, 2, 3, ME))
    ear.wait(BACKOFF_S)
    ear.hear(source.whole(_object()))
    ear.wait(GRTT_S)
    assert len(ear.datagrams) >= 2
    assert {to for _, to in ear.datagrams} == {SENDER if unicast else None}


# Joining.


def test_now_begins_with_the_first_object_whose_beginning_is_heard() -> None:
    ear, source = Ear(join=Join.NOW), Source()
    ear.hear(source.block(_object(3), 1), source.block(_object(3), 2))
    ear.hear(source.flush(3, 2, 3))
    again = ObjectFlag.REPAIR
    ear.hear(source.symbol(_object(2, again), 0, 0))
    ear.wait(BACKOFF_S)
    assert ear.said() == []
    ear.hear(source.symbol(_object(4), 0, 1), source.whole(_object(5)))
    ear.wait(BACKOFF_S)
    assert _received(ear.events()) == [5]
    assert asked(ear.said()) == ["segment 4:0:3-5", "block 4:1-2"]


def test_now_begins_with_info_too() -> None:
    ear, source = Ear(join=Join.NOW), Source()
    ear.hear(source.info(4, b"name", size=len(DATA)))
    ear.hear(source.block(_object(4, ObjectFlag.INFO), 1))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["block 4:0"]


def test_object_begins_with_the_one_under_way_from_its_beginning() -> None:
    ear, source = Ear(join=Join.OBJECT), Source()
    ear.hear(source.block(_object(3), 2))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["block 3:0-1"]
    ear.hear(source.whole(_object(2)), source.whole(_object(3)))
    assert _received(ear.events()) == [3]


def test_window_asks_for_all_that_may_be_kept() -> None:
    ear = Ear(config=ReceiverConfig(ME, join=Join.WINDOW, objects=4))
    source = Source()
    ear.hear(source.whole(_object(9)))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 6-8"]
    # What the sender keeps no more was hoped for and is not lost.
    ear.hear(source.squelch(8), source.whole(_object(8)))
    events = ear.events()
    assert _received(events) == [9, 8]
    assert _lost(events) == []


# Losing.


def test_the_oldest_object_is_lost_to_a_newer_one() -> None:
    ear = Ear(config=ReceiverConfig(ME, objects=2))
    source = Source()
    for number in range(4):
        ear.hear(source.symbol(_object(number), 0, 0))
    expected = [(number, LossReason.WINDOW) for number in (0, 1)]
    assert _lost(ear.events()) == expected


def test_a_flush_of_a_newer_object_loses_the_oldest() -> None:
    ear = Ear(config=ReceiverConfig(ME, objects=2))
    source = Source()
    ear.hear(source.symbol(_object(0), 0, 0), source.flush(2, 0, 3))
    assert _lost(ear.events()) == [(0, LossReason.WINDOW)]


def test_newer_objects_that_are_refused_lose_the_oldest_too() -> None:
    ear = Ear(config=ReceiverConfig(ME, objects=2))
    source = Source()
    ear.hear(source.symbol(_object(0), 0, 0), source.symbol(_object(2), 0, 0))
    assert _lost(ear.events()) == [(0, LossReason.WINDOW)]


def test_what_the_sender_keeps_no_more_is_lost() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(_object(0), 0, 0), source.whole(_object(1)))
    ear.hear(source.symbol(_object(3), 1, 0), source.squelch(3))
    events = ear.events()
    assert _received(events) == [1]
    assert _lost(events) == [(0, LossReason.GONE), (2, LossReason.GONE)]
    ear.wait(2 * BACKOFF_S)
    # RFC 5740 §4.2.3.3: no requests for what a SQUELCH says is invalid.
    assert asked(ear.said()) == ["block 3:0"]


def test_objects_that_are_listed_as_invalid_are_lost() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object(0)), source.symbol(_object(3), 1, 0))
    ear.hear(source.squelch(0, 1, 3))
    assert _lost(ear.events()) == [(1, LossReason.GONE), (3, LossReason.GONE)]
    ear.hear(source.squelch(0, 1, 3), source.symbol(_object(4), 1, 0))
    assert ear.events() == []
    ear.wait(HOLD_S + 2 * BACKOFF_S)
    assert set(asked(ear.said())) == {"object 2", "block 4:0"}


def test_a_sender_that_ends_takes_along_what_is_lacking_and_says_so_once() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.symbol(_object(0), 0, 0), source.symbol(_object(2), 1, 0))
    ear.hear(source.end(), source.end(), source.end())
    events = ear.events()
    assert _lost(events) == [(number, LossReason.ENDED) for number in range(3)]
    assert events[-1] == SenderEnded(ear.key)
    assert events.count(SenderEnded(ear.key)) == 1
    # Late ones change nothing.
    ear.hear(source.symbol(_object(2), 2, 0), source.flush(3, 2, 3), source.end())
    ear.wait(30 * SILENCE_S)
    assert ear.said() == []
    assert ear.events() == []


# Silence.


def test_a_sender_that_falls_silent_is_asked_and_then_given_up() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=3)), Source()
    silence = 1.0  # RFC 5740 §5.3: 2 * 3 * GRTT, but a second at least
    ear.hear(source.whole(_object(0)), source.symbol(_object(2), 0, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["object 1"]
    ear.wait(silence - BACKOFF_S - 0.001)
    ear.said()
    ear.wait(HOLD_S + BACKOFF_S)
    # Now of the last object too, whatever the sender has sent of it.
    whole = ["object 1", "segment 2:0:3-5", "block 2:1-2"]
    assert asked(ear.said())[-3:] == whole
    ear.wait(4 * silence)
    events = ear.events()
    assert _received(events) == [0]
    assert _lost(events) == [(1, LossReason.SILENCE), (2, LossReason.SILENCE)]
    assert events[-1] == SenderLost(ear.key)
    ear.said()
    ear.wait(60.0)
    assert ear.said() == []
    assert ear.core.poll_timeout() is None


def test_silence_is_counted_from_what_was_heard_last() -> None:
    ear, source = Ear(), Source()
    of = _object()
    for symbol in range(3):
        ear.hear(source.symbol(of, 0, symbol))
        ear.wait(0.9 * SILENCE_S)
    assert ear.said() == []
    ear.wait(0.1 * SILENCE_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4", "block 0:1-2"]


def test_probes_do_not_hide_that_there_is_no_data() -> None:
    # RFC 5740 §5.3: the timer is that of NORM_DATA and NORM_INFO.
    ear, source = Ear(), Source()
    ear.hear(source.block(_object(), 0, but=[1]))
    for _ in range(60):
        ear.wait(0.1)
        ear.hear(source.probe())
    assert asked(ear.said())[:2] == ["segment 0:0:4", "block 0:1-2"]


def test_a_sender_that_is_there_and_does_not_repair_is_asked_long_enough() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=2)), Source()
    ear.hear(source.whole(_object(0)), source.block(_object(2), 0, but=[1]))
    ear.hear(source.symbol(_object(2), 1, 0))
    for _ in range(60):
        ear.wait(0.5)
        ear.hear(source.probe())
    events = ear.events()
    unanswered = [(number, LossReason.UNANSWERED) for number in (1, 2)]
    assert _lost(events) == unanswered
    assert SenderLost(ear.key) not in events
    ear.said()
    ear.hear(source.whole(_object(3)))
    ear.wait(60.0)
    assert ear.said() == []
    assert _received(ear.events()) == [3]


def test_a_sender_that_repairs_now_and_then_is_not_given_up() -> None:
    ear, source = Ear(config=ReceiverConfig(ME, robust=2)), Source()
    ear.hear(source.symbol(_object(0), 1, 0))
    for block in (0, 1, 2):
        for symbol in range(4):
            ear.wait(1.0)
            ear.hear(source.symbol(_object(0), block, symbol))
    assert _received(ear.events()) == [0]


def test_a_sender_that_was_cut_off_is_asked_soon_after_it_is_back() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.block(_object(), 0, but=[1]))
    ear.wait(2.9 * SILENCE_S)
    ear.said()
    ear.hear(source.probe())
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said())[:2] == ["segment 0:0:4", "block 0:1-2"]


def test_after_a_partition_it_is_asked_within_a_few_round_trips() -> None:
    # Who asks in vain asks less and less often; a sign of life makes up for that.
    ear, source = Ear(), Source(grtt_s=0.001)
    ear.hear(source.block(_object(), 0, but=[1]), source.symbol(_object(), 1, 0))
    ear.wait(10.0)
    assert len(ear.said()) < 100
    ear.hear(source.probe())
    ear.wait(0.012)
    assert asked(ear.said())[:1] == ["segment 0:0:4"]
    ear.wait(0.018)
    # And again soon, should that have been lost.
    assert asked(ear.said())[:1] == ["segment 0:0:4"]


def test_after_a_partition_it_is_asked_before_anything_is_given_up() -> None:
    # Three questions and seconds are over, and the sender is heard just in time.
    ear, source = Ear(config=ReceiverConfig(ME, robust=3)), Source(grtt_s=0.001)
    ear.hear(source.block(_object(), 0, but=[1]), source.symbol(_object(), 1, 0))
    ear.wait(3.95)
    ear.said()
    ear.hear(source.probe())
    ear.wait(0.02)
    assert asked(ear.said())[:1] == ["segment 0:0:4"]
    ear.hear(source.whole(_object()))
    assert _received(ear.events()) == [0]


def test_a_shorter_round_trip_shortens_the_patience() -> None:
    # RFC 5740 §5.3: receivers rescale the timeout as the GRTT changes.
    ear, source = Ear(), Source()
    ear.hear(source.block(_object(), 0, but=[1]))
    source.grtt_s = 0.001
    ear.hear(source.probe())
    ear.wait(1.1)
    assert asked(ear.said())[:2] == ["segment 0:0:4", "block 0:1-2"]


def test_silence_after_all_is_there_means_nothing() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object()))
    ear.events()
    ear.wait(100 * SILENCE_S)
    assert ear.events() == []
    assert ear.said() == []
    assert ear.core.poll_timeout() is None


def test_before_it_has_joined_a_shorter_round_trip_means_nothing() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.probe())
    source.grtt_s = 0.001
    ear.hear(source.probe())
    assert ear.core.poll_timeout() is None


def test_before_it_has_joined_silence_means_nothing() -> None:
    ear, source = Ear(join=Join.NOW), Source()
    ear.hear(source.symbol(_object(), 1, 0), source.probe())
    assert ear.core.poll_timeout() is None


# Streams.


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
        (b"two", None),
        (b"end|three", 4),
    ]
    assert {(e.sender, e.object) for e in events} == {(ear.key, 0)}


def test_a_stream_that_ends_is_told_and_the_next_object_follows() -> None:
    ear, source = Ear(), Source()
    ear.hear(_stream_block(source, 0, 0))
    ear.hear(source.stream(0, 1, stream_symbol(b"")), source.whole(_object(1)))
    events = ear.events()
    assert StreamEnded(ear.key, 0) in events
    assert _received(events) == [1]
    ear.hear(source.flush(1, 2, 3, ME))
    ear.wait(GRTT_S)
    assert len(_acks(ear)) == 1


def test_what_a_stream_lacks_is_asked_for() -> None:
    ear, source = Ear(), Source()
    ear.hear(_stream_block(source, 0, 0, 3), _stream_block(source, 1, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4-5"]


def test_a_flush_says_how_far_a_stream_goes() -> None:
    ear, source = Ear(), Source()
    ear.hear(_stream_block(source, 0), source.flush(0, 1, 1))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:1:0-1"]


def test_an_idle_stream_lacks_nothing_however_long_it_is_idle() -> None:
    ear, source = Ear(), Source()
    ear.hear(_stream_block(source, 0, 0, 1), source.flush(0, 0, 1))
    ear.events()
    ear.wait(100 * SILENCE_S)
    assert ear.said() == []
    assert ear.events() == []
    ear.hear(_stream_block(source, 0, 2))
    assert _text(ear.events()) == [b"<0.2>"]


def test_what_a_silent_sender_is_known_to_have_sent_is_asked_for() -> None:
    ear, source = Ear(), Source()
    ear.hear(_stream_block(source, 0, 0, 2))
    ear.wait(SILENCE_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:1"]
    ear.wait(HOLD_S + BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:1"]


def test_a_stream_and_an_object_may_go_on_side_by_side() -> None:
    ear, source = Ear(), Source()
    ear.hear(_stream_block(source, 0), source.block(_object(1), 0))
    ear.hear(source.block(_object(1), 1))
    ear.wait(BACKOFF_S)
    assert ear.said() == []


def test_what_a_stream_cannot_wait_for_is_a_gap() -> None:
    ear = Ear(config=ReceiverConfig(ME, stream_blocks=2))
    source = Source()
    ear.hear(_stream_block(source, 0, 0, 1), _stream_block(source, 2, 0))
    ear.hear(_stream_block(source, 1))
    expected = ["<0.0>", "<0.1>", *[f"<1.{n}>" for n in range(4)], "<2.0>"]
    texts: list[bytes | int] = [text.encode() for text in expected]
    texts.insert(2, 2)
    assert _text(ear.events()) == texts


def test_a_squelch_of_a_stream_is_a_gap() -> None:
    ear, source = Ear(), Source()
    ear.hear(_stream_block(source, 0, 0, 2), _stream_block(source, 2, 0))
    ear.hear(source.squelch(0, block=2))
    assert _text(ear.events()) == [b"<0.0>", 3 + 4, b"<2.0>"]


def test_a_segment_that_lies_is_a_gap_in_its_place() -> None:
    ear, source = Ear(), Source()
    ear.hear(
        _stream_block(source, 0, 0),
        _stream_block(source, 0, 2),
        source.stream(0, 1, b"junk"),
        source.stream(0, 3, b"junk"),
    )
    assert _text(ear.events()) == [b"<0.0>", 1, b"<0.2>", 1]


def test_a_stream_with_a_gap_is_never_acknowledged_even_after_its_end() -> None:
    ear, source = Ear(), Source()
    ear.hear(_stream_block(source, 0, 0), _stream_block(source, 1, 0))
    ear.hear(source.squelch(0, block=1), source.flush(0, 1, 0, ME))
    ear.wait(GRTT_S)
    ear.hear(source.stream(1, 1, stream_symbol(b"")), source.flush(0, 1, 1, ME))
    ear.wait(GRTT_S)
    assert StreamEnded(ear.key, 0) in ear.events()
    assert _acks(ear) == []


def test_a_watermark_in_a_stream_is_acknowledged() -> None:
    ear, source = Ear(), Source()
    ear.hear(_stream_block(source, 0, 0, 1), source.flush(0, 0, 2, ME))
    ear.wait(GRTT_S)
    assert _acks(ear) == []
    ear.hear(_stream_block(source, 0, 2))
    ear.wait(GRTT_S)
    assert len(_acks(ear)) == 1


@pytest.mark.parametrize(
    ("join", "first"), [(Join.NOW, 9), (Join.OBJECT, 6), (Join.WINDOW, 6)]
)
def test_a_stream_begins_with_the_block_heard_or_with_all_that_is_kept(
    join: Join, first: int
) -> None:
    # The sender keeps four blocks.
    ear = Ear(config=ReceiverConfig(ME, join=join, objects=1))
    source = Source()
    ear.hear(_stream_block(source, 9, 2), source.flush(0, 9, 3))
    ear.wait(BACKOFF_S)
    words = asked(ear.said())
    if join is Join.NOW:
        assert words == ["segment 0:9:3-5"]
    else:
        assert words[0] == f"block 0:{first}-8"


def test_numbers_of_blocks_go_on_where_24_bits_wrap() -> None:
    ear, source = Ear(join=Join.NOW), Source()
    last = 0xFF_FFFF
    ear.hear(_stream_block(source, last), _stream_block(source, last + 1, 0, 1, 3))
    ear.hear(_stream_block(source, last + 2, 0))
    ear.wait(BACKOFF_S)
    assert asked(ear.said()) == ["segment 0:0:4"]
    ear.hear(_stream_block(source, last + 1, 2))
    texts = _text(ear.events())
    assert texts[0] == f"<{last}.0>".encode()
    assert texts[-1] == f"<{last + 2}.0>".encode()
    assert len(texts) == 9


def test_now_begins_a_stream_with_nothing_that_is_sent_again() -> None:
    # RFC 5740 §5.2: at the block for which non-repair content is received.
    ear, source = Ear(join=Join.NOW), Source()
    again = ObjectFlag.STREAM | ObjectFlag.REPAIR
    size = 4 * CODING.block * CODING.segment_bytes
    ear.hear(
        source.info(0, b"prices", size=size, flags=again | ObjectFlag.INFO),
        source.data(0, 3, 0, _say(3, 0), size=size, flags=again),
        source.stream(9, 0, _say(9, 0)),
    )
    assert _text(ear.events()) == [b"<9.0>"]
    ear.wait(SILENCE_S + BACKOFF_S)
    assert ear.said() == []


class Disk:
    """A sink that is full after so many bytes, or cannot be opened."""

    def __init__(self, room_bytes: int) -> None:
        self.room_bytes = room_bytes

    def write(self, offset: int, parts: Sequence[bytes | memoryview]) -> None:
        if offset + sum(map(len, parts)) > self.room_bytes:
            raise OSError(28, "No space left on device")

    def read(self, offset: int, size_bytes: int) -> bytes:  # noqa: ARG002
        return bytes(size_bytes)


@pytest.mark.parametrize("room", [None, 0, 100])
def test_what_cannot_be_stored_is_lost_and_the_others_go_on(room: int | None) -> None:
    def choose(offer: ObjectOffer) -> Disk | MemorySink:
        if offer.object:
            return MemorySink()
        if room is None:
            raise PermissionError(13, "Permission denied")
        return Disk(room)

    ear, source = Ear(sink_for=choose), Source()
    ear.hear(source.whole(_object(0)), source.whole(_object(1)))
    events = ear.events()
    (lost,) = [event for event in events if isinstance(event, ObjectLost)]
    assert (lost.object, lost.reason) == (0, LossReason.STORE)
    assert isinstance(lost.error, OSError)
    assert _received(events) == [1]
    ear.hear(source.flush(1, 2, 3, ME))
    ear.wait(HOLD_S)
    # It is not asked for again, and nothing behind it acknowledged.
    assert ear.said() == []


def test_what_was_not_what_was_sent_comes_again_from_its_beginning() -> None:
    # A digest above NORM has found wrong bytes.
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object()))
    assert _received(ear.events()) == [0]
    ear.core.again(ear.key, 0, now=ear.now)
    ear.hear(source.flush(0, 2, 3, ME))
    ear.wait(BACKOFF_S)
    said = ear.said()
    assert asked(said) == ["object 0"]
    assert len(said) == 1
    ear.hear(source.whole(_object()))
    assert _received(ear.events()) == [0]
    ear.wait(GRTT_S)
    assert len(_acks(ear)) == 1


def test_without_any_more_to_hear_of_it_it_is_asked_for_too() -> None:
    ear, source = Ear(), Source()
    ear.hear(source.whole(_object()))
    ear.core.again(ear.key, 0, now=ear.now)
    ear.wait(SILENCE_S + BACKOFF_S)
    assert asked(ear.said())[:1] == ["object 0"]


def test_who_makes_room_for_others_goes_on_where_it_was_left() -> None:
    ear = Ear(config=ReceiverConfig(ME, sources=1))
    one, other = Source(), Source(node=2)
    ear.hear(one.whole(_object(0)), other.probe(), one.whole(_object(0)))
    ear.hear(one.whole(_object(1)))
    assert _received(ear.events()) == [0, 1]


def test_what_has_no_room_now_may_have_it_later() -> None:
    # Memory for one of two objects, with what is remembered beside it.
    memory = 2 * len(DATA) + 2400
    ear = Ear(config=ReceiverConfig(ME, memory_bytes=memory))
    source = Source()
    ear.hear(source.block(_object(0), 0), source.block(_object(1), 0))
    assert ear.core.dropped["norm-no-room"] == 4
    ear.hear(source.whole(_object(0)), source.whole(_object(1)))
    assert _received(ear.events()) == [0, 1]


def test_a_stream_for_which_there_is_no_memory_is_refused() -> None:
    ear = Ear(config=ReceiverConfig(ME, memory_bytes=100))
    ear.hear(_stream_block(Source(), 0))
    events = ear.events()
    assert _text(events) == []
    assert _lost(events) == [(0, LossReason.REFUSED)]
